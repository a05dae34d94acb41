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
    struct sp_cursor data; /* behind the last entry's data */
    uint32_t data_end;     /* where the region trailer starts */
    uint32_t previous_tag;
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

bool
sp_rpm_is_zero(struct sp_cursor untrusted_bytes)
{
    const uint8_t *p;

    while ((p = sp_cursor_take(&untrusted_bytes, 1)) != NULL)
        if (*p != 0)
            return false;
    return true;
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

static int
fail_short(const struct sp_rpm_grammar *grammar, struct sp_error *err)
{
    return sp_fail(err, "truncated", "the package ends inside its %s",
                   grammar->name);
}

int
sp_rpm_header_take(struct sp_cursor *untrusted,
                   const struct sp_rpm_grammar *grammar,
                   struct sp_rpm_header *ret, struct sp_error *err)
{
    struct sp_rpm_header header = {grammar, *untrusted, *untrusted, *untrusted};
    const uint8_t *intro = sp_cursor_take(untrusted, SP_RPM_INTRO_BYTES);
    size_t size = 0, index_size;

    if (!intro)
        return fail_short(grammar, err);
    if (sp_rpm_header_size(intro, grammar, &size, err) < 0)
        return -1;
    size -= SP_RPM_INTRO_BYTES + SP_RPM_REGION_BYTES;
    index_size = SP_RPM_ENTRY_BYTES * (size_t)sp_rpm_u32(intro + 8);
    if (!sp_cursor_part(untrusted, index_size, &header.index) ||
        !sp_cursor_part(untrusted, size - index_size, &header.data) ||
        !sp_cursor_part(untrusted, SP_RPM_REGION_BYTES, &header.trailer))
        return fail_short(grammar, err);
    *ret = header;
    return 0;
}

/* Entry 0 points to a trailer at the very end that covers all entries. */
static int
check_region(const struct sp_rpm_header *header, struct sp_error *err)
{
    struct sp_cursor index = header->index, end = header->trailer;
    const uint8_t *first_bytes = sp_cursor_take(&index, SP_RPM_ENTRY_BYTES);
    const uint8_t *trailer_bytes = sp_cursor_take(&end, SP_RPM_REGION_BYTES);
    uint32_t region = header->grammar->region_tag;
    struct entry first, trailer;

    if (!first_bytes || !trailer_bytes)
        return sp_fail(err, "region", "the %s has no region",
                       header->grammar->name);
    first = load_entry(first_bytes);
    trailer = load_entry(trailer_bytes);
    if (first.tag != region || first.type != SP_RPM_BIN ||
        first.offset != sp_cursor_size(&header->data) ||
        first.count != SP_RPM_REGION_BYTES)
        return sp_fail(err, "region", "the %s does not start with its region",
                       header->grammar->name);
    if (trailer.tag != region || trailer.type != SP_RPM_BIN ||
        trailer.offset != (uint32_t)(0 - sp_cursor_size(&header->index)) ||
        trailer.count != SP_RPM_REGION_BYTES)
        return sp_fail(err, "region-trailer",
                       "the region of the %s does not cover it",
                       header->grammar->name);
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
check_place(struct walk *w, const struct entry *e, struct sp_error *err)
{
    uint32_t align = width_of(e->type);
    uint32_t position = w->data_end - (uint32_t)sp_cursor_size(&w->data);
    uint32_t start = (position + align - 1) / align * align;
    struct sp_cursor padding = w->data;

    if (e->offset != start)
        return sp_fail(err, "tag-offset", "data of tag %u at %u instead of %u",
                       e->tag, e->offset, start);
    if (!sp_cursor_part(&w->data, start - position, &padding))
        return sp_fail(err, "tag-bounds", "no room for the data of tag %u",
                       e->tag);
    if (!sp_rpm_is_zero(padding))
        return sp_fail(err, "tag-padding", "bytes hidden before tag %u",
                       e->tag);
    return 0;
}

/* Bytes of a UTF-8 character (RFC 3629) by its first one, 0 when it is none. */
static size_t
utf8_length(uint8_t first)
{
    return first < 0x80   ? 1
           : first < 0xC0 ? 0
           : first < 0xE0 ? 2
           : first < 0xF0 ? 3
           : first < 0xF8 ? 4
                          : 0;
}

/* What follows the first byte of a character of n bytes. */
static bool
take_utf8_tail(struct sp_cursor *text, uint8_t first, size_t n)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    uint32_t code = first & (0x7Fu >> n);

    for (size_t i = 1; i < n; i++) {
        const uint8_t *p = sp_cursor_take(text, 1);

        if (!p || (*p & 0xC0) != 0x80)
            return false;
        code = code << 6 | (*p & 0x3F);
    }
    return code >= least[n] && code <= 0x10FFFF &&
           (code < 0xD800 || code >= 0xE000);
}

static bool
is_text(struct sp_cursor text, bool ascii)
{
    const uint8_t *p;

    while ((p = sp_cursor_take(&text, 1)) != NULL) {
        size_t n = utf8_length(*p);

        if (n == 0 || (ascii && (*p < 0x20 || *p > 0x7E)) ||
            (n > 1 && !take_utf8_tail(&text, *p, n)))
            return false;
    }
    return true;
}

/* The next string without its NUL, which is taken too. */
static bool
take_string(struct sp_cursor *c, struct sp_cursor *ret)
{
    struct sp_cursor rest = *c;
    const uint8_t *p;

    do {
        ret->stop = rest.left;
        p = sp_cursor_take(&rest, 1);
    } while (p && *p != '\0');
    *ret = (struct sp_cursor){c->end, c->left, ret->stop};
    *c = rest;
    return p;
}

/* The strings of the entry, one behind the other. */
static int
check_strings(struct walk *w, const struct entry *e, struct sp_error *err)
{
    struct sp_cursor text = w->data;

    if (e->type == SP_RPM_STRING && e->count != 1)
        return sp_fail(err, "string-count", "tag %u has %u strings", e->tag,
                       e->count);
    for (uint32_t i = 0; i < e->count; i++) {
        if (!take_string(&w->data, &text))
            return sp_fail(err, "string-nul", "tag %u ends without a NUL",
                           e->tag);
        if (!is_text(text, w->grammar->ascii))
            return sp_fail(err, "string-encoding", "tag %u is not %s", e->tag,
                           w->grammar->ascii ? "printable ASCII" : "UTF-8");
    }
    return 0;
}

static int
check_entry(struct walk *w, const struct entry *e, struct sp_error *err)
{
    struct sp_cursor value = w->data;

    if (check_tag(w, e, err) < 0 || check_place(w, e, err) < 0)
        return -1;
    w->previous_tag = e->tag;
    if (is_string(e->type))
        return check_strings(w, e, err);
    if (!sp_cursor_part(&w->data, (size_t)width_of(e->type) * e->count, &value))
        return sp_fail(err, "tag-bounds", "data of tag %u goes too far",
                       e->tag);
    return 0;
}

int
sp_rpm_header_check(const struct sp_rpm_header *header, struct sp_error *err)
{
    struct sp_cursor index = header->index;
    struct walk w = {
        .grammar = header->grammar,
        .data = header->data,
        .data_end = (uint32_t)sp_cursor_size(&header->data),
    };
    const uint8_t *p;

    if (check_region(header, err) < 0)
        return -1;
    (void)sp_cursor_take(&index, SP_RPM_ENTRY_BYTES);
    while ((p = sp_cursor_take(&index, SP_RPM_ENTRY_BYTES)) != NULL) {
        struct entry e = load_entry(p);

        if (check_entry(&w, &e, err) < 0)
            return -1;
    }
    if (sp_cursor_size(&w.data) > 0)
        return sp_fail(err, "data-tail", "bytes hidden at the end of the %s",
                       header->grammar->name);
    return 0;
}

/* Where the value of an entry stands; false only for what was not checked. */
static bool
find_value(const struct sp_rpm_header *header, const struct entry *e,
           struct sp_cursor *ret)
{
    struct sp_cursor data = header->data, skipped = data, string = data;
    struct sp_cursor value;

    if (!sp_cursor_part(&data, e->offset, &skipped))
        return false;
    if (!is_string(e->type))
        return sp_cursor_part(&data, (size_t)width_of(e->type) * e->count, ret);
    value = data;
    for (uint32_t i = 0; i < e->count; i++)
        if (!take_string(&data, &string))
            return false;
    value.stop = data.left;
    *ret = value;
    return true;
}

bool
sp_rpm_header_find(const struct sp_rpm_header *header, uint32_t tag,
                   struct sp_rpm_value *ret)
{
    struct sp_cursor index = header->index, data = header->data;
    const uint8_t *p;

    (void)sp_cursor_take(&index, SP_RPM_ENTRY_BYTES);
    while ((p = sp_cursor_take(&index, SP_RPM_ENTRY_BYTES)) != NULL) {
        struct entry e = load_entry(p);

        if (e.tag != tag)
            continue;
        if (!find_value(header, &e, &data))
            return false;
        *ret = (struct sp_rpm_value){e.type, e.count, data};
        return true;
    }
    return false;
}

uint32_t
sp_rpm_value_u32(const struct sp_rpm_value *value)
{
    struct sp_cursor data = value->data;
    const uint8_t *p = sp_cursor_take(&data, 4);

    return p ? sp_rpm_u32(p) : 0;
}

uint64_t
sp_rpm_value_u64(const struct sp_rpm_value *value)
{
    struct sp_cursor data = value->data;
    const uint8_t *p = sp_cursor_take(&data, 8);

    return p ? sp_rpm_u64(p) : 0;
}
