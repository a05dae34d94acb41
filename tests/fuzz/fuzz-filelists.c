/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * File lists cut down to some paths (build/filelists.h), in pieces of the
 * size that the first byte gives. What comes out is XML of the same kind:
 * cut down again it does not change.
 */
#include "base/lines.h"
#include "build/filelists.h"
#include "tests/fuzz/fuzz.h"

static char first[] = "/bin/sh", second[] = "/usr/bin/python3";
static char *paths[] = {first, second};

static int
emit(void *data, const char *text, size_t len, struct sp_error *err)
{
    (void)err;
    sp_text_add_bytes(data, text, len);
    return 0;
}

static int
cut(const void *data, size_t size, size_t piece, struct sp_text *ret,
    struct sp_error *err)
{
    struct sp_filelists *lists = sp_filelists_open(paths, 2, 1, emit, ret);
    int status = 0;

    FUZZ_CHECK(lists);
    for (size_t at = 0; at < size && status == 0; at += piece)
        status = sp_filelists_feed(lists, (const char *)data + at,
                                   size - at < piece ? size - at : piece, err);
    if (status == 0)
        status = sp_filelists_feed(lists, NULL, 0, err);
    sp_filelists_close(lists);
    return status;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sp_text once = {.bytes = NULL}, twice = {.bytes = NULL};
    struct sp_error err = {0};

    if (size < 2)
        return 0;
    if (cut(data + 1, size - 1, data[0] ? data[0] : size, &once, &err) < 0) {
        fuzz_refused(&err);
    } else {
        FUZZ_CHECK(cut(once.bytes, once.size, once.size, &twice, &err) == 0);
        FUZZ_CHECK(once.size == twice.size &&
                   memcmp(once.bytes, twice.bytes, once.size) == 0);
    }
    sp_text_release(&once);
    sp_text_release(&twice);
    return 0;
}
