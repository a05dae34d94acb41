/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/path.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/text.h"

/* Trees of ours are four levels deep; more is not ours. */
enum { TREE_DEPTH_MAX = 32 };

static int
fail(const char *verb, const char *name, struct sp_error *err)
{
    int sys = errno;
    char shown[SP_SHOWN_MAX];

    sp_text_show(shown, sizeof(shown), name);
    return sp_fail_sys(err, sys, sys == ENOENT ? "not-found" : "io",
                       "cannot %s '%s'", verb, shown);
}

int
sp_path_open_dir(int dirfd, const char *name, struct sp_error *err)
{
    int fd =
        openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0)
        return fail("open directory", name, err);
    return fd;
}

DIR *
sp_path_list(int dirfd, const char *name)
{
    SP_AUTO_FD fd =
        openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    int why = errno;

    if (dir)
        (void)sp_steal_fd(&fd);
    sp_close_fd(&fd);
    errno = why;
    return dir;
}

int
sp_path_make_dir(int dirfd, const char *name, mode_t mode, struct sp_error *err)
{
    if (mkdirat(dirfd, name, mode) < 0 && errno != EEXIST)
        return fail("make directory", name, err);
    return sp_path_open_dir(dirfd, name, err);
}

int
sp_path_make_dirs(const char *path, mode_t mode, struct sp_error *err)
{
    char prefix[PATH_MAX];
    size_t len = strlen(path);
    struct stat st;

    if (len == 0 || len >= sizeof(prefix))
        return sp_fail(err, "io", "path is empty or too long");
    memcpy(prefix, path, len + 1);
    for (size_t i = 1; i <= len; i++) {
        if (path[i] != '/' && path[i] != '\0')
            continue;
        prefix[i] = '\0';
        if (mkdir(prefix, mode) < 0 && errno != EEXIST)
            return fail("make directory", prefix, err);
        prefix[i] = path[i];
    }
    if (stat(path, &st) < 0)
        return fail("stat", path, err);
    if (!S_ISDIR(st.st_mode)) {
        errno = ENOTDIR;
        return fail("make directory", path, err);
    }
    return 0;
}

static bool
is_dot(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

int
sp_path_next(DIR *dir, struct dirent **ret, struct sp_error *err)
{
    struct dirent *entry;

    do {
        errno = 0;
        entry = readdir(dir);
    } while (entry && is_dot(entry->d_name));
    if (!entry && errno != 0)
        return sp_fail_sys(err, errno, "io", "cannot list a directory");
    *ret = entry;
    return entry != NULL;
}

static int remove_at(int dirfd, const char *name, dev_t dev, unsigned depth,
                     struct sp_error *err);

static int
remove_contents(int fd, dev_t dev, unsigned depth, struct sp_error *err)
{
    int again = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    SP_AUTO_DIR *dir = again < 0 ? NULL : fdopendir(again);
    struct dirent *entry;
    int more;

    if (!dir) {
        int sys = errno;

        sp_close_fd(&again);
        return sp_fail_sys(err, sys, "io", "cannot list a directory");
    }
    while ((more = sp_path_next(dir, &entry, err)) > 0)
        if (remove_at(fd, entry->d_name, dev, depth, err) < 0)
            return -1;
    return more;
}

static int
remove_at(int dirfd, const char *name, dev_t dev, unsigned depth,
          struct sp_error *err)
{
    struct stat st;
    SP_AUTO_FD fd = -1;

    if (unlinkat(dirfd, name, 0) == 0 || errno == ENOENT)
        return 0;
    if (errno != EISDIR && errno != EPERM)
        return fail("remove", name, err);
    if (depth == 0) {
        errno = ELOOP;
        return fail("remove", name, err);
    }
    /* A directory may have been made unreadable to keep it from us. */
    if (unlinkat(dirfd, name, AT_REMOVEDIR) == 0)
        return 0;
    if (faccessat(dirfd, name, R_OK | W_OK | X_OK, AT_SYMLINK_NOFOLLOW) < 0 &&
        fchmodat(dirfd, name, 0700, 0) < 0)
        return fail("open directory", name, err);
    fd = sp_path_open_dir(dirfd, name, err);
    if (fd < 0)
        return -1;
    if (fstat(fd, &st) < 0)
        return fail("stat", name, err);
    if (st.st_dev != dev) {
        errno = EXDEV;
        return fail("remove", name, err);
    }
    if (remove_contents(fd, dev, depth - 1, err) < 0)
        return -1;
    if (unlinkat(dirfd, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
        return fail("remove directory", name, err);
    return 0;
}

int
sp_path_remove_tree(int dirfd, const char *name, struct sp_error *err)
{
    struct stat st;

    if (fstatat(dirfd, "", &st, AT_EMPTY_PATH) < 0)
        return fail("stat the directory of", name, err);
    return remove_at(dirfd, name, st.st_dev, TREE_DEPTH_MAX, err);
}

/*
 * The name that stands in for `name` until the rename. It is fixed, so that
 * what a crash leaves behind is taken away by the next run; writers of one
 * name hold a lock.
 */
static int
temporary_name(const char *name, char dst[NAME_MAX + 1], struct sp_error *err)
{
    int len = snprintf(dst, NAME_MAX + 1, ".%s.new", name);

    if (len < 0 || len > NAME_MAX) {
        errno = ENAMETOOLONG;
        return fail("replace", name, err);
    }
    return 0;
}

static int
write_new(int dirfd, const char *name, const void *data, size_t len,
          mode_t mode, struct sp_error *err)
{
    SP_AUTO_FD fd = -1;

    if (unlinkat(dirfd, name, 0) < 0 && errno != ENOENT)
        return fail("remove", name, err);
    fd = openat(dirfd, name,
                O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
    if (fd < 0)
        return fail("create", name, err);
    if (sp_write_full(fd, data, len) < 0)
        return fail("write", name, err);
    if (fchmod(fd, mode) < 0)
        return fail("set the mode of", name, err);
    if (fsync(fd) < 0)
        return fail("sync", name, err);
    return 0;
}

int
sp_path_replace_file(int dirfd, const char *name, const void *data, size_t len,
                     mode_t mode, struct sp_error *err)
{
    char temporary[NAME_MAX + 1];

    if (temporary_name(name, temporary, err) < 0)
        return -1;
    if (write_new(dirfd, temporary, data, len, mode, err) < 0) {
        (void)unlinkat(dirfd, temporary, 0);
        return -1;
    }
    if (renameat(dirfd, temporary, dirfd, name) < 0) {
        (void)fail("replace", name, err);
        (void)unlinkat(dirfd, temporary, 0);
        return -1;
    }
    return sp_path_sync_dir(dirfd, err);
}

int
sp_path_flip_link(int dirfd, const char *name, const char *target,
                  struct sp_error *err)
{
    char temporary[NAME_MAX + 1];

    if (temporary_name(name, temporary, err) < 0)
        return -1;
    if (unlinkat(dirfd, temporary, 0) < 0 && errno != ENOENT)
        return fail("remove", temporary, err);
    if (symlinkat(target, dirfd, temporary) < 0)
        return fail("make link", temporary, err);
    if (renameat(dirfd, temporary, dirfd, name) < 0) {
        (void)fail("flip link", name, err);
        (void)unlinkat(dirfd, temporary, 0);
        return -1;
    }
    return 0;
}

int
sp_path_sync_dir(int dirfd, struct sp_error *err)
{
    /* AT_FDCWD is no descriptor that fsync takes. */
    SP_AUTO_FD here =
        dirfd == AT_FDCWD ? sp_path_open_dir(AT_FDCWD, ".", err) : -1;

    if (dirfd == AT_FDCWD && here < 0)
        return -1;
    if (fsync(dirfd == AT_FDCWD ? here : dirfd) < 0)
        return sp_fail_sys(err, errno, "io", "cannot sync a directory");
    return 0;
}
