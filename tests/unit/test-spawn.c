/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/spawn.h"
#include "tests/unit/tap.h"

/* Runs a line of shell with an empty environment; its stdout into text. */
static int
shell(const char *line, unsigned seconds, size_t max, char **ret,
      struct sp_error *err)
{
    const char *const argv[] = {"sh", "-c", line, NULL};
    struct sp_spawn plan = {
        .path = "/bin/sh", .argv = argv, .fds = {-1}, .dirfd = -1};

    *err = (struct sp_error){0};
    return sp_spawn_run(&plan, seconds, max, ret, NULL, "index", err);
}

static pid_t
start_shell(const char *line, struct sp_error *err)
{
    const char *const argv[] = {"sh", "-c", line, NULL};
    const struct sp_spawn plan = {.path = "/bin/sh",
                                  .argv = argv,
                                  .fds = {-1, -1, -1},
                                  .n_fds = 3,
                                  .dirfd = -1};

    return sp_spawn_start(&plan, err);
}

static void
is_output(const char *line, const char *want, const char *what)
{
    SP_AUTO_FREE char *got = NULL;
    struct sp_error err;

    if (shell(line, 20, 4096, &got, &err) < 0)
        printf("# %s\n", err.msg);
    tap_is_str(got, want, "%s", what);
}

/* What a child finds when it starts. */
static void
test_world(void)
{
    sigset_t all;

    (void)signal(SIGUSR1, SIG_IGN);
    (void)sigfillset(&all);
    (void)sigprocmask(SIG_BLOCK, &all, NULL);
    (void)setenv("SP_POISON", "1", 1);
    is_output("pwd", "/\n", "it stands in the root");
    is_output("env | grep SP_ | wc -l", "0\n", "its environment is empty");
    /* 32 and 33 are libc's own and cannot be set: they come as they were. */
    is_output("for word in SigBlk SigIgn; do"
              " set -- $(grep $word /proc/self/status);"
              " printf '%x ' $((0x$2 & ~0x180000000)); done",
              "0 1000 ", "no signal is blocked, SIGPIPE alone is ignored");
    is_output("set -- $(cat /proc/$$/stat); test $5 = $$ && echo leader",
              "leader\n", "it leads its own process group");
    is_output("for i in 0 1 2 3 4 5 6 7 8 9; do "
              "test -e /proc/$$/fd/$i && echo $i; done; :",
              "0\n1\n2\n", "it has three descriptors");
    (void)sigprocmask(SIG_UNBLOCK, &all, NULL);
    (void)signal(SIGUSR1, SIG_DFL);
}

/* A pipe whose ends do not lie where a test wants its own numbers. */
static bool
far_pipe(int ret[2])
{
    int near[2];

    if (pipe2(near, O_CLOEXEC) < 0)
        return false;
    for (int i = 0; i < 2; i++) {
        ret[i] = fcntl(near[i], F_DUPFD_CLOEXEC, 60);
        (void)close(near[i]);
    }
    return ret[0] >= 0 && ret[1] >= 0;
}

/* Writes on descriptor n must arrive in pipe n, however they were numbered. */
static void
try_table(int first, int second, const char *what)
{
    const char *const argv[] = {
        "sh", "-c", "printf A >&4; printf B >&5; ls /proc/self/fd >&4", NULL};
    int a[2], b[2];
    char got_a[64] = "", got_b[64] = "";
    struct sp_error err = {0};
    struct sp_ending ending;
    pid_t pid;

    if (!far_pipe(a) || !far_pipe(b) || dup3(a[1], first, O_CLOEXEC) < 0 ||
        dup3(b[1], second, O_CLOEXEC) < 0) {
        tap_ok(false, "%s: pipes", what);
        return;
    }
    (void)close(a[1]);
    (void)close(b[1]);
    pid = sp_spawn_start(
        &(struct sp_spawn){.path = "/bin/sh",
                           .argv = argv,
                           .fds = {-1, -1, -1, -1, first, second},
                           .n_fds = 6,
                           .dirfd = -1},
        &err);
    (void)close(first);
    (void)close(second);
    (void)sp_read_full(a[0], got_a, sizeof(got_a) - 1);
    (void)sp_read_full(b[0], got_b, sizeof(got_b) - 1);
    (void)close(a[0]);
    (void)close(b[0]);
    tap_ok(pid > 0 && sp_spawn_reap(pid, true, &ending, &err) == 0 &&
               ending.status == 0,
           "%s: it ran", what);
    /* 6 is ls itself, which reads the folder. */
    tap_is_str(got_a, "A0\n1\n2\n3\n4\n5\n6\n", "%s: first", what);
    tap_is_str(got_b, "B", "%s: second", what);
}

static void
test_table(void)
{
    try_table(40, 41, "descriptors far away");
    try_table(5, 4, "descriptors crossed");
    try_table(7, 8, "descriptors where copies go");
}

static void
test_start_faults(void)
{
    static const char *const argv[] = {"none", NULL};
    const struct sp_jail jail = {
        .kind = SP_JAIL_VERIFY,
        .n_paths = 1,
        .paths = {{.path = "/nonexistent", .fd = -1, .rights = SP_JAIL_READ}},
    };
    struct sp_spawn plan = {.path = "/nonexistent", .argv = argv, .dirfd = -1};
    struct sp_error err = {0};

    tap_ok(sp_spawn_start(&plan, &err) == -1, "a missing program is a fault");
    tap_is_str(err.detail, "not-found", "... with its word");
    plan.path = "/etc/passwd";
    tap_ok(sp_spawn_start(&plan, &err) == -1 && err.code == SP_E_IO,
           "a file that is no program is a fault");
    plan.path = "/bin/true";
    plan.jail = &jail;
    tap_ok(sp_spawn_start(&plan, &err) == -1, "a rung that fails is a fault");
    tap_is_str(err.detail, "sandbox", "... with its word");
    tap_ok(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD,
           "no failed child is left to collect");
}

static void
test_run(void)
{
    SP_AUTO_FREE char *text = NULL;
    struct sp_error err;
    uint64_t before = sp_clock_ms();

    tap_ok(shell("printf 12345", 20, 5, &text, &err) == 0,
           "output of exactly the ceiling");
    tap_is_str(text, "12345", "... is handed over");
    tap_ok(shell("printf 123456", 20, 5, NULL, &err) == -1 &&
               strstr(err.msg, "more than 5"),
           "one byte more is refused");
    tap_ok(shell("echo 'it\033broke' >&2; echo more >&2; exit 3", 20, 5, NULL,
                 &err) == -1,
           "an exit status is a fault");
    tap_is_str(err.msg, "'/bin/sh' failed with exit status 3: it\\x1bbroke",
               "... told with the first line of stderr, printable");
    tap_is_str(err.detail, "index", "... and the caller's word");
    tap_ok(shell("kill -TERM $$", 20, 5, NULL, &err) == -1 &&
               strstr(err.msg, "signal 15"),
           "death by signal is a fault");
    tap_ok(shell("head -c 1000000 /dev/zero >&2", 20, 5, NULL, &err) == 0,
           "a flood on stderr is drained");
    tap_ok(shell("sleep 60 & exit 0", 20, 5, NULL, &err) == 0 &&
               sp_clock_ms() - before < 20000,
           "a grandchild that holds the pipes does not hold us");
    before = sp_clock_ms();
    tap_ok(shell("exec sleep 60", 1, 5, NULL, &err) == -1 &&
               strstr(err.msg, "in time") && sp_clock_ms() - before < 10000,
           "a program that does not end is ended");
    before = sp_clock_ms();
    tap_ok(shell("exec >&- 2>&-; sleep 60", 1, 5, NULL, &err) == -1 &&
               sp_clock_ms() - before < 10000,
           "... also when it closed its output");
    tap_ok(sp_spawn_sweep(NULL, 0, 10, &err) == 0, "all are collected");
}

static void
test_endings(void)
{
    struct sp_error err = {0};
    struct sp_ending ending;
    pid_t pid = start_shell("exec sleep 60", &err);

    tap_ok(sp_spawn_reap(pid, false, &ending, &err) == 0 && !ending.ended,
           "a running child has not ended");
    sp_spawn_kill(pid);
    tap_ok(sp_spawn_reap(pid, true, &ending, &err) == 0 && ending.ended &&
               ending.signal == SIGKILL && ending.status == -1,
           "a killed one has, by signal");
    tap_ok(sp_spawn_reap(pid, true, &ending, &err) == -1,
           "it cannot be collected twice");
    sp_spawn_kill(pid);
    sp_spawn_kill(0);
    sp_spawn_kill(-1);
    sp_spawn_kill(1);
    tap_ok(true, "killing what is gone, ourselves or all is not done");
}

static void
test_sweep(void)
{
    struct sp_error err = {0};
    pid_t pids[2];
    uint64_t before = sp_clock_ms();

    pids[0] = start_shell("trap '' TERM HUP; sleep 60 & sleep 60 & wait", &err);
    /* Leaves the group and the session, and its parent ends at once. */
    pids[1] =
        start_shell("setsid sh -c 'setsid sleep 60 & sleep 60' & exit 0", &err);
    (void)nanosleep(&(struct timespec){.tv_nsec = 200000000}, NULL);
    tap_ok(sp_spawn_sweep(pids, 2, 10, &err) == 0,
           "groups and strays are collected");
    tap_ok(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD &&
               sp_clock_ms() - before < 10000,
           "... all of them, and soon");
    tap_ok(sp_spawn_sweep(NULL, 0, 0, &err) == 0, "nothing to sweep is fine");
}

/* A child with so much memory that its death takes a while. */
static pid_t
start_slow_to_die(void)
{
    enum { PAGES = 64 * 1024, PAGE = 4096 };
    int ready[2];
    char byte;
    pid_t pid = pipe2(ready, O_CLOEXEC) == 0 ? fork() : -1;

    if (pid == 0) {
        volatile char *p = malloc((size_t)PAGES * PAGE);

        (void)setpgid(0, 0);
        for (size_t i = 0; p && i < PAGES; i++)
            p[i * PAGE] = 1;
        (void)!write(ready[1], "x", 1);
        for (;;)
            (void)pause();
    }
    if (pid > 0)
        (void)!read(ready[0], &byte, 1);
    (void)close(ready[0]);
    (void)close(ready[1]);
    return pid;
}

static void
test_left(void)
{
    struct sp_error err = {0};
    pid_t pid = start_slow_to_die();

    if (!tap_ok(pid > 0, "a child that dies slowly"))
        return;
    tap_ok(sp_spawn_sweep(&pid, 1, 0, &err) == -1, "it is not dead at once");
    tap_is_str(err.detail, "worker-left", "... and that is said");
    tap_ok(sp_spawn_sweep(&pid, 1, 10, &err) == 0, "it is in the end");
}

/* Carriers live longer than the crew. */
static void
test_keep(void)
{
    struct sp_error err = {0};
    struct sp_ending ending;
    pid_t kept[] = {start_shell("exec sleep 60", &err),
                    start_shell("exit 7", &err)};
    pid_t worker = start_shell("exec sleep 60", &err);
    uint64_t before = sp_clock_ms();

    sp_spawn_keep(kept[0]);
    sp_spawn_keep(kept[1]);
    (void)nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
    tap_ok(sp_spawn_sweep(&worker, 1, 10, &err) == 0 &&
               sp_clock_ms() - before < 5000,
           "a sweep does not wait for a kept child");
    tap_ok(sp_spawn_reap(worker, false, &ending, NULL) == -1,
           "... it ends the others");
    tap_ok(sp_spawn_reap(kept[0], false, &ending, &err) == 0 && !ending.ended,
           "... the kept one runs on");
    tap_ok(sp_spawn_reap(kept[1], false, &ending, &err) == 0 && ending.ended &&
               ending.status == 7,
           "... an ending that the sweep met is not lost");
    tap_ok(sp_spawn_reap(kept[1], false, &ending, NULL) == -1,
           "... nor told twice");
    sp_spawn_kill(kept[0]);
    tap_ok(sp_spawn_reap(kept[0], true, &ending, &err) == 0 &&
               ending.signal == SIGKILL,
           "its owner ends it");
    tap_ok(sp_spawn_sweep(NULL, 0, 1, &err) == 0, "nothing is kept any more");
}

/* When the parent is killed, its child dies too. */
static void
test_death_signal(void)
{
    int ends[2];
    char byte;
    pid_t parent;

    if (pipe2(ends, O_CLOEXEC) < 0)
        return;
    parent = fork();
    if (parent == 0) {
        static const char *const argv[] = {"sleep", "60", NULL};
        const struct sp_spawn plan = {.path = "/bin/sleep",
                                      .argv = argv,
                                      .fds = {-1, ends[1]},
                                      .n_fds = 2,
                                      .dirfd = -1};

        (void)sp_spawn_start(&plan, NULL);
        (void)raise(SIGKILL);
    }
    (void)close(ends[1]);
    (void)alarm(30);
    tap_ok(sp_read_full(ends[0], &byte, 1) == 0,
           "a child dies with its parent");
    (void)alarm(0);
    (void)close(ends[0]);
    (void)sp_spawn_sweep(NULL, 0, 10, NULL);
}

static void
test_find(void)
{
    char self[PATH_MAX], found[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
    struct sp_error err = {0};

    self[n > 0 ? n : 0] = '\0';
    tap_ok(sp_spawn_find("test-spawn", found, sizeof(found), &err) == 0,
           "a program beside this one is found");
    tap_is_str(found, self, "... with its whole path");
    tap_ok(sp_spawn_find("sallyport-none", found, sizeof(found), &err) == -1,
           "a program that is nowhere is a fault");
    tap_is_str(err.detail, "not-found", "... with its word");
    tap_ok(sp_spawn_find("test-spawn", found, 8, &err) == -1,
           "a path that does not fit is a fault");
}

int
main(void)
{
    struct sp_error err = {0};

    if (!tap_ok(sp_spawn_init(&err) == 0, "subreaper"))
        return tap_done();
    test_world();
    test_table();
    test_start_faults();
    test_run();
    test_endings();
    test_sweep();
    test_left();
    test_keep();
    test_death_signal();
    test_find();
    return tap_done();
}
