/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/sandbox-calls.h"
#include "base/text.h"

/*
 * Landlock, as in the kernel's include/uapi/linux/landlock.h: our own names,
 * because the headers of Debian 12 end at ABI 2.
 */
#define LL_CREATE_RULESET_VERSION 1u
#define LL_RULE_PATH_BENEATH 1
#define LL_FS_EXECUTE (UINT64_C(1) << 0)
#define LL_FS_WRITE_FILE (UINT64_C(1) << 1)
#define LL_FS_READ_FILE (UINT64_C(1) << 2)
#define LL_FS_READ_DIR (UINT64_C(1) << 3)
#define LL_FS_REMOVE_DIR (UINT64_C(1) << 4)
#define LL_FS_REMOVE_FILE (UINT64_C(1) << 5)
#define LL_FS_MAKE_DIR (UINT64_C(1) << 7)
#define LL_FS_MAKE_REG (UINT64_C(1) << 8)
#define LL_FS_ALL_ABI1 ((UINT64_C(1) << 13) - 1)
#define LL_FS_REFER (UINT64_C(1) << 13)
#define LL_FS_TRUNCATE (UINT64_C(1) << 14)
#define LL_FS_IOCTL_DEV (UINT64_C(1) << 15)
#define LL_NET_BIND_TCP (UINT64_C(1) << 0)
#define LL_NET_CONNECT_TCP (UINT64_C(1) << 1)
#define LL_SCOPE_ABSTRACT_UNIX (UINT64_C(1) << 0)
#define LL_SCOPE_SIGNAL (UINT64_C(1) << 1)

struct ll_ruleset {
    uint64_t handled_fs;
    uint64_t handled_net; /* ABI 4 */
    uint64_t scoped;      /* ABI 6 */
};

struct ll_path_beneath {
    uint64_t allowed;
    int32_t parent_fd;
} __attribute__((packed));

/* The same numbers on every architecture. */
enum { NR_LL_CREATE = 444, NR_LL_ADD_RULE = 445, NR_LL_RESTRICT = 446 };

/*
 * Tasks of this user that a jailed verifier may see before fork fails: far
 * above a busy desktop, far below a fork bomb. (The limit is one per user;
 * root has none, there the process group is the wall.)
 */
enum { TASKS_MAX = 4096 };

static int
refuse(struct sp_error *err, const char *rung)
{
    return sp_fail_sys(err, errno, "sandbox", "cannot set the rung '%s'", rung);
}

/* ---- what is allowed --------------------------------------------------- */

static struct sp_jail_path *
add_path(struct sp_jail *jail, unsigned rights)
{
    struct sp_jail_path *entry = &jail->paths[jail->n_paths];

    if (jail->n_paths >= SP_JAIL_PATHS_MAX)
        SP_BUG("too many paths for one jail");
    jail->n_paths++;
    entry->path = NULL;
    entry->fd = -1;
    entry->rights = rights;
    return entry;
}

void
sp_jail_allow(struct sp_jail *jail, const char *path, unsigned rights)
{
    if (access(path, F_OK) == 0 || errno != ENOENT)
        sp_jail_require(jail, path, rights);
}

void
sp_jail_require(struct sp_jail *jail, const char *path, unsigned rights)
{
    add_path(jail, rights)->path = path;
}

void
sp_jail_allow_fd(struct sp_jail *jail, int fd, unsigned rights)
{
    add_path(jail, rights)->fd = fd;
}

void
sp_jail_allow_libraries(struct sp_jail *jail)
{
    static const char *const folders[] = {
        ("/usr" SP_LIBRARIES_MULTIARCH), /* Debian */
        SP_LIBRARIES_MULTIARCH,
        "/usr/lib64", /* Fedora */
        "/lib64",
    };

    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
        sp_jail_allow(jail, folders[i], SP_JAIL_READ);
    sp_jail_allow(jail, SP_LOADER, SP_JAIL_EXECUTE);
    sp_jail_allow(jail, "/etc/ld.so.cache", SP_JAIL_READ);
}

/* ---- Landlock ---------------------------------------------------------- */

static int
landlock_abi(uint32_t *ret_abi, struct sp_error *err)
{
    long abi =
        syscall(NR_LL_CREATE, NULL, (size_t)0, LL_CREATE_RULESET_VERSION);

    if (abi < 0)
        return sp_fail_sys(err, errno, "sandbox", "no Landlock in this kernel");
    if (abi < 1)
        return sp_fail(err, "sandbox", "no Landlock in this kernel");
    *ret_abi = (uint32_t)abi;
    return 0;
}

/* Everything that the running kernel can forbid. */
static struct ll_ruleset
all_of_abi(uint32_t abi)
{
    struct ll_ruleset all = {.handled_fs = LL_FS_ALL_ABI1};

    if (abi >= 2)
        all.handled_fs |= LL_FS_REFER;
    if (abi >= 3)
        all.handled_fs |= LL_FS_TRUNCATE;
    if (abi >= 4)
        all.handled_net = LL_NET_BIND_TCP | LL_NET_CONNECT_TCP;
    if (abi >= 5)
        all.handled_fs |= LL_FS_IOCTL_DEV;
    if (abi >= 6)
        all.scoped = LL_SCOPE_ABSTRACT_UNIX | LL_SCOPE_SIGNAL;
    return all;
}

/* Older kernels refuse a structure with fields that they do not know. */
static size_t
ruleset_size(uint32_t abi)
{
    if (abi >= 6)
        return sizeof(struct ll_ruleset);
    return abi >= 4 ? offsetof(struct ll_ruleset, scoped)
                    : offsetof(struct ll_ruleset, handled_net);
}

static uint64_t
landlock_rights(unsigned rights, bool is_dir, uint64_t handled)
{
    const uint64_t of_files =
        LL_FS_EXECUTE | LL_FS_WRITE_FILE | LL_FS_READ_FILE | LL_FS_TRUNCATE;
    uint64_t allowed = 0;

    if (rights & SP_JAIL_READ)
        allowed |= LL_FS_READ_FILE | LL_FS_READ_DIR;
    if (rights & SP_JAIL_EXECUTE)
        allowed |= LL_FS_EXECUTE | LL_FS_READ_FILE;
    if (rights & SP_JAIL_CREATE)
        allowed |= LL_FS_MAKE_REG | LL_FS_WRITE_FILE;
    if (rights & SP_JAIL_FILES)
        allowed |= LL_FS_MAKE_REG | LL_FS_WRITE_FILE | LL_FS_TRUNCATE |
                   LL_FS_REMOVE_FILE;
    if (rights & SP_JAIL_WRITE)
        allowed |= LL_FS_MAKE_REG | LL_FS_MAKE_DIR | LL_FS_WRITE_FILE |
                   LL_FS_TRUNCATE | LL_FS_REMOVE_FILE | LL_FS_REMOVE_DIR;
    return allowed & handled & (is_dir ? ~UINT64_C(0) : of_files);
}

static int
add_rule(int ruleset, const struct sp_jail_path *entry, uint64_t handled,
         struct sp_error *err)
{
    SP_AUTO_FD opened = -1;
    struct ll_path_beneath rule = {.parent_fd = entry->fd};
    char shown[SP_SHOWN_MAX] = "a descriptor";
    struct stat st;

    if (entry->path) {
        sp_text_show(shown, sizeof(shown), entry->path);
        opened = open(entry->path, O_PATH | O_CLOEXEC);
        rule.parent_fd = opened;
    }
    if (rule.parent_fd < 0 || fstat(rule.parent_fd, &st) < 0)
        return sp_fail_sys(err, errno, "sandbox", "cannot open '%s'", shown);
    rule.allowed = landlock_rights(entry->rights, S_ISDIR(st.st_mode), handled);
    if (syscall(NR_LL_ADD_RULE, ruleset, LL_RULE_PATH_BENEATH, &rule, 0) < 0)
        return sp_fail_sys(err, errno, "sandbox", "cannot allow '%s'", shown);
    return 0;
}

/* Returns the descriptor of the finished rule set, or -1. */
static int
landlock_ruleset(const struct sp_jail *jail, uint32_t abi, struct sp_error *err)
{
    const struct ll_ruleset all = all_of_abi(abi);
    SP_AUTO_FD ruleset = (int)syscall(NR_LL_CREATE, &all, ruleset_size(abi), 0);

    if (ruleset < 0)
        return refuse(err, "landlock");
    for (size_t i = 0; i < jail->n_paths; i++)
        if (add_rule(ruleset, &jail->paths[i], all.handled_fs, err) < 0)
            return -1;
    return sp_steal_fd(&ruleset);
}

/* ---- limits and privileges --------------------------------------------- */

/* Sets both limits; never above the hard limit that is there. */
static int
limit(__rlimit_resource_t resource, uint64_t most, const char *rung,
      struct sp_error *err)
{
    struct rlimit now;

    if (getrlimit(resource, &now) < 0)
        return refuse(err, rung);
    if (now.rlim_max > most)
        now.rlim_max = most;
    now.rlim_cur = now.rlim_max;
    if (setrlimit(resource, &now) < 0)
        return refuse(err, rung);
    return 0;
}

static int
set_limits(const struct sp_jail *jail, struct sp_error *err)
{
    uint64_t files = 0; /* new descriptors */
    uint64_t tasks = 0;
    uint64_t locked = 0;

    switch (jail->kind) {
    case SP_JAIL_UNPACK: break;
    /* poll takes no more entries than this; it opens nothing */
    case SP_JAIL_VCHAN: files = 2; break;
    /* the package that is written, and one to spare */
    case SP_JAIL_CHECK: files = jail->keep_fds + UINT64_C(2); break;
    /* the report channel and the metadata; a package, one and a spare */
    case SP_JAIL_INDEX: files = jail->keep_fds + UINT64_C(12); break;
    case SP_JAIL_VERIFY:
    case SP_JAIL_TOOL:
        /* four pipes an engine; createrepo_c: a few files a thread */
        files = 256;
        tasks = TASKS_MAX;
        /* gpg warns when it cannot lock its 64 KiB */
        locked = 65536;
        break;
    }
    if (limit(RLIMIT_CORE, 0, "rlimit core", err) < 0 ||
        limit(RLIMIT_MEMLOCK, locked, "rlimit memlock", err) < 0 ||
        limit(RLIMIT_MSGQUEUE, 0, "rlimit msgqueue", err) < 0 ||
        limit(RLIMIT_NPROC, tasks, "rlimit nproc", err) < 0 ||
        limit(RLIMIT_FSIZE, jail->max_file_bytes, "rlimit fsize", err) < 0 ||
        limit(RLIMIT_NOFILE, files, "rlimit nofile", err) < 0)
        return -1;
    if (!SP_SANITIZED &&
        limit(RLIMIT_AS, jail->max_memory, "rlimit as", err) < 0)
        return -1;
    /* A file that grows too large is an error to report, not a death. */
    if (signal(SIGXFSZ, SIG_IGN) == SIG_ERR)
        return refuse(err, "signal");
    return 0;
}

/* Root keeps nothing but its files. An ordinary user has nothing to lose. */
static int
drop_privileges(struct sp_error *err)
{
    struct __user_cap_header_struct header = {
        .version = _LINUX_CAPABILITY_VERSION_3,
    };
    struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0}};

    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 ||
        syscall(SYS_capset, &header, none) < 0)
        return refuse(err, "capabilities");
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return refuse(err, "no_new_privs");
    return 0;
}

/* ---- the ladder -------------------------------------------------------- */

static bool
answers_errno(enum sp_jail_kind kind)
{
    return kind == SP_JAIL_VERIFY || kind == SP_JAIL_TOOL ||
           kind == SP_JAIL_INDEX;
}

int
sp_jail_enter(const struct sp_jail *jail, struct sp_jail_state *ret_state,
              struct sp_error *err)
{
    struct sp_jail_state state = {0};
    struct sock_fprog filter = sp_sandbox_calls(jail->kind);
    SP_AUTO_FD ruleset = -1;

    state.seccomp = answers_errno(jail->kind) ? 2 : 1;
    if (close_range(jail->keep_fds, ~0u, 0) < 0)
        return refuse(err, "descriptors");
    if (landlock_abi(&state.landlock_abi, err) < 0)
        return -1;
    /* Made before the limits, which leave no room for its descriptors. */
    ruleset = landlock_ruleset(jail, state.landlock_abi, err);
    if (ruleset < 0)
        return -1;
    if (set_limits(jail, err) < 0 || drop_privileges(err) < 0)
        return -1;
    if (syscall(NR_LL_RESTRICT, ruleset, 0) < 0)
        return refuse(err, "landlock");
    sp_close_fd(&ruleset);
    if (!SP_SANITIZED &&
        syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) < 0)
        return refuse(err, "seccomp");
    if (ret_state)
        *ret_state = state;
    return 0;
}

int
sp_jail_probe(struct sp_jail_state *ret_state, struct sp_error *err)
{
    const uint32_t actions[] = {SECCOMP_RET_KILL_PROCESS, SECCOMP_RET_ERRNO};
    struct sp_jail_state state = {.seccomp = 1};

    if (landlock_abi(&state.landlock_abi, err) < 0)
        return -1;
    for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
        if (syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &actions[i]) < 0)
            return sp_fail_sys(err, errno, "sandbox",
                               "no seccomp filter in this kernel");
    *ret_state = state;
    return 0;
}
