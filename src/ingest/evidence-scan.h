/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Body of sallyport-check --evidence: reads the metadata of one repository,
 * once its signature was found good. Jail SP_JAIL_UNPACK: no file system at
 * all. Descriptor 0: repomd.xml, the signature, primary.xml, one behind the
 * other; reports on 3.
 *
 * Arguments ("key=value"):
 *   repomd=N skip=N primary=N   bytes of repomd.xml, of what stands between,
 *                               and of primary.xml
 *
 * This is no XML parser. It knows the one shape that createrepo_c writes, line
 * by line; whatever else comes is fault "metadata". Reports LISTED for each
 * package, then REVISION, then DONE with their number. What it read is good
 * for nothing before DONE.
 */
#ifndef SP_INGEST_EVIDENCE_SCAN_H
#define SP_INGEST_EVIDENCE_SCAN_H

_Noreturn void sp_evidence_scan(int argc, char **argv);

#endif
