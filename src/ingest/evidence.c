/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ingest/evidence.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "ingest/crew.h"
#include "ingest/listing.h"

/* 64 MiB of metadata are read in less than a second. */
enum { SCAN_SECONDS = 300 };

/* The members of one repository. */
struct members {
    const struct sp_piece *repomd, *signature, *primary;
};

struct scan {
    const struct sp_wanted *wanted;
    struct sp_outcome *outcome;
    struct sp_listing listing;
    uint32_t repository;
    bool revised; /* the REVISION record came */
    uint64_t listed;
    struct sp_report_revision revision;
};

/* Takes the members of the label that piece number *at begins. */
static struct members
next_members(const struct sp_outcome *o, uint64_t *at)
{
    const char *label = o->evidence[*at].facts.label;
    struct members m = {0};

    for (; *at < o->n_evidence &&
           strcmp(o->evidence[*at].facts.label, label) == 0;
         (*at)++) {
        const struct sp_piece *p = &o->evidence[*at];

        if (p->facts.kind == SP_EVIDENCE_REPOMD)
            m.repomd = p;
        else if (p->facts.kind == SP_EVIDENCE_SIGNATURE)
            m.signature = p;
        else if (p->facts.kind == SP_EVIDENCE_PRIMARY)
            m.primary = p;
    }
    return m;
}

/* ---- reading ------------------------------------------------------------- */

static bool
matters(const struct scan *scan, const struct sp_nevra *listed)
{
    const struct sp_outcome *o = scan->outcome;

    if (sp_wanted_has(scan->wanted, listed))
        return true;
    for (uint64_t i = 0; i < o->n_packages; i++)
        if (strcmp(o->packages[i].facts.nevra.name, listed->name) == 0)
            return true;
    return false;
}

static int
take(void *data, const struct sp_report *r, struct sp_error *err)
{
    struct scan *scan = data;

    if (r->type == SP_REPORT_JAILED) {
        scan->outcome->jails[SP_WORKER_EVIDENCE] = r->body.jailed;
        return 0;
    }
    if (scan->revised)
        return sp_fail(err, "protocol", "check reported a package too late");
    if (r->type == SP_REPORT_LISTED) {
        scan->listed++;
        return matters(scan, &r->body.listed.nevra)
                   ? sp_listing_add(&scan->listing, &r->body.listed,
                                    scan->repository, err)
                   : 0;
    }
    scan->revision = r->body.revision;
    scan->revised = true;
    return 0;
}

static int
run_scan(struct scan *scan, const struct members *m, int fd,
         struct sp_error *err)
{
    char sizes[3][40];
    const char *const arguments[] = {"--evidence", sizes[0], sizes[1], sizes[2],
                                     NULL};
    struct sp_crew crew = {.n = 0};
    struct sp_error left = {0};
    int status;

    (void)snprintf(sizes[0], sizeof(sizes[0]), "repomd=%" PRIu64,
                   m->repomd->facts.bytes);
    (void)snprintf(sizes[1], sizeof(sizes[1]), "skip=%" PRIu64,
                   m->signature->facts.bytes);
    (void)snprintf(sizes[2], sizeof(sizes[2]), "primary=%" PRIu64,
                   m->primary->facts.bytes);
    scan->revised = false;
    scan->listed = 0;
    status =
        sp_crew_start(&crew, SP_WORKER_EVIDENCE, arguments, fd, -1, -1, err);
    if (status == 0)
        status = sp_crew_hear(&crew, SCAN_SECONDS, "too-slow",
                              "reading signed metadata", take, scan, err);
    if (sp_crew_end(&crew, 500, &left) < 0 && status == 0) {
        *err = left;
        status = -1;
    }
    if (status == 0 && (!scan->revised || crew.hands[0].count != scan->listed ||
                        scan->revision.packages != scan->listed))
        return sp_fail(err, "protocol", "check counts packages wrongly");
    return status;
}

/* The file that check wrote: what verify judged is compared by digest. */
static int
open_evidence(const struct sp_quarantine *q, const struct members *m,
              int *ret_fd, struct sp_error *err)
{
    char name[16];
    struct stat st;

    (void)snprintf(name, sizeof(name), "e%04" PRIu64, m->repomd->index);
    *ret_fd = openat(q->packages_fd, name,
                     O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (*ret_fd < 0 || fstat(*ret_fd, &st) < 0)
        return sp_fail_sys(err, errno, "disagreement",
                           "the metadata of '%s' is missing",
                           m->repomd->facts.label);
    if (!S_ISREG(st.st_mode) || st.st_nlink != 1)
        return sp_fail(err, "disagreement",
                       "the metadata of '%s' is not the file that check wrote",
                       m->repomd->facts.label);
    return 0;
}

static int
scan_repository(struct scan *scan, const struct sp_quarantine *q,
                const struct members *m, struct sp_error *err)
{
    SP_AUTO_FD fd = -1;

    if (open_evidence(q, m, &fd, err) < 0 || run_scan(scan, m, fd, err) < 0)
        return -1;
    if (memcmp(scan->revision.repomd_sha256, m->signature->signed_sha256, 32) !=
        0)
        return sp_fail(err, "disagreement",
                       "verify judged other metadata of '%s' than was read",
                       m->repomd->facts.label);
    return 0;
}

/* Why these members are no evidence before they are read, if so. */
static int
judge_members(const struct members *m, struct sp_error *err)
{
    if (!m->repomd || !m->signature || !m->primary)
        return sp_fail(err, "metadata", "a part of the metadata is missing");
    if (m->signature->error.code != SP_OK) {
        *err = m->signature->error;
        return -1;
    }
    if (!m->signature->judged)
        return sp_fail(err, "disagreement",
                       "verify left the metadata of '%s' out",
                       m->repomd->facts.label);
    return 0;
}

/* What says something of the metadata, and not of us. */
static bool
is_no_evidence(const struct sp_error *err)
{
    return err->code == SP_E_FORMAT || err->code == SP_E_LIMIT ||
           err->code == SP_E_SIGNATURE || err->code == SP_E_KEY;
}

static int
judge_repository(struct scan *scan, const struct sp_policy *policy,
                 const struct sp_quarantine *q, const struct members *m,
                 struct sp_error *err)
{
    struct sp_freshness *f = &scan->outcome->freshness;
    struct sp_repository *r = &f->repositories[f->n_repositories];
    size_t before = scan->listing.n;

    scan->repository = (uint32_t)f->n_repositories++;
    if (judge_members(m, &r->error) == 0 &&
        sp_policy_check_key(policy, m->signature->primary_fpr, NULL,
                            &r->error) == 0 &&
        scan_repository(scan, q, m, &r->error) == 0) {
        memcpy(r->primary_fpr, m->signature->primary_fpr,
               sizeof(r->primary_fpr));
        r->revision = scan->revision.revision;
        r->packages = scan->revision.packages;
        r->signed_at = m->signature->facts.signature_time;
        if (r->signed_at > f->proven)
            f->proven = r->signed_at;
        return 0;
    }
    scan->listing.n = before;
    if (is_no_evidence(&r->error))
        return 0;
    *err = r->error;
    return -1;
}

static int
judge_all(struct scan *scan, const struct sp_policy *policy,
          const struct sp_quarantine *q, struct sp_error *err)
{
    struct sp_outcome *o = scan->outcome;
    uint64_t at = 0;

    o->freshness.repositories =
        calloc(o->n_evidence + 1, sizeof(*o->freshness.repositories));
    if (!o->freshness.repositories)
        return sp_fail(err, "no-memory", "no memory for signed metadata");
    while (at < o->n_evidence) {
        struct sp_repository *r =
            &o->freshness.repositories[o->freshness.n_repositories];
        struct members m;

        memcpy(r->label, o->evidence[at].facts.label, sizeof(r->label));
        m = next_members(o, &at);
        if (!m.repomd && !m.signature && !m.primary)
            continue; /* groups alone: nothing here says that it is signed */
        if (judge_repository(scan, policy, q, &m, err) < 0)
            return -1;
    }
    return 0;
}

/* ---- comparing ----------------------------------------------------------- */

/* A revision that goes back is a rollback; the same one again is none. */
static int
turn(struct sp_ratchet *ratchet, struct sp_repository *r, struct sp_error *err)
{
    const struct sp_notch *known =
        sp_ratchet_find(ratchet, r->label, r->primary_fpr);

    r->first = !known;
    if (known && r->revision < known->revision)
        return sp_fail(err, "metadata-rollback",
                       "the signed metadata of '%s' has revision %" PRIu64
                       ", but %" PRIu64 " was seen here before",
                       r->label, r->revision, known->revision);
    return sp_ratchet_raise(ratchet, r, err);
}

static int
turn_all(struct sp_ratchet *ratchet, struct sp_freshness *f,
         struct sp_error *err)
{
    for (size_t i = 0; i < f->n_repositories; i++)
        if (f->repositories[i].error.code == SP_OK &&
            turn(ratchet, &f->repositories[i], err) < 0)
            return -1;
    return 0;
}

static bool
proves(const struct sp_freshness *f, const char *label)
{
    for (size_t i = 0; i < f->n_repositories; i++)
        if (f->repositories[i].error.code == SP_OK &&
            strcmp(f->repositories[i].label, label) == 0)
            return true;
    return false;
}

/* What the owner insists on. */
static int
judge_required(const struct sp_policy *policy, const struct sp_outcome *o,
               struct sp_error *err)
{
    for (unsigned i = 0; i < policy->n_evidence; i++)
        if (!proves(&o->freshness, policy->evidence[i]))
            return sp_fail(err, "no-evidence",
                           "the delivery brings no good signed metadata of "
                           "'%s', which the policy requires",
                           policy->evidence[i]);
    if (policy->refuse_withheld && o->freshness.n_withheld > 0)
        return sp_fail(err, "withheld",
                       "the signed metadata of '%s' lists a newer '%s', which "
                       "did not come",
                       o->freshness.withheld[0].label,
                       o->freshness.withheld[0].nevra.name);
    return 0;
}

/* The files were read; nothing that was not judged may be found later. */
static void
remove_evidence(const struct sp_quarantine *q, const struct sp_outcome *o)
{
    char name[16];

    for (uint64_t i = 0; i < o->n_evidence; i++) {
        (void)snprintf(name, sizeof(name), "e%04" PRIu64, o->evidence[i].index);
        (void)unlinkat(q->packages_fd, name, 0);
    }
}

static int
compare(struct scan *scan, const struct sp_policy *policy,
        struct sp_ratchet *ratchet, struct sp_error *err)
{
    struct sp_outcome *o = scan->outcome;

    sp_listing_sort(&scan->listing);
    if (turn_all(ratchet, &o->freshness, err) < 0 ||
        sp_listing_match(&scan->listing, o, err) < 0 ||
        sp_listing_withheld(&scan->listing, policy, scan->wanted, o, err) < 0)
        return -1;
    return judge_required(policy, o, err);
}

int
sp_evidence_judge(const struct sp_policy *policy,
                  const struct sp_wanted *wanted,
                  const struct sp_quarantine *quarantine,
                  struct sp_ratchet *ratchet, struct sp_outcome *outcome,
                  struct sp_error *err)
{
    struct scan scan = {.wanted = wanted, .outcome = outcome};
    int status = judge_all(&scan, policy, quarantine, err);

    remove_evidence(quarantine, outcome);
    if (status == 0)
        status = compare(&scan, policy, ratchet, err);
    sp_listing_release(&scan.listing);
    return status;
}

/* A package that was built after it was signed: that clock was wrong. */
static uint64_t
built(const struct sp_report_package *facts)
{
    return facts->build_time < facts->signature_time ? facts->build_time
                                                     : facts->signature_time;
}

void
sp_evidence_note_ages(const struct sp_policy *policy,
                      struct sp_ratchet *ratchet, struct sp_outcome *outcome)
{
    struct sp_freshness *f = &outcome->freshness;

    for (uint64_t i = 0; i < outcome->n_packages; i++) {
        const struct sp_package *p = &outcome->packages[i];

        if (p->judged && p->error.code == SP_OK &&
            built(&p->facts) > f->newest_build)
            f->newest_build = built(&p->facts);
    }
    sp_ratchet_raise_build(ratchet, f->newest_build);
    f->known = sp_ratchet_newest(ratchet);
    f->max_age = policy->max_age_days * UINT64_C(86400);
}
