/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The program has a pipe for each direction. Never one socket for both: its
 * non-blocking reads would make its writes non-blocking too, and both sides
 * would wait for each other.
 */
#include "transports/qrexec-call.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"
#include "transports/process.h"
#include "transports/qubes.h"

/* What a stock dom0 offers, and what takes its place there. */
#define DEFAULT_SERVICE "qubes.ReceiveUpdates"

/* Exit statuses of qrexec-client-vm itself. */
enum { QREXEC_FAILED = 125, QREXEC_DENIED = 126, QREXEC_NO_SERVICE = 127 };

enum { PATH_BYTES = 4096, TARGET_MAX = 64, SERVICE_MAX = 128 };

struct call {
    char program[PATH_BYTES];
    char target[TARGET_MAX];
    char service[SERVICE_MAX];
    struct sp_process process;
    int to_fd, from_fd;
};

static bool
service_ok(const char *name)
{
    static const char set[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUV"
                              "WXYZ0123456789_.+-";

    return *name && *name != '-' && strlen(name) < SERVICE_MAX &&
           name[strspn(name, set)] == '\0';
}

int
sp_qrexec_call_open(struct sp_transport *t, const char *target,
                    struct sp_error *err)
{
    size_t len = strcspn(target, "/");
    const char *service = target[len] ? target + len + 1 : DEFAULT_SERVICE;
    struct call *call;

    if (!sp_qube_target_ok(target, len))
        return sp_fail(err, "usage", "'%s' does not begin with a qube's name",
                       t->shown);
    if (!service_ok(service))
        return sp_fail(err, "usage", "'%s' does not name a qrexec service",
                       t->shown);
    call = calloc(1, sizeof(*call));
    if (!call)
        return sp_fail(err, "no-memory", "no memory for '%s'", t->shown);
    call->to_fd = call->from_fd = -1;
    t->data = call;
    memcpy(call->target, target, len);
    memcpy(call->service, service, strlen(service) + 1);
    return sp_spawn_find_tool("qrexec-client-vm", call->program,
                              sizeof(call->program), err);
}

/* The environment is passed on: this side trusts its own. */
static int
start(struct call *call, struct sp_error *err)
{
    const char *const argv[] = {"qrexec-client-vm", call->target, call->service,
                                NULL};
    struct sp_spawn plan = {
        .path = call->program,
        .argv = argv,
        .envp = (const char *const *)environ,
        .fds = {-1, -1, STDERR_FILENO},
        .n_fds = 3,
        .dirfd = -1,
    };
    int to[2], from[2];

    if (pipe2(to, O_CLOEXEC) < 0)
        return sp_fail_sys(err, errno, "internal", "cannot make a pipe");
    SP_AUTO_FD to_read = to[0];
    call->to_fd = to[1];
    if (pipe2(from, O_CLOEXEC) < 0)
        return sp_fail_sys(err, errno, "internal", "cannot make a pipe");
    SP_AUTO_FD from_write = from[1];
    call->from_fd = from[0];
    if (fcntl(call->to_fd, F_SETFL, O_NONBLOCK) < 0)
        return sp_fail_sys(err, errno, "internal", "cannot set a pipe");
    plan.fds[0] = to_read;
    plan.fds[1] = from_write;
    return sp_process_start(&call->process, &plan, err);
}

/* An answer before the end is a refusal: whoever writes should hear it. */
static int
wait_to_write(const struct sp_transport *t, const struct call *call,
              struct sp_error *err)
{
    struct pollfd fds[] = {
        {.fd = call->to_fd, .events = POLLOUT},
        {.fd = call->from_fd, .events = POLLIN},
    };
    int n = poll(fds, 2, -1);

    if (n < 0 && errno == EINTR)
        return sp_fail(err, "interrupted", "stopped by a signal");
    if (n < 0)
        return sp_fail_sys(err, errno, "internal", "cannot poll");
    if (fds[1].revents || (fds[0].revents & POLLERR))
        return sp_fail(err, "peer-gone", "'%s' stopped taking bytes", t->shown);
    return 0;
}

int
sp_qrexec_call_write(struct sp_transport *t, const void *buf, size_t len,
                     struct sp_error *err)
{
    struct call *call = t->data;
    const char *next = buf;

    if (call->to_fd < 0 && start(call, err) < 0)
        return -1;
    while (len > 0) {
        ssize_t n;

        if (wait_to_write(t, call, err) < 0)
            return -1;
        n = write(call->to_fd, next, len);
        if (n < 0 && errno != EAGAIN && errno != EINTR)
            return sp_fail_sys(err, errno, errno == EPIPE ? "peer-gone" : "io",
                               "cannot write to '%s'", t->shown);
        if (n > 0) {
            next += n;
            len -= (size_t)n;
        }
    }
    return 0;
}

int
sp_qrexec_call_finish(struct sp_transport *t)
{
    struct call *call = t->data;

    sp_close_fd(&call->to_fd);
    return 0;
}

/*
 * To the end of the service, which may judge packages or wait for a person:
 * there is no deadline, a signal ends it.
 */
ssize_t
sp_qrexec_call_hear(struct sp_transport *t, void *untrusted, size_t size,
                    struct sp_error *err)
{
    struct call *call = t->data;
    char *next = untrusted, rest[256];
    size_t have = 0;

    if (call->from_fd < 0)
        return 0;
    for (;;) {
        struct pollfd polled = {.fd = call->from_fd, .events = POLLIN};
        ssize_t n = poll(&polled, 1, -1);

        if (n < 0 && errno == EINTR)
            return sp_fail(err, "interrupted", "stopped by a signal");
        n = have < size ? sp_read_some(call->from_fd, next + have, size - have)
                        : sp_read_some(call->from_fd, rest, sizeof(rest));
        if (n < 0)
            return sp_fail_sys(err, errno, "io", "cannot read from '%s'",
                               t->shown);
        if (n == 0)
            break;
        have += have < size ? (size_t)n : 0;
    }
    sp_close_fd(&call->from_fd);
    return (ssize_t)have;
}

int
sp_qrexec_call_ending(struct sp_transport *t, struct sp_error *err)
{
    struct call *call = t->data;
    struct sp_ending end;

    if (call->process.pid == 0)
        return 0;
    if (sp_process_wait(&call->process, -1, &end, err) < 0)
        return -1;
    switch (end.status) {
    case 0: return 0;
    case QREXEC_FAILED:
        return sp_fail(err, "unreachable", "qrexec cannot reach '%s'",
                       call->target);
    case QREXEC_DENIED:
        return sp_fail(err, "unreachable",
                       "the qrexec policy does not let this qube call '%s' in "
                       "'%s'",
                       call->service, call->target);
    case QREXEC_NO_SERVICE:
        return sp_fail(err, "unreachable", "there is no service '%s' in '%s'",
                       call->service, call->target);
    default: break;
    }
    if (end.signal)
        return sp_fail(err, "peer-gone",
                       "the call of '%s' was ended by signal "
                       "%d",
                       call->service, end.signal);
    return sp_fail(err, "peer-gone", "'%s' in '%s' ended with exit status %d",
                   call->service, call->target, end.status);
}

void
sp_qrexec_call_close(struct sp_transport *t)
{
    struct call *call = t->data;

    if (!call)
        return;
    sp_process_end(&call->process);
    sp_close_fd(&call->to_fd);
    sp_close_fd(&call->from_fd);
    free(call);
    t->data = NULL;
}
