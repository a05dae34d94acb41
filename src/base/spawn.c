/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/spawn-kept.h"
#include "base/text.h"

/* Where the workers are installed: LIBEXECDIR/sallyport. */
#ifndef SP_LIBEXECDIR
#define SP_LIBEXECDIR "/usr/libexec"
#endif

/* Status of a child that failed before execve; the pipe says why. */
enum { NOT_EXECUTED = 127 };

/* What the child needs beside the descriptors of the plan, behind them. */
enum { TABLE_MAX = SP_SPAWN_FDS_MAX + 1 + SP_JAIL_PATHS_MAX };

struct table {
    int source[TABLE_MAX];
    unsigned n;
};

int
sp_spawn_init(struct sp_error *err)
{
    if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
        return sp_fail_sys(err, errno, "internal", "cannot be a subreaper");
    /* An inherited SIGCHLD that is ignored would hide every ending. */
    if (signal(SIGPIPE, SIG_IGN) == SIG_ERR ||
        signal(SIGCHLD, SIG_DFL) == SIG_ERR)
        return sp_fail_sys(err, errno, "internal", "cannot set signals");
    return 0;
}

/* ---- in the child ------------------------------------------------------ */

static int
die_with_parent(pid_t parent, struct sp_error *err)
{
    if (setpgid(0, 0) < 0)
        return sp_fail_sys(err, errno, "internal", "cannot lead a group");
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
        return sp_fail_sys(err, errno, "internal", "cannot ask for death");
    if (getppid() != parent)
        _exit(NOT_EXECUTED);
    return 0;
}

static int
reset_signals(struct sp_error *err)
{
    struct sigaction action = {.sa_handler = SIG_DFL};
    sigset_t none;

    /* The numbers that the C library keeps for itself are refused: fine. */
    for (int sig = 1; sig < NSIG; sig++)
        (void)sigaction(sig, &action, NULL);
    action.sa_handler = SIG_IGN;
    (void)sigemptyset(&none);
    if (sigaction(SIGPIPE, &action, NULL) < 0 ||
        sigprocmask(SIG_SETMASK, &none, NULL) < 0)
        return sp_fail_sys(err, errno, "internal", "cannot reset signals");
    return 0;
}

/* A copy of the descriptor above the whole table, so that none is trampled. */
static int
lift(int fd, int above, struct sp_error *err)
{
    SP_AUTO_FD null = -1;
    int lifted;

    if (fd < 0) {
        null = open("/dev/null", O_RDWR | O_CLOEXEC);
        if (null < 0)
            return sp_fail_sys(err, errno, "io", "cannot open '/dev/null'");
        fd = null;
    }
    lifted = fcntl(fd, F_DUPFD_CLOEXEC, above);
    if (lifted < 0)
        return sp_fail_sys(err, errno, "internal", "cannot copy descriptor %d",
                           fd);
    return lifted;
}

/*
 * Descriptor i becomes table->source[i] for the whole table; those from
 * n_kept on are closed by execve. Everything behind the table is closed.
 */
static int
set_table(struct table *table, size_t n_kept, struct sp_error *err)
{
    for (unsigned i = 0; i < table->n; i++) {
        table->source[i] = lift(table->source[i], (int)table->n, err);
        if (table->source[i] < 0)
            return -1;
    }
    for (unsigned i = 0; i < table->n; i++)
        if (dup3(table->source[i], (int)i, i < n_kept ? 0 : O_CLOEXEC) < 0)
            return sp_fail_sys(err, errno, "internal", "cannot set descriptor");
    if (close_range(table->n, ~0u, 0) < 0)
        return sp_fail_sys(err, errno, "internal", "cannot close descriptors");
    return 0;
}

/*
 * The table: what the plan names, the pipe that tells of faults, and the
 * directories of the jail, whose new numbers go into `jail`.
 */
static void
plan_table(const struct sp_spawn *plan, int fault_fd, struct sp_jail *jail,
           struct table *ret)
{
    ret->n = 0;
    for (size_t i = 0; i < plan->n_fds; i++)
        ret->source[ret->n++] = plan->fds[i];
    ret->source[ret->n++] = fault_fd;
    if (!plan->jail)
        return;
    *jail = *plan->jail;
    for (size_t i = 0; i < jail->n_paths; i++) {
        if (jail->paths[i].path)
            continue;
        ret->source[ret->n] = jail->paths[i].fd;
        jail->paths[i].fd = (int)ret->n++;
    }
    jail->keep_fds = ret->n;
}

static int
change_dir(int dirfd, struct sp_error *err)
{
    if ((dirfd < 0 ? chdir("/") : fchdir(dirfd)) < 0)
        return sp_fail_sys(err, errno, "io", "cannot change the directory");
    return 0;
}

static int
become(const struct sp_spawn *plan, pid_t parent, int *fault_fd,
       struct sp_error *err)
{
    static const char *const empty[] = {NULL};
    const char *const *envp = plan->envp ? plan->envp : empty;
    struct sp_jail jail;
    struct table table;
    char shown[SP_SHOWN_MAX];

    if (die_with_parent(parent, err) < 0 || reset_signals(err) < 0 ||
        change_dir(plan->dirfd, err) < 0)
        return -1;
    plan_table(plan, *fault_fd, &jail, &table);
    if (set_table(&table, plan->n_fds, err) < 0)
        return -1;
    *fault_fd = (int)plan->n_fds;
    if (plan->jail && sp_jail_enter(&jail, NULL, err) < 0)
        return -1;
    /* execve takes pointers to non-const and does not write through them. */
    (void)execve(plan->path, (char *const *)(uintptr_t)plan->argv,
                 (char *const *)(uintptr_t)envp);
    sp_text_show(shown, sizeof(shown), plan->path);
    return sp_fail_sys(err, errno, errno == ENOENT ? "not-found" : "io",
                       "cannot run '%s'", shown);
}

/* ---- in the parent ----------------------------------------------------- */

/* The child's fault, if it had one before execve closed the pipe. */
static int
hear_fault(int fd, pid_t pid, struct sp_error *err)
{
    struct sp_error fault;
    ssize_t n = sp_read_full(fd, &fault, sizeof(fault));
    struct sp_ending ending;

    if (n == 0)
        return 0;
    sp_spawn_kill(pid); /* it may be well, and would wait for us */
    (void)sp_spawn_reap(pid, true, &ending, NULL);
    if (n != (ssize_t)sizeof(fault))
        return sp_fail(err, "internal", "a child broke off while starting");
    if (err)
        *err = fault;
    return -1;
}

pid_t
sp_spawn_start(const struct sp_spawn *plan, struct sp_error *err)
{
    struct sp_error fault = {0};
    const pid_t parent = getpid();
    int ends[2];
    pid_t pid;

    if (plan->n_fds > SP_SPAWN_FDS_MAX)
        SP_BUG("too many descriptors for one child");
    if (pipe2(ends, O_CLOEXEC) < 0)
        return sp_fail_sys(err, errno, "internal", "cannot make a pipe");
    SP_AUTO_FD read_end = ends[0];
    SP_AUTO_FD write_end = ends[1];

    pid = fork();
    if (pid < 0)
        return sp_fail_sys(err, errno, "internal", "cannot fork");
    if (pid == 0) {
        (void)become(plan, parent, &write_end, &fault);
        (void)sp_write_full(write_end, &fault, sizeof(fault));
        _exit(NOT_EXECUTED);
    }
    sp_close_fd(&write_end);
    /* Both sides do it: whoever comes first, the group is there. */
    (void)setpgid(pid, pid);
    if (hear_fault(read_end, pid, err) < 0)
        return -1;
    return pid;
}

int
sp_spawn_reap(pid_t pid, bool wait, struct sp_ending *ret, struct sp_error *err)
{
    struct sp_ending ending = {.status = -1};
    int status;
    pid_t got = pid;

    if (!sp_spawn_kept_take(pid, &status)) {
        do
            got = waitpid(pid, &status, wait ? 0 : WNOHANG);
        while (got < 0 && errno == EINTR);
        if (got != 0)
            sp_spawn_kept_forget(pid);
    }
    if (got < 0)
        return sp_fail_sys(err, errno, "internal", "cannot wait for %d",
                           (int)pid);
    if (got > 0) {
        ending.ended = true;
        if (WIFEXITED(status))
            ending.status = WEXITSTATUS(status);
        else
            ending.signal = WTERMSIG(status);
    }
    *ret = ending;
    return 0;
}

void
sp_spawn_kill(pid_t pid)
{
    if (pid > 1)
        (void)kill(-pid, SIGKILL);
}

/* ---- finding programs -------------------------------------------------- */

static bool
find_in(const char *dir, size_t dir_len, const char *program, char *dst,
        size_t size)
{
    int len = snprintf(dst, size, "%.*s/%s", (int)dir_len, dir, program);

    return len > 0 && (size_t)len < size && access(dst, X_OK) == 0;
}

static bool
find_beside(const char *program, char *dst, size_t size)
{
    char self[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
    const char *slash = n > 0 ? memrchr(self, '/', (size_t)n) : NULL;

    return slash && find_in(self, (size_t)(slash - self), program, dst, size);
}

static const char *tool_path;

void
sp_spawn_tool_path(const char *list)
{
    tool_path = list;
}

int
sp_spawn_find_tool(const char *tool, char *dst, size_t size,
                   struct sp_error *err)
{
    const char *dir = tool_path ? tool_path : "/usr/bin:/usr/lib/qubes";

    if (!tool_path && find_beside(tool, dst, size))
        return 0;
    while (*dir) {
        size_t len = strcspn(dir, ":");

        if (dir[0] == '/' && find_in(dir, len, tool, dst, size))
            return 0;
        dir += len + (dir[len] == ':');
    }
    return sp_fail(err, "not-found", "program '%s' is not installed here",
                   tool);
}

int
sp_spawn_find(const char *program, char *dst, size_t size, struct sp_error *err)
{
    static const char installed[] = SP_LIBEXECDIR "/sallyport";

    if (find_beside(program, dst, size) ||
        find_in(installed, sizeof(installed) - 1, program, dst, size))
        return 0;
    return sp_fail(err, "not-found",
                   "program '%s' is neither beside this one nor in "
                   "'" SP_LIBEXECDIR "/sallyport'",
                   program);
}
