/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The builder's download directory: private to one user, used by one run at
 * a time. A finished file has a name made from its digest and the algorithm, or
 * from the digest of its URL when none is known; a file on its way has ".part"
 * behind that.
 */
#ifndef SP_BUILD_CACHE_H
#define SP_BUILD_CACHE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "build/digest.h"

/* "sha512-", 128 digits, ".part" */
enum { SP_CACHE_NAME_MAX = 144 };

struct sp_cache {
    int dirfd;
    int lock_fd;
    char shown[192]; /* printable path */
};

/*
 * Opens the directory, made with mode 0700 when missing, and takes its lock.
 * path NULL: $XDG_CACHE_HOME/sallyport, else ~/.cache/sallyport. Refuses a
 * directory that others own or can write to. Files that no run has used for
 * 30 days are removed. Reasons: io, usage (no home), busy.
 */
int sp_cache_open(struct sp_cache *cache, const char *path,
                  struct sp_error *err);
void sp_cache_close(struct sp_cache *cache);

void sp_cache_name_digest(char dst[SP_CACHE_NAME_MAX],
                          const struct sp_digest *digest);
void sp_cache_name_url(char dst[SP_CACHE_NAME_MAX], const char *url);
/* The name of the unfinished file. */
void sp_cache_name_part(char dst[SP_CACHE_NAME_MAX], const char *name);

/* Bytes that may still be stored, with a margin for the file system. */
uint64_t sp_cache_room(const struct sp_cache *cache);
/* Fails with "space" and the numbers when there is less than `need`. */
int sp_cache_check_room(const struct sp_cache *cache, uint64_t need,
                        struct sp_error *err);

/* Size of the file or of its part, 0 = neither is there. */
uint64_t sp_cache_bytes(const struct sp_cache *cache, const char *name);

#endif
