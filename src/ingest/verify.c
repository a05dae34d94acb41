/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ingest/verify.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/path.h"
#include "base/sha256.h"
#include "base/text.h"
#include "bundle/sigpacket.h"
#include "ingest/batch.h"
#include "ingest/gpg.h"
#include "ingest/jails.h"
#include "ingest/keytable.h"
#include "ingest/message.h"
#include "ingest/worker.h"

static const char default_gpg[] = "/usr/bin/gpg";

struct verify {
    uint64_t now;
    struct sp_keytable keys;
    uint64_t messages;   /* received */
    uint64_t last_index; /* of the message before; ignored for the first */
    uint32_t last_type;
    struct sp_batch batch;
};

/* ---- verdicts ---------------------------------------------------------- */

static void
send_verdict(const struct sp_batch_item *item)
{
    struct sp_report report;
    struct sp_report_verdict *body = &report.body.verdict;

    sp_report_init(&report, SP_WORKER_VERIFY,
                   item->is_evidence ? SP_REPORT_EVIDENCE_VERDICT
                                     : SP_REPORT_VERDICT);
    report.index = item->index;
    body->verdict = item->verdict;
    memcpy(body->header_sha256, item->header_sha256,
           sizeof(body->header_sha256));
    memcpy(body->issuer, item->issuer, sizeof(body->issuer));
    if (item->verdict == SP_VERDICT_ACCEPTED) {
        memcpy(body->signing_fpr, item->expected.fpr,
               sizeof(body->signing_fpr));
        memcpy(body->primary_fpr, item->expected.primary_fpr,
               sizeof(body->primary_fpr));
    } else {
        sp_report_set_error(&report, &item->error);
    }
    sp_worker_send(&report);
}

static void
flush(struct sp_batch *batch)
{
    sp_batch_judge(batch);
    for (size_t i = 0; i < batch->n_items; i++)
        send_verdict(&batch->items[i]);
    batch->n_items = 0;
    batch->bytes = 0;
}

/* ---- one message ------------------------------------------------------- */

/* Reads exactly `size` bytes of the message stream. */
static int
read_exactly(void *buf, size_t size, struct sp_error *err)
{
    ssize_t n = sp_read_full(SP_FD_IN, buf, size);

    if (n < 0)
        return sp_fail_sys(err, errno, "io", "cannot read the messages");
    if ((size_t)n < size)
        return sp_fail(err, "peer-gone", "the messages end early");
    return 0;
}

/* The header goes to its place in the file while it is hashed. */
static int
store_header(int fd, struct sp_batch_item *item, struct sp_error *err)
{
    static uint8_t buf[64 * SP_KIB];
    struct sp_sha256 sha256;
    uint32_t left = item->header_size;

    if (lseek(fd, SP_MESSAGE_PREFIX_BYTES, SEEK_SET) < 0)
        return sp_fail_sys(err, errno, "io", "cannot write a message file");
    sp_sha256_init(&sha256);
    while (left > 0) {
        uint32_t size = left < sizeof(buf) ? left : (uint32_t)sizeof(buf);

        if (read_exactly(buf, size, err) < 0)
            return -1;
        sp_sha256_update(&sha256, buf, size);
        if (sp_write_full(fd, buf, size) < 0)
            return sp_fail_sys(err, errno, "io", "cannot write a message file");
        left -= size;
    }
    sp_sha256_final(&sha256, item->header_sha256);
    return 0;
}

/*
 * The packet goes behind the header, in the one form that our own encoder
 * gives it; the framing goes before it.
 */
static int
store_packet(int fd, uint32_t header_size, const struct sp_sigpacket *packet,
             struct sp_error *err)
{
    uint8_t encoded[SP_SIGPACKET_ENCODED_MAX];
    uint8_t prefix[SP_MESSAGE_PREFIX_BYTES];
    size_t size =
        sp_sigpacket_encode(packet, packet->left16, encoded, sizeof(encoded));

    if (size == 0)
        return sp_fail(err, "sig-size", "the signature packet is too large");
    sp_message_prefix(packet, header_size, prefix);
    if (sp_write_full(fd, encoded, size) < 0 || lseek(fd, 0, SEEK_SET) < 0 ||
        sp_write_full(fd, prefix, sizeof(prefix)) < 0)
        return sp_fail_sys(err, errno, "io", "cannot write a message file");
    return 0;
}

/* The issuer fingerprint of the packet, if it has one, is that of the key. */
static bool
is_issued_by(const struct sp_sigpacket *packet, const struct sp_key *key)
{
    char fpr[41];

    if (!packet->has_fingerprint)
        return true;
    for (size_t i = 0; i < sizeof(packet->fingerprint); i++)
        (void)snprintf(fpr + 2 * i, 3, "%02X", packet->fingerprint[i]);
    return strcmp(fpr, key->fpr) == 0;
}

/* All that can be said without gpg: time, key, and that the two fit. */
static int
judge_packet(const struct verify *v, const struct sp_sigpacket *packet,
             const struct sp_key **ret_key, struct sp_error *err)
{
    const struct sp_key *key = sp_keytable_by_id(&v->keys, packet->issuer);
    char id[17];

    sp_text_hex(id, packet->issuer, sizeof(packet->issuer));
    if (sp_sigpacket_time(packet, v->now, err) < 0)
        return -1;
    if (!key)
        return sp_fail(err, "no-key", "no allowed key has the id '%s'", id);
    if (!is_issued_by(packet, key))
        return sp_fail(err, "sig-issuer",
                       "issuer fingerprint and key '%s' differ", key->fpr);
    if (sp_key_usable(&v->keys, key, v->now, err) < 0)
        return -1;
    if (key->algo != packet->pubkey_algo)
        return sp_fail(err, "bad-signature",
                       "algorithm %u, but key '%s' has algorithm %u",
                       packet->pubkey_algo, key->fpr, key->algo);
    if (key->algo == SP_PK_RSA && packet->mpi_bits[0] > key->bits)
        return sp_fail(err, "sig-mpi",
                       "an integer of %u bits, but key '%s' has %u",
                       packet->mpi_bits[0], key->fpr, key->bits);
    if (packet->created < key->created)
        return sp_fail(err, "sig-before-key",
                       "the signature is older than its key '%s'", key->fpr);
    *ret_key = key;
    return 0;
}

/*
 * Takes one message into the batch. Fails only on faults of the stream or
 * the machine; what is wrong with the message stands in its item.
 */
static int
take_message(struct verify *v, struct sp_batch_item *item, size_t packet_size,
             struct sp_error *err)
{
    static uint8_t blob[SP_SIGPACKET_ENCODED_MAX];
    static struct sp_sigpacket packet;
    const struct sp_key *key;
    SP_AUTO_FD fd = -1;

    if (sp_batch_name(item->name, err) < 0)
        return -1;
    fd = openat(v->batch.dirfd, item->name,
                O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (fd < 0)
        return sp_fail_sys(err, errno, "io", "cannot make a message file");
    if (store_header(fd, item, err) < 0 ||
        read_exactly(blob, packet_size, err) < 0)
        return -1;
    item->waiting =
        sp_sigpacket_parse(blob, packet_size, &packet, &item->error) == 0;
    if (item->waiting) {
        memcpy(item->issuer, packet.issuer, sizeof(item->issuer));
        item->waiting = judge_packet(v, &packet, &key, &item->error) == 0;
    }
    if (!item->waiting) {
        (void)unlinkat(v->batch.dirfd, item->name, 0);
        return 0;
    }
    sp_batch_expect(item, &packet, key);
    return store_packet(fd, item->header_size, &packet, err);
}

/* ---- the stream -------------------------------------------------------- */

/* Indexes rise in each kind, and evidence stands before packages. */
static bool
in_order(const struct verify *v, const struct sp_message *message)
{
    if (v->messages == 0)
        return true;
    if (message->type != v->last_type)
        return message->type == SP_MESSAGE_PACKAGE;
    return message->index > v->last_index;
}

static int
next_message(struct verify *v, const struct sp_message *message,
             struct sp_error *err)
{
    struct sp_batch *batch = &v->batch;
    struct sp_batch_item *item;

    if (!in_order(v, message))
        return sp_fail(err, "protocol", "the messages are out of order");
    if (batch->n_items == SP_CHUNK_PACKAGES ||
        message->header_size > SP_CHUNK_BYTES - batch->bytes)
        flush(batch);
    item = &batch->items[batch->n_items];
    memset(item, 0, sizeof(*item));
    item->index = message->index;
    item->is_evidence = message->type == SP_MESSAGE_EVIDENCE;
    item->header_size = message->header_size;
    if (take_message(v, item, message->packet_size, err) < 0)
        return -1;
    batch->n_items++;
    batch->bytes += message->header_size;
    v->messages++;
    v->last_index = message->index;
    v->last_type = message->type;
    return 0;
}

/* The end record says how many there were, and nothing follows it. */
static int
check_end(const struct verify *v, const struct sp_message *message,
          struct sp_error *err)
{
    char byte;

    if (message->index != v->messages || sp_read_some(SP_FD_IN, &byte, 1) != 0)
        return sp_fail(err, "protocol", "the messages do not end as they say");
    return 0;
}

static int
run(struct verify *v, struct sp_error *err)
{
    struct sp_message message;

    for (;;) {
        if (read_exactly(&message, sizeof(message), err) < 0)
            return -1;
        if (!sp_message_check(&message))
            return sp_fail(err, "protocol", "a message record is malformed");
        if (message.type == SP_MESSAGE_END)
            return check_end(v, &message, err);
        if (next_message(v, &message, err) < 0)
            return -1;
    }
}

static int
open_all(struct verify *v, const char *messages, struct sp_error *err)
{
    SP_AUTO_FD home = -1;

    if (sp_gpg_begin(v->batch.gpg, err) < 0)
        return -1;
    home = sp_path_open_dir(AT_FDCWD, v->batch.home, err);
    if (home < 0 || sp_keytable_read(home, &v->keys, err) < 0 ||
        sp_keytable_unique(&v->keys, err) < 0)
        return -1;
    v->batch.dirfd = sp_path_open_dir(AT_FDCWD, messages, err);
    if (v->batch.dirfd < 0)
        return -1;
    if (fchdir(v->batch.dirfd) < 0)
        return sp_fail_sys(err, errno, "io", "cannot enter '%s'", messages);
    return 0;
}

_Noreturn void
sp_verify_run(int argc, char **argv)
{
    static struct verify v;
    const char *messages = sp_worker_text(argc, argv, "messages");
    struct sp_jail jail;
    struct sp_error err = {0};

    v.batch.home = sp_worker_text(argc, argv, "home");
    v.batch.gpg = sp_worker_text(argc, argv, "gpg");
    if (!v.batch.gpg)
        v.batch.gpg = default_gpg;
    sp_worker_init(SP_WORKER_VERIFY);
    if (!v.batch.home || v.batch.home[0] != '/' || !messages ||
        messages[0] != '/')
        _exit(SP_E_USAGE);
    if (sp_gpg_prepare(&err) < 0)
        sp_worker_fault(&err);
    sp_jails_verify(v.batch.home, messages, v.batch.gpg, &jail);
    sp_worker_begin(SP_WORKER_VERIFY, &jail);
    v.now = sp_worker_number(argc, argv, "now", UINT64_MAX, 0);
    if (open_all(&v, messages, &err) < 0 || run(&v, &err) < 0)
        sp_worker_fault(&err);
    flush(&v.batch);
    sp_worker_done(v.messages);
}
