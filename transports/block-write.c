/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writing a bundle to a block device. The device is checked twice: when it
 * is opened, and again before the first byte. All that was written is read
 * back from the medium: sticks with less memory than they say are sold. The
 * first sector is cleared first and written last, so that a device that was
 * pulled out, or does not keep what it is given, holds no bundle at all.
 */
#include "transports/block.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/sha256.h"
#include "base/text.h"
#include "transports/device.h"

enum {
    /* Written, and compared, at once. A multiple of every sector size. */
    CHUNK_BYTES = 4 * 1024 * 1024,
    SECTOR_MAX = 64 * 1024, /* BLK_MAX_BLOCK_SIZE of the kernel */
};

struct digest {
    uint8_t bytes[SP_SHA256_BYTES];
};

struct writer {
    struct sp_device device; /* as it was when it was confirmed */
    size_t sector;
    uint8_t *chunk; /* aligned for O_DIRECT */
    size_t used;    /* bytes in the chunk */
    uint8_t *first; /* the first sector, kept back */
    uint64_t done;  /* bytes in chunks that were written */
    struct digest *digests;
    size_t n_digests;
};

static int
check_device(struct sp_transport *t, const struct sp_device *device, int fd,
             struct sp_error *err)
{
    uint64_t size = 0;

    if (sp_device_check(device, err) < 0 ||
        sp_block_size(t, fd, &size, err) < 0)
        return -1;
    if (size != device->size)
        return sp_fail(err, "io", "the kernel gives two sizes for '%s'",
                       t->shown);
    return 0;
}

static int
find_device(struct sp_transport *t, int fd, struct sp_device *ret,
            struct sp_error *err)
{
    struct stat st;

    if (fstat(fd, &st) < 0)
        return sp_fail_sys(err, errno, "io", "cannot stat '%s'", t->shown);
    return sp_device_find(&sp_device_tables, st.st_rdev, ret, err);
}

static int
confirm(struct sp_transport *t, const struct sp_device *device,
        struct sp_error *err)
{
    char phrase[SP_DEVICE_PHRASE_MAX], path[SP_DEVICE_NAME_MAX + 8];
    struct sp_overwrite what = {
        .path = path,
        .model = device->model,
        .serial = device->serial,
        .size = device->size,
        .phrase = phrase,
        .never_asked = device->bus == SP_BUS_LOOP,
    };

    sp_device_phrase(device, phrase);
    (void)snprintf(path, sizeof(path), "/dev/%s", device->name);
    if (!t->user || !t->user->confirm)
        return sp_fail(err, "not-confirmed",
                       "nobody can be asked whether '%s' may be overwritten",
                       path);
    return t->user->confirm(t->user->data, &what, err);
}

static int
make_buffers(struct sp_transport *t, struct writer *w, struct sp_error *err)
{
    size_t chunks = (size_t)(w->device.size / CHUNK_BYTES + 1);
    void *chunk = NULL, *first = NULL;
    int sector = 0;

    if (ioctl(t->fd, BLKSSZGET, &sector) < 0)
        return sp_fail_sys(err, errno, "io",
                           "cannot ask for the sector size of '%s'", t->shown);
    if (sector < 512 || sector > SECTOR_MAX || CHUNK_BYTES % sector != 0)
        return sp_fail(err, "device-unsafe", "'%s' has sectors of %d bytes",
                       t->shown, sector);
    w->sector = (size_t)sector;
    w->digests = calloc(chunks, sizeof(*w->digests));
    if (posix_memalign(&chunk, SECTOR_MAX, CHUNK_BYTES) == 0)
        w->chunk = chunk;
    if (posix_memalign(&first, SECTOR_MAX, SECTOR_MAX) == 0)
        w->first = first;
    if (!w->digests || !w->chunk || !w->first)
        return sp_fail(err, "no-memory", "no memory to write '%s'", t->shown);
    return 0;
}

/*
 * The facts come from the number of the node that is open, not from a name.
 * Sysfs is asked before the node is opened: it says more than EBUSY does.
 */
int
sp_block_open_write(struct sp_transport *t, const char *path,
                    struct sp_error *err)
{
    struct writer *w = calloc(1, sizeof(*w));
    struct stat st;

    if (!w)
        return sp_fail(err, "no-memory", "no memory for '%s'", t->shown);
    t->data = w;
    if (stat(path, &st) == 0 && S_ISBLK(st.st_mode) &&
        (sp_device_find(&sp_device_tables, st.st_rdev, &w->device, err) < 0 ||
         sp_device_check(&w->device, err) < 0))
        return -1;
    t->fd = sp_block_open_node(t, path, O_RDWR | O_DIRECT, err);
    if (t->fd < 0 || find_device(t, t->fd, &w->device, err) < 0 ||
        check_device(t, &w->device, t->fd, err) < 0 ||
        confirm(t, &w->device, err) < 0 || make_buffers(t, w, err) < 0)
        return -1;
    t->room = w->device.size;
    return 0;
}

/* Minutes of downloading may lie between the answer and the first byte. */
static int
check_again(struct sp_transport *t, const struct writer *w,
            struct sp_error *err)
{
    struct sp_device now;

    if (find_device(t, t->fd, &now, err) < 0 ||
        check_device(t, &now, t->fd, err) < 0)
        return -1;
    if (!sp_device_same(&now, &w->device))
        return sp_fail(err, "device-unsafe",
                       "'%s' is another device now than the one that was "
                       "confirmed",
                       t->shown);
    return 0;
}

/* The kernel names no byte inside a transfer. */
static int
cannot_write(const struct sp_transport *t, int sys, uint64_t offset, size_t len,
             struct sp_error *err)
{
    return sp_fail_sys(err, sys, "write-error",
                       "cannot write '%s' between bytes %" PRIu64
                       " and %" PRIu64,
                       t->shown, offset, offset + len);
}

static int
put(struct sp_transport *t, const uint8_t *data, size_t len, uint64_t offset,
    struct sp_error *err)
{
    t->harmed = true;
    while (len > 0) {
        ssize_t n = pwrite(t->fd, data, len, (off_t)offset);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return cannot_write(t, n < 0 ? errno : ENOSPC, offset, len, err);
        data += n;
        len -= (size_t)n;
        offset += (uint64_t)n;
    }
    return 0;
}

static int
keep_first_sector(struct sp_transport *t, struct writer *w,
                  struct sp_error *err)
{
    if (check_again(t, w, err) < 0)
        return -1;
    memcpy(w->first, w->chunk, w->sector);
    memset(w->chunk, 0, w->sector);
    return put(t, w->chunk, w->sector, 0, err);
}

static int
put_chunk(struct sp_transport *t, struct writer *w, struct sp_error *err)
{
    size_t padded = (w->used + w->sector - 1) / w->sector * w->sector;

    memset(w->chunk + w->used, 0, padded - w->used);
    if (w->done == 0 && keep_first_sector(t, w, err) < 0)
        return -1;
    sp_sha256(w->chunk, padded, w->digests[w->n_digests++].bytes);
    if (put(t, w->chunk, padded, w->done, err) < 0)
        return -1;
    w->done += padded;
    w->used = 0;
    return 0;
}

int
sp_block_write(struct sp_transport *t, const void *buf, size_t len,
               struct sp_error *err)
{
    struct writer *w = t->data;
    const uint8_t *from = buf;

    if (len > w->device.size - w->done - w->used)
        return sp_fail(err, "space",
                       "'%s' is too small: it has %" PRIu64
                       " bytes, and more are to be written",
                       t->shown, w->device.size);
    while (len > 0) {
        size_t room = CHUNK_BYTES - w->used;
        size_t n = len < room ? len : room;

        memcpy(w->chunk + w->used, from, n);
        w->used += n;
        from += n;
        len -= n;
        if (w->used == CHUNK_BYTES && put_chunk(t, w, err) < 0)
            return -1;
    }
    return 0;
}

static int
sync_device(struct sp_transport *t, struct sp_error *err)
{
    if (fsync(t->fd) < 0)
        return sp_fail_sys(err, errno, "write-error", "cannot sync '%s'",
                           t->shown);
    return 0;
}

/* Past the kernel's cache (O_DIRECT), into the buffer that wrote it. */
static int
get(struct sp_transport *t, uint8_t *data, size_t len, uint64_t offset,
    struct sp_error *err)
{
    while (len > 0) {
        ssize_t n = pread(t->fd, data, len, (off_t)offset);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return sp_fail_sys(err, errno, "read-error",
                               "cannot read '%s' back between bytes %" PRIu64
                               " and %" PRIu64,
                               t->shown, offset, offset + len);
        if (n == 0)
            return sp_fail(err, "read-back",
                           "'%s' ends at byte %" PRIu64 " when it is read back",
                           t->shown, offset);
        data += n;
        len -= (size_t)n;
        offset += (uint64_t)n;
    }
    return 0;
}

static int
read_back(struct sp_transport *t, struct writer *w, struct sp_error *err)
{
    uint8_t digest[SP_SHA256_BYTES];
    uint64_t offset = 0;

    for (size_t i = 0; i < w->n_digests; i++) {
        uint64_t left = w->done - offset;
        size_t len = left < CHUNK_BYTES ? (size_t)left : CHUNK_BYTES;

        if (get(t, w->chunk, len, offset, err) < 0)
            return -1;
        sp_sha256(w->chunk, len, digest);
        if (memcmp(digest, w->digests[i].bytes, sizeof(digest)) != 0)
            return sp_fail(err, "read-back",
                           "'%s' does not hold what was written to it, "
                           "between bytes %" PRIu64 " and %" PRIu64,
                           t->shown, offset, offset + len);
        offset += len;
        /* Who confirmed is there. */
        if (t->user->watch &&
            t->user->watch(t->user->data, "compare", offset, w->done, err) < 0)
            return -1;
    }
    return 0;
}

static int
put_first_sector(struct sp_transport *t, struct writer *w, struct sp_error *err)
{
    if (put(t, w->first, w->sector, 0, err) < 0 || sync_device(t, err) < 0)
        return -1;
    sp_block_forget(t->fd);
    if (get(t, w->chunk, w->sector, 0, err) < 0)
        return -1;
    if (memcmp(w->chunk, w->first, w->sector) != 0)
        return sp_fail(err, "read-back",
                       "'%s' does not hold what was written to its first "
                       "sector",
                       t->shown);
    return 0;
}

int
sp_block_finish(struct sp_transport *t, struct sp_error *err)
{
    struct writer *w = t->data;

    if (w->used > 0 && put_chunk(t, w, err) < 0)
        return -1;
    if (w->done == 0)
        return sp_fail(err, "empty", "nothing was written to '%s'", t->shown);
    if (sync_device(t, err) < 0)
        return -1;
    sp_block_forget(t->fd);
    if (read_back(t, w, err) < 0)
        return -1;
    return put_first_sector(t, w, err);
}

void
sp_block_close_write(struct sp_transport *t)
{
    struct writer *w = t->data;

    if (!w)
        return;
    free(w->digests);
    free(w->chunk);
    free(w->first);
    free(w);
    t->data = NULL;
}
