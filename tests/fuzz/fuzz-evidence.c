/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The scanner of signed metadata (ingest/evidence-scan.c). An input is the
 * size of the pieces, the length of repomd.xml (two bytes, little-endian),
 * repomd.xml and primary.xml. The digest of primary is not compared on the
 * way: else nothing behind it would be reached. What is listed is a package
 * that may exist, and stands in the text.
 */
#include "ingest/evidence-scan.c" /* the readers, without jail and arguments */
#include "tests/fuzz/stage.h"

static uint64_t listed;
static const char *text; /* of both files */
static size_t text_size;

static void
is_in_text(const char *word)
{
    FUZZ_CHECK(memmem(text, text_size, word, strlen(word)) != NULL);
}

static void
hear(const struct sp_report *report)
{
    const struct sp_nevra *n = &report->body.listed.nevra;
    char hex[65];

    if (report->type != SP_REPORT_LISTED)
        return;
    listed++;
    is_in_text(n->name);
    is_in_text(n->version);
    is_in_text(n->release);
    is_in_text(n->arch);
    sp_text_hex(hex, report->body.listed.sha256, 32);
    is_in_text(hex);
}

static void
scan(void *data)
{
    uint64_t repomd = *(const uint64_t *)data;
    struct sp_report_revision revision;
    uint8_t primary[32];

    open_file("repomd.xml", repomd);
    read_repomd(&revision, primary);
    open_file("primary.xml", stage.in_size - repomd);
    sp_worker_done(read_packages());
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool ready;
    struct sp_error err = {0};
    uint64_t repomd;

    if (!ready)
        FUZZ_CHECK(sp_digest_init(&err) == 0);
    ready = true;
    if (size < 3)
        return 0;
    text = (const char *)data + 3;
    text_size = size - 3;
    repomd = (uint64_t)data[1] | (uint64_t)data[2] << 8;
    if (repomd > text_size)
        repomd = text_size;
    stage_begin(SP_WORKER_EVIDENCE, data + 3, text_size, data[0]);
    stage.hear = hear;
    listed = 0;
    if (stage_run(scan, &repomd) == STAGE_DONE)
        FUZZ_CHECK(listed == stage.count && stage.in_at == stage.in_size);
    return 0;
}
