/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A bundle through the gate and the archive library (ingest/unpack.c). The
 * first byte of an input says in which pieces it comes; bit 7: the stream goes
 * on behind the end marker, as a medium does; bit 6: the checksums of headers
 * are put right before. A disagreement between the two
 * parsers is a find, although the product refuses it; so is an entry stream
 * that is not one, or not of the very bytes that came.
 */
#include <stdlib.h>

#include "ingest/unpack.c" /* the body, without its jail and arguments */
#include "tests/fuzz/stage.h"

enum { MEDIUM = 0x80, MEND = 0x40, PIECE = 8, STREAM_MAX = STAGE_OUT_MAX / 2 };

static struct bundle bundle;
static uint8_t stream[STREAM_MAX];

/* Where headers are, as long as the sizes in them say. */
static void
mend_headers(size_t size)
{
    char name[SP_TAR_NAME_MAX + 1];
    uint64_t member;

    for (size_t at = 0; size - at >= SP_TAR_BLOCK;) {
        uint8_t *block = stream + at;

        if (block[0] == '\0')
            return;
        fuzz_fix_checksum(block);
        at += SP_TAR_BLOCK;
        if (!sp_tar_read(block, name, &member))
            continue;
        member += sp_tar_padding(member);
        if (member > size - at)
            return;
        at += (size_t)member;
    }
}

static void
open_bundle(void)
{
    memset(&bundle, 0, sizeof(bundle));
    bundle.gate.max_bytes = SP_MAX_BUNDLE_BYTES;
    bundle.gate.max_packages = SP_MAX_PACKAGES;
    bundle.gate.max_member = SP_MAX_MEMBER_BYTES;
    bundle.archive = archive_read_new();
    if (!bundle.archive ||
        archive_read_support_format_tar(bundle.archive) != ARCHIVE_OK)
        abort();
}

static void
unpack(void *data)
{
    unpack_bundle(&bundle, !*(const bool *)data);
}

/* Start, the members one behind the other, end; as in the bundle. */
static void
check_entries(void)
{
    const uint8_t *in = stage.in, *out = stage.out;
    uint64_t members = 0, bytes = 0;
    struct sp_entry entry;
    size_t at = sizeof(entry);

    memcpy(&entry, out, sizeof(entry));
    FUZZ_CHECK(sp_entry_check(&entry) && entry.type == SP_ENTRY_START);
    for (;;) {
        memcpy(&entry, out + at, sizeof(entry));
        at += sizeof(entry);
        FUZZ_CHECK(sp_entry_check(&entry));
        if (entry.type != SP_ENTRY_FILE)
            break;
        in += SP_TAR_BLOCK;
        FUZZ_CHECK(entry.index == members++);
        FUZZ_CHECK(memcmp(out + at, in, (size_t)entry.size) == 0);
        at += (size_t)entry.size;
        bytes += entry.size;
        in += entry.size + sp_tar_padding(entry.size);
    }
    FUZZ_CHECK(entry.type == SP_ENTRY_END && entry.index == members);
    FUZZ_CHECK(entry.size == bytes && at == stage.out_size);
    FUZZ_CHECK((size_t)(in - stage.in) + 2 * SP_TAR_BLOCK <= stage.in_size);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bool medium;
    enum stage_end end;

    if (size < 1 || size > STREAM_MAX)
        return 0;
    medium = data[0] & MEDIUM;
    memcpy(stream, data + 1, size - 1);
    if (data[0] & MEND)
        mend_headers(size - 1);
    stage_begin(SP_WORKER_UNPACK, stream, size - 1,
                PIECE * (data[0] % (size_t)MEND));
    open_bundle();
    end = stage_run(unpack, &medium);
    (void)archive_read_free(bundle.archive);
    if (end == STAGE_FAULT)
        FUZZ_CHECK(strcmp(stage.err.detail, "parser-disagreement") != 0);
    else
        check_entries();
    return 0;
}
