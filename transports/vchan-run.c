/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "transports/vchan-run.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <xenstore.h>

#include "base/auto.h"
#include "base/text.h"
#include "transports/vchan-mover.h"

/*
 * The receiving ring. One wake-up moves one ring at most: on Xen 4.17, 64 KiB
 * carried 40 MiB/s, 256 KiB 90, 1 MiB (the library's ceiling) 130. It takes
 * 257 of the 1024 pages that one domain may grant by default; where they are
 * gone, the small one does.
 */
static const size_t ring_sizes[] = {1024 * 1024, 64 * 1024};

/* The event that a domain is gone may come before its node is. */
enum { LOOK_MS = 1000 };

struct keeper {
    const struct sp_vchan_plan *plan;
    char path[SP_VCHAN_PATH_MAX + 1];
    struct xs_handle *xs;
    int signal_fd, lock_fd, report_fd;
    pid_t mover; /* 0 = none */
    bool ready, ended, done;
};

/* ---- what is held ------------------------------------------------------ */

/*
 * Signals become something to poll for, the parent's death too: what was put
 * up must be taken down.
 */
static int
catch_signals(struct keeper *k, struct sp_error *err)
{
    sigset_t stop;

    (void)sigemptyset(&stop);
    (void)sigaddset(&stop, SIGTERM);
    (void)sigaddset(&stop, SIGINT);
    (void)sigaddset(&stop, SIGHUP);
    if (signal(SIGPIPE, SIG_IGN) == SIG_ERR ||
        sigprocmask(SIG_BLOCK, &stop, NULL) < 0 ||
        prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0) < 0)
        return sp_fail_sys(err, errno, "internal", "cannot set signals");
    k->signal_fd = signalfd(-1, &stop, SFD_CLOEXEC);
    if (k->signal_fd < 0)
        return sp_fail_sys(err, errno, "internal", "cannot set signals");
    return 0;
}

/*
 * One server a path: a second one would pull the nodes from under the first.
 * An abstract socket is a lock that no crash leaves behind.
 */
static int
lock_path(struct keeper *k, struct sp_error *err)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    int len = snprintf(name.sun_path + 1, sizeof(name.sun_path) - 1,
                       "sallyport-vchan/%s", k->path);
    socklen_t size =
        (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)len);

    SP_AUTO_FD fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return sp_fail_sys(err, errno, "io", "cannot lock the vchan path");
    if (bind(fd, (const struct sockaddr *)&name, size) < 0)
        return sp_fail_sys(err, errno, "busy", "cannot lock '%s'", k->path);
    k->lock_fd = sp_steal_fd(&fd);
    return 0;
}

static int
own_domid(struct keeper *k, uint16_t *ret, struct sp_error *err)
{
    SP_AUTO_FREE char *text = xs_read(k->xs, XBT_NULL, "domid", NULL);

    if (!text)
        return sp_fail_sys(err, errno, "io",
                           "cannot read our own domain id from xenstore");
    return sp_vchan_domid_parse(text, ret, err);
}

static int
find_path(struct keeper *k, struct sp_error *err)
{
    const struct sp_vchan_peer *peer = &k->plan->peer;
    uint16_t own;

    if (own_domid(k, &own, err) < 0)
        return -1;
    if (own == peer->domid)
        return sp_fail(err, "usage", "domain %" PRIu16 " is this one", own);
    return k->plan->serve ? sp_vchan_path_serve(peer, k->path, err)
                          : sp_vchan_path_connect(peer, own, k->path, err);
}

/* False only when xenstore knows it: others may not ask about domains. */
static bool
peer_lives(const struct keeper *k)
{
    char node[32];
    SP_AUTO_FREE void *value = NULL;

    (void)snprintf(node, sizeof(node), "/local/domain/%" PRIu16,
                   k->plan->peer.domid);
    value = xs_read(k->xs, XBT_NULL, node, NULL);
    return value || errno != ENOENT;
}

static int
refuse_dead(const struct keeper *k, struct sp_error *err)
{
    return sp_fail(err, "peer-gone", "there is no domain %" PRIu16,
                   k->plan->peer.domid);
}

static int
prepare(struct keeper *k, struct sp_error *err)
{
    if (catch_signals(k, err) < 0)
        return -1;
    k->xs = xs_open(0);
    if (!k->xs)
        return sp_fail_sys(err, errno, "io", "cannot open xenstore");
    if (find_path(k, err) < 0)
        return -1;
    if (!peer_lives(k))
        return refuse_dead(k, err);
    if (!k->plan->serve)
        return 0;
    if (lock_path(k, err) < 0)
        return -1;
    /* Left by a run that was killed: a client would attach to a dead ring. */
    (void)xs_rm(k->xs, XBT_NULL, k->path);
    return 0;
}

static void
end_mover(struct keeper *k)
{
    if (k->mover > 0) {
        (void)kill(k->mover, SIGKILL);
        while (waitpid(k->mover, NULL, 0) < 0 && errno == EINTR)
            continue;
    }
    k->mover = 0;
    sp_close_fd(&k->report_fd);
}

static void
put_away(struct keeper *k)
{
    end_mover(k);
    if (k->xs && k->lock_fd >= 0)
        (void)xs_rm(k->xs, XBT_NULL, k->path);
    if (k->xs)
        xs_close(k->xs);
    sp_close_fd(&k->lock_fd);
    sp_close_fd(&k->signal_fd);
}

/* ---- attending the mover ----------------------------------------------- */

static int
take_report(struct keeper *k, struct sp_error *err)
{
    enum sp_mover_news news;

    if (sp_mover_hear(k->mover, k->report_fd, &news, err) < 0)
        return -1;
    k->ready = k->ready || news == SP_MOVER_READY;
    k->done = news == SP_MOVER_DONE;
    if (news == SP_MOVER_ENDED && k->plan->serve && !k->ended) {
        k->ended = true;
        (void)close(STDOUT_FILENO);
    }
    return 0;
}

/* A server is there at once or not at all; a crash is a failure like others. */
static int
start_server(struct keeper *k, struct sp_error *err)
{
    for (size_t i = 0; i < sizeof(ring_sizes) / sizeof(ring_sizes[0]); i++) {
        k->mover =
            sp_mover_start(k->plan, k->path, ring_sizes[i], &k->report_fd, err);
        if (k->mover < 0)
            return -1;
        if (take_report(k, err) == 0)
            return 0;
        end_mover(k);
    }
    if (err && strcmp(err->detail, "worker-died") == 0)
        return sp_fail(err, "io",
                       "the vchan library cannot offer a vchan to domain "
                       "%" PRIu16 " (no more pages to grant?)",
                       k->plan->peer.domid);
    return -1;
}

static int
start_mover(struct keeper *k, struct sp_error *err)
{
    if (k->plan->serve)
        return start_server(k, err);
    k->mover = sp_mover_start(k->plan, k->path, 0, &k->report_fd, err);
    return k->mover < 0 ? -1 : 0;
}

/* What was received whole is whole, whatever becomes of the sender. */
static int
look_at_peer(struct keeper *k, bool event, struct sp_error *err)
{
    char **watch;

    while (event && (watch = xs_check_watch(k->xs)))
        free(watch);
    return k->ended || peer_lives(k) ? 0 : refuse_dead(k, err);
}

static int
attend(struct keeper *k, struct sp_error *err)
{
    /* Made after the fork: it starts a thread. Refused in most domUs. */
    bool watches = xs_watch(k->xs, "@releaseDomain", "peer");

    while (!k->done) {
        struct pollfd polled[] = {
            {.fd = k->report_fd, .events = POLLIN},
            {.fd = k->signal_fd, .events = POLLIN},
            {.fd = watches ? xs_fileno(k->xs) : -1, .events = POLLIN},
        };

        if (poll(polled, 3, LOOK_MS) < 0 && errno != EINTR)
            return sp_fail_sys(err, errno, "internal", "cannot poll");
        if (polled[0].revents) {
            if (take_report(k, err) < 0)
                return -1;
            continue;
        }
        if (polled[1].revents)
            return sp_fail(err, "interrupted", "interrupted by a signal");
        if (look_at_peer(k, polled[2].revents != 0, err) < 0)
            return -1;
    }
    return 0;
}

int
sp_vchan_run(const struct sp_vchan_plan *plan, struct sp_error *err)
{
    struct keeper k = {
        .plan = plan, .signal_fd = -1, .lock_fd = -1, .report_fd = -1};
    int result = -1;

    if (prepare(&k, err) == 0 && start_mover(&k, err) == 0)
        result = attend(&k, err);
    put_away(&k);
    return result;
}
