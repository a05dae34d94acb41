/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The index of a generation: createrepo_c, run in a jail of its own over the
 * verified packages. The same packages and the same number give the same
 * metadata, byte for byte.
 */
#ifndef SP_INGEST_INDEX_H
#define SP_INGEST_INDEX_H

#include "base/error.h"
#include "ingest/quarantine.h"

/*
 * Writes stage/repodata for what lies in stage/rpm. `number`: the generation
 * to be, part of every location; `count`: of the packages, all of which must
 * be in it; `revision`: newest build time; `comps`: the file of package
 * groups, "" for that of Qubes OS where there is one. Reasons: index, sandbox,
 * space.
 */
int sp_index_run(const struct sp_quarantine *quarantine, uint64_t number,
                 uint64_t count, uint64_t revision, const char *comps,
                 struct sp_error *err);

#endif
