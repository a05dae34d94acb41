/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Frames, the answer line, and the names of vchans. */
#include <string.h>

#include "tests/unit/aborts.h"
#include "transports/vchan-frame.h"
#include "transports/vchan-peer.h"

static struct sp_error err;

/*
 * Feeds bytes in steps of at most `step`, never more than wanted. Returns
 * what was payload, -1 on a fault; *ret_used is where it stopped.
 */
static long
feed(struct sp_vchan_frames *frames, const char *bytes, size_t len, size_t step,
     size_t *ret_used)
{
    long payload = 0;
    size_t used = 0;

    while (used < len && !frames->ended) {
        size_t n = sp_vchan_frames_want(frames);
        size_t got = 0;

        n = n < step ? n : step;
        n = n < len - used ? n : len - used;
        if (sp_vchan_frames_take(frames, (const uint8_t *)bytes + used, n, &got,
                                 &err) < 0)
            return -1;
        used += n;
        payload += (long)got;
    }
    *ret_used = used;
    return payload;
}

static void
test_frames(void)
{
    static const char stream[] = "\3\0\0\0abc\1\0\0\0d\0\0\0\0behind";
    bool held = true;

    for (size_t step = 1; step <= sizeof(stream); step++) {
        struct sp_vchan_frames frames = {.have = 0};
        size_t used = 0;
        long payload = feed(&frames, stream, sizeof(stream), step, &used);

        held = held && payload == 4 && frames.ended && used == 16 &&
               sp_vchan_frames_want(&frames) == 0;
    }
    tap_ok(held, "frames are found in steps of any size, and nothing behind "
                 "the end is wanted");
}

static void
test_lengths(void)
{
    static const struct {
        const char *head, *what;
        size_t want; /* 0 = refused */
    } rows[] = {
        {"\1\0\0\0", "the shortest frame", 1},
        {"\0\0\20\0", "the longest frame, 1 MiB", 1024 * 1024},
        {"\1\0\20\0", "1 MiB and one byte", 0},
        {"\377\377\377\377", "2^32-1 bytes", 0},
        {"\0\0\0\200", "2^31 bytes", 0},
        {"\0\0\0\1", "16 MiB, a big-endian one", 0},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sp_vchan_frames frames = {.have = 0};
        size_t used = 0;
        long payload = feed(&frames, rows[i].head, 4, 4, &used);

        if (rows[i].want > 0) {
            tap_ok(payload == 0 && !frames.ended, "%s: taken", rows[i].what);
            tap_is_u64(sp_vchan_frames_want(&frames), rows[i].want,
                       "... with all its bytes to come");
            continue;
        }
        tap_ok(payload == -1, "%s: refused", rows[i].what);
        tap_is_str(err.detail, "frame", "... by its word");
    }
}

static void
test_heads(void)
{
    uint8_t head[SP_VCHAN_HEAD_BYTES];

    sp_vchan_head_put(head, 0);
    tap_is_mem(head, "\0\0\0\0", 4, "the end frame is four zero bytes");
    sp_vchan_head_put(head, 0x012345);
    tap_is_mem(head, "\x45\x23\1\0", 4, "a length is little-endian");
    sp_vchan_head_put(head, SP_VCHAN_FRAME_MAX);
    tap_is_mem(head, "\0\0\20\0", 4, "the longest frame has a head");
}

static void
take_too_much(void)
{
    struct sp_vchan_frames frames = {.have = 0};
    size_t payload;

    (void)sp_vchan_frames_take(&frames, (const uint8_t *)"\1\0\0\0x", 5,
                               &payload, &err);
}

static void
put_too_much(void)
{
    uint8_t head[SP_VCHAN_HEAD_BYTES];

    sp_vchan_head_put(head, (size_t)SP_VCHAN_FRAME_MAX + 1);
}

static void
test_bugs(void)
{
    tap_aborts(take_too_much, "a byte more than was wanted is a bug");
    tap_aborts(put_too_much, "so is a frame that is too long");
}

static void
test_lines(void)
{
    struct sp_vchan_line line = {.len = 0};
    char longest[SP_REPLY_MAX + 1];

    tap_ok(sp_vchan_line_take(&line, "sallyport 1", 11, &err) == 0 &&
               !line.whole,
           "half a line is not whole");
    tap_ok(sp_vchan_line_take(&line, " ok -\n", 6, &err) == 0 && line.whole &&
               line.len == 17,
           "... its LF makes it whole");
    tap_ok(sp_vchan_line_take(&line, "x", 1, &err) == -1,
           "nothing may stand behind it");
    line = (struct sp_vchan_line){.len = 0};
    tap_ok(sp_vchan_line_take(&line, "a\033[2J", 5, &err) == -1,
           "an escape sequence is refused");
    tap_is_str(err.detail, "frame", "... by its word");
    line = (struct sp_vchan_line){.len = 0};
    tap_ok(sp_vchan_line_take(&line, "\303\244\n", 3, &err) == -1,
           "so is a byte above 127");
    line = (struct sp_vchan_line){.len = 0};
    tap_ok(sp_vchan_line_take(&line, "a\177\n", 3, &err) == -1, "so is 127");
    tap_is_str(err.detail, "frame", "... by its word");
    line = (struct sp_vchan_line){.len = 0};
    tap_ok(sp_vchan_line_take(&line, " ~\n", 3, &err) == 0 && line.whole,
           "what lies between is taken");
    memset(longest, 'x', sizeof(longest));
    line = (struct sp_vchan_line){.len = 0};
    tap_ok(sp_vchan_line_take(&line, longest, SP_REPLY_MAX, &err) == 0,
           "a line may fill its room");
    tap_ok(sp_vchan_line_take(&line, "\n", 1, &err) == -1, "... but no more");
}

static void
test_peers(void)
{
    static const char *const bad[] = {
        "",      "x",     "-1",   "5/",         "5/../x", "5/a/b",
        "32752", "05",    "5/-a", "5/.",        "5/a b",  "99999999999",
        "5/_",   "+5/ab", " 5/a", "5/\303\244",
    };
    struct sp_vchan_peer peer;

    tap_ok(sp_vchan_peer_parse("7", &peer, &err) == 0 && peer.domid == 7,
           "a domain id is enough");
    tap_is_str(peer.name, "sallyport", "... the name has a default");
    tap_ok(sp_vchan_peer_parse("32751/My.na-me_2", &peer, &err) == 0 &&
               peer.domid == 32751,
           "the highest domain id there is");
    tap_is_str(peer.name, "My.na-me_2", "... with a name");
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        tap_ok(sp_vchan_peer_parse(bad[i], &peer, &err) == -1,
               "'%s' is refused", bad[i]);
        tap_is_str(err.detail, "usage", "... by its word");
    }
}

static void
test_paths(void)
{
    struct sp_vchan_peer peer = {.domid = 32751, .name = "sallyport"};
    char path[SP_VCHAN_PATH_MAX + 1];

    tap_ok(sp_vchan_path_serve(&peer, path, &err) == 0, "a server has a path");
    tap_is_str(path, "data/vchan/32751/sallyport", "... the one of libvchan");
    tap_ok(sp_vchan_path_connect(&peer, 32751, path, &err) == 0,
           "the default name fits with the longest ids");
    tap_is_str(path, "/local/domain/32751/data/vchan/32751/sallyport",
               "... and is the server's");
    (void)sp_vchan_peer_parse("1/abcdefghijklmnopqrst", &peer, &err);
    tap_ok(sp_vchan_path_connect(&peer, 2, path, &err) == 0 &&
               strlen(path) == SP_VCHAN_PATH_MAX,
           "49 characters are taken");
    (void)sp_vchan_peer_parse("1/abcdefghijklmnopqrstu", &peer, &err);
    tap_ok(sp_vchan_path_connect(&peer, 2, path, &err) == -1,
           "50 are refused: the library would cut them");
    tap_is_str(err.detail, "usage", "... by its word");
}

int
main(void)
{
    test_frames();
    test_lengths();
    test_heads();
    test_bugs();
    test_lines();
    test_peers();
    test_paths();
    return tap_done();
}
