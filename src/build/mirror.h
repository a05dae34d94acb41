/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The mirrors of one repository, and which to ask next: the one with the
 * fewest faults, then the fast before the slow, then the one that the
 * repository prefers. Lives as long as the run, so that what was learnt with
 * the metadata counts for the packages.
 */
#ifndef SP_BUILD_MIRROR_H
#define SP_BUILD_MIRROR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* More than this no run comes to ask; one bit each in a tried set. */
enum { SP_MIRRORS_MAX = 64, SP_MIRROR_NONE = -1 };

struct sp_mirror {
    char *base; /* URL, ends in '/' */
    bool is_https;
    unsigned faults;
    bool is_asked;      /* a large file, which shows how fast it is */
    uint64_t bytes, ms; /* what it has sent, and in which time */
};

struct sp_mirrors {
    struct sp_mirror list[SP_MIRRORS_MAX]; /* best first, as told */
    size_t n;
};

/*
 * Adds one; a '/' is put at the end, one that is there already is passed
 * over, and so is all behind SP_MIRRORS_MAX. Only http and https may come
 * here. Fails with no-memory.
 */
int sp_mirrors_add(struct sp_mirrors *mirrors, const char *base,
                   struct sp_error *err);

/* The one to ask next whose bit in `tried` is not set, or SP_MIRROR_NONE. */
int sp_mirrors_choose(const struct sp_mirrors *mirrors, uint64_t tried);

/*
 * Likewise for a file of this size (0 = unknown). The first large files go to
 * different mirrors, so that their speeds can be compared.
 */
int sp_mirrors_spread(struct sp_mirrors *mirrors, uint64_t tried,
                      uint64_t size);

/*
 * A download that has lasted `ms` for `bytes` would end earlier at another
 * mirror, one whose bit in `tried` is not set.
 */
bool sp_mirrors_lags(const struct sp_mirrors *mirrors, int which,
                     uint64_t tried, uint64_t bytes, uint64_t ms);

void sp_mirrors_fault(struct sp_mirrors *mirrors, int which);
void sp_mirrors_sent(struct sp_mirrors *mirrors, int which, uint64_t bytes,
                     uint64_t ms);

/* base + location, malloc'ed; NULL without memory. */
char *sp_mirrors_url(const struct sp_mirrors *mirrors, int which,
                     const char *location);

/*
 * A location of repository metadata that may be put behind a base: relative,
 * printable ASCII, no "..", no "//", no scheme, no query or fragment, at most
 * 1,023 bytes.
 */
bool sp_mirror_location_ok(const char *untrusted_location);

/*
 * The address of a repository: http or https, a host, printable ASCII, ends
 * in '/', without a user name, query or fragment.
 */
bool sp_mirror_base_ok(const char *untrusted_base);

/*
 * Adds the addresses of a mirror list, one a line; '#' begins a comment, and
 * what is no address of http or https is passed over. Fails with metadata
 * when none is left.
 */
int sp_mirrorlist_parse(const char *untrusted_text, size_t size,
                        struct sp_mirrors *mirrors, struct sp_error *err);

void sp_mirrors_release(struct sp_mirrors *mirrors);

#endif
