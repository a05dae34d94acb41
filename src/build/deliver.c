/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build/deliver.h"

#include <string.h>

#include "base/auto.h"
#include "base/sha256.h"
#include "base/text.h"
#include "build/attach.h"
#include "build/selfcheck.h"
#include "bundle/rpm.h"

/* A package of the union, and the first supply that asked for it. */
struct wanted {
    const struct sp_plan_package *package;
    const struct sp_supply *supply;
};

/* The union of all plans, and where it is in the cache. */
struct haul {
    struct wanted *wanted;
    struct sp_fetch_item *items;
    size_t n;
};

/* ---- plans ------------------------------------------------------------- */

static int
refuse_check(const struct sp_request *request, const struct sp_outlet *out,
             struct sp_error *err)
{
    if (!out || (request->action != SP_ACTION_CHECK &&
                 request->action != SP_ACTION_LIST))
        return 0;
    return sp_fail(err, "usage",
                   "the request only asks whether there are updates: use "
                   "'sallyport-builder check'");
}

static int
plan_requests(const struct sp_deliver *job, const struct sp_cache *cache,
              const struct sp_outlet *out, const struct sp_build_hooks *hooks,
              struct sp_delivered *ret, struct sp_error *err)
{
    for (size_t i = 0; i < job->requests->n; i++) {
        const struct sp_request *request = &job->requests->parsed[i];

        if (refuse_check(request, out, err) < 0)
            return -1;
        ret->n = i + 1;
        if (sp_supply_plan(cache, &job->fetch, job->allow_http, request, hooks,
                           &ret->supplies[i], err) < 0)
            return job->requests->n == 1
                       ? -1
                       : sp_fail_prefix(err, "request %s", request->id);
    }
    return 0;
}

static int
plan_mirror(const struct sp_deliver *job, const struct sp_cache *cache,
            const struct sp_build_hooks *hooks, struct sp_delivered *ret,
            struct sp_error *err)
{
    const struct sp_repo_var vars[] = {{"arch", job->arch},
                                       {"basearch", job->arch},
                                       {"releasever", job->releasever}};
    struct sp_supply *supply = &ret->supplies[0];

    ret->n = 1;
    if (sp_choose_one(job->repo_dir, job->mirror, vars, job->releasever ? 3 : 2,
                      &supply->chosen, err) < 0)
        return -1;
    return sp_supply_mirror(cache, &job->fetch, job->allow_http, job->arch,
                            hooks, supply, err);
}

/* ---- the union --------------------------------------------------------- */

static int
compare_wanted(const void *a, const void *b)
{
    const struct wanted *x = a;
    const struct wanted *y = b;
    int order = sp_request_order(&x->package->nevra, &y->package->nevra);

    if (order == 0)
        order = sp_digest_order(&x->package->digest, &y->package->digest);
    return order ? order : (x > y) - (x < y);
}

static int
two_files(const struct wanted *a, struct sp_error *err)
{
    char shown[SP_NEVRA_SHOWN_MAX];

    sp_nevra_show(&a->package->nevra, shown, sizeof(shown));
    return sp_fail(err, "duplicate-nevra",
                   "the requests want two different files of '%.160s': build "
                   "a bundle for each",
                   shown);
}

/* Sorts, and keeps one of each file. */
static int
unite(struct wanted *wanted, size_t *n, struct sp_error *err)
{
    size_t kept = 0;

    if (*n > 0)
        qsort(wanted, *n, sizeof(wanted[0]), compare_wanted);
    for (size_t i = 0; i < *n; i++) {
        const struct sp_plan_package *last =
            kept ? wanted[kept - 1].package : NULL;
        const struct sp_plan_package *this = wanted[i].package;

        if (last && sp_request_order(&last->nevra, &this->nevra) == 0) {
            if (sp_digest_order(&last->digest, &this->digest) != 0)
                return two_files(&wanted[i], err);
            continue;
        }
        wanted[kept++] = wanted[i];
    }
    *n = kept;
    return 0;
}

static size_t
list_wanted(const struct sp_delivered *delivered, struct wanted *wanted)
{
    size_t n = 0;

    for (size_t i = 0; i < delivered->n; i++)
        for (size_t k = 0; k < delivered->supplies[i].plan.n; k++)
            wanted[n++] =
                (struct wanted){&delivered->supplies[i].plan.packages[k],
                                &delivered->supplies[i]};
    return n;
}

static size_t
count_wanted(const struct sp_delivered *delivered)
{
    size_t n = 0;

    for (size_t i = 0; i < delivered->n; i++)
        n += delivered->supplies[i].plan.n;
    return n;
}

/* ---- download, proof, bundle ------------------------------------------- */

static void
fill_item(const struct wanted *wanted, struct sp_fetch_item *item)
{
    const struct sp_plan_package *package = wanted->package;
    const struct sp_metadata *metadata =
        &wanted->supply->metadata[package->repo];

    item->mirrors = metadata->mirrors;
    item->location = package->location;
    item->proxy = metadata->repo->proxy;
    item->repo = metadata->repo->id;
    item->digest = package->digest;
    item->size = package->size;
    item->expect_rpm = true;
}

static int
fetch_all(const struct sp_deliver *job, const struct sp_cache *cache,
          const struct haul *haul, const struct sp_build_hooks *hooks,
          struct sp_delivered *ret, struct sp_error *err)
{
    int status;

    for (size_t i = 0; i < haul->n; i++)
        fill_item(&haul->wanted[i], &haul->items[i]);
    status = haul->n == 0 ? 0
                          : sp_fetch(cache, &job->fetch, haul->items, haul->n,
                                     hooks, err);
    for (size_t i = 0; i < haul->n; i++)
        ret->downloaded += haul->items[i].bytes;
    return status;
}

static int
prove(const struct sp_cache *cache, const struct sp_delivered *delivered,
      const struct sp_build_hooks *hooks, struct sp_error *err)
{
    for (size_t i = 0; i < delivered->n; i++)
        if (sp_selfcheck(cache, &delivered->supplies[i], hooks, err) < 0)
            return -1;
    return 0;
}

static void
fill_source(const struct sp_cache *cache, const struct wanted *wanted,
            const struct sp_fetch_item *item, struct sp_pack_source *source)
{
    source->shown = wanted->package->location;
    source->dirfd = cache->dirfd;
    source->path = item->name;
    source->why = wanted->package->why;
    source->proof = SP_PROOF_DONE;
}

static int
pack(const struct sp_deliver *job, const struct sp_cache *cache,
     const struct sp_pack_source *sources, size_t n, struct sp_outlet *out,
     const struct sp_build_hooks *hooks, struct sp_delivered *ret,
     struct sp_error *err)
{
    struct sp_attachments attached = {0};
    struct sp_pack_load load = {.sources = sources,
                                .n = n,
                                .requests = job->ids,
                                .n_requests = job->n_ids};
    int status = sp_attach(cache, ret->supplies, ret->n, &attached, err);

    load.evidence = attached.list;
    load.n_evidence = attached.n;
    if (status == 0)
        status = sp_pack(&load, out, hooks, &ret->packed, err);
    sp_attachments_release(&attached);
    return status;
}

static int
prove_and_pack(const struct sp_deliver *job, const struct sp_cache *cache,
               const struct haul *haul, struct sp_outlet *out,
               const struct sp_build_hooks *hooks, struct sp_delivered *ret,
               struct sp_error *err)
{
    SP_AUTO_FREE struct sp_pack_source *sources =
        calloc(haul->n + 1, sizeof(*sources));

    if (!sources)
        return sp_fail(err, "no-memory", "no memory for %zu packages", haul->n);
    if (prove(cache, ret, hooks, err) < 0)
        return -1;
    for (size_t i = 0; i < haul->n; i++)
        fill_source(cache, &haul->wanted[i], &haul->items[i], &sources[i]);
    return pack(job, cache, sources, haul->n, out, hooks, ret, err);
}

/* ---- one publication after the other ----------------------------------- */

static void
release_haul(struct haul *haul)
{
    free(haul->wanted);
    free(haul->items);
    *haul = (struct haul){0};
}

static int
plan_all(const struct sp_deliver *job, const struct sp_cache *cache,
         const struct sp_outlet *out, const struct sp_build_hooks *hooks,
         struct haul *haul, struct sp_delivered *ret, struct sp_error *err)
{
    size_t n;

    if ((job->mirror ? plan_mirror(job, cache, hooks, ret, err)
                     : plan_requests(job, cache, out, hooks, ret, err)) < 0)
        return -1;
    n = count_wanted(ret);
    haul->wanted = calloc(n + 1, sizeof(haul->wanted[0]));
    haul->items = calloc(n + 1, sizeof(haul->items[0]));
    if (!haul->wanted || !haul->items)
        return sp_fail(err, "no-memory", "no memory for the packages");
    haul->n = list_wanted(ret, haul->wanted);
    if (unite(haul->wanted, &haul->n, err) < 0)
        return -1;
    ret->updates = haul->n;
    return 0;
}

/* All repomd.xml that the plans are made from, as one digest. */
static void
name_publication(const struct sp_delivered *delivered, uint8_t sha256[32])
{
    struct sp_sha256 hash;

    sp_sha256_init(&hash);
    for (size_t i = 0; i < delivered->n; i++)
        for (size_t k = 0; k < delivered->supplies[i].chosen.n; k++)
            sp_sha256_update(
                &hash, delivered->supplies[i].metadata[k].repomd.sha256, 32);
    sp_sha256_final(&hash, sha256);
}

/* The packages of the old publication are gone, or others of their name. */
static bool
may_be_republished(const struct sp_error *fault)
{
    return strcmp(fault->detail, "http-status") == 0 ||
           strcmp(fault->detail, "download") == 0 ||
           strcmp(fault->detail, "list-digest") == 0;
}

static void
forget_plans(struct haul *haul, struct sp_delivered *ret)
{
    for (size_t i = 0; i < ret->n; i++)
        sp_supply_release(&ret->supplies[i]);
    ret->n = 0;
    release_haul(haul);
}

/*
 * Plans, and gets the packages. Who publishes while we download makes us
 * begin again, with what is in the cache by then.
 */
static int
gather(struct sp_deliver *job, const struct sp_cache *cache,
       const struct sp_outlet *out, const struct sp_build_hooks *hooks,
       void (*planned)(void *data, const struct sp_delivered *plans),
       struct haul *haul, struct sp_delivered *ret, struct sp_error *err)
{
    uint8_t before[32] = {0}, now[32];
    struct sp_error fault = {0};

    for (unsigned restart = 0;; restart++) {
        if (plan_all(job, cache, out, hooks, haul, ret, err) < 0)
            return -1;
        name_publication(ret, now);
        /* The same again can only end the same. */
        if (restart > 0 && memcmp(now, before, sizeof(now)) == 0) {
            *err = fault;
            return -1;
        }
        if (planned)
            planned(hooks ? hooks->data : NULL, ret);
        if (!out || fetch_all(job, cache, haul, hooks, ret, err) == 0)
            return 0;
        if (restart == SP_METADATA_RESTARTS || !may_be_republished(err))
            return -1;
        fault = *err;
        *err = (struct sp_error){0};
        memcpy(before, now, sizeof(before));
        forget_plans(haul, ret);
        job->fetch.no_cache = true;
    }
}

static int
deliver(struct sp_deliver *job, const struct sp_cache *cache,
        struct sp_outlet *out, const struct sp_build_hooks *hooks,
        void (*planned)(void *data, const struct sp_delivered *plans),
        struct sp_delivered *ret, struct sp_error *err)
{
    struct haul haul = {0};
    int status = gather(job, cache, out, hooks, planned, &haul, ret, err);

    if (status == 0 && out)
        status = prove_and_pack(job, cache, &haul, out, hooks, ret, err);
    release_haul(&haul);
    return status;
}

int
sp_deliver(const struct sp_deliver *job, struct sp_outlet *out,
           const struct sp_build_hooks *hooks,
           void (*planned)(void *data, const struct sp_delivered *plans),
           struct sp_delivered *ret, struct sp_error *err)
{
    struct sp_cache cache = {.dirfd = -1, .lock_fd = -1};
    struct sp_deliver own = *job;
    int status;

    memset(ret, 0, sizeof(*ret));
    ret->supplies = calloc((job->mirror ? 1 : job->requests->n) + 1,
                           sizeof(ret->supplies[0]));
    if (!ret->supplies)
        return sp_fail(err, "no-memory", "no memory for the requests");
    if (sp_cache_open(&cache, job->cache_dir, err) < 0)
        return -1;
    own.fetch.session = sp_session_open(err);
    status = own.fetch.session
                 ? deliver(&own, &cache, out, hooks, planned, ret, err)
                 : -1;
    sp_session_close(own.fetch.session);
    sp_cache_close(&cache);
    return status;
}

void
sp_delivered_release(struct sp_delivered *delivered)
{
    for (size_t i = 0; i < delivered->n; i++)
        sp_supply_release(&delivered->supplies[i]);
    free(delivered->supplies);
    memset(delivered, 0, sizeof(*delivered));
}
