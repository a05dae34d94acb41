/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build/solve.h"

#include <solv/evr.h>
#include <string.h>

#include "base/auto.h"
#include "base/lines.h"
#include "base/text.h"
#include "build/match.h"
#include "build/mirror.h"
#include "bundle/limits.h"

/* One call of sp_solve. */
struct solving {
    const struct sp_pool *pool;
    const struct sp_want *want;
    struct sp_plan *plan;
    Queue job;
    Map requested;
    Solver *solver;
    Transaction *transaction;
};

static Solvable *
solvable(const struct solving *solving, Id id)
{
    return pool_id2solvable(solving->pool->pool, id);
}

/* ---- from the solution to the plan ------------------------------------- */

static bool
is_named(const struct solving *solving, const Solvable *s)
{
    const struct sp_want *want = solving->want;
    Pool *p = solving->pool->pool;

    return want->action != SP_ACTION_UPGRADE &&
           want->action != SP_ACTION_CHECK && want->action != SP_ACTION_LIST &&
           want->action != SP_ACTION_DISTRO_SYNC &&
           MAPTST(&solving->requested, s - p->solvables);
}

static bool
name_is_installed(const struct solving *solving, Id name)
{
    Solvable *s;
    Id id;

    FOR_REPO_SOLVABLES(solving->pool->installed, id, s)
    if (s->name == name)
        return true;
    return false;
}

static enum sp_why
find_why(const struct solving *solving, Id id, const Queue *replaced)
{
    const Solvable *s = solvable(solving, id);
    Id info;

    if (is_named(solving, s))
        return SP_WHY_REQUESTED;
    if (name_is_installed(solving, s->name))
        return SP_WHY_UPDATE;
    if (replaced->count > 0)
        return SP_WHY_OBSOLETES;
    if (solver_describe_decision(solving->solver, id, &info) ==
        SOLVER_REASON_WEAKDEP)
        return SP_WHY_WEAK;
    return SP_WHY_DEPENDENCY;
}

static int
bad_package(const struct solving *solving, Solvable *s, const char *what,
            struct sp_error *err)
{
    char shown[SP_SHOWN_MAX], repo[SP_SHOWN_MAX];

    sp_text_show(shown, sizeof(shown),
                 pool_solvable2str(solving->pool->pool, s));
    sp_text_show(repo, sizeof(repo), s->repo->name);
    return sp_fail(err, "metadata", "'%s' in repository '%s' %s", shown, repo,
                   what);
}

static int
fill_package(const struct solving *solving, Solvable *s,
             struct sp_plan_package *ret, struct sp_error *err)
{
    const char *type;
    char what[96];

    if (!sp_pool_nevra(solving->pool, s, &ret->nevra))
        return bad_package(solving, s, "has a name that no package may have",
                           err);
    if (!sp_pool_digest(s, &ret->digest, &type)) {
        (void)snprintf(what, sizeof(what),
                       "has a checksum of type '%s', only " SP_DIGEST_TAKEN
                       " are taken",
                       type);
        return bad_package(solving, s, what, err);
    }
    ret->size = solvable_lookup_num(s, SOLVABLE_DOWNLOADSIZE, 0);
    if (ret->size == 0 || ret->size > SP_MAX_MEMBER_BYTES)
        return bad_package(solving, s, "has an impossible size", err);
    return 0;
}

static int
find_location(const struct solving *solving, Solvable *s, char **ret,
              struct sp_error *err)
{
    unsigned medium = 0;
    const char *location = solvable_lookup_location(s, &medium);

    if (!location || !sp_mirror_location_ok(location))
        return bad_package(solving, s, "has no location that may be fetched",
                           err);
    *ret = strdup(location);
    return *ret ? 0 : sp_fail(err, "no-memory", "no memory for the plan");
}

static int
find_repo(const struct solving *solving, Solvable *s, size_t *ret,
          struct sp_error *err)
{
    const struct sp_pool_repo *repo = sp_pool_repo_of(s);

    if (!repo)
        return bad_package(solving, s, "is in no repository", err);
    *ret = repo->number;
    return 0;
}

/* An installed package that goes since another name takes its place. */
static int
note_replaced(const struct solving *solving, Id old, Id new,
              struct sp_error *err)
{
    Pool *p = solving->pool->pool;
    char why[SP_SHOWN_MAX];

    if (solvable(solving, old)->name == solvable(solving, new)->name)
        return 0;
    (void)snprintf(why, sizeof(why), "replaced by %s", pool_solvid2str(p, new));
    return sp_plan_note(solving->plan, SP_NOTE_REMOVED, pool_solvid2str(p, old),
                        why, err);
}

static int
list_replaced(const struct solving *solving, Id id, const Queue *replaced,
              struct sp_text *ret, struct sp_error *err)
{
    Pool *p = solving->pool->pool;

    for (int i = 0; i < replaced->count; i++) {
        Id old = replaced->elements[i];

        sp_text_add(ret, "%s%s", i ? " " : "", pool_solvid2str(p, old));
        if (note_replaced(solving, old, id, err) < 0)
            return -1;
    }
    return ret->failed ? sp_fail(err, "no-memory", "no memory for the plan")
                       : 0;
}

/* Adds it with all that the repository says of it. */
static int
place_package(const struct solving *solving, Solvable *s,
              struct sp_plan_package *package, struct sp_error *err)
{
    SP_AUTO_FREE char *location = NULL;

    if (fill_package(solving, s, package, err) < 0 ||
        find_repo(solving, s, &package->repo, err) < 0 ||
        find_location(solving, s, &location, err) < 0)
        return -1;
    package->location = location;
    return sp_plan_add(solving->plan, package, err);
}

static bool
matches_any(const struct solving *solving, Id id,
            const struct sp_repo_words *specs)
{
    for (size_t i = 0; i < specs->n; i++)
        if (sp_match_any_form(solving->pool->pool, solvable(solving, id),
                              specs->words[i]))
            return true;
    return false;
}

static int
check_protected(const struct solving *solving, Id id, struct sp_error *err)
{
    if (!matches_any(solving, id, &solving->want->protects))
        return 0;
    return sp_fail(err, "protected",
                   "the plan would remove the protected package '%s'",
                   pool_solvid2str(solving->pool->pool, id));
}

/* People look twice at what a machine cannot live without. */
static int
note_watched(const struct solving *solving, Id id, const char *replaces,
             struct sp_error *err)
{
    const struct sp_want *want = solving->want;
    char text[SP_PROBLEM_MAX] = "comes new";

    if (!matches_any(solving, id, &want->protects) &&
        !matches_any(solving, id, &want->watched))
        return 0;
    if (replaces)
        (void)snprintf(text, sizeof(text), "takes the place of %.400s",
                       replaces);
    return sp_plan_note(solving->plan, SP_NOTE_WATCHED,
                        pool_solvid2str(solving->pool->pool, id), text, err);
}

static int
add_new(const struct solving *solving, Id id, struct sp_error *err)
{
    struct sp_plan_package package = {0};
    struct sp_text text = {0};
    Queue replaced;
    int status;

    queue_init(&replaced);
    transaction_all_obs_pkgs(solving->transaction, id, &replaced);
    package.why = find_why(solving, id, &replaced);
    status = list_replaced(solving, id, &replaced, &text, err);
    package.replaces = text.bytes;
    if (status == 0)
        status = place_package(solving, solvable(solving, id), &package, err);
    if (status == 0)
        status = note_watched(solving, id, text.bytes, err);
    queue_free(&replaced);
    sp_text_release(&text);
    return status;
}

static int
add_removed(const struct solving *solving, Id id, struct sp_error *err)
{
    Id by = transaction_obs_pkg(solving->transaction, id);

    if (by && solvable(solving, by)->name == solvable(solving, id)->name)
        return 0;
    if (check_protected(solving, id, err) < 0)
        return -1;
    if (by)
        return 0; /* noted with the one that takes its place */
    return sp_plan_note(solving->plan, SP_NOTE_REMOVED,
                        pool_solvid2str(solving->pool->pool, id),
                        "in the way of what is wanted", err);
}

static int
fill_plan(struct solving *solving, struct sp_error *err)
{
    const Queue *steps;
    int status = 0;

    solving->transaction = solver_create_transaction(solving->solver);
    steps = &solving->transaction->steps;
    for (int i = 0; i < steps->count && status == 0; i++) {
        Id id = steps->elements[i];
        Solvable *s = solvable(solving, id);

        if (sp_pool_is_installed(solving->pool, s))
            status = add_removed(solving, id, err);
        else if (sp_pool_is_candidate(solving->pool, s))
            status = add_new(solving, id, err);
    }
    return status;
}

/* ---- the solve --------------------------------------------------------- */

static int
unsolvable(struct solving *solving, struct sp_error *err)
{
    unsigned n = solver_problem_count(solving->solver);
    char text[SP_PROBLEM_MAX];

    if (sp_problems_note(solving->solver, solving->plan, err) < 0)
        return -1;
    sp_problem_text(solving->solver, solver_next_problem(solving->solver, 0),
                    text);
    if (n > 1)
        return sp_fail(err, "unsolvable", "%.200s (and %u more problems)", text,
                       n - 1);
    return sp_fail(err, "unsolvable", "%.300s", text);
}

static bool
may_hold_back(const struct sp_want *want)
{
    return want->action == SP_ACTION_UPGRADE ||
           want->action == SP_ACTION_CHECK || want->action == SP_ACTION_LIST ||
           want->action == SP_ACTION_DISTRO_SYNC;
}

/* "No update" must be told from "an update that cannot be had". */
static int
note_held(const struct solving *solving, struct sp_error *err)
{
    const Map *requested =
        solving->want->specs.n > 0 ? &solving->requested : NULL;

    if (!may_hold_back(solving->want))
        return 0;
    return sp_held_note(solving->pool, solving->want, solving->solver,
                        requested, solving->plan, err);
}

static int
solve(struct solving *solving, struct sp_error *err)
{
    sp_jobs_common(solving->pool, solving->want, &solving->job);
    if (sp_jobs_wanted(solving->pool, solving->want, &solving->job,
                       &solving->requested, solving->plan, err) < 0)
        return -1;
    if (solving->want->weak_deps)
        sp_weak_declined(solving->pool, &solving->job);
    if (solver_solve(solving->solver, &solving->job) > 0)
        return unsolvable(solving, err);
    if (fill_plan(solving, err) < 0 || note_held(solving, err) < 0)
        return -1;
    sp_plan_sort(solving->plan);
    if (sp_installonly_note(solving->pool, solving->want, solving->plan, err) <
        0)
        return -1;
    sp_plan_sort(solving->plan);
    return 0;
}

int
sp_solve(const struct sp_pool *pool, const struct sp_want *want,
         struct sp_plan *ret, struct sp_error *err)
{
    struct solving solving = {.pool = pool,
                              .want = want,
                              .plan = ret,
                              .solver = sp_solver_create(pool, want)};
    int status;

    queue_init(&solving.job);
    map_init(&solving.requested, pool->pool->nsolvables);
    status = solve(&solving, err);
    if (solving.transaction)
        transaction_free(solving.transaction);
    solver_free(solving.solver);
    map_free(&solving.requested);
    queue_free(&solving.job);
    return status;
}

static bool
is_newest(const struct sp_pool *set, const Solvable *s)
{
    Pool *pool = set->pool;
    Id id, pp;

    FOR_PROVIDES(id, pp, s->name)
    {
        const Solvable *other = pool_id2solvable(pool, id);

        if (other->name == s->name && other->arch == s->arch &&
            sp_pool_is_candidate(set, other) &&
            pool_evrcmp(pool, other->evr, s->evr, EVRCMP_COMPARE) > 0)
            return false;
    }
    return true;
}

int
sp_newest(const struct sp_pool *set, struct sp_plan *ret, struct sp_error *err)
{
    const struct solving solving = {.pool = set, .plan = ret};
    Pool *pool = set->pool;
    int status = 0;
    Id id;

    FOR_POOL_SOLVABLES(id)
    {
        Solvable *s = pool_id2solvable(pool, id);
        struct sp_plan_package package = {.why = SP_WHY_MIRROR};

        if (status < 0 || !sp_pool_is_candidate(set, s) || !is_newest(set, s))
            continue;
        status = place_package(&solving, s, &package, err);
    }
    sp_plan_sort(ret);
    return status;
}
