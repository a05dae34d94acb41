/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One request: its repositories, their metadata, and the plan. */
#ifndef SP_BUILD_SUPPLY_H
#define SP_BUILD_SUPPLY_H

#include "build/advisories.h"
#include "build/choose.h"
#include "build/metadata.h"
#include "build/plan.h"
#include "build/resolve.h"

/* Paths come to light one after the other: A needs /a, its owner needs /b. */
enum { SP_SUPPLY_ROUNDS = 8 };

struct sp_supply {
    const struct sp_request *request; /* NULL: a mirrored repository */
    struct sp_chosen chosen;
    struct sp_metadata *metadata; /* chosen.n */
    struct sp_resolve_repo *open; /* descriptors in the cache, likewise */
    struct sp_groups groups;      /* of all of them, when a spec names one */
    struct sp_plan plan;
    struct sp_advisories advisories; /* hints about the plan */
};

/*
 * Fills *ret from the request. A repository that may be skipped and cannot be
 * had stands in ->metadata with its problem. The caller releases, also after
 * a failure; ->plan then tells what it can. Reasons: those of sp_choose,
 * sp_metadata_fetch, sp_resolve; too-many-bytes, too-many-files (the limits
 * of the request), io.
 */
int sp_supply_plan(const struct sp_cache *cache,
                   const struct sp_fetch_policy *fetch, bool allow_http,
                   const struct sp_request *request,
                   const struct sp_build_hooks *hooks, struct sp_supply *ret,
                   struct sp_error *err);

/* The newest of every package of the one chosen repository. */
int sp_supply_mirror(const struct sp_cache *cache,
                     const struct sp_fetch_policy *fetch, bool allow_http,
                     const char *arch, const struct sp_build_hooks *hooks,
                     struct sp_supply *supply, struct sp_error *err);

void sp_supply_release(struct sp_supply *supply);

#endif
