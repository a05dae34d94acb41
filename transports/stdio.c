/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The standard streams: "-" reads descriptor 0 or writes descriptor 1. A
 * terminal is neither a source nor a place for a bundle.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/io.h"
#include "transports/carriers.h"

/* The most that an ordinary user may ask for, pipe(7). */
enum { PIPE_BYTES = 1024 * 1024 };

static const char *
stream_name(const struct sp_transport *t)
{
    return t->direction == SP_DIR_READ ? "standard input" : "standard output";
}

/* A file on standard input says how much is left of it. */
static uint64_t
bytes_left(int fd)
{
    struct stat st;
    off_t at = lseek(fd, 0, SEEK_CUR);

    if (at < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
        return 0;
    return st.st_size > at ? (uint64_t)(st.st_size - at) : 0;
}

/* A closed one was opened the wrong way round (sp_hold_standard). */
static int
check_readable(int fd, struct sp_error *err)
{
    struct stat st;

    if ((fcntl(fd, F_GETFL) & O_ACCMODE) == O_WRONLY)
        return sp_fail(err, "usage", "standard input is closed");
    if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode))
        return sp_fail(err, "usage", "standard input is a directory");
    return 0;
}

static int
stdio_open(struct sp_transport *t, const struct sp_address *address,
           struct sp_error *err)
{
    int fd = t->direction == SP_DIR_READ ? STDIN_FILENO : STDOUT_FILENO;

    (void)address;
    if (isatty(fd))
        return sp_fail(err, "usage", "%s is a terminal", stream_name(t));
    if (t->direction == SP_DIR_READ && check_readable(fd, err) < 0)
        return -1;
    t->fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    if (t->fd < 0)
        return sp_fail_sys(err, errno, "io", "cannot use %s", stream_name(t));
    /* Fewer turns between the two ends; what is no pipe says EBADF. */
    (void)fcntl(t->fd, F_SETPIPE_SZ, PIPE_BYTES);
    if (t->direction == SP_DIR_READ)
        t->known_size = bytes_left(t->fd);
    return 0;
}

static ssize_t
stdio_read(struct sp_transport *t, void *buf, size_t len, struct sp_error *err)
{
    ssize_t n = sp_read_some(t->fd, buf, len);

    if (n < 0)
        return sp_fail_sys(err, errno, "io", "cannot read %s", stream_name(t));
    return n;
}

static int
cannot_write(const struct sp_transport *t, struct sp_error *err)
{
    if (errno == EINTR)
        return sp_fail(err, "interrupted", "stopped by a signal");
    if (errno == EPIPE)
        return sp_fail(err, "peer-gone", "nobody reads %s any more",
                       stream_name(t));
    return sp_fail_sys(err, errno, "io", "cannot write %s", stream_name(t));
}

static int
stdio_write(struct sp_transport *t, const void *buf, size_t len,
            struct sp_error *err)
{
    return sp_write_patient(t->fd, buf, len) < 0 ? cannot_write(t, err) : 0;
}

static ssize_t
stdio_write_file(struct sp_transport *t, int file, size_t len,
                 struct sp_error *err)
{
    ssize_t n = sp_move_some(t->fd, file, len);

    return n < 0 ? cannot_write(t, err) : n;
}

/* A pipe cannot be synced and says EINVAL: its bytes are with the reader. */
static int
stdio_finish(struct sp_transport *t, struct sp_error *err)
{
    if (t->direction == SP_DIR_READ)
        return 0;
    if (fsync(t->fd) < 0 && errno != EINVAL && errno != EROFS)
        return sp_fail_sys(err, errno, "io", "cannot sync %s", stream_name(t));
    return 0;
}

static void
stdio_close(struct sp_transport *t)
{
    sp_close_fd(&t->fd);
}

const struct sp_transport_ops sp_carrier_stdio = {
    .scheme = "-",
    .summary = "standard input or output",
    .caps = SP_CAP_READ | SP_CAP_WRITE | SP_CAP_PLAIN_FD | SP_CAP_KNOWN_END,
    .open = stdio_open,
    .read = stdio_read,
    .write = stdio_write,
    .write_file = stdio_write_file,
    .finish = stdio_finish,
    .close = stdio_close,
};
