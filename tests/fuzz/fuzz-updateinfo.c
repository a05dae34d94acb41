/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * updateinfo.xml (build/updateinfo.h), in pieces of the size that the first
 * byte gives, on to the advisories of a plan (build/advisories.h), which
 * people read: every word of them is printable. With 255 there the rest goes
 * to the advisories as it is, from a reader that was taken over.
 */
#include <stdio.h>

#include "base/lines.h"
#include "build/advisories.h"
#include "build/updateinfo.h"
#include "tests/fuzz/fuzz.h"

static int
emit(void *data, const char *text, size_t len, struct sp_error *err)
{
    (void)err;
    FUZZ_CHECK(len > 0 && text[len - 1] == '\n' && !memchr(text, '\0', len));
    sp_text_add_bytes(data, text, len);
    return 0;
}

static void
is_printable(const char *word, bool may_be_empty)
{
    FUZZ_CHECK(word && (may_be_empty || word[0]));
    for (; *word; word++)
        FUZZ_CHECK(*word >= 0x20 && *word <= 0x7e);
}

static void
read_lines(const struct sp_text *lines)
{
    static struct sp_plan_package package = {.nevra = {.name = "xen",
                                                       .version = "4.19",
                                                       .release = "1.fc41",
                                                       .arch = "x86_64"}};
    const struct sp_plan plan = {.packages = &package, .n = 1};
    struct sp_advisories advisories = {NULL, 0};
    FILE *in = fmemopen(lines->bytes, lines->size, "r");
    struct sp_error err = {0};

    FUZZ_CHECK(in);
    if (sp_advisories_add(&advisories, in, &plan, &err) < 0)
        fuzz_refused(&err);
    (void)fclose(in);
    sp_advisories_sort(&advisories);
    for (size_t i = 0; i < advisories.n; i++) {
        const struct sp_advisory *a = &advisories.list[i];

        is_printable(a->id, false);
        is_printable(a->type, false);
        is_printable(a->severity, false);
        is_printable(a->date, false);
        is_printable(a->fixes, true);
        FUZZ_CHECK(strstr(a->packages, "xen-4.19-1.fc41.x86_64"));
    }
    sp_advisories_release(&advisories);
}

static void
read_xml(const uint8_t *data, size_t size, size_t piece)
{
    struct sp_text lines = {.bytes = NULL};
    struct sp_updateinfo *info = sp_updateinfo_open(1, emit, &lines);
    struct sp_error err = {0};
    int status = 0;

    FUZZ_CHECK(info);
    for (size_t at = 0; at < size && status == 0; at += piece)
        status = sp_updateinfo_feed(
            info, data + at, size - at < piece ? size - at : piece, &err);
    if (status == 0)
        status = sp_updateinfo_feed(info, NULL, 0, &err);
    if (status < 0)
        fuzz_refused(&err);
    if (lines.size > 0)
        read_lines(&lines);
    sp_updateinfo_close(info);
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
    read_lines(&lines);
    sp_text_release(&lines);
    return 0;
}
