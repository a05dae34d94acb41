/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The canonical header: its bytes, and that nothing else is read as one. */
#include <stdlib.h>

#include "bundle/limits.h"
#include "bundle/tar.h"
#include "tests/unit/tap.h"

static uint64_t
field(const uint8_t *block, size_t at, size_t len, unsigned base)
{
    char text[16] = {0};

    memcpy(text, block + at, len);
    return strtoull(text, NULL, (int)base);
}

static bool
zero(const uint8_t *p, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (p[i] != 0)
            return false;
    return true;
}

/* Written out by hand, not with the code under test. */
static void
test_bytes(void)
{
    uint8_t block[SP_TAR_BLOCK];
    uint64_t sum = 0;

    sp_tar_header(block, "MANIFEST", 01234567);
    tap_is_mem(block, "MANIFEST", 9, "name");
    tap_ok(zero(block + 8, 92), "the rest of the name field is NUL");
    tap_is_mem(block + 100, "0000644\0", 8, "mode");
    tap_is_mem(block + 108,
               "0000000\0"
               "0000000\0",
               16, "owner and group");
    tap_is_mem(block + 124, "00001234567\0", 12, "size");
    tap_is_mem(block + 136, "00000000000\0", 12, "time");
    tap_is_mem(block + 154, "\0 ", 2, "checksum ends in NUL and space");
    tap_is_mem(block + 156, "0", 1, "type: plain file");
    tap_ok(zero(block + 157, 100), "no link name");
    tap_is_mem(block + 257,
               "ustar\0"
               "00",
               8, "magic and version");
    tap_ok(zero(block + 265, 247), "all behind the version is NUL");
    for (size_t i = 0; i < SP_TAR_BLOCK; i++)
        sum += i >= 148 && i < 156 ? ' ' : block[i];
    tap_is_u64(field(block, 148, 6, 8), sum, "checksum");
}

/* A name never reaches into what stands behind it. */
static void
test_long_name(void)
{
    char name[400];
    uint8_t block[SP_TAR_BLOCK];

    memset(name, 'n', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    sp_tar_header(block, name, 1);
    tap_is_mem(block, name, SP_TAR_NAME_MAX, "a long name");
    tap_ok(block[SP_TAR_NAME_MAX] == '\0' && zero(block + 157, 100) &&
               zero(block + 265, 247),
           "is cut");
}

/* Each byte of the magic counts, and no other. */
static void
test_magic(void)
{
    uint8_t block[SP_TAR_BLOCK];
    unsigned wrong = 0;

    sp_tar_header(block, "MANIFEST", 1);
    for (size_t i = 0; i < SP_TAR_BLOCK; i++) {
        block[i] ^= 1;
        wrong += sp_tar_has_magic(block) != (i < 257 || i >= 262);
        block[i] ^= 1;
    }
    tap_is_u64(wrong, 0, "a tar header is known by its magic");
}

static void
test_sizes(void)
{
    static const uint64_t sizes[] = {
        0, 1, 7, 8, 511, 512, 513, 4095, UINT32_MAX, SP_MAX_MEMBER_BYTES};
    uint8_t block[SP_TAR_BLOCK];
    char name[SP_TAR_NAME_MAX + 1];
    uint64_t size = 99;

    for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
        sp_tar_header(block, "p000001.rpm", sizes[i]);
        tap_is_u64(field(block, 124, 11, 8), sizes[i], "size field");
        tap_ok(sp_tar_read(block, name, &size), "is read");
        tap_is_u64(size, sizes[i], "size is read back");
        tap_is_str(name, "p000001.rpm", "name is read back");
    }
}

static void
test_names(void)
{
    char longest[SP_TAR_NAME_MAX + 1], name[SP_TAR_NAME_MAX + 1];
    uint8_t block[SP_TAR_BLOCK];
    uint64_t size = 0;

    memset(longest, 'x', SP_TAR_NAME_MAX);
    longest[SP_TAR_NAME_MAX] = '\0';
    sp_tar_header(block, longest, 1);
    tap_ok(sp_tar_read(block, name, &size), "a name of 99 bytes");
    tap_is_str(name, longest, "is read back");
    block[99] = 'x';
    tap_ok(!sp_tar_read(block, name, &size), "a name of 100 bytes is not");
}

static void
test_members(void)
{
    char name[SP_MEMBER_NAME_MAX];

    sp_member_evidence(name, 1);
    tap_is_str(name, "e0001", "first evidence");
    sp_member_evidence(name, SP_MAX_EVIDENCE);
    tap_is_str(name, "e0256", "last evidence");
    sp_member_package(name, 1);
    tap_is_str(name, "p000001.rpm", "first package");
    sp_member_package(name, SP_MAX_PACKAGES);
    tap_is_str(name, "p016384.rpm", "last package");
    tap_is_u64(sp_tar_padding(0), 0, "padding of nothing");
    tap_is_u64(sp_tar_padding(1), 511, "padding of one byte");
    tap_is_u64(sp_tar_padding(511), 1, "padding of 511 bytes");
    tap_is_u64(sp_tar_padding(512), 0, "padding of a block");
    tap_is_u64(sp_tar_padding(SP_MAX_MEMBER_BYTES), 1, "of the largest");
}

int
main(void)
{
    test_bytes();
    test_long_name();
    test_magic();
    test_sizes();
    test_names();
    test_members();
    return tap_done();
}
