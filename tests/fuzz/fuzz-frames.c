/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a peer sends over a vchan: frames (transports/vchan-frame.h), read in
 * pieces whose sizes the first byte gives, and behind it the answer line; the
 * same bytes as the address of a peer.
 */
#include <stdlib.h>

#include "base/auto.h"
#include "tests/fuzz/fuzz.h"
#include "transports/vchan-frame.h"
#include "transports/vchan-peer.h"

/* Frames by their definition, in one go. */
static size_t
payload_of(const uint8_t *data, size_t size, bool *ret_ended)
{
    size_t at = 0, payload = 0;

    *ret_ended = false;
    while (size - at >= SP_VCHAN_HEAD_BYTES) {
        size_t len = (size_t)data[at] | (size_t)data[at + 1] << 8 |
                     (size_t)data[at + 2] << 16 | (size_t)data[at + 3] << 24;

        at += SP_VCHAN_HEAD_BYTES;
        *ret_ended = len == 0;
        if (len == 0 || len > SP_VCHAN_FRAME_MAX)
            break;
        if (len > size - at)
            return payload + size - at;
        payload += len;
        at += len;
    }
    return payload;
}

static size_t
read_frames(const uint8_t *data, size_t size, size_t piece)
{
    struct sp_vchan_frames frames = {.have = 0};
    struct sp_error err = {0};
    size_t at = 0, payload = 0, taken;
    bool ended;
    size_t expected = payload_of(data, size, &ended);

    while (at < size && sp_vchan_frames_want(&frames) > 0) {
        size_t n = sp_vchan_frames_want(&frames);

        n = n < piece ? n : piece;
        n = n < size - at ? n : size - at;
        if (sp_vchan_frames_take(&frames, data + at, n, &taken, &err) < 0) {
            fuzz_refused(&err);
            FUZZ_CHECK(payload == expected && !ended);
            return size;
        }
        FUZZ_CHECK(taken == 0 || taken == n);
        payload += taken;
        at += n;
    }
    FUZZ_CHECK(payload == expected && frames.ended == ended);
    return at;
}

static void
read_line(const char *text, size_t size, size_t piece)
{
    struct sp_vchan_line line = {.len = 0};
    struct sp_error err = {0};
    bool is_line;

    for (size_t at = 0; at < size; at += piece) {
        size_t n = size - at < piece ? size - at : piece;

        if (sp_vchan_line_take(&line, text + at, n, &err) < 0) {
            fuzz_refused(&err);
            return;
        }
    }
    FUZZ_CHECK(line.len <= sizeof(line.text) && line.len == size);
    FUZZ_CHECK(line.whole == (size > 0 && text[size - 1] == '\n'));
    /* A refusal has the peer's class, whose word we need not know. */
    if (sp_reply_judge(line.text, line.len, "the peer", &is_line, &err) < 0)
        FUZZ_CHECK(err.code != SP_OK && sp_reason_find(err.detail));
    else
        FUZZ_CHECK(is_line && line.len >= sizeof("sallyport 1 ok -") - 1);
}

static void
read_peer(const char *text)
{
    char path[SP_VCHAN_PATH_MAX + 1];
    struct sp_vchan_peer peer;
    struct sp_error err = {0};

    if (sp_vchan_peer_parse(text, &peer, &err) < 0) {
        fuzz_refused(&err);
        return;
    }
    FUZZ_CHECK(peer.domid < 0x7ff0 && peer.name[0] != '\0');
    FUZZ_CHECK(!strpbrk(peer.name, "/ \n") && peer.name[0] != '.');
    if (sp_vchan_path_serve(&peer, path, &err) < 0)
        fuzz_refused(&err);
    else
        FUZZ_CHECK(strncmp(path, "data/vchan/", 11) == 0 &&
                   strlen(path) <= SP_VCHAN_PATH_MAX);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t piece, read;
    char *text;

    if (size < 1)
        return 0;
    piece = (size_t)1 + data[0];
    read = read_frames(data + 1, size - 1, piece);
    text = fuzz_text(data + 1, size - 1);
    if (read < size - 1)
        read_line(text + read, size - 1 - read, piece);
    else
        read_line(text, size - 1, piece);
    read_peer(text);
    free(text);
    return 0;
}
