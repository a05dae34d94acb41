/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How long work tells its caller where it is, and asks whether to go on.
 * Every loop of this room asks at least five times a second while it waits.
 */
#ifndef SP_BUILD_HOOKS_H
#define SP_BUILD_HOOKS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/* Totals of 0 are unknown. */
struct sp_build_progress {
    const char *phase; /* "download", "read", "write", "send" */
    uint64_t bytes, total_bytes;
    uint64_t packages, total_packages;
};

struct sp_build_hooks {
    void *data;
    /* Either may be NULL. */
    void (*progress)(void *data, const struct sp_build_progress *progress);
    /* 0 = go on; -1 = stop now, *err says why ("interrupted", "peer-gone"). */
    int (*stopped)(void *data, struct sp_error *err);
};

static inline void
sp_hooks_progress(const struct sp_build_hooks *hooks,
                  const struct sp_build_progress *progress)
{
    if (hooks && hooks->progress)
        hooks->progress(hooks->data, progress);
}

static inline int
sp_hooks_stopped(const struct sp_build_hooks *hooks, struct sp_error *err)
{
    return hooks && hooks->stopped ? hooks->stopped(hooks->data, err) : 0;
}

#endif
