/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build/signed.h"

#include <stdlib.h>

#include "base/text.h"
#include "build/head.h"
#include "build/keys.h"
#include "build/trust.h"
#include "bundle/rpm.h"

static int
verify_one(struct sp_keyring *ring, const struct sp_cache *cache,
           struct sp_head_buffer *buffer, const struct sp_plan_package *package,
           struct sp_error *err)
{
    char name[SP_CACHE_NAME_MAX], shown[SP_SHOWN_MAX];
    const struct sp_pack_source source = {
        .shown = package->location, .dirfd = cache->dirfd, .path = name};
    struct sp_pack_item item;
    struct sp_rpm rpm;

    sp_cache_name_digest(name, &package->digest);
    if (sp_head_read(buffer, &source, &item, err) < 0 ||
        sp_rpm_parse(buffer->data, (size_t)item.member.head_size, &rpm, err) <
            0)
        return -1;
    if (sp_keyring_verify(
            ring, "the package", buffer->data + rpm.main_header.offset,
            rpm.main_header.size, buffer->data + rpm.signature.offset,
            rpm.signature.size, err) == 0)
        return 0;
    sp_text_show(shown, sizeof(shown), package->location);
    return sp_fail_prefix(err, "'%s'", shown);
}

static int
verify_all(struct sp_keyring *ring, const struct sp_cache *cache,
           const struct sp_supply *supply, const struct sp_build_hooks *hooks,
           struct sp_error *err)
{
    const struct sp_plan *plan = &supply->plan;
    struct sp_build_progress progress = {.phase = "verify",
                                         .total_packages = plan->n};
    struct sp_head_buffer buffer = {0};
    int status = 0;

    for (size_t i = 0; i < plan->n && status == 0; i++) {
        const struct sp_plan_package *package = &plan->packages[i];

        status = verify_one(ring, cache, &buffer, package, err);
        if (status < 0)
            (void)sp_fail_prefix(err, "repository '%s'",
                                 supply->chosen.repos[package->repo]->id);
        if (status == 0)
            status = sp_hooks_stopped(hooks, err);
        progress.packages = i + 1;
        sp_hooks_progress(hooks, &progress);
    }
    free(buffer.data);
    return status;
}

int
sp_signed_check(const struct sp_cache *cache, const struct sp_supply *supply,
                const struct sp_build_hooks *hooks, struct sp_error *err)
{
    struct sp_trust trust = {.n_keys = 0};
    struct sp_keyring *ring;
    int status = 0;

    if (!supply->request || supply->plan.n == 0)
        return 0;
    if (sp_trust_keys(supply->request, &trust, err) < 0)
        status = -1;
    if (status == 0 && trust.n_keys > 0) {
        ring =
            sp_keyring_open((const char *const *)trust.keys, trust.n_keys, err);
        status = ring ? verify_all(ring, cache, supply, hooks, err) : -1;
        if (ring)
            sp_keyring_close(ring);
    }
    sp_trust_release(&trust);
    return status;
}
