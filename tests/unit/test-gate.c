/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The gate against every small damage of a small bundle. */
#include <stdlib.h>

#include "bundle/gate.h"
#include "bundle/limits.h"
#include "tests/unit/aborts.h"
#include "tests/unit/tap.h"

enum { MAX_BLOCKS = 64 };

/* A bundle in memory, written block by block. */
static uint8_t image[MAX_BLOCKS * SP_TAR_BLOCK];
static size_t image_size;

static void
add_member(const char *name, size_t size)
{
    sp_tar_header(image + image_size, name, size);
    image_size += SP_TAR_BLOCK;
    memset(image + image_size, 'd', size);
    memset(image + image_size + size, 0, sp_tar_padding(size));
    image_size += size + sp_tar_padding(size);
}

static void
add_end(void)
{
    memset(image + image_size, 0, (size_t)2 * SP_TAR_BLOCK);
    image_size += (size_t)2 * SP_TAR_BLOCK;
}

static void
good_image(void)
{
    image_size = 0;
    add_member("MANIFEST", 700);
    add_member("e0001", 512);
    add_member("e0002", 1);
    add_member("p000001.rpm", 1500);
    add_member("p000002.rpm", 0);
    add_member("p000003.rpm", 511);
    add_end();
}

static struct sp_gate
open_gate(void)
{
    return (struct sp_gate){.max_packages = 3,
                            .max_member = 1500,
                            .max_bytes = MAX_BLOCKS * SP_TAR_BLOCK};
}

static struct sp_error err;

/* "end", the reason of the refusal, or "more" when the image broke off. */
static const char *
run(struct sp_gate *gate)
{
    enum sp_gate_block block = 0;

    for (size_t at = 0; at + SP_TAR_BLOCK <= image_size; at += SP_TAR_BLOCK) {
        memset(&err, 0, sizeof(err));
        if (sp_gate_pass(gate, image + at, &block, &err) < 0)
            return err.detail;
        if (block == SP_GATE_END)
            return "end";
    }
    return "more";
}

static const char *
judge(void)
{
    struct sp_gate gate = open_gate();

    return run(&gate);
}

static void
test_good(void)
{
    struct sp_gate gate = open_gate();

    good_image();
    tap_is_str(run(&gate), "end", "a good bundle passes");
    tap_is_u64(gate.members, 6, "members");
    tap_is_u64(gate.evidence, 2, "evidence");
    tap_is_u64(gate.packages, 3, "packages");
    tap_is_u64(gate.payload, 700 + 512 + 1 + 1500 + 511, "payload");
    tap_is_u64(gate.bytes, image_size, "bytes");
    image_size = 0;
    add_member("MANIFEST", 9);
    add_end();
    tap_is_str(judge(), "end", "MANIFEST alone passes");
}

static void
test_truncations(void)
{
    unsigned wrong = 0;
    size_t whole;

    good_image();
    whole = image_size;
    for (image_size = 0; image_size < whole; image_size++)
        if (strcmp(judge(), "more") != 0)
            wrong++;
    tap_is_u64(wrong, 0, "no truncation is complete");
}

/* Offsets of the bytes that the gate must guard: all but member data. */
static bool
is_data(size_t at)
{
    struct sp_gate gate = open_gate();
    enum sp_gate_block block = 0;

    good_image();
    for (size_t i = 0; i < image_size; i += SP_TAR_BLOCK) {
        uint64_t left = gate.left;

        if (sp_gate_pass(&gate, image + i, &block, &err) < 0)
            return false;
        if (at < i + SP_TAR_BLOCK)
            return block == SP_GATE_DATA && at - i < left;
    }
    return false;
}

static void
test_bit_flips(void)
{
    unsigned wrong = 0, flips = 0;

    good_image();
    for (size_t at = 0; at < image_size; at++) {
        bool data = is_data(at);

        for (unsigned bit = 0; bit < 8; bit++) {
            image[at] ^= (uint8_t)(1U << bit);
            if ((strcmp(judge(), "end") == 0) != data)
                wrong++;
            image[at] ^= (uint8_t)(1U << bit);
            flips++;
        }
    }
    tap_ok(wrong == 0, "%u of %u bit flips outside data are refused",
           flips - wrong, flips);
}

/* A byte left out or put in shifts every later block. */
static void
test_shifts(void)
{
    static uint8_t good[sizeof(image)];
    unsigned passed = 0;
    size_t whole;

    good_image();
    whole = image_size;
    memcpy(good, image, whole);
    for (size_t at = 0; at < whole - (size_t)2 * SP_TAR_BLOCK; at++) {
        memmove(image + at, good + at + 1, whole - at - 1);
        image_size = whole - 1;
        if (strcmp(judge(), "end") == 0)
            passed++;
        memcpy(image, good, whole);
        memmove(image + at + 1, good + at, whole - at);
        image[at] = '\1';
        image_size = whole + 1;
        if (strcmp(judge(), "end") == 0)
            passed++;
        memcpy(image, good, whole);
    }
    tap_is_u64(passed, 0, "no inserted and no missing byte passes");
}

static void
one_member_more(const char *name, size_t size, const char *want)
{
    good_image();
    image_size -= (size_t)2 * SP_TAR_BLOCK;
    add_member(name, size);
    add_end();
    tap_is_str(judge(), want, "'%s' as seventh member", name);
}

static void
test_names(void)
{
    static const char *const bad[] = {
        "",       "MANIFEST",     "p000003.rpm", "p000005.rpm",  "e0003",
        "p4.rpm", "p0000004.rpm", "P000004.RPM", "./p000004.rpm"};

    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        one_member_more(bad[i], 1, "member-name");
    one_member_more("p000004.rpm", 1, "too-many-files");
    image_size = 0;
    add_member("p000001.rpm", 1);
    tap_is_str(judge(), "member-name", "MANIFEST must come first");
    image_size = 0;
    add_member("MANIFEST", 1);
    add_member("e0002", 1);
    tap_is_str(judge(), "member-name", "evidence begins with 1");
    tap_is_str(err.msg, "'e0002' may not be member 2", "and is named");
}

static void
test_evidence_ceiling(void)
{
    struct sp_gate gate = open_gate();
    enum sp_gate_block block = 0;
    char name[SP_MEMBER_NAME_MAX];
    int status = 0;

    gate.max_bytes = SP_MAX_BUNDLE_BYTES;
    sp_tar_header(image, "MANIFEST", 0);
    status = sp_gate_pass(&gate, image, &block, &err);
    for (uint64_t i = 1; i <= SP_MAX_EVIDENCE && status == 0; i++) {
        sp_member_evidence(name, i);
        sp_tar_header(image, name, 0);
        status = sp_gate_pass(&gate, image, &block, &err);
    }
    tap_is_u64((uint64_t)status, 0, "as much evidence as allowed");
    sp_member_evidence(name, SP_MAX_EVIDENCE + 1);
    sp_tar_header(image, name, 0);
    (void)sp_gate_pass(&gate, image, &block, &err);
    tap_is_str(err.detail, "too-many-files", "and one more");
}

static const char *
judge_header(const char *name, uint64_t size, bool first)
{
    struct sp_gate gate = open_gate();

    image_size = 0;
    gate.max_member = SP_MAX_MEMBER_BYTES;
    gate.max_bytes = SP_MAX_BUNDLE_BYTES;
    if (!first)
        add_member("MANIFEST", 1);
    sp_tar_header(image + image_size, name, size);
    image_size += SP_TAR_BLOCK;
    return run(&gate);
}

/* How many ceilings below the size of the bundle do not refuse it. */
static unsigned
tight_ceilings(void)
{
    unsigned wrong = 0;

    for (uint64_t max = 0; max < image_size; max++) {
        struct sp_gate gate = open_gate();

        gate.max_bytes = max;
        if (strcmp(run(&gate), "too-many-bytes") != 0)
            wrong++;
    }
    return wrong;
}

static void
test_ceilings(void)
{
    struct sp_gate gate = open_gate();

    tap_is_str(judge_header("MANIFEST", SP_MAX_MANIFEST_BYTES, true), "more",
               "largest MANIFEST");
    tap_is_str(judge_header("MANIFEST", SP_MAX_MANIFEST_BYTES + 1, true),
               "manifest-size", "MANIFEST of one byte more");
    tap_is_str(judge_header("p000001.rpm", SP_MAX_MEMBER_BYTES, false), "more",
               "largest member");
    good_image();
    gate.max_member = 1499;
    tap_is_str(run(&gate), "file-too-large", "a member above its ceiling");
    gate = open_gate();
    gate.max_packages = 2;
    tap_is_str(run(&gate), "too-many-files", "a package above the ceiling");
    gate = open_gate();
    gate.max_bytes = image_size;
    tap_is_str(run(&gate), "end", "exactly as many bytes as allowed");
    image_size = 0;
    add_member("MANIFEST", 0);
    gate = open_gate();
    gate.max_bytes = SP_TAR_BLOCK;
    tap_is_str(run(&gate), "more", "a block of one");
    image_size = 0;
    add_member("MANIFEST", 1);
    sp_tar_header(image + image_size, "p000001.rpm", 1500);
    image_size += SP_TAR_BLOCK;
    gate = open_gate();
    gate.max_bytes = image_size + 1536;
    tap_is_str(run(&gate), "more", "a member that just fits");
    gate = open_gate();
    gate.max_bytes = image_size + 1535;
    tap_is_str(run(&gate), "too-many-bytes", "refused before its data comes");
    good_image();
    tap_is_u64(tight_ceilings(), 0, "no smaller ceiling of bytes passes");
}

static void
test_ends(void)
{
    uint8_t *zeros;

    image_size = 0;
    add_end();
    tap_is_str(judge(), "empty", "zero blocks alone");
    memset(image, 'x', SP_TAR_BLOCK);
    image_size = SP_TAR_BLOCK;
    tap_is_str(judge(), "not-a-bundle", "something else");
    sp_tar_header(image, "MANIFEST", 0);
    memcpy(image + 257, "ustar  ", 8);
    tap_is_str(judge(), "noncanonical-header", "another tar");
    image_size = 0;
    add_member("MANIFEST", 0);
    memset(image + image_size, 'x', SP_TAR_BLOCK);
    image_size += SP_TAR_BLOCK;
    tap_is_str(judge(), "noncanonical-header", "something else in a bundle");
    tap_is_str(err.msg, "the header at byte 512 is not canonical", "and where");
    good_image();
    zeros = image + image_size - SP_TAR_BLOCK;
    zeros[511] = 1;
    tap_is_str(judge(), "end-marker", "a zero block and something else");
    good_image();
    image[512 + 700] = 1;
    tap_is_str(judge(), "member-padding", "first byte of the padding");
    good_image();
    image[512 + 1023] = 1;
    tap_is_str(judge(), "member-padding", "last byte of the padding");
}

static void
pass_behind_the_end(void)
{
    struct sp_gate gate = open_gate();
    enum sp_gate_block block = 0;

    good_image();
    (void)run(&gate);
    (void)sp_gate_pass(&gate, image, &block, &err);
}

int
main(void)
{
    tap_aborts(pass_behind_the_end, "nobody asks behind the end");
    test_good();
    test_truncations();
    test_bit_flips();
    test_shifts();
    test_names();
    test_evidence_ceiling();
    test_ceilings();
    test_ends();
    return tap_done();
}
