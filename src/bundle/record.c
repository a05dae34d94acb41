/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bundle/record.h"

#include <stdio.h>
#include <string.h>

#include "base/banned.h"
#include "base/text.h"
#include "bundle/rpm.h"
#include "bundle/sigpacket.h"

/* One value for each stream, so that no record passes on another one. */
enum {
    ENTRY_MAGIC = 0x53504531,   /* SPE1 */
    MESSAGE_MAGIC = 0x53504d31, /* SPM1 */
    INDEX_MAGIC = 0x53504931,   /* SPI1 */
    REPORT_MAGIC = 0x53505231,  /* SPR1 */
};

static bool
is_zero(const void *bytes, size_t len)
{
    const uint8_t *p = bytes;

    for (size_t i = 0; i < len; i++)
        if (p[i] != 0)
            return false;
    return true;
}

/* NUL terminated within its array, and all before the NUL is printable. */
static bool
is_text(const char *s, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (s[i] == '\0')
            return true;
        if (s[i] < 0x20 || s[i] > 0x7e)
            return false;
    }
    return false;
}

/* ---- entry stream ------------------------------------------------------ */

void
sp_entry_init(struct sp_entry *entry, enum sp_entry_type type,
              enum sp_stream_kind kind, uint64_t index, uint64_t size)
{
    memset(entry, 0, sizeof(*entry));
    entry->magic = ENTRY_MAGIC;
    entry->type = type;
    entry->kind = kind;
    entry->index = index;
    entry->size = size;
}

bool
sp_entry_check(const struct sp_entry *untrusted_entry)
{
    const struct sp_entry *e = untrusted_entry;
    bool named = e->type == SP_ENTRY_FILE && e->kind == SP_STREAM_QFILE;

    if (e->magic != ENTRY_MAGIC || e->reserved != 0)
        return false;
    if (e->type < SP_ENTRY_START || e->type > SP_ENTRY_END)
        return false;
    if (e->kind < SP_STREAM_BUNDLE || e->kind > SP_STREAM_RPM)
        return false;
    if (e->type == SP_ENTRY_START && (e->index != 0 || e->size != 0))
        return false;
    if (named)
        return memchr(e->untrusted_name, 0, sizeof(e->untrusted_name)) != NULL;
    return is_zero(e->untrusted_name, sizeof(e->untrusted_name));
}

/* ---- message stream ---------------------------------------------------- */

void
sp_message_init(struct sp_message *message, enum sp_message_type type,
                uint64_t index, uint32_t header_size, uint32_t packet_size)
{
    memset(message, 0, sizeof(*message));
    message->magic = MESSAGE_MAGIC;
    message->type = type;
    message->index = index;
    message->header_size = header_size;
    message->packet_size = packet_size;
}

bool
sp_message_check(const struct sp_message *untrusted_message)
{
    const struct sp_message *m = untrusted_message;

    if (m->magic != MESSAGE_MAGIC)
        return false;
    if (m->type == SP_MESSAGE_END)
        return m->header_size == 0 && m->packet_size == 0;
    return (m->type == SP_MESSAGE_PACKAGE || m->type == SP_MESSAGE_EVIDENCE) &&
           m->header_size >= SP_RPM_INTRO_BYTES &&
           m->header_size <= SP_RPM_MAX_HEAD_BYTES &&
           m->packet_size >= SP_SIG_MIN_BYTES &&
           m->packet_size <= SP_SIGPACKET_ENCODED_MAX;
}

/* ---- index stream ------------------------------------------------------ */

void
sp_index_entry_init(struct sp_index_entry *entry, const char *name,
                    uint64_t bytes, uint64_t time, const uint8_t sha256[32])
{
    memset(entry, 0, sizeof(*entry));
    entry->magic = INDEX_MAGIC;
    entry->bytes = bytes;
    entry->time = time;
    memcpy(entry->sha256, sha256, sizeof(entry->sha256));
    (void)snprintf(entry->name, sizeof(entry->name), "%s", name);
}

bool
sp_index_entry_check(const struct sp_index_entry *untrusted_entry)
{
    const struct sp_index_entry *e = untrusted_entry;

    return e->magic == INDEX_MAGIC && e->reserved == 0 &&
           is_text(e->name, sizeof(e->name)) && e->name[0] != '\0' &&
           e->name[0] != '.' && memchr(e->name, '/', sizeof(e->name)) == NULL;
}

/* ---- report stream ----------------------------------------------------- */

static const char *const why_words[] = {
    [SP_WHY_NONE] = "-",
    [SP_WHY_LISTED] = "listed",
    [SP_WHY_REQUESTED] = "requested",
    [SP_WHY_UPDATE] = "update",
    [SP_WHY_DEPENDENCY] = "dependency",
    [SP_WHY_WEAK] = "weak",
    [SP_WHY_OBSOLETES] = "obsoletes",
    [SP_WHY_MIRROR] = "mirror",
};

const char *
sp_why_word(enum sp_why why)
{
    return why_words[why <= SP_WHY_MIRROR ? why : SP_WHY_NONE];
}

bool
sp_why_parse(const char *word, size_t len, enum sp_why *ret)
{
    for (unsigned i = SP_WHY_NONE; i <= SP_WHY_MIRROR; i++) {
        if (strlen(why_words[i]) == len &&
            memcmp(why_words[i], word, len) == 0) {
            *ret = (enum sp_why)i;
            return true;
        }
    }
    return false;
}

void
sp_report_init(struct sp_report *report, enum sp_worker_kind worker,
               enum sp_report_type type)
{
    memset(report, 0, sizeof(*report));
    report->magic = REPORT_MAGIC;
    report->worker = (uint16_t)worker;
    report->type = (uint16_t)type;
}

void
sp_report_set_error(struct sp_report *report, const struct sp_error *err)
{
    memcpy(report->reason, err->detail, sizeof(report->reason));
    report->sys = err->sys;
    (void)snprintf(report->message, sizeof(report->message), "%.*s",
                   (int)sizeof(report->message) - 1, err->msg);
}

/* Which reports a worker may send: bit n stands for type n. */
static unsigned
allowed_types(enum sp_worker_kind worker)
{
    const unsigned all =
        1U << SP_REPORT_JAILED | 1U << SP_REPORT_FAULT | 1U << SP_REPORT_DONE;

    switch (worker) {
    case SP_WORKER_UNPACK: return all | 1U << SP_REPORT_PROGRESS;
    case SP_WORKER_CHECK:
        return all | 1U << SP_REPORT_MANIFEST | 1U << SP_REPORT_REQUEST |
               1U << SP_REPORT_PACKAGE | 1U << SP_REPORT_EVIDENCE |
               1U << SP_REPORT_GROUP;
    case SP_WORKER_VERIFY:
        return all | 1U << SP_REPORT_VERDICT | 1U << SP_REPORT_EVIDENCE_VERDICT;
    case SP_WORKER_MAKE_HOME: return all | 1U << SP_REPORT_KEY;
    case SP_WORKER_INDEX: return all;
    case SP_WORKER_EVIDENCE:
        return all | 1U << SP_REPORT_REVISION | 1U << SP_REPORT_LISTED;
    }
    return 0;
}

/* The reason as a string, whatever the record holds. */
static void
copy_reason(const struct sp_report *r, char ret[SP_DETAIL_MAX + 1])
{
    memcpy(ret, r->reason, SP_DETAIL_MAX);
    ret[SP_DETAIL_MAX] = '\0';
}

static bool
reason_ok(const struct sp_report *r, bool refuses)
{
    char reason[SP_DETAIL_MAX + 1];

    if (!is_text(r->reason, sizeof(r->reason)) ||
        !is_text(r->message, sizeof(r->message)) || r->reserved != 0)
        return false;
    copy_reason(r, reason);
    if (refuses)
        return sp_reason_find(reason) != NULL;
    return r->reason[0] == '\0' && r->message[0] == '\0' && r->sys == 0;
}

void
sp_report_get_error(const struct sp_report *report, struct sp_error *err)
{
    char reason[SP_DETAIL_MAX + 1];
    char message[sizeof(report->message)];

    copy_reason(report, reason);
    memcpy(message, report->message, sizeof(message));
    message[sizeof(message) - 1] = '\0';
    (void)sp_fail(err, reason, "%s", message);
    err->sys = report->sys;
}

static bool
nevra_text_ok(const struct sp_nevra *n)
{
    return is_text(n->name, sizeof(n->name)) &&
           is_text(n->version, sizeof(n->version)) &&
           is_text(n->release, sizeof(n->release)) &&
           is_text(n->arch, sizeof(n->arch)) &&
           is_zero(n->reserved, sizeof(n->reserved));
}

static bool
nevra_ok(const struct sp_nevra *n)
{
    return sp_nevra_name_ok(n->name, strnlen(n->name, sizeof(n->name))) &&
           sp_nevra_version_ok(n->version,
                               strnlen(n->version, sizeof(n->version))) &&
           sp_nevra_version_ok(n->release,
                               strnlen(n->release, sizeof(n->release))) &&
           sp_nevra_arch_ok(n->arch, strnlen(n->arch, sizeof(n->arch)));
}

static bool
package_ok(const struct sp_report_package *p)
{
    return p->verdict <= SP_VERDICT_ACCEPTED && p->why <= SP_WHY_MIRROR &&
           p->is_source <= 1 && p->name_noted <= 1 &&
           nevra_text_ok(&p->nevra) &&
           (p->verdict == SP_VERDICT_REFUSED || nevra_ok(&p->nevra));
}

static bool
fingerprint_ok(const char fpr[41])
{
    for (size_t i = 0; i < 40; i++)
        if (!((fpr[i] >= '0' && fpr[i] <= '9') ||
              (fpr[i] >= 'A' && fpr[i] <= 'F')))
            return false;
    return fpr[40] == '\0';
}

/* A refusal may not know the key: then both are empty. */
static bool
verdict_ok(const struct sp_report_verdict *v)
{
    bool named =
        fingerprint_ok(v->signing_fpr) && fingerprint_ok(v->primary_fpr);
    bool nameless = is_zero(v->signing_fpr, sizeof(v->signing_fpr)) &&
                    is_zero(v->primary_fpr, sizeof(v->primary_fpr));

    if (v->verdict > SP_VERDICT_ACCEPTED || v->reserved != 0 ||
        !is_zero(v->reserved2, sizeof(v->reserved2)))
        return false;
    return named || (nameless && v->verdict == SP_VERDICT_REFUSED);
}

static bool
key_ok(const struct sp_report_key *k)
{
    return fingerprint_ok(k->fpr) && fingerprint_ok(k->primary_fpr) &&
           k->can_sign <= 1 && k->revoked <= 1 && k->expired <= 1 &&
           is_zero(k->reserved, sizeof(k->reserved));
}

/* A label as in MANIFEST. Only a signature can be refused. */
static bool
evidence_ok(const struct sp_report_evidence *e)
{
    return e->verdict <= SP_VERDICT_ACCEPTED &&
           (e->verdict == SP_VERDICT_ACCEPTED ||
            e->kind == SP_EVIDENCE_SIGNATURE) &&
           e->kind >= SP_EVIDENCE_REPOMD && e->kind <= SP_EVIDENCE_COMPS &&
           e->label[0] != '\0' && is_text(e->label, sizeof(e->label)) &&
           !memchr(e->label, ' ', strnlen(e->label, sizeof(e->label))) &&
           is_zero(e->reserved, sizeof(e->reserved));
}

static bool
request_ok(const struct sp_report_request *q)
{
    return sp_text_is_hex(q->id, 32) && q->id[32] == '\0' &&
           is_zero(q->reserved, sizeof(q->reserved));
}

static bool
body_ok(const struct sp_report *r, bool *ret_refuses)
{
    *ret_refuses = false;
    switch ((enum sp_report_type)r->type) {
    case SP_REPORT_JAILED:
        return r->body.jailed.landlock_abi >= 1 &&
               (r->body.jailed.seccomp == 1 || r->body.jailed.seccomp == 2);
    case SP_REPORT_REQUEST: return request_ok(&r->body.request);
    case SP_REPORT_PACKAGE:
        *ret_refuses = r->body.package.verdict != SP_VERDICT_ACCEPTED;
        return package_ok(&r->body.package);
    case SP_REPORT_VERDICT:
    case SP_REPORT_EVIDENCE_VERDICT:
        *ret_refuses = r->body.verdict.verdict != SP_VERDICT_ACCEPTED;
        return verdict_ok(&r->body.verdict);
    case SP_REPORT_EVIDENCE:
        *ret_refuses = r->body.evidence.verdict != SP_VERDICT_ACCEPTED;
        return evidence_ok(&r->body.evidence);
    case SP_REPORT_LISTED:
        return nevra_text_ok(&r->body.listed.nevra) &&
               nevra_ok(&r->body.listed.nevra);
    case SP_REPORT_REVISION: return true;
    case SP_REPORT_GROUP: return sp_group_line_ok(&r->body.group);
    case SP_REPORT_KEY: return key_ok(&r->body.key);
    case SP_REPORT_FAULT: *ret_refuses = true; return true;
    case SP_REPORT_PROGRESS: return r->body.progress.kind <= SP_STREAM_QFILE;
    case SP_REPORT_MANIFEST:
    case SP_REPORT_DONE: return true;
    }
    return false; /* no type that we know */
}

static bool
index_ok(const struct sp_report *r)
{
    return r->index == 0 || r->type == SP_REPORT_PACKAGE ||
           r->type == SP_REPORT_VERDICT || r->type == SP_REPORT_DONE ||
           r->type == SP_REPORT_EVIDENCE ||
           r->type == SP_REPORT_EVIDENCE_VERDICT;
}

bool
sp_report_check(const struct sp_report *untrusted_report,
                enum sp_worker_kind worker)
{
    const struct sp_report *r = untrusted_report;
    bool refuses;

    /* Whose body is right has a type that we know, below 32. */
    return r->magic == REPORT_MAGIC && r->worker == worker && index_ok(r) &&
           body_ok(r, &refuses) && reason_ok(r, refuses) &&
           (allowed_types(worker) & 1U << (r->type & 31)) != 0;
}
