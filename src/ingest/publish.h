/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From verified files to a repository: stage a generation, index it in a
 * jail, sync once, flip one link. Until the flip the repository is byte for
 * byte what it was; after it, it is new.
 */
#ifndef SP_INGEST_PUBLISH_H
#define SP_INGEST_PUBLISH_H

#include "base/error.h"
#include "ingest/policy.h"
#include "ingest/quarantine.h"
#include "ingest/state.h"

/*
 * Publishes the accepted packages of *outcome out of the quarantine: sets
 * published, nothing_to_do and generation. `event` may be NULL. Once all is
 * staged the person is told (tell.h). On a fault before the flip the
 * repository is byte for byte what it was, and outcome->repository_touched is
 * false.
 */
int sp_publish(struct sp_state *state, const struct sp_policy *policy,
               const struct sp_quarantine *quarantine,
               struct sp_outcome *outcome, sp_event_fn event, void *data,
               const struct sp_setup *setup, struct sp_error *err);

/*
 * The same up to what the person is told, in a quarantine that may lie
 * anywhere: nothing is published, no state is needed or changed.
 */
int sp_publish_rehearse(const struct sp_policy *policy,
                        const struct sp_quarantine *quarantine,
                        struct sp_outcome *outcome, sp_event_fn event,
                        void *data, const struct sp_setup *setup,
                        struct sp_error *err);

/* Is what *outcome holds the current generation, byte for byte? */
bool sp_publish_is_current(struct sp_state *state, struct sp_outcome *outcome);

/* Points `current` to an older generation (0 = the one before). Takes the
 * lock. *ret_generation is the new current one, also behind a fault; it is not
 * written where nothing was changed. Reasons: no-generation. */
int sp_rollback(struct sp_state *state, uint64_t generation,
                uint64_t *ret_generation, struct sp_error *err);

#endif
