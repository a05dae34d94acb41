/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ingest/listing.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/evr.h"
#include "bundle/rpm.h"

static int
compare_evr(const struct sp_nevra *a, const struct sp_nevra *b)
{
    return sp_evr_compare(a->epoch, a->version, a->release, b->epoch,
                          b->version, b->release);
}

static int
compare_names(const struct sp_nevra *a, const struct sp_nevra *b)
{
    int order = strcmp(a->name, b->name);

    return order ? order : strcmp(a->arch, b->arch);
}

/* By name and architecture, the newest first. */
static int
by_name(const void *a, const void *b)
{
    const struct sp_listed *x = a, *y = b;
    int order = compare_names(&x->nevra, &y->nevra);

    return order ? order : compare_evr(&y->nevra, &x->nevra);
}

int
sp_listing_add(struct sp_listing *listing,
               const struct sp_report_listed *listed, uint32_t repository,
               struct sp_error *err)
{
    struct sp_listed *entry;

    if (listing->n == listing->capacity) {
        size_t capacity = listing->capacity ? 2 * listing->capacity : 256;

        entry = reallocarray(listing->entries, capacity, sizeof(*entry));
        if (!entry)
            return sp_fail(err, "no-memory", "no memory for signed metadata");
        listing->entries = entry;
        listing->capacity = capacity;
    }
    entry = &listing->entries[listing->n++];
    entry->nevra = listed->nevra;
    memcpy(entry->sha256, listed->sha256, sizeof(entry->sha256));
    entry->repository = repository;
    return 0;
}

void
sp_listing_sort(struct sp_listing *listing)
{
    if (listing->n > 0)
        qsort(listing->entries, listing->n, sizeof(*listing->entries), by_name);
}

void
sp_listing_release(struct sp_listing *listing)
{
    free(listing->entries);
    memset(listing, 0, sizeof(*listing));
}

/* The entries of this name and architecture. Returns how many. */
static size_t
find(const struct sp_listing *listing, const struct sp_nevra *nevra,
     const struct sp_listed **ret)
{
    size_t low = 0, high = listing->n, n = 0;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (compare_names(&listing->entries[middle].nevra, nevra) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    while (low + n < listing->n &&
           compare_names(&listing->entries[low + n].nevra, nevra) == 0)
        n++;
    *ret = listing->n ? &listing->entries[low] : NULL;
    return n;
}

static bool
same_version(const struct sp_nevra *a, const struct sp_nevra *b)
{
    return a->epoch == b->epoch && strcmp(a->version, b->version) == 0 &&
           strcmp(a->release, b->release) == 0;
}

static int
refuse(const struct sp_package *p, const struct sp_listed *listed,
       const struct sp_repository *r, struct sp_error *err)
{
    char evr[SP_NEVRA_SHOWN_MAX], shown[SP_NEVRA_SHOWN_MAX];

    sp_nevra_evr(&listed->nevra, evr, sizeof(evr));
    sp_nevra_show(&p->facts.nevra, shown, sizeof(shown));
    if (same_version(&p->facts.nevra, &listed->nevra))
        return sp_fail(err, "mix-and-match",
                       "'%.160s' is another file than the signed metadata of "
                       "'%s' lists",
                       shown, r->label);
    return sp_fail(err, "mix-and-match",
                   "the signed metadata of '%s' lists %.80s, not '%.160s'",
                   r->label, evr, shown);
}

/* Only metadata by the signer of the package speaks about it. */
static int
match(const struct sp_listing *listing, const struct sp_outcome *outcome,
      const struct sp_package *p, struct sp_error *err)
{
    const struct sp_listed *entries, *against = NULL;
    size_t n = find(listing, &p->facts.nevra, &entries);

    for (size_t i = 0; i < n; i++) {
        const struct sp_repository *r =
            &outcome->freshness.repositories[entries[i].repository];
        bool same = same_version(&entries[i].nevra, &p->facts.nevra);

        if (strcmp(r->primary_fpr, p->primary_fpr) != 0)
            continue;
        if (same && memcmp(entries[i].sha256, p->facts.file_sha256,
                           sizeof(entries[i].sha256)) == 0)
            return 0;
        if (!against || same)
            against = &entries[i];
    }
    if (!against)
        return 0;
    return refuse(p, against,
                  &outcome->freshness.repositories[against->repository], err);
}

int
sp_listing_match(const struct sp_listing *listing, struct sp_outcome *outcome,
                 struct sp_error *err)
{
    int status = 0;

    for (uint64_t i = 0; i < outcome->n_packages; i++) {
        struct sp_package *p = &outcome->packages[i];

        if (p->error.code != SP_OK ||
            match(listing, outcome, p, &p->error) == 0 || status < 0)
            continue;
        *err = p->error;
        outcome->refused_index = p->index;
        status = -1;
    }
    return status;
}

/* Does the delivery bring this version, or a newer one? */
static bool
brings(const struct sp_outcome *outcome, const struct sp_nevra *wanted)
{
    for (uint64_t i = 0; i < outcome->n_packages; i++) {
        const struct sp_nevra *n = &outcome->packages[i].facts.nevra;

        if (strcmp(n->name, wanted->name) == 0 && compare_evr(n, wanted) >= 0)
            return true;
    }
    return false;
}

static bool
is_missing(const struct sp_policy *policy, const struct sp_wanted *wanted,
           const struct sp_outcome *outcome, const struct sp_nevra *newest)
{
    const struct sp_floor_entry *installed =
        sp_floor_find(&wanted->installed, newest->name);

    return sp_policy_runs_arch(policy, newest->arch) &&
           sp_wanted_newest(wanted, newest) &&
           (!installed || sp_floor_compare(newest, installed) > 0) &&
           !brings(outcome, newest);
}

static int
note(struct sp_outcome *outcome, const struct sp_listed *listed,
     struct sp_error *err)
{
    struct sp_freshness *f = &outcome->freshness;
    struct sp_withheld *more =
        reallocarray(f->withheld, f->n_withheld + 1, sizeof(*more));

    if (!more)
        return sp_fail(err, "no-memory", "no memory for signed metadata");
    f->withheld = more;
    more += f->n_withheld++;
    more->nevra = listed->nevra;
    memcpy(more->label, f->repositories[listed->repository].label,
           sizeof(more->label));
    return 0;
}

int
sp_listing_withheld(const struct sp_listing *listing,
                    const struct sp_policy *policy,
                    const struct sp_wanted *wanted, struct sp_outcome *outcome,
                    struct sp_error *err)
{
    for (size_t i = 0; i < listing->n; i++) {
        const struct sp_listed *newest = &listing->entries[i];

        if (i > 0 && compare_names(&newest[-1].nevra, &newest->nevra) == 0)
            continue;
        if (is_missing(policy, wanted, outcome, &newest->nevra) &&
            note(outcome, newest, err) < 0)
            return -1;
    }
    return 0;
}
