/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A local regular file. What is written appears under its name complete or
 * not at all: the bytes go to a temporary name beside it, finish renames.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/text.h"
#include "transports/carriers.h"

/* ".sallyport-" and 16 digits: short enough for every file system. */
enum { TEMPORARY_MAX = 32 };

struct destination {
    int dirfd;
    char name[256];
    char temporary[TEMPORARY_MAX]; /* "" when there is none to remove */
};

static int
refuse_kind(const struct sp_transport *t, mode_t mode, struct sp_error *err)
{
    if (S_ISDIR(mode))
        return sp_fail(err, "io", "'%s' is a directory", t->shown);
    if (S_ISBLK(mode))
        return sp_fail(err, "io",
                       "'%s' is a block device: write it as 'block:PATH'",
                       t->shown);
    if (S_ISLNK(mode))
        return sp_fail(err, "io",
                       "'%s' is a symbolic link: name the file that it "
                       "points to",
                       t->shown);
    return sp_fail(err, "io",
                   "'%s' is not a regular file: a stream is read and written "
                   "as '-'",
                   t->shown);
}

/* Non-blocking, so that a FIFO is refused instead of waited for. */
static int
open_read(struct sp_transport *t, const char *path, struct sp_error *err)
{
    SP_AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    struct stat st;

    if (fd < 0)
        return sp_fail_sys(err, errno, errno == ENOENT ? "not-found" : "io",
                           "cannot open '%s'", t->shown);
    if (fstat(fd, &st) < 0)
        return sp_fail_sys(err, errno, "io", "cannot stat '%s'", t->shown);
    if (!S_ISREG(st.st_mode))
        return refuse_kind(t, st.st_mode, err);
    t->known_size = (uint64_t)st.st_size;
    t->fd = sp_steal_fd(&fd);
    return 0;
}

/* Splits path into an open directory and the last component. */
static int
find_directory(struct sp_transport *t, const char *path,
               struct destination *dest, struct sp_error *err)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    char dir[4096] = ".";

    if (name[0] == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return sp_fail(err, "usage", "'%s' names no file", t->shown);
    if (strlen(name) >= sizeof(dest->name))
        return sp_fail(err, "usage", "'%s' is too long a name", t->shown);
    if (slash) {
        size_t len = slash == path ? 1 : (size_t)(slash - path);

        memcpy(dir, path, len);
        dir[len] = '\0';
    }
    dest->dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dest->dirfd < 0)
        return sp_fail_sys(err, errno, errno == ENOENT ? "not-found" : "io",
                           "cannot open the directory of '%s'", t->shown);
    memcpy(dest->name, name, strlen(name) + 1);
    return 0;
}

static int
make_temporary(struct sp_transport *t, struct destination *dest,
               struct sp_error *err)
{
    uint64_t number = 0;
    char name[TEMPORARY_MAX];

    if (getrandom(&number, sizeof(number), 0) != (ssize_t)sizeof(number))
        return sp_fail_sys(err, errno, "io", "no random number");
    (void)snprintf(name, sizeof(name), ".sallyport-%016" PRIx64, number);
    t->fd = openat(dest->dirfd, name,
                   O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (t->fd < 0)
        return sp_fail_sys(err, errno, "io", "cannot create '%s'", t->shown);
    memcpy(dest->temporary, name, sizeof(dest->temporary));
    return 0;
}

static int
open_write(struct sp_transport *t, const char *path, struct sp_error *err)
{
    struct destination *dest = calloc(1, sizeof(*dest));
    struct stat st;

    if (!dest)
        return sp_fail(err, "no-memory", "no memory for '%s'", t->shown);
    dest->dirfd = -1;
    t->data = dest;
    if (find_directory(t, path, dest, err) < 0)
        return -1;
    if (fstatat(dest->dirfd, dest->name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
        if (!S_ISREG(st.st_mode))
            return refuse_kind(t, st.st_mode, err);
    } else if (errno != ENOENT) {
        return sp_fail_sys(err, errno, "io", "cannot stat '%s'", t->shown);
    }
    return make_temporary(t, dest, err);
}

static int
file_open(struct sp_transport *t, const struct sp_address *address,
          struct sp_error *err)
{
    if (address->rest[0] == '\0')
        return sp_fail(err, "usage", "'%s' names no file", t->shown);
    if (t->direction == SP_DIR_READ)
        return open_read(t, address->rest, err);
    return open_write(t, address->rest, err);
}

static ssize_t
file_read(struct sp_transport *t, void *buf, size_t len, struct sp_error *err)
{
    ssize_t n = sp_read_some(t->fd, buf, len);

    if (n < 0)
        return sp_fail_sys(err, errno, "read-error", "cannot read '%s'",
                           t->shown);
    return n;
}

static int
cannot_write(const struct sp_transport *t, struct sp_error *err)
{
    return sp_fail_sys(err, errno, "io",
                       "cannot write '%s' after %" PRIu64 " bytes", t->shown,
                       t->bytes);
}

static int
file_write(struct sp_transport *t, const void *buf, size_t len,
           struct sp_error *err)
{
    return sp_write_full(t->fd, buf, len) < 0 ? cannot_write(t, err) : 0;
}

static ssize_t
file_write_file(struct sp_transport *t, int file, size_t len,
                struct sp_error *err)
{
    ssize_t n;

    do
        n = sp_move_some(t->fd, file, len);
    while (n < 0 && errno == EINTR);
    return n < 0 ? cannot_write(t, err) : n;
}

static int
file_finish(struct sp_transport *t, struct sp_error *err)
{
    struct destination *dest = t->data;

    if (t->direction == SP_DIR_READ)
        return 0;
    if (fsync(t->fd) < 0)
        return sp_fail_sys(err, errno, "io", "cannot sync '%s'", t->shown);
    if (renameat(dest->dirfd, dest->temporary, dest->dirfd, dest->name) < 0)
        return sp_fail_sys(err, errno, "io", "cannot put '%s' in place",
                           t->shown);
    dest->temporary[0] = '\0';
    if (fsync(dest->dirfd) < 0)
        return sp_fail_sys(err, errno, "io",
                           "cannot sync the directory of '%s'", t->shown);
    return 0;
}

static void
file_close(struct sp_transport *t)
{
    struct destination *dest = t->data;

    sp_close_fd(&t->fd);
    if (!dest)
        return;
    if (dest->temporary[0])
        (void)unlinkat(dest->dirfd, dest->temporary, 0);
    sp_close_fd(&dest->dirfd);
    free(dest);
    t->data = NULL;
}

const struct sp_transport_ops sp_carrier_file = {
    .scheme = "file",
    .summary = "local file ('file:PATH', or the bare path)",
    .caps = SP_CAP_READ | SP_CAP_WRITE | SP_CAP_PLAIN_FD | SP_CAP_KNOWN_END |
            SP_CAP_MEDIUM,
    .open = file_open,
    .read = file_read,
    .write = file_write,
    .write_file = file_write_file,
    .finish = file_finish,
    .close = file_close,
};
