/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ingest/update-vm.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/lines.h"
#include "base/spawn.h"
#include "base/text.h"
#include "ingest/engine.h"
#include "transports/process.h"

enum {
    PATH_BYTES = 4096,
    HEARD_MAX = 1024 * 1024, /* of its output; the rest is dropped */
    TICK_MS = 250,
    ENDING_MS = 2000,
    TOOL_SECONDS = 60,
    FIXED_WORDS = 10,
    COMMAND_WORDS = 16,
};

static const char *const tool_env[] = {"PATH=/usr/bin:/bin", "LC_ALL=C", NULL};

/* One stream of the command, cut into lines. */
struct stream {
    int fd;
    bool is_err;
    size_t len;
    char line[512]; /* untrusted; what is longer is cut */
};

struct hearing {
    const struct sp_vm_call *call;
    struct sp_vm_end *end;
    struct stream streams[2];
    size_t heard;
};

/* ---- what it says ---- */

/*
 * What is decided on this side alone, and what one is told about it is how to
 * give way: no other qube may make us say that.
 */
static bool
is_ours(const char *word)
{
    static const char *const ours[] = {"name-not-wanted", "downgrade", "clock",
                                       "boot-not-mounted", "xen-upgrade"};

    for (size_t i = 0; i < sizeof(ours) / sizeof(*ours); i++)
        if (strcmp(ours[i], word) == 0)
            return true;
    return false;
}

/*
 * Our builder ends its complaint with "(CLASS, WORD)": a word of the table
 * says more than an exit status. Only for messages and the exit status here.
 */
static void
take_fault(struct sp_vm_end *end, const char *shown)
{
    static const char builder[] = "sallyport-builder ";
    const char *open = strrchr(shown, '(');
    const char *colon = strstr(shown, ": ");
    const char *comma = open ? strstr(open, ", ") : NULL;
    char word[SP_DETAIL_MAX];
    size_t len = comma ? strcspn(comma + 2, ")") : 0;

    if (!comma || len == 0 || len >= sizeof(word) || comma[2 + len] != ')')
        return;
    memcpy(word, comma + 2, len);
    word[len] = '\0';
    if (colon && colon < open &&
        strncmp(shown, builder, sizeof(builder) - 1) == 0)
        shown = colon + 2;
    if (sp_reason_find(word) && !is_ours(word))
        (void)sp_fail(&end->fault, word, "%.*s", (int)(open - shown - 1),
                      shown);
}

/* "PHASE: 45 %, ..." */
static void
take_percent(const struct hearing *h, const char *shown)
{
    const char *sign = strstr(shown, " %");
    const char *digits = sign;
    uint64_t percent;

    while (digits && digits > shown && digits[-1] >= '0' && digits[-1] <= '9')
        digits--;
    if (sign && sp_text_u64_len(digits, (size_t)(sign - digits), 100, &percent))
        h->call->hooks->percent(h->call->hooks->data,
                                (unsigned)(10 + percent / 2));
}

static void
end_line(struct hearing *h, struct stream *s)
{
    char shown[sizeof(s->line) * 4];

    sp_text_show_bytes(shown, sizeof(shown), s->line, s->len);
    s->len = 0;
    if (s->is_err && shown[0]) {
        (void)snprintf(h->end->last, sizeof(h->end->last), "%.159s", shown);
        take_fault(h->end, shown);
        take_percent(h, shown);
    }
    if (!h->call->quiet)
        h->call->hooks->said(h->call->hooks->data, s->is_err, shown);
}

/* A carriage return ends a line too: progress that is drawn over. */
static void
hear(struct hearing *h, struct stream *s, const char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (bytes[i] == '\n' || (bytes[i] == '\r' && s->len > 0))
            end_line(h, s);
        else if (bytes[i] != '\r' && s->len < sizeof(s->line))
            s->line[s->len++] = bytes[i];
    }
}

static void
drain(struct hearing *h, struct stream *s)
{
    char bytes[4096];
    ssize_t n = sp_read_some(s->fd, bytes, sizeof(bytes));

    if (n < 0 && errno == EAGAIN)
        return;
    if (n < 0)
        h->call->hooks->note(h->call->hooks->data,
                             "what the update qube says cannot be read");
    if (n <= 0) {
        if (s->len > 0)
            end_line(h, s);
        sp_close_fd(&s->fd);
        return;
    }
    if (h->heard + (size_t)n > HEARD_MAX) {
        if (h->heard <= HEARD_MAX)
            h->call->hooks->note(h->call->hooks->data,
                                 "the update qube prints too much; the rest "
                                 "is not shown");
        h->heard = HEARD_MAX + 1;
        return;
    }
    h->heard += (size_t)n;
    hear(h, s, bytes, (size_t)n);
}

/* ---- running it ---- */

static int
listen_on(struct hearing *h, struct sp_error *err)
{
    while (h->streams[0].fd >= 0 || h->streams[1].fd >= 0) {
        struct pollfd polled[2] = {
            {.fd = h->streams[0].fd, .events = POLLIN},
            {.fd = h->streams[1].fd, .events = POLLIN},
        };
        int n = poll(polled, 2, TICK_MS);

        if (*sp_engine_stop_flag())
            return sp_fail(err, "interrupted", "interrupted by a signal");
        if (n < 0 && errno != EINTR)
            return sp_fail_sys(err, errno, "internal", "cannot poll");
        for (int i = 0; n > 0 && i < 2; i++)
            if (polled[i].revents)
                drain(h, &h->streams[i]);
        if (h->call->tend && h->call->tend(h->call->tend_data, err) < 0)
            return -1;
        if (sp_clock_ms() > h->call->deadline)
            return sp_fail(err, "idle", "'%s' does not come to an end",
                           h->call->qube);
    }
    return 0;
}

static int
make_stream(struct stream *s, int *ret_far, struct sp_error *err)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) < 0)
        return sp_fail_sys(err, errno, "internal", "cannot make a pipe");
    s->fd = ends[0];
    *ret_far = ends[1];
    if (fcntl(s->fd, F_SETFL, O_NONBLOCK) < 0)
        return sp_fail_sys(err, errno, "internal", "cannot set a pipe");
    return 0;
}

static void
make_argv(const struct sp_vm_call *call,
          const char *argv[FIXED_WORDS + COMMAND_WORDS])
{
    size_t n = 0;

    argv[n++] = "qvm-run";
    argv[n++] = "--pass-io";
    argv[n++] = "--no-gui";
    if (call->no_start)
        argv[n++] = "--no-autostart";
    if (call->user) {
        argv[n++] = "-u";
        argv[n++] = call->user;
    }
    argv[n++] = call->qube;
    argv[n++] = "--";
    for (size_t i = 0; call->command[i]; i++) {
        if (i + 1 == COMMAND_WORDS)
            SP_BUG("a command with too many words");
        argv[n++] = call->command[i];
    }
    argv[n] = NULL;
}

static int
start(struct hearing *h, struct sp_process *process, struct sp_error *err)
{
    const char *argv[FIXED_WORDS + COMMAND_WORDS];
    SP_AUTO_FD out = -1;
    SP_AUTO_FD complaints = -1;
    char path[PATH_BYTES];
    struct sp_spawn plan = {
        .path = path, .argv = argv, .envp = tool_env, .n_fds = 3, .dirfd = -1};

    make_argv(h->call, argv);
    if (sp_spawn_find_tool("qvm-run", path, sizeof(path), err) < 0 ||
        make_stream(&h->streams[0], &out, err) < 0 ||
        make_stream(&h->streams[1], &complaints, err) < 0)
        return -1;
    plan.fds[0] = h->call->in_fd;
    plan.fds[1] = out;
    plan.fds[2] = complaints;
    return sp_process_start(process, &plan, err);
}

static int
finish(struct sp_process *process, const struct sp_vm_call *call,
       struct sp_vm_end *ret, struct sp_error *err)
{
    struct sp_ending end;

    if (sp_process_wait(process, ENDING_MS, &end, err) < 0)
        return -1;
    if (!end.ended)
        return sp_fail(err, "idle", "the call to '%s' does not end",
                       call->qube);
    ret->status = end.status >= 0 ? end.status : 128 + end.signal;
    return 0;
}

int
sp_vm_run(const struct sp_vm_call *call, struct sp_vm_end *ret,
          struct sp_error *err)
{
    struct hearing h = {
        .call = call, .end = ret, .streams = {{.fd = -1}, {.fd = -1}}};
    struct sp_process process = {0};
    int status;

    memset(ret, 0, sizeof(*ret));
    h.streams[1].is_err = true;
    status = start(&h, &process, err);
    if (status == 0)
        status = listen_on(&h, err);
    if (status == 0)
        status = finish(&process, call, ret, err);
    sp_process_end(&process);
    sp_close_fd(&h.streams[0].fd);
    sp_close_fd(&h.streams[1].fd);
    return status;
}

void
sp_vm_quote(struct sp_text *line, const char *word)
{
    sp_text_add(line, "'");
    for (const char *p = word; *p; p++)
        if (*p == '\'')
            sp_text_add(line, "'\\''");
        else
            sp_text_add_bytes(line, p, 1);
    sp_text_add(line, "'");
}

int
sp_vm_is_running(const char *qube, struct sp_error *err)
{
    const char *const argv[] = {"qvm-check", "-q", "--running", qube, NULL};
    char path[PATH_BYTES];
    struct sp_spawn plan = {
        .path = path, .argv = argv, .envp = tool_env, .fds = {-1}, .dirfd = -1};

    if (sp_spawn_find_tool("qvm-check", path, sizeof(path), err) < 0)
        return -1;
    return sp_spawn_run(&plan, TOOL_SECONDS, 4096, NULL, NULL, "io", NULL) == 0;
}
