/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bundle/rpm.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/auto.h"
#include "base/io.h"
#include "bundle/limits.h"
#include "bundle/rpm-header.h"
#include "bundle/sigpacket.h"
#include "guard.h"
#include "tap.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- a small package, made from tables --------------------------------- */

struct tag {
    uint32_t tag, type, count;
    const void *data;
    size_t size;
};

#define TEXT(tag, type, count, text)                                           \
    {                                                                          \
        tag, type, count, text, sizeof(text)                                   \
    }
#define BYTES(tag, type, count, text)                                          \
    {                                                                          \
        tag, type, count, text, sizeof(text) - 1                               \
    }
#define HEX64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const struct tag signature_tags[] = {
    BYTES(268, SP_RPM_BIN, 5, "\x89packet"),
    TEXT(273, SP_RPM_STRING, 1, HEX64),
    BYTES(1000, SP_RPM_INT32, 1, "\0\0\1\0"),
    BYTES(1008, SP_RPM_BIN, 3, "\0\0\0"),
};

static const struct tag main_tags[] = {
    TEXT(100, SP_RPM_STRING_ARRAY, 1, "C"),
    TEXT(1000, SP_RPM_STRING, 1, "hello"),
    TEXT(1001, SP_RPM_STRING, 1, "2.0"),
    TEXT(1002, SP_RPM_STRING, 1, "1"),
    BYTES(1003, SP_RPM_INT32, 1, "\0\0\0\7"),
    TEXT(1004, SP_RPM_I18NSTRING, 1, "Hell\xc3\xb6"),
    BYTES(1006, SP_RPM_INT32, 1, "\x60\0\0\0"),
    BYTES(1009, SP_RPM_INT32, 1, "\0\0\x10\0"),
    TEXT(1021, SP_RPM_STRING, 1, "linux"),
    TEXT(1022, SP_RPM_STRING, 1, "x86_64"),
    BYTES(1030, SP_RPM_INT16, 1, "\x81\xa4"),
    TEXT(1044, SP_RPM_STRING, 1, "hello-2.0-1.src.rpm"),
    TEXT(5092, SP_RPM_STRING_ARRAY, 1, HEX64),
    BYTES(5093, SP_RPM_INT32, 1, "\0\0\0\10"),
};

enum { MAX_TAGS = 20 };

struct header {
    struct tag tags[MAX_TAGS];
    size_t n;
};

struct package {
    struct header signature, main;
    uint8_t bytes[(1 << 20) + 4096];
    size_t size;
    size_t signature_index, main_index; /* offsets of the first entries */
    size_t signature_end;
};

static void
put_u32(uint8_t *p, uint32_t value)
{
    for (size_t i = 0; i < 4; i++)
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

static size_t
alignment(uint32_t type)
{
    return type == SP_RPM_INT16   ? 2
           : type == SP_RPM_INT32 ? 4
           : type == SP_RPM_INT64 ? 8
                                  : 1;
}

/* Returns the size of the header at dst. */
static size_t
put_header(uint8_t *dst, uint32_t region, const struct header *header)
{
    uint32_t entries = (uint32_t)header->n + 1;
    uint8_t *index = dst + 16, *data = index + 16 * (size_t)entries;
    size_t at = 0;

    memcpy(dst, "\x8e\xad\xe8\x01\0\0\0", 8);
    for (size_t i = 0; i < header->n; i++) {
        const struct tag *t = &header->tags[i];
        size_t align = alignment(t->type);

        memset(data + at, 0, align);
        at = (at + align - 1) / align * align;
        put_entry(index + 16 * (i + 1), t->tag, t->type, (uint32_t)at,
                  t->count);
        memcpy(data + at, t->data, t->size);
        at += t->size;
    }
    put_entry(index, region, SP_RPM_BIN, (uint32_t)at, 16);
    put_entry(data + at, region, SP_RPM_BIN, 0 - 16 * entries, 16);
    put_u32(dst + 8, entries);
    put_u32(dst + 12, (uint32_t)at + 16);
    return (size_t)(data - dst) + at + 16;
}

static void
reset(struct package *p)
{
    memset(p, 0, sizeof(*p));
    memcpy(p->signature.tags, signature_tags, sizeof(signature_tags));
    p->signature.n = COUNT(signature_tags);
    p->signature.tags[0].count = (uint32_t)p->signature.tags[0].size;
    memcpy(p->main.tags, main_tags, sizeof(main_tags));
    p->main.n = COUNT(main_tags);
}

static void
build(struct package *p)
{
    size_t main_start;

    memset(p->bytes, 0, sizeof(p->bytes));
    memcpy(p->bytes, "\xed\xab\xee\xdb\3\0\0\0\0\1hello-2.0-1", 21);
    p->bytes[77] = 1;
    p->bytes[79] = 5;
    p->signature_index = 96 + 16;
    p->signature_end = 96 + put_header(p->bytes + 96, 62, &p->signature);
    main_start = (p->signature_end + 7) / 8 * 8;
    p->main_index = main_start + 16;
    p->size = main_start + put_header(p->bytes + main_start, 63, &p->main);
}

/* Puts a tag into its place in the order, instead of an equal one. */
static void
set_tag(struct header *header, const struct tag *tag)
{
    size_t i = 0;

    while (i < header->n && header->tags[i].tag < tag->tag)
        i++;
    if (i == header->n || header->tags[i].tag != tag->tag) {
        memmove(&header->tags[i + 1], &header->tags[i],
                (header->n - i) * sizeof(*tag));
        header->n++;
    }
    header->tags[i] = *tag;
}

static void
drop_tag(struct header *header, uint32_t tag)
{
    size_t i = 0;

    while (i < header->n && header->tags[i].tag != tag)
        i++;
    if (i == header->n)
        return;
    header->n--;
    memmove(&header->tags[i], &header->tags[i + 1],
            (header->n - i) * sizeof(header->tags[0]));
}

/* ---- what the reader says ----------------------------------------------- */

/* One byte too far ends the test. */
static const char *
judge_head(const uint8_t *bytes, size_t have, struct sp_rpm *rpm,
           struct sp_error *err)
{
    const uint8_t *exact = guard_behind(bytes, have);

    if (sp_rpm_parse(exact, have, rpm, err) < 0 ||
        sp_rpm_facts(exact, have, rpm, err) < 0)
        return err->detail;
    return "ok";
}

typedef const char *(*judge_fn)(const uint8_t *bytes, size_t size,
                                struct sp_rpm *rpm);

/* Without sp_rpm_need. */
static const char *
judge_unasked(const uint8_t *bytes, size_t size, struct sp_rpm *rpm)
{
    static struct sp_error err;

    memset(&err, 0, sizeof(err));
    return judge_head(bytes, size, rpm, &err);
}

static const char *
judge(const uint8_t *bytes, size_t size, struct sp_rpm *rpm)
{
    static struct sp_error err;
    size_t have = 0, need = 0;

    memset(&err, 0, sizeof(err));
    do {
        have = need;
        if (sp_rpm_need(bytes, have, size, &need, &err) < 0)
            return err.detail;
        if (need < have || need > size)
            return "need-is-wrong";
    } while (need != have);
    return judge_head(bytes, have, rpm, &err);
}

static void
expect(const struct package *p, const char *detail, const char *what)
{
    struct sp_rpm rpm;

    tap_is_str(judge(p->bytes, p->size, &rpm), detail, "%s", what);
}

/* ---- the good one ---------------------------------------------------------
 */

static void
test_good(void)
{
    static struct package p;
    struct sp_rpm rpm = {0};

    reset(&p);
    build(&p);
    tap_is_str(judge(p.bytes, p.size, &rpm), "ok", "a good package");
    tap_is_str(rpm.nevra.name, "hello", "its name");
    tap_is_str(rpm.nevra.version, "2.0", "its version");
    tap_is_str(rpm.nevra.release, "1", "its release");
    tap_is_str(rpm.nevra.arch, "x86_64", "its architecture");
    tap_is_u64(rpm.nevra.epoch, 7, "its epoch");
    tap_is_u64(rpm.build_time, 0x60000000, "its build time");
    tap_is_u64(rpm.installed_bytes, 4096, "its size when installed");
    tap_is_str(rpm.payload_sha256, HEX64, "its payload digest");
    tap_is_str(rpm.header_sha256, HEX64, "its claimed header digest");
    tap_is_str(rpm.header_sha1, "", "no claimed SHA-1");
    tap_is_u64(rpm.signature_tag, 268, "the tag of the signature");
    tap_is_u64(rpm.signature.size, 7, "the size of the signature");
    tap_ok(!rpm.is_source, "no source package");
    drop_tag(&p.main, 1044);
    build(&p);
    (void)judge(p.bytes, p.size, &rpm);
    tap_ok(rpm.is_source, "no source rpm: a source package");
    reset(&p);
    set_tag(&p.main, &(struct tag)BYTES(1106, SP_RPM_INT32, 1, "\0\0\0\1"));
    drop_tag(&p.main, 1006);
    drop_tag(&p.main, 1009);
    build(&p);
    (void)judge(p.bytes, p.size, &rpm);
    tap_ok(rpm.is_source, "a package that calls itself one");
    tap_is_u64(rpm.build_time, 0, "and has no build time");
    tap_is_u64(rpm.installed_bytes, 0, "nor a size when installed");
}

/* ---- values and tags ------------------------------------------------------
 */

enum where { SIGNATURE, MAIN };

/* type 0 drops the tag. */
static const struct value {
    const char *what, *detail;
    enum where where;
    struct tag tag;
} values[] = {
    {"no signature", "no-header-signature", SIGNATURE, {268, 0, 0, 0, 0}},
    {"two signatures", "two-header-signatures", SIGNATURE,
     BYTES(267, SP_RPM_BIN, 1, "x")},
    {"array of signatures alone", "ok", SIGNATURE,
     TEXT(278, SP_RPM_STRING_ARRAY, 1, "junk")},
    {"bytes in the reserved space", "reserved-nonzero", SIGNATURE,
     BYTES(1008, SP_RPM_BIN, 3, "\0\0\1")},
    {"bytes in the other reserved space", "reserved-nonzero", SIGNATURE,
     BYTES(999, SP_RPM_BIN, 2, "\1\0")},
    {"upper-case digest", "header-digest", SIGNATURE,
     TEXT(269, SP_RPM_STRING, 1, "0123456789ABCDEF0123456789abcdef01234567")},
    {"short digest", "header-digest", SIGNATURE,
     TEXT(273, SP_RPM_STRING, 1, "0123")},
    {"long digest", "header-digest", SIGNATURE,
     TEXT(273, SP_RPM_STRING, 1, HEX64 "0")},
    {"no digest", "ok", SIGNATURE, {273, 0, 0, 0, 0}},
    {"unknown tag in range", "ok", SIGNATURE, BYTES(300, SP_RPM_BIN, 2, "xx")},
    {"unknown tag above range", "tag-range", SIGNATURE,
     BYTES(5000, SP_RPM_BIN, 2, "xx")},
    {"language table among the signatures", "tag-range", SIGNATURE,
     TEXT(100, SP_RPM_STRING_ARRAY, 1, "C")},
    {"payload size as string", "tag-type", SIGNATURE,
     TEXT(1007, SP_RPM_STRING, 1, "x")},
    {"two sizes", "tag-count", SIGNATURE,
     BYTES(1000, SP_RPM_INT32, 2, "\0\0\0\1\0\0\0\2")},
    {"MD5 of 15 bytes", "tag-count", SIGNATURE,
     BYTES(1004, SP_RPM_BIN, 15, "123456789012345")},
    {"control byte in a signature string", "string-encoding", SIGNATURE,
     TEXT(279, SP_RPM_STRING, 1, "a\033b")},
    {"UTF-8 in a signature string", "string-encoding", SIGNATURE,
     TEXT(279, SP_RPM_STRING, 1, "\xc3\xb6")},

    {"a signature tag in the main header", "tag-range", MAIN,
     BYTES(268, SP_RPM_BIN, 1, "x")},
    {"a digest tag in the main header", "tag-range", MAIN,
     TEXT(269, SP_RPM_STRING, 1, "x")},
    {"the last tag of the range", "ok", MAIN, BYTES(32767, SP_RPM_BIN, 1, "x")},
    {"a tag above it", "tag-range", MAIN, BYTES(32768, SP_RPM_BIN, 1, "x")},
    {"a tag with bit 31", "tag-range", MAIN,
     BYTES(0xfffffff0, SP_RPM_BIN, 1, "x")},
    {"language table as string", "tag-type", MAIN,
     TEXT(100, SP_RPM_STRING, 1, "C")},
    {"no language table", "ok", MAIN, {100, 0, 0, 0, 0}},
    {"no name", "missing-tag", MAIN, {1000, 0, 0, 0, 0}},
    {"no version", "missing-tag", MAIN, {1001, 0, 0, 0, 0}},
    {"no release", "missing-tag", MAIN, {1002, 0, 0, 0, 0}},
    {"no architecture", "missing-tag", MAIN, {1022, 0, 0, 0, 0}},
    {"no system", "missing-tag", MAIN, {1021, 0, 0, 0, 0}},
    {"another system", "missing-tag", MAIN,
     TEXT(1021, SP_RPM_STRING, 1, "aix")},
    {"another system of that length", "missing-tag", MAIN,
     TEXT(1021, SP_RPM_STRING, 1, "minix")},
    {"name as number", "tag-type", MAIN, BYTES(1000, SP_RPM_INT32, 1, "hell")},
    {"name as array", "tag-type", MAIN,
     TEXT(1000, SP_RPM_STRING_ARRAY, 1, "hello")},
    {"two epochs", "tag-count", MAIN,
     BYTES(1003, SP_RPM_INT32, 2, "\0\0\0\1\0\0\0\2")},
    {"a path as name", "nevra", MAIN,
     TEXT(1000, SP_RPM_STRING, 1, "../../etc/x")},
    {"a line end in the name", "nevra", MAIN,
     TEXT(1000, SP_RPM_STRING, 1, "a\nb")},
    {"an option as name", "nevra", MAIN,
     TEXT(1000, SP_RPM_STRING, 1, "--import")},
    {"an empty name", "nevra", MAIN, TEXT(1000, SP_RPM_STRING, 1, "")},
    {"a dash in the version", "nevra", MAIN,
     TEXT(1001, SP_RPM_STRING, 1, "1-2")},
    {"a slash in the release", "nevra", MAIN,
     TEXT(1002, SP_RPM_STRING, 1, "1/2")},
    {"a dot in the architecture", "nevra", MAIN,
     TEXT(1022, SP_RPM_STRING, 1, "x86.64")},
    {"Latin-1", "string-encoding", MAIN,
     TEXT(1005, SP_RPM_I18NSTRING, 1, "\xf6")},
    {"UTF-8 without continuation", "string-encoding", MAIN,
     TEXT(1005, SP_RPM_I18NSTRING, 1, "\xc3(")},
    {"a byte that begins no character", "string-encoding", MAIN,
     TEXT(1005, SP_RPM_I18NSTRING, 1, "\xf8\x88\x80\x80\x80")},
    {"a continuation alone", "string-encoding", MAIN,
     TEXT(1005, SP_RPM_I18NSTRING, 1, "\xa9")},
    {"overlong UTF-8", "string-encoding", MAIN,
     TEXT(1005, SP_RPM_I18NSTRING, 1, "\xc0\xaf")},
    {"overlong UTF-8 of three bytes", "string-encoding", MAIN,
     TEXT(1005, SP_RPM_I18NSTRING, 1, "\xe0\x80\xaf")},
    {"a surrogate", "string-encoding", MAIN,
     TEXT(1005, SP_RPM_I18NSTRING, 1, "\xed\xa0\x80")},
    {"beyond the last character", "string-encoding", MAIN,
     TEXT(1005, SP_RPM_I18NSTRING, 1, "\xf4\x90\x80\x80")},
    {"the last character", "ok", MAIN,
     TEXT(1005, SP_RPM_I18NSTRING, 1, "\xf4\x8f\xbf\xbf")},
    {"UTF-8 cut by the NUL", "string-encoding", MAIN,
     TEXT(1005, SP_RPM_I18NSTRING, 1, "\xe2\x82")},
    {"a line end in a description", "ok", MAIN,
     TEXT(1005, SP_RPM_I18NSTRING, 1, "a\nb\t\033")},
    {"format 4", "ok", MAIN, BYTES(5114, SP_RPM_INT32, 1, "\0\0\0\4")},
    {"format 6", "format-unsupported", MAIN,
     BYTES(5114, SP_RPM_INT32, 1, "\0\0\0\6")},
    {"no payload digest", "no-payload-digest", MAIN, {5092, 0, 0, 0, 0}},
    {"payload digest as string", "payload-digest-type", MAIN,
     TEXT(5092, SP_RPM_STRING, 1, HEX64)},
    {"two payload digests", "payload-digest-type", MAIN,
     TEXT(5092, SP_RPM_STRING_ARRAY, 2, HEX64 "\0" HEX64)},
    {"no digest algorithm", "payload-digest-algo", MAIN, {5093, 0, 0, 0, 0}},
    {"SHA-1 as digest algorithm", "payload-digest-algo", MAIN,
     BYTES(5093, SP_RPM_INT32, 1, "\0\0\0\2")},
    {"SHA-512 as digest algorithm", "payload-digest-algo", MAIN,
     BYTES(5093, SP_RPM_INT32, 1, "\0\0\0\12")},
    {"algorithm as short number", "payload-digest-algo", MAIN,
     BYTES(5093, SP_RPM_INT16, 1, "\0\10")},
    {"algorithm as long number", "payload-digest-algo", MAIN,
     BYTES(5093, SP_RPM_INT64, 1, "\0\0\0\10\0\0\0\0")},
    {"two algorithms", "payload-digest-algo", MAIN,
     BYTES(5093, SP_RPM_INT32, 2, "\0\0\0\10\0\0\0\10")},
    {"upper-case payload digest", "payload-digest-hex", MAIN,
     TEXT(5092, SP_RPM_STRING_ARRAY, 1,
          "0123456789ABCDEF0123456789abcdef"
          "0123456789abcdef0123456789abcdef")},
    {"payload digest of 63 digits", "payload-digest-hex", MAIN,
     TEXT(5092, SP_RPM_STRING_ARRAY, 1,
          "0123456789abcdef0123456789abcde"
          "0123456789abcdef0123456789abcdef")},
    {"payload digest of 65 digits", "payload-digest-hex", MAIN,
     TEXT(5092, SP_RPM_STRING_ARRAY, 1, HEX64 "0")},
    {"large installed size", "ok", MAIN,
     BYTES(5009, SP_RPM_INT64, 1, "\0\0\0\1\0\0\0\0")},
};

static void
test_values(void)
{
    static struct package p;

    for (size_t i = 0; i < COUNT(values); i++) {
        const struct value *v = &values[i];

        reset(&p);
        if (v->tag.type == 0)
            drop_tag(v->where == MAIN ? &p.main : &p.signature, v->tag.tag);
        else
            set_tag(v->where == MAIN ? &p.main : &p.signature, &v->tag);
        build(&p);
        expect(&p, v->detail, v->what);
    }
}

/* ---- fields of index entries ----------------------------------------------
 */

enum field { TAG = 0, TYPE = 4, OFFSET = 8, TALLY = 12 };

/* entry: number in the index; -1 is the trailer. Good values of the main
 * header: entry 2 is the name at 2, entry 5 the epoch at 16. */
static const struct field_case {
    const char *what, *detail;
    enum where where;
    int entry;
    enum field field;
    uint32_t value;
} fields[] = {
    {"count 0", "tag-count", MAIN, 2, TALLY, 0},
    {"huge count", "tag-count", MAIN, 2, TALLY, 0x40000001},
    {"count above the data", "tag-count", MAIN, 5, TALLY, 0x1000},
    {"string count 2", "string-count", MAIN, 2, TALLY, 2},
    {"array longer than the data", "string-nul", MAIN, 13, TALLY, 99},
    {"number beyond the end", "tag-bounds", MAIN, 14, TALLY, 2},
    {"negative offset", "tag-offset", MAIN, 2, OFFSET, 0xfffffffc},
    {"offset near the top", "tag-offset", MAIN, 2, OFFSET, 0x7ffffff0},
    {"misaligned offset", "tag-offset", MAIN, 5, OFFSET, 15},
    {"overlap", "tag-offset", MAIN, 2, OFFSET, 0},
    {"gap", "tag-offset", MAIN, 2, OFFSET, 3},
    {"type 0", "tag-type", MAIN, 6, TYPE, 0},
    {"type 10", "tag-type", MAIN, 6, TYPE, 10},
    {"the same tag twice", "tag-order", MAIN, 3, TAG, 1000},
    {"falling tags", "tag-order", MAIN, 5, TAG, 1001},
    {"other region tag", "region", MAIN, 0, TAG, 62},
    {"region of another type", "region", MAIN, 0, TYPE, 6},
    {"region at 0", "region", MAIN, 0, OFFSET, 0},
    {"region of 32 bytes", "region", MAIN, 0, TALLY, 32},
    {"other trailer tag", "region-trailer", MAIN, -1, TAG, 61},
    {"trailer of another type", "region-trailer", MAIN, -1, TYPE, 6},
    {"trailer over one entry", "region-trailer", MAIN, -1, OFFSET, 0xfffffff0},
    {"trailer of 15 bytes", "region-trailer", MAIN, -1, TALLY, 15},
    {"count 0", "tag-count", SIGNATURE, 1, TALLY, 0},
    {"bytes above the data", "tag-count", SIGNATURE, 1, TALLY, 0x1000},
    {"overlap", "tag-offset", SIGNATURE, 2, OFFSET, 0},
    {"the same tag twice", "tag-order", SIGNATURE, 2, TAG, 268},
    {"no region", "region", SIGNATURE, 0, TAG, 267},
    {"region at 0", "region", SIGNATURE, 0, OFFSET, 0},
    {"other trailer tag", "region-trailer", SIGNATURE, -1, TAG, 61},
};

static void
test_fields(void)
{
    static struct package p;

    for (size_t i = 0; i < COUNT(fields); i++) {
        const struct field_case *f = &fields[i];
        bool in_main = f->where == MAIN;
        size_t index, end;

        reset(&p);
        build(&p);
        index = in_main ? p.main_index : p.signature_index;
        end = in_main ? p.size : p.signature_end;
        index = f->entry < 0 ? end - 16 : index + 16 * (size_t)f->entry;
        put_u32(p.bytes + index + f->field, f->value);
        expect(&p, f->detail, f->what);
    }
}

/* ---- single bytes ---------------------------------------------------------
 */

static void
test_lead(void)
{
    static const struct {
        const char *what, *detail;
        size_t at;
        uint8_t value;
    } bytes[] = {
        {"magic", "not-rpm", 3, 0xdc},
        {"major 2", "lead-version", 4, 2},
        {"major 255", "lead-version", 4, 255},
        {"minor 1", "lead-version", 5, 1},
        {"the major of rpm v6", "format-unsupported", 4, 4},
        {"type 2", "lead-type", 7, 2},
        {"type 256", "lead-type", 6, 1},
        {"type source", "ok", 7, 1},
        {"escape sequence in the name", "ok", 12, 033},
        {"signature type 0", "lead-sigtype", 79, 0},
        {"signature type 0x105", "lead-sigtype", 78, 1},
        {"reserved byte", "ok", 95, 1},
        {"magic of the header", "header-magic", 99, 2},
        {"reserved part of the magic", "header-magic", 103, 1},
        {"33 entries", "index-count", 107, 33},
        {"1 entry", "index-count", 107, 1},
        {"2^31 entries", "index-count", 104, 0x80},
        {"2^31 bytes", "data-size", 108, 0x80},
        {"15 bytes", "data-size", 111, 15},
    };
    static struct package p;

    for (size_t i = 0; i < COUNT(bytes); i++) {
        reset(&p);
        build(&p);
        p.bytes[bytes[i].at] = bytes[i].value;
        expect(&p, bytes[i].detail, bytes[i].what);
    }
}

static void
test_hidden(void)
{
    static struct package p;
    size_t data;

    reset(&p);
    build(&p);
    p.bytes[p.signature_end] = 1;
    expect(&p, "sig-padding", "a byte behind the signature header");
    build(&p);
    data = p.main_index + 16 * (p.main.n + 1);
    p.bytes[data + 15] = 1; /* between the release and the epoch */
    expect(&p, "tag-padding", "a byte between two values");
    reset(&p);
    set_tag(&p.main, &(struct tag)BYTES(32000, SP_RPM_BIN, 2, "xyz"));
    build(&p);
    expect(&p, "data-tail", "a byte before the trailer");
    reset(&p);
    set_tag(&p.main, &(struct tag)BYTES(32000, SP_RPM_STRING, 1, "xyz"));
    build(&p);
    expect(&p, "string-nul", "a string without its end");
    reset(&p);
    set_tag(&p.main, &(struct tag)BYTES(32000, SP_RPM_INT32, 1, ""));
    build(&p);
    expect(&p, "tag-bounds", "a number without bytes");
    reset(&p);
    build(&p);
    put_u32(p.bytes + p.main_index - 8, 65536);
    expect(&p, "index-count", "65,536 entries in the main header");
    build(&p);
    put_u32(p.bytes + p.main_index - 4, 8 * 1024 * 1024 + 1);
    expect(&p, "data-size", "more than 8 MiB in the main header");
    build(&p);
    p.bytes[p.main_index - 16] = 0;
    expect(&p, "header-magic", "magic of the main header");
}

/* A number whose alignment leads behind the data. */
static void
test_alignment(void)
{
    static struct package p;
    size_t last, offset;

    reset(&p);
    set_tag(&p.main, &(struct tag)BYTES(32000, SP_RPM_BIN, 2, "xy"));
    set_tag(&p.main, &(struct tag)BYTES(32001, SP_RPM_BIN, 1, "z"));
    build(&p);
    last = p.main_index + 16 * p.main.n;
    offset = sp_rpm_u32(p.bytes + last + OFFSET);
    put_u32(p.bytes + last + TYPE, SP_RPM_INT64);
    put_u32(p.bytes + last + OFFSET, (uint32_t)(offset + 7) / 8 * 8);
    expect(&p, "tag-bounds", "a number behind the data");
}

/* Each part is short enough, the file name is not. */
static void
test_long_name(void)
{
    static struct package p;
    char part[129], more[130];

    memset(part, 'a', sizeof(part));
    part[128] = '\0';
    memset(more, 'a', sizeof(more));
    more[129] = '\0';
    reset(&p);
    set_tag(&p.main, &(struct tag){1000, SP_RPM_STRING, 1, more, sizeof(more)});
    build(&p);
    expect(&p, "nevra", "a name of 129 bytes");
    set_tag(&p.main, &(struct tag){1000, SP_RPM_STRING, 1, part, sizeof(part)});
    build(&p);
    expect(&p, "ok", "a name of 128 bytes");
    set_tag(&p.main, &(struct tag){1001, SP_RPM_STRING, 1, part, sizeof(part)});
    build(&p);
    expect(&p, "nevra", "a file name above 255 bytes");
}

/* sp_rpm_need decides how long a head is; a longer one is not parsed. */
static void
test_longer_head(void)
{
    static struct package p;
    struct sp_rpm rpm;
    struct sp_error err = {0};

    reset(&p);
    build(&p);
    tap_is_str(judge_head(p.bytes, p.size + 1, &rpm, &err), "trailing-data",
               "a byte behind the head");
}

/* More values than any array has, although the data is there. */
static void
test_many(void)
{
    static const uint8_t nuls[1 << 20];
    static struct package p;
    struct tag tag = {32000, SP_RPM_STRING_ARRAY, 0xFFFFF, nuls, 0xFFFFF};

    reset(&p);
    set_tag(&p.main, &tag);
    build(&p);
    expect(&p, "ok", "1,048,575 strings");
    tag.count++;
    tag.size++;
    set_tag(&p.main, &tag);
    build(&p);
    expect(&p, "tag-count", "one more");
}

/* How many shorter files are called something else. */
static size_t
wrong_cuts(const struct package *p, judge_fn judged)
{
    struct sp_rpm rpm;
    size_t wrong = 0;

    for (size_t size = 0; size < p->size; size++)
        wrong += strcmp(judged(p->bytes, size, &rpm),
                        size < 4 ? "not-rpm" : "truncated") != 0;
    return wrong;
}

static void
test_truncated(void)
{
    static struct package p;

    reset(&p);
    build(&p);
    tap_is_u64(wrong_cuts(&p, judge), 0, "each shorter file is truncated");
}

static void
test_order(void)
{
    static struct package p;

    reset(&p);
    drop_tag(&p.signature, 268);
    drop_tag(&p.main, 5092);
    set_tag(&p.main, &(struct tag)TEXT(1005, SP_RPM_STRING, 1, "\xf6"));
    build(&p);
    expect(&p, "string-encoding", "grammar before the signature");
    drop_tag(&p.main, 1005);
    build(&p);
    expect(&p, "no-header-signature", "signature before the payload digest");
    set_tag(&p.main, &(struct tag)BYTES(5114, SP_RPM_INT32, 1, "\0\0\0\6"));
    build(&p);
    expect(&p, "format-unsupported", "format before the signature");
    reset(&p);
    drop_tag(&p.main, 5092);
    set_tag(&p.main, &(struct tag)TEXT(1000, SP_RPM_STRING, 1, "a b"));
    build(&p);
    expect(&p, "no-payload-digest", "payload digest before the name");
}

/* Files that end before the first header, and heads that nobody asked about. */
static void
test_short(void)
{
    static struct package p;
    struct sp_rpm rpm = {0};
    struct sp_error err = {0};
    uint8_t text[50];

    reset(&p);
    build(&p);
    memset(text, 'x', sizeof(text));
    for (size_t size = 0; size < sizeof(text); size++) {
        const char *want = size < 4 ? "not-rpm" : "truncated";

        tap_is_str(judge(p.bytes, size, &rpm), want, "%zu bytes of it", size);
        tap_is_str(judge(text, size, &rpm), "not-rpm", "%zu of text", size);
    }
    p.bytes[0] ^= 1;
    tap_ok(sp_rpm_parse(p.bytes, p.size, &rpm, &err) < 0, "another magic");
}

/* Each step is asked for with as many bytes as come, not with all of them. */
static void
test_need(void)
{
    static struct package p;
    struct sp_error err = {0};
    size_t wrong = 0, first = 96 + 16, second;

    reset(&p);
    build(&p);
    second = p.main_index;
    for (size_t have = 0; have <= p.size; have++) {
        size_t need = 0;
        size_t want = have < first ? first : have < second ? second : p.size;

        wrong += sp_rpm_need(guard_behind(p.bytes, have), have, p.size, &need,
                             &err) < 0 ||
                 need != want;
    }
    tap_is_u64(wrong, 0, "every part of a head says how much is needed");
}

static const char *
need_word(const struct package *p, size_t have, uint64_t file_size)
{
    static struct sp_error err;
    size_t need;

    memset(&err, 0, sizeof(err));
    return sp_rpm_need(guard_behind(p->bytes, have), have, file_size, &need,
                       &err) < 0
               ? err.detail
               : "ok";
}

/* What cannot become a head is refused before more of it is read. */
static void
test_need_refuses(void)
{
    static struct package p;
    const size_t first = 96 + 16;

    reset(&p);
    build(&p);
    tap_is_str(need_word(&p, 3, 3), "not-rpm", "a file of 3 bytes");
    tap_is_str(need_word(&p, first - 1, first - 1), "truncated",
               "a file without a signature header");
    tap_is_str(need_word(&p, first, p.main_index - 1), "truncated",
               "a file that ends before its main header");
    tap_is_str(need_word(&p, first, p.main_index), "ok", "or behind its intro");
    tap_is_str(need_word(&p, p.main_index, p.size - 1), "truncated",
               "a file that ends inside its main header");
    p.bytes[0] ^= 1;
    tap_is_str(need_word(&p, first, p.size), "not-rpm", "another lead");
    p.bytes[0] ^= 1;
    p.bytes[96] ^= 1;
    tap_is_str(need_word(&p, first, p.size), "header-magic",
               "another signature header");
    p.bytes[96] ^= 1;
    p.bytes[p.main_index - 16] ^= 1;
    tap_is_str(need_word(&p, p.main_index, p.size), "header-magic",
               "another main header");
}

/* A head that is parsed before sp_rpm_need has seen its end. */
static void
test_cut_heads(void)
{
    static struct package p;
    struct sp_rpm rpm;

    reset(&p);
    build(&p);
    tap_is_u64(wrong_cuts(&p, judge_unasked), 0, "no shorter head is one");
    p.bytes[96] ^= 1;
    tap_is_str(judge_unasked(p.bytes, p.size, &rpm), "header-magic",
               "nor one without a signature header");
    p.bytes[96] ^= 1;
    p.bytes[p.main_index - 16] ^= 1;
    tap_is_str(judge_unasked(p.bytes, p.size, &rpm), "header-magic",
               "nor one without a main header");
}

static const char *
facts_word(const struct package *p, size_t size, const struct sp_rpm *rpm)
{
    static struct sp_error err;
    struct sp_rpm copy = *rpm;

    memset(&err, 0, sizeof(err));
    return sp_rpm_facts(guard_behind(p->bytes, size), size, &copy, &err) < 0
               ? err.detail
               : "ok";
}

/* Of a head that is not the one that was parsed. */
static void
test_facts_of_another(void)
{
    static struct package p;
    struct sp_rpm rpm = {0};
    size_t offset;

    reset(&p);
    build(&p);
    (void)judge(p.bytes, p.size, &rpm);
    offset = rpm.main_header.offset;
    tap_is_str(facts_word(&p, p.size, &rpm), "ok", "facts of the head");
    tap_is_str(facts_word(&p, p.size - 1, &rpm), "truncated", "of a shorter");
    tap_is_str(facts_word(&p, p.size + 1, &rpm), "truncated", "of a longer");
    tap_is_str(facts_word(&p, offset - 1, &rpm), "truncated",
               "of one that ends before the main header");
    p.bytes[offset] ^= 1;
    tap_is_str(facts_word(&p, p.size, &rpm), "header-magic",
               "of one without a main header");
    p.bytes[offset] ^= 1;
    put_u32(p.bytes + p.main_index + 32 + TYPE, SP_RPM_BIN);
    put_u32(p.bytes + p.main_index + 32 + TALLY, 0);
    tap_is_str(facts_word(&p, p.size, &rpm), "nevra", "of one without a name");
}

/* No room for what the caller brings. */
static void
test_prefix_room(void)
{
    static uint8_t out[2 * SP_SIG_MAX_BYTES], packet[SP_SIG_MAX_BYTES + 33];
    struct sp_rpm rpm = {0};
    uint8_t digest[32] = {0};

    tap_ok(sp_rpm_prefix(&rpm, packet, SP_SIG_MAX_BYTES + 32, digest, 0, out,
                         sizeof(out)) > 0,
           "the largest packet");
    tap_is_u64(sp_rpm_prefix(&rpm, packet, SP_SIG_MAX_BYTES + 33, digest, 0,
                             out, sizeof(out)),
               0, "a packet above its ceiling");
    tap_is_u64(sp_rpm_prefix(&rpm, packet, 0, digest, 0, out, sizeof(out)), 0,
               "no packet");
}

/* The lead has room for 65 bytes of a name and a NUL. */
static void
test_prefix_name(void)
{
    static const int sizes[] = {1, 60, 61, 62, SP_NAME_MAX};
    static uint8_t out[SP_RPM_PREFIX_MAX];
    uint8_t digest[32] = {0};
    struct sp_rpm rpm = {.nevra = {.version = "1", .release = "2"}};
    char whole[SP_NAME_MAX + 8];

    for (size_t i = 0; i < COUNT(sizes); i++) {
        memset(rpm.nevra.name, 'n', (size_t)sizes[i]);
        (void)snprintf(whole, sizeof(whole), "%s-1-2", rpm.nevra.name);
        whole[65] = '\0';
        (void)sp_rpm_prefix(&rpm, digest, sizeof(digest), digest, 0, out,
                            sizeof(out));
        tap_is_str((const char *)out + 10, whole, "a name of %d bytes",
                   sizes[i]);
    }
}

/* ---- the canonical prefix --------------------------------------------------
 */

/* What we write is read as the profile wants it, with the same facts. */
static void
test_prefix(uint64_t payload, size_t packet_size, bool is_long)
{
    static struct package p;
    static uint8_t out[SP_RPM_PREFIX_MAX + 4096];
    uint8_t packet[300], digest[32];
    struct sp_rpm rpm = {0}, again = {0};
    struct sp_rpm_header header = {0};
    struct sp_rpm_value value = {0};
    struct sp_cursor c;
    struct sp_error err = {0};
    size_t size;

    memset(packet, 0xAB, sizeof(packet));
    memset(digest, 0xCD, sizeof(digest));
    reset(&p);
    build(&p);
    (void)judge(p.bytes, p.size, &rpm);
    size = sp_rpm_prefix(&rpm, packet, packet_size, digest, payload, out,
                         SP_RPM_PREFIX_MAX);
    tap_ok(size > 0 && size % 8 == 0, "a prefix of %zu bytes", size);
    tap_is_u64(sp_rpm_prefix(&rpm, packet, packet_size, digest, payload, out,
                             size - 1),
               0, "not into less room");
    tap_is_u64(
        sp_rpm_prefix(&rpm, packet, packet_size, digest, payload, out, size),
        size, "there is room to the byte");
    memcpy(out + size, p.bytes + rpm.main_header.offset, rpm.main_header.size);
    tap_is_str(judge_head(out, size + rpm.main_header.size, &again, &err), "ok",
               "it is read again");
    tap_is_u64(again.main_header.offset, size, "the main header follows");
    tap_ok(again.signature.size == packet_size &&
               memcmp(out + again.signature.offset, packet, packet_size) == 0,
           "the packet is there");
    tap_ok(strncmp(again.header_sha256, "cdcdcd", 6) == 0, "and the digest");
    c = sp_cursor_over(out + 96, again.signature_header.size);
    tap_ok(sp_rpm_header_take(&c, &sp_rpm_signature_grammar, &header, &err) ==
                   0 &&
               c.left == 0 &&
               sp_rpm_header_find(&header, is_long ? 270 : 1000, &value),
           "and the size");
    tap_is_u64(is_long ? sp_rpm_value_u64(&value) : sp_rpm_value_u32(&value),
               payload + rpm.main_header.size, "of header and payload");
    tap_is_str((const char *)out + 10, "hello-2.0-1", "the lead has a name");
    tap_ok(out[4] == 3 && out[7] == 0 && out[9] == 0 && out[77] == 0,
           "no architecture, no system");
}

/* The lead of a source package, and the largest size of 32 bits. */
static void
test_prefix_ends(void)
{
    static uint8_t out[SP_RPM_PREFIX_MAX];
    const uint8_t digest[32] = {0};
    struct sp_rpm rpm = {.is_source = true, .main_header = {.size = 1000}};
    const uint8_t *entries = out + 96 + 16;

    tap_ok(sp_rpm_prefix(&rpm, digest, sizeof(digest), digest,
                         UINT32_MAX - 1000, out, sizeof(out)) > 0 &&
               out[7] == 1,
           "the lead of a source package");
    tap_is_u64(sp_rpm_u32(entries + 48), 1000, "the largest 32-bit size");
    rpm.is_source = false;
    tap_ok(sp_rpm_prefix(&rpm, digest, sizeof(digest), digest, UINT32_MAX - 999,
                         out, sizeof(out)) > 0 &&
               out[7] == 0,
           "the lead of another");
    tap_is_u64(sp_rpm_u32(entries + 32), 270, "one byte more needs 64 bits");
}

/* ---- real packages ----------------------------------------------------------
 */

#define CORPUS "tests/corpus/rpms/"

/* Words that only a key can decide. */
static bool
is_about_keys(const char *detail)
{
    return strcmp(detail, "no-key") == 0 || strcmp(detail, "key-expired") == 0;
}

/* Structure and packet; the payload and the keys are not looked at. */
static const char *
judge_file(const char *name)
{
    static struct sp_error err;
    static struct sp_sigpacket packet;
    char path[512];
    char *bytes = NULL;
    SP_AUTO_FREE const void *owned = NULL;
    size_t size = 0;
    struct sp_rpm rpm = {0};
    const char *detail;

    (void)snprintf(path, sizeof(path), CORPUS "%s", name);
    if (sp_read_file(AT_FDCWD, path, 1 << 24, &bytes, &size, &err) < 0)
        return err.detail;
    owned = bytes;
    detail = judge((const uint8_t *)bytes, size, &rpm);
    if (rpm.signature.size > 0 &&
        (sp_sigpacket_parse((const uint8_t *)bytes + rpm.signature.offset,
                            rpm.signature.size, &packet, &err) < 0 ||
         sp_sigpacket_tag(&packet, rpm.signature_tag, &err) < 0))
        return err.detail;
    return detail;
}

static void
test_corpus(void)
{
    SP_AUTO_FILE *list = fopen(CORPUS "expect.tsv", "re");
    char line[512], file[256], key[128], verdict[16], detail[64];
    unsigned files = 0;

    while (list && fgets(line, sizeof(line), list)) {
        const char *want = detail;

        if (line[0] == '#' || sscanf(line, "%255s %127s %15s %63s", file, key,
                                     verdict, detail) != 4)
            continue;
        if (strcmp(verdict, "accept") == 0 || is_about_keys(detail) ||
            strcmp(detail, "payload-digest-mismatch") == 0)
            want = "ok";
        tap_is_str(judge_file(file), want, "%s", file);
        files++;
    }
    tap_is_u64(files, 58, "all real packages were read");
}

/* ---- the header alone ---------------------------------------------------- */

/* Returns how many bytes stand behind it, -1 when it is refused. */
static int
take_header(const uint8_t *bytes, size_t size, struct sp_rpm_header *ret,
            struct sp_error *err)
{
    struct sp_cursor c = sp_cursor_over(guard_behind(bytes, size), size);

    memset(err, 0, sizeof(*err));
    return sp_rpm_header_take(&c, &sp_rpm_main_grammar, ret, err) < 0
               ? -1
               : (int)c.left;
}

/* Cut at each byte. */
static void
test_cut_header(const uint8_t *bytes, size_t size)
{
    struct sp_rpm_header header;
    struct sp_error err;
    size_t refused = 0;

    for (size_t n = 0; n < size; n++)
        refused += take_header(bytes, n, &header, &err) == -1 &&
                   strcmp(err.detail, "truncated") == 0;
    tap_is_u64(refused, size, "no shorter one is a header");
}

/* As callers are told not to use it. */
static void
test_header_alone(void)
{
    static struct package p;
    const struct tag far = BYTES(1010, SP_RPM_BIN, 1, "x");
    struct sp_rpm_header header = {0}, cut;
    struct sp_rpm_value value;
    struct sp_rpm rpm;
    struct sp_error err;
    size_t start, size;

    reset(&p);
    build(&p);
    start = p.main_index - 16;
    size = p.size - start;
    tap_ok(take_header(p.bytes + start, size, &header, &err) == 0 &&
               sp_rpm_header_check(&header, &err) == 0,
           "a header");
    test_cut_header(p.bytes + start, size);
    tap_ok(take_header(p.bytes + start, size + 1, &header, &err) == 1,
           "what stands behind it is left");
    (void)take_header(p.bytes + start, size, &header, &err);
    cut = header;
    cut.index = (struct sp_cursor){.end = header.index.end};
    tap_ok(sp_rpm_header_check(&cut, &err) == -1, "one without entries");
    tap_is_str(err.detail, "region", "has no region");
    cut = header;
    cut.trailer = (struct sp_cursor){.end = header.trailer.end};
    tap_ok(sp_rpm_header_check(&cut, &err) == -1, "one without a trailer");
    tap_is_str(err.detail, "region", "has none either");
    p.bytes[0] ^= 1;
    tap_is_str(judge_head(p.bytes, p.size, &rpm, &err), "not-rpm",
               "a head that nobody has looked at");
    p.bytes[start] ^= 1;
    tap_ok(take_header(p.bytes + start, size, &header, &err) == -1,
           "another magic");
    tap_is_str(err.detail, "header-magic", "has its own word");
    set_tag(&p.main, &far);
    build(&p);
    size = p.size - start;
    for (size_t i = p.main_index; i + 16 < p.size; i += 16)
        if (memcmp(p.bytes + i, "\0\0\x03\xf2", 4) == 0)
            put_u32(p.bytes + i + 8, 0x10000);
    (void)take_header(p.bytes + start, size, &header, &err);
    tap_ok(!sp_rpm_header_find(&header, 1010, &value),
           "a value beyond the data is not found");
    reset(&p);
    p.main.tags[p.main.n - 2].count = 99;
    build(&p);
    size = p.size - start;
    (void)take_header(p.bytes + start, size, &header, &err);
    tap_ok(!sp_rpm_header_find(&header, 5092, &value),
           "strings that do not end are not found");
}

/* A value that has fewer bytes than a number. */
static void
test_short_numbers(void)
{
    static const uint8_t ones[8] = {1, 1, 1, 1, 1, 1, 1, 1};
    struct sp_rpm_value value = {0};

    for (size_t n = 0; n <= 8; n++) {
        value.data = sp_cursor_over(guard_behind(ones, n), n);
        tap_is_u64(sp_rpm_value_u32(&value), n < 4 ? 0 : 0x01010101,
                   "32 bits out of %zu bytes", n);
        tap_is_u64(sp_rpm_value_u64(&value),
                   n < 8 ? 0 : UINT64_C(0x0101010101010101),
                   "64 bits out of %zu bytes", n);
    }
}

/* ---- limits: what is just right, and one more --------------------------- */

/* A header of these tags alone, with bytes behind it that cannot be read. */
static const char *
check_header(const struct sp_rpm_grammar *grammar, const struct header *header)
{
    static uint8_t bytes[(1 << 20) + 4096];
    static struct sp_error err;
    struct sp_rpm_header taken;
    size_t size = put_header(bytes, grammar->region_tag, header);
    struct sp_cursor c = sp_cursor_over(guard_behind(bytes, size), size);

    memset(&err, 0, sizeof(err));
    return sp_rpm_header_take(&c, grammar, &taken, &err) < 0 ||
                   sp_rpm_header_check(&taken, &err) < 0
               ? err.detail
               : "ok";
}

/* One tag, all of whose bytes are zero. */
static const char *
check_zeros(const struct sp_rpm_grammar *grammar, uint32_t tag, uint32_t type,
            uint32_t count)
{
    static const uint8_t zeros[1 << 20];
    const struct header header = {
        .tags = {{tag, type, count, zeros, alignment(type) * count}}, .n = 1};

    return check_header(grammar, &header);
}

static const char *
check_text(const struct sp_rpm_grammar *grammar, uint32_t tag, uint32_t type,
           const char *text)
{
    const struct header header = {
        .tags = {{tag, type, 1, text, strlen(text) + 1}}, .n = 1};

    return check_header(grammar, &header);
}

/* Each tag with a type of its own; count 0: as many as there are. */
static const struct {
    enum where where;
    uint32_t tag, type, count;
} known[] = {
    {SIGNATURE, 267, SP_RPM_BIN, 0},
    {SIGNATURE, 268, SP_RPM_BIN, 0},
    {SIGNATURE, 269, SP_RPM_STRING, 0},
    {SIGNATURE, 270, SP_RPM_INT64, 1},
    {SIGNATURE, 271, SP_RPM_INT64, 1},
    {SIGNATURE, 273, SP_RPM_STRING, 0},
    {SIGNATURE, 274, SP_RPM_STRING_ARRAY, 0},
    {SIGNATURE, 275, SP_RPM_INT32, 0},
    {SIGNATURE, 276, SP_RPM_STRING_ARRAY, 0},
    {SIGNATURE, 277, SP_RPM_INT32, 0},
    {SIGNATURE, 278, SP_RPM_STRING_ARRAY, 0},
    {SIGNATURE, 279, SP_RPM_STRING, 0},
    {SIGNATURE, 999, SP_RPM_BIN, 0},
    {SIGNATURE, 1000, SP_RPM_INT32, 1},
    {SIGNATURE, 1002, SP_RPM_BIN, 0},
    {SIGNATURE, 1004, SP_RPM_BIN, 16},
    {SIGNATURE, 1005, SP_RPM_BIN, 0},
    {SIGNATURE, 1007, SP_RPM_INT32, 1},
    {SIGNATURE, 1008, SP_RPM_BIN, 0},
    {MAIN, 1000, SP_RPM_STRING, 0},
    {MAIN, 1001, SP_RPM_STRING, 0},
    {MAIN, 1002, SP_RPM_STRING, 0},
    {MAIN, 1003, SP_RPM_INT32, 1},
    {MAIN, 1006, SP_RPM_INT32, 1},
    {MAIN, 1009, SP_RPM_INT32, 1},
    {MAIN, 1021, SP_RPM_STRING, 0},
    {MAIN, 1022, SP_RPM_STRING, 0},
    {MAIN, 1044, SP_RPM_STRING, 0},
    {MAIN, 1106, SP_RPM_INT32, 1},
    {MAIN, 5009, SP_RPM_INT64, 1},
    {MAIN, 5114, SP_RPM_INT32, 1},
};

static const struct sp_rpm_grammar *
grammar_of(enum where where)
{
    return where == MAIN ? &sp_rpm_main_grammar : &sp_rpm_signature_grammar;
}

static void
test_known_tags(void)
{
    for (size_t i = 0; i < COUNT(known); i++) {
        const struct sp_rpm_grammar *grammar = grammar_of(known[i].where);
        const uint32_t tag = known[i].tag, type = known[i].type;
        const uint32_t count = known[i].count ? known[i].count : 1;
        const char *more = known[i].count          ? "tag-count"
                           : type == SP_RPM_STRING ? "string-count"
                                                   : "ok";

        tap_is_str(check_zeros(grammar, tag, type, count), "ok",
                   "%u values of tag %u in the %s", count, tag, grammar->name);
        tap_is_str(check_zeros(grammar, tag, type, count + 1), more,
                   "one more");
        tap_is_str(check_zeros(grammar, tag, SP_RPM_CHAR, count), "tag-type",
                   "characters");
    }
}

static void
test_tag_ranges(void)
{
    static const struct {
        enum where where;
        uint32_t tag;
        const char *detail;
    } tags[] = {
        {SIGNATURE, 0, "tag-range"},
        {SIGNATURE, 100, "tag-range"},
        {SIGNATURE, 255, "tag-range"},
        {SIGNATURE, 256, "ok"},
        {SIGNATURE, 1999, "ok"},
        {SIGNATURE, 2000, "tag-range"},
        {MAIN, 0, "tag-range"},
        {MAIN, 99, "tag-range"},
        {MAIN, 100, "ok"},
        {MAIN, 101, "tag-range"},
        {MAIN, 999, "tag-range"},
        {MAIN, 1004, "ok"},
        {MAIN, 32767, "ok"},
        {MAIN, 32768, "tag-range"},
    };

    for (size_t i = 0; i < COUNT(tags); i++)
        tap_is_str(
            check_zeros(grammar_of(tags[i].where), tags[i].tag, SP_RPM_CHAR, 1),
            tags[i].detail, "tag %u in the %s", tags[i].tag,
            grammar_of(tags[i].where)->name);
    tap_is_str(check_zeros(&sp_rpm_main_grammar, 1000, SP_RPM_STRING, 1), "ok",
               "the first tag of the main header");
}

/* A grammar that has another one behind what it knows. */
static void
test_known_end(void)
{
    static const struct sp_rpm_known list[] = {{300, SP_RPM_INT32, 1},
                                               {301, SP_RPM_INT32, 1}};
    struct sp_rpm_grammar grammar = sp_rpm_signature_grammar;

    grammar.known = list;
    grammar.n_known = 1;
    tap_is_str(check_zeros(&grammar, 300, SP_RPM_CHAR, 1), "tag-type",
               "a tag that is known");
    tap_is_str(check_zeros(&grammar, 301, SP_RPM_CHAR, 1), "ok",
               "one that stands behind the last");
}

static const char *
size_word(const struct sp_rpm_grammar *grammar, uint32_t entries, uint32_t data,
          size_t *ret_size)
{
    static struct sp_error err;
    uint8_t intro[16] = {0x8e, 0xad, 0xe8, 0x01};

    put_u32(intro + 8, entries);
    put_u32(intro + 12, data);
    memset(&err, 0, sizeof(err));
    return sp_rpm_header_size(guard_behind(intro, sizeof(intro)), grammar,
                              ret_size, &err) < 0
               ? err.detail
               : "ok";
}

static void
test_header_limits(void)
{
    for (size_t i = 0; i < 2; i++) {
        const struct sp_rpm_grammar *g = grammar_of(i == 0 ? SIGNATURE : MAIN);
        const uint32_t most = (uint32_t)g->max_data;
        size_t size = 0;

        tap_is_str(size_word(g, 2, 16, &size), "ok", "the smallest %s",
                   g->name);
        tap_is_u64(size, 16 + 2 * 16 + 16, "has that many bytes");
        tap_is_str(size_word(g, 1, 16, &size), "index-count", "an entry less");
        tap_is_str(size_word(g, 2, 15, &size), "data-size", "a byte less");
        tap_is_str(size_word(g, g->max_index, most, &size), "ok",
                   "the largest %s", g->name);
        tap_is_u64(size, 16 + 16 * (size_t)g->max_index + most,
                   "has that many bytes");
        tap_is_str(size_word(g, g->max_index + 1, most, &size), "index-count",
                   "an entry more");
        tap_is_str(size_word(g, g->max_index, most + 1, &size), "data-size",
                   "a byte more");
    }
    tap_is_u64(sp_rpm_signature_grammar.max_index, SP_RPM_MAX_SIG_INDEX,
               "entries of a signature header");
    tap_is_u64(sp_rpm_main_grammar.max_data, SP_RPM_MAX_MAIN_DATA,
               "bytes of a main header");
}

static void
test_types_and_counts(void)
{
    const struct sp_rpm_grammar *g = &sp_rpm_main_grammar;

    tap_is_str(check_zeros(g, 2000, 0, 1), "tag-type", "type 0");
    tap_is_str(check_zeros(g, 2000, 1, 1), "ok", "type 1");
    tap_is_str(check_zeros(g, 2000, 9, 1), "ok", "type 9");
    tap_is_str(check_zeros(g, 2000, 10, 1), "tag-type", "type 10");
    tap_is_str(check_zeros(g, 2000, SP_RPM_BIN, 0xFFFFF), "ok",
               "as many bytes as there are values of other types");
    tap_is_str(check_zeros(g, 2000, SP_RPM_BIN, 0x100000), "ok",
               "and one more");
    tap_is_str(check_zeros(g, 2000, SP_RPM_CHAR, 0xFFFFF), "ok", "characters");
    tap_is_str(check_zeros(g, 2000, SP_RPM_CHAR, 0x100000), "tag-count",
               "and one more");
}

static const struct {
    const char *text, *detail;
} texts[] = {
    {"\x01", "ok"},
    {"\x7f", "ok"},
    {"\x80", "string-encoding"},
    {"\x82\x80", "string-encoding"},
    {"\xbf", "string-encoding"},
    {"\xbf\x80", "string-encoding"},
    {"\xc0\x80", "string-encoding"},
    {"\xc1\xbf", "string-encoding"},
    {"\xc2\x7f", "string-encoding"},
    {"\xc2\x80", "ok"},
    {"\xc2\xbf", "ok"},
    {"\xc2\xc0", "string-encoding"},
    {"\xdf\xbf", "ok"},
    {"\xe0\x9f\xbf", "string-encoding"},
    {"\xe0\xa0\x80", "ok"},
    {"\xed\x9f\xbf", "ok"},
    {"\xed\xa0\x80", "string-encoding"},
    {"\xed\xbf\xbf", "string-encoding"},
    {"\xee\x80\x80", "ok"},
    {"\xef\xbf\xbf", "ok"},
    {"\xf0\x8f\xbf\xbf", "string-encoding"},
    {"\xf0\x90\x80\x80", "ok"},
    {"\xf3\xbf\xbf\xbf", "ok"},
    {"\xf4\x8f\xbf\xbf", "ok"},
    {"\xf4\x90\x80\x80", "string-encoding"},
    {"\xf5\x80\x80\x80", "string-encoding"},
    {"\xf7\xbf\xbf\xbf", "string-encoding"},
    {"\xf8", "string-encoding"},
    {"\xf8\x90\x80\x80", "string-encoding"},
    {"\xff", "string-encoding"},
    {"\xff\x90\x80\x80", "string-encoding"},
};

static void
test_utf8(void)
{
    for (size_t i = 0; i < COUNT(texts); i++)
        tap_is_str(check_text(&sp_rpm_main_grammar, 1004, SP_RPM_I18NSTRING,
                              texts[i].text),
                   texts[i].detail, "text %zu, first byte %#x", i,
                   (unsigned)(uint8_t)texts[i].text[0]);
}

/* Each byte but NUL, which ends a string. */
static void
test_ascii(void)
{
    for (unsigned byte = 1; byte < 256; byte++) {
        const char text[] = {(char)byte, '\0'};
        bool good = byte >= ' ' && byte <= '~';

        tap_is_str(
            check_text(&sp_rpm_signature_grammar, 279, SP_RPM_STRING, text),
            good ? "ok" : "string-encoding", "byte %#x", byte);
    }
}

/* Numbers behind 0 to 9 bytes, and what must stand between. */
static void
test_places(void)
{
    static const uint8_t zeros[16];
    static const uint32_t types[] = {SP_RPM_INT16, SP_RPM_INT32, SP_RPM_INT64};

    for (uint32_t before = 1; before <= 9; before++)
        for (size_t i = 0; i < COUNT(types); i++) {
            const struct header header = {
                .tags = {{2000, SP_RPM_BIN, before, zeros, before},
                         {2001, types[i], 1, zeros, alignment(types[i])}},
                .n = 2};

            tap_is_str(check_header(&sp_rpm_main_grammar, &header), "ok",
                       "type %u behind %u bytes", types[i], before);
        }
}

/* What calls itself a value but stands where the region must be. */
static void
test_first_entry(void)
{
    const struct header header = {.tags = {BYTES(1010, SP_RPM_BIN, 1, "x")},
                                  .n = 1};
    uint8_t bytes[256];
    size_t size = put_header(bytes, 63, &header);
    struct sp_cursor c = sp_cursor_over(bytes, size);
    struct sp_rpm_header taken = {0};
    struct sp_rpm_value value = {0};
    struct sp_error err = {0};

    put_entry(bytes + 16, 1005, SP_RPM_BIN, 0, 1);
    tap_ok(sp_rpm_header_take(&c, &sp_rpm_main_grammar, &taken, &err) == 0,
           "a header whose first entry is a value");
    tap_ok(!sp_rpm_header_find(&taken, 1005, &value), "which is not found");
    tap_ok(sp_rpm_header_find(&taken, 1010, &value), "the second is");
}

/* What the facts hold, whatever stood there, and nothing besides. */
static void
test_facts_alone(void)
{
    static struct package p;
    struct sp_rpm rpm = {0}, before;
    struct sp_error err = {0};

    reset(&p);
    set_tag(&p.main,
            &(struct tag)BYTES(5009, SP_RPM_INT64, 1, "\0\0\0\1\0\0\0\2"));
    set_tag(&p.signature,
            &(struct tag)TEXT(269, SP_RPM_STRING, 1,
                              "0123456789abcdef0123456789abcdef01234567"));
    build(&p);
    (void)judge(p.bytes, p.size, &rpm);
    tap_is_u64(rpm.installed_bytes, UINT64_C(0x100000002),
               "the long size, not the short one");
    tap_is_str(rpm.header_sha1, "0123456789abcdef0123456789abcdef01234567",
               "a claimed SHA-1");
    tap_is_str(rpm.header_sha256, HEX64, "a claimed SHA-256");
    memset(rpm.payload_sha256, 'x', sizeof(rpm.payload_sha256));
    before = rpm;
    tap_ok(sp_rpm_facts(p.bytes, p.size, &rpm, &err) == 0, "facts once more");
    tap_is_mem(rpm.payload_sha256, HEX64, sizeof(HEX64),
               "the digest, with its end");
    memcpy(before.payload_sha256, rpm.payload_sha256,
           sizeof(before.payload_sha256));
    tap_is_mem(&rpm, &before, sizeof(rpm), "and no other byte has changed");
}

/* A refusal says what was wrong. */
static void
test_messages(void)
{
    static struct package p;
    static const struct {
        struct tag tag;
        const char *says;
    } said[] = {
        {TEXT(1000, SP_RPM_STRING, 1, "a/b"), "bad name 'a/b'"},
        {TEXT(1001, SP_RPM_STRING, 1, "1-2"), "bad version '1-2'"},
        {TEXT(1002, SP_RPM_STRING, 1, "3 4"), "bad release '3 4'"},
        {TEXT(1022, SP_RPM_STRING, 1, "a.b"), "bad architecture 'a.b'"},
        {BYTES(5114, SP_RPM_INT32, 1, "\0\0\0\6"),
         "rpm format 6 is not supported"},
        {TEXT(100, SP_RPM_STRING, 1, "C"), "the language table has type 6"},
    };

    for (size_t i = 0; i < COUNT(said); i++) {
        struct sp_error err = {0};
        struct sp_rpm rpm;

        reset(&p);
        set_tag(&p.main, &said[i].tag);
        build(&p);
        (void)judge_head(p.bytes, p.size, &rpm, &err);
        tap_is_str(err.msg, said[i].says, "tag %u", said[i].tag.tag);
    }
}

int
main(void)
{
    test_known_tags();
    test_tag_ranges();
    test_known_end();
    test_header_limits();
    test_types_and_counts();
    test_utf8();
    test_ascii();
    test_places();
    test_first_entry();
    test_facts_alone();
    test_messages();
    test_header_alone();
    test_short_numbers();
    test_short();
    test_need();
    test_need_refuses();
    test_cut_heads();
    test_facts_of_another();
    test_prefix_room();
    test_prefix_name();
    test_good();
    test_values();
    test_fields();
    test_lead();
    test_hidden();
    test_alignment();
    test_long_name();
    test_longer_head();
    test_many();
    test_truncated();
    test_order();
    for (size_t size = 276; size <= 284; size++) {
        test_prefix(1000, size, false);
        test_prefix(UINT64_C(5000000000), size, true);
    }
    test_prefix_ends();
    test_corpus();
    return tap_done();
}
