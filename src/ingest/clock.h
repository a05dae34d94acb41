/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What time it is, as far as a machine without network can know. STATE/clock
 * holds the time of the newest signature that was ever verified here: time
 * has not gone back since then, whatever the machine's clock shows.
 */
#ifndef SP_INGEST_CLOCK_H
#define SP_INGEST_CLOCK_H

#include "base/error.h"
#include "ingest/state.h"

/* The machine's clock, but never below STATE/clock. NULL: the clock alone. */
uint64_t sp_clock_now(const struct sp_state *state);

/* Raises STATE/clock; a lower time changes nothing. */
int sp_clock_raise(const struct sp_state *state, uint64_t time,
                   struct sp_error *err);

/* STATE/clock, 0 = nothing was verified yet, or it cannot be read. */
uint64_t sp_clock_known(const struct sp_state *state);
/* The same for who shows it: one that cannot be read is a fault, "state". */
int sp_clock_read(const struct sp_state *state, uint64_t *ret,
                  struct sp_error *err);

/*
 * A clock that is more than a day behind what was verified here is wrong,
 * beyond doubt: reason "clock". One that cannot be read is no zero: "state".
 */
int sp_clock_check(const struct sp_state *state, struct sp_error *err);

/*
 * A refusal whose true reason may be the clock gets the reason "clock":
 * something expired, and the clock has made a leap of more than a year since
 * STATE/clock. Others are left alone.
 */
void sp_clock_blame(const struct sp_state *state, struct sp_error *refusal);

/*
 * A clock that is behind the newest key in the key home is wrong as well: this
 * tells it on a machine that has verified nothing yet. Reason "clock".
 */
int sp_clock_check_keys(const char *home, struct sp_error *err);

#endif
