/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From verified files to a repository: stage a generation, index it in a
 * jail, sync once, flip one link. Until the flip the repository is byte for
 * byte what it was; after it, it is new.
 */
#ifndef SP_INGEST_PUBLISH_H
#define SP_INGEST_PUBLISH_H

#include "base/error.h"
#include "ingest/state.h"

/* Points `current` to an older generation (0 = the one before). Takes the
 * lock. *ret_generation is the new current one. Reasons: no-generation. */
int sp_rollback(struct sp_state *state, uint64_t generation,
                uint64_t *ret_generation, struct sp_error *err);

#endif
