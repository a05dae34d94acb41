/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/text.h"

enum { PAGE_BYTES = 4096 };

ssize_t
sp_read_some(int fd, void *buf, size_t len)
{
    ssize_t n;

    do
        n = read(fd, buf, len);
    while (n < 0 && errno == EINTR);
    return n;
}

ssize_t
sp_read_full(int fd, void *buf, size_t len)
{
    size_t done = 0;

    while (done < len) {
        ssize_t n = sp_read_some(fd, (char *)buf + done, len - done);

        if (n < 0)
            return -1;
        if (n == 0)
            break;
        done += (size_t)n;
    }
    return (ssize_t)done;
}

static bool
would_wait(int fd)
{
    struct pollfd polled = {.fd = fd, .events = POLLOUT};

    return poll(&polled, 1, 0) == 0;
}

/* A write that a signal cut short has forgotten it: the next would wait. */
static int
write_all(int fd, const char *p, size_t len, bool ends_at_signal)
{
    while (len > 0) {
        ssize_t n = write(fd, p, len);

        if (n < 0 && errno == EINTR && !ends_at_signal)
            continue;
        if (n < 0)
            return -1;
        p += n;
        len -= (size_t)n;
        if (ends_at_signal && len > 0 && would_wait(fd)) {
            errno = EINTR;
            return -1;
        }
    }
    return 0;
}

int
sp_write_full(int fd, const void *buf, size_t len)
{
    return write_all(fd, buf, len, false);
}

int
sp_write_patient(int fd, const void *buf, size_t len)
{
    return write_all(fd, buf, len, true);
}

ssize_t
sp_move_some(int to, int file, size_t len)
{
    ssize_t n = sendfile(to, file, NULL, len);

    /* A file that is open for appending, for one; and whose EIO it is shows
     * only who reads and writes. */
    return n < 0 && (errno == EINVAL || errno == ENOSYS || errno == EIO) ? 0
                                                                         : n;
}

void *
sp_io_buffer(size_t size)
{
    return aligned_alloc(PAGE_BYTES, size);
}

int
sp_hold_standard(void)
{
    /* Opened the wrong way round: who uses it is told. */
    const int flags[] = {O_WRONLY, O_RDONLY, O_RDONLY};

    for (int fd = 0; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF &&
            open("/dev/null", flags[fd] | O_CLOEXEC) != fd)
            return -1;
    return 0;
}

int
sp_read_file(int dirfd, const char *name, size_t max, char **ret_buf,
             size_t *ret_len, struct sp_error *err)
{
    SP_AUTO_FD fd =
        openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    struct stat st;
    char shown[SP_SHOWN_MAX];
    char *buf;
    ssize_t n;

    sp_text_show(shown, sizeof(shown), name);
    if (fd < 0 && errno == ENOENT)
        return sp_fail_sys(err, ENOENT, "not-found", "cannot open '%s'", shown);
    if (fd < 0)
        return sp_fail_sys(err, errno, "io", "cannot open '%s'", shown);
    if (fstat(fd, &st) < 0)
        return sp_fail_sys(err, errno, "io", "cannot stat '%s'", shown);
    if (!S_ISREG(st.st_mode))
        return sp_fail(err, "io", "'%s' is not a regular file", shown);
    if (st.st_size < 0 || (uint64_t)st.st_size > max)
        return sp_fail(err, "io", "'%s' is larger than %zu bytes", shown, max);
    buf = malloc((size_t)st.st_size + 1);
    if (!buf)
        return sp_fail(err, "no-memory", "no memory for '%s'", shown);
    n = sp_read_full(fd, buf, (size_t)st.st_size);
    if (n < 0) {
        int sys = errno;

        free(buf);
        return sp_fail_sys(err, sys, "io", "cannot read '%s'", shown);
    }
    buf[n] = '\0';
    *ret_buf = buf;
    *ret_len = (size_t)n;
    return 0;
}
