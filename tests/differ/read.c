/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads streams with the gate alone and with the archive library alone:
 *
 *   read      on stdin, for each stream: its size, u32 little-endian; bytes
 *
 * For each stream two lines, "gate" and "archive", with tabs between their
 * words: for each member that was read to its end NAME, KIND ("file" or
 * "other"), offset of its data, size, SHA-256; then "ok" or why the reader
 * gave up. The gate is ok when the stream ends with its end marker; the
 * library is set up as in sallyport-unpack.
 */
#include <archive.h>
#include <archive_entry.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/sha256.h"
#include "base/text.h"
#include "bundle/gate.h"
#include "bundle/limits.h"

enum { MAX_STREAM = 1 << 24 };

struct stream {
    uint8_t *bytes;
    size_t size;
};

static void
put_member(const char *name, bool file, uint64_t at, uint64_t size,
           struct sp_sha256 *ctx)
{
    char shown[SP_SHOWN_MAX], hex[SP_SHA256_HEX];
    uint8_t digest[SP_SHA256_BYTES];

    sp_sha256_final(ctx, digest);
    sp_text_hex(hex, digest, sizeof(digest));
    sp_text_show(shown, sizeof(shown), name);
    printf("\t%s\t%s\t%llu\t%llu\t%s", shown, file ? "file" : "other",
           (unsigned long long)at, (unsigned long long)size, hex);
}

/* ---- the gate ------------------------------------------------------------ */

static const char *
pass_all(const struct stream *in, struct sp_gate *gate)
{
    static struct sp_error err;
    struct sp_sha256 ctx;
    enum sp_gate_block block = 0;
    uint64_t data_at = 0;

    for (size_t at = 0; in->size - at >= SP_TAR_BLOCK; at += SP_TAR_BLOCK) {
        uint64_t left = gate->left;

        if (sp_gate_pass(gate, in->bytes + at, &block, &err) < 0)
            return err.detail;
        if (block == SP_GATE_END)
            return at + SP_TAR_BLOCK == in->size ? "ok" : "trailing-data";
        if (block == SP_GATE_HEADER) {
            sp_sha256_init(&ctx);
            data_at = at + SP_TAR_BLOCK;
        }
        if (block == SP_GATE_DATA)
            sp_sha256_update(&ctx, in->bytes + at, left - gate->left);
        if (block != SP_GATE_ZERO && gate->left == 0)
            put_member(gate->name, true, data_at, gate->size, &ctx);
    }
    return "truncated";
}

static void
read_with_gate(const struct stream *in)
{
    struct sp_gate gate = {.max_packages = SP_MAX_PACKAGES,
                           .max_member = SP_MAX_MEMBER_BYTES,
                           .max_bytes = SP_MAX_BUNDLE_BYTES};
    const char *end;

    printf("gate");
    end = pass_all(in, &gate);
    printf("\t%s\n", end);
}

/* ---- the library ----------------------------------------------------------
 */

/* The status of the last call: ARCHIVE_EOF when all of it is there. */
static int
read_member(struct archive *archive, struct archive_entry *entry)
{
    const char *name = archive_entry_pathname(entry);
    int64_t header_at = archive_read_header_position(archive);
    bool file = archive_entry_filetype(entry) == S_IFREG &&
                archive_entry_hardlink(entry) == NULL;
    struct sp_sha256 ctx;
    const void *run;
    size_t len;
    la_int64_t at, done = 0;
    int status;

    sp_sha256_init(&ctx);
    while ((status = archive_read_data_block(archive, &run, &len, &at)) ==
           ARCHIVE_OK) {
        if (at != done)
            return ARCHIVE_FAILED; /* a hole */
        sp_sha256_update(&ctx, run, len);
        done += (la_int64_t)len;
    }
    if (status == ARCHIVE_EOF)
        put_member(name ? name : "", file, (uint64_t)header_at + SP_TAR_BLOCK,
                   (uint64_t)archive_entry_size(entry), &ctx);
    return done == archive_entry_size(entry) ? status : ARCHIVE_FAILED;
}

static const char *
read_all(const struct stream *in, struct archive *archive)
{
    struct archive_entry *entry;
    int status = archive_read_open_memory(archive, in->bytes, in->size);

    while (status == ARCHIVE_OK) {
        status = archive_read_next_header(archive, &entry);
        if (status == ARCHIVE_EOF)
            return "ok";
        if (status == ARCHIVE_OK)
            status = read_member(archive, entry);
        if (status == ARCHIVE_EOF)
            status = ARCHIVE_OK;
    }
    return status == ARCHIVE_WARN ? "warning" : "failed";
}

static void
read_with_library(const struct stream *in)
{
    struct archive *archive = archive_read_new();
    const char *end;

    if (!archive || archive_read_support_format_tar(archive) != ARCHIVE_OK)
        errx(2, "no archive library");
    printf("archive");
    end = read_all(in, archive);
    printf("\t%s\n", end);
    (void)archive_read_free(archive);
}

/* From the heap and exactly as long: the sanitizer sees each byte too far. */
static bool
next_stream(struct stream *ret)
{
    uint8_t size[4];

    if (fread(size, 1, sizeof(size), stdin) != sizeof(size))
        return false;
    ret->size = size[0] | (size_t)size[1] << 8 | (size_t)size[2] << 16 |
                (size_t)size[3] << 24;
    if (ret->size > MAX_STREAM)
        errx(2, "a stream of %zu bytes", ret->size);
    ret->bytes = malloc(ret->size + !ret->size);
    if (!ret->bytes || fread(ret->bytes, 1, ret->size, stdin) != ret->size)
        errx(2, "the stream breaks off");
    return true;
}

int
main(void)
{
    struct stream in;

    while (next_stream(&in)) {
        read_with_gate(&in);
        read_with_library(&in);
        free(in.bytes);
    }
    return ferror(stdout) || fflush(stdout) != 0;
}
