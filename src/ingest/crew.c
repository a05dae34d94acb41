/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ingest/crew.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/io.h"
#include "bundle/limits.h"
#include "ingest/worker.h"

enum {
    ARGUMENTS_MAX = 16,
    TICK_MS = 250, /* how late a stop may be noticed */
};

const char *
sp_worker_name(enum sp_worker_kind kind)
{
    switch (kind) {
    case SP_WORKER_UNPACK: return "unpack";
    case SP_WORKER_CHECK:
    case SP_WORKER_EVIDENCE: return "check";
    case SP_WORKER_VERIFY:
    case SP_WORKER_MAKE_HOME: return "verify";
    case SP_WORKER_INDEX: return "index";
    }
    return "worker";
}

static int
report_channel(int ret[2], struct sp_error *err)
{
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ret) < 0)
        return sp_fail_sys(err, errno, "internal", "cannot make a socket pair");
    if (fcntl(ret[0], F_SETFL, O_NONBLOCK) < 0)
        return sp_fail_sys(err, errno, "internal", "cannot set up a channel");
    return 0;
}

int
sp_crew_start(struct sp_crew *crew, enum sp_worker_kind kind,
              const char *const *arguments, int in_fd, int out_fd, int dir_fd,
              struct sp_error *err)
{
    struct sp_hand *hand = &crew->hands[crew->n];
    char program[64], path[4096];
    const char *argv[ARGUMENTS_MAX] = {program};
    int ends[2];
    SP_AUTO_FD ours = -1;
    SP_AUTO_FD theirs = -1;
    struct sp_spawn plan = {.argv = argv, .dirfd = -1};

    if (crew->n >= SP_CREW_MAX)
        SP_BUG("too many workers");
    for (size_t i = 0; arguments[i]; i++) {
        if (i + 2 >= ARGUMENTS_MAX)
            SP_BUG("too many arguments for a worker");
        argv[i + 1] = arguments[i];
    }
    (void)snprintf(program, sizeof(program), "sallyport-%s",
                   sp_worker_name(kind));
    if (sp_spawn_find(program, path, sizeof(path), err) < 0 ||
        report_channel(ends, err) < 0)
        return -1;
    ours = ends[0];
    theirs = ends[1];
    plan.path = path;
    plan.fds[SP_FD_IN] = in_fd;
    plan.fds[SP_FD_OUT] = out_fd;
    plan.fds[SP_FD_ERR] = -1;
    plan.fds[SP_FD_REPORT] = theirs;
    plan.fds[SP_FD_DIR] = dir_fd;
    plan.n_fds = dir_fd >= 0 ? SP_FD_DIR + 1 : SP_FD_DIR;
    memset(hand, 0, sizeof(*hand));
    hand->kind = kind;
    hand->pid = sp_spawn_start(&plan, err);
    if (hand->pid < 0)
        return -1;
    hand->report_fd = sp_steal_fd(&ours);
    crew->n++;
    return 0;
}

int
sp_crew_read(struct sp_hand *hand, struct sp_error *err)
{
    char *record = (char *)&hand->record;

    if (hand->held) {
        hand->held = false;
        return 1;
    }
    if (hand->have == sizeof(hand->record))
        hand->have = 0; /* the last one was taken */
    while (hand->report_fd >= 0 && hand->have < sizeof(hand->record)) {
        ssize_t n = sp_read_some(hand->report_fd, record + hand->have,
                                 sizeof(hand->record) - hand->have);

        if (n < 0 && errno == EAGAIN)
            return 0;
        if (n > 0) {
            hand->have += (size_t)n;
            continue;
        }
        sp_close_fd(&hand->report_fd);
        hand->gone = true;
        if (hand->have == 0)
            return 0;
        hand->have = 0;
        return sp_fail(err, "protocol", "the report of %s breaks off",
                       sp_worker_name(hand->kind));
    }
    if (hand->report_fd < 0)
        return 0;
    if (!sp_report_check(&hand->record, hand->kind) || hand->done ||
        hand->faulted)
        return sp_fail(err, "protocol", "%s sent a malformed report",
                       sp_worker_name(hand->kind));
    return 1;
}

void
sp_crew_unread(struct sp_hand *hand)
{
    hand->held = true;
}

int
sp_crew_go(struct sp_crew *crew, struct sp_error *err)
{
    const char go = SP_GO;

    for (size_t i = 0; i < crew->n; i++)
        if (crew->hands[i].report_fd >= 0 &&
            write(crew->hands[i].report_fd, &go, 1) != 1)
            return sp_fail_sys(err, errno, "worker-died",
                               "%s ended before it began",
                               sp_worker_name(crew->hands[i].kind));
    return 0;
}

/* 0 to go on. */
static int
hear_one(struct sp_crew *crew, struct sp_hand *hand,
         int (*take)(void *data, const struct sp_report *report,
                     struct sp_error *err),
         void *data, struct sp_error *err)
{
    const struct sp_report *r = &hand->record;
    int status = sp_crew_read(hand, err);

    if (status <= 0)
        return status;
    hand->faulted = r->type == SP_REPORT_FAULT;
    hand->done = r->type == SP_REPORT_DONE;
    if (hand->faulted)
        sp_report_get_error(r, &hand->fault);
    if (hand->done)
        hand->count = r->index;
    if (hand->faulted || hand->done)
        return 0;
    if (r->type == SP_REPORT_JAILED && sp_crew_go(crew, err) < 0)
        return -1;
    return take ? take(data, r, err) : 0;
}

int
sp_crew_hear(struct sp_crew *crew, unsigned seconds, const char *reason,
             const char *what,
             int (*take)(void *data, const struct sp_report *report,
                         struct sp_error *err),
             void *data, struct sp_error *err)
{
    struct sp_hand *hand = &crew->hands[0];
    const uint64_t deadline = sp_clock_ms() + UINT64_C(1000) * seconds;

    while (hand->report_fd >= 0) {
        struct pollfd p = {hand->report_fd, POLLIN, 0};

        (void)poll(&p, 1, TICK_MS);
        if (crew->stop && *crew->stop)
            return sp_fail(err, "interrupted", "interrupted by a signal");
        if (hear_one(crew, hand, take, data, err) < 0)
            return -1;
        if (sp_clock_ms() > deadline)
            return sp_fail(err, reason, "%s took longer than %u s", what,
                           seconds);
    }
    if (hand->faulted) {
        *err = hand->fault;
        return -1;
    }
    if (!hand->done)
        return sp_fail(err, "worker-died", "%s ended without a result", what);
    return 0;
}

/* Collects endings for at most `ms`; true when all have ended. */
static bool
collect(struct sp_crew *crew, unsigned ms)
{
    const struct timespec nap = {.tv_nsec = 2 * 1000 * 1000};

    for (unsigned waited = 0;; waited += 2) {
        bool all = true;

        for (size_t i = 0; i < crew->n; i++) {
            struct sp_hand *hand = &crew->hands[i];

            if (!hand->ending.ended)
                (void)sp_spawn_reap(hand->pid, false, &hand->ending, NULL);
            all = all && hand->ending.ended;
        }
        if (all || waited >= ms)
            return all;
        (void)nanosleep(&nap, NULL);
    }
}

int
sp_crew_end(struct sp_crew *crew, unsigned grace_ms, struct sp_error *err)
{
    pid_t pids[SP_CREW_MAX];
    bool all;

    (void)collect(crew, grace_ms);
    for (size_t i = 0; i < crew->n; i++) {
        pids[i] = crew->hands[i].pid;
        sp_spawn_kill(pids[i]);
    }
    all = collect(crew, 1000 * SP_REAP_SECONDS);
    for (size_t i = 0; i < crew->n; i++)
        sp_close_fd(&crew->hands[i].report_fd);
    /* One that did not end in time gets no second time. */
    return sp_spawn_sweep(pids, crew->n, all ? SP_REAP_SECONDS : 0, err);
}
