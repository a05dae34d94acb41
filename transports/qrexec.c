/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qrexec of Qubes OS. Read side ("qrexec:"): this program is the service and
 * its standard streams are the call. Write side ("qrexec:QUBE[/SERVICE]"):
 * this program calls one, qrexec-call.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/reply.h"
#include "base/text.h"
#include "transports/carriers.h"
#include "transports/qrexec-call.h"

/* For the answer to leave, and for what still comes behind it. */
enum { ANSWER_MS = 5000, DRAIN_MS = 1000 };

struct service {
    int answer_fd;
};

/*
 * The caller reads nothing but the answer: whatever this program prints from
 * here on goes to the log of the service.
 */
static int
take_stdout(struct service *service, struct sp_error *err)
{
    service->answer_fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
    if (service->answer_fd < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
        return sp_fail_sys(err, errno, "io", "cannot use standard output");
    return 0;
}

static int
open_service(struct sp_transport *t, struct sp_error *err)
{
    const char *untrusted_peer = secure_getenv("QREXEC_REMOTE_DOMAIN");
    struct service *service;

    if (!untrusted_peer)
        return sp_fail(err, "usage",
                       "this is no call of a qrexec service: there is no "
                       "QREXEC_REMOTE_DOMAIN");
    if (isatty(STDIN_FILENO) || isatty(STDOUT_FILENO))
        return sp_fail(err, "usage", "a terminal is no qrexec call");
    service = calloc(1, sizeof(*service));
    if (!service)
        return sp_fail(err, "no-memory", "no memory for '%s'", t->shown);
    service->answer_fd = -1;
    t->data = service;
    sp_text_show(t->peer, sizeof(t->peer), untrusted_peer);
    t->fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
    if (t->fd < 0)
        return sp_fail_sys(err, errno, "io", "cannot use standard input");
    return take_stdout(service, err);
}

static int
qrexec_open(struct sp_transport *t, const struct sp_address *address,
            struct sp_error *err)
{
    if (t->direction == SP_DIR_WRITE)
        return sp_qrexec_call_open(t, address->rest, err);
    if (address->rest[0])
        return sp_fail(err, "usage",
                       "'%s': a service takes what comes, it is 'qrexec:' "
                       "alone",
                       t->shown);
    return open_service(t, err);
}

static ssize_t
qrexec_read(struct sp_transport *t, void *buf, size_t len, struct sp_error *err)
{
    ssize_t n = sp_read_some(t->fd, buf, len);

    if (n < 0)
        return sp_fail_sys(err, errno, "io", "cannot read the qrexec call");
    return n;
}

static int
qrexec_finish(struct sp_transport *t, struct sp_error *err)
{
    (void)err;
    return t->direction == SP_DIR_WRITE ? sp_qrexec_call_finish(t) : 0;
}

/* Milliseconds until a deadline, 0 when it is over. */
static int
left_until(uint64_t deadline)
{
    uint64_t now = sp_clock_ms();

    return now < deadline ? (int)(deadline - now) : 0;
}

/* A short write into a pipe that poll calls writable does not block. */
static int
put(int fd, const char *bytes, size_t len, struct sp_error *err)
{
    const uint64_t deadline = sp_clock_ms() + ANSWER_MS;

    while (len > 0) {
        struct pollfd polled = {.fd = fd, .events = POLLOUT};
        ssize_t n = poll(&polled, 1, left_until(deadline));

        if (n == 0)
            return sp_fail(err, "idle", "nobody takes the answer");
        if (n > 0) {
            n = send(fd, bytes, len, MSG_DONTWAIT | MSG_NOSIGNAL);
            if (n < 0 && errno == ENOTSOCK)
                n = write(fd, bytes, len);
        }
        if (n < 0 && errno != EINTR && errno != EAGAIN)
            return sp_fail_sys(err, errno, "peer-gone",
                               "cannot send the answer");
        if (n > 0) {
            bytes += n;
            len -= (size_t)n;
        }
    }
    return 0;
}

/*
 * A sender that is in the middle of a write reads its answer only behind it.
 * What comes is dropped unseen, for a short time.
 */
static void
drain(void)
{
    const uint64_t deadline = sp_clock_ms() + DRAIN_MS;
    char untrusted_rest[4096];
    struct pollfd polled = {.fd = STDIN_FILENO, .events = POLLIN};

    while (left_until(deadline) > 0 &&
           poll(&polled, 1, left_until(deadline)) > 0)
        if (read(STDIN_FILENO, untrusted_rest, sizeof(untrusted_rest)) <= 0)
            return;
}

static int
qrexec_answer_bytes(struct sp_transport *t, const void *bytes, size_t len,
                    struct sp_error *err)
{
    struct service *service = t->data;
    int result = put(service->answer_fd, bytes, len, err);

    /* On a socket the number of open descriptors does not matter. */
    (void)shutdown(service->answer_fd, SHUT_WR);
    sp_close_fd(&service->answer_fd);
    drain();
    return result;
}

static int
qrexec_answer(struct sp_transport *t, enum sp_code code, const char *detail,
              struct sp_error *err)
{
    char line[SP_REPLY_MAX + 1];
    size_t len = sp_reply_print(line, code, detail);

    return qrexec_answer_bytes(t, line, len, err);
}

static ssize_t
qrexec_hear(struct sp_transport *t, void *untrusted, size_t size,
            struct sp_error *err)
{
    return t->direction == SP_DIR_WRITE
               ? sp_qrexec_call_hear(t, untrusted, size, err)
               : 0;
}

static int
qrexec_ending(struct sp_transport *t, struct sp_error *err)
{
    return t->direction == SP_DIR_WRITE ? sp_qrexec_call_ending(t, err) : 0;
}

static void
qrexec_close(struct sp_transport *t)
{
    struct service *service = t->data;

    if (t->direction == SP_DIR_WRITE) {
        sp_qrexec_call_close(t);
        return;
    }
    sp_close_fd(&t->fd);
    if (service)
        sp_close_fd(&service->answer_fd);
    free(service);
    t->data = NULL;
}

const struct sp_transport_ops sp_carrier_qrexec = {
    .scheme = "qrexec",
    .summary = "Qubes OS: be a service, or call 'qrexec:QUBE[/SERVICE]'",
    .caps = SP_CAP_READ | SP_CAP_WRITE | SP_CAP_DUPLEX | SP_CAP_PLAIN_FD |
            SP_CAP_KNOWN_END | SP_CAP_SERVICE,
    .open = qrexec_open,
    .read = qrexec_read,
    .write = sp_qrexec_call_write,
    .finish = qrexec_finish,
    .answer = qrexec_answer,
    .answer_bytes = qrexec_answer_bytes,
    .hear = qrexec_hear,
    .ending = qrexec_ending,
    .close = qrexec_close,
};
