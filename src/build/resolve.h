/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A solve in a process of its own, in a jail: it reads descriptors that were
 * opened before, has no file system and no network, a bound on memory and
 * time, and answers with the lines of a plan.
 */
#ifndef SP_BUILD_RESOLVE_H
#define SP_BUILD_RESOLVE_H

#include "build/groups.h"
#include "build/hooks.h"
#include "build/plan.h"
#include "build/repofile.h"
#include "bundle/request.h"

/* One repository. Descriptors hold uncompressed metadata; -1 = none. */
struct sp_resolve_repo {
    const struct sp_repo *repo;
    int primary_fd;
    int filelists_fd;
};

enum { SP_RESOLVE_REPOS_MAX = 256 };

/*
 * `groups` are those that the specs of the request may name. Fills *ret, which
 * is released by the caller, also after a failure: then its notes tell why.
 * Reasons: unsolvable, protected, no-match, metadata, request-syntax,
 * request-empty, usage (a long arch), sandbox, worker-died, protocol,
 * too-slow, and those of the hooks.
 */
int sp_resolve(const struct sp_request *request,
               const struct sp_resolve_repo *repos, size_t n_repos,
               const struct sp_groups *groups,
               const struct sp_build_hooks *hooks, struct sp_plan *ret,
               struct sp_error *err);

/*
 * Solves again with nothing in the repositories but what was downloaded:
 * `files` are the packages of `plan`, in its order, and their own headers
 * count. *ret as above.
 */
int sp_resolve_files(const struct sp_request *request,
                     const struct sp_groups *groups, const int *files,
                     const struct sp_plan *plan,
                     const struct sp_build_hooks *hooks, struct sp_plan *ret,
                     struct sp_error *err);

/* The newest of every package of one repository, for this architecture. */
int sp_resolve_newest(const struct sp_resolve_repo *repo, const char *arch,
                      const struct sp_build_hooks *hooks, struct sp_plan *ret,
                      struct sp_error *err);

#endif
