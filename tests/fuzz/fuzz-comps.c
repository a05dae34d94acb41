/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * comps.xml (build/comps.h), in pieces of the size that the first byte gives,
 * on to groups (build/groups.h) and to the text for the trusted side, which
 * must be one that it reads. With 255 there the rest goes to the groups as it
 * is, from a reader that was taken over.
 */
#include "base/lines.h"
#include "build/comps.h"
#include "build/groups.h"
#include "tests/fuzz/fuzz.h"

static int
emit(void *data, const char *text, size_t len, struct sp_error *err)
{
    (void)err;
    sp_text_add_bytes(data, text, len);
    return 0;
}

static int
take(void *data, const struct sp_group_line *line, struct sp_error *err)
{
    (void)data;
    (void)err;
    FUZZ_CHECK(sp_group_line_ok(line));
    return 0;
}

static void
print_groups(const struct sp_text *lines)
{
    struct sp_groups groups = {NULL, 0};
    struct sp_text text = {.bytes = NULL};
    struct sp_error err = {0};

    if (lines->size > 0 &&
        sp_groups_add(&groups, lines->bytes, lines->size, &err) < 0) {
        fuzz_refused(&err);
    } else {
        sp_groups_ready(&groups);
        sp_groups_print(&groups, &text);
        FUZZ_CHECK(sp_groups_parse(text.bytes, text.size, take, NULL, &err) ==
                   0);
    }
    sp_groups_release(&groups);
    sp_text_release(&text);
}

static void
read_xml(const uint8_t *data, size_t size, size_t piece)
{
    struct sp_text lines = {.bytes = NULL};
    struct sp_comps_reader *reader = sp_comps_open(1, emit, &lines);
    struct sp_error err = {0};
    int status = 0;

    FUZZ_CHECK(reader);
    for (size_t at = 0; at < size && status == 0; at += piece)
        status = sp_comps_feed(reader, data + at,
                               size - at < piece ? size - at : piece, &err);
    if (status == 0)
        status = sp_comps_feed(reader, NULL, 0, &err);
    if (status < 0)
        fuzz_refused(&err);
    else
        print_groups(&lines);
    sp_comps_close(reader);
    sp_text_release(&lines);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sp_text lines = {.bytes = NULL};

    if (size < 2)
        return 0;
    if (data[0] < 255) {
        read_xml(data + 1, size - 1, data[0] ? data[0] : size);
        return 0;
    }
    sp_text_add_bytes(&lines, (const char *)data + 1, size - 1);
    print_groups(&lines);
    sp_text_release(&lines);
    return 0;
}
