/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One joint solve: what the machine of the request should download. The
 * flags and jobs are those of dnf, so that dnf there decides the same. For
 * the files of the solver alone; others call sp_resolve().
 */
#ifndef SP_BUILD_SOLVE_H
#define SP_BUILD_SOLVE_H

#include <solv/solver.h>

#include "build/plan.h"
#include "build/pool.h"
#include "build/want.h"

/*
 * Fills *ret, which is released by the caller, also after a failure; then its
 * notes tell the problems, and the paths that may be found in file lists.
 * Reasons: unsolvable, protected, no-match, metadata, no-memory.
 */
int sp_solve(const struct sp_pool *pool, const struct sp_want *want,
             struct sp_plan *ret, struct sp_error *err);

/* The newest of every package; the machine has none. Reasons: as above. */
int sp_newest(const struct sp_pool *pool, struct sp_plan *ret,
              struct sp_error *err);

/* ---- jobs.c ---- */

/* Jobs that stand in every solve: what may be there in several versions. */
void sp_jobs_common(const struct sp_pool *pool, const struct sp_want *want,
                    Queue *job);
/*
 * What is asked for. `requested` gets the packages that are named. Adds
 * SP_NOTE_UNMET for a path that nothing is known to hold. Reason: no-match.
 */
int sp_jobs_wanted(const struct sp_pool *pool, const struct sp_want *want,
                   Queue *job, Map *requested, struct sp_plan *plan,
                   struct sp_error *err);

/* ---- weak.c ---- */

/* What the machine could have had as a weak dependency and has not. */
void sp_weak_declined(const struct sp_pool *pool, Queue *job);

/* ---- installonly.c ---- */

/* Notes what the limit of versions will remove; the plan is sorted. */
int sp_installonly_note(const struct sp_pool *pool, const struct sp_want *want,
                        struct sp_plan *plan, struct sp_error *err);

/* ---- problems.c ---- */

Solver *sp_solver_create(const struct sp_pool *pool,
                         const struct sp_want *want);
/* The first problem in words. dst: SP_PROBLEM_MAX bytes. */
enum { SP_PROBLEM_MAX = 512 };
void sp_problem_text(Solver *solver, Id problem, char *dst);
/* All problems, and the paths that they lack, as notes. */
int sp_problems_note(Solver *solver, struct sp_plan *plan,
                     struct sp_error *err);
int sp_problems_unmet(Solver *solver, struct sp_plan *plan,
                      struct sp_error *err);
/*
 * Notes what is newer but stays behind in this solution, and why; of what is
 * in `requested` alone, unless that is NULL. The paths that it lacks are noted
 * too, so that they are looked for.
 */
int sp_held_note(const struct sp_pool *pool, const struct sp_want *want,
                 Solver *solution, const Map *requested, struct sp_plan *plan,
                 struct sp_error *err);

#endif
