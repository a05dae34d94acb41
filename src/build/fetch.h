/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Downloads: a list of URLs into the cache, in parallel, every one bounded
 * in size and time. Nothing that arrives is trusted; a file that was not
 * asked for with a digest is judged by whoever reads it.
 *
 * The policy that no option changes: http and https only, also behind a
 * redirect; from https never down to http; at most five redirects; the
 * server's certificate is always checked; a file keeps the name that ends in
 * ".part" until it is whole and its digest is right.
 */
#ifndef SP_BUILD_FETCH_H
#define SP_BUILD_FETCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "build/cache.h"
#include "build/hooks.h"
#include "build/mirror.h"
#include "build/session.h"

enum {
    /* To begin with: eight hide the round trips of small files. */
    SP_FETCH_PARALLEL = 8,
    /* As far as it goes while servers keep up; never through a proxy. */
    SP_FETCH_PARALLEL_MAX = 16,
    /* Streams of one HTTP/2 connection cost next to nothing. */
    SP_FETCH_STREAMS = 32,
    SP_FETCH_REDIRECTS = 5,
    SP_FETCH_TRIES = 6,
    SP_FETCH_CONNECT_SECONDS = 10,
    SP_FETCH_SLOW_BYTES = 1000, /* a second, over SP_FETCH_SLOW_SECONDS */
    SP_FETCH_SLOW_SECONDS = 30,
    /* Each try has this time, and a second more for so many bytes. */
    SP_FETCH_GRACE_SECONDS = 60,
    SP_FETCH_FLOOR_BYTES = 4096,
    SP_FETCH_TOTAL_SECONDS = 6 * 3600,
    SP_FETCH_MAX_RETRY_AFTER = 60,
};

/* Numbers of 0 and NULL stand for the defaults. */
struct sp_fetch_policy {
    unsigned tries;
    unsigned connect_seconds;
    unsigned slow_seconds;
    unsigned total_seconds; /* for all downloads together */
    uint64_t max_file_bytes;
    const char *cacert; /* file of certificates to trust instead */
    const char *proxy;  /* else the environment decides */
    unsigned grace_seconds;
    /* Proxies on the way shall ask anew for what has no digest. */
    bool no_cache;
    /* Shared by the calls of a run; NULL = this call has its own. */
    struct sp_session *session;
};

/*
 * What to get: one URL, or a location on the mirrors of a repository. With
 * mirrors there must be a digest: it alone says that the file is the same
 * everywhere, and a part of it goes on at the next mirror.
 */
struct sp_fetch_item {
    const char *url;
    struct sp_mirrors *mirrors; /* instead of url, with a location */
    const char *location;       /* sp_mirror_location_ok */
    bool no_cache;              /* proxies on the way shall ask anew */
    const char *repo;           /* to be named in a fault, or NULL */
    const char *proxy;          /* of this item; NULL = the policy's */
    struct sp_digest digest;    /* may be unset */
    uint64_t size;              /* 0 = unknown; else the body must have it */
    bool expect_rpm; /* refuse at once what does not begin like a package */
    /* Result: name in the cache, and what was moved to get it there. */
    char name[SP_CACHE_NAME_MAX];
    uint64_t bytes;
    bool from_cache;
};

/*
 * Gets all items; the first that cannot be had ends the run and is named.
 * What has arrived stays in the cache for the next run. Reasons:
 * unreachable, tls, redirect, http-status, too-slow, truncated, download,
 * not-rpm, list-digest, file-too-large, space, io, and those of the hooks.
 */
int sp_fetch(const struct sp_cache *cache, const struct sp_fetch_policy *policy,
             struct sp_fetch_item *items, size_t n,
             const struct sp_build_hooks *hooks, struct sp_error *err);

/*
 * The same for what will be asked for later in this run: what cannot be had
 * now is no failure. Only a fault of this machine, or a wish to stop, is one.
 */
int sp_fetch_ahead(const struct sp_cache *cache,
                   const struct sp_fetch_policy *policy,
                   struct sp_fetch_item *items, size_t n,
                   const struct sp_build_hooks *hooks, struct sp_error *err);

#endif
