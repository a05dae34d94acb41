/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The index of a generation: written in a jail of its own from the verified
 * packages (index-write.h), and looked at before it is staged. The same
 * packages and the same number give the same metadata, byte for byte.
 */
#ifndef SP_INGEST_INDEX_H
#define SP_INGEST_INDEX_H

#include "base/error.h"
#include "ingest/quarantine.h"
#include "ingest/receive.h"

/*
 * Writes stage/repodata for the packages of *outcome, which lie in stage/rpm
 * and must all be in it. `number`: the generation to be, part of every
 * location; `revision`: newest build time; `comps`: the file of package
 * groups, "" for that of Qubes OS where there is one. Reasons: index,
 * sandbox, space, no-memory, worker-died, interrupted.
 */
int sp_index_run(const struct sp_quarantine *quarantine,
                 struct sp_outcome *outcome, uint64_t number, uint64_t revision,
                 const char *comps, struct sp_error *err);

#endif
