/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Body of sallyport-check: entry stream on 0, message stream on 1, reports on
 * 3, quarantine directory on 4 (keep=1). Jail SP_JAIL_CHECK. Writes package
 * number i (1 based) as "%06u.rpm", evidence as check-evidence.h says, mode
 * 0600, O_EXCL.
 *
 * Arguments ("key=value"):
 *   max-files=N max-bytes=N max-file=N   ceilings ("limit")
 *   space=N      bytes that may be written ("space")
 *   now=T        the parent's clock, unix seconds
 *   store=0|1    1: write canonical packages
 *   keep=0|1     1: write evidence; without it as store
 *   go-on=0|1    1: a refused package is reported and skipped, not fatal
 */
#ifndef SP_INGEST_CHECK_H
#define SP_INGEST_CHECK_H

_Noreturn void sp_check_run(int argc, char **argv);

#endif
