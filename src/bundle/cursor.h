/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Untrusted bytes that are read one behind the other. The place is kept as
 * the distance from the end, not from the start: one comparison of `left`
 * with a number then shows that so many bytes are there, whatever the length
 * is. `make prove` rests on that.
 */
#ifndef SP_BUNDLE_CURSOR_H
#define SP_BUNDLE_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sp_cursor {
    const uint8_t *end;
    size_t left; /* from the place to `end` */
    size_t stop; /* of these, not to be read: they stand behind the part */
};

static inline struct sp_cursor
sp_cursor_over(const void *bytes, size_t size)
{
    return (struct sp_cursor){.end = (const uint8_t *)bytes + size,
                              .left = size};
}

static inline size_t
sp_cursor_size(const struct sp_cursor *c)
{
    return c->left - c->stop;
}

/* The next n bytes; NULL, and nothing is taken, when there are fewer. */
static inline const uint8_t *
sp_cursor_take(struct sp_cursor *c, size_t n)
{
    const uint8_t *p;

    if (c->left < n || c->left - n < c->stop)
        return NULL;
    p = c->end - c->left;
    c->left -= n;
    return p;
}

/*
 * The next n bytes as a part of their own; false when there are fewer. (What
 * is left after too many is more than there was.)
 */
static inline bool
sp_cursor_part(struct sp_cursor *c, size_t n, struct sp_cursor *ret)
{
    size_t rest = c->left - n;

    if (rest > c->left || rest < c->stop)
        return false;
    *ret = (struct sp_cursor){c->end, c->left, rest};
    c->left = rest;
    return true;
}

/* Copies as many bytes as are there, `size` at most. Returns how many. */
static inline size_t
sp_cursor_copy(struct sp_cursor c, uint8_t *dst, size_t size)
{
    size_t room = size;
    const uint8_t *p;

    while (room > 0 && (p = sp_cursor_take(&c, 1)) != NULL) {
        dst[size - room] = *p;
        room--;
    }
    return size - room;
}

#endif
