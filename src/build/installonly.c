/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packages of which several versions are kept: dnf removes the oldest when a
 * new one makes them too many, but never the running kernel. Which one runs
 * is not known here, so this only tells; dnf on the machine decides.
 */
#include <solv/evr.h>
#include <stdio.h>
#include <string.h>

#include "build/solve.h"

static bool
is_older(Pool *pool, Id a, Id b)
{
    return pool_evrcmp(pool, pool_id2solvable(pool, a)->evr,
                       pool_id2solvable(pool, b)->evr, EVRCMP_COMPARE) < 0;
}

/* The installed ones of the name, the oldest first. */
static void
list_installed(const struct sp_pool *set, Id name, Queue *ret)
{
    Pool *pool = set->pool;
    Solvable *s;
    Id id;

    FOR_REPO_SOLVABLES(set->installed, id, s)
    {
        int at = 0;

        if (s->name != name)
            continue;
        while (at < ret->count && is_older(pool, ret->elements[at], id))
            at++;
        queue_insert(ret, at, id);
    }
}

static int
note_oldest(const struct sp_pool *set, const struct sp_want *want, Id name,
            uint64_t added, struct sp_plan *plan, struct sp_error *err)
{
    char why[64];
    Queue old;
    int status = 0;

    (void)snprintf(why, sizeof(why), "more than %u versions would be kept",
                   (unsigned)want->installonly_limit);
    queue_init(&old);
    list_installed(set, name, &old);
    for (int i = 0; i < old.count && status == 0; i++)
        if ((uint64_t)(old.count - i) + added > want->installonly_limit)
            status = sp_plan_note(plan, SP_NOTE_REMOVED,
                                  pool_solvid2str(set->pool, old.elements[i]),
                                  why, err);
    queue_free(&old);
    return status;
}

static uint64_t
count_added(const struct sp_plan *plan, const char *name)
{
    uint64_t n = 0;

    for (size_t i = 0; i < plan->n; i++)
        n += plan->packages[i].replaces[0] == '\0' &&
             strcmp(plan->packages[i].nevra.name, name) == 0;
    return n;
}

int
sp_installonly_note(const struct sp_pool *set, const struct sp_want *want,
                    struct sp_plan *plan, struct sp_error *err)
{
    const char *last = "";

    /* The plan is sorted: equal names stand together. */
    for (size_t i = 0; want->installonly_limit > 0 && i < plan->n; i++) {
        const struct sp_plan_package *package = &plan->packages[i];
        const char *name = package->nevra.name;

        if (package->why != SP_WHY_UPDATE || package->replaces[0] != '\0' ||
            strcmp(name, last) == 0)
            continue;
        last = name;
        if (note_oldest(set, want, pool_str2id(set->pool, name, 0),
                        count_added(plan, name), plan, err) < 0)
            return -1;
    }
    return 0;
}
