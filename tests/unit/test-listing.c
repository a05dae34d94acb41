/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What signed metadata lists, against what came and what is installed. */
#include <stdlib.h>

#include "ingest/listing.h"
#include "tap.h"

#define KEY_A "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define KEY_B "BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB"

static struct sp_listing listing;
static struct sp_outcome outcome;
static struct sp_wanted wanted;
static struct sp_error err;

static struct sp_nevra
nevra(const char *name, const char *version, const char *arch)
{
    struct sp_nevra n = {.release = "1"};

    (void)snprintf(n.name, sizeof(n.name), "%s", name);
    (void)snprintf(n.version, sizeof(n.version), "%s", version);
    (void)snprintf(n.arch, sizeof(n.arch), "%s", arch);
    return n;
}

/* Two repositories: 0 signed by A, 1 signed by B. */
static void
fresh(void)
{
    static const char *const keys[] = {KEY_A, KEY_B};

    sp_listing_release(&listing);
    sp_outcome_release(&outcome);
    sp_wanted_release(&wanted);
    memset(&err, 0, sizeof(err));
    outcome.packages = calloc(8, sizeof(*outcome.packages));
    outcome.freshness.repositories =
        calloc(2, sizeof(*outcome.freshness.repositories));
    outcome.freshness.n_repositories = 2;
    for (size_t i = 0; i < 2; i++) {
        struct sp_repository *r = &outcome.freshness.repositories[i];

        (void)snprintf(r->label, sizeof(r->label), "repo%zu", i);
        (void)snprintf(r->primary_fpr, sizeof(r->primary_fpr), "%s", keys[i]);
    }
}

static void
listed(uint32_t repository, const char *name, const char *version,
       const char *arch, uint8_t digest)
{
    struct sp_report_listed l = {.nevra = nevra(name, version, arch)};

    memset(l.sha256, digest, sizeof(l.sha256));
    (void)sp_listing_add(&listing, &l, repository, &err);
    sp_listing_sort(&listing);
}

static void
came(const char *key, const char *name, const char *version, const char *arch,
     uint8_t digest)
{
    struct sp_package *p = &outcome.packages[outcome.n_packages++];

    p->index = outcome.n_packages;
    p->facts.nevra = nevra(name, version, arch);
    memset(p->facts.file_sha256, digest, sizeof(p->facts.file_sha256));
    (void)snprintf(p->primary_fpr, sizeof(p->primary_fpr), "%s", key);
}

static void
expect(const char *word, uint64_t index, const char *about)
{
    int status = sp_listing_match(&listing, &outcome, &err);

    tap_is_str(status < 0 ? err.detail : "ok", word, "%s", about);
    tap_is_u64(outcome.refused_index, index, "%s: which", about);
}

static void
test_match(void)
{
    fresh();
    listed(0, "bash", "5", "x86_64", 1);
    listed(0, "bash", "6", "x86_64", 2);
    came(KEY_A, "bash", "6", "x86_64", 2);
    came(KEY_A, "other", "1", "x86_64", 9);
    expect("ok", 0, "listed, or not listed at all");
    came(KEY_A, "bash", "5", "x86_64", 2);
    expect("mix-and-match", 3, "another file of this version");
    fresh();
    listed(0, "bash", "6", "x86_64", 2);
    came(KEY_A, "bash", "5", "x86_64", 1);
    expect("mix-and-match", 1, "another version");
    fresh();
    listed(0, "bash", "6", "x86_64", 2);
    came(KEY_B, "bash", "5", "x86_64", 1);
    expect("ok", 0, "metadata of another signer says nothing");
    fresh();
    listed(0, "bash", "6", "x86_64", 2);
    listed(1, "bash", "5", "x86_64", 1);
    came(KEY_B, "bash", "5", "x86_64", 1);
    expect("ok", 0, "each signer for its own");
    fresh();
    listed(0, "bash", "6", "i686", 2);
    came(KEY_A, "bash", "5", "x86_64", 1);
    expect("ok", 0, "another architecture is another package");
    fresh();
    for (int i = 0; i < 300; i++) {
        char name[16];

        (void)snprintf(name, sizeof(name), "p%03d", i);
        listed(0, name, "2", "x86_64", 1);
    }
    came(KEY_A, "p299", "2", "x86_64", 1);
    came(KEY_A, "p000", "1", "x86_64", 1);
    expect("mix-and-match", 2, "one of many that are listed");
}

/* Which of several entries is spoken of, and which fault is the first. */
static void
test_against(void)
{
    fresh();
    listed(0, "bash", "5", "x86_64", 1);
    listed(0, "bash", "6", "x86_64", 2);
    listed(0, "bash", "7", "x86_64", 3);
    came(KEY_A, "bash", "6", "x86_64", 9);
    expect("mix-and-match", 1, "another file of the middle one");
    tap_is_str(err.msg,
               "'bash-6-1.x86_64' is another file than the signed metadata of "
               "'repo0' lists",
               "the entry of its own version is named");
    fresh();
    listed(0, "bash", "6", "x86_64", 2);
    listed(0, "bash", "7", "x86_64", 3);
    came(KEY_A, "bash", "5", "x86_64", 9);
    expect("mix-and-match", 1, "a version that is not listed");
    tap_ok(strstr(err.msg, "lists 0:7-1, not"), "the newest one is named");
    fresh();
    listed(0, "bash", "6", "x86_64", 2);
    came(KEY_A, "bash", "5", "x86_64", 9);
    came(KEY_A, "bash", "4", "x86_64", 9);
    (void)sp_fail(&outcome.packages[0].error, "no-key", "of nobody");
    expect("mix-and-match", 2, "what was refused before is not judged again");
    tap_is_str(outcome.packages[0].error.detail, "no-key",
               "and keeps its word");
    fresh();
    listed(0, "bash", "6", "x86_64", 2);
    came(KEY_A, "bash", "5", "x86_64", 9);
    came(KEY_A, "bash", "4", "x86_64", 9);
    expect("mix-and-match", 1, "of two the first is told");
    tap_is_str(outcome.packages[1].error.detail, "mix-and-match",
               "and both are refused");
    fresh();
    listed(0, "bash", "6", "x86_64", 2);
    came(KEY_A, "bash", "6", "x86_64", 9);
    (void)snprintf(outcome.packages[0].facts.nevra.release, 8, "2");
    expect("mix-and-match", 1, "another release");
    tap_ok(strstr(err.msg, "lists 0:6-1, not"), "is another version");
    fresh();
    listed(0, "bash", "6", "x86_64", 2);
    came(KEY_A, "bash", "6", "x86_64", 2);
    outcome.packages[0].facts.nevra.epoch = 1;
    expect("mix-and-match", 1, "so is another epoch");
}

static void
installed(const char *name, const char *version)
{
    struct sp_nevra n = nevra(name, version, "x86_64");

    (void)sp_floor_raise(&wanted.installed, &n, false, &err);
}

static size_t
withheld(void)
{
    static struct sp_policy policy;

    (void)sp_policy_parse("arch = x86_64\n", 14, "test", &policy, &err);
    free(outcome.freshness.withheld);
    outcome.freshness.withheld = NULL;
    outcome.freshness.n_withheld = 0;
    (void)sp_listing_withheld(&listing, &policy, &wanted, &outcome, &err);
    return outcome.freshness.n_withheld;
}

static void
test_withheld(void)
{
    fresh();
    listed(0, "bash", "5", "x86_64", 1);
    listed(0, "bash", "6", "x86_64", 2);
    listed(0, "zsh", "3", "x86_64", 3);
    listed(0, "new", "1", "x86_64", 4);
    listed(0, "bash", "9", "sparc", 5);
    installed("bash", "5");
    installed("zsh", "3");
    tap_is_u64(withheld(), 0, "nobody asked for updates");
    wanted.all = true;
    tap_is_u64(withheld(), 1, "an update does not come");
    tap_is_str(outcome.freshness.withheld[0].nevra.version, "6", "the newest");
    tap_is_str(outcome.freshness.withheld[0].label, "repo0", "of whom");
    came(KEY_A, "bash", "6", "x86_64", 2);
    tap_is_u64(withheld(), 0, "it comes");
    outcome.packages[0].facts.nevra = nevra("bash", "5", "x86_64");
    tap_is_u64(withheld(), 1, "an older one is not it");
    outcome.n_packages = 0;
    (void)sp_wordlist_add(&wanted.excludes, "ba*");
    tap_is_u64(withheld(), 0, "it was excluded");
    sp_wordlist_release(&wanted.excludes);
    wanted.all = false;
    (void)sp_wordlist_add(&wanted.specs, "ba*");
    tap_is_u64(withheld(), 1, "it was asked for by name");
    came(KEY_A, "zsh", "9", "x86_64", 2);
    tap_is_u64(withheld(), 1, "another package is not it");
}

int
main(void)
{
    test_match();
    test_against();
    test_withheld();
    return tap_done();
}
