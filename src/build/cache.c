/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build/cache.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "base/auto.h"
#include "base/lock.h"
#include "base/path.h"
#include "base/sha256.h"
#include "base/text.h"
#include "bundle/limits.h"

enum { PATH_BYTES = 4096, KEEP_SECONDS = 30 * 24 * 3600 };

static const char lock_name[] = "lock";

static int
default_path(char dst[PATH_BYTES], struct sp_error *err)
{
    const char *base = getenv("XDG_CACHE_HOME");
    const char *middle = "";
    int n;

    /* The XDG base directory rules ignore a relative path. */
    if (!base || base[0] != '/') {
        base = getenv("HOME");
        middle = "/.cache";
    }
    if (!base || base[0] != '/')
        return sp_fail(err, "usage",
                       "no cache directory: set HOME or use --cache-dir");
    n = snprintf(dst, PATH_BYTES, "%s%s/sallyport", base, middle);
    if ((size_t)n >= PATH_BYTES)
        return sp_fail(err, "usage", "the path of the cache is too long");
    return 0;
}

/* Others who can write here could swap a file between check and use. */
static int
check_private(const struct sp_cache *cache, struct sp_error *err)
{
    struct stat st;

    if (fstat(cache->dirfd, &st) < 0)
        return sp_fail_sys(err, errno, "io", "cannot stat cache '%s'",
                           cache->shown);
    if (st.st_uid != geteuid())
        return sp_fail(err, "io", "cache '%s' belongs to another user",
                       cache->shown);
    if (st.st_mode & (S_IWGRP | S_IWOTH))
        return sp_fail(err, "io", "cache '%s' can be written by others",
                       cache->shown);
    return 0;
}

static int
fail_busy(const struct sp_cache *cache, struct sp_error *err)
{
    char pid[SP_LOCK_OWNER_MAX];

    sp_lock_owner(cache->lock_fd, pid);
    return sp_fail(err, "busy",
                   "another builder uses the cache '%s' (process %s): wait for "
                   "it, or give this one its own with --cache-dir",
                   cache->shown, *pid ? pid : "?");
}

static int
take_lock(struct sp_cache *cache, struct sp_error *err)
{
    cache->lock_fd = openat(cache->dirfd, lock_name,
                            O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (cache->lock_fd < 0)
        return sp_fail_sys(err, errno, "io", "cannot open the lock of '%s'",
                           cache->shown);
    if (flock(cache->lock_fd, LOCK_EX | LOCK_NB) == 0) {
        /* For people alone: a full disk must not end a run here. */
        (void)sp_lock_sign(cache->lock_fd);
        return 0;
    }
    if (errno != EWOULDBLOCK)
        return sp_fail_sys(err, errno, "io", "cannot lock '%s'", cache->shown);
    return fail_busy(cache, err);
}

static bool
is_ours(const char *name)
{
    char word[8];
    size_t len = strcspn(name, "-");

    if (name[len] == '\0' || len >= sizeof(word))
        return false;
    memcpy(word, name, len);
    word[len] = '\0';
    return strcmp(word, "url") == 0 || sp_digest_algo(word) != SP_DIGEST_NONE;
}

/* Housekeeping alone: what cannot be removed stays. */
static void
remove_old(const struct sp_cache *cache)
{
    SP_AUTO_DIR *dir = sp_path_list(cache->dirfd, ".");
    const struct dirent *entry;
    time_t now = time(NULL);
    struct stat st;

    if (!dir)
        return;
    while ((entry = readdir(dir))) {
        if (!is_ours(entry->d_name) ||
            fstatat(cache->dirfd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
            continue;
        if (now - st.st_mtime > KEEP_SECONDS)
            (void)unlinkat(cache->dirfd, entry->d_name, 0);
    }
}

int
sp_cache_open(struct sp_cache *cache, const char *path, struct sp_error *err)
{
    char standard[PATH_BYTES];

    memset(cache, 0, sizeof(*cache));
    cache->dirfd = -1;
    cache->lock_fd = -1;
    if (!path) {
        if (default_path(standard, err) < 0)
            return -1;
        path = standard;
    }
    sp_text_show(cache->shown, sizeof(cache->shown), path);
    if (sp_path_make_dirs(path, 0700, err) < 0)
        return -1;
    cache->dirfd = sp_path_open_dir(AT_FDCWD, path, err);
    if (cache->dirfd < 0)
        return -1;
    if (check_private(cache, err) < 0 || take_lock(cache, err) < 0) {
        sp_cache_close(cache);
        return -1;
    }
    remove_old(cache);
    return 0;
}

void
sp_cache_close(struct sp_cache *cache)
{
    sp_close_fd(&cache->lock_fd);
    sp_close_fd(&cache->dirfd);
}

void
sp_cache_name_digest(char dst[SP_CACHE_NAME_MAX],
                     const struct sp_digest *digest)
{
    char hex[SP_DIGEST_HEX_MAX];

    sp_digest_hex(digest, hex);
    (void)snprintf(dst, SP_CACHE_NAME_MAX, "%s-%s",
                   sp_digest_word(digest->algo), hex);
}

void
sp_cache_name_url(char dst[SP_CACHE_NAME_MAX], const char *url)
{
    uint8_t digest[SP_SHA256_BYTES];
    char hex[SP_SHA256_HEX];

    sp_sha256(url, strlen(url), digest);
    sp_text_hex(hex, digest, sizeof(digest));
    (void)snprintf(dst, SP_CACHE_NAME_MAX, "url-%s", hex);
}

void
sp_cache_name_part(char dst[SP_CACHE_NAME_MAX], const char *name)
{
    int n = snprintf(dst, SP_CACHE_NAME_MAX, "%s.part", name);

    if ((size_t)n >= SP_CACHE_NAME_MAX)
        SP_BUG("cache name too long");
}

uint64_t
sp_cache_room(const struct sp_cache *cache)
{
    struct statvfs fs;
    uint64_t bytes;

    if (fstatvfs(cache->dirfd, &fs) < 0)
        return UINT64_MAX;
    bytes = (uint64_t)fs.f_bavail * (uint64_t)fs.f_frsize;
    return bytes > SP_RESERVE_BYTES ? bytes - SP_RESERVE_BYTES : 0;
}

int
sp_cache_check_room(const struct sp_cache *cache, uint64_t need,
                    struct sp_error *err)
{
    uint64_t room = sp_cache_room(cache);
    char need_shown[16], room_shown[16];

    if (need <= room)
        return 0;
    sp_text_size(need_shown, sizeof(need_shown), need);
    sp_text_size(room_shown, sizeof(room_shown), room);
    return sp_fail(err, "space",
                   "no space in cache '%s': %s to download, %s free",
                   cache->shown, need_shown, room_shown);
}

uint64_t
sp_cache_bytes(const struct sp_cache *cache, const char *name)
{
    char part[SP_CACHE_NAME_MAX];
    struct stat st;

    sp_cache_name_part(part, name);
    if (fstatat(cache->dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 &&
        fstatat(cache->dirfd, part, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return 0;
    return (uint64_t)st.st_size;
}
