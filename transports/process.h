/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A foreign program that moves the bytes of a carrier: started, waited for
 * without ever hanging on it, ended. For carriers alone.
 */
#ifndef SP_TRANSPORTS_PROCESS_H
#define SP_TRANSPORTS_PROCESS_H

#include <stdbool.h>

#include "base/spawn.h"

struct sp_process {
    pid_t pid; /* 0 = not started, or collected */
    int pidfd;
};

/* As sp_spawn_start; sweeps of the workers leave the program alone. */
int sp_process_start(struct sp_process *p, const struct sp_spawn *plan,
                     struct sp_error *err);

/*
 * Waits for its end, at most ms milliseconds, -1 = for ever. A signal that
 * asks this program to end is "interrupted". ret->ended is false when the
 * time was not enough.
 */
int sp_process_wait(struct sp_process *p, int ms, struct sp_ending *ret,
                    struct sp_error *err);

/* Ends it, if it still runs. May be called twice. */
void sp_process_end(struct sp_process *p);

#endif
