/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/spawn.h"
#include "base/text.h"

enum {
    CHUNK = 4096,
    FIRST_WORDS_MAX = 512,
    TICK_MS = 250, /* how late a stop may be noticed */
};

/* One program on its way to its end. */
struct run {
    const char *path;
    const char *reason; /* of its failures */
    pid_t pid;
    int pidfd;
    int out_fd, err_fd; /* -1 behind the end of the stream */
    uint64_t deadline;
    size_t max;
    char *out; /* malloc'ed, room for `room` */
    size_t len, room;
    char said[FIRST_WORDS_MAX]; /* the start of its stderr */
    size_t said_len;
    struct sp_ending ending;
    const volatile sig_atomic_t *stop;
};

static int
keep_out(struct run *run, const char *bytes, size_t n, struct sp_error *err)
{
    if (n > run->max - run->len)
        return sp_fail(err, run->reason, "'%s' writes more than %zu bytes",
                       run->path, run->max);
    if (run->len + n + 1 > run->room) {
        size_t room = 2 * (run->len + n + 1);
        char *grown = realloc(run->out, room);

        if (!grown)
            return sp_fail(err, "no-memory", "no memory for the output of '%s'",
                           run->path);
        run->out = grown;
        run->room = room;
    }
    memcpy(run->out + run->len, bytes, n);
    run->len += n;
    run->out[run->len] = '\0';
    return 0;
}

static void
keep_said(struct run *run, const char *bytes, size_t n)
{
    size_t room = sizeof(run->said) - run->said_len;

    if (n > room)
        n = room;
    memcpy(run->said + run->said_len, bytes, n);
    run->said_len += n;
}

/* One read of a stream that poll called ready. */
static int
drain(struct run *run, int *fd, struct sp_error *err)
{
    char bytes[CHUNK];
    ssize_t n = sp_read_some(*fd, bytes, sizeof(bytes));

    if (n < 0)
        return sp_fail_sys(err, errno, "io", "cannot read from '%s'",
                           run->path);
    if (n == 0) {
        sp_close_fd(fd);
        return 0;
    }
    if (fd == &run->out_fd)
        return keep_out(run, bytes, (size_t)n, err);
    keep_said(run, bytes, (size_t)n);
    return 0;
}

/*
 * The program has ended. Its group is killed while the zombie still holds
 * the number, so that no descendant keeps the pipes open.
 */
static int
take_ending(struct run *run, struct sp_error *err)
{
    sp_spawn_kill(run->pid);
    sp_close_fd(&run->pidfd);
    return sp_spawn_reap(run->pid, true, &run->ending, err);
}

/* Until both streams and the program have ended. */
static int
watch(struct run *run, struct sp_error *err)
{
    while (run->pidfd >= 0 || run->out_fd >= 0 || run->err_fd >= 0) {
        struct pollfd polled[] = {
            {.fd = run->out_fd, .events = POLLIN},
            {.fd = run->err_fd, .events = POLLIN},
            {.fd = run->pidfd, .events = POLLIN},
        };
        uint64_t now = sp_clock_ms();
        uint64_t left = run->deadline > now ? run->deadline - now : 0;
        int n = poll(polled, 3, left > TICK_MS ? TICK_MS : (int)left);

        if (run->stop && *run->stop)
            return sp_fail(err, "interrupted", "interrupted by a signal");
        if ((n < 0 && errno == EINTR) || (n == 0 && left > TICK_MS))
            continue;
        if (n < 0)
            return sp_fail_sys(err, errno, "internal", "cannot poll");
        if (n == 0)
            return sp_fail(err, run->reason, "'%s' does not end in time",
                           run->path);
        if (polled[0].revents && drain(run, &run->out_fd, err) < 0)
            return -1;
        if (polled[1].revents && drain(run, &run->err_fd, err) < 0)
            return -1;
        if (polled[2].revents && take_ending(run, err) < 0)
            return -1;
    }
    return 0;
}

static int
judge(const struct run *run, struct sp_error *err)
{
    const char *line_end = memchr(run->said, '\n', run->said_len);
    char shown[SP_SHOWN_MAX];

    if (run->ending.status == 0)
        return 0;
    sp_text_show_bytes(shown, sizeof(shown), run->said,
                       line_end ? (size_t)(line_end - run->said)
                                : run->said_len);
    if (run->ending.signal != 0)
        return sp_fail(err, run->reason, "'%s' was killed by signal %d: %s",
                       run->path, run->ending.signal, shown);
    return sp_fail(err, run->reason, "'%s' failed with exit status %d: %s",
                   run->path, run->ending.status, shown);
}

static int
start(struct sp_spawn *plan, struct run *run, struct sp_error *err)
{
    int out[2], said[2];

    if (pipe2(out, O_CLOEXEC) < 0)
        return sp_fail_sys(err, errno, "internal", "cannot make a pipe");
    SP_AUTO_FD out_write = out[1];
    run->out_fd = out[0];
    if (pipe2(said, O_CLOEXEC) < 0)
        return sp_fail_sys(err, errno, "internal", "cannot make a pipe");
    SP_AUTO_FD said_write = said[1];
    run->err_fd = said[0];

    plan->fds[1] = out_write;
    plan->fds[2] = said_write;
    plan->n_fds = 3;
    run->pid = sp_spawn_start(plan, err);
    if (run->pid < 0)
        return -1;
    run->pidfd = (int)syscall(SYS_pidfd_open, run->pid, 0);
    if (run->pidfd < 0)
        return sp_fail_sys(err, errno, "internal", "cannot watch '%s'",
                           run->path);
    return 0;
}

static int
run_to_end(struct sp_spawn *plan, struct run *run, struct sp_error *err)
{
    if (keep_out(run, "", 0, err) < 0 || start(plan, run, err) < 0 ||
        watch(run, err) < 0)
        return -1;
    return judge(run, err);
}

int
sp_spawn_run(struct sp_spawn *plan, unsigned seconds, size_t max,
             char **ret_out, size_t *ret_len, const char *reason,
             struct sp_error *err)
{
    struct run run = {
        .path = plan->path,
        .stop = plan->stop,
        .reason = reason,
        .pid = -1,
        .pidfd = -1,
        .out_fd = -1,
        .err_fd = -1,
        .deadline = sp_clock_ms() + UINT64_C(1000) * seconds,
        .max = max,
    };
    SP_AUTO_FREE char *out = NULL;
    int result = run_to_end(plan, &run, err);

    out = run.out;
    if (run.pid > 0 && !run.ending.ended)
        (void)take_ending(&run, NULL);
    sp_close_fd(&run.pidfd);
    sp_close_fd(&run.out_fd);
    sp_close_fd(&run.err_fd);
    if (result < 0)
        return -1;
    if (ret_len)
        *ret_len = run.len;
    if (ret_out) {
        *ret_out = out;
        out = NULL;
    }
    return 0;
}
