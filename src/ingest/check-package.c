/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ingest/check-package.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/text.h"
#include "bundle/rpm.h"
#include "bundle/sigpacket.h"
#include "ingest/digest.h"
#include "ingest/worker.h"

/* Lead, signature header and main header of the current package. Used again
 * for each one; what no header ever reached costs no memory. */
static uint8_t untrusted_head[SP_RPM_MAX_HEAD_BYTES];

static uint8_t piece[256 * 1024];

/* Of one file: as much as a disk writes in some milliseconds. */
enum { WRITE_BACK_BYTES = 8 << 20 };

/* What is known of the current package. */
static struct package {
    uint64_t index;
    size_t head_size;
    struct sp_rpm rpm;
    struct sp_sigpacket packet;
    const uint8_t *header; /* the main header, in untrusted_head */
    uint8_t header_sha256[32];
    uint8_t canonical[SP_SIGPACKET_ENCODED_MAX];
    size_t canonical_size;
    uint8_t prefix[SP_RPM_PREFIX_MAX];
    size_t prefix_size;
    uint64_t payload_bytes;
} current;

/* ---- faults that are not the package's ---------------------------------- */

_Noreturn static void
fault(const char *reason, const char *what, uint64_t index)
{
    struct sp_error err = {0};

    (void)sp_fail(&err, reason, "package %" PRIu64 ": %s", index, what);
    sp_worker_fault(&err);
}

_Noreturn static void
fault_store(uint64_t index)
{
    struct sp_error err = {0};

    (void)sp_fail_sys(&err, errno, "io", "cannot store package %" PRIu64,
                      index);
    sp_worker_fault(&err);
}

void
sp_check_hand_on(const void *data, size_t len)
{
    struct sp_error err = {0};

    if (sp_write_full(SP_FD_OUT, data, len) == 0)
        return;
    (void)sp_fail_sys(&err, errno, errno == EPIPE ? "peer-gone" : "io",
                      "cannot write the message stream");
    sp_worker_fault(&err);
}

/* ---- the head ------------------------------------------------------------ */

/* MANIFEST knows the size and the digest: damage is told from forgery. */
static int
read_announced_head(struct package *p, struct sp_entries *entries,
                    const struct sp_member *member, struct sp_error *err)
{
    uint64_t size = entries->left;
    size_t need;

    if (member->head_size > size || member->head_size > sizeof(untrusted_head))
        fault("manifest-member", "impossible head size", p->index);
    p->head_size = (size_t)member->head_size;
    sp_entries_take(entries, untrusted_head, p->head_size);
    if (memcmp(sp_digest(SP_HASH_SHA256, untrusted_head, p->head_size),
               member->sha256, sizeof(member->sha256)) != 0)
        fault("head-digest", "damaged on the medium or on the way", p->index);
    if (sp_rpm_need(untrusted_head, p->head_size, size, &need, err) < 0)
        return -1;
    if (need != p->head_size)
        fault("manifest-member", "wrong head size", p->index);
    return 0;
}

/* Without MANIFEST the head says step by step how long it is. */
static int
read_plain_head(struct package *p, struct sp_entries *entries,
                struct sp_error *err)
{
    uint64_t size = entries->left;
    size_t need = 0;

    do {
        sp_entries_take(entries, untrusted_head + p->head_size,
                        need - p->head_size);
        p->head_size = need;
        if (sp_rpm_need(untrusted_head, p->head_size, size, &need, err) < 0)
            return -1;
    } while (need > p->head_size);
    return 0;
}

/* The unsigned digests prove nothing; a wrong one shows damage. */
static int
check_header_digests(struct package *p, struct sp_error *err)
{
    const struct sp_rpm *rpm = &p->rpm;
    char hex[65];

    sp_text_hex(hex, p->header_sha256, 32);
    if (rpm->header_sha256[0] && strcmp(rpm->header_sha256, hex) != 0)
        return sp_fail(err, "header-digest",
                       "the main header does not match its SHA-256");
    if (!rpm->header_sha1[0])
        return 0;
    sp_text_hex(hex, sp_digest(SP_HASH_SHA1, p->header, rpm->main_header.size),
                20);
    if (strcmp(rpm->header_sha1, hex) != 0)
        return sp_fail(err, "header-digest",
                       "the main header does not match its SHA-1");
    return 0;
}

/*
 * The digest that was signed. Its first two bytes stand in the packet: a
 * damaged header ends here, and our reading of the packet is the signer's.
 */
static int
check_signed_digest(struct package *p, struct sp_error *err)
{
    const struct sp_sigpacket *packet = &p->packet;
    const uint8_t *digest;

    sp_digest_begin(packet->hash_algo);
    sp_digest_add(packet->hash_algo, p->header, p->rpm.main_header.size);
    sp_digest_add(packet->hash_algo, packet->trailer, packet->trailer_size);
    digest = sp_digest_end(packet->hash_algo);
    if (memcmp(digest, packet->left16, sizeof(packet->left16)) != 0)
        return sp_fail(err, "bad-signature",
                       "the signature is not for this header");
    p->canonical_size = sp_sigpacket_encode(packet, packet->left16,
                                            p->canonical, sizeof(p->canonical));
    p->prefix_size = sp_rpm_prefix(&p->rpm, p->canonical, p->canonical_size,
                                   p->header_sha256, p->payload_bytes,
                                   p->prefix, sizeof(p->prefix));
    if (p->prefix_size == 0)
        SP_BUG("no room for the canonical header");
    return 0;
}

static bool
same_nevra(const struct sp_nevra *a, const struct sp_nevra *b)
{
    return strcmp(a->name, b->name) == 0 && a->epoch == b->epoch &&
           strcmp(a->version, b->version) == 0 &&
           strcmp(a->release, b->release) == 0 && strcmp(a->arch, b->arch) == 0;
}

/* What MANIFEST calls the package, or the sender's hint. */
static int
check_names(const struct package *p, const struct sp_member *member,
            const char *untrusted_hint, struct sp_report_package *facts,
            struct sp_error *err)
{
    char name[SP_FILENAME_MAX + 1], shown[SP_NEVRA_SHOWN_MAX];

    (void)sp_nevra_filename(&p->rpm.nevra, name, sizeof(name)); /* it fits */
    if (!member) {
        facts->name_noted =
            *untrusted_hint && strcmp(untrusted_hint, name) != 0;
        return 0;
    }
    if (same_nevra(&member->nevra, &p->rpm.nevra))
        return 0;
    sp_nevra_show(&member->nevra, shown, sizeof(shown));
    return sp_fail(err, "filename-mismatch", "MANIFEST calls it '%.*s'",
                   SP_SHOWN_MAX, shown);
}

static void
report_packet(const struct sp_sigpacket *packet, struct sp_report_package *ret)
{
    memcpy(ret->issuer, packet->issuer, sizeof(ret->issuer));
    ret->signature_time = packet->created;
    ret->hash_algo = packet->hash_algo;
    ret->pubkey_algo = packet->pubkey_algo;
}

static void
report_facts(const struct sp_rpm *rpm, struct sp_report_package *ret)
{
    ret->nevra = rpm->nevra;
    ret->is_source = rpm->is_source;
    ret->build_time = rpm->build_time;
    ret->installed_bytes = rpm->installed_bytes;
}

/* The order of the checks is part of sallyport-package(5). */
static int
judge_head(const struct sp_check_plan *plan, struct package *p,
           struct sp_report_package *facts, struct sp_error *err)
{
    if (sp_rpm_parse(untrusted_head, p->head_size, &p->rpm, err) < 0)
        return -1;
    p->header = untrusted_head + p->rpm.main_header.offset;
    memcpy(p->header_sha256,
           sp_digest(SP_HASH_SHA256, p->header, p->rpm.main_header.size), 32);
    memcpy(facts->header_sha256, p->header_sha256, 32);
    if (sp_sigpacket_parse(untrusted_head + p->rpm.signature.offset,
                           p->rpm.signature.size, &p->packet, err) < 0 ||
        sp_sigpacket_tag(&p->packet, p->rpm.signature_tag, err) < 0)
        return -1;
    report_packet(&p->packet, facts);
    if (sp_rpm_facts(untrusted_head, p->head_size, &p->rpm, err) < 0)
        return -1;
    report_facts(&p->rpm, facts);
    facts->payload_bytes = p->payload_bytes;
    if (check_header_digests(p, err) < 0 || check_signed_digest(p, err) < 0)
        return -1;
    return sp_sigpacket_time(&p->packet, plan->now, err);
}

/* ---- the payload --------------------------------------------------------- */

/* O_EXCL: a name that exists already is nobody's but an attacker's. */
static int
create_file(uint64_t index)
{
    char name[32];
    int fd;

    (void)snprintf(name, sizeof(name), "%06" PRIu64 ".rpm", index);
    fd = openat(SP_FD_DIR, name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
    if (fd < 0)
        fault_store(index);
    return fd;
}

static void
store(int fd, const void *data, size_t len, uint64_t index)
{
    if (fd >= 0 && sp_write_full(fd, data, len) < 0)
        fault_store(index);
}

/*
 * The disk works while the rest comes in, and the sync at the end finds
 * little to do. That it cannot begin yet is no fault: the sync will tell.
 */
static void
begin_write_back(int fd, uint64_t stored, uint64_t *begun)
{
    if (fd < 0 || stored - *begun < WRITE_BACK_BYTES)
        return;
    (void)sync_file_range(fd, (off_t)*begun, (off_t)(stored - *begun),
                          SYNC_FILE_RANGE_WRITE);
    *begun = stored;
}

/* The digests of the payload, and of all files that it is the end of. */
static void
hash_head(const struct sp_check_plan *plan, const struct package *p)
{
    sp_digest_begin(SP_HASH_SHA256);
    sp_digest_begin(SP_HASH_FILE);
    sp_digest_begin(SP_HASH_STORED);
    if (plan->hash_files)
        sp_digest_add(SP_HASH_FILE, untrusted_head, p->head_size);
    if (plan->hash_stored) {
        sp_digest_add(SP_HASH_STORED, p->prefix, p->prefix_size);
        sp_digest_add(SP_HASH_STORED, p->header, p->rpm.main_header.size);
    }
}

static void
hash_payload(const struct sp_check_plan *plan, const uint8_t *bytes, size_t n)
{
    sp_digest_add(SP_HASH_SHA256, bytes, n);
    if (plan->hash_files)
        sp_digest_add(SP_HASH_FILE, bytes, n);
    if (plan->hash_stored)
        sp_digest_add(SP_HASH_STORED, bytes, n);
}

/* Each byte is received once and written once, and never read back. */
static int
take_payload(const struct sp_check_plan *plan, struct package *p,
             struct sp_entries *entries, struct sp_error *err)
{
    int fd = plan->store ? create_file(p->index) : -1;
    uint64_t stored = p->prefix_size + p->rpm.main_header.size, begun = 0;
    char hex[65];
    size_t n;

    store(fd, p->prefix, p->prefix_size, p->index);
    store(fd, p->header, p->rpm.main_header.size, p->index);
    hash_head(plan, p);
    while ((n = sp_entries_some(entries, piece, sizeof(piece))) > 0) {
        hash_payload(plan, piece, n);
        store(fd, piece, n, p->index);
        stored += n;
        begin_write_back(fd, stored, &begun);
    }
    sp_text_hex(hex, sp_digest_end(SP_HASH_SHA256), 32);
    if (fd >= 0 && close(fd) < 0)
        fault_store(p->index);
    if (strcmp(hex, p->rpm.payload_sha256) != 0)
        return sp_fail(err, "payload-digest-mismatch",
                       "the payload was damaged on the way or altered");
    return 0;
}

static void
hand_on(const struct package *p)
{
    struct sp_message message;

    sp_message_init(&message, SP_MESSAGE_PACKAGE, p->index,
                    (uint32_t)p->rpm.main_header.size,
                    (uint32_t)p->canonical_size);
    sp_check_hand_on(&message, sizeof(message));
    sp_check_hand_on(p->header, p->rpm.main_header.size);
    sp_check_hand_on(p->canonical, p->canonical_size);
}

int
sp_check_package(const struct sp_check_plan *plan, struct sp_entries *entries,
                 uint64_t index, const struct sp_member *member,
                 const char *untrusted_hint, struct sp_report *ret_report,
                 struct sp_error *err)
{
    struct sp_report_package *facts = &ret_report->body.package;
    struct package *p = &current;
    int result;

    memset(p, 0, sizeof(*p));
    p->index = index;
    sp_report_init(ret_report, SP_WORKER_CHECK, SP_REPORT_PACKAGE);
    ret_report->index = index;
    facts->why = member ? member->why : SP_WHY_NONE;
    result = member ? read_announced_head(p, entries, member, err)
                    : read_plain_head(p, entries, err);
    p->payload_bytes = entries->left;
    if (result < 0 || judge_head(plan, p, facts, err) < 0 ||
        check_names(p, member, untrusted_hint, facts, err) < 0 ||
        take_payload(plan, p, entries, err) < 0) {
        sp_report_set_error(ret_report, err);
        return -1;
    }
    facts->file_bytes =
        p->prefix_size + p->rpm.main_header.size + p->payload_bytes;
    if (plan->hash_files)
        memcpy(facts->file_sha256, sp_digest_end(SP_HASH_FILE),
               sizeof(facts->file_sha256));
    if (plan->hash_stored)
        memcpy(facts->stored_sha256, sp_digest_end(SP_HASH_STORED),
               sizeof(facts->stored_sha256));
    facts->verdict = SP_VERDICT_ACCEPTED;
    hand_on(p);
    return 0;
}
