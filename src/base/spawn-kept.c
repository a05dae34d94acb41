/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/spawn-kept.h"

#include <stddef.h>

#include "base/spawn.h"

/* A source and a destination: two carriers are all that one process has. */
enum { KEPT_MAX = 2 };

struct kept {
    pid_t pid; /* 0 = free */
    bool ended;
    int status; /* as waitpid told it */
};

static struct kept table[KEPT_MAX];

static struct kept *
find(pid_t pid)
{
    for (size_t i = 0; i < KEPT_MAX; i++)
        if (table[i].pid == pid)
            return &table[i];
    return NULL;
}

void
sp_spawn_keep(pid_t pid)
{
    struct kept *kept = find(0);

    if (!kept)
        SP_BUG("too many carriers");
    *kept = (struct kept){.pid = pid};
}

bool
sp_spawn_is_kept(pid_t pid)
{
    return find(pid) != NULL;
}

void
sp_spawn_kept_ended(pid_t pid, int status)
{
    struct kept *kept = find(pid);

    if (!kept)
        return;
    kept->ended = true;
    kept->status = status;
}

bool
sp_spawn_kept_take(pid_t pid, int *ret_status)
{
    struct kept *kept = find(pid);

    if (!kept || !kept->ended)
        return false;
    *ret_status = kept->status;
    kept->pid = 0;
    return true;
}

void
sp_spawn_kept_forget(pid_t pid)
{
    struct kept *kept = find(pid);

    if (kept)
        kept->pid = 0;
}
