/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A peer that writes what it likes into the shared page: both directions of a
 * vchan (transports/vchan-move.c, vchan-channel.c) over a ring whose answers
 * the input gives. Of a ring these are numbers: -1 closed, 0 nothing, else
 * bytes, never more than were asked for (libxenvchan.h).
 *
 * An input is bit 0 of its first byte (send, else receive), then for each
 * question a byte of how it is answered, and the bytes themselves.
 */
#include <poll.h>
#include <unistd.h>

#include "base/clock.h"

static int ring_poll(struct pollfd *polled, nfds_t n, int timeout);
static int ring_close(int fd);
static uint64_t ring_clock(void);
#define poll ring_poll
#define close ring_close
#define sp_clock_ms ring_clock
#include "transports/vchan-channel.c" /* over the clock and polls from here */
#include "transports/vchan-move.c"
#undef close
#undef poll

#include "tests/fuzz/stage.h"

enum { SEND = 1, QUESTIONS_MAX = 4096 };

static struct {
    const uint8_t *data;
    size_t size, at;
    uint64_t now;
    unsigned questions;
    bool closed; /* descriptor 1 */
    bool ended;
} script;

/* The next byte; a script that ends goes on as a peer that is gone. */
static unsigned
next(void)
{
    FUZZ_CHECK(++script.questions < QUESTIONS_MAX * 8);
    return script.at < script.size ? script.data[script.at++] : 255;
}

static uint64_t
ring_clock(void)
{
    return script.now;
}

static int
ring_poll(struct pollfd *polled, nfds_t n, int timeout)
{
    unsigned how = next();

    FUZZ_CHECK(n == 2 && timeout > 0);
    script.now += how < 128 ? how : (uint64_t)timeout;
    polled[0].revents = how & 1 ? POLLIN : 0;
    polled[1].revents = how & 2 && polled[1].fd >= 0 ? POLLIN : 0;
    return (how & 3U) != 0;
}

static int
ring_close(int fd)
{
    FUZZ_CHECK(fd == 1 && !script.closed);
    script.closed = true;
    return 0;
}

/* ---- the library -----------------------------------------------------------
 */

static int
answer(size_t len, bool room)
{
    unsigned how = next();
    size_t n = how;

    if (how == 255)
        return -1;
    if (!room && n > script.size - script.at)
        n = script.size - script.at;
    return (int)(n < len ? n : len);
}

int
libxenvchan_read(struct libxenvchan *ring, void *data, size_t size)
{
    int n;

    (void)ring;
    FUZZ_CHECK(size > 0);
    n = answer(size, false);
    if (n > 0) {
        memcpy(data, script.data + script.at, (size_t)n);
        script.at += (size_t)n;
    }
    return n;
}

int
libxenvchan_write(struct libxenvchan *ring, const void *data, size_t size)
{
    (void)ring;
    FUZZ_CHECK(data && size > 0);
    return answer(size, true);
}

int
libxenvchan_data_ready(struct libxenvchan *ring)
{
    unsigned how = next();

    (void)ring;
    return how > 200 ? (int)how : 0;
}

int
libxenvchan_wait(struct libxenvchan *ring)
{
    (void)ring;
    return next() == 254 ? -1 : 0;
}

int
libxenvchan_fd_for_select(struct libxenvchan *ring)
{
    (void)ring;
    return 7;
}

/* ---- set-up is not tried here ----------------------------------------------
 */

int
libxenvchan_is_open(struct libxenvchan *ring)
{
    (void)ring;
    return 1;
}

void
libxenvchan_close(struct libxenvchan *ring)
{
    (void)ring;
}

struct libxenvchan *
libxenvchan_server_init(struct xentoollog_logger *logger, int domain,
                        const char *xs_path, size_t read_min, size_t write_min)
{
    (void)logger;
    (void)domain;
    (void)xs_path;
    (void)read_min;
    (void)write_min;
    return NULL;
}

struct libxenvchan *
libxenvchan_client_init(struct xentoollog_logger *logger, int domain,
                        const char *xs_path)
{
    (void)logger;
    (void)domain;
    (void)xs_path;
    return NULL;
}

/* ---- the target ------------------------------------------------------------
 */

static void
ended(void)
{
    FUZZ_CHECK(script.closed && !script.ended);
    script.ended = true;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t stream[] = "some bytes of a bundle";
    static const uint8_t line[] = "sallyport 1 ok -\n";
    const struct sp_vchan_pace pace = {
        .idle_ms = 3000, .rate_ms = 20000, .rate_bps = 10};
    struct sp_vchan v = {.domid = 7, .pace = pace};
    struct sp_error err = {0};
    int status;

    if (size < 1 || size > QUESTIONS_MAX)
        return 0;
    memset(&script, 0, sizeof(script));
    script.data = data;
    script.size = size;
    script.at = 1;
    script.now = 1;
    if (data[0] & SEND) {
        stage_begin(SP_WORKER_UNPACK, stream, sizeof(stream), data[0]);
        status = sp_vchan_send(&v, 5000, &err);
        /* Only a line is handed on, and only when it is whole. */
        FUZZ_CHECK(status == 0 ? stage.out_size > 0 &&
                                     stage.out[stage.out_size - 1] == '\n'
                               : stage.out_size == 0);
    } else {
        stage_begin(SP_WORKER_UNPACK, line, sizeof(line) - 1, data[0]);
        status = sp_vchan_receive(&v, ended, &err);
        FUZZ_CHECK(script.ended == script.closed);
    }
    if (status < 0)
        fuzz_refused(&err);
    return 0;
}
