/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An entry stream through all of check (ingest/check.c, nothing stored). An
 * input is the size of the pieces and, in a shorter form than records, the
 * stream: a byte for its kind, then for each file a length (three bytes,
 * little-endian) and as many bytes. What is handed on to verify must be a
 * message stream of canonical packets.
 */
#include "ingest/check.c" /* the body, without jail and arguments */
#include "tests/fuzz/stage.h"

enum { NOW = 1700000000, STREAM_MAX = 512 * 1024 };

static uint8_t stream[STREAM_MAX];
static size_t stream_size;

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
    uint64_t files = 0, bytes = 0;

    stream_size = 0;
    put_entry(SP_ENTRY_START, kind, 0, 0);
    while (size >= 3) {
        size_t len = (size_t)data[0] | (size_t)data[1] << 8 |
                     (size_t)data[2] << 16;

        data += 3;
        size -= 3;
        if (len > size)
            len = size;
        put_entry(SP_ENTRY_FILE, kind, files++, len);
        put(data, len);
        bytes += len;
        data += len;
        size -= len;
    }
    put_entry(SP_ENTRY_END, kind, files, bytes);
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
    uint64_t messages = 0;
    size_t at = 0;

    FUZZ_CHECK(stage.out_size <= sizeof(stage.out));
    for (;; messages++) {
        memcpy(&message, stage.out + at, sizeof(message));
        FUZZ_CHECK(sp_message_check(&message));
        at += sizeof(message);
        if (message.type == SP_MESSAGE_END)
            break;
        at += message.header_size;
        FUZZ_CHECK(sp_sigpacket_parse(stage.out + at, message.packet_size,
                                      &packet, &err) == 0);
        at += message.packet_size;
    }
    FUZZ_CHECK(message.index == messages && at == stage.out_size);
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
    write_stream(data + 2, size - 2, (enum sp_stream_kind)(1 + data[1] % 3));
    stage_begin(SP_WORKER_CHECK, stream, stream_size, 16 * (size_t)data[0]);
    if (stage_run(run, NULL) == STAGE_DONE)
        check_messages();
    return 0;
}
