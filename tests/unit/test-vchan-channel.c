/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One end of a vchan over a library that answers what the test wants: set-up,
 * bytes, and whose time is used up.
 */
#include "transports/vchan-channel.h"

#include <errno.h>
#include <fcntl.h>
#include <libxenvchan.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/unit/tap.h"

enum { RING_FD = 7, OTHER_FD = 9 };

static struct sp_error err;

/* What the library and the system answer, and what they were asked. */
static struct {
    uint64_t now;
    /* set-up */
    const char *no_access; /* to this file */
    int access_errno, server_errno;
    bool no_server;
    unsigned clients_late, rings_closed, closed, naps;
    int domain;
    size_t read_min, write_min;
    const char *path;
    /* bytes */
    int moves, waits, ready, fd;
    size_t size;
    /* poll */
    int poll_says, poll_errno, timeout;
    short ring_event, other_event;
    uint64_t poll_takes;
} world;

static struct libxenvchan the_ring;

int
clock_gettime(clockid_t id, struct timespec *ret)
{
    if (id != CLOCK_MONOTONIC)
        abort();
    ret->tv_sec = (time_t)(world.now / 1000);
    ret->tv_nsec = (long)(world.now % 1000) * 1000000;
    return 0;
}

int
nanosleep(const struct timespec *nap, struct timespec *left)
{
    if (left)
        abort();
    world.naps++;
    world.now +=
        (uint64_t)nap->tv_sec * 1000 + (uint64_t)nap->tv_nsec / 1000000;
    return 0;
}

int
access(const char *path, int mode)
{
    errno = world.access_errno;
    if (mode != (R_OK | W_OK))
        abort();
    return world.no_access && strcmp(path, world.no_access) == 0 ? -1 : 0;
}

/* Named aside: to its header it only writes. */
int world_poll(struct pollfd *polled, nfds_t n, int timeout) __asm__("poll");

int
world_poll(struct pollfd *polled, nfds_t n, int timeout)
{
    if (n != 2 || polled[0].fd != RING_FD || polled[0].events != POLLIN ||
        polled[1].events != POLLIN)
        abort();
    world.fd = polled[1].fd;
    world.timeout = timeout;
    world.now += world.poll_takes;
    polled[0].revents = world.ring_event;
    polled[1].revents = world.other_event;
    errno = world.poll_errno;
    return world.poll_says;
}

/* ---- the library ----------------------------------------------------------
 */

struct libxenvchan *
libxenvchan_server_init(struct xentoollog_logger *logger, int domain,
                        const char *path, size_t read_min, size_t write_min)
{
    if (logger)
        abort();
    world.domain = domain;
    world.path = path;
    world.read_min = read_min;
    world.write_min = write_min;
    if (world.server_errno)
        errno = world.server_errno;
    return world.no_server ? NULL : &the_ring;
}

struct libxenvchan *
libxenvchan_client_init(struct xentoollog_logger *logger, int domain,
                        const char *path)
{
    if (logger)
        abort();
    world.domain = domain;
    world.path = path;
    if (world.clients_late == 0)
        return &the_ring;
    world.clients_late--;
    return NULL;
}

int
libxenvchan_is_open(struct libxenvchan *ring)
{
    if (ring != &the_ring)
        abort();
    if (world.rings_closed == 0)
        return 1;
    world.rings_closed--;
    return 0;
}

void
libxenvchan_close(struct libxenvchan *ring)
{
    if (ring != &the_ring)
        abort();
    world.closed++;
}

int
libxenvchan_read(struct libxenvchan *ring, void *data, size_t size)
{
    world.size = size;
    return ring == &the_ring && data ? world.moves : -2;
}

int
libxenvchan_write(struct libxenvchan *ring, const void *data, size_t size)
{
    world.size = size;
    return ring == &the_ring && data ? world.moves : -2;
}

int
libxenvchan_data_ready(struct libxenvchan *ring)
{
    return ring == &the_ring ? world.ready : -2;
}

int
libxenvchan_wait(struct libxenvchan *ring)
{
    world.waits++;
    return ring == &the_ring ? world.moves : -2;
}

int
libxenvchan_fd_for_select(struct libxenvchan *ring)
{
    return ring == &the_ring ? RING_FD : -2;
}

/* ---- set-up ---------------------------------------------------------------
 */

static void
begin(void)
{
    memset(&world, 0, sizeof(world));
    memset(&the_ring, 0xff, sizeof(the_ring)); /* a heap that is not virgin */
    memset(&err, 0, sizeof(err));
    world.now = 1000;
}

static bool
refused(int status, const char *word, const char *part)
{
    return status < 0 && strcmp(err.detail, word) == 0 &&
           strstr(err.msg, part) != NULL;
}

/* All of it is new, and it never blocks. */
static bool
is_new(const struct sp_vchan *v, uint16_t domid)
{
    const struct sp_vchan want = {.ring = &the_ring, .domid = domid};

    return v->ring == want.ring && v->domid == domid && !the_ring.blocking &&
           v->pace.idle_ms == 0 && v->pace.rate_ms == 0 &&
           v->pace.rate_bps == 0 && v->waits_since == 0 && v->waited_ms == 0 &&
           v->window_bytes == 0;
}

static void
test_serve(void)
{
    struct sp_vchan v;

    begin();
    memset(&v, 0xff, sizeof(v));
    tap_ok(sp_vchan_serve(&v, 77, "data/vchan/77/x", 65536, &err) == 0 &&
               is_new(&v, 77),
           "a vchan is offered");
    tap_ok(world.domain == 77 && world.read_min == 65536 &&
               world.write_min == 0 &&
               strcmp(world.path, "data/vchan/77/x") == 0,
           "to that domain, there, so large");
    world.no_server = true;
    world.server_errno = ENOSPC;
    tap_ok(refused(sp_vchan_serve(&v, 77, "x", 1, &err), "io",
                   "domain 77: No space left"),
           "no grants are left, and no disk is full");
    world.server_errno = 0;
    errno = ENOENT;
    tap_ok(refused(sp_vchan_serve(&v, 78, "x", 1, &err), "io",
                   "domain 78: Success"),
           "what the library does not say is not guessed");
}

static void
test_connect(void)
{
    struct sp_vchan v;

    begin();
    memset(&v, 0xff, sizeof(v));
    tap_ok(sp_vchan_connect(&v, 5, "/local/domain/5/x", 0, &err) == 0 &&
               is_new(&v, 5) && world.naps == 0,
           "a vchan that is there");
    tap_ok(world.domain == 5 && strcmp(world.path, "/local/domain/5/x") == 0,
           "of that domain, there");
    world.clients_late = 3;
    world.rings_closed = 2;
    tap_ok(sp_vchan_connect(&v, 5, "x", 600, &err) == 0 && world.naps == 5 &&
               world.closed == 2,
           "one that comes late; what a dead server left is closed");
    tap_is_u64(world.now, 1500, "it is looked for ten times a second");
    world.clients_late = 6;
    tap_ok(sp_vchan_connect(&v, 5, "x", 600, &err) == 0 && world.naps == 11,
           "at the last moment");
    world.clients_late = 7;
    tap_ok(refused(sp_vchan_connect(&v, 5, "x", 600, &err), "peer-gone",
                   "domain 5 offers no vchan"),
           "and one that comes behind it");
    begin();
    world.rings_closed = 1;
    tap_ok(refused(sp_vchan_connect(&v, 5, "x", 0, &err), "peer-gone", "") &&
               world.closed == 1,
           "a dead one is none");
}

static void
test_rights(void)
{
    static const char *const nodes[] = {"/dev/xen/evtchn", "/dev/xen/gntdev"};
    struct sp_vchan v;

    for (size_t i = 0; i < 2; i++) {
        begin();
        world.no_access = nodes[i];
        world.access_errno = EACCES;
        tap_ok(refused(sp_vchan_connect(&v, 5, "x", 0, &err), "io", nodes[i]) &&
                   err.sys == EACCES && world.domain == 0,
               "%s that we may not use is named", nodes[i]);
        world.access_errno = ENOENT;
        tap_ok(sp_vchan_connect(&v, 5, "x", 0, &err) == 0,
               "one that is not there says nothing");
    }
}

/* In a child: what stays open, and that it is closed in. */
static void
test_jail(void)
{
    struct sp_vchan v = {.ring = &the_ring};
    int status = 0;
    pid_t child;

    begin();
    (void)fflush(stdout);
    child = fork();
    if (child == 0) {
        if (dup2(STDERR_FILENO, RING_FD) < 0 ||
            dup2(STDERR_FILENO, RING_FD + 1) < 0 || sp_vchan_jail(&v, &err) < 0)
            _exit(1);
        if (write(RING_FD, "", 0) != 0 || write(RING_FD + 1, "", 0) == 0)
            _exit(2);
        _exit(0);
    }
    tap_ok(child > 0 && waitpid(child, &status, 0) == child && status == 0,
           "in its jail it has the descriptors of the vchan, and no other");
}

/* ---- bytes ----------------------------------------------------------------
 */

static struct sp_vchan
open_vchan(void)
{
    begin();
    return (struct sp_vchan){.ring = &the_ring, .domid = 77};
}

static void
test_bytes(void)
{
    struct sp_vchan v = open_vchan();
    uint8_t byte = 0;

    world.moves = 1;
    tap_ok(sp_vchan_read(&v, &byte, 1) == 1 && world.size == 1 &&
               v.window_bytes == 1,
           "a byte is read, and counts");
    world.moves = 10;
    tap_ok(sp_vchan_write(&v, &byte, 20) == 10 && world.size == 20 &&
               v.window_bytes == 11,
           "some are written");
    tap_ok(v.waited_ms == 0 && v.waits_since == 0, "nobody waited");
    for (int moves = 0; moves >= -1; moves--) {
        world.moves = moves;
        v.waits_since = 500;
        tap_ok(sp_vchan_read(&v, &byte, 1) == moves &&
                   sp_vchan_write(&v, &byte, 1) == moves &&
                   v.window_bytes == 11 && v.waits_since == 500 &&
                   v.waited_ms == 0,
               "%d is no progress", moves);
    }
    world.moves = 1;
    (void)sp_vchan_read(&v, &byte, 1);
    tap_ok(v.waited_ms == 500 && v.waits_since == 0, "a byte ends a wait");
    v.waits_since = 900;
    (void)sp_vchan_write(&v, &byte, 1);
    tap_ok(v.waited_ms == 600 && v.window_bytes == 13, "so does one written");
    (void)sp_vchan_read(&v, &byte, (size_t)INT_MAX);
    tap_is_u64(world.size, INT_MAX, "as much at once as has an answer");
    (void)sp_vchan_write(&v, &byte, (size_t)INT_MAX + 1);
    tap_is_u64(world.size, INT_MAX, "and no more");
    for (int ready = -1; ready <= 1; ready++) {
        world.ready = ready;
        tap_ok(sp_vchan_has_bytes(&v) == (ready > 0), "%d: bytes or none",
               ready);
    }
}

/* ---- waiting --------------------------------------------------------------
 */

static void
test_poll(void)
{
    struct sp_vchan v = open_vchan();
    bool heard = true;

    tap_ok(sp_vchan_doze(&v, OTHER_FD, &heard, &err) == 0 && !heard &&
               world.waits == 0,
           "nothing happens");
    tap_ok(world.fd == OTHER_FD && world.timeout == 250,
           "both are listened to, for a moment");
    world.poll_says = -1;
    world.poll_errno = EINTR;
    world.other_event = world.ring_event = POLLIN;
    heard = true;
    tap_ok(sp_vchan_doze(&v, OTHER_FD, &heard, &err) == 0 && !heard &&
               world.waits == 0,
           "a signal is nothing");
    world.poll_errno = ENOMEM;
    tap_ok(refused(sp_vchan_doze(&v, OTHER_FD, &heard, &err), "internal",
                   "poll") &&
               err.sys == ENOMEM,
           "who cannot listen says so");
    world.poll_says = 0;
    tap_ok(sp_vchan_doze(&v, OTHER_FD, &heard, &err) == 0 && !heard &&
               world.waits == 0,
           "what stands there behind a timeout says nothing");
    world.poll_says = 1;
    world.ring_event = 0;
    world.other_event = POLLHUP;
    tap_ok(sp_vchan_doze(&v, OTHER_FD, &heard, &err) == 0 && heard &&
               world.waits == 0,
           "the other is ready; the ring would block");
    world.ring_event = POLLIN;
    world.other_event = 0;
    tap_ok(sp_vchan_doze(&v, -1, &heard, &err) == 0 && !heard &&
               world.waits == 1 && world.fd == -1,
           "an event is taken");
    world.moves = -1;
    tap_ok(refused(sp_vchan_doze(&v, -1, &heard, &err), "io", "event channel"),
           "an event channel may break");
    tap_ok(refused(sp_vchan_sleep(&v, -1, &heard, &err), "io", "event channel"),
           "in a sleep too");
}

static void
test_idle(void)
{
    const struct sp_vchan_pace pace = {.idle_ms = 3000};
    struct sp_vchan v = open_vchan();
    bool heard;

    v.waits_since = v.waited_ms = v.window_bytes = 5;
    sp_vchan_set_pace(&v, &pace);
    tap_ok(v.waits_since == 0 && v.waited_ms == 0 && v.window_bytes == 0 &&
               v.pace.idle_ms == 3000,
           "a new pace begins anew");
    world.poll_takes = 1500;
    tap_ok(sp_vchan_sleep(&v, OTHER_FD, &heard, &err) == 0 &&
               v.waits_since == 1000 && world.fd == OTHER_FD &&
               world.timeout == 250,
           "a wait");
    world.poll_takes = 1499;
    tap_ok(sp_vchan_sleep(&v, -1, &heard, &err) == 0 && v.waits_since == 1000,
           "that goes on");
    world.poll_takes = 1;
    tap_ok(refused(sp_vchan_sleep(&v, -1, &heard, &err), "idle",
                   "domain 77 did nothing for 3 s"),
           "has an end");
    tap_ok(sp_vchan_doze(&v, -1, &heard, &err) == 0 && v.waits_since == 0,
           "which does not come while nothing is wanted");
    world.poll_takes = 2999;
    tap_ok(sp_vchan_sleep(&v, -1, &heard, &err) == 0, "and is counted anew");
    v = open_vchan();
    world.poll_takes = 1000000;
    tap_ok(sp_vchan_sleep(&v, -1, &heard, &err) == 0,
           "no limit is no limit at all");
}

static void
test_rate(void)
{
    const struct sp_vchan_pace pace = {.rate_ms = 10000, .rate_bps = 50};
    struct sp_vchan v = open_vchan();
    uint8_t byte = 0;
    bool heard;

    sp_vchan_set_pace(&v, &pace);
    world.moves = 500;
    world.poll_takes = 4000;
    (void)sp_vchan_sleep(&v, -1, &heard, &err);
    (void)sp_vchan_read(&v, &byte, 1);
    tap_is_u64(v.waited_ms, 4000, "only waits are counted");
    world.now += 100000;
    world.moves = 0;
    world.poll_takes = 5999;
    tap_ok(sp_vchan_sleep(&v, -1, &heard, &err) == 0 && v.window_bytes == 500,
           "a window that is not full");
    world.poll_takes = 1;
    tap_ok(sp_vchan_sleep(&v, -1, &heard, &err) == 0,
           "enough bytes for one that is");
    tap_ok(v.waited_ms == 0 && v.window_bytes == 0 &&
               v.waits_since == world.now,
           "the next begins there");
    world.moves = 499;
    (void)sp_vchan_write(&v, &byte, 1);
    world.moves = 0;
    world.poll_takes = 10000;
    tap_ok(refused(sp_vchan_sleep(&v, -1, &heard, &err), "too-slow",
                   "less than 50 bytes/s from domain 77 in 10 s"),
           "a byte too few");
}

int
main(void)
{
    test_serve();
    test_connect();
    test_rights();
    test_jail();
    test_bytes();
    test_poll();
    test_idle();
    test_rate();
    return tap_done();
}
