/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bundle/tar.h"

#include <string.h>

#include "base/banned.h"
#include "bundle/limits.h"

/* Offsets and widths of POSIX.1-1988 ustar. What is not here stays NUL. */
enum {
    NAME = 0,
    MODE = 100,
    UID = 108,
    GID = 116,
    SIZE = 124,
    MTIME = 136,
    CHECKSUM = 148,
    CHECKSUM_WIDTH = 8,
    TYPE = 156,
    MAGIC = 257,
};

static void
put_number(uint8_t *dst, size_t digits, unsigned base, uint64_t value)
{
    for (size_t i = digits; i > 0; i--) {
        dst[i - 1] = (uint8_t)('0' + value % base);
        value /= base;
    }
}

void
sp_tar_header(uint8_t block[SP_TAR_BLOCK], const char *name, uint64_t size)
{
    uint64_t sum = 0;

    memset(block, 0, SP_TAR_BLOCK);
    for (size_t i = 0; i < SP_TAR_NAME_MAX && name[i] != '\0'; i++)
        block[NAME + i] = (uint8_t)name[i];
    put_number(block + MODE, 7, 8, 0644);
    put_number(block + UID, 7, 8, 0);
    put_number(block + GID, 7, 8, 0);
    put_number(block + SIZE, SP_TAR_SIZE_DIGITS, 8, size);
    put_number(block + MTIME, 11, 8, 0);
    memset(block + CHECKSUM, ' ', CHECKSUM_WIDTH);
    block[TYPE] = '0';
    memcpy(block + MAGIC,
           "ustar\0"
           "00",
           8);
    for (size_t i = 0; i < SP_TAR_BLOCK; i++)
        sum += block[i];
    put_number(block + CHECKSUM, 6, 8, sum);
    block[CHECKSUM + 6] = '\0';
}

bool
sp_tar_read(const uint8_t untrusted_block[SP_TAR_BLOCK],
            char ret_name[SP_TAR_NAME_MAX + 1], uint64_t *ret_size)
{
    uint8_t canonical[SP_TAR_BLOCK];
    char name[SP_TAR_NAME_MAX + 1] = {0};
    uint64_t size = 0;

    for (size_t i = 0; i < SP_TAR_NAME_MAX; i++)
        name[i] = (char)untrusted_block[NAME + i];
    for (size_t i = 0; i < SP_TAR_SIZE_DIGITS; i++)
        size = size * 8 + (untrusted_block[SIZE + i] & 7U);
    sp_tar_header(canonical, name, size);
    if (memcmp(untrusted_block, canonical, SP_TAR_BLOCK) != 0)
        return false;
    memcpy(ret_name, name, sizeof(name));
    *ret_size = size;
    return true;
}

bool
sp_tar_has_magic(const uint8_t untrusted_block[SP_TAR_BLOCK])
{
    return memcmp(untrusted_block + MAGIC, "ustar", 5) == 0;
}

size_t
sp_tar_padding(uint64_t size)
{
    return (size_t)((SP_TAR_BLOCK - size % SP_TAR_BLOCK) % SP_TAR_BLOCK);
}

void
sp_member_evidence(char dst[SP_MEMBER_NAME_MAX], uint64_t number)
{
    memcpy(dst, "e0000", sizeof("e0000"));
    put_number((uint8_t *)dst + 1, 4, 10, number);
}

void
sp_member_package(char dst[SP_MEMBER_NAME_MAX], uint64_t number)
{
    memcpy(dst, "p000000.rpm", sizeof("p000000.rpm"));
    put_number((uint8_t *)dst + 1, 6, 10, number);
}
