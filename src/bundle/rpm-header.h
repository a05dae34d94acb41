/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The grammar of one rpm header structure (intro, index, data), shared by
 * the signature header and the main header. Strict: packed data, rising
 * tags, one region over all of it, so that every byte has one meaning.
 */
#ifndef SP_BUNDLE_RPM_HEADER_H
#define SP_BUNDLE_RPM_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "bundle/cursor.h"

/* Data types of index entries (rpm: format of the header). */
enum sp_rpm_type {
    SP_RPM_CHAR = 1,
    SP_RPM_INT8 = 2,
    SP_RPM_INT16 = 3,
    SP_RPM_INT32 = 4,
    SP_RPM_INT64 = 5,
    SP_RPM_STRING = 6,
    SP_RPM_BIN = 7,
    SP_RPM_STRING_ARRAY = 8,
    SP_RPM_I18NSTRING = 9,
};

enum { SP_RPM_ENTRY_BYTES = 16, SP_RPM_REGION_BYTES = 16 };

/* The type that a known tag must have; count 0 = any. */
struct sp_rpm_known {
    uint32_t tag, type, count;
};

struct sp_rpm_grammar {
    const char *name;    /* for messages */
    uint32_t region_tag; /* 62 or 63 */
    uint32_t first_tag, last_tag;
    uint32_t max_index; /* index entries, the region's included */
    uint64_t max_data;
    uint32_t i18n_tag; /* one tag below first_tag, or 0 */
    bool ascii;        /* strings printable ASCII; else UTF-8 */
    const struct sp_rpm_known *known;
    size_t n_known;
};

extern const struct sp_rpm_grammar sp_rpm_signature_grammar;
extern const struct sp_rpm_grammar sp_rpm_main_grammar;

uint32_t sp_rpm_u32(const uint8_t *p);
uint64_t sp_rpm_u64(const uint8_t *p);
bool sp_rpm_is_zero(struct sp_cursor untrusted_bytes);

/*
 * Looks at the 16 bytes of an intro alone. *ret_size: bytes of the whole
 * header, intro included. Reasons: header-magic, index-count, data-size.
 */
int sp_rpm_header_size(const uint8_t *untrusted_intro,
                       const struct sp_rpm_grammar *grammar, size_t *ret_size,
                       struct sp_error *err);

struct sp_rpm_header {
    const struct sp_rpm_grammar *grammar;
    struct sp_cursor index; /* the region's entry included */
    struct sp_cursor data;  /* up to the region trailer */
    struct sp_cursor trailer;
};

/* Takes the sp_rpm_header_size() bytes of a header, and finds its parts. */
int sp_rpm_header_take(struct sp_cursor *untrusted,
                       const struct sp_rpm_grammar *grammar,
                       struct sp_rpm_header *ret, struct sp_error *err);

/* All of the grammar. */
int sp_rpm_header_check(const struct sp_rpm_header *header,
                        struct sp_error *err);

struct sp_rpm_value {
    uint32_t type, count;
    struct sp_cursor data; /* strings with their NULs */
};

/* The value of a tag in a header that sp_rpm_header_check accepted. */
bool sp_rpm_header_find(const struct sp_rpm_header *header, uint32_t tag,
                        struct sp_rpm_value *ret);

/* The first number of a value of that width. */
uint32_t sp_rpm_value_u32(const struct sp_rpm_value *value);
uint64_t sp_rpm_value_u64(const struct sp_rpm_value *value);

#endif
