/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ingest/check-evidence.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"
#include "bundle/sigpacket.h"
#include "ingest/digest.h"
#include "ingest/worker.h"

/* The signed file is needed whole, beside its signature. */
static uint8_t untrusted_repomd[SP_MAX_REPOMD_BYTES];
static uint8_t untrusted_signature[SP_SIG_MAX_BYTES];

/* The repository whose members come now; its repomd.xml stands first. */
static struct repository {
    char label[sizeof(((struct sp_member *)NULL)->label)];
    size_t repomd_size; /* 0: there is none, or it is too large */
    int fd;
} current = {.fd = -1};

_Noreturn static void
fault_store(void)
{
    struct sp_error err = {0};

    (void)sp_fail_sys(&err, errno, "io", "cannot store the signed metadata");
    sp_worker_fault(&err);
}

static void
begin_repository(const struct sp_check_plan *plan, uint64_t number,
                 const struct sp_member *member)
{
    char name[16];

    sp_close_fd(&current.fd);
    memcpy(current.label, member->label, sizeof(current.label));
    current.repomd_size = 0;
    if (!plan->keep)
        return;
    (void)snprintf(name, sizeof(name), "e%04" PRIu64, number);
    current.fd =
        openat(SP_FD_DIR, name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
    if (current.fd < 0)
        fault_store();
}

/* Takes all bytes; those that fit into `room` are kept. Returns how many
 * there were, 0 when they did not fit. */
static size_t
take(struct sp_entries *entries, const struct sp_member *member, bool store,
     uint8_t *room, size_t size)
{
    static uint8_t piece[64 * 1024];
    size_t n, kept = 0;

    sp_digest_begin(SP_HASH_SHA256);
    while ((n = sp_entries_some(entries, piece, sizeof(piece))) > 0) {
        sp_digest_add(SP_HASH_SHA256, piece, n);
        if (store && current.fd >= 0 && sp_write_full(current.fd, piece, n) < 0)
            fault_store();
        if (member->size <= size) {
            memcpy(room + kept, piece, n);
            kept += n;
        }
    }
    return kept;
}

/* The packet's form and time, and that it is the one of this repomd.xml. */
static int
judge_signature(const struct sp_check_plan *plan, size_t size,
                struct sp_sigpacket *packet, struct sp_error *err)
{
    if (current.repomd_size == 0)
        return sp_fail(err, "metadata", "no repomd.xml to which it belongs");
    if (sp_sigpacket_parse(untrusted_signature, size, packet, err) < 0 ||
        sp_sigpacket_time(packet, plan->now, err) < 0)
        return -1;
    sp_digest_begin(packet->hash_algo);
    sp_digest_add(packet->hash_algo, untrusted_repomd, current.repomd_size);
    sp_digest_add(packet->hash_algo, packet->trailer, packet->trailer_size);
    if (memcmp(sp_digest_end(packet->hash_algo), packet->left16,
               sizeof(packet->left16)) != 0)
        return sp_fail(err, "bad-signature",
                       "the signature is not for this repomd.xml");
    return 0;
}

static void
hand_on(const struct sp_sigpacket *packet, uint64_t number)
{
    static uint8_t canonical[SP_SIGPACKET_ENCODED_MAX];
    size_t size = sp_sigpacket_encode(packet, packet->left16, canonical,
                                      sizeof(canonical));
    struct sp_message message;

    if (size == 0)
        SP_BUG("no room for a canonical packet");
    sp_message_init(&message, SP_MESSAGE_EVIDENCE, number,
                    (uint32_t)current.repomd_size, (uint32_t)size);
    sp_check_hand_on(&message, sizeof(message));
    sp_check_hand_on(untrusted_repomd, current.repomd_size);
    sp_check_hand_on(canonical, size);
}

static void
check_digest(const struct sp_member *member)
{
    struct sp_error err = {0};

    if (memcmp(sp_digest_end(SP_HASH_SHA256), member->sha256,
               sizeof(member->sha256)) == 0)
        return;
    (void)sp_fail(&err, "evidence-digest",
                  "metadata of '%s' was damaged on the medium or on the way",
                  member->label);
    sp_worker_fault(&err);
}

/* Takes the member to its place. Returns the bytes of a kept signature. */
static size_t
take_member(const struct sp_check_plan *plan, struct sp_entries *entries,
            uint64_t number, const struct sp_member *member)
{
    size_t kept = 0;
    bool ours;

    if (member->evidence == SP_EVIDENCE_REPOMD)
        begin_repository(plan, number, member);
    ours = strcmp(current.label, member->label) == 0;
    if (member->evidence == SP_EVIDENCE_REPOMD)
        current.repomd_size = take(entries, member, true, untrusted_repomd,
                                   sizeof(untrusted_repomd));
    else
        kept = take(entries, member, ours, untrusted_signature,
                    member->evidence == SP_EVIDENCE_SIGNATURE && ours
                        ? sizeof(untrusted_signature)
                        : 0);
    check_digest(member);
    if (!ours)
        current.repomd_size = 0;
    return kept;
}

bool
sp_check_evidence(const struct sp_check_plan *plan, struct sp_entries *entries,
                  uint64_t number, const struct sp_member *member)
{
    static struct sp_sigpacket packet;
    size_t size = take_member(plan, entries, number, member);
    bool is_signature = member->evidence == SP_EVIDENCE_SIGNATURE;
    struct sp_report report;
    struct sp_report_evidence *facts = &report.body.evidence;
    struct sp_error err = {0};

    sp_report_init(&report, SP_WORKER_CHECK, SP_REPORT_EVIDENCE);
    report.index = number;
    facts->kind = member->evidence;
    facts->bytes = member->size;
    memcpy(facts->sha256, member->sha256, sizeof(facts->sha256));
    memcpy(facts->label, member->label, sizeof(facts->label));
    facts->verdict = SP_VERDICT_ACCEPTED;
    if (is_signature && judge_signature(plan, size, &packet, &err) < 0) {
        facts->verdict = SP_VERDICT_REFUSED;
        sp_report_set_error(&report, &err);
    }
    if (is_signature && facts->verdict == SP_VERDICT_ACCEPTED)
        facts->signature_time = packet.created;
    sp_worker_send(&report);
    if (!is_signature || facts->verdict != SP_VERDICT_ACCEPTED)
        return false;
    hand_on(&packet, number);
    return true;
}
