/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A raw block device. The bundle is the device's format, from byte 0, so
 * that any imaging tool can write it: no partition table, no file system, no
 * header of our own. The end marker of the bundle is the end; a device is
 * longer than what stands on it.
 */
#include "transports/block.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/io.h"
#include "transports/carriers.h"

static int
cannot_open(const struct sp_transport *t, int sys, struct sp_error *err)
{
    switch (sys) {
    case ENOENT:
        return sp_fail_sys(err, sys, "not-found", "cannot open '%s'", t->shown);
    case EBUSY:
        return sp_fail(err, "device-in-use",
                       "'%s' is mounted, or held by another program", t->shown);
    case ENOMEDIUM:
    case ENXIO:
        return sp_fail_sys(err, sys, "no-medium", "no medium is in '%s'",
                           t->shown);
    default: return sp_fail_sys(err, sys, "io", "cannot open '%s'", t->shown);
    }
}

/*
 * Links as in /dev/disk/by-id are followed once. The descriptor holds the
 * node that was found; opening it again through /proc opens that node,
 * whatever the path leads to by then, and a FIFO or a file never at all.
 */
int
sp_block_open_node(const struct sp_transport *t, const char *path, int flags,
                   struct sp_error *err)
{
    SP_AUTO_FD node = open(path, O_PATH | O_CLOEXEC);
    char self[64];
    struct stat st;
    int fd;

    if (path[0] == '\0')
        return sp_fail(err, "usage", "'%s' names no device", t->shown);
    if (node < 0)
        return cannot_open(t, errno, err);
    if (fstat(node, &st) < 0)
        return sp_fail_sys(err, errno, "io", "cannot stat '%s'", t->shown);
    if (!S_ISBLK(st.st_mode))
        return sp_fail(err, "io",
                       "'%s' is no block device: a file is named by its bare "
                       "path",
                       t->shown);
    (void)snprintf(self, sizeof(self), "/proc/self/fd/%d", node);
    fd = open(self, flags | O_EXCL | O_CLOEXEC);
    if (fd < 0)
        return cannot_open(t, errno, err);
    return fd;
}

int
sp_block_size(const struct sp_transport *t, int fd, uint64_t *ret,
              struct sp_error *err)
{
    uint64_t size = 0;

    if (ioctl(fd, BLKGETSIZE64, &size) < 0)
        return sp_fail_sys(err, errno, "io", "cannot ask for the size of '%s'",
                           t->shown);
    if (size == 0)
        return sp_fail(err, "no-medium", "no medium is in '%s'", t->shown);
    *ret = size;
    return 0;
}

/*
 * While anybody has the node open the kernel keeps pages of it, even over a
 * change of the medium. Only root may flush; the advice is for the rest.
 */
void
sp_block_forget(int fd)
{
    if (ioctl(fd, BLKFLSBUF, 0) < 0)
        (void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
}

static int
block_open(struct sp_transport *t, const struct sp_address *address,
           struct sp_error *err)
{
    uint64_t size = 0;

    if (t->direction == SP_DIR_WRITE)
        return sp_block_open_write(t, address->rest, err);
    t->fd = sp_block_open_node(t, address->rest, O_RDONLY, err);
    if (t->fd < 0 || sp_block_size(t, t->fd, &size, err) < 0)
        return -1;
    sp_block_forget(t->fd);
    return 0;
}

/* The size of the device says nothing about that of the bundle: an end
 * without the marker is the caller's fault to name. */
static ssize_t
block_read(struct sp_transport *t, void *buf, size_t len, struct sp_error *err)
{
    ssize_t n = sp_read_some(t->fd, buf, len);

    if (n < 0)
        return sp_fail_sys(err, errno, "read-error",
                           "cannot read '%s' at byte %" PRIu64, t->shown,
                           t->bytes);
    return n;
}

static int
block_finish(struct sp_transport *t, struct sp_error *err)
{
    return t->direction == SP_DIR_WRITE ? sp_block_finish(t, err) : 0;
}

static void
block_close(struct sp_transport *t)
{
    if (t->direction == SP_DIR_WRITE)
        sp_block_close_write(t);
    sp_close_fd(&t->fd);
}

const struct sp_transport_ops sp_carrier_block = {
    .scheme = "block",
    .summary = "whole block device, as a stick ('block:/dev/sdX')",
    .caps = SP_CAP_READ | SP_CAP_WRITE | SP_CAP_PLAIN_FD |
            SP_CAP_END_AT_MARKER | SP_CAP_MEDIUM,
    .open = block_open,
    .read = block_read,
    .write = sp_block_write,
    .finish = block_finish,
    .close = block_close,
};
