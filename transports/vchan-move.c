/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "transports/vchan-move.h"

#include <errno.h>
#include <inttypes.h>
#include <unistd.h>

#include "base/io.h"
#include "transports/vchan-frame.h"

/* Large enough that one event serves many packets, small enough for a cache. */
enum { CHUNK_BYTES = 256 * 1024 };

/*
 * The answer fits into the ring of an honest peer at once, and stays readable
 * there when this process has gone.
 */
enum { ANSWER_MS = 2 * 1000 };

static uint8_t buffer[SP_VCHAN_HEAD_BYTES + CHUNK_BYTES];

static int
peer_gone(const struct sp_vchan *v, struct sp_error *err)
{
    return sp_fail(err, "peer-gone", "domain %" PRIu16 " closed the vchan",
                   v->domid);
}

/* ---- receive ----------------------------------------------------------- */

struct reception {
    struct sp_vchan *v;
    struct sp_vchan_frames frames;
    uint64_t bytes;
    bool stopped;   /* nobody wants more: the answer is there, or soon */
    bool no_answer; /* descriptor 0 has ended before it was */
    struct sp_vchan_line answer;
};

/* One read of the parent's answer. */
static int
hear_parent(struct reception *r, struct sp_error *err)
{
    char bytes[SP_REPLY_MAX];
    ssize_t n = sp_read_some(STDIN_FILENO, bytes, sizeof(bytes));

    if (n < 0)
        return sp_fail_sys(err, errno, "io", "cannot read the answer");
    if (n == 0) {
        r->no_answer = true;
        return 0;
    }
    return sp_vchan_line_take(&r->answer, bytes, (size_t)n, err);
}

/* Bytes of the peer, copied out of the ring once and then passed on. */
static int
pass_on(struct reception *r, size_t n, struct sp_error *err)
{
    size_t payload;

    if (sp_vchan_frames_take(&r->frames, buffer, n, &payload, err) < 0)
        return -1;
    r->bytes += n;
    if (sp_write_full(STDOUT_FILENO, buffer, payload) == 0)
        return 0;
    if (errno != EPIPE)
        return sp_fail_sys(err, errno, "io", "cannot pass the bytes on");
    /* Whoever judged them has seen enough; the answer will say why. */
    r->stopped = true;
    return 0;
}

static int
broken_off(const struct reception *r, struct sp_error *err)
{
    if (r->bytes == 0)
        return peer_gone(r->v, err);
    return sp_fail(err, "truncated",
                   "domain %" PRIu16 " closed the vchan after %" PRIu64
                   " bytes, before the end",
                   r->v->domid, r->bytes);
}

static int
receive_some(struct reception *r, struct sp_error *err)
{
    size_t want = sp_vchan_frames_want(&r->frames);
    bool from_parent = false;
    ssize_t n;

    n = sp_vchan_read(r->v, buffer, want < CHUNK_BYTES ? want : CHUNK_BYTES);
    if (n > 0)
        return pass_on(r, (size_t)n, err);
    if (n < 0)
        return broken_off(r, err);
    if (sp_vchan_sleep(r->v, r->no_answer ? -1 : STDIN_FILENO, &from_parent,
                       err) < 0)
        return -1;
    if (from_parent && hear_parent(r, err) < 0)
        return -1;
    r->stopped = r->answer.len > 0;
    return 0;
}

static int
give_answer(struct reception *r, struct sp_error *err)
{
    const struct sp_vchan_pace pace = {.idle_ms = ANSWER_MS};
    size_t given = 0;
    bool ignored;

    sp_vchan_set_pace(r->v, &pace);
    while (given < r->answer.len) {
        ssize_t n =
            sp_vchan_write(r->v, r->answer.text + given, r->answer.len - given);

        if (n < 0)
            return peer_gone(r->v, err);
        given += (size_t)n;
        if (n == 0 && sp_vchan_sleep(r->v, -1, &ignored, err) < 0)
            return -1;
    }
    return 0;
}

int
sp_vchan_receive(struct sp_vchan *v, void (*ended)(void), struct sp_error *err)
{
    struct reception r = {.v = v};

    while (!r.frames.ended && !r.stopped)
        if (receive_some(&r, err) < 0)
            return -1;
    if (r.frames.ended) {
        (void)close(STDOUT_FILENO);
        ended();
    }
    while (!r.answer.whole && !r.no_answer)
        if (hear_parent(&r, err) < 0)
            return -1;
    return r.answer.whole ? give_answer(&r, err) : 0;
}

/* ---- send -------------------------------------------------------------- */

/* All of it, unless the peer answers or goes: then *ret_stopped. */
static int
put_all(struct sp_vchan *v, size_t len, bool *ret_stopped, struct sp_error *err)
{
    size_t put = 0;
    bool ignored;

    while (put < len) {
        ssize_t n = sp_vchan_write(v, buffer + put, len - put);

        if (n < 0 || (n == 0 && sp_vchan_has_bytes(v))) {
            *ret_stopped = true;
            return 0;
        }
        put += (size_t)n;
        if (n == 0 && sp_vchan_sleep(v, -1, &ignored, err) < 0)
            return -1;
    }
    return 0;
}

/* Waits for descriptor 0; an answer of the peer comes first. */
static int
wait_input(struct sp_vchan *v, bool *ret_stopped, struct sp_error *err)
{
    bool ready = false;

    while (!ready) {
        if (sp_vchan_has_bytes(v)) {
            *ret_stopped = true;
            return 0;
        }
        if (sp_vchan_doze(v, STDIN_FILENO, &ready, err) < 0)
            return -1;
    }
    return 0;
}

static int
send_stream(struct sp_vchan *v, struct sp_error *err)
{
    uint8_t *payload = buffer + SP_VCHAN_HEAD_BYTES;
    bool stopped = false;
    ssize_t n = 1;

    while (n > 0 && !stopped) {
        if (wait_input(v, &stopped, err) < 0)
            return -1;
        if (stopped)
            break;
        n = sp_read_some(STDIN_FILENO, payload, CHUNK_BYTES);
        if (n < 0)
            return sp_fail_sys(err, errno, "io", "cannot read the stream");
        sp_vchan_head_put(buffer, (size_t)n);
        if (put_all(v, SP_VCHAN_HEAD_BYTES + (size_t)n, &stopped, err) < 0)
            return -1;
    }
    return 0;
}

int
sp_vchan_send(struct sp_vchan *v, uint64_t answer_ms, struct sp_error *err)
{
    const struct sp_vchan_pace pace = {.idle_ms = answer_ms};
    struct sp_vchan_line answer = {.len = 0};
    bool ignored;

    if (send_stream(v, err) < 0)
        return -1;
    sp_vchan_set_pace(v, &pace);
    while (!answer.whole) {
        ssize_t n = sp_vchan_read(v, buffer, sizeof(answer.text));

        if (n < 0)
            return sp_fail(err, "peer-gone",
                           "domain %" PRIu16
                           " closed the vchan without an answer",
                           v->domid);
        if (n > 0 && sp_vchan_line_take(&answer, (const char *)buffer,
                                        (size_t)n, err) < 0)
            return -1;
        if (n == 0 && sp_vchan_sleep(v, -1, &ignored, err) < 0)
            return -1;
    }
    if (sp_write_full(STDOUT_FILENO, answer.text, answer.len) < 0)
        return sp_fail_sys(err, errno, "io", "cannot pass the answer on");
    return 0;
}
