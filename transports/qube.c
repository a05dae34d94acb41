/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * "qube:NAME/ADDRESS": pulls a bundle out of another qube. Its sender is
 * started there through qvm-run; what it writes is the bundle. No foreign
 * disk here, no service that can be called.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/text.h"
#include "transports/carriers.h"
#include "transports/process.h"
#include "transports/qubes.h"

/* The pipe of its complaints: what does not fit between two looks waits. */
enum { COMPLAINT_PIPE_BYTES = 1024 * 1024, PATH_BYTES = 4096 };

/* For the sender to end behind its last byte. */
enum { ENDING_MS = 10000 };

struct pull {
    char program[PATH_BYTES];
    char qube[32];
    char address[1024];
    int bytes_fd, complaint_fd; /* the far ends, until it is started */
    int heard_fd;               /* our end of its complaints */
    char line[256];             /* of them, untrusted */
    size_t line_len;
    bool line_done, line_counts;
    struct sp_process process;
};

/* The address passes a shell over there: nothing in it may mean something. */
static bool
address_ok(const char *address)
{
    static const char set[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUV"
                              "WXYZ0123456789/._:+-";

    return address[0] && address[0] != '-' &&
           address[strspn(address, set)] == '\0';
}

static int
take_address(struct sp_transport *t, struct pull *pull, const char *rest,
             struct sp_error *err)
{
    size_t len = strcspn(rest, "/");
    const char *address = rest[len] ? rest + len + 1 : "";

    if (!sp_qube_name_ok(rest, len))
        return sp_fail(err, "usage", "'%s' does not begin with a qube's name",
                       t->shown);
    if (!address_ok(address) || strlen(address) >= sizeof(pull->address))
        return sp_fail(err, "usage",
                       "'%s': behind the qube stands an address of letters, "
                       "digits and / . _ : + -",
                       t->shown);
    memcpy(pull->qube, rest, len);
    memcpy(pull->address, address, strlen(address) + 1);
    return sp_spawn_find_tool("qvm-run", pull->program, sizeof(pull->program),
                              err);
}

static int
make_pipes(struct sp_transport *t, struct pull *pull, struct sp_error *err)
{
    int bytes[2], complaints[2];

    if (pipe2(bytes, O_CLOEXEC) < 0)
        return sp_fail_sys(err, errno, "internal", "cannot make a pipe");
    t->fd = bytes[0];
    pull->bytes_fd = bytes[1];
    if (pipe2(complaints, O_CLOEXEC) < 0)
        return sp_fail_sys(err, errno, "internal", "cannot make a pipe");
    pull->heard_fd = complaints[0];
    pull->complaint_fd = complaints[1];
    (void)fcntl(pull->heard_fd, F_SETPIPE_SZ, COMPLAINT_PIPE_BYTES);
    if (fcntl(pull->heard_fd, F_SETFL, O_NONBLOCK) < 0)
        return sp_fail_sys(err, errno, "internal", "cannot set a pipe");
    return 0;
}

static int
qube_open(struct sp_transport *t, const struct sp_address *address,
          struct sp_error *err)
{
    struct pull *pull = calloc(1, sizeof(*pull));

    if (!pull)
        return sp_fail(err, "no-memory", "no memory for '%s'", t->shown);
    pull->bytes_fd = pull->complaint_fd = pull->heard_fd = -1;
    t->data = pull;
    if (take_address(t, pull, address->rest, err) < 0)
        return -1;
    return make_pipes(t, pull, err);
}

static int
qube_start(struct sp_transport *t, struct sp_error *err)
{
    static const char *const envp[] = {"PATH=/usr/bin:/bin", "LC_ALL=C", NULL};
    struct pull *pull = t->data;
    const char *const argv[] = {
        "qvm-run",           "--pass-io", "--no-gui",    pull->qube, "--",
        "sallyport-builder", "send",      pull->address, "-",        NULL};
    const struct sp_spawn plan = {
        .path = pull->program,
        .argv = argv,
        .envp = envp,
        .fds = {-1, pull->bytes_fd, pull->complaint_fd},
        .n_fds = 3,
        .dirfd = -1,
    };

    if (sp_process_start(&pull->process, &plan, err) < 0)
        return -1;
    sp_close_fd(&pull->bytes_fd);
    sp_close_fd(&pull->complaint_fd);
    return 0;
}

static ssize_t
qube_read(struct sp_transport *t, void *buf, size_t len, struct sp_error *err)
{
    ssize_t n = sp_read_some(t->fd, buf, len);

    if (n < 0)
        return sp_fail_sys(err, errno, "io", "cannot read from '%s'", t->shown);
    return n;
}

/*
 * Keeps one line, the start of it: the one in which the sender says what
 * happened, or else the last one. All else is dropped.
 */
static void
keep(struct pull *pull, char untrusted)
{
    static const char sender[] = "sallyport-builder send: ";

    if (pull->line_counts)
        return;
    if (untrusted == '\n') {
        pull->line_done = true;
        pull->line_counts = pull->line_len >= sizeof(sender) &&
                            memcmp(pull->line, sender, sizeof(sender) - 1) == 0;
        return;
    }
    if (pull->line_done)
        pull->line_len = 0;
    pull->line_done = false;
    if (pull->line_len < sizeof(pull->line))
        pull->line[pull->line_len++] = untrusted;
}

/* So that a sender that complains much does not wait for us. */
static void
qube_tend(struct sp_transport *t)
{
    struct pull *pull = t->data;
    char untrusted[4096];
    ssize_t n;

    for (unsigned i = 0; i < COMPLAINT_PIPE_BYTES / sizeof(untrusted); i++) {
        n = sp_read_some(pull->heard_fd, untrusted, sizeof(untrusted));
        if (n <= 0)
            return;
        for (ssize_t k = 0; k < n; k++)
            keep(pull, untrusted[k]);
    }
}

static int
qube_ending(struct sp_transport *t, struct sp_error *err)
{
    struct pull *pull = t->data;
    struct sp_ending end;
    char shown[SP_SHOWN_MAX];

    if (pull->process.pid == 0)
        return 0;
    if (sp_process_wait(&pull->process, ENDING_MS, &end, err) < 0)
        return -1;
    if (!end.ended)
        return sp_fail(err, "peer-gone", "the sender in '%s' does not end",
                       pull->qube);
    if (end.status == 0)
        return 0;
    qube_tend(t);
    sp_text_show_bytes(shown, sizeof(shown), pull->line, pull->line_len);
    return sp_fail(err, "peer-gone", "the sender in '%s' failed: %s",
                   pull->qube, shown[0] ? shown : "it did not say why");
}

static void
qube_close(struct sp_transport *t)
{
    struct pull *pull = t->data;

    sp_close_fd(&t->fd);
    if (!pull)
        return;
    sp_process_end(&pull->process);
    sp_close_fd(&pull->bytes_fd);
    sp_close_fd(&pull->complaint_fd);
    sp_close_fd(&pull->heard_fd);
    free(pull);
    t->data = NULL;
}

const struct sp_transport_ops sp_carrier_qube = {
    .scheme = "qube",
    .summary = "Qubes OS: 'qube:NAME/ADDRESS' runs the sender in that qube",
    .caps = SP_CAP_READ | SP_CAP_PLAIN_FD | SP_CAP_KNOWN_END,
    .open = qube_open,
    .start = qube_start,
    .tend = qube_tend,
    .read = qube_read,
    .ending = qube_ending,
    .close = qube_close,
};
