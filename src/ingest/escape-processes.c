/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Acts on processes: other programs, other processes, its own identity. */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bundle/limits.h"
#include "ingest/escape.h"

/* Something of our own whose address is the same in the bystander. */
static char here[8] = "memory";

static int
execute(const char *path, const char *argument)
{
    char program[4096];
    char option[32];
    char *argv[] = {program, option, NULL};
    char *envp[] = {NULL};

    (void)snprintf(program, sizeof(program), "%s", path);
    (void)snprintf(option, sizeof(option), "%s", argument);
    (void)execve(program, argv, envp);
    return errno;
}

static int
exec_shell(const struct sp_escape_scene *s)
{
    (void)s;
    return execute("/bin/sh", "-n");
}

static int
exec_written(const struct sp_escape_scene *s)
{
    return execute(s->tool, "");
}

static int
exec_engine(const struct sp_escape_scene *s)
{
    return execute(s->engine, "--version");
}

/* The result of an act that only a child can try: a leader may not leave. */
static int
in_child(const struct sp_escape_scene *s, long (*call)(void))
{
    int status;
    pid_t pid;

    if (s->pure)
        return sp_escape_result(call());
    pid = fork();
    if (pid < 0)
        return errno;
    if (pid == 0)
        _exit(sp_escape_result(call()));
    if (waitpid(pid, &status, 0) < 0 || !WIFEXITED(status))
        return ECHILD;
    return WEXITSTATUS(status);
}

static long
call_setsid(void)
{
    return setsid();
}

static long
call_setpgid(void)
{
    return setpgid(0, 0);
}

static int
leave_session(const struct sp_escape_scene *s)
{
    return in_child(s, call_setsid);
}

static int
leave_group(const struct sp_escape_scene *s)
{
    return in_child(s, call_setpgid);
}

static int
fork_once(const struct sp_escape_scene *s)
{
    pid_t pid = fork();

    (void)s;
    if (pid == 0)
        _exit(0);
    return sp_escape_result(pid);
}

/*
 * Children that outlive it: whoever started it must get rid of them. They
 * hold no descriptor open and end by themselves after a while, so that a
 * control without a jail does no harm.
 */
static _Noreturn void
linger(void)
{
    (void)close_range(0, ~0u, 0);
    (void)alarm(20);
    for (;;)
        (void)pause();
}

static int
fork_many(const struct sp_escape_scene *s)
{
    (void)s;
    for (int i = 0; i < 64; i++) {
        pid_t pid = fork();

        if (pid < 0)
            return errno;
        if (pid == 0)
            linger();
    }
    return 0;
}

/*
 * Acts that nothing but their parent stops end by themselves after this time,
 * and have got through then: so neither a control without a jail nor a parent
 * that fails leaves a machine that is not to be used.
 */
enum { ENDLESS_SECONDS = 8 };

/* 64 processes in all. */
enum { BOMB_GENERATIONS = 6 };

static void
get_through(int signal)
{
    (void)signal;
    _exit(0);
}

/* Before the jail closes: afterwards not every jail lets it set a timer. */
static int
set_bound(const struct sp_escape_scene *s)
{
    const struct sigaction action = {.sa_handler = get_through};

    (void)s;
    (void)alarm(ENDLESS_SECONDS);
    return sigaction(SIGALRM, &action, NULL);
}

static void
tell_begun(void)
{
    /* Where nobody listens nobody needs to know. */
    if (write(SP_ESCAPE_BEGUN_FD, "b", 1) < 0)
        return;
}

/*
 * Every process forks, again and again, and stays. One that may not goes on
 * with those that are there; one that never could was refused.
 */
static int
fork_bomb(const struct sp_escape_scene *s)
{
    bool forked = false;

    (void)s;
    for (int i = 0; i < BOMB_GENERATIONS; i++) {
        pid_t pid = fork();

        if (pid < 0 && !forked)
            return errno;
        if (pid == 0)
            (void)alarm(ENDLESS_SECONDS);
        forked = true;
    }
    tell_begun();
    for (;;)
        (void)pause();
}

static int
fill_processor(const struct sp_escape_scene *s)
{
    volatile bool on = true;

    (void)s;
    tell_begun();
    while (on)
        continue;
    return 0;
}

static int
clone_with(unsigned long flags)
{
    long pid = syscall(SYS_clone, flags | SIGCHLD, NULL, NULL, NULL, NULL);

    if (pid == 0)
        _exit(0);
    return sp_escape_result(pid);
}

static int
clone_user_space(const struct sp_escape_scene *s)
{
    (void)s;
    return clone_with(CLONE_NEWUSER);
}

static int
clone_sibling(const struct sp_escape_scene *s)
{
    (void)s;
    return clone_with(CLONE_PARENT);
}

static int
clone_three(const struct sp_escape_scene *s)
{
    /* struct clone_args of linux/sched.h, first version: 64 bytes. */
    uint64_t args[8] = {[4] = SIGCHLD};
    long pid = syscall(SYS_clone3, args, sizeof(args));

    (void)s;
    if (pid == 0)
        _exit(0);
    return sp_escape_result(pid);
}

static int
unshare_user(const struct sp_escape_scene *s)
{
    (void)s;
    return sp_escape_result(unshare(CLONE_NEWUSER));
}

/* SIGURG: ignored by who does not ask for it, so the act itself is mild. */
static int
signal_parent(const struct sp_escape_scene *s)
{
    return sp_escape_result(kill(s->parent, SIGURG));
}

static int
signal_other(const struct sp_escape_scene *s)
{
    return sp_escape_result(kill(s->bystander, SIGKILL));
}

static int
signal_thread(const struct sp_escape_scene *s)
{
    return sp_escape_result(
        syscall(SYS_tgkill, s->bystander, s->bystander, SIGKILL));
}

static int
queue_signal(const struct sp_escape_scene *s)
{
    union sigval value = {0};

    return sp_escape_result(sigqueue(s->bystander, SIGKILL, value));
}

static int
signal_by_owner(const struct sp_escape_scene *s)
{
    return sp_escape_result(fcntl(0, F_SETOWN, s->bystander));
}

static int
open_pidfd(const struct sp_escape_scene *s)
{
    return sp_escape_result(syscall(SYS_pidfd_open, s->bystander, 0));
}

static int
trace(const struct sp_escape_scene *s)
{
    return sp_escape_result(ptrace(PTRACE_SEIZE, s->bystander, 0, 0));
}

static int
read_memory(const struct sp_escape_scene *s)
{
    char copy[sizeof(here)];
    struct iovec to = {copy, sizeof(copy)};
    struct iovec from = {here, sizeof(here)};

    return sp_escape_result(
        process_vm_readv(s->bystander, &to, 1, &from, 1, 0));
}

static int
write_memory(const struct sp_escape_scene *s)
{
    char copy[sizeof(here)] = "broken";
    struct iovec from = {copy, sizeof(copy)};
    struct iovec to = {here, sizeof(here)};

    return sp_escape_result(
        process_vm_writev(s->bystander, &from, 1, &to, 1, 0));
}

static int
open_memory(const struct sp_escape_scene *s)
{
    char path[64];

    (void)snprintf(path, sizeof(path), "/proc/%d/mem", (int)s->bystander);
    return sp_escape_result(open(path, O_RDONLY | O_CLOEXEC));
}

static int
limit_other(const struct sp_escape_scene *s)
{
    const struct rlimit none = {0, 0};

    return sp_escape_result(prlimit(s->bystander, RLIMIT_CORE, &none, NULL));
}

static int
raise_limit(const struct sp_escape_scene *s)
{
    struct rlimit now;

    (void)s;
    if (getrlimit(RLIMIT_CORE, &now) < 0)
        return errno;
    now.rlim_max =
        now.rlim_max == RLIM_INFINITY ? now.rlim_max : now.rlim_max + 1;
    return sp_escape_result(setrlimit(RLIMIT_CORE, &now));
}

static int
slow_other(const struct sp_escape_scene *s)
{
    return sp_escape_result(setpriority(PRIO_PROCESS, (id_t)s->bystander, 19));
}

static int
pin_other(const struct sp_escape_scene *s)
{
    cpu_set_t first;

    CPU_ZERO(&first);
    CPU_SET(0, &first);
    return sp_escape_result(
        sched_setaffinity(s->bystander, sizeof(first), &first));
}

static int
outlive_parent(const struct sp_escape_scene *s)
{
    (void)s;
    return sp_escape_result(prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0));
}

static int
change_user(const struct sp_escape_scene *s)
{
    return sp_escape_result(setuid(s->user));
}

static int
set_capabilities(const struct sp_escape_scene *s)
{
    struct __user_cap_header_struct header = {
        .version = _LINUX_CAPABILITY_VERSION_3,
    };
    struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0}};

    (void)s;
    return sp_escape_result(syscall(SYS_capset, &header, none));
}

static int
change_personality(const struct sp_escape_scene *s)
{
    (void)s;
    return sp_escape_result(personality(0xffffffff));
}

static int
share_memory(const struct sp_escape_scene *s)
{
    (void)s;
    return sp_escape_result(syscall(SYS_shmget, IPC_PRIVATE, 4096, 0600));
}

static int
make_queue(const struct sp_escape_scene *s)
{
    (void)s;
    return sp_escape_result(syscall(SYS_msgget, IPC_PRIVATE, 0600));
}

static int
do_sleep(const struct sp_escape_scene *s)
{
    const struct timespec moment = {.tv_nsec = 1000000};

    (void)s;
    return sp_escape_result(nanosleep(&moment, NULL));
}

static int
fill_memory(const struct sp_escape_scene *s)
{
    void *p = mmap(NULL, 8 * SP_GIB, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    (void)s;
    return p == MAP_FAILED ? errno : 0;
}

#define ABSENT SP_ESCAPE_ABSENT
#define KILL SP_ESCAPE_KILLED
#define NO SP_ESCAPE_REFUSED
#define YES SP_ESCAPE_GRANTED
#define STOP SP_ESCAPE_STOPPED

/* clang-format off */
/* name, what, unpack, check, verify, tool, index, vchan, errno, why, act, preparation */
const struct sp_escape_act sp_escape_processes[] = {
    {"exec-shell", "execute a shell",
     KILL, KILL, NO, NO, NO, KILL, 0, NULL, exec_shell, NULL},
    {"exec-written", "execute a file that it wrote",
     KILL, KILL, NO, NO, NO, KILL, 0, NULL, exec_written, NULL},
    {"exec-engine", "execute the one program it is for",
     KILL, KILL, YES, YES, NO, KILL, 0, "its work", exec_engine, NULL},
    {"fork", "fork",
     KILL, KILL, YES, YES, NO, KILL, 0, "gpg and createrepo_c need it", fork_once, NULL},
    {"fork-many", "leave 64 processes behind",
     KILL, KILL, YES, YES, NO, KILL, 0, "they are counted, cannot leave the process "
     "group and die with it", fork_many, NULL},
    {"fork-bomb", "fork again and again, in every process",
     KILL, KILL, STOP, STOP, NO, KILL, 0, NULL, fork_bomb, set_bound},
    {"clone3", "clone3",
     KILL, KILL, NO, NO, NO, KILL, 0, NULL, clone_three, NULL},
    {"clone-user-space", "clone into a user name space",
     KILL, KILL, NO, NO, NO, KILL, 0, NULL, clone_user_space, NULL},
    {"clone-sibling", "clone a child of its parent",
     KILL, KILL, NO, NO, NO, KILL, 0, NULL, clone_sibling, NULL},
    {"unshare", "unshare the user name space",
     KILL, KILL, NO, NO, NO, KILL, 0, NULL, unshare_user, NULL},
    {"setsid", "leave the session",
     KILL, KILL, NO, NO, NO, KILL, 0, NULL, leave_session, NULL},
    {"setpgid", "leave the process group",
     KILL, KILL, NO, NO, NO, KILL, 0, NULL, leave_group, NULL},
    {"outlive-parent", "take back the death signal",
     KILL, KILL, NO, NO, NO, KILL, 0, NULL, outlive_parent, NULL},
    {"signal-parent", "signal the publisher",
     KILL, KILL, NO, NO, NO, KILL, 0, NULL, signal_parent, NULL},
    {"signal-other", "kill another process",
     KILL, KILL, NO, NO, NO, KILL, 0, NULL, signal_other, NULL},
    {"tgkill", "kill a thread of another process",
     KILL, KILL, NO, NO, NO, KILL, 0, NULL, signal_thread, NULL},
    {"sigqueue", "queue a signal for another process",
     KILL, KILL, NO, NO, NO, KILL, 0, NULL, queue_signal, NULL},
    {"signal-by-owner", "have a descriptor signal another process",
     KILL, KILL, NO, NO, NO, KILL, 0, NULL, signal_by_owner, NULL},
    {"pidfd-open", "take a handle of another process",
     KILL, KILL, NO, NO, NO, KILL, 0, NULL, open_pidfd, NULL},
    {"ptrace", "trace another process",
     KILL, KILL, NO, NO, NO, KILL, 0, NULL, trace, NULL},
    {"process-vm-readv", "read memory of another process",
     KILL, KILL, NO, NO, NO, KILL, 0, NULL, read_memory, NULL},
    {"process-vm-writev", "write memory of another process",
     KILL, KILL, NO, NO, NO, KILL, 0, NULL, write_memory, NULL},
    {"proc-mem", "open the memory of another process as a file",
     KILL, KILL, NO, NO, NO, KILL, 0, NULL, open_memory, NULL},
    {"prlimit", "limit another process",
     KILL, KILL, NO, NO, NO, KILL, 0, NULL, limit_other, NULL},
    {"raise-limit", "raise a limit of its own",
     KILL, KILL, NO, NO, NO, KILL, 0, NULL, raise_limit, NULL},
    {"setpriority", "slow another process down",
     KILL, KILL, NO, NO, NO, KILL, 0, NULL, slow_other, NULL},
    {"setaffinity", "pin another process to a processor",
     KILL, KILL, NO, NO, NO, KILL, 0, NULL, pin_other, NULL},
    {"setuid", "set its user",
     KILL, KILL, NO, NO, NO, KILL, 0, NULL, change_user, NULL},
    {"capset", "set its capabilities",
     KILL, KILL, NO, NO, NO, KILL, 0, NULL, set_capabilities, NULL},
    {"personality", "ask for another personality",
     KILL, KILL, NO, NO, NO, KILL, 0, NULL, change_personality, NULL},
    {"shmget", "share memory with another process",
     KILL, KILL, NO, NO, NO, KILL, 0, NULL, share_memory, NULL},
    {"msgget", "make a message queue",
     KILL, KILL, NO, NO, NO, KILL, 0, NULL, make_queue, NULL},
    {"sleep", "sleep",
     KILL, KILL, YES, YES, YES, KILL, 0, "the parent's deadlines end it", do_sleep, NULL},
    {"fill-memory", "take memory without end",
     NO, NO, NO, NO, NO, KILL, ENOMEM, NULL, fill_memory, NULL},
    {"fill-processor", "fill a processor without end",
     STOP, STOP, STOP, STOP, STOP, STOP, 0, NULL, fill_processor, set_bound},
    {0},
};
