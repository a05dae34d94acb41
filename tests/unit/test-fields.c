/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The gate against every byte and every two fields of a header: what passes
 * is a canonical header, by a definition of its own that is written out here.
 *
 * Each header comes with its checksum as it was, and made good again: the
 * sum of unsigned bytes, as POSIX has it, and of signed ones, as old programs
 * wrote it.
 */
#include "bundle/gate.h"
#include "bundle/limits.h"
#include "tests/unit/tap.h"

enum {
    SIZE_AT = 124,
    SIZE_DIGITS = 11,
    SUM_AT = 148,
    SUM_WIDTH = 8,
};

static const struct field {
    const char *name;
    size_t at, width;
    const char *canonical; /* NUL behind it; NULL: depends on the member */
} fields[] = {
    {"name", 0, 100, NULL},
    {"mode", 100, 8, "0000644"},
    {"uid", 108, 8, "0000000"},
    {"gid", 116, 8, "0000000"},
    {"size", SIZE_AT, 12, NULL},
    {"mtime", 136, 12, "00000000000"},
    {"chksum", SUM_AT, SUM_WIDTH, NULL},
    {"typeflag", 156, 1, "0"},
    {"linkname", 157, 100, ""},
    {"magic", 257, 6, "ustar"},
    {"version", 263, 2, "00"},
    {"uname", 265, 32, ""},
    {"gname", 297, 32, ""},
    {"devmajor", 329, 8, ""},
    {"devminor", 337, 8, ""},
    {"prefix", 345, 155, ""},
    {"rest", 500, 12, ""},
};

/* What some tar writes or reads in some field, in front of a filling. */
static const struct edge {
    char text[13];
    uint8_t size, filling;
} edges[] = {
    {"", 0, 0},
    {"", 0, '0'},
    {"", 0, '7'},
    {"", 0, ' '},
    {"", 0, 'x'},
    {"", 0, '/'},
    {"", 0, 0x80},
    {"", 0, 0xff},
    {"0", 1, 0},
    {"1", 1, 0},
    {"8", 1, 0},
    {"0000644", 7, 0},
    {"0000755", 7, 0},
    {"0000001", 7, 0},
    {"0000644", 7, ' '},
    {"00000001000", 11, 0},
    {"00000001000", 11, ' '},
    {"00000001001", 11, 0},
    {"77777777777", 11, 0},
    {" 0", 2, 0},
    {"     1000", 9, 0},
    {"-1", 2, 0},
    {"+1", 2, 0},
    {"0x1", 3, 0},
    {"1\0x", 3, 0},
    {"\x80\0\0\0\0\0\0\0\0\0\2\0", 12, 0},
    {"\x80\0\0\0\x80\0\0\0\0\0\0\0", 12, 0},
    {"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xfe", 12, 0},
    {"2", 1, 0},
    {"5", 1, 0},
    {"7", 1, 0},
    {"L", 1, 0},
    {"K", 1, 0},
    {"S", 1, 0},
    {"V", 1, 0},
    {"M", 1, 0},
    {"x", 1, 0},
    {"g", 1, 0},
    {"ustar", 5, 0},
    {"ustar  ", 7, 0},
    {"root", 4, 0},
    {"MANIFEST", 8, 0},
    {"MANIFEST\0x", 10, 0},
    {"p000001.rpm", 11, 0},
    {"../x", 4, 0},
    {"/etc", 4, 0},
    {"\n", 1, 0},
};

enum {
    FIELDS = sizeof(fields) / sizeof(*fields),
    EDGES = sizeof(edges) / sizeof(*edges),
};

/* A gate before the header of one member, and that member's name. */
static struct place {
    struct sp_gate gate;
    const char *name;
    uint64_t max_size;
    uint8_t header[SP_TAR_BLOCK];
} manifest, package;

enum sum { STALE, UNSIGNED, SIGNED };

static struct {
    unsigned tried, passed, wrong;
} count;

/* ---- the other definition of a canonical header ------------------------- */

static unsigned
sum_of(const uint8_t *block, bool as_signed)
{
    unsigned sum = SUM_WIDTH * ' ';

    for (size_t i = 0; i < SP_TAR_BLOCK; i++) {
        if (i >= SUM_AT && i < SUM_AT + SUM_WIDTH)
            continue;
        sum += block[i];
        if (as_signed && block[i] >= 0x80)
            sum -= 0x100;
    }
    return sum;
}

static void
put_sum(uint8_t *block, bool as_signed)
{
    char text[16];

    (void)snprintf(text, sizeof(text), "%06o",
                   sum_of(block, as_signed) & 0777777);
    memcpy(block + SUM_AT, text, 7);
    block[SUM_AT + 7] = ' ';
}

static bool
holds(const uint8_t *block, const struct field *field, const char *text)
{
    size_t length = strlen(text);

    for (size_t i = 0; i < field->width; i++)
        if (block[field->at + i] != (i < length ? (uint8_t)text[i] : 0))
            return false;
    return true;
}

static bool
size_is_good(const uint8_t *block, uint64_t max)
{
    uint64_t size = 0;

    for (size_t i = SIZE_AT; i < SIZE_AT + SIZE_DIGITS; i++) {
        if (block[i] < '0' || block[i] > '7')
            return false;
        size = size << 3 | (block[i] - (uint64_t)'0');
    }
    return block[SIZE_AT + SIZE_DIGITS] == 0 && size <= max;
}

static bool
is_canonical(const uint8_t *block, const struct place *place)
{
    uint8_t summed[SP_TAR_BLOCK];

    for (size_t i = 0; i < FIELDS; i++)
        if (fields[i].canonical &&
            !holds(block, &fields[i], fields[i].canonical))
            return false;
    memcpy(summed, block, SP_TAR_BLOCK);
    put_sum(summed, false);
    return holds(block, &fields[0], place->name) &&
           size_is_good(block, place->max_size) &&
           memcmp(block, summed, SP_TAR_BLOCK) == 0;
}

/* ---- both asked ---------------------------------------------------------- */

static void
ask(const struct place *place, const uint8_t *block)
{
    struct sp_gate gate = place->gate;
    struct sp_error err = {0};
    enum sp_gate_block kind = 0;
    bool passes =
        sp_gate_pass(&gate, block, &kind, &err) == 0 && kind == SP_GATE_HEADER;

    count.tried++;
    count.passed += passes;
    if (passes != is_canonical(block, place))
        count.wrong++;
}

static void
ask_with_sum(const struct place *place, const uint8_t *block, enum sum sum)
{
    uint8_t made_good[SP_TAR_BLOCK];

    memcpy(made_good, block, SP_TAR_BLOCK);
    if (sum != STALE)
        put_sum(made_good, sum == SIGNED);
    ask(place, made_good);
}

static void
report(const char *what)
{
    tap_ok(count.wrong == 0 && count.passed > 0 && count.passed < count.tried,
           "%s: %u tried, %u passed, %u of them wrongly", what, count.tried,
           count.passed, count.wrong);
    memset(&count, 0, sizeof(count));
}

static void
test_substitutions(const struct place *place, enum sum sum, const char *what)
{
    uint8_t block[SP_TAR_BLOCK];

    memcpy(block, place->header, SP_TAR_BLOCK);
    for (size_t at = 0; at < SP_TAR_BLOCK; at++) {
        for (unsigned value = 0; value < 256; value++) {
            block[at] = (uint8_t)value;
            ask_with_sum(place, block, sum);
        }
        block[at] = place->header[at];
    }
    report(what);
}

static void
put_edge(uint8_t *block, const struct field *field, const struct edge *edge)
{
    size_t size = edge->size < field->width ? edge->size : field->width;

    memset(block + field->at, edge->filling, field->width);
    memcpy(block + field->at, edge->text, size);
}

/* Where the sum is a field of the pair, it stays as it is. */
static void
ask_pair(const struct place *place, const struct field *one,
         const struct field *other, enum sum sum)
{
    uint8_t block[SP_TAR_BLOCK];

    if (sum != STALE && (one->at == SUM_AT || other->at == SUM_AT))
        return;
    memcpy(block, place->header, SP_TAR_BLOCK);
    for (size_t i = 0; i < EDGES; i++) {
        put_edge(block, one, &edges[i]);
        for (size_t j = 0; j < EDGES; j++) {
            put_edge(block, other, &edges[j]);
            ask_with_sum(place, block, sum);
        }
    }
}

static void
test_pairs(const struct place *place, enum sum sum, const char *what)
{
    for (size_t i = 0; i < FIELDS; i++)
        for (size_t j = i + 1; j < FIELDS; j++)
            ask_pair(place, &fields[i], &fields[j], sum);
    report(what);
}

static void
open_places(void)
{
    struct sp_error err = {0};
    enum sp_gate_block kind = 0;
    int status;

    manifest.gate = (struct sp_gate){
        .max_packages = 1, .max_member = 512, .max_bytes = SP_MAX_BUNDLE_BYTES};
    manifest.name = "MANIFEST";
    manifest.max_size = SP_MAX_MANIFEST_BYTES;
    sp_tar_header(manifest.header, manifest.name, 0);
    package = (struct place){
        .gate = manifest.gate, .name = "p000001.rpm", .max_size = 512};
    sp_tar_header(package.header, package.name, 512);
    status = sp_gate_pass(&package.gate, manifest.header, &kind, &err);
    tap_is_u64((uint64_t)status, 0, "an empty MANIFEST passes");
}

int
main(void)
{
    open_places();
    tap_ok(is_canonical(manifest.header, &manifest) &&
               is_canonical(package.header, &package),
           "the two definitions agree on good headers");
    test_substitutions(&manifest, STALE, "MANIFEST, each byte");
    test_substitutions(&manifest, UNSIGNED, "MANIFEST, each byte, sum good");
    test_substitutions(&manifest, SIGNED, "MANIFEST, each byte, signed sum");
    test_substitutions(&package, UNSIGNED, "package, each byte, sum good");
    test_pairs(&package, STALE, "package, two fields");
    test_pairs(&package, UNSIGNED, "package, two fields, sum good");
    test_pairs(&package, SIGNED, "package, two fields, signed sum");
    return tap_done();
}
