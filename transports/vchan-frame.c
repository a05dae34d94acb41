/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "transports/vchan-frame.h"

#include <inttypes.h>
#include <string.h>

size_t
sp_vchan_frames_want(const struct sp_vchan_frames *frames)
{
    if (frames->ended)
        return 0;
    return frames->left > 0 ? frames->left : SP_VCHAN_HEAD_BYTES - frames->have;
}

static int
open_frame(struct sp_vchan_frames *frames, struct sp_error *err)
{
    const uint8_t *head = frames->untrusted_head;
    const uint32_t untrusted_len = (uint32_t)head[0] | (uint32_t)head[1] << 8 |
                                   (uint32_t)head[2] << 16 |
                                   (uint32_t)head[3] << 24;

    if (untrusted_len > SP_VCHAN_FRAME_MAX)
        return sp_fail(err, "frame",
                       "a frame says that it has %" PRIu32
                       " bytes, more than %d",
                       untrusted_len, SP_VCHAN_FRAME_MAX);
    frames->left = untrusted_len;
    frames->ended = untrusted_len == 0;
    frames->have = 0;
    return 0;
}

int
sp_vchan_frames_take(struct sp_vchan_frames *frames,
                     const uint8_t *untrusted_bytes, size_t n,
                     size_t *ret_payload, struct sp_error *err)
{
    if (n > sp_vchan_frames_want(frames))
        SP_BUG("more bytes than were wanted");
    if (frames->left > 0) {
        frames->left -= n;
        *ret_payload = n;
        return 0;
    }
    memcpy(frames->untrusted_head + frames->have, untrusted_bytes, n);
    frames->have += n;
    if (frames->have == SP_VCHAN_HEAD_BYTES && open_frame(frames, err) < 0)
        return -1;
    *ret_payload = 0;
    return 0;
}

void
sp_vchan_head_put(uint8_t dst[SP_VCHAN_HEAD_BYTES], size_t len)
{
    if (len > SP_VCHAN_FRAME_MAX)
        SP_BUG("a frame that is too long");
    for (unsigned i = 0; i < SP_VCHAN_HEAD_BYTES; i++)
        dst[i] = (uint8_t)(len >> (8 * i));
}

int
sp_vchan_line_take(struct sp_vchan_line *line, const char *untrusted_bytes,
                   size_t n, struct sp_error *err)
{
    for (size_t i = 0; i < n; i++) {
        const char untrusted = untrusted_bytes[i];

        if (line->whole)
            return sp_fail(err, "frame", "the answer goes on behind its line");
        if (line->len == sizeof(line->text))
            return sp_fail(err, "frame", "the answer is longer than %zu bytes",
                           sizeof(line->text));
        line->whole = untrusted == '\n';
        if (!line->whole && (untrusted < 0x20 || untrusted > 0x7e))
            return sp_fail(err, "frame", "the answer is not printable");
        line->text[line->len++] = untrusted;
    }
    return 0;
}
