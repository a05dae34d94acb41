/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A request (bundle/request.h), its count and digest put right first where
 * there is a place for them. What is accepted, walked and written again, gives
 * the same bytes, unless it has lines of a later version ("x-").
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/auto.h"
#include "base/sha256.h"
#include "base/text.h"
#include "bundle/request-key.h"
#include "bundle/request.h"
#include "tests/fuzz/fuzz.h"

enum { END_LINE = 4 + 64 + 1 };

/* "end " and what stands behind it are the last 69 bytes. */
static void
seal(char *text, size_t size)
{
    uint8_t digest[SP_SHA256_BYTES];
    char hex[SP_SHA256_HEX];
    char *end = text + size - END_LINE;

    if (size < END_LINE || memcmp(end, "end ", 4) != 0)
        return;
    sp_sha256(text, size - END_LINE, digest);
    sp_text_hex(hex, digest, sizeof(digest));
    memcpy(end + 4, hex, 64);
}

static void
is_inside(const struct sp_request *r, struct sp_view view)
{
    FUZZ_CHECK(view.size == 0 ||
               (view.bytes >= r->text && view.size <= r->size &&
                view.bytes + view.size <= r->text + r->size));
}

static void
write_field(struct sp_request_writer *w, const struct sp_request *r,
            const struct sp_request_field *field)
{
    struct sp_error err = {0};

    is_inside(r, field->value);
    is_inside(r, field->block);
    FUZZ_CHECK(sp_request_write_field(w, field->key, &err, "%.*s",
                                      (int)field->value.size,
                                      field->value.bytes) == 0);
    if (sp_request_key_has_block(field->key)) {
        size_t size = 0;
        SP_AUTO_FREE char *block = sp_request_block(field->block, &size);

        FUZZ_CHECK(block != NULL);
        sp_request_write_block(w, block, size);
    }
}

static void
write_packages(struct sp_request_writer *w, const struct sp_request *r)
{
    struct sp_request_package package;
    struct sp_nevra before;
    size_t at = 0;
    uint64_t packages = 0;

    while (sp_request_package(r, &at, &package)) {
        struct sp_view value;
        size_t line = 0;
        char kind;

        if (packages++ > 0)
            FUZZ_CHECK(sp_request_order(&before, &package.nevra) < 0);
        before = package.nevra;
        is_inside(r, package.vendor);
        sp_request_write_package(w, &package.nevra, package.vendor);
        while (sp_request_line(&package, &line, &kind, &value)) {
            is_inside(r, value);
            FUZZ_CHECK(strchr("prcomsuef", kind) && value.size > 0);
            sp_request_write_line(w, kind, value);
        }
    }
    FUZZ_CHECK(packages == r->packages && packages >= 1);
}

static void
write_again(const struct sp_request *r)
{
    struct sp_request_writer writer;
    struct sp_request_field field;
    struct sp_error err = {0};
    SP_AUTO_FREE char *text = NULL;
    uint64_t fields[SP_REQUEST_KEY_PUBKEY + 1] = {0};
    size_t size = 0;

    FUZZ_CHECK(sp_request_write_begin(&writer, &err) == 0);
    for (unsigned key = 0; key <= SP_REQUEST_KEY_PUBKEY; key++) {
        size_t at = 0;

        while (sp_request_next(r, (enum sp_request_key)key, &at, &field)) {
            fields[key]++;
            write_field(&writer, r, &field);
        }
        FUZZ_CHECK(!sp_request_key_once((enum sp_request_key)key) ||
                   fields[key] == 1);
    }
    FUZZ_CHECK(fields[SP_REQUEST_KEY_SPEC] == r->specs &&
               fields[SP_REQUEST_KEY_REPO_FILE] == r->repo_files);
    write_packages(&writer, r);
    FUZZ_CHECK(sp_request_write_end(&writer, &text, &size, &err) == 0);
    sp_request_write_release(&writer);
    if (!memmem(r->text, r->size, "\nx-", 3))
        FUZZ_CHECK(size == r->size && memcmp(text, r->text, size) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sp_request request;
    struct sp_error err = {0};
    char *text = malloc(size ? size : 1);

    if (!text)
        abort();
    memcpy(text, data, size);
    seal(text, size);
    if (sp_request_parse(text, size, &request, &err) < 0)
        fuzz_refused(&err);
    else
        write_again(&request);
    free(text);
    return 0;
}
