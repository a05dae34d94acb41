/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A gate that does not look at one field of a header, named by CARELESS in
 * the environment: size, type, prefix or checksum. Linked in front of
 * sp_tar_read, for a test that must see it.
 */
#include <err.h>
#include <stdlib.h>
#include <string.h>

#include "bundle/tar.h"

bool __real_sp_tar_read(const uint8_t *block, char *ret_name,
                        uint64_t *ret_size);
bool __wrap_sp_tar_read(const uint8_t *untrusted_block, char *ret_name,
                        uint64_t *ret_size);

enum { SUM_AT = 148, SUM_WIDTH = 8 };

static const struct field {
    const char *name;
    size_t at, width;
} fields[] = {
    {"size", 124, 12},
    {"type", 156, 1},
    {"prefix", 345, 155},
    {"checksum", SUM_AT, SUM_WIDTH},
};

static const struct field *
ignored(void)
{
    const char *name = getenv("CARELESS");

    for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++)
        if (name && strcmp(name, fields[i].name) == 0)
            return &fields[i];
    errx(2, "CARELESS names no field");
}

static unsigned
sum_of(const uint8_t *block)
{
    unsigned sum = SUM_WIDTH * ' ';

    for (size_t i = 0; i < SP_TAR_BLOCK; i++)
        if (i < SUM_AT || i >= SUM_AT + SUM_WIDTH)
            sum += block[i];
    return sum;
}

/* What the field ought to be takes the place of what it is. */
bool
__wrap_sp_tar_read(const uint8_t *untrusted_block, char *ret_name,
                   uint64_t *ret_size)
{
    const struct field *field = ignored();
    uint8_t block[SP_TAR_BLOCK], canonical[SP_TAR_BLOCK];
    char name[SP_TAR_NAME_MAX + 1] = {0};
    uint64_t size = 0;

    for (size_t i = 0; i < 11; i++)
        size = size << 3 | (untrusted_block[124 + i] & 7U);
    memcpy(name, untrusted_block, SP_TAR_NAME_MAX);
    sp_tar_header(canonical, name, size);
    memcpy(block, untrusted_block, SP_TAR_BLOCK);
    memcpy(block + field->at, canonical + field->at, field->width);
    if (field->at != SUM_AT) {
        if (strtoul((const char *)untrusted_block + SUM_AT, NULL, 8) !=
            sum_of(untrusted_block))
            return false;
        memcpy(block + SUM_AT, canonical + SUM_AT, SUM_WIDTH);
    }
    return __real_sp_tar_read(block, ret_name, ret_size);
}
