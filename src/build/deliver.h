/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `build --request` and `build --mirror`: metadata, plans, downloads, the
 * proof, one bundle for all requests. `check` ends behind the plans.
 */
#ifndef SP_BUILD_DELIVER_H
#define SP_BUILD_DELIVER_H

#include "build/build.h"
#include "build/requests.h"
#include "build/supply.h"

struct sp_deliver {
    struct sp_fetch_policy fetch;
    const char *cache_dir; /* NULL = the standard one */
    bool allow_http;       /* also for metadata, where it proves nothing */
    const struct sp_requests *requests;
    /* Instead of requests: a repository of the *.repo files in repo_dir. */
    const char *mirror;
    const char *repo_dir;
    const char *arch, *releasever;
    const char *const *ids; /* that the bundle answers, sorted */
    size_t n_ids;
};

struct sp_delivered {
    struct sp_supply *supplies; /* one a request, or the mirror's */
    size_t n;
    uint64_t updates;    /* different packages in all plans */
    uint64_t downloaded; /* bytes that came over the network */
    struct sp_pack_result packed;
};

/*
 * out NULL: only the plans. `planned` (or NULL) is told when they are made,
 * before anything is downloaded. The caller releases *ret, also after a
 * failure: its plans tell the problems. Reasons: those of sp_supply_plan,
 * sp_fetch, sp_selfcheck, sp_pack; usage (a request that only checks).
 */
int sp_deliver(const struct sp_deliver *job, struct sp_outlet *out,
               const struct sp_build_hooks *hooks,
               void (*planned)(void *data, const struct sp_delivered *plans),
               struct sp_delivered *ret, struct sp_error *err);
void sp_delivered_release(struct sp_delivered *delivered);

#endif
