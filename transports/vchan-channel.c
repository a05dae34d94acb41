/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "transports/vchan-channel.h"

#include <errno.h>
#include <inttypes.h>
#include <libxenvchan.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "transports/vchan-jail.h"

/*
 * A peer that moves the indexes and sends no event is seen at the next tick,
 * and so are deadlines.
 */
enum { TICK_MS = 250, CONNECT_EVERY_MS = 100 };

/* The other ring carries one line: the smallest there is, 1 KiB. */
enum { ANSWER_RING_BYTES = 0 };

/* ---- set-up ------------------------------------------------------------ */

static void
take(struct sp_vchan *ret, struct libxenvchan *ring, uint16_t domid)
{
    /* Neither init function sets this field. */
    ring->blocking = 0;
    memset(ret, 0, sizeof(*ret));
    ret->ring = ring;
    ret->domid = domid;
}

int
sp_vchan_serve(struct sp_vchan *ret, uint16_t domid, const char *path,
               size_t ring_bytes, struct sp_error *err)
{
    struct libxenvchan *ring;

    errno = 0;
    ring = libxenvchan_server_init(NULL, domid, path, ring_bytes,
                                   ANSWER_RING_BYTES);
    if (!ring)
        /* ENOSPC is about grants or xenstore here, no disk. */
        return sp_fail(err, "io",
                       "cannot offer a vchan to domain %" PRIu16 ": %s", domid,
                       strerror(errno));
    take(ret, ring, domid);
    return 0;
}

/* The library does not tell what it was that it may not use. */
static int
check_rights(struct sp_error *err)
{
    static const char *const nodes[] = {"/dev/xen/evtchn", "/dev/xen/gntdev"};

    for (size_t i = 0; i < sizeof(nodes) / sizeof(nodes[0]); i++)
        if (access(nodes[i], R_OK | W_OK) < 0 && errno != ENOENT)
            return sp_fail_sys(err, errno, "io", "cannot use '%s'", nodes[i]);
    return 0;
}

int
sp_vchan_connect(struct sp_vchan *ret, uint16_t domid, const char *path,
                 uint64_t wait_ms, struct sp_error *err)
{
    const struct timespec nap = {.tv_nsec = CONNECT_EVERY_MS * 1000000L};
    const uint64_t deadline = sp_clock_ms() + wait_ms;
    struct libxenvchan *ring;

    if (check_rights(err) < 0)
        return -1;
    /*
     * Whatever keeps us out now may be gone later: a node of another domain
     * that is not there yet reads as forbidden.
     */
    for (;;) {
        ring = libxenvchan_client_init(NULL, domid, path);
        /* A server that died may have left a ring that is already closed. */
        if (ring && libxenvchan_is_open(ring) != 0)
            break;
        if (ring)
            libxenvchan_close(ring);
        if (sp_clock_ms() >= deadline)
            return sp_fail(err, "peer-gone",
                           "domain %" PRIu16 " offers no vchan for us", domid);
        (void)nanosleep(&nap, NULL);
    }
    take(ret, ring, domid);
    return 0;
}

int
sp_vchan_jail(const struct sp_vchan *v, struct sp_error *err)
{
    struct sp_jail jail;

    /* The library opens its event channel last. */
    sp_vchan_jail_fill((unsigned)libxenvchan_fd_for_select(v->ring) + 1, &jail);
    return sp_jail_enter(&jail, NULL, err);
}

void
sp_vchan_set_pace(struct sp_vchan *v, const struct sp_vchan_pace *pace)
{
    v->pace = *pace;
    v->waits_since = v->waited_ms = v->window_bytes = 0;
}

/* ---- bytes ------------------------------------------------------------- */

/* These bytes are progress: what was waited for them is over. */
static void
moved(struct sp_vchan *v, int n)
{
    if (v->waits_since)
        v->waited_ms += sp_clock_ms() - v->waits_since;
    v->waits_since = 0;
    v->window_bytes += (uint64_t)n;
}

/* The library takes a size_t and answers an int. */
static size_t
at_once(size_t len)
{
    return len < INT_MAX ? len : INT_MAX;
}

ssize_t
sp_vchan_read(struct sp_vchan *v, void *buf, size_t len)
{
    int n = libxenvchan_read(v->ring, buf, at_once(len));

    if (n > 0)
        moved(v, n);
    return n;
}

ssize_t
sp_vchan_write(struct sp_vchan *v, const void *buf, size_t len)
{
    int n = libxenvchan_write(v->ring, buf, at_once(len));

    if (n > 0)
        moved(v, n);
    return n;
}

bool
sp_vchan_has_bytes(const struct sp_vchan *v)
{
    return libxenvchan_data_ready(v->ring) > 0;
}

/* ---- waiting ----------------------------------------------------------- */

static int
poll_once(struct sp_vchan *v, int fd, int timeout_ms, bool *ret_fd,
          struct sp_error *err)
{
    struct pollfd polled[] = {
        {.fd = libxenvchan_fd_for_select(v->ring), .events = POLLIN},
        {.fd = fd, .events = POLLIN},
    };
    int n = poll(polled, 2, timeout_ms);

    if (n < 0 && errno != EINTR)
        return sp_fail_sys(err, errno, "internal", "cannot poll");
    *ret_fd = n > 0 && polled[1].revents != 0;
    /* It would block if there were no event. */
    if (n > 0 && polled[0].revents != 0 && libxenvchan_wait(v->ring) < 0)
        return sp_fail(err, "io", "the event channel of the vchan broke");
    return 0;
}

static int
check_rate(struct sp_vchan *v, uint64_t waiting, struct sp_error *err)
{
    const uint64_t waited = v->waited_ms + waiting;

    if (v->pace.rate_ms == 0 || waited < v->pace.rate_ms)
        return 0;
    if (v->window_bytes < waited * v->pace.rate_bps / 1000)
        return sp_fail(err, "too-slow",
                       "less than %" PRIu64 " bytes/s from domain %" PRIu16
                       " in %" PRIu64 " s",
                       v->pace.rate_bps, v->domid, waited / 1000);
    v->waited_ms = v->window_bytes = 0;
    v->waits_since += waiting;
    return 0;
}

int
sp_vchan_sleep(struct sp_vchan *v, int fd, bool *ret_fd, struct sp_error *err)
{
    uint64_t waiting;

    if (!v->waits_since)
        v->waits_since = sp_clock_ms();
    if (poll_once(v, fd, TICK_MS, ret_fd, err) < 0)
        return -1;
    waiting = sp_clock_ms() - v->waits_since;
    if (v->pace.idle_ms && waiting >= v->pace.idle_ms)
        return sp_fail(err, "idle",
                       "domain %" PRIu16 " did nothing for %" PRIu64 " s",
                       v->domid, waiting / 1000);
    return check_rate(v, waiting, err);
}

int
sp_vchan_doze(struct sp_vchan *v, int fd, bool *ret_fd, struct sp_error *err)
{
    v->waits_since = 0;
    return poll_once(v, fd, TICK_MS, ret_fd, err);
}
