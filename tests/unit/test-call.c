/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Calling another qube: the program that does it is a script, and each call
 * to the system fails when the test says so.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/path.h"
#include "base/spawn.h"
#include "tests/unit/memory.h"
#include "tests/unit/tap.h"
#include "transports/transport.h"

static char top[] = "/tmp/sp-call.XXXXXX";
static struct sp_error err;

static void
fault(const char *call, unsigned n, int sys)
{
    calls_fail(call, n);
    calls_errno = sys;
}

int
pipe2(int ends[2], int flags)
{
    CALLS_TRUE(int, "pipe2", int *, int);

    return calls_hit("pipe2") ? -1 : call(ends, flags);
}

int
fcntl(int fd, int what, ...)
{
    va_list args;
    long value;
    CALLS_TRUE(int, "fcntl64", int, int, long);

    va_start(args, what);
    value = va_arg(args, long);
    va_end(args);
    return what == F_SETFL && calls_hit("fcntl") ? -1 : call(fd, what, value);
}

int
poll(struct pollfd *fds, nfds_t n, int ms)
{
    CALLS_TRUE(int, "poll", struct pollfd *, nfds_t, int);

    return calls_hit("poll") ? -1 : call(fds, n, ms);
}

ssize_t
write(int fd, const void *bytes, size_t size)
{
    CALLS_TRUE(ssize_t, "write", int, const void *, size_t);

    return calls_hit("write") ? -1 : call(fd, bytes, size);
}

ssize_t
read(int fd, void *bytes, size_t size)
{
    CALLS_TRUE(ssize_t, "read", int, void *, size_t);

    return calls_hit("read") ? -1 : call(fd, bytes, size);
}

/* ---- one call ---------------------------------------------------------- */

static struct sp_transport t;
static char answer[64];

static void
script(const char *text)
{
    char path[64];
    SP_AUTO_FD fd = -1;

    (void)snprintf(path, sizeof(path), "%s/qrexec-client-vm", top);
    (void)unlink(path);
    fault(NULL, 0, 0);
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0700);
    if (fd < 0 || sp_write_full(fd, "#!/bin/sh\n", 10) < 0 ||
        sp_write_full(fd, text, strlen(text)) < 0)
        printf("Bail out! '%s'\n", path);
}

static int
begin(void)
{
    memset(&err, 0, sizeof(err));
    memset(answer, 0, sizeof(answer));
    return sp_transport_open_write(&t, "qrexec:dom0/my.Service+x", NULL, &err);
}

/* All of it: *ret_len is what was heard. */
static int
call_with(const char *bytes, size_t len, ssize_t *ret_len)
{
    if (begin() < 0 || sp_transport_write(&t, bytes, len, &err) < 0 ||
        sp_transport_finish(&t, &err) < 0)
        return -1;
    *ret_len = sp_transport_hear(&t, answer, 16, &err);
    if (*ret_len < 0)
        return -1;
    return sp_transport_ending(&t, &err);
}

static void
refused(const char *word, const char *part, const char *what)
{
    ssize_t len = 0;
    int status = call_with("abc", 3, &len);

    tap_ok(status < 0 && strcmp(err.detail, word) == 0 && strstr(err.msg, part),
           "%s: '%s' %s", what, err.detail, err.msg);
    sp_transport_close(&t);
    sp_transport_close(&t);
}

static void
test_addresses(void)
{
    static const char *const bad[] = {
        "qrexec:",         "qrexec:/x",       "qrexec:-a/x",
        "qrexec:a b/x",    "qrexec:dom0/",    "qrexec:dom0/-x",
        "qrexec:dom0/a b", "qrexec:dom0/a/b", "qrexec:dom0/\xc3\xa9",
        "qrexec:dom0/x*",
    };
    char path[200] = "qrexec:dom0/";

    script("exit 0");
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        tap_ok(sp_transport_open_write(&t, bad[i], NULL, &err) < 0 &&
                   strcmp(err.detail, "usage") == 0,
               "'%s': %s", bad[i], err.msg);
        sp_transport_close(&t);
    }
    memset(path + 12, 'x', 128);
    tap_ok(sp_transport_open_write(&t, path, NULL, &err) < 0 &&
               strcmp(err.detail, "usage") == 0,
           "a service of 128 letters");
    sp_transport_close(&t);
    path[12 + 127] = '\0';
    tap_ok(sp_transport_open_write(&t, path, NULL, &err) == 0, "one of 127: %s",
           err.msg);
    sp_transport_close(&t);
    memory_end_at(1);
    tap_ok(begin() < 0 && strcmp(err.detail, "no-memory") == 0, "no memory");
    sp_transport_close(&t);
    memory_end_at(0);
    sp_spawn_tool_path("relative:/nonexistent");
    tap_ok(begin() < 0 && strcmp(err.detail, "not-found") == 0, "no program");
    sp_transport_close(&t);
    sp_spawn_tool_path(top);
}

static void
test_good(void)
{
    static char large[300 * 1024];
    ssize_t len = 0;

    script("read -r line; echo \"$1 $2\"; printf %s \"$line\"");
    tap_ok(call_with("abc\n", 4, &len) == 0, "a call: %s", err.msg);
    answer[len < 0 ? 0 : len] = '\0';
    tap_is_str(answer, "dom0 my.Service+", "as much as there is room for");
    sp_transport_close(&t);
    script("wc -c");
    tap_ok(call_with(large, sizeof(large), &len) == 0, "a large one: %s",
           err.msg);
    tap_ok(strncmp(answer, "307200\n", 7) == 0, "all of it arrives");
    sp_transport_close(&t);
    tap_ok(begin() == 0 && sp_transport_finish(&t, &err) == 0 &&
               sp_transport_hear(&t, answer, 16, &err) == 0 &&
               sp_transport_ending(&t, &err) == 0,
           "nothing was written: nobody is called");
    sp_transport_close(&t);
    script("wc -c");
    fault("write", 2, EAGAIN);
    tap_ok(call_with(large, sizeof(large), &len) == 0 && calls_left == 0,
           "it waits for room: %s", err.msg);
    tap_ok(strncmp(answer, "307200\n", 7) == 0, "and all of it arrives");
    sp_transport_close(&t);
    fault("poll", 2, EIO);
    tap_ok(call_with("abc", 3, &len) == 0 && calls_left == 0,
           "it reads what it cannot wait for: %s", err.msg);
    sp_transport_close(&t);
    fault("write", 1, EINTR);
    tap_ok(call_with("abc", 3, &len) == 0 && calls_left == 0,
           "it writes once more: %s", err.msg);
    sp_transport_close(&t);
}

static void
test_endings(void)
{
    script("cat >/dev/null; exit 125");
    refused("unreachable", "cannot reach 'dom0'", "125");
    script("cat >/dev/null; exit 126");
    refused("unreachable", "policy does not let", "126");
    script("cat >/dev/null; exit 127");
    refused("unreachable", "no service 'my.Service+x'", "127");
    script("cat >/dev/null; exit 3");
    refused("peer-gone", "exit status 3", "another");
    script("cat >/dev/null; kill -KILL $$");
    refused("peer-gone", "ended by signal 9", "a signal");
    script("exec <&-; exec sleep 60");
    tap_ok(begin() == 0, "begun");
    {
        static char large[300 * 1024];

        tap_ok(sp_transport_write(&t, large, sizeof(large), &err) < 0 &&
                   strcmp(err.detail, "peer-gone") == 0,
               "who does not read: %s", err.msg);
    }
    sp_transport_close(&t);
    script("echo no; exec sleep 0.3");
    tap_ok(begin() == 0 && sp_transport_write(&t, "a", 1, &err) <= 0, "begun");
    while (sp_transport_write(&t, "abc", 3, &err) == 0)
        ;
    tap_ok(strcmp(err.detail, "peer-gone") == 0 ||
               strcmp(err.detail, "io") == 0,
           "an answer before the end: %s", err.msg);
    tap_ok(sp_transport_hear(&t, answer, 16, &err) == 3 &&
               strncmp(answer, "no\n", 3) == 0,
           "which can be heard");
    sp_transport_close(&t);
}

static void
test_faults(void)
{
    static const struct {
        const char *call;
        unsigned n;
        int sys;
        const char *word;
    } cases[] = {
        {"pipe2", 1, EMFILE, "internal"},  {"pipe2", 2, EMFILE, "internal"},
        {"fcntl", 1, EIO, "internal"},     {"poll", 1, EINTR, "interrupted"},
        {"poll", 1, EIO, "internal"},      {"poll", 2, EINTR, "interrupted"},
        {"poll", 3, EINTR, "interrupted"}, {"read", 2, EIO, "io"},
        {"write", 1, EPIPE, "peer-gone"},  {"write", 1, EIO, "io"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        script("cat >/dev/null; exit 0");
        fault(cases[i].call, cases[i].n, cases[i].sys);
        refused(cases[i].word, "", cases[i].call);
        tap_is_u64(calls_left, 0, "it was asked");
    }
}

int
main(void)
{
    SP_AUTO_FD tmp = -1;

    (void)signal(SIGPIPE, SIG_IGN);
    if (!mkdtemp(top))
        return 1;
    sp_spawn_tool_path(top);
    test_addresses();
    test_good();
    test_endings();
    test_faults();
    fault(NULL, 0, 0);
    tmp = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    (void)sp_path_remove_tree(tmp, strrchr(top, '/') + 1, NULL);
    return tap_done();
}
