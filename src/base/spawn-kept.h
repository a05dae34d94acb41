/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The children that sweeps leave alone. Used by spawn*.c alone. */
#ifndef SP_BASE_SPAWN_KEPT_H
#define SP_BASE_SPAWN_KEPT_H

#include <stdbool.h>
#include <sys/types.h>

/* True when the pid is kept and was not reaped by its owner. */
bool sp_spawn_is_kept(pid_t pid);

/* A sweep met the ending of this child: noted, if it is kept. */
void sp_spawn_kept_ended(pid_t pid, int status);

/*
 * Its owner reaps it. True with *ret_status when a sweep has met the ending;
 * the pid is no longer kept then.
 */
bool sp_spawn_kept_take(pid_t pid, int *ret_status);

/* Its owner met the ending himself. */
void sp_spawn_kept_forget(pid_t pid);

#endif
