/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A qfile stream (ingest/unpack-qfile.h), in pieces of the size that the first
 * byte gives. Not a byte behind its end may be read, every name that passes
 * follows the rule, and the entry stream holds the bytes that came.
 */
#include "base/text.h"
#include "ingest/unpack-qfile.h"
#include "tests/fuzz/stage.h"

enum { MAX_FILES = 16, MAX_FILE = 256 * 1024, MAX_BYTES = 512 * 1024 };

static void
unpack(void *data)
{
    struct sp_intake intake = {.bounded = true,
                               .granted = SP_QFILE_HEADER_BYTES};

    (void)data;
    sp_unpack_qfile(&intake, MAX_FILES, MAX_FILE, MAX_BYTES);
}

/* By the words of the interface alone: letters, digits, "._+^~-", ".rpm". */
static void
check_name(const char *name)
{
    size_t len = strlen(name);

    FUZZ_CHECK(len > 4 && len < SP_QFILE_NAME_BYTES);
    FUZZ_CHECK(strcmp(name + len - 4, ".rpm") == 0);
    FUZZ_CHECK(!strchr("._+^~-", name[0]) && !strchr(name, '/'));
    for (size_t i = 0; i < len; i++)
        FUZZ_CHECK(name[i] > 0x20 && name[i] < 0x7f);
}

static size_t
check_file(const struct sp_entry *entry, const uint8_t *in, const uint8_t *out)
{
    struct sp_qfile_header header;

    check_name(entry->untrusted_name);
    sp_qfile_get_header(in, &header);
    FUZZ_CHECK(header.size == entry->size && header.size <= MAX_FILE);
    FUZZ_CHECK(memcmp(in + SP_QFILE_HEADER_BYTES, entry->untrusted_name,
                      strlen(entry->untrusted_name)) == 0);
    in += SP_QFILE_HEADER_BYTES + header.name_size;
    FUZZ_CHECK(memcmp(in, out, (size_t)header.size) == 0);
    return SP_QFILE_HEADER_BYTES + header.name_size + (size_t)header.size;
}

static void
check_entries(void)
{
    size_t in = 0, at = sizeof(struct sp_entry);
    uint64_t files = 0, bytes = 0;
    struct sp_entry entry;

    for (;;) {
        memcpy(&entry, stage.out + at, sizeof(entry));
        at += sizeof(entry);
        FUZZ_CHECK(sp_entry_check(&entry) && entry.kind == SP_STREAM_QFILE);
        if (entry.type != SP_ENTRY_FILE)
            break;
        FUZZ_CHECK(entry.index == files++);
        in += check_file(&entry, stage.in + in, stage.out + at);
        at += (size_t)entry.size;
        bytes += entry.size;
    }
    FUZZ_CHECK(entry.type == SP_ENTRY_END && entry.index == files);
    FUZZ_CHECK(entry.size == bytes && at == stage.out_size);
    FUZZ_CHECK(files <= MAX_FILES && files == stage.count);
    /* The header of the end is the last thing that is read. */
    FUZZ_CHECK(stage.in_at == in + SP_QFILE_HEADER_BYTES);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1 || size > STAGE_OUT_MAX / 8)
        return 0;
    stage_begin(SP_WORKER_UNPACK, data + 1, size - 1, data[0]);
    if (stage_run(unpack, NULL) == STAGE_DONE)
        check_entries();
    return 0;
}
