/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Copies of bytes beside a page that cannot be read: one byte too far ends
 * the test, in a build without sanitizers too. A copy lives until the next.
 */
#ifndef TESTS_UNIT_GUARD_H
#define TESTS_UNIT_GUARD_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { GUARD_PAGE = 4096, GUARD_ROOM = 40 << 20 };

static inline uint8_t *
guard_room_(void)
{
    static uint8_t *room;

    if (room)
        return room;
    room = mmap(NULL, GUARD_ROOM + 2 * GUARD_PAGE, PROT_NONE,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (room == MAP_FAILED)
        abort();
    room += GUARD_PAGE;
    if (mprotect(room, GUARD_ROOM, PROT_READ | PROT_WRITE) != 0)
        abort();
    return room;
}

/* The page follows the last byte. */
static inline void *
guard_behind(const void *bytes, size_t size)
{
    uint8_t *copy = guard_room_() + GUARD_ROOM - size;

    if (size > GUARD_ROOM)
        abort();
    if (size > 0)
        memcpy(copy, bytes, size);
    return copy;
}

/* The page stands before the first byte. */
static inline void *
guard_before(const void *bytes, size_t size)
{
    if (size > GUARD_ROOM)
        abort();
    return memcpy(guard_room_(), bytes, size);
}

#endif
