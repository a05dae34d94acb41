/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `sallyport doctor`: is this machine fit? Kernel rungs, programs, key home,
 * space, state, and the escape battery: every forbidden act is tried from
 * inside every jail.
 */
#ifndef SP_INGEST_DOCTOR_H
#define SP_INGEST_DOCTOR_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "ingest/receive.h"

enum sp_finding_state {
    SP_FINDING_BAD = 0,
    SP_FINDING_GOOD = 1,
    SP_FINDING_NOTE = 2,
};

struct sp_finding {
    enum sp_finding_state state;
    char area[16]; /* "kernel", "programs", "keys", "jail unpack", ... */
    char what[96]; /* act or question */
    char result[160];
    char fix[160]; /* what to do next, "" when good */
};

typedef void (*sp_finding_fn)(void *data, const struct sp_finding *finding);

/*
 * Runs all checks, one finding each; only_jails leaves out the rest. Returns
 * 0, or -1 with the first bad finding ("sandbox"/"escape" when an act got
 * through).
 */
int sp_doctor(const struct sp_setup *setup, bool only_jails,
              sp_finding_fn finding, void *data, struct sp_error *err);

#endif
