/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The grammar of one rpm header (bundle/rpm-header.h). The first byte of an
 * input says which: bit 0 the main header, else the signature header. Bit 1
 * puts right what can be computed (sizes, region, offsets), so that tags,
 * types, counts and data are judged for themselves.
 *
 * What is accepted has one reading: written anew from its values it gives the
 * same bytes.
 */
#include <stdlib.h>

#include "bundle/limits.h"
#include "bundle/rpm-header.h"
#include "tests/fuzz/fuzz.h"

enum { MAIN = 1, MEND = 2, BYTES_MAX = 16 * 1024 };

static uint8_t mended[BYTES_MAX];
static uint8_t anew[BYTES_MAX];

static void
put_u32(uint8_t *p, uint32_t value)
{
    for (unsigned i = 0; i < 4; i++)
        p[i] = (uint8_t)(value >> (24 - 8 * i));
}

static void
put_entry(uint8_t *p, uint32_t tag, uint32_t type, uint32_t offset,
          uint32_t count)
{
    put_u32(p, tag);
    put_u32(p + 4, type);
    put_u32(p + 8, offset);
    put_u32(p + 12, count);
}

static uint32_t
width_of(uint32_t type)
{
    return type == SP_RPM_INT16   ? 2
           : type == SP_RPM_INT32 ? 4
           : type == SP_RPM_INT64 ? 8
                                  : 1;
}

static bool
is_string(uint32_t type)
{
    return type == SP_RPM_STRING || type == SP_RPM_STRING_ARRAY ||
           type == SP_RPM_I18NSTRING;
}

/* The end of `count` values that begin at p, `end` when they have none. */
static const uint8_t *
behind(const uint8_t *p, const uint8_t *end, uint32_t type, uint32_t count)
{
    if (!is_string(type))
        return count <= (size_t)(end - p) / width_of(type)
                   ? p + (size_t)count * width_of(type)
                   : end;
    for (uint32_t i = 0; i < count && p < end; i++) {
        const uint8_t *nul = memchr(p, '\0', (size_t)(end - p));

        p = nul ? nul + 1 : end;
    }
    return p;
}

static void
mend(uint8_t *h, size_t size, uint32_t region)
{
    static const uint8_t intro[8] = {0x8E, 0xAD, 0xE8, 0x01};
    uint32_t most = (uint32_t)(size - SP_RPM_INTRO_BYTES - 16) / 16;
    uint32_t entries = sp_rpm_u32(h + 8) % (most + 1);
    uint32_t data_size = (uint32_t)size - SP_RPM_INTRO_BYTES - 16 * entries;
    uint8_t *data = h + SP_RPM_INTRO_BYTES + (size_t)16 * entries;
    uint8_t *end = data + data_size - 16;
    const uint8_t *at = data;

    if (entries < 2)
        return;
    memcpy(h, intro, sizeof(intro));
    put_u32(h + 8, entries);
    put_u32(h + 12, data_size);
    put_entry(h + SP_RPM_INTRO_BYTES, region, SP_RPM_BIN, data_size - 16, 16);
    put_entry(end, region, SP_RPM_BIN, 0 - 16 * entries, 16);
    for (uint32_t i = 1; i < entries; i++) {
        uint8_t *e = h + SP_RPM_INTRO_BYTES + (size_t)16 * i;
        uint32_t type = sp_rpm_u32(e + 4), width = width_of(type);
        uint32_t start = (uint32_t)(at - data + width - 1) / width * width;

        put_u32(e + 8, start);
        at = start < (size_t)(end - data)
                 ? behind(data + start, end, type, sp_rpm_u32(e + 12))
                 : end;
    }
}

/* The header again, from nothing but its tags and their values. */
static size_t
write_anew(const struct sp_rpm_header *header, const uint8_t *h, size_t size)
{
    uint32_t region = header->grammar->region_tag;
    uint32_t entries = sp_rpm_u32(h + 8), at = 0;
    uint8_t *data = anew + SP_RPM_INTRO_BYTES + (size_t)16 * entries;

    memset(anew, 0, size);
    memcpy(anew, "\x8e\xad\xe8\x01", 4);
    put_u32(anew + 8, entries);
    for (uint32_t i = 1; i < entries; i++) {
        uint32_t tag = sp_rpm_u32(h + SP_RPM_INTRO_BYTES + (size_t)16 * i);
        struct sp_rpm_value value = {0};
        uint32_t width;

        FUZZ_CHECK(sp_rpm_header_find(header, tag, &value));
        FUZZ_CHECK(value.count > 0 && sp_cursor_size(&value.data) <= size - at);
        width = width_of(value.type);
        at = (at + width - 1) / width * width;
        put_entry(anew + SP_RPM_INTRO_BYTES + (size_t)16 * i, tag, value.type,
                  at, value.count);
        at += (uint32_t)sp_cursor_copy(value.data, data + at,
                                       sp_cursor_size(&value.data));
    }
    put_entry(anew + SP_RPM_INTRO_BYTES, region, SP_RPM_BIN, at, 16);
    put_entry(data + at, region, SP_RPM_BIN, 0 - 16 * entries, 16);
    put_u32(anew + 12, at + 16);
    return (size_t)(data - anew) + at + 16;
}

static void
judge(const uint8_t *h, size_t size, const struct sp_rpm_grammar *grammar)
{
    struct sp_error err = {0};
    struct sp_rpm_header header;
    struct sp_cursor rest = sp_cursor_over(h, size);
    struct sp_rpm_value none;
    size_t whole = 0;

    if (size < SP_RPM_INTRO_BYTES)
        return;
    if (sp_rpm_header_size(h, grammar, &whole, &err) < 0) {
        fuzz_refused(&err);
        return;
    }
    if (whole != size)
        return;
    FUZZ_CHECK(sp_rpm_header_take(&rest, grammar, &header, &err) == 0);
    FUZZ_CHECK(rest.left == 0);
    if (sp_rpm_header_check(&header, &err) < 0) {
        fuzz_refused(&err);
        return;
    }
    FUZZ_CHECK(write_anew(&header, h, size) == size);
    FUZZ_CHECK(memcmp(h, anew, size) == 0);
    FUZZ_CHECK(!sp_rpm_header_find(&header, grammar->last_tag + 1, &none));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct sp_rpm_grammar *grammar;
    uint8_t *exact;

    if (size < 1 + SP_RPM_INTRO_BYTES || size > BYTES_MAX)
        return 0;
    grammar = data[0] & MAIN ? &sp_rpm_main_grammar : &sp_rpm_signature_grammar;
    if (!(data[0] & MEND) || size < 1 + SP_RPM_INTRO_BYTES + 16) {
        judge(data + 1, size - 1, grammar);
        return 0;
    }
    memcpy(mended, data + 1, size - 1);
    mend(mended, size - 1, grammar->region_tag);
    exact = malloc(size - 1);
    if (!exact)
        abort();
    memcpy(exact, mended, size - 1);
    judge(exact, size - 1, grammar);
    free(exact);
    return 0;
}
