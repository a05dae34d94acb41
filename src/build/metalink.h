/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the mirrors of a repository are: a metalink (version 3 as MirrorManager
 * writes it, with mm0:timestamp and mm0:alternates, or RFC 5854). Only http
 * and https are taken. It also says which repomd.xml is the current one.
 *
 * As repomd.h: the reader runs in the jail, its result is checked again.
 */
#ifndef SP_BUILD_METALINK_H
#define SP_BUILD_METALINK_H

#include "build/digest.h"
#include "build/mirror.h"

enum {
    SP_METALINK_MAX_BYTES = 4 * 1024 * 1024,
    SP_METALINK_VERSIONS = 16,
    SP_METALINK_URL_MAX = 1024,
};

/* One repomd.xml. */
struct sp_metalink_version {
    uint64_t timestamp; /* 0 = not told, as the next */
    uint64_t size;
    struct sp_digest digest; /* the strongest one */
};

struct sp_metalink {
    uint64_t n_bases;
    char bases[SP_MIRRORS_MAX][SP_METALINK_URL_MAX]; /* best first, end in / */
    uint64_t n_versions;
    /* [0] is the current one; the others were current before. */
    struct sp_metalink_version versions[SP_METALINK_VERSIONS];
};

/* Reasons: metadata, no-memory. */
int sp_metalink_parse(const char *untrusted_xml, size_t size,
                      unsigned long salt, struct sp_metalink *ret,
                      struct sp_error *err);
int sp_metalink_check(const struct sp_metalink *untrusted,
                      struct sp_error *err);

#endif
