/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Records: what the writer makes passes, every other value does not. */
#include <stddef.h>

#include "bundle/record.h"
#include "tests/unit/tap.h"

#define FPR "0123456789ABCDEF0123456789ABCDEF01234567"

static void
test_entry(void)
{
    struct sp_entry e;

    sp_entry_init(&e, SP_ENTRY_START, SP_STREAM_BUNDLE, 0, 0);
    tap_ok(sp_entry_check(&e), "start");
    e.size = 1;
    tap_ok(!sp_entry_check(&e), "start with a size");
    sp_entry_init(&e, SP_ENTRY_START, SP_STREAM_BUNDLE, 1, 0);
    tap_ok(!sp_entry_check(&e), "start with an index");
    sp_entry_init(&e, SP_ENTRY_FILE, SP_STREAM_BUNDLE, 7, 1000);
    tap_ok(sp_entry_check(&e), "file");
    e.untrusted_name[255] = 'x';
    tap_ok(!sp_entry_check(&e), "a name where none may be");
    sp_entry_init(&e, SP_ENTRY_FILE, SP_STREAM_QFILE, 7, 1000);
    memcpy(e.untrusted_name, "a.rpm", 6);
    tap_ok(sp_entry_check(&e), "qfile with a name");
    memset(e.untrusted_name, 'a', sizeof(e.untrusted_name));
    tap_ok(!sp_entry_check(&e), "a name without end");
    sp_entry_init(&e, SP_ENTRY_END, SP_STREAM_QFILE, 7, 1000);
    tap_ok(sp_entry_check(&e), "end");
    e.untrusted_name[0] = 'x';
    tap_ok(!sp_entry_check(&e), "end with a name");
    for (uint32_t v = 0; v < 6; v++) {
        sp_entry_init(&e, SP_ENTRY_FILE, SP_STREAM_BUNDLE, 0, 0);
        e.type = v;
        tap_ok(sp_entry_check(&e) == (v >= 1 && v <= 3), "type %u", v);
        e.type = SP_ENTRY_FILE;
        e.kind = v;
        tap_ok(sp_entry_check(&e) == (v >= 1 && v <= 3), "kind %u", v);
    }
    sp_entry_init(&e, SP_ENTRY_END, SP_STREAM_BUNDLE, 0, 0);
    e.reserved = 1;
    tap_ok(!sp_entry_check(&e), "reserved");
    sp_entry_init(&e, SP_ENTRY_END, SP_STREAM_BUNDLE, 0, 0);
    e.magic ^= 1;
    tap_ok(!sp_entry_check(&e), "magic");
}

static bool
message(uint32_t header_size, uint32_t packet_size)
{
    struct sp_message m;

    sp_message_init(&m, SP_MESSAGE_PACKAGE, 1, header_size, packet_size);
    return sp_message_check(&m);
}

static void
test_message(void)
{
    struct sp_message m;

    tap_ok(message(16, 10), "smallest message");
    tap_ok(!message(15, 10) && !message(16, 9), "smaller ones");
    tap_ok(message(SP_RPM_MAX_HEAD_BYTES, SP_SIG_MAX_BYTES), "largest message");
    tap_ok(!message(SP_RPM_MAX_HEAD_BYTES + 1, 10), "header too large");
    tap_ok(message(16, SP_SIG_MAX_BYTES + 32), "largest packet");
    tap_ok(!message(16, SP_SIG_MAX_BYTES + 33), "packet too large");
    tap_ok(!message(UINT32_MAX, UINT32_MAX), "largest numbers");
    sp_message_init(&m, SP_MESSAGE_END, 9, 0, 0);
    tap_ok(sp_message_check(&m), "end");
    m.header_size = 16;
    tap_ok(!sp_message_check(&m), "end with a header");
    m.header_size = 0;
    m.packet_size = 10;
    tap_ok(!sp_message_check(&m), "end with a packet");
    sp_message_init(&m, SP_MESSAGE_EVIDENCE, 1, 16, 10);
    tap_ok(sp_message_check(&m), "evidence");
    m.type = 4;
    tap_ok(!sp_message_check(&m), "unknown type");
    m.type = 0;
    tap_ok(!sp_message_check(&m), "type zero");
    sp_message_init(&m, SP_MESSAGE_END, 9, 0, 0);
    m.magic ^= 1;
    tap_ok(!sp_message_check(&m), "magic");
}

static bool
index_entry(const char *name)
{
    static const uint8_t digest[32] = {1};
    struct sp_index_entry e;

    sp_index_entry_init(&e, name, 1, 2, digest);
    return sp_index_entry_check(&e);
}

static void
test_index_entry(void)
{
    static const uint8_t digest[32] = {1};
    struct sp_index_entry e;

    tap_ok(index_entry("a-1-1.noarch.rpm"), "an entry of an index");
    tap_ok(!index_entry(""), "no name");
    tap_ok(!index_entry("../a.rpm"), "a name that leads out");
    tap_ok(!index_entry("a/b.rpm"), "a name with a folder");
    tap_ok(!index_entry(".a.rpm"), "a hidden name");
    tap_ok(!index_entry("a\n.rpm"), "a name of two lines");
    sp_index_entry_init(&e, "a.rpm", 1, 2, digest);
    memset(e.name, 'a', sizeof(e.name));
    tap_ok(!sp_index_entry_check(&e), "a name without an end");
    sp_index_entry_init(&e, "a.rpm", 1, 2, digest);
    e.reserved = 1;
    tap_ok(!sp_index_entry_check(&e), "reserved bits");
    sp_index_entry_init(&e, "a.rpm", 1, 2, digest);
    e.magic ^= 1;
    tap_ok(!sp_index_entry_check(&e), "magic of an entry");
    sp_index_entry_init(&e, "a", 3, 4, digest);
    tap_ok(sp_index_entry_check(&e), "a name of one letter");
    tap_ok(e.bytes == 3 && e.time == 4 && e.sha256[0] == 1 &&
               strcmp(e.name, "a") == 0,
           "it says what it was told");
}

static struct sp_report
good(enum sp_worker_kind worker, enum sp_report_type type)
{
    struct sp_report r;

    sp_report_init(&r, worker, type);
    switch (type) {
    case SP_REPORT_JAILED:
        r.body.jailed.landlock_abi = 1;
        r.body.jailed.seccomp = 1;
        break;
    case SP_REPORT_REQUEST:
        memcpy(r.body.request.id, "00112233445566778899aabbccddeeff", 33);
        break;
    case SP_REPORT_PACKAGE:
        r.body.package.verdict = SP_VERDICT_ACCEPTED;
        memcpy(r.body.package.nevra.name, "bash", 5);
        memcpy(r.body.package.nevra.version, "5.1", 4);
        memcpy(r.body.package.nevra.release, "2", 2);
        memcpy(r.body.package.nevra.arch, "noarch", 7);
        break;
    case SP_REPORT_EVIDENCE:
        r.body.evidence.verdict = SP_VERDICT_ACCEPTED;
        r.body.evidence.kind = SP_EVIDENCE_SIGNATURE;
        memcpy(r.body.evidence.label, "updates", 8);
        break;
    case SP_REPORT_LISTED:
        memcpy(r.body.listed.nevra.name, "bash", 5);
        memcpy(r.body.listed.nevra.version, "5.1", 4);
        memcpy(r.body.listed.nevra.release, "2", 2);
        memcpy(r.body.listed.nevra.arch, "noarch", 7);
        break;
    case SP_REPORT_VERDICT:
    case SP_REPORT_EVIDENCE_VERDICT:
        r.body.verdict.verdict = SP_VERDICT_ACCEPTED;
        memcpy(r.body.verdict.signing_fpr, FPR, 41);
        memcpy(r.body.verdict.primary_fpr, FPR, 41);
        break;
    case SP_REPORT_KEY:
        memcpy(r.body.key.fpr, FPR, 41);
        memcpy(r.body.key.primary_fpr, FPR, 41);
        break;
    case SP_REPORT_GROUP:
        r.body.group.word = SP_GROUP_MANDATORY;
        memcpy(r.body.group.id, "bash", 5);
        break;
    case SP_REPORT_FAULT: memcpy(r.reason, "truncated", 10); break;
    case SP_REPORT_PROGRESS:
    case SP_REPORT_MANIFEST:
    case SP_REPORT_REVISION:
    case SP_REPORT_DONE: break;
    }
    return r;
}

/* One good report with `size` bytes replaced is as good. */
static void
accepted(enum sp_worker_kind worker, enum sp_report_type type, size_t at,
         const void *bytes, size_t size, const char *about)
{
    struct sp_report r = good(worker, type);

    memcpy((char *)&r + at, bytes, size);
    tap_ok(sp_report_check(&r, worker), "%s", about);
}
#define ACCEPTED(worker, type, member, bytes, about)                           \
    accepted(worker, type, offsetof(struct sp_report, member), bytes,          \
             sizeof(bytes) - 1, about)

/* The largest value of each field that has a ceiling. */
static void
test_ceilings(void)
{
    const enum sp_report_type package = SP_REPORT_PACKAGE, key = SP_REPORT_KEY;

    ACCEPTED(SP_WORKER_UNPACK, SP_REPORT_FAULT, message, " ~", "all of ASCII");
    ACCEPTED(SP_WORKER_UNPACK, SP_REPORT_PROGRESS, body.progress.kind, "\2",
             "the last framing of a carrier");
    ACCEPTED(SP_WORKER_CHECK, package, body.package.why, "\7", "the last why");
    ACCEPTED(SP_WORKER_CHECK, package, body.package.is_source, "\1", "flag");
    ACCEPTED(SP_WORKER_CHECK, package, body.package.name_noted, "\1", "flag");
    ACCEPTED(SP_WORKER_CHECK, SP_REPORT_EVIDENCE, body.evidence.kind, "\1",
             "the first kind");
    ACCEPTED(SP_WORKER_CHECK, SP_REPORT_EVIDENCE, body.evidence.kind, "\4",
             "the last kind");
    ACCEPTED(SP_WORKER_CHECK, SP_REPORT_EVIDENCE, body.evidence.label,
             "0123456789012345678901234567890123456789012345678901234567890123",
             "a label of 64 bytes");
    ACCEPTED(SP_WORKER_MAKE_HOME, key, body.key.can_sign, "\1", "flag");
    ACCEPTED(SP_WORKER_MAKE_HOME, key, body.key.revoked, "\1", "flag");
    ACCEPTED(SP_WORKER_MAKE_HOME, key, body.key.expired, "\1", "flag");
    ACCEPTED(SP_WORKER_MAKE_HOME, key, body.key.fpr, "09AF", "all digits");
}

/* Which worker may say what, written out once more. */
static void
test_report_types(void)
{
    static const char *const allowed[] = {
        [SP_WORKER_UNPACK] = "JP.....FD.....",
        [SP_WORKER_CHECK] = "J.MRP..FDE...G",
        [SP_WORKER_VERIFY] = "J....V.FD.e...",
        [SP_WORKER_MAKE_HOME] = "J.....KFD.....",
        [SP_WORKER_INDEX] = "J......FD.....",
        [SP_WORKER_EVIDENCE] = "J......FD..rL.",
    };

    for (unsigned w = SP_WORKER_UNPACK; w <= SP_WORKER_EVIDENCE; w++) {
        for (unsigned t = SP_REPORT_JAILED; t <= SP_REPORT_GROUP; t++) {
            struct sp_report r =
                good((enum sp_worker_kind)w, (enum sp_report_type)t);

            tap_ok(sp_report_check(&r, (enum sp_worker_kind)w) ==
                       (allowed[w][t - 1] != '.'),
                   "worker %u, report %u", w, t);
        }
    }
}

/* One good report with `size` bytes replaced must be refused. */
static void
refused(enum sp_worker_kind worker, enum sp_report_type type, size_t at,
        const void *bytes, size_t size, const char *about)
{
    struct sp_report r = good(worker, type);
    bool was_good = sp_report_check(&r, worker);

    memcpy((char *)&r + at, bytes, size);
    tap_ok(was_good && !sp_report_check(&r, worker), "%s", about);
}
#define REFUSED(worker, type, member, bytes, about)                            \
    refused(worker, type, offsetof(struct sp_report, member), bytes,           \
            sizeof(bytes) - 1, about)

static const char one[] = "\1";

static void
test_report_fields(void)
{
    static const char ff[] = "\377\377\377\377";

    REFUSED(SP_WORKER_UNPACK, SP_REPORT_DONE, magic, ff, "magic");
    REFUSED(SP_WORKER_CHECK, SP_REPORT_GROUP, body.group.word, ff, "group");
    REFUSED(SP_WORKER_CHECK, SP_REPORT_GROUP, body.group.id, "<", "its name");
    REFUSED(SP_WORKER_CHECK, SP_REPORT_GROUP, body.group.title, one,
            "a title where none may be");
    REFUSED(SP_WORKER_UNPACK, SP_REPORT_DONE, worker, "\2", "other worker");
    REFUSED(SP_WORKER_UNPACK, SP_REPORT_DONE, type, "\0", "type zero");
    REFUSED(SP_WORKER_UNPACK, SP_REPORT_DONE, type, "\16", "type beyond");
    REFUSED(SP_WORKER_UNPACK, SP_REPORT_DONE, type, "\377\377", "type 65535");
    REFUSED(SP_WORKER_UNPACK, SP_REPORT_DONE, type, "\51", "32 types further");
    REFUSED(SP_WORKER_UNPACK, SP_REPORT_DONE, reserved, one, "reserved");
    REFUSED(SP_WORKER_UNPACK, SP_REPORT_DONE, reason, "io", "DONE, reason");
    REFUSED(SP_WORKER_UNPACK, SP_REPORT_DONE, reason, "x", "DONE, a letter");
    REFUSED(SP_WORKER_UNPACK, SP_REPORT_DONE, message, "x", "DONE, message");
    REFUSED(SP_WORKER_UNPACK, SP_REPORT_DONE, sys, one, "DONE, errno");
    REFUSED(SP_WORKER_UNPACK, SP_REPORT_FAULT, reason, "\0", "no reason");
    REFUSED(SP_WORKER_UNPACK, SP_REPORT_FAULT, reason, "nonsense-word",
            "unknown reason");
    REFUSED(SP_WORKER_UNPACK, SP_REPORT_FAULT, reason,
            "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "reason without end");
    REFUSED(SP_WORKER_UNPACK, SP_REPORT_FAULT, message, "\33[2J", "ESC");
    REFUSED(SP_WORKER_UNPACK, SP_REPORT_FAULT, message, "\37", "US");
    REFUSED(SP_WORKER_UNPACK, SP_REPORT_FAULT, message, "\177", "DEL");
    REFUSED(SP_WORKER_UNPACK, SP_REPORT_FAULT, message, "\n", "newline");
    REFUSED(SP_WORKER_UNPACK, SP_REPORT_FAULT, index, one, "FAULT, index");
    REFUSED(SP_WORKER_UNPACK, SP_REPORT_PROGRESS, body.progress.kind, "\3",
            "a framing that is none of a carrier");
    REFUSED(SP_WORKER_UNPACK, SP_REPORT_JAILED, body.jailed.landlock_abi,
            "\0\0\0\0", "no Landlock");
    REFUSED(SP_WORKER_UNPACK, SP_REPORT_JAILED, body.jailed.seccomp, "\0",
            "no seccomp");
    REFUSED(SP_WORKER_UNPACK, SP_REPORT_JAILED, body.jailed.seccomp, "\3",
            "unknown seccomp");
}

static void
test_report_of_check(void)
{
    REFUSED(SP_WORKER_CHECK, SP_REPORT_REQUEST, body.request.id, "A",
            "request id");
    REFUSED(SP_WORKER_CHECK, SP_REPORT_REQUEST, body.request.id[31], "g",
            "its last digit");
    REFUSED(SP_WORKER_CHECK, SP_REPORT_REQUEST, body.request.reserved, one,
            "reserved");
    REFUSED(SP_WORKER_CHECK, SP_REPORT_REQUEST, body.request.id[32], "0",
            "request id without end");
    REFUSED(SP_WORKER_CHECK, SP_REPORT_PACKAGE, body.package.verdict, "\2",
            "verdict 2");
    REFUSED(SP_WORKER_CHECK, SP_REPORT_PACKAGE, body.package.verdict, "\0",
            "refused without a reason");
    REFUSED(SP_WORKER_CHECK, SP_REPORT_PACKAGE, reason, "nevra",
            "accepted with a reason");
    REFUSED(SP_WORKER_CHECK, SP_REPORT_PACKAGE, body.package.why, "\10",
            "unknown why");
    REFUSED(SP_WORKER_CHECK, SP_REPORT_PACKAGE, body.package.is_source, "\2",
            "flag");
    REFUSED(SP_WORKER_CHECK, SP_REPORT_PACKAGE, body.package.name_noted, "\2",
            "flag");
    REFUSED(SP_WORKER_CHECK, SP_REPORT_PACKAGE, body.package.nevra.name, "\0",
            "accepted without a name");
    REFUSED(SP_WORKER_CHECK, SP_REPORT_PACKAGE, body.package.nevra.name, "../x",
            "path as name");
    REFUSED(SP_WORKER_CHECK, SP_REPORT_PACKAGE, body.package.nevra.arch, "a/",
            "path as arch");
    REFUSED(SP_WORKER_CHECK, SP_REPORT_PACKAGE, body.package.nevra.version,
            "1-", "dash in the version");
    REFUSED(SP_WORKER_CHECK, SP_REPORT_PACKAGE, body.package.nevra.release, " ",
            "space in the release");
    REFUSED(SP_WORKER_CHECK, SP_REPORT_PACKAGE, body.package.nevra.reserved,
            one, "reserved");
}

static void
test_report_of_evidence(void)
{
    const enum sp_report_type e = SP_REPORT_EVIDENCE;

    REFUSED(SP_WORKER_CHECK, e, body.evidence.verdict, "\0",
            "refused evidence without a reason");
    REFUSED(SP_WORKER_CHECK, e, body.evidence.kind, "\0", "no kind");
    REFUSED(SP_WORKER_CHECK, e, body.evidence.kind, "\5", "unknown kind");
    REFUSED(SP_WORKER_CHECK, e, body.evidence.label, "\0", "no label");
    REFUSED(SP_WORKER_CHECK, e, body.evidence.label, "a b", "a space");
    REFUSED(SP_WORKER_CHECK, e, body.evidence.label, "\n", "a line end");
    REFUSED(SP_WORKER_CHECK, e, body.evidence.reserved, one, "reserved");
    REFUSED(SP_WORKER_CHECK, e, reason, "sig-type", "good, with a reason");
    REFUSED(SP_WORKER_EVIDENCE, SP_REPORT_LISTED, body.listed.nevra.name,
            "../x", "a path is listed");
    REFUSED(SP_WORKER_EVIDENCE, SP_REPORT_LISTED, index, one, "an index");
    REFUSED(SP_WORKER_EVIDENCE, SP_REPORT_LISTED, body.listed.nevra.reserved,
            one, "reserved");
    REFUSED(SP_WORKER_VERIFY, SP_REPORT_EVIDENCE_VERDICT,
            body.verdict.primary_fpr, "a", "metadata by no key");
}

static void
test_report_of_keys(void)
{
    REFUSED(SP_WORKER_VERIFY, SP_REPORT_VERDICT, body.verdict.signing_fpr, "\0",
            "accepted without a key");
    REFUSED(SP_WORKER_VERIFY, SP_REPORT_VERDICT, body.verdict.primary_fpr, "a",
            "fingerprint in lower case");
    REFUSED(SP_WORKER_VERIFY, SP_REPORT_VERDICT, body.verdict.primary_fpr[40],
            "A", "fingerprint without end");
    REFUSED(SP_WORKER_VERIFY, SP_REPORT_VERDICT, body.verdict.verdict, "\2",
            "verdict 2");
    REFUSED(SP_WORKER_VERIFY, SP_REPORT_VERDICT, body.verdict.reserved2, one,
            "reserved");
    REFUSED(SP_WORKER_MAKE_HOME, SP_REPORT_KEY, body.key.can_sign, "\2",
            "flag");
    REFUSED(SP_WORKER_MAKE_HOME, SP_REPORT_KEY, body.key.revoked, "\2", "flag");
    REFUSED(SP_WORKER_MAKE_HOME, SP_REPORT_KEY, body.key.expired, "\2", "flag");
    REFUSED(SP_WORKER_MAKE_HOME, SP_REPORT_KEY, body.key.fpr, " ", "key");
    REFUSED(SP_WORKER_MAKE_HOME, SP_REPORT_KEY, body.key.fpr, "/", "key");
    REFUSED(SP_WORKER_MAKE_HOME, SP_REPORT_KEY, body.key.fpr, "@", "key");
    REFUSED(SP_WORKER_MAKE_HOME, SP_REPORT_KEY, body.key.fpr[39], "G",
            "its last digit");
    REFUSED(SP_WORKER_MAKE_HOME, SP_REPORT_KEY, body.key.fpr, ":", "key");
    REFUSED(SP_WORKER_MAKE_HOME, SP_REPORT_KEY, body.key.fpr, "G", "key");
    REFUSED(SP_WORKER_MAKE_HOME, SP_REPORT_KEY, body.key.primary_fpr, " ",
            "primary key");
    REFUSED(SP_WORKER_VERIFY, SP_REPORT_VERDICT, body.verdict.reserved, one,
            "reserved");
    REFUSED(SP_WORKER_MAKE_HOME, SP_REPORT_KEY, body.key.reserved, one,
            "reserved");
}

/* Refused with a reason: what is known of the package must be text. */
static void
test_refused(void)
{
    const struct sp_report base = good(SP_WORKER_CHECK, SP_REPORT_PACKAGE);
    struct sp_report r = base;
    struct sp_nevra *n = &r.body.package.nevra;
    const struct {
        char *text;
        size_t size;
    } fields[] = {{n->name, sizeof(n->name)},
                  {n->version, sizeof(n->version)},
                  {n->release, sizeof(n->release)},
                  {n->arch, sizeof(n->arch)}};

    for (size_t i = 0; i < 4; i++) {
        r = base;
        r.body.package.verdict = SP_VERDICT_REFUSED;
        memcpy(r.reason, "nevra", 6);
        tap_ok(sp_report_check(&r, SP_WORKER_CHECK), "refused, with a reason");
        memset(fields[i].text, 'a', fields[i].size);
        tap_ok(!sp_report_check(&r, SP_WORKER_CHECK), "%zu without end", i);
        memset(fields[i].text, 0, fields[i].size);
        tap_ok(sp_report_check(&r, SP_WORKER_CHECK), "%zu not known", i);
        fields[i].text[0] = '\n';
        tap_ok(!sp_report_check(&r, SP_WORKER_CHECK), "%zu not printable", i);
    }
}

/* A third verdict is none, with a reason as without. */
static void
test_verdicts(void)
{
    static const enum sp_report_type types[] = {
        SP_REPORT_PACKAGE, SP_REPORT_EVIDENCE, SP_REPORT_VERDICT};
    struct sp_report r;

    for (size_t i = 0; i < 3; i++) {
        enum sp_worker_kind w = i == 2 ? SP_WORKER_VERIFY : SP_WORKER_CHECK;

        for (uint32_t verdict = 0; verdict < 3; verdict++) {
            r = good(w, types[i]);
            memcpy(r.reason, "nevra", 6);
            memcpy(&r.body, &verdict, sizeof(verdict)); /* it stands first */
            tap_ok(sp_report_check(&r, w) == (verdict == SP_VERDICT_REFUSED),
                   "report %u, verdict %u and a reason", types[i], verdict);
        }
    }
    r = good(SP_WORKER_CHECK, SP_REPORT_EVIDENCE);
    memcpy(r.reason, "nevra", 6);
    r.body.evidence.verdict = SP_VERDICT_REFUSED;
    r.body.evidence.kind = SP_EVIDENCE_REPOMD;
    tap_ok(!sp_report_check(&r, SP_WORKER_CHECK),
           "only a signature can be refused");
    r = good(SP_WORKER_VERIFY, SP_REPORT_VERDICT);
    memcpy(r.reason, "no-key", 7);
    r.body.verdict.verdict = SP_VERDICT_REFUSED;
    memset(r.body.verdict.signing_fpr, 0, 41);
    tap_ok(!sp_report_check(&r, SP_WORKER_VERIFY), "half a key");
    memcpy(r.body.verdict.signing_fpr, FPR, 41);
    memset(r.body.verdict.primary_fpr, 0, 41);
    tap_ok(!sp_report_check(&r, SP_WORKER_VERIFY), "the other half");
    memset(r.body.verdict.signing_fpr, 0, 41);
    memset(r.body.verdict.primary_fpr, 0, 41);
    tap_ok(sp_report_check(&r, SP_WORKER_VERIFY), "no key");
    r.body.verdict.verdict = SP_VERDICT_ACCEPTED;
    memset(r.reason, 0, sizeof(r.reason));
    tap_ok(!sp_report_check(&r, SP_WORKER_VERIFY), "accepted for no key");
    r = good(SP_WORKER_VERIFY, SP_REPORT_JAILED);
    r.body.jailed.seccomp = 2;
    tap_ok(sp_report_check(&r, SP_WORKER_VERIFY), "the other filter");
}

static void
test_places(void)
{
    static const struct {
        enum sp_worker_kind worker;
        enum sp_report_type type;
    } counted[] = {{SP_WORKER_CHECK, SP_REPORT_PACKAGE},
                   {SP_WORKER_CHECK, SP_REPORT_EVIDENCE},
                   {SP_WORKER_CHECK, SP_REPORT_DONE},
                   {SP_WORKER_VERIFY, SP_REPORT_VERDICT},
                   {SP_WORKER_VERIFY, SP_REPORT_EVIDENCE_VERDICT}};
    struct sp_report r, done;

    for (size_t i = 0; i < sizeof(counted) / sizeof(*counted); i++) {
        r = good(counted[i].worker, counted[i].type);
        r.index = 7;
        tap_ok(sp_report_check(&r, counted[i].worker), "report %u has a number",
               counted[i].type);
    }
    r = good(SP_WORKER_CHECK, SP_REPORT_FAULT);
    done = good(SP_WORKER_CHECK, SP_REPORT_DONE);
    tap_ok(sp_report_check(&r, SP_WORKER_CHECK) &&
               sp_report_check(&done, SP_WORKER_CHECK),
           "a report is not judged by the one before");
    r = good(SP_WORKER_CHECK, SP_REPORT_DONE);
    r.worker = 99;
    tap_ok(!sp_report_check(&r, (enum sp_worker_kind)99), "no such worker");
}

static void
test_errors(void)
{
    struct sp_error err = {0}, back = {0};
    struct sp_report r;
    char long_text[SP_MESSAGE_MAX];

    (void)sp_fail_sys(&err, 5, "read-error", "cannot read byte %d", 7);
    sp_report_init(&r, SP_WORKER_UNPACK, SP_REPORT_FAULT);
    sp_report_set_error(&r, &err);
    tap_ok(sp_report_check(&r, SP_WORKER_UNPACK), "a fault as report");
    sp_report_get_error(&r, &back);
    tap_is_str(back.detail, "read-error", "reason");
    tap_is_u64(back.code, SP_E_MEDIA, "class");
    tap_is_u64((uint64_t)back.sys, 5, "errno");
    tap_is_str(back.msg, err.msg, "message");
    memset(long_text, 'x', sizeof(long_text) - 1);
    long_text[sizeof(long_text) - 1] = '\0';
    (void)sp_fail(&err, "io", "%s", long_text);
    sp_report_set_error(&r, &err);
    tap_ok(sp_report_check(&r, SP_WORKER_UNPACK), "a long message is cut");
    tap_is_u64(strlen(r.message), sizeof(r.message) - 1, "where it must be");
}

static void
test_why(void)
{
    for (unsigned i = SP_WHY_NONE; i <= SP_WHY_MIRROR; i++) {
        const char *word = sp_why_word((enum sp_why)i);
        enum sp_why why = SP_WHY_MIRROR;

        tap_ok(sp_why_parse(word, strlen(word), &why) && why == i, "%s", word);
        tap_ok(!sp_why_parse(word, strlen(word) - 1, &why), "%s cut", word);
    }
    tap_is_str(sp_why_word((enum sp_why)99), "-", "no such reason");
}

int
main(void)
{
    test_entry();
    test_message();
    test_index_entry();
    test_report_types();
    test_ceilings();
    test_report_fields();
    test_report_of_check();
    test_report_of_evidence();
    test_report_of_keys();
    test_refused();
    test_verdicts();
    test_places();
    test_errors();
    test_why();
    return tap_done();
}
