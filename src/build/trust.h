/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a request says about keys, and about metadata that was seen before. */
#ifndef SP_BUILD_TRUST_H
#define SP_BUILD_TRUST_H

#include "build/metadata.h"
#include "bundle/request.h"

enum { SP_TRUST_KEYS_MAX = 64 };

struct sp_trust {
    char *keys[SP_TRUST_KEYS_MAX]; /* armored */
    size_t n_keys;
    struct sp_metadata_seen seen[SP_REPO_MAX_REPOS];
    char *seen_ids[SP_REPO_MAX_REPOS];
    size_t n_seen;
};

/* Both add to *trust; the caller releases. Reason: no-memory. */
int sp_trust_keys(const struct sp_request *request, struct sp_trust *trust,
                  struct sp_error *err);
int sp_trust_seen(const struct sp_request *request, struct sp_trust *trust,
                  struct sp_error *err);
void sp_trust_release(struct sp_trust *trust);

#endif
