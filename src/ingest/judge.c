/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ingest/judge.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "bundle/rpm.h"

static bool
listed(const struct sp_words *words, const char *name)
{
    for (size_t i = 0; i < words->n; i++)
        if (strcmp(words->word[i], name) == 0)
            return true;
    return false;
}

/* A version that a package may not be older than. */
struct held {
    const struct sp_floor_entry *entry; /* NULL: there is none */
    const char *what;
};

static int
refuse_downgrade(const struct sp_nevra *nevra, const struct held *held,
                 struct sp_error *err)
{
    char shown[SP_NEVRA_SHOWN_MAX];

    sp_nevra_show(nevra, shown, sizeof(shown));
    return sp_fail(err, "downgrade",
                   "'%.200s' is older than %" PRIu32 ":%.60s-%.60s, which %s",
                   shown, held->entry->epoch, held->entry->version,
                   held->entry->release, held->what);
}

/* What is installed counts too: a machine may have it from elsewhere. */
static void
find_held(const struct sp_floor *floor, const struct sp_wanted *wanted,
          const struct sp_nevra *nevra, struct held ret[2])
{
    ret[0] = (struct held){sp_floor_find(floor, nevra->name),
                           "was published before"};
    ret[1] = (struct held){sp_floor_find(&wanted->installed, nevra->name),
                           "is installed"};
    if (sp_wanted_follows(wanted, nevra))
        ret[1].entry = NULL;
}

static bool
is_below(const struct sp_nevra *nevra, const struct held *held)
{
    return held->entry && sp_floor_compare(nevra, held->entry) < 0;
}

/* The person here, or the request, wants an older one. */
static bool
may_be_older(const struct sp_setup *setup, const struct sp_wanted *wanted,
             const struct sp_nevra *nevra)
{
    return listed(&setup->allow_downgrade, nevra->name) ||
           sp_wanted_older(wanted, nevra);
}

static int
judge_floor(const struct sp_setup *setup, const struct sp_policy *policy,
            const struct sp_floor *floor, const struct sp_wanted *wanted,
            const struct sp_nevra *nevra, struct sp_error *err)
{
    struct held held[2];

    /* Old kernels travel beside new ones: sp_judge_alone looks at those. */
    if (sp_policy_is_installonly(policy, nevra->name) ||
        may_be_older(setup, wanted, nevra))
        return 0;
    find_held(floor, wanted, nevra, held);
    for (size_t i = 0; i < 2; i++)
        if (is_below(nevra, &held[i]))
            return refuse_downgrade(nevra, &held[i], err);
    return 0;
}

int
sp_judge_package(const struct sp_setup *setup, const struct sp_policy *policy,
                 const struct sp_floor *floor, const struct sp_wanted *wanted,
                 bool delivery, const struct sp_package *package,
                 struct sp_error *err)
{
    const struct sp_nevra *nevra = &package->facts.nevra;
    char shown[SP_NEVRA_SHOWN_MAX];

    sp_nevra_show(nevra, shown, sizeof(shown));
    if (sp_policy_check_key(policy, package->primary_fpr, nevra->name, err) < 0)
        return -1;
    if (!delivery)
        return 0;
    if (package->facts.is_source)
        return sp_fail(err, "source-package", "'%.200s' is a source package",
                       shown);
    if (!sp_policy_runs_arch(policy, nevra->arch))
        return sp_fail(err, "foreign-arch",
                       "this machine does not run '%.200s'", shown);
    return judge_floor(setup, policy, floor, wanted, nevra, err);
}

/* Is there one of this name that is not below the floor? */
static bool
has_newer(const struct sp_outcome *outcome, const struct sp_floor_entry *entry)
{
    for (uint64_t i = 0; i < outcome->n_packages; i++) {
        const struct sp_package *p = &outcome->packages[i];

        if (p->error.code == SP_OK &&
            strcmp(p->facts.nevra.name, entry->name) == 0 &&
            sp_floor_compare(&p->facts.nevra, entry) >= 0)
            return true;
    }
    return false;
}

/*
 * An old kernel beside a new one is what the owner keeps; an old one alone is
 * a rollback like any other.
 */
int
sp_judge_alone(const struct sp_setup *setup, const struct sp_policy *policy,
               const struct sp_floor *floor, const struct sp_wanted *wanted,
               struct sp_outcome *outcome, struct sp_error *err)
{
    for (uint64_t i = 0; i < outcome->n_packages; i++) {
        struct sp_package *p = &outcome->packages[i];
        const struct sp_nevra *nevra = &p->facts.nevra;
        struct held held[2];

        if (p->error.code != SP_OK ||
            !sp_policy_is_installonly(policy, nevra->name) ||
            may_be_older(setup, wanted, nevra))
            continue;
        find_held(floor, wanted, nevra, held);
        for (size_t k = 0; k < 2; k++) {
            if (!is_below(nevra, &held[k]) || has_newer(outcome, held[k].entry))
                continue;
            outcome->refused_index = p->index;
            (void)refuse_downgrade(nevra, &held[k], &p->error);
            *err = p->error;
            return -1;
        }
    }
    return 0;
}

/* Same name and architecture side by side, in version order. */
static int
by_nevra(const void *a, const void *b)
{
    const struct sp_nevra *x = &(*(struct sp_package *const *)a)->facts.nevra;
    const struct sp_nevra *y = &(*(struct sp_package *const *)b)->facts.nevra;
    int order = strcmp(x->name, y->name);

    if (order == 0)
        order = strcmp(x->arch, y->arch);
    if (order == 0)
        order = x->epoch < y->epoch ? -1 : x->epoch > y->epoch;
    if (order == 0)
        order = strcmp(x->version, y->version);
    return order ? order : strcmp(x->release, y->release);
}

static int
judge_pair(const struct sp_policy *policy, const struct sp_package *one,
           struct sp_package *other, struct sp_error *err)
{
    const struct sp_nevra *a = &one->facts.nevra, *b = &other->facts.nevra;
    char shown[SP_NEVRA_SHOWN_MAX];

    if (strcmp(a->name, b->name) != 0 || strcmp(a->arch, b->arch) != 0)
        return 0;
    sp_nevra_show(b, shown, sizeof(shown));
    if (a->epoch == b->epoch && strcmp(a->version, b->version) == 0 &&
        strcmp(a->release, b->release) == 0)
        return sp_fail(err, "duplicate-nevra", "'%.200s' is there twice",
                       shown);
    if (sp_policy_is_installonly(policy, b->name))
        return 0;
    return sp_fail(err, "two-versions", "'%.200s' is a second version of '%s'",
                   shown, a->name);
}

int
sp_judge_set(const struct sp_policy *policy, struct sp_outcome *outcome,
             struct sp_error *err)
{
    SP_AUTO_FREE struct sp_package **sorted =
        calloc(outcome->n_packages + 1, sizeof(*sorted));
    size_t n = 0;
    int status = 0;

    if (!sorted)
        return sp_fail(err, "no-memory", "no memory for the package list");
    for (uint64_t i = 0; i < outcome->n_packages; i++)
        if (outcome->packages[i].error.code == SP_OK)
            sorted[n++] = &outcome->packages[i];
    if (n > 0)
        qsort(sorted, n, sizeof(struct sp_package *), by_nevra);
    for (size_t i = 1; i < n; i++) {
        if (judge_pair(policy, sorted[i - 1], sorted[i], &sorted[i]->error) <
                0 &&
            status == 0) {
            *err = sorted[i]->error;
            outcome->refused_index = sorted[i]->index;
            status = -1;
        }
    }
    return status;
}

/* The accepted packages that nobody asked for, into `new_ones`. */
static size_t
find_new(const struct sp_setup *setup, const struct sp_wanted *wanted,
         struct sp_outcome *outcome, struct sp_package **new_ones)
{
    size_t n = 0;

    for (uint64_t i = 0; i < outcome->n_packages; i++) {
        struct sp_package *p = &outcome->packages[i];

        if (p->error.code != SP_OK || sp_wanted_has(wanted, &p->facts.nevra))
            continue;
        p->is_new = true;
        if (!listed(&setup->allow_new, p->facts.nevra.name))
            new_ones[n++] = p;
    }
    return n;
}

static void
refuse_new(struct sp_package *package)
{
    const char *name = package->facts.nevra.name;

    (void)sp_fail(&package->error, "name-not-wanted",
                  "'%s' is neither installed nor requested (--allow-new %s "
                  "takes it in)",
                  name, name);
}

static int
judge_names(const struct sp_setup *setup, const struct sp_wanted *wanted,
            struct sp_outcome *outcome, struct sp_error *err)
{
    SP_AUTO_FREE struct sp_package **new_ones =
        calloc(outcome->n_packages + 1, sizeof(*new_ones));
    size_t n;

    if (!new_ones)
        return sp_fail(err, "no-memory", "no memory for the package list");
    n = find_new(setup, wanted, outcome, new_ones);
    if (n == 0 || setup->yes ||
        (setup->ask &&
         setup->ask(setup->ask_data, (const struct sp_package *const *)new_ones,
                    n)))
        return 0;
    for (size_t i = 0; i < n; i++)
        refuse_new(new_ones[i]);
    outcome->refused_index = new_ones[0]->index;
    *err = new_ones[0]->error;
    return -1;
}

int
sp_judge_request(const struct sp_setup *setup, const struct sp_wanted *wanted,
                 struct sp_outcome *outcome, struct sp_error *err)
{
    if (setup->any_request)
        return 0;
    if (outcome->n_requests == 0)
        return sp_fail(err, "unsolicited",
                       "the delivery answers no request of this machine");
    if (wanted->pending == 0)
        return sp_fail(err, "unsolicited",
                       "the delivery answers request %s, which is not pending "
                       "here",
                       outcome->requests[0]);
    return judge_names(setup, wanted, outcome, err);
}
