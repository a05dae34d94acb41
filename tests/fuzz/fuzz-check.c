/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An entry stream through all of check (ingest/check.c, nothing stored). An
 * input is the size of the pieces and, in a shorter form than records, the
 * stream: a byte for its kind, then for each file a length (three bytes,
 * little-endian) and as many bytes. What is handed on to verify must be a
 * message stream of canonical packets, and a package that is accepted one
 * whose payload its header names.
 */
#include "base/sha256.h"
#include "ingest/check.c" /* the body, without jail and arguments */
#include "tests/fuzz/fresh-check.h"
#include "tests/fuzz/stage.h"

/* Later than any signature that the forge makes. */
#define NOW UINT64_C(4000000000)

enum { STREAM_MAX = 512 * 1024, FILES_MAX = 4096 };

static uint8_t stream[STREAM_MAX];
static size_t stream_size;

/* The files in it, and the accepted packages in the order of the reports. */
static struct sp_span files[FILES_MAX];
static size_t first_package;
static struct {
    uint64_t index;
    uint8_t header_sha256[32];
} accepted[FILES_MAX];
static size_t n_accepted;

static void
put(const void *bytes, size_t len)
{
    memcpy(stream + stream_size, bytes, len);
    stream_size += len;
}

static void
put_entry(enum sp_entry_type type, enum sp_stream_kind kind, uint64_t index,
          uint64_t size)
{
    struct sp_entry entry;

    sp_entry_init(&entry, type, kind, index, size);
    if (type == SP_ENTRY_FILE && kind == SP_STREAM_QFILE)
        memcpy(entry.untrusted_name, "hello-2.0-1.x86_64.rpm", 23);
    put(&entry, sizeof(entry));
}

/* A length beyond the end is cut, and the last file with it. */
static void
write_stream(const uint8_t *data, size_t size, enum sp_stream_kind kind)
{
    uint64_t n = 0, bytes = 0;

    stream_size = 0;
    put_entry(SP_ENTRY_START, kind, 0, 0);
    while (size >= 3 && n < FILES_MAX) {
        size_t len =
            (size_t)data[0] | (size_t)data[1] << 8 | (size_t)data[2] << 16;

        data += 3;
        size -= 3;
        if (len > size)
            len = size;
        put_entry(SP_ENTRY_FILE, kind, n, len);
        files[n++] = (struct sp_span){stream_size, len};
        put(data, len);
        bytes += len;
        data += len;
        size -= len;
    }
    put_entry(SP_ENTRY_END, kind, n, bytes);
}

/* Its payload is the one that its main header names. */
static void
check_payload(const struct sp_span *file)
{
    const uint8_t *data = stream + file->offset;
    uint8_t digest[SP_SHA256_BYTES];
    char hex[SP_SHA256_HEX];
    size_t head = 0, need = 0;
    struct sp_error err = {0};
    struct sp_rpm rpm;

    do {
        head = need;
        FUZZ_CHECK(sp_rpm_need(data, head, file->size, &need, &err) == 0);
    } while (need > head);
    FUZZ_CHECK(sp_rpm_parse(data, head, &rpm, &err) == 0 &&
               sp_rpm_facts(data, head, &rpm, &err) == 0);
    sp_sha256(data + head, file->size - head, digest);
    sp_text_hex(hex, digest, sizeof(digest));
    FUZZ_CHECK(strcmp(hex, rpm.payload_sha256) == 0);
}

static void
hear(const struct sp_report *report)
{
    if (report->type == SP_REPORT_EVIDENCE)
        first_package++;
    if (report->type != SP_REPORT_PACKAGE ||
        report->body.package.verdict != SP_VERDICT_ACCEPTED)
        return;
    check_payload(&files[first_package + report->index - 1]);
    accepted[n_accepted].index = report->index;
    memcpy(accepted[n_accepted++].header_sha256,
           report->body.package.header_sha256, 32);
}

static void
run(void *data)
{
    struct sp_check_plan plan = {.max_files = SP_MAX_PACKAGES,
                                 .max_bytes = SP_MAX_BUNDLE_BYTES,
                                 .max_file = SP_MAX_MEMBER_BYTES,
                                 .now = NOW,
                                 .go_on = true};
    struct sp_entries entries;
    struct sp_message end;
    uint64_t packages, messages = 0;

    (void)data;
    sp_entries_start(&entries);
    packages = entries.kind == SP_STREAM_BUNDLE
                   ? check_bundle(&plan, &entries, &messages)
                   : check_files(&plan, &entries, &messages);
    sp_message_init(&end, SP_MESSAGE_END, messages, 0, 0);
    sp_check_hand_on(&end, sizeof(end));
    sp_worker_done(packages);
}

static void
check_messages(void)
{
    static struct sp_sigpacket packet;
    struct sp_message message;
    struct sp_error err = {0};
    uint8_t digest[SP_SHA256_BYTES];
    uint64_t messages = 0;
    size_t at = 0, packages = 0;

    FUZZ_CHECK(stage.out_size <= sizeof(stage.out));
    for (;; messages++) {
        memcpy(&message, stage.out + at, sizeof(message));
        FUZZ_CHECK(sp_message_check(&message));
        at += sizeof(message);
        if (message.type == SP_MESSAGE_END)
            break;
        if (message.type == SP_MESSAGE_PACKAGE) {
            FUZZ_CHECK(packages < n_accepted &&
                       accepted[packages].index == message.index);
            sp_sha256(stage.out + at, message.header_size, digest);
            FUZZ_CHECK(memcmp(accepted[packages++].header_sha256, digest,
                              sizeof(digest)) == 0);
        }
        at += message.header_size;
        FUZZ_CHECK(sp_sigpacket_parse(stage.out + at, message.packet_size,
                                      &packet, &err) == 0);
        at += message.packet_size;
    }
    FUZZ_CHECK(message.index == messages && at == stage.out_size);
    FUZZ_CHECK(packages == n_accepted);
    FUZZ_CHECK(stage.in_at == stage.in_size);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool ready;
    struct sp_error err = {0};

    if (!ready)
        FUZZ_CHECK(sp_digest_init(&err) == 0);
    ready = true;
    if (size < 2 || size > STREAM_MAX / 100)
        return 0;
    first_package = data[1] % 3 == 0; /* MANIFEST stands before them */
    n_accepted = 0;
    fresh_check();
    write_stream(data + 2, size - 2, (enum sp_stream_kind)(1 + data[1] % 3));
    stage_begin(SP_WORKER_CHECK, stream, stream_size, 16 * (size_t)data[0]);
    stage.hear = hear;
    if (stage_run(run, NULL) == STAGE_DONE)
        check_messages();
    return 0;
}
