/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ingest/ledger.h"

#include <stdlib.h>
#include <string.h>

void
sp_ledger_init(struct sp_ledger *ledger, struct sp_outcome *outcome,
               uint64_t max_files)
{
    memset(ledger, 0, sizeof(*ledger));
    ledger->outcome = outcome;
    ledger->max_files = max_files;
}

int
sp_ledger_manifest(struct sp_ledger *ledger, const struct sp_report *report,
                   struct sp_error *err)
{
    const struct sp_report_manifest *m = &report->body.manifest;

    if (ledger->has_manifest || ledger->outcome->n_packages > 0)
        return sp_fail(err, "protocol", "check reported a manifest twice");
    if (m->packages > ledger->max_files || m->requests > SP_MAX_REQUESTS)
        return sp_fail(err, "protocol", "check let a manifest grow too large");
    if (m->evidence > SP_MAX_EVIDENCE)
        return sp_fail(err, "protocol", "check let a manifest grow too large");
    if (m->evidence > 0) {
        ledger->outcome->evidence =
            calloc(m->evidence, sizeof(*ledger->outcome->evidence));
        if (!ledger->outcome->evidence)
            return sp_fail(err, "no-memory", "no memory for the evidence");
    }
    ledger->has_manifest = true;
    ledger->manifest = *m;
    return 0;
}

int
sp_ledger_request(struct sp_ledger *ledger, const struct sp_report *report,
                  struct sp_error *err)
{
    struct sp_outcome *o = ledger->outcome;

    if (!ledger->has_manifest || ledger->requests >= ledger->manifest.requests)
        return sp_fail(err, "protocol", "check reported a surplus request id");
    memcpy(o->requests[o->n_requests++], report->body.request.id,
           sizeof(report->body.request.id));
    ledger->requests++;
    return 0;
}

int
sp_ledger_evidence(struct sp_ledger *ledger, const struct sp_report *report,
                   struct sp_error *err)
{
    struct sp_outcome *o = ledger->outcome;
    struct sp_piece *p;

    if (!ledger->has_manifest || o->n_packages > 0 ||
        o->n_evidence >= ledger->manifest.evidence ||
        report->index != o->n_evidence + 1)
        return sp_fail(err, "protocol", "check reported evidence out of order");
    p = &o->evidence[o->n_evidence++];
    p->index = report->index;
    p->facts = report->body.evidence;
    if (p->facts.verdict != SP_VERDICT_ACCEPTED)
        sp_report_get_error(report, &p->error);
    return 0;
}

/* The repomd.xml that a signature belongs to stands right before it. */
int
sp_ledger_evidence_verdict(struct sp_ledger *ledger,
                           const struct sp_report *report, struct sp_error *err)
{
    const struct sp_report_verdict *v = &report->body.verdict;
    struct sp_outcome *o = ledger->outcome;
    struct sp_piece *p;

    if (report->index <= ledger->signatures || report->index < 2 ||
        report->index > o->n_evidence)
        return sp_fail(err, "protocol", "verify judged evidence out of order");
    p = &o->evidence[report->index - 1];
    if (p->facts.kind != SP_EVIDENCE_SIGNATURE ||
        p->facts.verdict != SP_VERDICT_ACCEPTED)
        return sp_fail(err, "disagreement",
                       "verify judged what check did not hand on");
    if (p[-1].facts.kind != SP_EVIDENCE_REPOMD ||
        memcmp(v->header_sha256, p[-1].facts.sha256, 32) != 0)
        return sp_fail(err, "disagreement",
                       "check and verify saw different metadata of '%s'",
                       p->facts.label);
    ledger->signatures = report->index;
    p->judged = true;
    memcpy(p->signed_sha256, v->header_sha256, sizeof(p->signed_sha256));
    memcpy(p->primary_fpr, v->primary_fpr, sizeof(p->primary_fpr));
    if (v->verdict != SP_VERDICT_ACCEPTED)
        sp_report_get_error(report, &p->error);
    return 0;
}

/* Lines of groups: in the one order that they have, and not without end. */
int
sp_ledger_group(struct sp_ledger *ledger, const struct sp_report *report,
                struct sp_error *err)
{
    struct sp_outcome *o = ledger->outcome;
    const struct sp_group_line *line = &report->body.group;

    if (!ledger->has_manifest || o->n_packages > 0 ||
        o->n_groups == SP_GROUPS_MAX_LINES ||
        !sp_groups_follow(&ledger->place, line))
        return sp_fail(err, "protocol", "check reported groups out of order");
    /* Grown by doubling: at 0, 1, 2, 4 ... lines. */
    if ((o->n_groups & (o->n_groups - 1)) == 0) {
        void *bigger = reallocarray(
            o->groups, o->n_groups ? 2 * o->n_groups : 1, sizeof(*o->groups));

        if (!bigger)
            return sp_fail(err, "no-memory", "no memory for the groups");
        o->groups = bigger;
    }
    o->groups[o->n_groups++] = *line;
    return 0;
}

static int
grow(struct sp_ledger *ledger, struct sp_error *err)
{
    struct sp_outcome *o = ledger->outcome;
    size_t capacity = ledger->capacity ? 2 * ledger->capacity : 64;
    struct sp_package *bigger;

    if (o->n_packages < ledger->capacity)
        return 0;
    bigger = realloc(o->packages, capacity * sizeof(*bigger));
    if (!bigger)
        return sp_fail(err, "no-memory", "no memory for the package list");
    o->packages = bigger;
    ledger->capacity = capacity;
    return 0;
}

int
sp_ledger_package(struct sp_ledger *ledger, const struct sp_report *report,
                  struct sp_package **ret, struct sp_error *err)
{
    struct sp_outcome *o = ledger->outcome;
    struct sp_package *p;

    if (report->index != o->n_packages + 1 || report->index > ledger->max_files)
        return sp_fail(err, "protocol", "check reported packages out of order");
    if (grow(ledger, err) < 0)
        return -1;
    p = &o->packages[o->n_packages++];
    memset(p, 0, sizeof(*p));
    p->index = report->index;
    p->facts = report->body.package;
    p->checked = true;
    if (report->body.package.verdict != SP_VERDICT_ACCEPTED)
        sp_report_get_error(report, &p->error);
    *ret = p;
    return 0;
}

/*
 * Verify judges exactly the packages that check let through, in order. Its
 * verdict can overtake check's own report: then that package is unknown here
 * and the engine keeps the verdict until the report has come.
 */
int
sp_ledger_verdict(struct sp_ledger *ledger, const struct sp_report *report,
                  struct sp_package **ret, struct sp_error *err)
{
    const struct sp_report_verdict *v = &report->body.verdict;
    struct sp_outcome *o = ledger->outcome;
    struct sp_package *p;

    if (report->index <= ledger->judged || report->index > o->n_packages)
        return sp_fail(err, "protocol", "verify judged packages out of order");
    p = &o->packages[report->index - 1];
    if (p->facts.verdict != SP_VERDICT_ACCEPTED)
        return sp_fail(err, "disagreement",
                       "verify judged a package that check had refused");
    for (uint64_t i = ledger->judged; i + 1 < report->index; i++)
        if (o->packages[i].facts.verdict == SP_VERDICT_ACCEPTED)
            return sp_fail(err, "disagreement", "verify left out package %u",
                           (unsigned)(i + 1));
    ledger->judged = report->index;
    if (memcmp(v->header_sha256, p->facts.header_sha256, 32) != 0)
        return sp_fail(err, "disagreement",
                       "check and verify saw different headers of package %u",
                       (unsigned)report->index);
    p->judged = true;
    memcpy(p->header_sha256, v->header_sha256, sizeof(p->header_sha256));
    memcpy(p->signing_fpr, v->signing_fpr, sizeof(p->signing_fpr));
    memcpy(p->primary_fpr, v->primary_fpr, sizeof(p->primary_fpr));
    if (v->verdict != SP_VERDICT_ACCEPTED)
        sp_report_get_error(report, &p->error);
    *ret = p;
    return 0;
}

/* Does verify's count of evidence fit what check handed on? */
static int
close_evidence(const struct sp_ledger *ledger, uint64_t *ret_judged,
               struct sp_error *err)
{
    const struct sp_outcome *o = ledger->outcome;
    uint64_t handed = 0, judged = 0;

    for (uint64_t i = 0; i < o->n_evidence; i++) {
        handed += o->evidence[i].facts.kind == SP_EVIDENCE_SIGNATURE &&
                  o->evidence[i].facts.verdict == SP_VERDICT_ACCEPTED;
        judged += o->evidence[i].judged;
    }
    if (handed != judged ||
        (ledger->has_manifest && ledger->manifest.evidence != o->n_evidence))
        return sp_fail(err, "disagreement",
                       "check and verify count different evidence");
    *ret_judged = judged;
    return 0;
}

int
sp_ledger_close(struct sp_ledger *ledger, uint64_t checked, uint64_t verified,
                struct sp_error *err)
{
    const struct sp_outcome *o = ledger->outcome;
    uint64_t passed = 0, judged = 0, evidence = 0;

    if (close_evidence(ledger, &evidence, err) < 0)
        return -1;
    for (uint64_t i = 0; i < o->n_packages; i++) {
        passed += o->packages[i].facts.verdict == SP_VERDICT_ACCEPTED;
        judged += o->packages[i].judged;
    }
    if (checked != o->n_packages ||
        (ledger->has_manifest &&
         (ledger->manifest.packages != checked ||
          ledger->manifest.requests != ledger->requests)))
        return sp_fail(err, "disagreement",
                       "manifest and check count different packages");
    if (passed != judged || verified != judged + evidence)
        return sp_fail(err, "disagreement",
                       "check and verify count different packages");
    return 0;
}
