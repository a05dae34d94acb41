/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From the words of a request to the jobs of the solver. */
#include <solv/evr.h>
#include <solv/poolarch.h>
#include <solv/selection.h>
#include <string.h>

#include "base/auto.h"
#include "base/text.h"
#include "build/match.h"
#include "build/near.h"
#include "build/solve.h"

/* One spec on its way to jobs. */
struct asking {
    const struct sp_pool *pool;
    const struct sp_want *want;
    const char *spec;
    Queue installed;  /* what it matches */
    Queue candidates; /* likewise, in the repositories */
    bool by_version;  /* it names a version */
    Queue *job;
    Map *requested;
};

static int
no_match(const struct asking *ask, const char *why, struct sp_error *err)
{
    char shown[SP_SHOWN_MAX];

    sp_text_show(shown, sizeof(shown), ask->spec);
    return sp_fail(err, "no-match", "'%s' %s", shown, why);
}

static void
add_match(struct asking *ask, Id id)
{
    const Solvable *s = pool_id2solvable(ask->pool->pool, id);

    if (sp_pool_is_installed(ask->pool, s))
        queue_push(&ask->installed, id);
    else if (sp_pool_is_candidate(ask->pool, s))
        queue_push(&ask->candidates, id);
}

static bool
is_empty(const struct asking *ask)
{
    return ask->installed.count == 0 && ask->candidates.count == 0;
}

static void
match_form(struct asking *ask, enum sp_form form)
{
    Pool *pool = ask->pool->pool;
    Id id;

    FOR_POOL_SOLVABLES(id)
    if (sp_match_form(pool, pool_id2solvable(pool, id), ask->spec, form))
        add_match(ask, id);
    ask->by_version = form != SP_FORM_NA && form != SP_FORM_NAME;
}

/* What provides or holds it: "webserver", "libx.so.1()(64bit)", a path. */
static void
match_provides(struct asking *ask)
{
    Pool *pool = ask->pool->pool;
    Queue selection, packages;

    queue_init(&selection);
    queue_init(&packages);
    (void)selection_make(pool, &selection, ask->spec,
                         SELECTION_PROVIDES | SELECTION_FILELIST |
                             SELECTION_GLOB | SELECTION_REL);
    selection_solvables(pool, &selection, &packages);
    for (int i = 0; i < packages.count; i++)
        add_match(ask, packages.elements[i]);
    queue_free(&packages);
    queue_free(&selection);
    ask->by_version = false;
}

static int
evr_order(const struct asking *ask, Id a, Id b)
{
    Pool *pool = ask->pool->pool;

    return pool_evrcmp(pool, pool_id2solvable(pool, a)->evr,
                       pool_id2solvable(pool, b)->evr, EVRCMP_COMPARE);
}

static bool
same_name(const struct asking *ask, Id a, Id b)
{
    Pool *pool = ask->pool->pool;

    return pool_id2solvable(pool, a)->name == pool_id2solvable(pool, b)->name;
}

static bool
same_arch(const struct asking *ask, Id a, Id b)
{
    Pool *pool = ask->pool->pool;

    return pool_id2solvable(pool, a)->arch == pool_id2solvable(pool, b)->arch;
}

/* The newest candidate in the place of an installed one that is older. */
static Id
next_older(const struct asking *ask, Id have)
{
    Id best = 0;

    for (int i = 0; i < ask->candidates.count; i++) {
        Id id = ask->candidates.elements[i];

        if (!same_name(ask, id, have) || !same_arch(ask, id, have) ||
            evr_order(ask, id, have) >= 0)
            continue;
        if (!best || evr_order(ask, id, best) > 0)
            best = id;
    }
    return best;
}

/* The machine's own architecture and noarch alike are the first. */
static unsigned
arch_class(const struct asking *ask, Id id)
{
    const Pool *pool = ask->pool->pool;
    unsigned score = pool_arch2score(pool, pool->solvables[id].arch) >> 16;

    return score > 0 ? score : 1;
}

/* The newest candidate of the name that fits the machine best. */
static Id
fittest(const struct asking *ask, Id like)
{
    Id best = like;

    for (int i = 0; i < ask->candidates.count; i++) {
        Id id = ask->candidates.elements[i];
        unsigned class = arch_class(ask, id);

        if (same_name(ask, id, like) &&
            (class < arch_class(ask, best) ||
             (class == arch_class(ask, best) && evr_order(ask, id, best) > 0)))
            best = id;
    }
    return best;
}

static void
push_one_of(struct asking *ask, Id how, Queue *packages)
{
    Id best = ask->want->best ? SOLVER_FORCEBEST : 0;

    if (packages->count == 0)
        return;
    for (int i = 0; i < packages->count; i++)
        map_set(ask->requested, packages->elements[i]);
    queue_push2(ask->job, how | best | SOLVER_SOLVABLE_ONE_OF,
                pool_queuetowhatprovides(ask->pool->pool, packages));
}

static void
install(struct asking *ask, Queue *candidates)
{
    if (ask->want->action == SP_ACTION_DOWNLOAD) {
        Id best = fittest(ask, candidates->elements[0]);

        map_set(ask->requested, best);
        queue_push2(ask->job, SOLVER_INSTALL | SOLVER_SOLVABLE, best);
        return;
    }
    /* What is there already will do, unless the best is wanted: as dnf. */
    for (int i = 0; i < ask->installed.count; i++) {
        Id have = ask->installed.elements[i];

        if (!sp_match_is_glob(ask->spec) ||
            same_name(ask, have, candidates->elements[0]))
            queue_push(candidates, have);
    }
    push_one_of(ask, SOLVER_INSTALL, candidates);
}

/* A glob asks for every name that it matches, another spec for one. */
static void
install_each_name(struct asking *ask)
{
    Queue one;
    Map done;

    map_init(&done, ask->pool->pool->nsolvables);
    queue_init(&one);
    for (int i = 0; i < ask->candidates.count; i++) {
        Id first = ask->candidates.elements[i];

        if (map_tst(&done, first))
            continue;
        queue_empty(&one);
        for (int k = i; k < ask->candidates.count; k++) {
            Id id = ask->candidates.elements[k];

            if (!same_name(ask, first, id))
                continue;
            map_set(&done, id);
            queue_push(&one, id);
        }
        install(ask, &one);
    }
    queue_free(&one);
    map_free(&done);
}

static int
ask_install(struct asking *ask, struct sp_error *err)
{
    if (ask->candidates.count == 0 && ask->want->action == SP_ACTION_DOWNLOAD)
        return no_match(ask, "is in no repository", err);
    if (sp_match_is_glob(ask->spec))
        install_each_name(ask);
    else
        install(ask, &ask->candidates);
    return 0;
}

/* Candidates that replace an installed package of another name. */
static bool
obsoletes_installed(const struct asking *ask, Id id)
{
    Pool *pool = ask->pool->pool;
    Solvable *s = pool_id2solvable(pool, id);
    bool found = false;
    Queue deps;

    queue_init(&deps);
    (void)solvable_lookup_deparray(s, SOLVABLE_OBSOLETES, &deps, 0);
    for (int i = 0; i < deps.count && !found; i++) {
        Id other, pp;

        FOR_PROVIDES(other, pp, deps.elements[i])
        found = found || (sp_pool_is_installed(ask->pool,
                                               pool_id2solvable(pool, other)) &&
                          pool_match_nevr(pool, pool_id2solvable(pool, other),
                                          deps.elements[i]));
    }
    queue_free(&deps);
    return found;
}

static bool
updates_installed(const struct asking *ask, Id id)
{
    Pool *pool = ask->pool->pool;
    Solvable *have;
    Id installed;

    FOR_REPO_SOLVABLES(ask->pool->installed, installed, have)
    if (same_name(ask, installed, id) && evr_order(ask, id, installed) > 0)
        return pool_id2solvable(pool, id)->repo != have->repo;
    return false;
}

static int
ask_upgrade(struct asking *ask, Id how, struct sp_error *err)
{
    Queue targets;
    int n;

    if (ask->installed.count > 0 && !ask->by_version) {
        push_one_of(ask, how, &ask->installed);
        return 0;
    }
    queue_init(&targets);
    for (int i = 0; i < ask->candidates.count; i++) {
        Id id = ask->candidates.elements[i];

        if (updates_installed(ask, id) || obsoletes_installed(ask, id))
            queue_push(&targets, id);
    }
    n = targets.count;
    push_one_of(ask, how | SOLVER_TARGETED, &targets);
    queue_free(&targets);
    if (n == 0 && ask->installed.count == 0 && !ask->by_version)
        return no_match(ask, "is not installed, and replaces nothing that is",
                        err);
    return 0;
}

/* Exactly the installed version once more, or the next older one. */
static int
ask_again(struct asking *ask, bool older, struct sp_error *err)
{
    Solvable *s;
    Id have;
    int found = 0;
    Pool *pool = ask->pool->pool;

    FOR_REPO_SOLVABLES(ask->pool->installed, have, s)
    {
        Id id = 0;

        for (int i = 0; i < ask->candidates.count && !older; i++) {
            Id one = ask->candidates.elements[i];

            if (same_name(ask, one, have) && same_arch(ask, one, have) &&
                pool_id2solvable(pool, one)->evr == s->evr)
                id = one;
        }
        if (older)
            id = next_older(ask, have);
        if (id == 0)
            continue;
        found++;
        map_set(ask->requested, id);
        queue_push2(ask->job, SOLVER_INSTALL | SOLVER_SOLVABLE, id);
    }
    if (found)
        return 0;
    return no_match(ask,
                    older ? "has no older version in a repository, or is not "
                            "installed"
                          : "is not installed in a version that a repository "
                            "has",
                    err);
}

static int
ask_action(struct asking *ask, struct sp_error *err)
{
    switch (ask->want->action) {
    case SP_ACTION_INSTALL:
    case SP_ACTION_DOWNLOAD: return ask_install(ask, err);
    case SP_ACTION_REINSTALL: return ask_again(ask, false, err);
    case SP_ACTION_DOWNGRADE: return ask_again(ask, true, err);
    case SP_ACTION_DISTRO_SYNC:
        return ask_upgrade(ask, SOLVER_DISTUPGRADE, err);
    case SP_ACTION_NONE:
    case SP_ACTION_UPGRADE:
    case SP_ACTION_CHECK:
    case SP_ACTION_LIST: return ask_upgrade(ask, SOLVER_UPDATE, err);
    }
    return 0;
}

struct names {
    Pool *pool;
    Queue *list;  /* names */
    Queue *where; /* of each the package beside which it comes, or 0 */
};

/* A name that no package has ever had is no match for anything. */
static void
push_name(void *data, const char *name, const char *where)
{
    struct names *names = data;
    Id id = pool_str2id(names->pool, name, 0);
    Id other = where ? pool_str2id(names->pool, where, 1) : 0;

    for (int i = 0; i < names->list->count; i++)
        if (names->list->elements[i] == id &&
            names->where->elements[i] == other)
            return;
    if (!id)
        return;
    queue_push(names->list, id);
    queue_push(names->where, other);
}

/* As dnf does: "this one, if that one is there" must hold. */
static void
ask_conditional(struct asking *ask, Id name, Id where)
{
    Id dep = pool_rel2id(ask->pool->pool, name, where, REL_COND, 1);

    queue_push2(ask->job, SOLVER_INSTALL | SOLVER_SOLVABLE_PROVIDES, dep);
    for (int i = 0; i < ask->candidates.count; i++)
        map_set(ask->requested, ask->candidates.elements[i]);
}

static int
ask_member(struct asking *ask, Id name, Id where, struct sp_error *err)
{
    bool install = ask->want->action == SP_ACTION_INSTALL ||
                   ask->want->action == SP_ACTION_DOWNLOAD;

    ask->spec = pool_id2str(ask->pool->pool, name);
    queue_empty(&ask->installed);
    queue_empty(&ask->candidates);
    match_form(ask, SP_FORM_NAME);
    if (ask->candidates.count == 0 || (!install && ask->installed.count == 0))
        return 0;
    if (!where || ask->installed.count > 0)
        return ask_action(ask, err);
    ask_conditional(ask, name, where);
    return 0;
}

/* Members that no repository has are left out, as dnf does. */
static int
ask_group(struct asking *ask, struct sp_error *err)
{
    const char *group = ask->spec;
    Queue list, where;
    struct names names = {ask->pool->pool, &list, &where};
    int status = 0;

    queue_init(&list);
    queue_init(&where);
    if (!ask->pool->groups ||
        !sp_groups_members(ask->pool->groups, group + 1, push_name, &names))
        status = no_match(ask, "is no group of these repositories", err);
    for (int i = 0; i < list.count && status == 0; i++)
        status = ask_member(ask, list.elements[i], where.elements[i], err);
    ask->spec = group;
    queue_free(&list);
    queue_free(&where);
    return status;
}

static int
ask_spec(struct asking *ask, struct sp_plan *plan, struct sp_error *err)
{
    char near[SP_NEAR_MAX], why[SP_NEAR_MAX + 64];

    if (ask->spec[0] == '@')
        return ask_group(ask, err);
    for (int form = 0; form < SP_FORMS && is_empty(ask); form++)
        match_form(ask, (enum sp_form)form);
    if (is_empty(ask))
        match_provides(ask);
    if (!is_empty(ask))
        return ask_action(ask, err);
    if (ask->spec[0] == '/' &&
        sp_plan_note(plan, SP_NOTE_UNMET, ask->spec, "requested", err) < 0)
        return -1;
    sp_near_names(ask->pool->pool, ask->spec, near);
    (void)snprintf(why, sizeof(why), "matches no package%s%s",
                   near[0] ? "; near names: " : "", near);
    return no_match(ask, why, err);
}

static int
ask_all(const struct sp_want *want, Queue *job)
{
    Id best = want->best ? SOLVER_FORCEBEST : 0;
    Id how = want->action == SP_ACTION_DISTRO_SYNC ? SOLVER_DISTUPGRADE
                                                   : SOLVER_UPDATE;

    queue_push2(job, how | best | SOLVER_SOLVABLE_ALL, 0);
    return 0;
}

int
sp_jobs_wanted(const struct sp_pool *pool, const struct sp_want *want,
               Queue *job, Map *requested, struct sp_plan *plan,
               struct sp_error *err)
{
    int status = 0;

    if (want->specs.n == 0)
        return ask_all(want, job);
    for (size_t i = 0; i < want->specs.n && status == 0; i++) {
        struct asking ask = {.pool = pool,
                             .want = want,
                             .spec = want->specs.words[i],
                             .job = job,
                             .requested = requested};

        queue_init(&ask.installed);
        queue_init(&ask.candidates);
        status = ask_spec(&ask, plan, err);
        queue_free(&ask.installed);
        queue_free(&ask.candidates);
    }
    return status;
}

void
sp_jobs_common(const struct sp_pool *pool, const struct sp_want *want,
               Queue *job)
{
    for (size_t i = 0; i < want->installonly.n; i++)
        queue_push2(job, SOLVER_MULTIVERSION | SOLVER_SOLVABLE_PROVIDES,
                    pool_str2id(pool->pool, want->installonly.words[i], 1));
}
