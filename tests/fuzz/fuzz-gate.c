/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The gate (bundle/gate.h), block by block. The first byte of an input says
 * what is done to its blocks before: bit 0 puts the right checksum into each
 * header, so that a changed field is judged for itself; bit 1 narrows the
 * ceilings.
 */
#include <stdio.h>

#include "bundle/gate.h"
#include "bundle/limits.h"
#include "tests/fuzz/fuzz.h"

enum { FIX_CHECKSUMS = 1, NARROW = 2 };

/* What the stream must have been, kept apart from the gate's own account. */
struct account {
    uint64_t blocks, members, evidence, packages, payload;
    uint64_t left; /* bytes of the member that are still to come */
    unsigned zeros;
};

static uint64_t
octal(const uint8_t *digits)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < SP_TAR_SIZE_DIGITS; i++) {
        FUZZ_CHECK(digits[i] >= '0' && digits[i] <= '7');
        value = value * 8 + (uint64_t)(digits[i] - '0');
    }
    return value;
}

/* A header passes only as the canonical one of the next member. */
static void
expect_header(struct account *a, const struct sp_gate *gate,
              const uint8_t *block)
{
    uint8_t canonical[SP_TAR_BLOCK];
    char name[SP_MEMBER_NAME_MAX];
    uint64_t size = octal(block + 124);

    FUZZ_CHECK(a->left == 0 && a->zeros == 0);
    if (a->members == 0)
        (void)snprintf(name, sizeof(name), "MANIFEST");
    else if (block[0] == 'e')
        (void)snprintf(name, sizeof(name), "e%04u", (unsigned)++a->evidence);
    else
        (void)snprintf(name, sizeof(name), "p%06u.rpm",
                       (unsigned)++a->packages);
    FUZZ_CHECK(block[0] != 'e' || a->packages == 0);
    sp_tar_header(canonical, name, size);
    FUZZ_CHECK(memcmp(canonical, block, sizeof(canonical)) == 0);
    FUZZ_CHECK(strcmp(gate->name, name) == 0 && gate->size == size);
    FUZZ_CHECK(size <=
               (a->members == 0 ? SP_MAX_MANIFEST_BYTES : gate->max_member));
    FUZZ_CHECK(a->packages <= gate->max_packages &&
               a->evidence <= SP_MAX_EVIDENCE);
    a->members++;
    a->payload += size;
    a->left = size;
}

static void
expect_data(struct account *a, const uint8_t *block)
{
    size_t from = a->left < SP_TAR_BLOCK ? (size_t)a->left : SP_TAR_BLOCK;

    FUZZ_CHECK(a->left > 0);
    a->left -= from;
    for (size_t i = from; i < SP_TAR_BLOCK; i++)
        FUZZ_CHECK(block[i] == 0);
}

static void
expect_zero(struct account *a, const uint8_t *block, unsigned zeros)
{
    FUZZ_CHECK(a->left == 0 && a->members > 0 && ++a->zeros == zeros);
    for (size_t i = 0; i < SP_TAR_BLOCK; i++)
        FUZZ_CHECK(block[i] == 0);
}

static void
expect(struct account *a, const struct sp_gate *gate, const uint8_t *block,
       enum sp_gate_block kind)
{
    a->blocks++;
    switch (kind) {
    case SP_GATE_HEADER: expect_header(a, gate, block); break;
    case SP_GATE_DATA: expect_data(a, block); break;
    case SP_GATE_ZERO: expect_zero(a, block, 1); break;
    case SP_GATE_END: expect_zero(a, block, 2); break;
    default: fuzz_broken(__FILE__, __LINE__, "a kind of block");
    }
    FUZZ_CHECK(gate->bytes == a->blocks * SP_TAR_BLOCK &&
               gate->bytes <= gate->max_bytes);
    FUZZ_CHECK(gate->members == a->members && gate->evidence == a->evidence);
    FUZZ_CHECK(gate->packages == a->packages && gate->payload == a->payload);
    FUZZ_CHECK(gate->left == a->left && gate->last == kind);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sp_gate gate = {.max_packages = SP_MAX_PACKAGES,
                           .max_member = SP_MAX_MEMBER_BYTES,
                           .max_bytes = SP_MAX_BUNDLE_BYTES};
    enum sp_gate_block kind = 0;
    struct account account = {0};
    struct sp_error err = {0};
    uint8_t block[SP_TAR_BLOCK];
    unsigned how = size > 0 ? data[0] : 0;

    if (how & NARROW) {
        gate.max_packages = 2;
        gate.max_member = 700;
        gate.max_bytes = 4096;
    }
    for (size_t at = 1; at < size && size - at >= SP_TAR_BLOCK;
         at += SP_TAR_BLOCK) {
        memcpy(block, data + at, sizeof(block));
        if (how & FIX_CHECKSUMS && gate.left == 0 && block[0] != 0)
            fuzz_fix_checksum(block);
        if (sp_gate_pass(&gate, block, &kind, &err) < 0) {
            fuzz_refused(&err);
            return 0;
        }
        expect(&account, &gate, block, kind);
        if (kind == SP_GATE_END)
            return 0;
    }
    return 0;
}
