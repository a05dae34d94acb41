/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Groups of comps: what installing one stands for. */
#include <string.h>

#include "build/solve.h"

/* By its id, which is its name here, or by the name that people see. */
static bool
is_group(const struct sp_pool *set, Solvable *s, const char *group)
{
    const char *name = pool_id2str(set->pool, s->name);
    const char *summary;

    if (strncmp(name, "group:", 6) != 0)
        return false;
    summary = solvable_lookup_str(s, SOLVABLE_SUMMARY);
    return strcmp(name + 6, group) == 0 ||
           (summary && strcmp(summary, group) == 0);
}

/* Names alone: a conditional member is a relation, and not taken. */
static void
add_names(Solvable *s, Id key, Queue *names)
{
    Queue deps;

    queue_init(&deps);
    (void)solvable_lookup_deparray(s, key, &deps, 0);
    for (int i = 0; i < deps.count; i++)
        if (!sp_is_relation(deps.elements[i]))
            queue_pushunique(names, deps.elements[i]);
    queue_free(&deps);
}

bool
sp_group_names(const struct sp_pool *set, const char *group, Queue *ret_names)
{
    bool found = false;
    Id id;
    Pool *pool = set->pool;

    FOR_POOL_SOLVABLES(id)
    {
        Solvable *s = pool_id2solvable(pool, id);

        if (!is_group(set, s, group))
            continue;
        found = true;
        /* Mandatory and default members; optional ones only by name. */
        add_names(s, SOLVABLE_REQUIRES, ret_names);
        add_names(s, SOLVABLE_RECOMMENDS, ret_names);
    }
    return found;
}
