/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bundle/rpm-header.h"

#include <string.h>

#include "bundle/limits.h"

/* Arrays of anything but raw bytes stay below this many elements. */
enum { MAX_COUNT = 0xFFFFF };

/* One index entry, as its 16 bytes say. */
struct entry {
    uint32_t tag, type, offset, count;
};

struct walk {
    const struct sp_rpm_grammar *grammar;
    const uint8_t *index, *data;
    uint32_t entries;
    uint32_t data_end; /* where the region trailer starts */
    uint32_t previous_tag;
    uint32_t position; /* end of the last entry's data */
};

uint32_t
sp_rpm_u32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 |
           p[3];
}

uint64_t
sp_rpm_u64(const uint8_t *p)
{
    return (uint64_t)sp_rpm_u32(p) << 32 | sp_rpm_u32(p + 4);
}

static struct entry
load_entry(const uint8_t *p)
{
    return (struct entry){sp_rpm_u32(p), sp_rpm_u32(p + 4), sp_rpm_u32(p + 8),
                          sp_rpm_u32(p + 12)};
}

int
sp_rpm_header_size(const uint8_t *untrusted_intro,
                   const struct sp_rpm_grammar *grammar, size_t *ret_size,
                   struct sp_error *err)
{
    static const uint8_t magic[8] = {0x8E, 0xAD, 0xE8, 0x01};
    uint32_t entries = sp_rpm_u32(untrusted_intro + 8);
    uint32_t data_size = sp_rpm_u32(untrusted_intro + 12);

    if (memcmp(untrusted_intro, magic, sizeof(magic)) != 0)
        return sp_fail(err, "header-magic", "wrong magic of the %s",
                       grammar->name);
    if (entries < 2 || entries > grammar->max_index)
        return sp_fail(err, "index-count", "%u index entries in the %s",
                       entries, grammar->name);
    if (data_size < SP_RPM_REGION_BYTES || data_size > grammar->max_data)
        return sp_fail(err, "data-size", "%u bytes of data in the %s",
                       data_size, grammar->name);
    *ret_size =
        SP_RPM_INTRO_BYTES + SP_RPM_ENTRY_BYTES * (size_t)entries + data_size;
    return 0;
}

/* Entry 0 points to a trailer at the very end that covers all entries. */
static int
check_region(const struct walk *w, struct sp_error *err)
{
    struct entry first = load_entry(w->index);
    struct entry trailer = load_entry(w->data + w->data_end);
    uint32_t region = w->grammar->region_tag;

    if (first.tag != region || first.type != SP_RPM_BIN ||
        first.offset != w->data_end || first.count != SP_RPM_REGION_BYTES)
        return sp_fail(err, "region", "the %s does not start with its region",
                       w->grammar->name);
    if (trailer.tag != region || trailer.type != SP_RPM_BIN ||
        trailer.offset != 0 - SP_RPM_ENTRY_BYTES * w->entries ||
        trailer.count != SP_RPM_REGION_BYTES)
        return sp_fail(err, "region-trailer",
                       "the region of the %s does not cover it",
                       w->grammar->name);
    return 0;
}

static int
check_known(const struct sp_rpm_grammar *grammar, const struct entry *e,
            struct sp_error *err)
{
    for (size_t i = 0; i < grammar->n_known; i++) {
        const struct sp_rpm_known *known = &grammar->known[i];

        if (known->tag != e->tag)
            continue;
        if (known->type != e->type)
            return sp_fail(err, "tag-type", "tag %u has type %u instead of %u",
                           e->tag, e->type, known->type);
        if (known->count != 0 && known->count != e->count)
            return sp_fail(err, "tag-count", "tag %u has %u values", e->tag,
                           e->count);
    }
    return 0;
}

static int
check_tag(const struct walk *w, const struct entry *e, struct sp_error *err)
{
    const struct sp_rpm_grammar *grammar = w->grammar;
    bool in_range = e->tag >= grammar->first_tag && e->tag <= grammar->last_tag;
    bool is_i18n = grammar->i18n_tag != 0 && e->tag == grammar->i18n_tag;

    if (!in_range && !is_i18n)
        return sp_fail(err, "tag-range", "tag %u in the %s", e->tag,
                       grammar->name);
    if (e->tag <= w->previous_tag)
        return sp_fail(err, "tag-order", "tag %u after tag %u in the %s",
                       e->tag, w->previous_tag, grammar->name);
    if (e->type < SP_RPM_CHAR || e->type > SP_RPM_I18NSTRING)
        return sp_fail(err, "tag-type", "tag %u has unknown type %u", e->tag,
                       e->type);
    if (e->count == 0 || e->count > w->data_end ||
        (e->type != SP_RPM_BIN && e->count > MAX_COUNT))
        return sp_fail(err, "tag-count", "tag %u has %u values", e->tag,
                       e->count);
    return check_known(grammar, e, err);
}

static uint32_t
width_of(uint32_t type)
{
    switch (type) {
    case SP_RPM_INT16: return 2;
    case SP_RPM_INT32: return 4;
    case SP_RPM_INT64: return 8;
    default: return 1;
    }
}

static bool
is_string(uint32_t type)
{
    return type == SP_RPM_STRING || type == SP_RPM_STRING_ARRAY ||
           type == SP_RPM_I18NSTRING;
}

/* The data of this entry starts where the one before ended, aligned. */
static int
check_place(const struct walk *w, const struct entry *e, struct sp_error *err)
{
    uint32_t align = width_of(e->type);
    uint32_t start = (w->position + align - 1) / align * align;

    if (e->offset != start)
        return sp_fail(err, "tag-offset", "data of tag %u at %u instead of %u",
                       e->tag, e->offset, start);
    if (start > w->data_end)
        return sp_fail(err, "tag-bounds", "no room for the data of tag %u",
                       e->tag);
    for (uint32_t i = w->position; i < start; i++)
        if (w->data[i] != 0)
            return sp_fail(err, "tag-padding", "bytes hidden before tag %u",
                           e->tag);
    return 0;
}

/* Bytes of one UTF-8 character (RFC 3629), 0 when it is none. */
static size_t
utf8_length(const uint8_t *p, size_t left)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t n = p[0] < 0x80   ? 1
               : p[0] < 0xC0 ? 0
               : p[0] < 0xE0 ? 2
               : p[0] < 0xF0 ? 3
               : p[0] < 0xF8 ? 4
                             : 0;
    uint32_t code;

    if (n < 2)
        return n;
    if (n > left)
        return 0;
    code = p[0] & (0x7Fu >> n);
    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xC0) != 0x80)
            return 0;
        code = code << 6 | (p[i] & 0x3F);
    }
    if (code < least[n] || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000))
        return 0;
    return n;
}

static bool
is_text(const uint8_t *p, size_t size, bool ascii)
{
    for (size_t i = 0; i < size;) {
        size_t n = utf8_length(p + i, size - i);

        if (n == 0 || (ascii && (p[i] < 0x20 || p[i] > 0x7E)))
            return false;
        i += n;
    }
    return true;
}

/* `count` strings from e->offset on; *ret_size counts their NULs. */
static int
check_strings(const struct walk *w, const struct entry *e, uint64_t *ret_size,
              struct sp_error *err)
{
    const uint8_t *start = w->data + e->offset;
    const uint8_t *end = w->data + w->data_end;
    const uint8_t *p = start;

    if (e->type == SP_RPM_STRING && e->count != 1)
        return sp_fail(err, "string-count", "tag %u has %u strings", e->tag,
                       e->count);
    for (uint32_t i = 0; i < e->count; i++) {
        const uint8_t *nul = memchr(p, '\0', (size_t)(end - p));

        if (!nul)
            return sp_fail(err, "string-nul", "tag %u ends without a NUL",
                           e->tag);
        if (!is_text(p, (size_t)(nul - p), w->grammar->ascii))
            return sp_fail(err, "string-encoding", "tag %u is not %s", e->tag,
                           w->grammar->ascii ? "printable ASCII" : "UTF-8");
        p = nul + 1;
    }
    *ret_size = (uint64_t)(p - start);
    return 0;
}

static int
check_entry(struct walk *w, const struct entry *e, struct sp_error *err)
{
    uint64_t size = (uint64_t)width_of(e->type) * e->count;

    if (check_tag(w, e, err) < 0 || check_place(w, e, err) < 0)
        return -1;
    if (is_string(e->type) && check_strings(w, e, &size, err) < 0)
        return -1;
    if (size > w->data_end - e->offset)
        return sp_fail(err, "tag-bounds", "data of tag %u goes too far",
                       e->tag);
    w->previous_tag = e->tag;
    w->position = e->offset + (uint32_t)size;
    return 0;
}

int
sp_rpm_header_check(const uint8_t *untrusted_header,
                    const struct sp_rpm_grammar *grammar, struct sp_error *err)
{
    uint32_t entries = sp_rpm_u32(untrusted_header + 8);
    const uint8_t *index = untrusted_header + SP_RPM_INTRO_BYTES;
    struct walk w = {
        .grammar = grammar,
        .index = index,
        .data = index + SP_RPM_ENTRY_BYTES * (size_t)entries,
        .entries = entries,
        .data_end = sp_rpm_u32(untrusted_header + 12) - SP_RPM_REGION_BYTES,
    };

    if (check_region(&w, err) < 0)
        return -1;
    for (size_t i = 1; i < entries; i++) {
        struct entry e = load_entry(index + SP_RPM_ENTRY_BYTES * i);

        if (check_entry(&w, &e, err) < 0)
            return -1;
    }
    if (w.position != w.data_end)
        return sp_fail(err, "data-tail", "bytes hidden at the end of the %s",
                       grammar->name);
    return 0;
}

bool
sp_rpm_header_find(const uint8_t *header, uint32_t tag,
                   struct sp_rpm_value *ret)
{
    uint32_t entries = sp_rpm_u32(header + 8);
    const uint8_t *index = header + SP_RPM_INTRO_BYTES;
    const uint8_t *data = index + SP_RPM_ENTRY_BYTES * (size_t)entries;

    for (size_t i = 1; i < entries; i++) {
        struct entry e = load_entry(index + SP_RPM_ENTRY_BYTES * i);
        const uint8_t *end = data + e.offset;

        if (e.tag != tag)
            continue;
        if (is_string(e.type))
            for (uint32_t k = 0; k < e.count; k++)
                end += strlen((const char *)end) + 1;
        else
            end += (size_t)width_of(e.type) * e.count;
        *ret = (struct sp_rpm_value){.type = e.type,
                                     .count = e.count,
                                     .data = data + e.offset,
                                     .size = (size_t)(end - data) - e.offset};
        return true;
    }
    return false;
}
