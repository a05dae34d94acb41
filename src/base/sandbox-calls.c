/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/sandbox-calls.h"

#include <asm/ioctls.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/ioctl.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

/*
 * A filter is a list of rules, tried in order; the first whose call and
 * condition hold decides. Conditions look at the low half of an argument:
 * all values that matter here are 32 bits wide in the kernel, and both
 * architectures are little-endian.
 */
enum condition {
    ALWAYS = 0,
    EQUAL,    /* argument == value */
    ANY_BITS, /* argument & value is not zero */
    ALL_BITS, /* argument & value == value */
};

struct rule {
    unsigned call;
    unsigned action;
    enum condition condition;
    unsigned argument;
    unsigned value;
};

#define ALLOW SECCOMP_RET_ALLOW
#define KILL SECCOMP_RET_KILL_PROCESS
#define DENY(error) (SECCOMP_RET_ERRNO | (error))

/* clang-format off */

/* What both pure workers do: read, write, take memory, end. */
#define PURE_WORKER                                                            \
    {SYS_read, ALLOW, EQUAL, 0, 0},   /* what it reads */                      \
    {SYS_read, ALLOW, EQUAL, 0, 3},   /* the go byte */                        \
    {SYS_close, ALLOW, ALWAYS, 0, 0},                                          \
    {SYS_brk, ALLOW, ALWAYS, 0, 0},                                            \
    {SYS_munmap, ALLOW, ALWAYS, 0, 0},                                         \
    {SYS_mremap, ALLOW, ALWAYS, 0, 0},                                         \
    {SYS_mmap, KILL, ANY_BITS, 2, PROT_EXEC},                                  \
    {SYS_mmap, ALLOW, ALL_BITS, 3, MAP_ANONYMOUS | MAP_PRIVATE},               \
    {SYS_exit_group, ALLOW, ALWAYS, 0, 0}

static const struct rule unpack_rules[] = {
    PURE_WORKER,
    {SYS_write, ALLOW, EQUAL, 0, 1},  /* what it hands on */
    {SYS_write, ALLOW, EQUAL, 0, 3},  /* reports */
};

static const struct rule check_rules[] = {
    PURE_WORKER,
    {SYS_write, ALLOW, ALWAYS, 0, 0}, /* hands on, reports, packages */
    /* Has written bytes go to the disk while others come in. */
    {SYS_sync_file_range, ALLOW, EQUAL, 3, SYNC_FILE_RANGE_WRITE},
    /* Only what is made by the call itself; Landlock says where. */
    {SYS_openat, ALLOW, ALL_BITS, 2, O_CREAT | O_EXCL | O_WRONLY},
};

/*
 * An event channel is read and written, and told to notify the other side:
 * IOCTL_EVTCHN_NOTIFY of Linux, include/uapi/xen/evtchn.h.
 */
#define EVTCHN_NOTIFY _IOC(_IOC_NONE, 'E', 4, sizeof(uint32_t))

static const struct rule vchan_rules[] = {
    {SYS_read, ALLOW, ALWAYS, 0, 0},
    {SYS_write, ALLOW, ALWAYS, 0, 0},
    {SYS_close, ALLOW, ALWAYS, 0, 0},
#ifdef SYS_poll
    {SYS_poll, ALLOW, ALWAYS, 0, 0},
#endif
    {SYS_ppoll, ALLOW, ALWAYS, 0, 0},
    {SYS_restart_syscall, ALLOW, ALWAYS, 0, 0},   /* poll, stopped for a while */
    {SYS_ioctl, ALLOW, EQUAL, 1, EVTCHN_NOTIFY},
    /* Without a system call, where the clock source lets it. */
    {SYS_clock_gettime, ALLOW, ALWAYS, 0, 0},
    {SYS_exit_group, ALLOW, ALWAYS, 0, 0},
};

/* clang-format on */

/*
 * Kinds that run foreign programs (gpg, createrepo_c) or libraries answer an
 * errno: those ask for more than they need and go on without it.
 */
#define NO(call)                                                               \
    {                                                                          \
        SYS_##call, DENY(EPERM), ALWAYS, 0, 0                                  \
    }

/* clang-format off */

static const struct rule runner_rules[] = {
    /* network, local sockets */
    NO(socket), NO(socketpair), NO(connect), NO(bind), NO(listen), NO(accept),
    NO(accept4), NO(sendto), NO(sendmsg), NO(sendmmsg), NO(recvfrom),
    NO(recvmsg), NO(recvmmsg),
    /* other processes: signals, memory, limits, priorities */
    NO(kill), NO(tkill), NO(tgkill), NO(rt_sigqueueinfo),
    NO(rt_tgsigqueueinfo), NO(pidfd_send_signal), NO(pidfd_open),
    NO(pidfd_getfd), NO(ptrace), NO(process_vm_readv), NO(process_vm_writev),
    NO(kcmp), NO(setpriority), NO(ioprio_set), NO(sched_setparam),
    NO(sched_setscheduler), NO(sched_setaffinity), NO(sched_setattr),
    NO(migrate_pages), NO(move_pages),
    {SYS_prlimit64, ALLOW, EQUAL, 0, 0},       /* its own */
    NO(prlimit64),
    {SYS_fcntl, DENY(EPERM), EQUAL, 1, F_SETOWN},    /* signals by SIGIO */
    {SYS_fcntl, DENY(EPERM), EQUAL, 1, F_SETOWN_EX},
    {SYS_fcntl, DENY(EPERM), EQUAL, 1, F_SETSIG},
    {SYS_fcntl, DENY(EPERM), EQUAL, 1, F_SETLEASE},
    {SYS_fcntl, DENY(EPERM), EQUAL, 1, F_NOTIFY},
    /* the process group, by which the parent kills; the death signal */
    NO(setsid), NO(setpgid),
    {SYS_prctl, ALLOW, EQUAL, 0, PR_SET_NAME},
    NO(prctl),
    /* memory shared with others of the same user */
    NO(shmget), NO(shmat), NO(shmctl), NO(semget), NO(semop), NO(semctl),
    NO(semtimedop), NO(msgget), NO(msgsnd), NO(msgrcv), NO(msgctl),
    NO(mq_open), NO(mq_unlink), NO(memfd_create),
    /* name spaces and mounts */
    {SYS_clone, DENY(EPERM), ANY_BITS, 0,
     CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC |
     CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | CLONE_PARENT},
    /* Its flags lie in memory; glibc falls back to clone. */
    {SYS_clone3, DENY(ENOSYS), ALWAYS, 0, 0},
    NO(unshare), NO(setns), NO(mount), NO(umount2), NO(pivot_root), NO(chroot),
    NO(open_tree), NO(move_mount), NO(fsopen), NO(fsconfig), NO(fsmount),
    NO(fspick),
    /* whose metadata Landlock does not guard */
    NO(fchmod), NO(fchmodat), NO(fchown), NO(fchownat), NO(utimensat),
    NO(setxattr), NO(lsetxattr), NO(fsetxattr), NO(removexattr),
    NO(lremovexattr), NO(fremovexattr), NO(truncate), NO(ftruncate),
    NO(linkat), NO(symlinkat), NO(mknodat), NO(name_to_handle_at),
    NO(open_by_handle_at), NO(quotactl), NO(inotify_init1),
    NO(inotify_add_watch), NO(fanotify_init), NO(fanotify_mark),
    /* devices: what stdio asks, no more */
    {SYS_ioctl, ALLOW, EQUAL, 1, TCGETS},
    {SYS_ioctl, ALLOW, EQUAL, 1, FIONREAD},
    {SYS_ioctl, ALLOW, EQUAL, 1, FIOCLEX},
    {SYS_ioctl, ALLOW, EQUAL, 1, FIONCLEX},
    NO(ioctl),
    /* identity */
    NO(setuid), NO(setgid), NO(setreuid), NO(setregid), NO(setresuid),
    NO(setresgid), NO(setfsuid), NO(setfsgid), NO(setgroups), NO(capset),
    NO(personality),
    /* wide doors into the kernel */
    NO(bpf), NO(perf_event_open), NO(userfaultfd), NO(io_uring_setup),
    NO(io_uring_enter), NO(io_uring_register), NO(add_key), NO(request_key),
    NO(keyctl), NO(remap_file_pages), NO(vmsplice), NO(lookup_dcookie),
    /* the machine */
    NO(init_module), NO(finit_module), NO(delete_module), NO(kexec_load),
    NO(kexec_file_load), NO(reboot), NO(swapon), NO(swapoff), NO(acct),
    NO(syslog), NO(settimeofday), NO(clock_settime), NO(clock_adjtime),
    NO(adjtimex), NO(sethostname), NO(setdomainname), NO(vhangup),
    NO(nfsservctl),
#ifdef __x86_64__
    NO(chmod), NO(chown), NO(lchown), NO(link), NO(symlink), NO(mknod),
    NO(utime), NO(utimes), NO(futimesat), NO(inotify_init), NO(iopl),
    NO(ioperm), NO(modify_ldt), NO(uselib), NO(_sysctl),
    NO(create_module),
#endif
};

/* A library instead of a program: nothing is started, no code is mapped. */
static const struct rule library_rules[] = {
    NO(execve), NO(execveat), NO(clone),
#ifdef __x86_64__
    NO(fork), NO(vfork),
#endif
    {SYS_mprotect, DENY(EPERM), ANY_BITS, 2, PROT_EXEC},
    {SYS_pkey_mprotect, DENY(EPERM), ANY_BITS, 2, PROT_EXEC},
    {SYS_mmap, DENY(EPERM), ANY_BITS, 2, PROT_EXEC},
    {SYS_mmap, ALLOW, ALL_BITS, 3, MAP_ANONYMOUS | MAP_PRIVATE},
    NO(mmap),
};

/* clang-format on */

/* The newest call that was looked at; younger ones are not there (ENOSYS). */
enum { NEWEST_CALL = 439 }; /* faccessat2 */

/* x86_64: the bit that selects the x32 table. */
#define X32_BIT 0x40000000u

#ifdef __x86_64__
#define AUDIT_ARCH_HERE AUDIT_ARCH_X86_64
#else
#define AUDIT_ARCH_HERE AUDIT_ARCH_AARCH64
#endif

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { PROLOGUE = 8, PER_RULE = 6 };

struct program {
    struct sock_filter
        code[PROLOGUE +
             PER_RULE * (COUNT(library_rules) + COUNT(runner_rules)) + 1];
    unsigned short len;
};

static void
load(struct program *p, size_t offset)
{
    p->code[p->len++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
                                                     (unsigned)offset);
}

/* Jumps over `skip` instructions unless A <test> value. */
static void
unless(struct program *p, unsigned short test, unsigned value, uint8_t skip)
{
    p->code[p->len++] =
        (struct sock_filter)BPF_JUMP(BPF_JMP | test | BPF_K, value, 0, skip);
}

static void
mask(struct program *p, unsigned value)
{
    p->code[p->len++] =
        (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K, value);
}

static void
answer(struct program *p, unsigned action)
{
    p->code[p->len++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action);
}

static void
put_rule(struct program *p, const struct rule *rule)
{
    const size_t argument =
        offsetof(struct seccomp_data, args) + sizeof(uint64_t) * rule->argument;

    load(p, offsetof(struct seccomp_data, nr));
    switch (rule->condition) {
    case ALWAYS: unless(p, BPF_JEQ, rule->call, 1); break;
    case EQUAL:
        unless(p, BPF_JEQ, rule->call, 3);
        load(p, argument);
        unless(p, BPF_JEQ, rule->value, 1);
        break;
    case ANY_BITS:
        unless(p, BPF_JEQ, rule->call, 3);
        load(p, argument);
        unless(p, BPF_JSET, rule->value, 1);
        break;
    case ALL_BITS:
        unless(p, BPF_JEQ, rule->call, 4);
        load(p, argument);
        mask(p, rule->value);
        unless(p, BPF_JEQ, rule->value, 1);
        break;
    }
    answer(p, rule->action);
}

/* A foreign system call table is death in every jail. */
static void
put_prologue(struct program *p)
{
    p->len = 0;
    load(p, offsetof(struct seccomp_data, arch));
    p->code[p->len++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
                                                     AUDIT_ARCH_HERE, 1, 0);
    answer(p, KILL);
    load(p, offsetof(struct seccomp_data, nr));
    unless(p, BPF_JGE, X32_BIT, 1);
    answer(p, KILL);
}

static void
put_rules(struct program *p, const struct rule *rules, size_t n)
{
    for (size_t i = 0; i < n; i++)
        put_rule(p, &rules[i]);
}

struct sock_fprog
sp_sandbox_calls(enum sp_jail_kind kind)
{
    static struct program p;

    put_prologue(&p);
    switch (kind) {
    case SP_JAIL_UNPACK:
        put_rules(&p, unpack_rules, COUNT(unpack_rules));
        answer(&p, KILL);
        break;
    case SP_JAIL_CHECK:
        put_rules(&p, check_rules, COUNT(check_rules));
        answer(&p, KILL);
        break;
    case SP_JAIL_VCHAN:
        put_rules(&p, vchan_rules, COUNT(vchan_rules));
        answer(&p, KILL);
        break;
    case SP_JAIL_VERIFY:
    case SP_JAIL_TOOL:
    case SP_JAIL_INDEX:
        unless(&p, BPF_JGT, NEWEST_CALL, 1);
        answer(&p, DENY(ENOSYS));
        if (kind == SP_JAIL_INDEX)
            put_rules(&p, library_rules, COUNT(library_rules));
        put_rules(&p, runner_rules, COUNT(runner_rules));
        answer(&p, ALLOW);
        break;
    }
    return (struct sock_fprog){.len = p.len, .filter = p.code};
}
