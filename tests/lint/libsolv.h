/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The shape of libsolv's loops, for cppcheck, which has not its headers. */
#ifndef SP_LINT_LIBSOLV_H
#define SP_LINT_LIBSOLV_H

#define FOR_PROVIDES(v, at, dep) for (at = v = dep; v; v = at)
#define FOR_REPO_SOLVABLES(repo, p, s)                                         \
    for (p = 1, s = (repo)->pool->solvables; p; p++, s++)
#define FOR_POOL_SOLVABLES(p) for (p = 1; p; p++)

#endif
