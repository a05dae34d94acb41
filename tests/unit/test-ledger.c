/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every way in which check and verify can disagree. */
#include <stdlib.h>

#include "ingest/ledger.h"
#include "tap.h"
#include "tests/unit/faults.h"

void *
reallocarray(void *bytes, size_t n, size_t size)
{
    return calls_hit("reallocarray") ? NULL : realloc(bytes, n * size);
}

#define SIGNING "0123456789ABCDEF0123456789ABCDEF01234567"
#define PRIMARY "89ABCDEF0123456789ABCDEF0123456789ABCDEF"

static struct sp_outcome outcome;
static struct sp_ledger ledger;
static struct sp_error err;
static struct sp_package *package;

static void
fresh(void)
{
    sp_outcome_release(&outcome);
    sp_ledger_init(&ledger, &outcome, 100);
    memset(&err, 0, sizeof(err));
}

static int
manifest(uint64_t packages)
{
    struct sp_report r;

    sp_report_init(&r, SP_WORKER_CHECK, SP_REPORT_MANIFEST);
    r.body.manifest.packages = packages;
    return sp_ledger_manifest(&ledger, &r, &err);
}

static int
checked(uint64_t index, bool accepted, uint8_t header)
{
    struct sp_report r;

    sp_report_init(&r, SP_WORKER_CHECK, SP_REPORT_PACKAGE);
    r.index = index;
    r.body.package.verdict =
        accepted ? SP_VERDICT_ACCEPTED : SP_VERDICT_REFUSED;
    if (!accepted)
        memcpy(r.reason, "region", 7);
    memset(r.body.package.header_sha256, header, 32);
    return sp_ledger_package(&ledger, &r, &package, &err);
}

static int
judged(uint64_t index, bool accepted, uint8_t header)
{
    struct sp_report r;

    sp_report_init(&r, SP_WORKER_VERIFY, SP_REPORT_VERDICT);
    r.index = index;
    r.body.verdict.verdict =
        accepted ? SP_VERDICT_ACCEPTED : SP_VERDICT_REFUSED;
    if (!accepted)
        memcpy(r.reason, "no-key", 7);
    memset(r.body.verdict.header_sha256, header, 32);
    memcpy(r.body.verdict.signing_fpr, SIGNING, 41);
    memcpy(r.body.verdict.primary_fpr, PRIMARY, 41);
    return sp_ledger_verdict(&ledger, &r, &package, &err);
}

static void
test_good(void)
{
    fresh();
    tap_ok(manifest(3) == 0, "a manifest of three");
    tap_ok(checked(1, true, 1) == 0 && checked(2, false, 2) == 0 &&
               checked(3, true, 3) == 0,
           "three packages, one refused");
    tap_ok(package == &outcome.packages[2], "the last is handed out");
    tap_ok(judged(1, true, 1) == 0 && package == outcome.packages &&
               judged(3, false, 3) == 0,
           "verify judges those that passed");
    tap_ok(sp_ledger_close(&ledger, 3, 2, &err) == 0, "all agree");
    tap_is_str(outcome.packages[1].error.detail, "region", "check's reason");
    tap_is_str(outcome.packages[2].error.detail, "no-key", "verify's reason");
    tap_ok(outcome.packages[0].error.code == SP_OK, "the first is accepted");
    tap_ok(outcome.packages[0].checked && outcome.packages[0].judged &&
               outcome.packages[1].checked && !outcome.packages[1].judged,
           "who saw which");
    tap_ok(outcome.packages[2].header_sha256[0] == 3 &&
               outcome.packages[2].header_sha256[31] == 3 &&
               outcome.packages[2].index == 3,
           "what verify saw is kept");
    tap_is_str(outcome.packages[2].signing_fpr, SIGNING, "by which key");
    tap_is_str(outcome.packages[2].primary_fpr, PRIMARY, "of whom");
    tap_ok(package == &outcome.packages[2], "and handed out");
}

static int
evidence(uint64_t index, enum sp_evidence kind, bool accepted, uint8_t digest)
{
    struct sp_report r;

    sp_report_init(&r, SP_WORKER_CHECK, SP_REPORT_EVIDENCE);
    r.index = index;
    r.body.evidence.kind = kind;
    r.body.evidence.verdict =
        accepted ? SP_VERDICT_ACCEPTED : SP_VERDICT_REFUSED;
    if (!accepted)
        memcpy(r.reason, "sig-type", 9);
    memset(r.body.evidence.sha256, digest, 32);
    return sp_ledger_evidence(&ledger, &r, &err);
}

static int
proven(uint64_t index, uint8_t digest)
{
    struct sp_report r;

    sp_report_init(&r, SP_WORKER_VERIFY, SP_REPORT_EVIDENCE_VERDICT);
    r.index = index;
    r.body.verdict.verdict = SP_VERDICT_ACCEPTED;
    memset(r.body.verdict.header_sha256, digest, 32);
    memcpy(r.body.verdict.signing_fpr, SIGNING, 41);
    memcpy(r.body.verdict.primary_fpr, PRIMARY, 41);
    return sp_ledger_evidence_verdict(&ledger, &r, &err);
}

/* A manifest of one package and of a repository's three members. */
static void
with_evidence(bool good_signature)
{
    struct sp_report r;

    fresh();
    sp_report_init(&r, SP_WORKER_CHECK, SP_REPORT_MANIFEST);
    r.body.manifest.packages = 1;
    r.body.manifest.evidence = 3;
    tap_ok(sp_ledger_manifest(&ledger, &r, &err) == 0 &&
               evidence(1, SP_EVIDENCE_REPOMD, true, 7) == 0 &&
               evidence(2, SP_EVIDENCE_SIGNATURE, good_signature, 8) == 0 &&
               evidence(3, SP_EVIDENCE_PRIMARY, true, 9) == 0,
           "three pieces of evidence");
}

/* The word of the fault, "ok" when there is none. */
static const char *
announced(uint64_t packages, uint64_t evidence_members, uint64_t requests)
{
    struct sp_report r;

    fresh();
    sp_report_init(&r, SP_WORKER_CHECK, SP_REPORT_MANIFEST);
    r.body.manifest.packages = packages;
    r.body.manifest.evidence = evidence_members;
    r.body.manifest.requests = requests;
    return sp_ledger_manifest(&ledger, &r, &err) < 0 ? err.detail : "ok";
}

static void
test_evidence(void)
{
    with_evidence(true);
    tap_ok(proven(2, 7) == 0 && checked(1, true, 1) == 0 &&
               judged(1, true, 1) == 0 &&
               sp_ledger_close(&ledger, 1, 2, &err) == 0,
           "evidence is judged beside packages");
    tap_ok(outcome.evidence[1].judged &&
               outcome.evidence[1].signed_sha256[0] == 7,
           "what was signed is known");
    tap_is_str(outcome.evidence[1].primary_fpr, PRIMARY, "and by whom");
    with_evidence(true);
    tap_ok(proven(2, 6) < 0, "another repomd.xml");
    tap_is_str(err.detail, "disagreement", "is a disagreement");
    with_evidence(true);
    tap_ok(proven(1, 7) < 0 && proven(3, 9) < 0, "no signature was judged");
    tap_ok(proven(2, 7) == 0 && proven(2, 7) < 0, "twice");
    with_evidence(false);
    tap_ok(proven(2, 7) < 0, "a packet that check had refused");
    tap_ok(checked(1, true, 1) == 0 && judged(1, true, 1) == 0 &&
               sp_ledger_close(&ledger, 1, 1, &err) == 0,
           "is none that verify leaves out");
    for (uint64_t i = 0; i < 3; i++)
        tap_is_u64(outcome.evidence[i].index, i + 1, "the number of a piece");
    with_evidence(true);
    outcome.evidence[0].facts.sha256[31] ^= 1;
    tap_ok(proven(2, 7) < 0, "a repomd.xml that differs in its last byte");
    (void)announced(1, 0, 0);
    (void)checked(1, true, 1);
    outcome.packages[0].facts.header_sha256[31] ^= 1;
    tap_ok(judged(1, true, 1) < 0, "a header that does");
    with_evidence(true);
    tap_ok(checked(1, true, 1) == 0 && judged(1, true, 1) == 0 &&
               sp_ledger_close(&ledger, 1, 1, &err) < 0,
           "verify leaves a signature out");
    with_evidence(true);
    tap_ok(evidence(4, SP_EVIDENCE_COMPS, true, 1) < 0, "a fourth of three");
    fresh();
    tap_ok(manifest(1) == 0 && evidence(1, SP_EVIDENCE_REPOMD, true, 1) < 0,
           "evidence that MANIFEST does not know");
    with_evidence(true);
    tap_ok(proven(0, 7) < 0 && proven(4, 7) < 0, "an index beyond");
}

static void
test_disagreement(void)
{
    fresh();
    (void)checked(1, true, 1);
    tap_ok(judged(1, true, 9) < 0, "another header");
    tap_is_str(err.detail, "disagreement", "is named");
    fresh();
    (void)checked(1, false, 1);
    tap_ok(judged(1, true, 1) < 0, "a package that check refused");
    fresh();
    (void)checked(1, true, 1);
    (void)checked(2, true, 2);
    tap_ok(judged(2, true, 2) < 0, "a package left out");
    fresh();
    tap_ok(judged(1, true, 1) < 0, "a package that nobody checked");
    fresh();
    (void)checked(1, true, 1);
    (void)judged(1, true, 1);
    tap_ok(judged(1, true, 1) < 0, "a second verdict");
}

static void
test_counts(void)
{
    fresh();
    (void)manifest(2);
    (void)checked(1, true, 1);
    (void)judged(1, true, 1);
    tap_ok(sp_ledger_close(&ledger, 1, 1, &err) < 0, "manifest says two");
    fresh();
    (void)manifest(1);
    (void)checked(1, true, 1);
    tap_ok(sp_ledger_close(&ledger, 1, 0, &err) < 0, "nobody judged it");
    tap_ok(sp_ledger_close(&ledger, 1, 1, &err) < 0, "verify only says so");
    (void)judged(1, true, 1);
    tap_ok(sp_ledger_close(&ledger, 2, 1, &err) < 0, "check says two");
    tap_ok(sp_ledger_close(&ledger, 1, 2, &err) < 0, "verify says two");
    tap_ok(sp_ledger_close(&ledger, 1, 1, &err) == 0, "now they agree");
    fresh();
    (void)checked(1, true, 1);
    (void)judged(1, true, 1);
    tap_ok(sp_ledger_close(&ledger, 2, 1, &err) < 0,
           "check says two, without a manifest");
    tap_ok(sp_ledger_close(&ledger, 1, 1, &err) == 0, "and one");
}

static void
test_ceilings(void)
{
    tap_is_str(announced(100, 256, 256), "ok", "as much as may be");
    tap_is_str(announced(101, 0, 0), "protocol", "a package more");
    tap_is_str(announced(1, 257, 0), "protocol", "a piece of evidence more");
    tap_is_str(announced(1, 0, 257), "protocol", "a request more");
    fresh();
    (void)checked(1, true, 1);
    tap_ok(manifest(1) < 0, "a manifest behind a package");
}

static int
requested(char digit)
{
    struct sp_report r;

    sp_report_init(&r, SP_WORKER_CHECK, SP_REPORT_REQUEST);
    memset(r.body.request.id, digit, 32);
    return sp_ledger_request(&ledger, &r, &err);
}

static void
test_requests(void)
{
    fresh();
    tap_ok(requested('a') < 0, "an id without a manifest");
    (void)announced(1, 0, 2);
    tap_ok(requested('a') == 0 && requested('b') == 0, "two of two");
    tap_ok(requested('c') < 0 && outcome.n_requests == 2, "no third one");
    tap_ok(outcome.requests[0][31] == 'a' && outcome.requests[1][0] == 'b',
           "as they came");
    tap_ok(checked(1, true, 1) == 0 && judged(1, true, 1) == 0 &&
               sp_ledger_close(&ledger, 1, 1, &err) == 0,
           "all came");
    (void)announced(0, 0, 2);
    (void)requested('a');
    tap_ok(sp_ledger_close(&ledger, 0, 0, &err) < 0, "one of two");
}

static int
group(enum sp_group_word word, const char *id, const char *title)
{
    struct sp_report r;

    sp_report_init(&r, SP_WORKER_CHECK, SP_REPORT_GROUP);
    r.body.group.word = word;
    (void)snprintf(r.body.group.id, sizeof(r.body.group.id), "%s", id);
    (void)snprintf(r.body.group.title, sizeof(r.body.group.title), "%s", title);
    return sp_ledger_group(&ledger, &r, &err);
}

static void
test_groups(void)
{
    fresh();
    tap_ok(group(SP_GROUP_GROUP, "a", "A") < 0, "a group without a manifest");
    (void)announced(1, 0, 0);
    tap_ok(group(SP_GROUP_GROUP, "a", "A") == 0 &&
               group(SP_GROUP_MANDATORY, "x", "") == 0 &&
               group(SP_GROUP_GROUP, "b", "B") == 0,
           "three lines");
    tap_ok(outcome.n_groups == 3 && strcmp(outcome.groups[0].id, "a") == 0 &&
               strcmp(outcome.groups[1].id, "x") == 0 &&
               strcmp(outcome.groups[2].title, "B") == 0,
           "are kept");
    tap_ok(group(SP_GROUP_GROUP, "a", "A") < 0, "not out of order");
    tap_is_str(err.detail, "protocol", "and the word");
    (void)checked(1, true, 1);
    tap_ok(group(SP_GROUP_GROUP, "c", "C") < 0, "not behind a package");
    (void)announced(1, 0, 0);
    outcome.n_groups = SP_GROUPS_MAX_LINES;
    tap_ok(group(SP_GROUP_GROUP, "a", "A") < 0, "not without end");
    outcome.n_groups = 0;
}

static void
test_no_memory(void)
{
#ifndef __SANITIZE_ADDRESS__
    faults_begin("calloc", 1);
    tap_is_str(announced(1, 1, 0), "no-memory", "none for evidence");
    (void)announced(1, 0, 0);
    faults_begin("realloc", 1);
    tap_ok(checked(1, true, 1) < 0, "none for a package");
    tap_is_str(err.detail, "no-memory", "and the word");
#endif
    (void)announced(1, 0, 0);
    faults_begin("reallocarray", 1);
    tap_ok(group(SP_GROUP_GROUP, "a", "A") < 0, "none for a group");
    tap_is_str(err.detail, "no-memory", "and the word");
    (void)faults_end();
}

/* The word of the fault, "ok" when there is none. */
static const char *
proves(uint64_t index, uint8_t digest)
{
    return proven(index, digest) < 0 ? err.detail : "ok";
}

static void
test_evidence_order(void)
{
    (void)announced(1, 2, 0);
    tap_ok(evidence(2, SP_EVIDENCE_REPOMD, true, 7) < 0, "the second first");
    tap_ok(evidence(1, SP_EVIDENCE_SIGNATURE, true, 7) == 0, "the first");
    tap_is_str(proves(1, 7), "protocol", "a signature of nothing");
    tap_is_str(proves(2, 7), "protocol", "one that check has not seen");
    (void)checked(1, true, 1);
    tap_ok(evidence(2, SP_EVIDENCE_REPOMD, true, 7) < 0, "behind a package");
    (void)announced(1, 2, 0);
    (void)evidence(1, SP_EVIDENCE_REPOMD, true, 7);
    (void)evidence(2, SP_EVIDENCE_REPOMD, true, 8);
    tap_is_str(proves(2, 7), "disagreement", "what is no signature");
    (void)announced(1, 2, 0);
    (void)evidence(1, SP_EVIDENCE_PRIMARY, true, 7);
    (void)evidence(2, SP_EVIDENCE_SIGNATURE, true, 8);
    tap_is_str(proves(2, 7), "disagreement", "a signature of something else");
    (void)announced(0, 1, 0);
    tap_ok(sp_ledger_close(&ledger, 0, 0, &err) < 0, "evidence is missing");
}

static void
test_order(void)
{
    fresh();
    tap_ok(checked(2, true, 1) < 0, "the second package first");
    tap_ok(checked(0, true, 1) < 0, "package zero");
    fresh();
    (void)manifest(1);
    tap_ok(manifest(1) < 0, "a second manifest");
    tap_ok(manifest(101) < 0, "more packages than the ceiling");
    fresh();
    for (uint64_t i = 1; i <= 100; i++)
        (void)checked(i, true, (uint8_t)i);
    tap_is_u64(outcome.n_packages, 100, "a hundred packages");
    tap_ok(checked(101, true, 1) < 0, "one above the ceiling");
}

int
main(void)
{
    test_good();
    test_evidence();
    test_disagreement();
    test_counts();
    test_order();
    test_ceilings();
    test_requests();
    test_groups();
    test_no_memory();
    test_evidence_order();
    sp_outcome_release(&outcome);
    return tap_done();
}
