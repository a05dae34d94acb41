/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What signed metadata lists, as far as it matters here: packages of the
 * names that came, and of those that are installed or were asked for. Two
 * questions to it: is what came what is listed, and did something not come?
 */
#ifndef SP_INGEST_LISTING_H
#define SP_INGEST_LISTING_H

#include "base/error.h"
#include "ingest/pending.h"
#include "ingest/policy.h"
#include "ingest/receive.h"

struct sp_listed {
    struct sp_nevra nevra;
    uint8_t sha256[32];
    uint32_t repository; /* index in the freshness of the outcome */
};

struct sp_listing {
    struct sp_listed *entries; /* sorted once sp_listing_sort was called */
    size_t n, capacity;
};

int sp_listing_add(struct sp_listing *listing,
                   const struct sp_report_listed *listed, uint32_t repository,
                   struct sp_error *err);
void sp_listing_sort(struct sp_listing *listing);
void sp_listing_release(struct sp_listing *listing);

/*
 * Is each package what the metadata of its signer lists? One that is listed
 * with another digest, or with other versions only, is "mix-and-match"; noted
 * in the package. What is not listed at all may come from elsewhere.
 */
int sp_listing_match(const struct sp_listing *listing,
                     struct sp_outcome *outcome, struct sp_error *err);

/*
 * Notes in outcome->freshness.withheld the newest version of each name that
 * the request should have brought and that did not come.
 */
int sp_listing_withheld(const struct sp_listing *listing,
                        const struct sp_policy *policy,
                        const struct sp_wanted *wanted,
                        struct sp_outcome *outcome, struct sp_error *err);

#endif
