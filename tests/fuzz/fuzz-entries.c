/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The reader of the entry stream (ingest/entries.h), what a taken-over unpack
 * could send. The first byte of an input is the size of the pieces; of each
 * record the magic number is put right, wherever the reader stands.
 */
#include "ingest/entries.h"
#include "tests/fuzz/stage.h"

enum { STREAM_MAX = 16 * 1024, RECORD = sizeof(struct sp_entry) };

static uint8_t stream[STREAM_MAX];

/* Of the records at which a reader arrives that believes them. */
static void
put_magic(size_t size)
{
    struct sp_entry entry;
    uint32_t magic;

    sp_entry_init(&entry, SP_ENTRY_START, SP_STREAM_RPM, 0, 0);
    magic = entry.magic;
    for (size_t at = 0; size - at >= RECORD;) {
        memcpy(stream + at, &magic, sizeof(magic));
        memcpy(&entry, stream + at, sizeof(entry));
        at += RECORD;
        if (entry.type != SP_ENTRY_FILE)
            continue;
        if (entry.size > size - at)
            return;
        at += (size_t)entry.size;
    }
}

static void
run(void *data)
{
    struct sp_entries entries;
    struct sp_entry entry;
    uint64_t files = 0, bytes = 0;
    uint8_t some[300];

    (void)data;
    sp_entries_start(&entries);
    while (sp_entries_next(&entries, &entry)) {
        FUZZ_CHECK(entry.index == files++ && entry.kind == entries.kind);
        bytes += entry.size;
        FUZZ_CHECK(entries.left == entry.size && entries.bytes == bytes);
        if (entry.index % 3 == 0)
            (void)sp_entries_some(&entries, some, sizeof(some));
        else if (entry.index % 3 == 1 && entry.size >= 5)
            sp_entries_take(&entries, some, 5);
    }
    FUZZ_CHECK(entries.files == files && entries.left == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1 || size > STREAM_MAX)
        return 0;
    memcpy(stream, data + 1, size - 1);
    put_magic(size - 1);
    stage_begin(SP_WORKER_CHECK, stream, size - 1, data[0]);
    (void)stage_run(run, NULL);
    return 0;
}
