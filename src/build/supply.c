/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build/supply.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/text.h"
#include "build/jailed.h"
#include "build/trust.h"

/* What a request adds to the policy for metadata. */
struct trust {
    struct sp_metadata_policy policy;
    struct sp_trust told;
};

static int
read_trust(const struct sp_request *request, struct trust *trust,
           struct sp_error *err)
{
    struct sp_trust *told = &trust->told;

    if (sp_trust_keys(request, told, err) < 0 ||
        sp_trust_seen(request, told, err) < 0)
        return -1;
    trust->policy.keys = (const char *const *)told->keys;
    trust->policy.n_keys = told->n_keys;
    trust->policy.seen = told->seen;
    trust->policy.n_seen = told->n_seen;
    return 0;
}

/* ---- metadata ---------------------------------------------------------- */

static int
open_file(const struct sp_cache *cache, const struct sp_metadata_file *file,
          int *ret_fd, struct sp_error *err)
{
    int fd;

    if (!file->present)
        return 0;
    fd = openat(cache->dirfd, file->name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return sp_fail_sys(err, errno, "io", "cannot open '%s' in the cache",
                           file->name);
    sp_close_fd(ret_fd);
    *ret_fd = fd;
    return 0;
}

static int
open_metadata(const struct sp_cache *cache, struct sp_supply *supply,
              struct sp_error *err)
{
    size_t n = supply->chosen.n;

    supply->open = calloc(n + 1, sizeof(supply->open[0]));
    if (!supply->open)
        return sp_fail(err, "no-memory", "no memory for repositories");
    for (size_t i = 0; i < n; i++)
        supply->open[i] =
            (struct sp_resolve_repo){supply->chosen.repos[i], -1, -1};
    for (size_t i = 0; i < n; i++) {
        const struct sp_metadata *metadata = &supply->metadata[i];

        if (metadata->available &&
            open_file(cache, &metadata->primary, &supply->open[i].primary_fd,
                      err) < 0)
            return -1;
    }
    return 0;
}

/* Whoever has read nothing knows of no updates, and of none that is missing. */
static int
check_any(const struct sp_supply *supply, struct sp_error *err)
{
    for (size_t i = 0; i < supply->chosen.n; i++)
        if (supply->metadata[i].available)
            return 0;
    if (supply->chosen.n == 0)
        return 0;
    *err = supply->metadata[0].problem;
    return -1;
}

static int
get_metadata(const struct sp_cache *cache, const struct trust *trust,
             const struct sp_build_hooks *hooks, struct sp_supply *supply,
             struct sp_error *err)
{
    size_t n = supply->chosen.n;

    supply->metadata = calloc(n + 1, sizeof(supply->metadata[0]));
    if (!supply->metadata)
        return sp_fail(err, "no-memory", "no memory for repositories");
    if (sp_metadata_fetch(cache, &trust->policy, supply->chosen.repos, n, hooks,
                          supply->metadata, err) < 0 ||
        check_any(supply, err) < 0)
        return -1;
    return open_metadata(cache, supply, err);
}

/* ---- groups ------------------------------------------------------------ */

static bool
names_groups(const struct sp_request *request)
{
    struct sp_request_field field;
    size_t cursor = 0;

    while (sp_request_next(request, SP_REQUEST_KEY_SPEC, &cursor, &field))
        if (field.value.bytes[0] == '@')
            return true;
    return false;
}

static int
read_groups(const struct sp_cache *cache, const struct sp_metadata *metadata,
            const struct sp_build_hooks *hooks, struct sp_groups *groups,
            struct sp_error *err)
{
    struct sp_metadata_file lines;
    SP_AUTO_FREE char *text = NULL;
    size_t size = 0;

    if (sp_jailed_groups(cache, metadata->group.name, hooks, &lines, err) ==
            0 &&
        sp_read_file(cache->dirfd, lines.name, SP_JAILED_GROUPS_BYTES, &text,
                     &size, err) == 0 &&
        sp_groups_add(groups, text, size, err) == 0)
        return 0;
    return sp_fail_prefix(err, "repository '%s'", metadata->repo->id);
}

/* Only who names a group has them read. */
static int
get_groups(const struct sp_cache *cache, const struct sp_build_hooks *hooks,
           struct sp_supply *supply, struct sp_error *err)
{
    if (!names_groups(supply->request))
        return 0;
    for (size_t i = 0; i < supply->chosen.n; i++) {
        const struct sp_metadata *metadata = &supply->metadata[i];

        if (metadata->available && metadata->group.present &&
            read_groups(cache, metadata, hooks, &supply->groups, err) < 0)
            return -1;
    }
    sp_groups_ready(&supply->groups);
    return 0;
}

/* ---- solving ----------------------------------------------------------- */

/* All paths that were asked for so far, without repetition. */
struct paths {
    char *list[SP_JAILED_PATHS];
    size_t n;
};

static bool
has_path(const struct paths *paths, const char *path)
{
    for (size_t i = 0; i < paths->n; i++)
        if (strcmp(paths->list[i], path) == 0)
            return true;
    return false;
}

/* Returns how many are new, -1 without memory. */
static int
collect_paths(const struct sp_plan *plan, struct paths *paths,
              struct sp_error *err)
{
    int added = 0;

    for (size_t i = 0; i < plan->n_notes; i++) {
        const struct sp_plan_note *note = &plan->notes[i];

        if (note->kind != SP_NOTE_UNMET || paths->n == SP_JAILED_PATHS ||
            has_path(paths, note->subject))
            continue;
        paths->list[paths->n] = strdup(note->subject);
        if (!paths->list[paths->n])
            return sp_fail(err, "no-memory", "no memory for a path");
        paths->n++;
        added++;
    }
    return added;
}

static int
get_filelists(const struct sp_cache *cache, const struct trust *trust,
              const struct paths *paths, const struct sp_build_hooks *hooks,
              struct sp_supply *supply, struct sp_error *err)
{
    for (size_t i = 0; i < supply->chosen.n; i++) {
        struct sp_metadata_file cut = {0};

        if (!supply->metadata[i].available)
            continue;
        if (sp_metadata_filelists(cache, &trust->policy, &supply->metadata[i],
                                  (const char *const *)paths->list, paths->n,
                                  hooks, &cut, err) < 0 ||
            open_file(cache, &cut, &supply->open[i].filelists_fd, err) < 0)
            return -1;
    }
    return 0;
}

/* Solves, and again with the file lists that the last solve lacked. */
static int
solve(const struct sp_cache *cache, const struct trust *trust,
      const struct sp_build_hooks *hooks, struct sp_supply *supply,
      struct paths *paths, struct sp_error *err)
{
    int status = -1;

    for (int round = 0; round < SP_SUPPLY_ROUNDS; round++) {
        int added;

        sp_plan_release(&supply->plan);
        status = sp_resolve(supply->request, supply->open, supply->chosen.n,
                            &supply->groups, hooks, &supply->plan, err);
        added = collect_paths(&supply->plan, paths, err);
        if (added < 0)
            return -1;
        if (added == 0)
            return status;
        if (get_filelists(cache, trust, paths, hooks, supply, err) < 0)
            return -1;
        memset(err, 0, sizeof(*err));
    }
    return sp_fail(err, "unsolvable", "no end of paths that are required");
}

/* ---- advisories -------------------------------------------------------- */

static int
read_advisories(const struct sp_cache *cache,
                const struct sp_metadata_file *updateinfo,
                const struct sp_build_hooks *hooks, struct sp_supply *supply,
                struct sp_error *err)
{
    struct sp_metadata_file lines;
    SP_AUTO_FILE *file = NULL;
    int fd = -1;

    if (sp_jailed_advisories(cache, updateinfo->name, hooks, &lines, err) < 0 ||
        open_file(cache, &lines, &fd, err) < 0)
        return -1;
    file = fdopen(fd, "r");
    if (!file) {
        sp_close_fd(&fd);
        return sp_fail(err, "no-memory", "no memory for advisories");
    }
    return sp_advisories_add(&supply->advisories, file, &supply->plan, err);
}

/* Hints: what cannot be read is told, and only a wish to stop counts. */
static int
get_advisories(const struct sp_cache *cache, const struct sp_build_hooks *hooks,
               struct sp_supply *supply, struct sp_error *err)
{
    for (size_t i = 0; supply->plan.n > 0 && i < supply->chosen.n; i++) {
        struct sp_metadata *metadata = &supply->metadata[i];

        if (metadata->available && metadata->updateinfo.present)
            (void)read_advisories(cache, &metadata->updateinfo, hooks, supply,
                                  &metadata->unread);
        if (sp_hooks_stopped(hooks, err) < 0)
            return -1;
    }
    sp_advisories_sort(&supply->advisories);
    return 0;
}

static int
check_limits(const struct sp_supply *supply, struct sp_error *err)
{
    const struct sp_request *request = supply->request;
    uint64_t bytes = sp_plan_bytes(&supply->plan);

    if (supply->plan.n > request->limit_files)
        return sp_fail(err, "too-many-files",
                       "%zu packages; the request allows %" PRIu64,
                       supply->plan.n, request->limit_files);
    if (bytes > request->limit_bytes)
        return sp_fail(err, "too-many-bytes",
                       "%" PRIu64 " bytes of packages; the request allows "
                       "%" PRIu64,
                       bytes, request->limit_bytes);
    return 0;
}

int
sp_supply_plan(const struct sp_cache *cache,
               const struct sp_fetch_policy *fetch, bool allow_http,
               const struct sp_request *request,
               const struct sp_build_hooks *hooks, struct sp_supply *ret,
               struct sp_error *err)
{
    struct trust trust = {
        .policy = {.fetch = *fetch, .allow_http = allow_http}};
    struct paths paths = {.n = 0};
    int status = -1;

    memset(ret, 0, sizeof(*ret));
    ret->request = request;
    if (read_trust(request, &trust, err) == 0 &&
        sp_choose(request, &ret->chosen, err) == 0 &&
        get_metadata(cache, &trust, hooks, ret, err) == 0 &&
        get_groups(cache, hooks, ret, err) == 0 &&
        solve(cache, &trust, hooks, ret, &paths, err) == 0 &&
        get_advisories(cache, hooks, ret, err) == 0)
        status = check_limits(ret, err);
    for (size_t i = 0; i < paths.n; i++)
        free(paths.list[i]);
    sp_trust_release(&trust.told);
    return status;
}

int
sp_supply_mirror(const struct sp_cache *cache,
                 const struct sp_fetch_policy *fetch, bool allow_http,
                 const char *arch, const struct sp_build_hooks *hooks,
                 struct sp_supply *supply, struct sp_error *err)
{
    const struct trust trust = {
        .policy = {.fetch = *fetch, .allow_http = allow_http}};

    if (supply->chosen.n != 1)
        return sp_fail(err, "usage", "a mirror is of one repository");
    if (get_metadata(cache, &trust, hooks, supply, err) < 0)
        return -1;
    return sp_resolve_newest(&supply->open[0], arch, hooks, &supply->plan, err);
}

void
sp_supply_release(struct sp_supply *supply)
{
    for (size_t i = 0; supply->open && i < supply->chosen.n; i++) {
        sp_close_fd(&supply->open[i].primary_fd);
        sp_close_fd(&supply->open[i].filelists_fd);
    }
    free(supply->open);
    if (supply->metadata)
        sp_metadata_release(supply->metadata, supply->chosen.n);
    free(supply->metadata);
    sp_groups_release(&supply->groups);
    sp_advisories_release(&supply->advisories);
    sp_plan_release(&supply->plan);
    sp_chosen_release(&supply->chosen);
    memset(supply, 0, sizeof(*supply));
}
