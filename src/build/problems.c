/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the solver could not do, in words. */
#include <solv/evr.h>
#include <string.h>

#include "base/text.h"
#include "build/solve.h"

/* Each reason is a solve of its own: the first ones tell the story. */
enum { REASONS_MAX = 64 };

Solver *
sp_solver_create(const struct sp_pool *set, const struct sp_want *want)
{
    Solver *solver = solver_create(set->pool);
    bool down = want->action == SP_ACTION_DOWNGRADE ||
                want->action == SP_ACTION_DISTRO_SYNC;

    (void)solver_set_flag(solver, SOLVER_FLAG_ALLOW_VENDORCHANGE,
                          want->vendor_change);
    (void)solver_set_flag(solver, SOLVER_FLAG_ALLOW_UNINSTALL,
                          want->allow_erasing);
    (void)solver_set_flag(solver, SOLVER_FLAG_ALLOW_DOWNGRADE, down);
    /* A distribution sync keeps what no repository has any more. */
    (void)solver_set_flag(solver, SOLVER_FLAG_KEEP_ORPHANS, 1);
    /* The newest one is not chased across architectures. */
    (void)solver_set_flag(solver, SOLVER_FLAG_BEST_OBEY_POLICY, 1);
    /* A package that was split keeps all its parts. */
    (void)solver_set_flag(solver, SOLVER_FLAG_YUM_OBSOLETES, 1);
    (void)solver_set_flag(solver, SOLVER_FLAG_IGNORE_RECOMMENDED,
                          !want->weak_deps);
    return solver;
}

void
sp_problem_text(Solver *solver, Id problem, char *dst)
{
    Id rule = solver_findproblemrule(solver, problem);
    Id source, target, dep;
    SolverRuleinfo type = solver_ruleinfo(solver, rule, &source, &target, &dep);
    const char *text =
        solver_problemruleinfo2str(solver, type, source, target, dep);

    sp_text_show(dst, SP_PROBLEM_MAX, text);
}

/* A dependency on a path that nothing is known to hold. */
static int
note_path(Solver *solver, Id rule, struct sp_plan *plan, struct sp_error *err)
{
    Id source, target, dep;
    SolverRuleinfo type = solver_ruleinfo(solver, rule, &source, &target, &dep);
    const char *path;

    if ((type != SOLVER_RULE_PKG_NOTHING_PROVIDES_DEP &&
         type != SOLVER_RULE_JOB_NOTHING_PROVIDES_DEP) ||
        sp_is_relation(dep))
        return 0;
    path = pool_id2str(solver->pool, dep);
    if (path[0] != '/' || strpbrk(path, " \n"))
        return 0;
    for (size_t i = 0; i < plan->n_notes; i++)
        if (plan->notes[i].kind == SP_NOTE_UNMET &&
            strcmp(plan->notes[i].subject, path) == 0)
            return 0;
    return sp_plan_note(plan, SP_NOTE_UNMET, path, "required", err);
}

int
sp_problems_unmet(Solver *solver, struct sp_plan *plan, struct sp_error *err)
{
    Id problem = 0;
    int status = 0;

    while (status == 0 && (problem = solver_next_problem(solver, problem))) {
        Queue rules;

        queue_init(&rules);
        solver_findallproblemrules(solver, problem, &rules);
        for (int i = 0; i < rules.count && status == 0; i++)
            status = note_path(solver, rules.elements[i], plan, err);
        queue_free(&rules);
    }
    return status;
}

int
sp_problems_note(Solver *solver, struct sp_plan *plan, struct sp_error *err)
{
    char text[SP_PROBLEM_MAX];
    Id problem = 0;

    while ((problem = solver_next_problem(solver, problem))) {
        sp_problem_text(solver, problem, text);
        if (sp_plan_note(plan, SP_NOTE_PROBLEM, "", text, err) < 0)
            return -1;
    }
    return sp_problems_unmet(solver, plan, err);
}

/* ---- what stays behind ------------------------------------------------- */

static bool
is_multiversion(const struct sp_pool *set, const struct sp_want *want,
                const Solvable *s)
{
    Pool *pool = set->pool;
    Id id, pp;

    for (size_t i = 0; i < want->installonly.n; i++) {
        Id name = pool_str2id(pool, want->installonly.words[i], 0);

        if (!name)
            continue;
        FOR_PROVIDES(id, pp, name)
        if (pool_id2solvable(pool, id) == s)
            return true;
    }
    return false;
}

/* Noarch and another architecture may take turns. */
static bool
same_place(const Solvable *a, const Solvable *b)
{
    return a->name == b->name &&
           (a->arch == b->arch || a->arch == ARCH_NOARCH ||
            b->arch == ARCH_NOARCH);
}

/*
 * The newest candidate in the place of an installed package, and what the
 * solution has there; false when the solution has nothing there.
 */
static bool
find_newest(const struct sp_pool *set, Solver *solution, const Solvable *have,
            Id *ret_best, Id *ret_chosen)
{
    Pool *pool = set->pool;
    Id id, pp, best = 0, chosen = 0;

    FOR_PROVIDES(id, pp, have->name)
    {
        const Solvable *s = pool_id2solvable(pool, id);

        if (!same_place(s, have))
            continue;
        if (solver_get_decisionlevel(solution, id) > 0 &&
            (!chosen ||
             pool_evrcmp(pool, s->evr, pool_id2solvable(pool, chosen)->evr,
                         EVRCMP_COMPARE) > 0))
            chosen = id;
        if (sp_pool_is_candidate(set, s) &&
            (!best ||
             pool_evrcmp(pool, s->evr, pool_id2solvable(pool, best)->evr,
                         EVRCMP_COMPARE) > 0))
            best = id;
    }
    *ret_best = best;
    *ret_chosen = chosen;
    return best && chosen &&
           pool_evrcmp(pool, pool_id2solvable(pool, best)->evr,
                       pool_id2solvable(pool, chosen)->evr, EVRCMP_COMPARE) > 0;
}

/* Why can this one not be installed? "" when nobody can tell. */
static int
find_reason(const struct sp_pool *set, const struct sp_want *want, Id best,
            struct sp_plan *plan, char *reason, struct sp_error *err)
{
    Solver *solver = sp_solver_create(set, want);
    int status = 0;
    Queue job;

    queue_init(&job);
    sp_jobs_common(set, want, &job);
    queue_push2(&job, SOLVER_INSTALL | SOLVER_SOLVABLE, best);
    reason[0] = '\0';
    if (solver_solve(solver, &job) > 0) {
        sp_problem_text(solver, solver_next_problem(solver, 0), reason);
        status = sp_problems_unmet(solver, plan, err);
    }
    queue_free(&job);
    solver_free(solver);
    return status;
}

static const char *
policy_reason(const struct sp_pool *set, const struct sp_want *want, Id best,
              Id chosen)
{
    const Solvable *a = pool_id2solvable(set->pool, best);
    const Solvable *b = pool_id2solvable(set->pool, chosen);

    if (a->repo->priority < b->repo->priority && !sp_pool_is_installed(set, b))
        return "its repository has a lower priority";
    if (!want->vendor_change && a->vendor != b->vendor)
        return "it has another vendor";
    return "it does not go together with other packages of this plan";
}

static int
note_held(const struct sp_pool *set, const struct sp_want *want, Id best,
          Id chosen, unsigned number, struct sp_plan *plan,
          struct sp_error *err)
{
    char reason[SP_PROBLEM_MAX] = "";

    if (number < REASONS_MAX &&
        find_reason(set, want, best, plan, reason, err) < 0)
        return -1;
    return sp_plan_note(
        plan, SP_NOTE_HELD, pool_solvid2str(set->pool, best),
        reason[0] ? reason : policy_reason(set, want, best, chosen), err);
}

/* Who asked for some packages wants to hear of these. */
static bool
is_asked_for(const Map *requested, Id have, Id best)
{
    return !requested || MAPTST(requested, have) || MAPTST(requested, best);
}

int
sp_held_note(const struct sp_pool *set, const struct sp_want *want,
             Solver *solution, const Map *requested, struct sp_plan *plan,
             struct sp_error *err)
{
    unsigned number = 0;
    Solvable *have;
    Id id, best, chosen;

    FOR_REPO_SOLVABLES(set->installed, id, have)
    {
        /* Once for each place: several versions may be installed. */
        if (is_multiversion(set, want, have) ||
            !find_newest(set, solution, have, &best, &chosen) ||
            !is_asked_for(requested, id, best))
            continue;
        if (note_held(set, want, best, chosen, number++, plan, err) < 0)
            return -1;
    }
    return 0;
}
