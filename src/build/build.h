/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `build --list`: what is listed is downloaded where needed, and packed. */
#ifndef SP_BUILD_BUILD_H
#define SP_BUILD_BUILD_H

#include "build/fetch.h"
#include "build/list.h"
#include "build/pack.h"

struct sp_build_plan {
    const struct sp_list *list;
    struct sp_fetch_policy fetch;
    const char *cache_dir; /* NULL = the standard one */
    /* http URLs without a digest: anybody on the way can swap the file. */
    bool allow_http;
    bool allow_empty;
    const char *const *requests; /* ids that the bundle answers, sorted */
    size_t n_requests;
};

struct sp_build_result {
    struct sp_pack_result packed;
    uint64_t downloaded; /* bytes that came over the network */
};

int sp_build(const struct sp_build_plan *plan, struct sp_outlet *out,
             const struct sp_build_hooks *hooks, struct sp_build_result *ret,
             struct sp_error *err);

#endif
