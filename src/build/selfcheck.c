/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build/selfcheck.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>

#include "base/auto.h"
#include "base/text.h"
#include "build/head.h"
#include "build/signed.h"
#include "bundle/rpm.h"

static bool
same_nevra(const struct sp_nevra *a, const struct sp_nevra *b)
{
    return sp_request_order(a, b) == 0 && a->epoch == b->epoch &&
           strcmp(a->version, b->version) == 0 &&
           strcmp(a->release, b->release) == 0;
}

/* The header of the file against what the metadata called it. */
static int
check_header(const struct sp_cache *cache, struct sp_head_buffer *buffer,
             const struct sp_plan_package *package, struct sp_error *err)
{
    char name[SP_CACHE_NAME_MAX];
    char promised[SP_NEVRA_SHOWN_MAX], found[SP_NEVRA_SHOWN_MAX];
    const struct sp_pack_source source = {
        .shown = package->location, .dirfd = cache->dirfd, .path = name};
    struct sp_pack_item item;

    sp_cache_name_digest(name, &package->digest);
    if (sp_head_read(buffer, &source, &item, err) < 0)
        return -1;
    if (same_nevra(&item.member.nevra, &package->nevra))
        return 0;
    sp_nevra_show(&package->nevra, promised, sizeof(promised));
    sp_nevra_show(&item.member.nevra, found, sizeof(found));
    return sp_fail(err, "metadata-mismatch",
                   "the metadata promised '%.120s', the package is '%.120s'",
                   promised, found);
}

static int
check_headers(const struct sp_cache *cache, const struct sp_plan *plan,
              const struct sp_build_hooks *hooks, struct sp_error *err)
{
    struct sp_build_progress progress = {.phase = "prove",
                                         .total_packages = plan->n};
    struct sp_head_buffer buffer = {0};
    int status = 0;

    for (size_t i = 0; i < plan->n && status == 0; i++) {
        status = check_header(cache, &buffer, &plan->packages[i], err);
        if (status == 0)
            status = sp_hooks_stopped(hooks, err);
        progress.packages = i + 1;
        sp_hooks_progress(hooks, &progress);
    }
    free(buffer.data);
    return status;
}

/* All packages are open at once: the jail opens nothing. */
static int
open_all(const struct sp_cache *cache, const struct sp_plan *plan, int *files,
         struct sp_error *err)
{
    char name[SP_CACHE_NAME_MAX];
    struct rlimit files_max;

    if (getrlimit(RLIMIT_NOFILE, &files_max) == 0) {
        files_max.rlim_cur = files_max.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &files_max);
    }
    for (size_t i = 0; i < plan->n; i++) {
        sp_cache_name_digest(name, &plan->packages[i].digest);
        files[i] =
            openat(cache->dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        if (files[i] < 0)
            return sp_fail_sys(err, errno, "io",
                               "cannot open '%s' in the cache", name);
    }
    return 0;
}

static int
differs(const struct sp_nevra *odd, const struct sp_plan *plan,
        struct sp_error *err)
{
    char shown[SP_NEVRA_SHOWN_MAX];
    bool planned = false;

    for (size_t i = 0; i < plan->n; i++)
        planned = planned || same_nevra(&plan->packages[i].nevra, odd);
    sp_nevra_show(odd, shown, sizeof(shown));
    return sp_fail(err, "plan-differs",
                   planned ? "with the packages themselves '%.160s' would not "
                             "be installed, unlike with their metadata"
                           : "the packages themselves bring in '%.160s', "
                             "unlike their metadata",
                   shown);
}

static int
solve_again(const struct sp_supply *supply, const int *files,
            const struct sp_build_hooks *hooks, struct sp_error *err)
{
    const struct sp_nevra *odd = NULL;
    struct sp_plan again = {0};
    int status = sp_resolve_files(supply->request, &supply->groups, files,
                                  &supply->plan, hooks, &again, err);

    if (status < 0)
        (void)sp_fail_prefix(err, "proof of the downloads");
    else if (!sp_plan_equal(&supply->plan, &again, &odd))
        status = differs(odd, &supply->plan, err);
    sp_plan_release(&again);
    return status;
}

int
sp_selfcheck(const struct sp_cache *cache, const struct sp_supply *supply,
             const struct sp_build_hooks *hooks, struct sp_error *err)
{
    const struct sp_plan *plan = &supply->plan;
    SP_AUTO_FREE int *files = calloc(plan->n + 1, sizeof(*files));
    int status;

    if (!files)
        return sp_fail(err, "no-memory", "no memory for the proof");
    if (check_headers(cache, plan, hooks, err) < 0)
        return -1;
    if (sp_signed_check(cache, supply, hooks, err) < 0)
        return -1;
    /* A mirrored repository was not solved. */
    if (!supply->request || plan->n == 0)
        return 0;
    memset(files, -1, plan->n * sizeof(*files));
    status = open_all(cache, plan, files, err);
    if (status == 0)
        status = solve_again(supply, files, hooks, err);
    for (size_t i = 0; i < plan->n; i++)
        sp_close_fd(&files[i]);
    return status;
}
