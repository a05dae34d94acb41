/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the machine remembers against attackers, forgotten by its owner's hand
 * and no other way: each time with a reason, which stands in the history
 * before anything is forgotten.
 */
#ifndef SP_INGEST_RESET_H
#define SP_INGEST_RESET_H

#include "base/error.h"
#include "ingest/state.h"

enum { SP_REASON_TEXT_MAX = 200 };

/*
 * what: "clock", "floor", "floor:NAME", "ratchet", "ratchet:REPOSITORY",
 * "pending". Takes the lock. What is published counts again at once: the
 * floor of a name that is in the current generation is not below it.
 * Reasons: usage (no such thing, no printable reason), not-found (nothing to
 * forget), busy, state, io.
 */
int sp_state_reset(struct sp_state *state, const char *what, const char *reason,
                   char ret_id[33], struct sp_error *err);

#endif
