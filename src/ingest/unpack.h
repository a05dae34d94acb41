/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Body of sallyport-unpack: carrier bytes on descriptor 0, entry stream on
 * descriptor 1, nothing else. Jail SP_JAIL_UNPACK.
 *
 * Arguments ("key=value"):
 *   max-bytes=N  ceiling of bytes taken from the carrier
 *   max-files=N  ceiling of packages
 *   max-file=N   ceiling of one member
 *   end=known|marker   what may follow the end marker (design: known = the
 *                next read must be the end; marker = not looked at)
 *   framing=bundle|auto   auto: the first bytes tell a bundle from a qfile
 *                stream, which always ends at its marker; missing = bundle
 */
#ifndef SP_INGEST_UNPACK_H
#define SP_INGEST_UNPACK_H

_Noreturn void sp_unpack_run(int argc, char **argv);

#endif
