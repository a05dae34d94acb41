/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ladder of rungs: each must hold or the jail is refused, and it must
 * hold on older kernels too. A refusing kernel and an older one are played
 * by a seccomp filter of the test that lies around the jail.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/path.h"
#include "base/sandbox-calls.h"
#include "base/spawn.h"
#include "bundle/limits.h"
#include "ingest/escape.h"
#include "ingest/jails.h"
#include "tests/unit/tap.h"

enum { NR_LL_CREATE = 444, NR_LL_ADD_RULE = 445, NR_LL_RESTRICT = 446 };

static char scratch[] = "/tmp/sp-test-sandbox-XXXXXX";

/* Answers `action` to one system call of this process from now on. */
static int
filter_call(unsigned call, unsigned action, unsigned flags)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, action),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {.len = 4, .filter = code};

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return -1;
    return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}

static int
status_of(pid_t pid)
{
    int status = -1;

    if (pid < 0 || waitpid(pid, &status, 0) < 0)
        return -1;
    if (sp_spawn_sweep(NULL, 0, 10, NULL) < 0)
        return -2;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 256 + WTERMSIG(status);
}

/* ---- every rung must hold ---------------------------------------------- */

struct rung {
    const char *name;
    unsigned call;
    int error;
};

/* The exit status says: 0 refused with the right word. */
static int
enter_with_refusal(const struct rung *rung)
{
    struct sp_error err = {0};
    struct sp_jail jail;

    sp_jails_verify(scratch, scratch, "/usr/bin/gpg", &jail);
    if (filter_call(rung->call, SECCOMP_RET_ERRNO | (unsigned)rung->error, 0) <
        0)
        return 2;
    if (sp_jail_enter(&jail, NULL, &err) == 0)
        return 1;
    if (err.code != SP_E_SANDBOX || strcmp(err.detail, "sandbox") != 0)
        return 3;
    return err.sys == rung->error ? 0 : 4;
}

static void
test_rungs(void)
{
    static const struct rung rungs[] = {
        {"descriptors cannot be closed", SYS_close_range, EPERM},
        {"Landlock is not there", NR_LL_CREATE, ENOSYS},
        {"Landlock is switched off", NR_LL_CREATE, EOPNOTSUPP},
        {"a path cannot be allowed", NR_LL_ADD_RULE, EINVAL},
        {"Landlock cannot be entered", NR_LL_RESTRICT, EPERM},
        {"limits cannot be set", SYS_prlimit64, EPERM},
        {"capabilities cannot be dropped", SYS_capset, EPERM},
        {"no_new_privs cannot be set", SYS_prctl, EINVAL},
        {"seccomp is not there", SYS_seccomp, EINVAL},
    };

    for (size_t i = 0; i < sizeof(rungs) / sizeof(rungs[0]); i++) {
        pid_t pid;

        if (SP_SANITIZED && rungs[i].call == SYS_seccomp)
            continue;
        pid = fork();
        if (pid == 0)
            _exit(enter_with_refusal(&rungs[i]));
        tap_is_u64((uint64_t)status_of(pid), 0, "no jail when %s",
                   rungs[i].name);
    }
}

/* ---- what a jail leaves ------------------------------------------------ */

static bool
is_limited(__rlimit_resource_t resource, rlim_t most)
{
    struct rlimit now;

    return getrlimit(resource, &now) == 0 && now.rlim_cur <= most &&
           now.rlim_max <= most;
}

static int
look_around(void)
{
    struct sp_error err = {0};
    struct sp_jail_state state = {0};
    struct sp_jail jail;

    sp_jails_tool("/usr/bin/createrepo_c", scratch, scratch, NULL, 12345,
                  &jail);
    if (dup2(0, 3) != 3 || dup2(0, 90) != 90)
        return 1;
    if (sp_jail_enter(&jail, &state, &err) < 0)
        return 2;
    if (state.landlock_abi < 1 || state.seccomp != 2)
        return 3;
    if (fcntl(3, F_GETFD) != -1 || fcntl(90, F_GETFD) != -1 ||
        fcntl(0, F_GETFD) == -1)
        return 4;
    if (!is_limited(RLIMIT_FSIZE, 12345) || !is_limited(RLIMIT_CORE, 0) ||
        !is_limited(RLIMIT_NOFILE, 256) || !is_limited(RLIMIT_NPROC, 4096))
        return 5;
    return 0;
}

static int
allow_missing(void)
{
    struct sp_error err = {0};
    struct sp_jail jail = {.kind = SP_JAIL_VERIFY, .max_memory = SP_GIB};

    sp_jail_allow(&jail, "/nonexistent", SP_JAIL_READ);
    if (jail.n_paths != 0)
        return 1;
    /* There when the jail was described, gone when it is entered. */
    jail.paths[jail.n_paths++] =
        (struct sp_jail_path){.path = "/nonexistent", .fd = -1};
    if (sp_jail_enter(&jail, NULL, &err) == 0)
        return 2;
    return err.code == SP_E_SANDBOX ? 0 : 3;
}

static void
test_inside(void)
{
    pid_t pid = fork();

    if (pid == 0)
        _exit(look_around());
    tap_is_u64((uint64_t)status_of(pid), 0, "descriptors and limits are set");
    pid = fork();
    if (pid == 0)
        _exit(allow_missing());
    tap_is_u64((uint64_t)status_of(pid), 0, "a path that vanished is a fault");
}

/* ---- older kernels ----------------------------------------------------- */

/* Answers the question for the Landlock ABI with `abi`; all else goes on. */
static _Noreturn void
play_kernel(int listener, unsigned abi)
{
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    for (;;) {
        struct seccomp_notif question = {0};
        struct seccomp_notif_resp answer = {0};

        if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &question) < 0)
            continue;
        answer.id = question.id;
        if (question.data.args[2] == 1)
            answer.val = abi;
        else
            answer.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
        (void)ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
    }
}

/* As doctor starts it: its input and output are nobody's. */
static void
silence(void)
{
    SP_AUTO_FD null = open("/dev/null", O_RDWR | O_CLOEXEC);

    (void)dup2(null, 0);
    (void)dup2(null, 1);
}

/* Runs one act of the battery in its jail, on a kernel of this ABI. */
static int
act_on_kernel(unsigned abi, const char *jail, const char *act)
{
    pid_t pid = fork();

    if (pid == 0) {
        struct sp_error err = {0};
        int listener = filter_call(NR_LL_CREATE, SECCOMP_RET_USER_NOTIF,
                                   SECCOMP_FILTER_FLAG_NEW_LISTENER);

        if (listener < 0)
            _exit(SP_ESCAPE_SETUP);
        if (fork() == 0)
            play_kernel(listener, abi);
        (void)close(listener);
        silence();
        (void)sp_escape_run(jail, act, scratch, &err);
        (void)fprintf(stderr, "# %s\n", err.msg);
        _exit(SP_ESCAPE_NO_JAIL);
    }
    return status_of(pid);
}

static bool
ends_as(int status, enum sp_escape_end end, int error)
{
    switch (end) {
    case SP_ESCAPE_ABSENT:
    case SP_ESCAPE_STOPPED: return true;
    case SP_ESCAPE_KILLED: return status == 256 + SIGSYS;
    case SP_ESCAPE_GRANTED: return status == 0;
    case SP_ESCAPE_ENDED:
        return status == 256 + SIGSYS || status == 256 + SIGSEGV;
    case SP_ESCAPE_REFUSED:
        return error != 0
                   ? status == error
                   : status == EPERM || status == EACCES || status == ENOSYS;
    }
    return false;
}

/* Acts that end otherwise than they must. */
static unsigned
count_wrong(unsigned abi, const char *jail,
            enum sp_escape_end (*expected)(const struct sp_escape_act *))
{
    const struct sp_escape_act *act;
    unsigned wrong = 0;

    for (size_t i = 0; (act = sp_escape_at(i)) != NULL; i++) {
        int status;

        if (expected(act) == SP_ESCAPE_ABSENT ||
            expected(act) == SP_ESCAPE_STOPPED) /* by a parent, not a kernel */
            continue;
        status = act_on_kernel(abi, jail, act->name);
        if (ends_as(status, expected(act), act->error))
            continue;
        wrong++;
        printf("# ABI %u, %s, %s: status %d\n", abi, jail, act->name, status);
    }
    return wrong;
}

static enum sp_escape_end
of_unpack(const struct sp_escape_act *act)
{
    return act->unpack;
}

static enum sp_escape_end
of_check(const struct sp_escape_act *act)
{
    return act->check;
}

static enum sp_escape_end
of_verify(const struct sp_escape_act *act)
{
    return act->verify;
}

static enum sp_escape_end
of_index(const struct sp_escape_act *act)
{
    return act->index;
}

static void
test_oldest_kernel(void)
{
    tap_is_u64(count_wrong(1, "unpack", of_unpack), 0, "unpack holds on ABI 1");
    tap_is_u64(count_wrong(1, "check", of_check), 0, "check holds on ABI 1");
    tap_is_u64(count_wrong(1, "verify", of_verify), 0, "verify holds on ABI 1");
    tap_is_u64(count_wrong(1, "index", of_index), 0, "index holds on ABI 1");
}

static void
test_other_kernels(uint32_t here)
{
    for (unsigned abi = 2; abi <= here; abi++) {
        tap_ok(act_on_kernel(abi, "verify", "create-own") == 0 &&
                   act_on_kernel(abi, "verify", "exec-engine") == 0,
               "verify can work on ABI %u", abi);
        tap_ok(act_on_kernel(abi, "check", "create-own") == 0,
               "check can work on ABI %u", abi);
        tap_ok(act_on_kernel(abi, "verify", "read-secret") == EACCES &&
                   act_on_kernel(abi, "check", "create-outside") == EACCES,
               "files are held on ABI %u", abi);
    }
    /* A kernel of the future answers a number that we do not know. */
    tap_ok(act_on_kernel(99, "none", "sleep") == 0, "the player plays");
    if (here >= 6)
        tap_ok(act_on_kernel(99, "verify", "read-secret") == EACCES &&
                   act_on_kernel(99, "verify", "create-own") == 0,
               "verify holds and works on an ABI that is not known yet");
}

int
main(void)
{
    struct sp_jail_state state = {0};
    struct sp_error err = {0};

    if (!mkdtemp(scratch) || sp_spawn_init(&err) < 0)
        return 1;
    tap_ok(sp_jail_probe(&state, &err) == 0 && state.landlock_abi >= 1,
           "this kernel has Landlock and seccomp");
    test_rungs();
    test_inside();
    if (!SP_SANITIZED) {
        test_oldest_kernel();
        test_other_kernels(state.landlock_abi);
    }
    (void)sp_path_remove_tree(AT_FDCWD, scratch, &err);
    return tap_done();
}
