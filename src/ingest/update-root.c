/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ingest/update-root.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/spawn.h"

enum { PATH_BYTES = 4096, NOT_STARTED = 127 };

/* What the stock command locks; the directory is there on Qubes OS alone. */
#define STOCK_LOCK_DIR "/run/qubes"
#define STOCK_LOCK "qubes-dom0-update.lock"

static const char order[] = "dnf";

/* ---- running dnf ---- */

/*
 * dnf ACTION --refresh OPTIONS PACKAGES. Without --refresh dnf takes what it
 * read of the generation before as new for the rest of that second, even where
 * the repository says that it expires at once.
 */
static const char **
make_argv(const struct sp_update *u)
{
    size_t n = 3;
    const char **argv =
        calloc(u->dnf_options.n + u->packages.n + 4, sizeof(*argv));

    if (!argv)
        return NULL;
    argv[0] = "dnf";
    argv[1] = u->dnf_action;
    argv[2] = "--refresh";
    for (size_t i = 0; i < u->dnf_options.n; i++)
        argv[n++] = u->dnf_options.word[i];
    for (size_t i = 0; i < u->packages.n; i++)
        argv[n++] = u->packages.word[i];
    return argv;
}

/* Does not return; why it could not be started goes to `report`. */
static void
become_dnf(const char *path, const char *const *argv, bool silent, int report)
{
    static const char *const envp[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin",
                                       "HOME=/root", "LANG=C.UTF-8", NULL};
    static const int asked[] = {SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGPIPE};
    int null, why;

    for (size_t i = 0; i < sizeof(asked) / sizeof(*asked); i++)
        (void)signal(asked[i], SIG_DFL);
    null = silent ? open("/dev/null", O_RDWR | O_CLOEXEC) : -1;
    if (null >= 0)
        (void)dup2(null, STDOUT_FILENO);
    (void)close_range(3, ~0u, CLOSE_RANGE_CLOEXEC);
    /* execve takes pointers to non-const and does not write through them. */
    (void)execve(path, (char *const *)(uintptr_t)argv,
                 (char *const *)(uintptr_t)envp);
    why = errno;
    _exit(sp_write_full(report, &why, sizeof(why)) < 0 ? NOT_STARTED + 1
                                                       : NOT_STARTED);
}

/*
 * In our own process group: on a terminal dnf asks, and Ctrl-C reaches it;
 * what it does about that is its own matter, it knows what it is in the
 * middle of.
 */
static void
run_dnf(const char *path, const char *const *argv, bool silent,
        struct sp_dnf_end *ret)
{
    int status = 0;
    int ends[2] = {-1, -1};
    pid_t pid = pipe2(ends, O_CLOEXEC) < 0 ? -1 : fork();
    SP_AUTO_FD reader = ends[0];
    SP_AUTO_FD writer = ends[1];

    *ret = (struct sp_dnf_end){.status = NOT_STARTED, .more = -1};
    if (pid < 0) {
        ret->start_errno = errno;
        return;
    }
    if (pid == 0)
        become_dnf(path, argv, silent, writer);
    sp_close_fd(&writer);
    if (sp_read_full(reader, &ret->start_errno, sizeof(ret->start_errno)) !=
        (ssize_t)sizeof(ret->start_errno))
        ret->start_errno = 0;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR) {
            ret->lost_errno = errno;
            return;
        }
    ret->status =
        WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Asked only where the answer says that this machine is up to date. */
static bool
wants_more(const struct sp_update *u, const struct sp_dnf_end *end)
{
    return end->status == 0 && u->kind == SP_UPDATE_FETCH &&
           u->packages.n == 0 && !u->download_only;
}

static void
serve_order(const struct sp_update *u, struct sp_dnf_end *ret)
{
    static const char *const check[] = {"dnf", "check-update", "--refresh",
                                        "-q", NULL};
    SP_AUTO_FREE const char **argv = make_argv(u);
    struct sp_dnf_end checked;
    char path[PATH_BYTES];

    *ret = (struct sp_dnf_end){.status = NOT_STARTED, .more = -1};
    if (!argv || sp_spawn_find_tool("dnf", path, sizeof(path), NULL) < 0) {
        ret->start_errno = argv ? ENOENT : ENOMEM;
        return;
    }
    run_dnf(path, argv, false, ret);
    if (!wants_more(u, ret))
        return;
    run_dnf(path, check, true, &checked);
    ret->more = checked.status;
}

static void
serve(const struct sp_update *u, int channel)
{
    char heard[sizeof(order)];
    struct sp_dnf_end end;

    for (;;) {
        ssize_t n = recv(channel, heard, sizeof(heard), 0);

        if (n < 0 && errno == EINTR)
            continue;
        if (n != (ssize_t)sizeof(order) ||
            memcmp(heard, order, sizeof(order)) != 0)
            return;
        serve_order(u, &end);
        if (send(channel, &end, sizeof(end), MSG_NOSIGNAL) < 0)
            return;
    }
}

/* ---- both sides ---- */

static void
hold_signals(void)
{
    static const int held[] = {SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGPIPE};

    for (size_t i = 0; i < sizeof(held) / sizeof(*held); i++)
        (void)signal(held[i], SIG_IGN);
}

/* The child, and whatever dnf left behind that has ended. */
static int
wait_for(pid_t pid, struct sp_error *err)
{
    int status;

    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR) {
            (void)sp_fail_sys(err, errno, "internal",
                              "cannot learn how the round ended");
            return SP_E_INTERNAL;
        }
    while (waitpid(-1, NULL, WNOHANG) > 0)
        ;
    if (WIFEXITED(status))
        return WEXITSTATUS(status);
    (void)sp_fail(err, "internal", "the round was ended by signal %d (%s)",
                  WTERMSIG(status), strsignal(WTERMSIG(status)));
    return SP_E_INTERNAL;
}

int
sp_update_split(const struct sp_update *update, int *ret_root, int *ret_status,
                struct sp_error *err)
{
    int ends[2];
    pid_t pid;

    /* One that is ignored, and inherited, would hide how dnf ended. */
    (void)signal(SIGCHLD, SIG_DFL);
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        return sp_fail_sys(err, errno, "internal", "cannot make a channel");
    SP_AUTO_FD ours = ends[0];
    SP_AUTO_FD theirs = ends[1];
    pid = fork();
    if (pid < 0)
        return sp_fail_sys(err, errno, "internal", "cannot fork");
    if (pid == 0) {
        *ret_root = sp_steal_fd(&theirs);
        return 1;
    }
    hold_signals();
    (void)prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    sp_close_fd(&theirs);
    serve(update, ours);
    sp_close_fd(&ours);
    *ret_status = wait_for(pid, err);
    return 0;
}

/* It is waited for whatever happens: nobody may leave while dnf works. */
int
sp_update_dnf(int root, struct sp_dnf_end *ret, struct sp_error *err)
{
    ssize_t n;

    if (send(root, order, sizeof(order), MSG_NOSIGNAL) < 0)
        return sp_fail_sys(err, errno, "internal", "cannot have dnf run");
    do
        n = recv(root, ret, sizeof(*ret), 0);
    while (n < 0 && errno == EINTR);
    if (n != (ssize_t)sizeof(*ret))
        return sp_fail(err, "internal", "nobody said how dnf ended");
    if (ret->start_errno != 0)
        return sp_fail_sys(err, ret->start_errno,
                           ret->start_errno == ENOENT ? "not-found"
                                                      : "internal",
                           "cannot run 'dnf'");
    if (ret->lost_errno != 0)
        return sp_fail_sys(err, ret->lost_errno, "internal",
                           "'dnf' was started, and how it ended is not known");
    return 0;
}

int
sp_update_stock_lock(int *ret_fd, struct sp_error *err)
{
    SP_AUTO_FD dir =
        open(STOCK_LOCK_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    SP_AUTO_FD fd = -1;
    struct stat st;

    *ret_fd = -1;
    if (dir < 0 || fstat(dir, &st) < 0)
        return 0;
    fd = openat(dir, STOCK_LOCK, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW,
                0660);
    if (fd < 0 && errno == EACCES)
        return 0; /* not ours to take: an ordinary user installs nothing */
    if (fd < 0)
        return sp_fail_sys(err, errno, "io", "cannot open '%s/%s'",
                           STOCK_LOCK_DIR, STOCK_LOCK);
    /* The group of the directory may use it, as with the stock command. */
    if (geteuid() == 0 && fchown(fd, (uid_t)-1, st.st_gid) < 0)
        return sp_fail_sys(err, errno, "io", "cannot share '%s'", STOCK_LOCK);
    if (flock(fd, LOCK_EX | LOCK_NB) < 0)
        return sp_fail(err, "busy", "another qubes-dom0-update is running");
    *ret_fd = sp_steal_fd(&fd);
    return 0;
}
