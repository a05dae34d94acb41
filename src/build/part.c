/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build/part.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/text.h"

/* 16 KiB at a time, as they arrive, cost eight times the calls. */
enum { BUFFER_BYTES = 128 * 1024, ASK_BYTES = 128 * BUFFER_BYTES };

/* Nobody asks for the digest of what has none to be compared with. */
static int
hash_begin(struct sp_transfer *t, struct sp_error *err)
{
    if (!sp_digest_is_set(&t->item->digest))
        return 0;
    return sp_hash_begin(&t->hash, t->item->digest.algo, err);
}

/*
 * Hashes `fd` from its begin to its end. Gigabytes take their time, in which
 * somebody may want to stop.
 */
static int
hash_file(const struct sp_transfer *t, int fd, struct sp_hash *hash,
          uint64_t *ret_size)
{
    SP_AUTO_FREE uint8_t *buf = sp_io_buffer(BUFFER_BYTES);
    uint64_t size = 0;
    ssize_t n;

    if (!buf || sp_hash_begin(hash, t->item->digest.algo, NULL) < 0 ||
        lseek(fd, 0, SEEK_SET) < 0)
        return -1;
    while ((n = sp_read_some(fd, buf, BUFFER_BYTES)) > 0) {
        sp_hash_add(hash, buf, (size_t)n);
        size += (uint64_t)n;
        if (size % ASK_BYTES == 0 && sp_hooks_stopped(t->hooks, NULL) < 0)
            return -1;
    }
    *ret_size = size;
    return n < 0 ? -1 : 0;
}

bool
sp_part_have(struct sp_transfer *t)
{
    SP_AUTO_FD fd = -1;
    SP_AUTO_HASH hash = {.handle = NULL};
    uint64_t size = 0;

    if (!sp_digest_is_set(&t->item->digest))
        return false;
    fd = openat(t->cache->dirfd, t->item->name,
                O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 || hash_file(t, fd, &hash, &size) < 0 ||
        !sp_hash_is(&hash, &t->item->digest))
        return false;
    /* Its age is the time of the last use. */
    (void)futimens(fd, NULL);
    t->offset = size;
    return true;
}

static int
open_failed(const struct sp_transfer *t, struct sp_error *err)
{
    return sp_fail_sys(err, errno, "io", "cannot use a file in cache '%s'",
                       t->cache->shown);
}

/* A part of the last run is used only if the digest can judge the whole. */
static int
open_kept(struct sp_transfer *t, const char *name, struct sp_error *err)
{
    t->fd = openat(t->cache->dirfd, name,
                   O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (t->fd < 0)
        return open_failed(t, err);
    if (hash_file(t, t->fd, &t->hash, &t->offset) < 0)
        return sp_hooks_stopped(t->hooks, err) < 0 ? -1 : open_failed(t, err);
    t->resumed = t->offset > 0;
    t->begins_like_rpm = t->resumed;
    return 0;
}

int
sp_part_open(struct sp_transfer *t, struct sp_error *err)
{
    char name[SP_CACHE_NAME_MAX];
    int flags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;

    sp_cache_name_part(name, t->item->name);
    if (!sp_digest_is_set(&t->item->digest))
        (void)unlinkat(t->cache->dirfd, name, 0);
    if (hash_begin(t, err) < 0)
        return -1;
    t->fd = openat(t->cache->dirfd, name, flags, 0600);
    if (t->fd >= 0)
        return 0;
    if (errno == EEXIST)
        return open_kept(t, name, err);
    return open_failed(t, err);
}

int
sp_part_no_room(const struct sp_transfer *t, struct sp_error *err)
{
    char need[16], room[16];
    uint64_t missing =
        t->expected > t->offset ? t->expected - t->offset : t->used;

    sp_text_size(need, sizeof(need), missing);
    sp_text_size(room, sizeof(room), sp_cache_room(t->cache));
    return sp_fail(err, "space",
                   "no space in cache '%s': %s to store, %s free; what has "
                   "arrived is kept",
                   t->cache->shown, need, room);
}

int
sp_part_flush(struct sp_transfer *t, struct sp_error *err)
{
    if (t->used == 0)
        return 0;
    if (sp_write_full(t->fd, t->buffer, t->used) < 0) {
        int sys = errno;

        if (sp_no_room(sys))
            return sp_part_no_room(t, err);
        return sp_fail_sys(err, sys, "io", "cannot write to cache '%s'",
                           t->cache->shown);
    }
    if (sp_digest_is_set(&t->item->digest))
        sp_hash_add(&t->hash, t->buffer, t->used);
    t->used = 0;
    return 0;
}

int
sp_part_append(struct sp_transfer *t, const void *data, size_t len,
               struct sp_error *err)
{
    const uint8_t *p = data;

    if (!t->buffer)
        t->buffer = sp_io_buffer(BUFFER_BYTES);
    if (!t->buffer)
        return sp_fail(err, "no-memory", "no memory for a download");
    while (len > 0) {
        size_t room = BUFFER_BYTES - t->used;
        size_t n = len < room ? len : room;

        memcpy(t->buffer + t->used, p, n);
        t->used += n;
        t->offset += n;
        p += n;
        len -= n;
        if (t->used == BUFFER_BYTES && sp_part_flush(t, err) < 0)
            return -1;
    }
    return 0;
}

int
sp_part_restart(struct sp_transfer *t, struct sp_error *err)
{
    t->offset = 0;
    t->used = 0;
    t->resumed = false;
    t->begins_like_rpm = false;
    t->validator[0] = '\0';
    if (hash_begin(t, err) < 0)
        return -1;
    if (ftruncate(t->fd, 0) < 0 || lseek(t->fd, 0, SEEK_SET) < 0)
        return open_failed(t, err);
    return 0;
}

bool
sp_part_matches(const struct sp_transfer *t)
{
    return sp_digest_is_set(&t->item->digest) &&
           sp_hash_is(&t->hash, &t->item->digest);
}

int
sp_part_finish(struct sp_transfer *t, struct sp_error *err)
{
    char name[SP_CACHE_NAME_MAX];

    sp_cache_name_part(name, t->item->name);
    if (renameat(t->cache->dirfd, name, t->cache->dirfd, t->item->name) < 0)
        return open_failed(t, err);
    sp_close_fd(&t->fd);
    return 0;
}

void
sp_part_remove(struct sp_transfer *t)
{
    char name[SP_CACHE_NAME_MAX];

    sp_cache_name_part(name, t->item->name);
    (void)unlinkat(t->cache->dirfd, name, 0);
    sp_close_fd(&t->fd);
}
