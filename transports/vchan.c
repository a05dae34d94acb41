/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A vchan to another domain of the same Xen machine, through a process of
 * sallyport-vchan: reading serves, writing connects. Its descriptors 0 and 1
 * carry the bytes and the answer, its standard error the reason of a fault.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <string.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/reply.h"
#include "base/text.h"
#include "transports/carriers.h"
#include "transports/process.h"
#include "transports/vchan-peer.h"

enum {
    ENDING_MS = 3 * 1000, /* for the process to clean up behind itself */
    PIPE_BYTES = 1024 * 1024,
};

struct vchan {
    struct sp_vchan_peer peer;
    struct sp_process process;
    bool started;
    int in, out, said; /* our ends of its descriptors 0, 1 and 2 */
    int theirs[3];     /* its ends, until it has them */
};

/* ---- the process ------------------------------------------------------- */

static int
make_pipe(int *ret_read, int *ret_write, struct sp_error *err)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) < 0)
        return sp_fail_sys(err, errno, "internal", "cannot make a pipe");
    /* An ordinary user may be held to less: then it stays what it was. */
    (void)fcntl(ends[1], F_SETPIPE_SZ, PIPE_BYTES);
    *ret_read = ends[0];
    *ret_write = ends[1];
    return 0;
}

static int
vchan_open(struct sp_transport *t, const struct sp_address *address,
           struct sp_error *err)
{
    struct vchan *v = calloc(1, sizeof(*v));

    if (!v)
        return sp_fail(err, "no-memory", "no memory for '%s'", t->shown);
    v->in = v->out = v->said = -1;
    v->theirs[0] = v->theirs[1] = v->theirs[2] = -1;
    t->data = v;
    if (sp_vchan_peer_parse(address->rest, &v->peer, err) < 0 ||
        make_pipe(&v->theirs[0], &v->in, err) < 0 ||
        make_pipe(&v->out, &v->theirs[1], err) < 0 ||
        make_pipe(&v->said, &v->theirs[2], err) < 0)
        return -1;
    if (t->direction == SP_DIR_READ)
        t->fd = sp_steal_fd(&v->out);
    return 0;
}

static int
start_process(struct sp_transport *t, struct sp_error *err)
{
    struct vchan *v = t->data;
    const bool serve = t->direction == SP_DIR_READ;
    char path[4096], domid[8];
    /* Who reads the bytes here has deadlines of its own for them. */
    const char *const argv[] = {
        "sallyport-vchan", serve ? "serve" : "connect", domid, v->peer.name,
        "rate-seconds=0",  serve ? "idle=0" : NULL,     NULL};
    struct sp_spawn plan = {
        .path = path, .argv = argv, .n_fds = 3, .dirfd = -1};

    (void)snprintf(domid, sizeof(domid), "%" PRIu16, v->peer.domid);
    memcpy(plan.fds, v->theirs, sizeof(v->theirs));
    if (sp_spawn_find("sallyport-vchan", path, sizeof(path), err) < 0)
        return sp_fail_prefix(err, "vchans need a build with Xen");
    if (sp_process_start(&v->process, &plan, err) < 0)
        return -1;
    v->started = true;
    for (size_t i = 0; i < 3; i++)
        sp_close_fd(&v->theirs[i]);
    return 0;
}

/*
 * The last line that sallyport-vchan wrote itself: the libraries of Xen write
 * to standard error as well. False: there is none. *said begins behind `intro`.
 */
static bool
find_line(const char **said, size_t *len, const char *intro)
{
    const size_t skip = strlen(intro);
    const char *at = *said, *line_end;
    size_t left = *len;
    bool found = false;

    while ((line_end = memchr(at, '\n', left)) != NULL) {
        const size_t line = (size_t)(line_end - at);

        if (line > skip && memcmp(at, intro, skip) == 0) {
            *said = at + skip;
            *len = line - skip;
            found = true;
        }
        at = line_end + 1;
        left -= line + 1;
    }
    return found;
}

/* What came on its standard error, the last of it; never waits. */
static size_t
read_said(int fd, char *said, size_t size, bool *ret_ended)
{
    size_t len = 0;
    ssize_t n;

    while ((n = sp_read_some(fd, said + len, size - len)) > 0) {
        len += (size_t)n;
        if (len < size)
            continue;
        len = size / 2;
        memmove(said, said + len, len);
    }
    *ret_ended = n == 0;
    return len;
}

/* "WORD: text" becomes the fault. */
static int
repeat_fault(const char *said, size_t len, struct sp_error *err)
{
    const char *colon = memchr(said, ':', len);
    char word[SP_DETAIL_MAX] = "";
    char shown[SP_SHOWN_MAX];

    if (colon && (size_t)(colon - said) < sizeof(word))
        memcpy(word, said, (size_t)(colon - said));
    if (!sp_reason_find(word))
        return sp_fail(err, "protocol", "sallyport-vchan gave no known reason");
    len -= (size_t)(colon + 1 - said);
    sp_text_show_bytes(shown, sizeof(shown), colon + 1, len);
    return sp_fail(err, word, "%s", shown[0] == ' ' ? shown + 1 : shown);
}

/*
 * The reason stands on its standard error before its descriptor 1 ends. It
 * says nothing while all is well; its libraries may.
 */
static int
vchan_ending(struct sp_transport *t, struct sp_error *err)
{
    struct vchan *v = t->data;
    struct sp_ending ending = {.status = -1};
    char buffer[4096];
    const char *said = buffer;
    bool ended;
    size_t len;

    if (!v->started)
        return 0;
    if (t->direction == SP_DIR_WRITE &&
        sp_process_wait(&v->process, ENDING_MS, &ending, err) < 0)
        return -1;
    if (ending.ended && ending.status == 0)
        return 0;
    if (fcntl(v->said, F_SETFL, O_NONBLOCK) < 0)
        return sp_fail_sys(err, errno, "internal", "cannot set up a pipe");
    len = read_said(v->said, buffer, sizeof(buffer), &ended);
    if (find_line(&said, &len, "sallyport-vchan: "))
        return repeat_fault(said, len, err);
    if (!ended)
        return 0;
    return sp_fail(err, "worker-died", "sallyport-vchan ended without a word");
}

/* ---- reading: serve ---------------------------------------------------- */

static ssize_t
vchan_read(struct sp_transport *t, void *buf, size_t len, struct sp_error *err)
{
    const struct vchan *v = t->data;
    ssize_t n;

    if (!v->started && start_process(t, err) < 0)
        return -1;
    n = sp_read_some(t->fd, buf, len);
    if (n < 0)
        return sp_fail_sys(err, errno, "io", "cannot read '%s'", t->shown);
    return n == 0 ? vchan_ending(t, err) : n;
}

static int
vchan_answer(struct sp_transport *t, enum sp_code code, const char *detail,
             struct sp_error *err)
{
    struct vchan *v = t->data;
    struct sp_ending ending;
    char line[SP_REPLY_MAX + 1];
    size_t len = sp_reply_print(line, code, detail);

    if (!v->started)
        return 0;
    if (sp_write_full(v->in, line, len) < 0)
        return sp_fail_sys(err, errno, "peer-gone", "cannot answer '%s'",
                           t->shown);
    sp_close_fd(&v->in);
    return sp_process_wait(&v->process, ENDING_MS, &ending, err);
}

/* ---- writing: connect -------------------------------------------------- */

static int
vchan_write(struct sp_transport *t, const void *buf, size_t len,
            struct sp_error *err)
{
    const struct vchan *v = t->data;

    if (!v->started && start_process(t, err) < 0)
        return -1;
    if (sp_write_patient(v->in, buf, len) == 0)
        return 0;
    if (errno == EINTR)
        return sp_fail(err, "interrupted", "stopped by a signal");
    return sp_fail_sys(err, errno, errno == EPIPE ? "peer-gone" : "io",
                       "'%s' takes no more after %" PRIu64 " bytes", t->shown,
                       t->bytes);
}

static int
vchan_finish(struct sp_transport *t, struct sp_error *err)
{
    struct vchan *v = t->data;

    if (t->direction == SP_DIR_READ)
        return 0;
    if (!v->started && start_process(t, err) < 0)
        return -1;
    sp_close_fd(&v->in);
    return 0;
}

/* It ends by itself: sallyport-vchan has a deadline for the answer. */
static ssize_t
vchan_hear(struct sp_transport *t, void *untrusted, size_t size,
           struct sp_error *err)
{
    const struct vchan *v = t->data;
    struct pollfd polled = {.fd = v->out, .events = POLLIN};
    size_t len = 0;

    while (v->started && len < size) {
        ssize_t n;

        if (poll(&polled, 1, -1) < 0)
            return sp_fail_sys(err, errno, "interrupted", "no answer from '%s'",
                               t->shown);
        n = sp_read_some(v->out, (char *)untrusted + len, size - len);
        if (n < 0)
            return sp_fail_sys(err, errno, "io", "cannot read the answer");
        if (n == 0)
            break;
        len += (size_t)n;
    }
    return (ssize_t)len;
}

/* ---- the end ----------------------------------------------------------- */

/* Asked to end before its input does, or it would take that for the end. */
static void
vchan_close(struct sp_transport *t)
{
    struct vchan *v = t->data;
    struct sp_ending ending;

    sp_close_fd(&t->fd);
    if (!v)
        return;
    if (v->process.pid > 0) {
        (void)kill(v->process.pid, SIGTERM);
        (void)sp_process_wait(&v->process, ENDING_MS, &ending, NULL);
        sp_process_end(&v->process);
    }
    sp_close_fd(&v->in);
    sp_close_fd(&v->out);
    sp_close_fd(&v->said);
    for (size_t i = 0; i < 3; i++)
        sp_close_fd(&v->theirs[i]);
    free(v);
    t->data = NULL;
}

const struct sp_transport_ops sp_carrier_vchan = {
    .scheme = "vchan",
    .summary = "another domain of this Xen machine ('vchan:DOMID[/NAME]')",
    .caps = SP_CAP_READ | SP_CAP_WRITE | SP_CAP_DUPLEX | SP_CAP_PLAIN_FD |
            SP_CAP_KNOWN_END,
    .open = vchan_open,
    .start = start_process,
    .read = vchan_read,
    .write = vchan_write,
    .finish = vchan_finish,
    .ending = vchan_ending,
    .answer = vchan_answer,
    .hear = vchan_hear,
    .close = vchan_close,
};
