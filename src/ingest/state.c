/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ingest/state.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/lock.h"
#include "base/path.h"
#include "base/text.h"

static int
copy_path(char dst[4096], const char *path, const char *tail,
          struct sp_error *err)
{
    int n = snprintf(dst, 4096, "%s%s", path, tail);

    if (n < 0 || n >= 4096)
        return sp_fail(err, "usage", "a directory name is too long");
    return 0;
}

/*
 * Started by root, the program becomes the owner of the state directory for
 * good: nothing that follows needs more.
 */
static int
become_owner(const struct sp_state *state, struct sp_error *err)
{
    struct stat st;

    if (geteuid() != 0)
        return 0;
    if (fstat(state->state_fd, &st) < 0)
        return sp_fail_sys(err, errno, "state", "cannot stat '%s'",
                           state->state_path);
    if (st.st_uid == 0)
        return 0;
    if (setgroups(0, NULL) < 0 || setresgid(st.st_gid, st.st_gid, st.st_gid) ||
        setresuid(st.st_uid, st.st_uid, st.st_uid) < 0)
        return sp_fail_sys(err, errno, "state",
                           "cannot become the owner of '%s'",
                           state->state_path);
    return 0;
}

static int
open_one(const char *path, bool create, int *ret_fd, struct sp_error *err)
{
    char shown[SP_SHOWN_MAX];

    sp_text_show(shown, sizeof(shown), path);
    if (create && sp_path_make_dirs(path, 0755, err) < 0)
        return sp_fail_sys(err, err->sys, "state",
                           "cannot make the directory '%s'", shown);
    *ret_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*ret_fd < 0)
        return sp_fail_sys(err, errno, errno == ENOENT ? "not-found" : "state",
                           "cannot open the directory '%s'", shown);
    return 0;
}

/* Nobody but the owner may be able to change what we publish. */
static int
check_owner(int fd, const char *path, struct sp_error *err)
{
    struct stat st;
    char shown[SP_SHOWN_MAX];

    sp_text_show(shown, sizeof(shown), path);
    if (fstat(fd, &st) < 0)
        return sp_fail_sys(err, errno, "state", "cannot stat '%s'", shown);
    if (st.st_uid != geteuid())
        return sp_fail(err, "state", "'%s' belongs to another user", shown);
    if (st.st_mode & S_IWOTH)
        return sp_fail(err, "state", "anybody may write to '%s'", shown);
    return 0;
}

/* The true name of an open directory: workers have another one to stand in. */
static int
absolute(int fd, char path[4096], struct sp_error *err)
{
    char link[64];
    ssize_t n;

    (void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    n = readlink(link, path, 4095);
    if (n < 0)
        return sp_fail_sys(err, errno, "state", "cannot name a directory");
    path[n] = '\0';
    return 0;
}

/* Once something was published, a repository that is not there is a fault,
 * for who does not make one. */
static int
open_repo(const struct sp_state *state, bool create, int *ret_fd,
          struct sp_error *err)
{
    if (open_one(state->repo_path, create, ret_fd, err) == 0)
        return 0;
    if (err && strcmp(err->detail, "not-found") == 0 &&
        faccessat(state->state_fd, "highest", F_OK, 0) == 0)
        return sp_fail_sys(err, err->sys, "state",
                           "this machine has published something, and '%s' "
                           "is not there",
                           state->repo_path);
    return -1;
}

int
sp_state_open(const struct sp_setup *setup, bool create, struct sp_state *ret,
              struct sp_error *err)
{
    const char *base =
        setup->state_dir ? setup->state_dir : SP_DEFAULT_STATE_DIR;
    struct sp_state state = {-1, -1, -1, "", ""};

    if (copy_path(state.state_path, base, "", err) < 0 ||
        (setup->repo_dir
             ? copy_path(state.repo_path, setup->repo_dir, "", err)
             : copy_path(state.repo_path, base, "/updates", err)) < 0)
        return -1;
    if (open_one(state.state_path, create, &state.state_fd, err) < 0 ||
        become_owner(&state, err) < 0 ||
        open_repo(&state, create, &state.repo_fd, err) < 0 ||
        (create && (check_owner(state.state_fd, state.state_path, err) < 0 ||
                    check_owner(state.repo_fd, state.repo_path, err) < 0))) {
        sp_state_close(&state);
        return -1;
    }
    if (absolute(state.state_fd, state.state_path, err) < 0 ||
        absolute(state.repo_fd, state.repo_path, err) < 0) {
        sp_state_close(&state);
        return -1;
    }
    *ret = state;
    return 0;
}

void
sp_state_close(struct sp_state *state)
{
    sp_close_fd(&state->lock_fd);
    sp_close_fd(&state->repo_fd);
    sp_close_fd(&state->state_fd);
}

static const char lock_name[] = ".lock";

int
sp_state_lock(struct sp_state *state, struct sp_error *err)
{
    char pid[SP_LOCK_OWNER_MAX];
    SP_AUTO_FD fd = openat(state->repo_fd, lock_name,
                           O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0)
        return sp_fail_sys(err, errno, "state", "cannot open '%s/.lock'",
                           state->repo_path);
    if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        if (errno != EWOULDBLOCK)
            return sp_fail_sys(err, errno, "state", "cannot lock '%s'",
                               state->repo_path);
        sp_lock_owner(fd, pid);
        return sp_fail(err, "busy", "%s%s is working on '%s'",
                       *pid ? "process " : "another process", pid,
                       state->repo_path);
    }
    if (sp_lock_sign(fd) < 0)
        return sp_fail_sys(err, errno, "state", "cannot write '%s/.lock'",
                           state->repo_path);
    state->lock_fd = sp_steal_fd(&fd);
    return 0;
}

int
sp_state_is_locked(const struct sp_state *state, struct sp_error *err)
{
    int held = sp_lock_is_held(state->repo_fd, lock_name);

    if (held < 0)
        return sp_fail_sys(err, errno, "state", "cannot look at '%s/.lock'",
                           state->repo_path);
    return held;
}
