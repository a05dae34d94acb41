/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sallyport-metadata: the only process of the builder that reads XML and
 * compressed bytes of repositories. It has the jail of sallyport-unpack: no
 * files, no network, no other processes. Started by jailed.c, not by people:
 *
 *   sallyport-metadata repomd               struct sp_repomd
 *   sallyport-metadata metalink             struct sp_metalink
 *   sallyport-metadata unfold MAX           the bytes
 *   sallyport-metadata filelists MAX PATH.. a small filelists.xml
 *   sallyport-metadata groups               lines (build/comps.h)
 *   sallyport-metadata advisories           lines (build/updateinfo.h)
 *
 * It reads descriptor 0 to its end and writes its result to 1. A fault is one
 * line "WORD MESSAGE" on descriptor 3, and status 1.
 */
#ifndef SP_BUILD_METADATA_READER_H
#define SP_BUILD_METADATA_READER_H

_Noreturn void sp_metadata_reader_run(int argc, char **argv);

#endif
