/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The frames on a vchan: a length, u32 little-endian, 1 to 1 MiB, and so many
 * bytes; the length 0 is the end. Then a line comes back (base/reply.h).
 * Memory in, facts out.
 */
#ifndef SP_TRANSPORTS_VCHAN_FRAME_H
#define SP_TRANSPORTS_VCHAN_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/reply.h"

enum { SP_VCHAN_FRAME_MAX = 1024 * 1024, SP_VCHAN_HEAD_BYTES = 4 };

/* Frames on their way in. All zero = nothing came yet. */
struct sp_vchan_frames {
    uint8_t untrusted_head[SP_VCHAN_HEAD_BYTES];
    size_t have; /* bytes of the head */
    size_t left; /* bytes of the frame that are still to come */
    bool ended;
};

/*
 * How many bytes may be read at most: never across the border of a head, so
 * that nothing behind the end is ever touched. 0 once it has ended.
 */
size_t sp_vchan_frames_want(const struct sp_vchan_frames *frames);

/*
 * Takes n bytes, at most as many as wanted. *ret_payload of them are bytes
 * of the stream: all or none. Reason "frame": a length that is out of range.
 */
int sp_vchan_frames_take(struct sp_vchan_frames *frames,
                         const uint8_t *untrusted_bytes, size_t n,
                         size_t *ret_payload, struct sp_error *err);

/* The head of a frame of len bytes, 0 to SP_VCHAN_FRAME_MAX. */
void sp_vchan_head_put(uint8_t dst[SP_VCHAN_HEAD_BYTES], size_t len);

/* A line on its way in. All zero = nothing came yet. */
struct sp_vchan_line {
    char text[SP_REPLY_MAX]; /* its LF included */
    size_t len;
    bool whole;
};

/*
 * Takes bytes that came. Reason "frame": one is not printable, the line is
 * too long, or something stands behind its LF.
 */
int sp_vchan_line_take(struct sp_vchan_line *line, const char *untrusted_bytes,
                       size_t n, struct sp_error *err);

#endif
