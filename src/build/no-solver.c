/* SPDX-License-Identifier: GPL-2.0-or-later */
/* In place of resolve.c where libsolv is missing (make WITH_SOLV=0). */
#include <string.h>

#include "build/resolve.h"

static int
refuse(struct sp_plan *plan, struct sp_error *err)
{
    memset(plan, 0, sizeof(*plan));
    return sp_fail(err, "usage",
                   "this sallyport-builder was built without a solver: only "
                   "build --list and send work");
}

int
sp_resolve(const struct sp_request *request,
           const struct sp_resolve_repo *repos, size_t n_repos,
           const struct sp_groups *groups, const struct sp_build_hooks *hooks,
           struct sp_plan *ret, struct sp_error *err)
{
    (void)request;
    (void)repos;
    (void)n_repos;
    (void)groups;
    (void)hooks;
    return refuse(ret, err);
}

int
sp_resolve_files(const struct sp_request *request,
                 const struct sp_groups *groups, const int *files,
                 const struct sp_plan *plan, const struct sp_build_hooks *hooks,
                 struct sp_plan *ret, struct sp_error *err)
{
    (void)files;
    (void)plan;
    return sp_resolve(request, NULL, 0, groups, hooks, ret, err);
}

int
sp_resolve_newest(const struct sp_resolve_repo *repo, const char *arch,
                  const struct sp_build_hooks *hooks, struct sp_plan *ret,
                  struct sp_error *err)
{
    (void)arch;
    return sp_resolve(NULL, repo, 1, NULL, hooks, ret, err);
}
