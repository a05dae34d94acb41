/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Body of sallyport-index: index stream on 0, repository metadata out, the
 * very bytes that createrepo_c writes (--no-database --checksum=sha256
 * --general-compress-type=gz --set-timestamp-to-revision --location-prefix
 * generations/NUMBER/). Jail SP_JAIL_INDEX. It reads the head of each
 * package; digest, size and time of the file are told to it.
 *
 * Arguments ("key=value"):
 *   stage=DIR     absolute; the packages lie in its rpm/
 *   output=DIR    absolute, without repodata/, which is made there
 *   number=N      of the generation, part of every location
 *   revision=T    unix seconds, the time of everything
 *   count=N       records to come
 *   comps=FILE    package groups to go with it; may be missing
 * DONE with the number of packages. Reasons: index, space, no-memory,
 * protocol. Without memory the library may also end the process by itself.
 */
#ifndef SP_INGEST_INDEXER_H
#define SP_INGEST_INDEXER_H

_Noreturn void sp_indexer_run(int argc, char **argv);

#endif
