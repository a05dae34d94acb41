/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * As dnf's exclude_from_weak_autodetect (dnf.conf(5)): what the installed
 * packages recommend, and what supplements them, but is not there, was
 * declined, and is not brought in by an update.
 */
#include "build/solve.h"

static bool
is_plain(const Pool *pool, Id dep)
{
    return !sp_is_relation(dep) || sp_relation(pool, dep)->flags < REL_AND;
}

static bool
has_installed_provider(const struct sp_pool *set, Id dep)
{
    Pool *pool = set->pool;
    Id id, pp;

    FOR_PROVIDES(id, pp, dep)
    if (sp_pool_is_installed(set, pool_id2solvable(pool, id)))
        return true;
    return false;
}

static void
exclude(const struct sp_pool *set, Id id, Map *done, Queue *job)
{
    if (!sp_pool_is_candidate(set, pool_id2solvable(set->pool, id)) ||
        map_tst(done, id))
        return;
    map_set(done, id);
    queue_push2(job, SOLVER_EXCLUDEFROMWEAK | SOLVER_SOLVABLE, id);
}

/* An update may recommend another version of the same: the name counts. */
static void
exclude_recommended(const struct sp_pool *set, Solvable *s, Map *done,
                    Queue *job)
{
    Pool *pool = set->pool;
    Queue deps;
    Id id, pp;

    queue_init(&deps);
    (void)solvable_lookup_deparray(s, SOLVABLE_RECOMMENDS, &deps, 0);
    for (int i = 0; i < deps.count; i++) {
        Id dep = deps.elements[i];

        if (!is_plain(pool, dep))
            continue;
        if (sp_is_relation(dep))
            dep = sp_relation(pool, dep)->name;
        if (has_installed_provider(set, dep))
            continue;
        FOR_PROVIDES(id, pp, dep)
        {
            exclude(set, id, done, job);
        }
    }
    queue_free(&deps);
}

/* Does the dependency hold with what is installed? */
static bool
holds(const struct sp_pool *set, Id dep)
{
    const Reldep *rel;

    if (is_plain(set->pool, dep))
        return has_installed_provider(set, dep);
    rel = sp_relation(set->pool, dep);
    switch (rel->flags) {
    case REL_AND: return holds(set, rel->name) && holds(set, rel->evr);
    case REL_OR: return holds(set, rel->name) || holds(set, rel->evr);
    default: return has_installed_provider(set, dep);
    }
}

static bool
supplements_installed(const struct sp_pool *set, Solvable *s)
{
    bool found = false;
    Queue deps;

    if (!s->supplements)
        return false;
    queue_init(&deps);
    (void)solvable_lookup_deparray(s, SOLVABLE_SUPPLEMENTS, &deps, 0);
    for (int i = 0; i < deps.count && !found; i++)
        found = holds(set, deps.elements[i]);
    queue_free(&deps);
    return found;
}

static bool
name_is_installed(const struct sp_pool *set, Id name)
{
    Pool *pool = set->pool;
    Id id, pp;

    FOR_PROVIDES(id, pp, name)
    {
        const Solvable *s = pool_id2solvable(pool, id);

        if (s->name == name && sp_pool_is_installed(set, s))
            return true;
    }
    return false;
}

void
sp_weak_declined(const struct sp_pool *set, Queue *job)
{
    Pool *pool = set->pool;
    Solvable *s;
    Map done;
    Id id;

    map_init(&done, pool->nsolvables);
    FOR_REPO_SOLVABLES(set->installed, id, s)
    exclude_recommended(set, s, &done, job);
    FOR_POOL_SOLVABLES(id)
    {
        s = pool_id2solvable(pool, id);
        if (supplements_installed(set, s) && sp_pool_is_candidate(set, s) &&
            !name_is_installed(set, s->name))
            exclude(set, id, &done, job);
    }
    map_free(&done);
}
