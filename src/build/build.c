/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build/build.h"

#include <fcntl.h>
#include <string.h>

#include "base/auto.h"
#include "base/text.h"

static int
check_list(const struct sp_build_plan *plan, struct sp_error *err)
{
    const struct sp_list *list = plan->list;
    char shown[SP_SHOWN_MAX];

    if (list->n == 0 && !plan->allow_empty)
        return sp_fail(err, "usage",
                       "the list names no package (--allow-empty builds a "
                       "bundle that says so)");
    for (size_t i = 0; i < list->n; i++) {
        const struct sp_list_entry *entry = &list->entries[i];

        if (!entry->is_url || entry->is_https || entry->has_sha256 ||
            plan->allow_http)
            continue;
        sp_text_show(shown, sizeof(shown), entry->location);
        return sp_fail(err, "list-syntax",
                       "line %u: http without a digest: '%s' (add sha256:HEX, "
                       "use https, or allow it with --allow-http)",
                       entry->line, shown);
    }
    return sp_list_check_unique(list, err);
}

static size_t
list_urls(const struct sp_list *list, struct sp_fetch_item *items)
{
    size_t n = 0;

    for (size_t i = 0; i < list->n; i++) {
        const struct sp_list_entry *entry = &list->entries[i];

        if (!entry->is_url)
            continue;
        items[n].url = entry->location;
        items[n].expect_rpm = true;
        if (entry->has_sha256)
            items[n].digest = sp_digest_sha256(entry->sha256);
        n++;
    }
    return n;
}

/* items: the URLs of the list, in its order, downloaded. */
static void
list_sources(const struct sp_list *list, const struct sp_fetch_item *items,
             int cache_fd, struct sp_pack_source *sources)
{
    for (size_t i = 0; i < list->n; i++) {
        const struct sp_list_entry *entry = &list->entries[i];
        struct sp_pack_source *source = &sources[i];

        source->shown = entry->location;
        source->why = SP_WHY_LISTED;
        source->dirfd = entry->is_url ? cache_fd : AT_FDCWD;
        source->path = entry->is_url ? items++->name : entry->location;
        source->proof = !entry->has_sha256 ? SP_PROOF_PAYLOAD
                        : entry->is_url    ? SP_PROOF_DONE
                                           : SP_PROOF_FILE;
        memcpy(source->sha256, entry->sha256, sizeof(entry->sha256));
    }
}

static int
fetch_and_pack(const struct sp_build_plan *plan, struct sp_fetch_item *items,
               size_t n_items, struct sp_pack_source *sources,
               struct sp_outlet *out, const struct sp_build_hooks *hooks,
               struct sp_build_result *ret, struct sp_error *err)
{
    const struct sp_pack_load load = {.sources = sources,
                                      .n = plan->list->n,
                                      .requests = plan->requests,
                                      .n_requests = plan->n_requests};
    struct sp_cache cache = {.dirfd = -1, .lock_fd = -1};
    int status = 0;

    if (n_items > 0) {
        if (sp_cache_open(&cache, plan->cache_dir, err) < 0)
            return -1;
        status = sp_fetch(&cache, &plan->fetch, items, n_items, hooks, err);
        for (size_t i = 0; i < n_items; i++)
            ret->downloaded += items[i].bytes;
    }
    list_sources(plan->list, items, cache.dirfd, sources);
    if (status == 0)
        status = sp_pack(&load, out, hooks, &ret->packed, err);
    sp_cache_close(&cache);
    return status;
}

int
sp_build(const struct sp_build_plan *plan, struct sp_outlet *out,
         const struct sp_build_hooks *hooks, struct sp_build_result *ret,
         struct sp_error *err)
{
    size_t n = plan->list->n;
    SP_AUTO_FREE struct sp_fetch_item *items = calloc(n + 1, sizeof(*items));
    SP_AUTO_FREE struct sp_pack_source *sources =
        calloc(n + 1, sizeof(*sources));

    if (!items || !sources)
        return sp_fail(err, "no-memory", "no memory for %zu packages", n);
    memset(ret, 0, sizeof(*ret));
    if (check_list(plan, err) < 0)
        return -1;
    return fetch_and_pack(plan, items, list_urls(plan->list, items), sources,
                          out, hooks, ret, err);
}
