/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The metadata of repositories, from their mirrors into the cache: repomd.xml
 * and its signature from one mirror, then the files that it names, checked
 * against its digests, unpacked and checked again. XML and compressed bytes
 * are only ever read by sallyport-metadata, in its jail.
 *
 * All of it stays untrusted: it decides what is downloaded, and nothing on
 * the machine that gets the packages.
 */
#ifndef SP_BUILD_METADATA_H
#define SP_BUILD_METADATA_H

#include "build/fetch.h"
#include "build/mirror.h"
#include "build/repofile.h"

enum {
    SP_REVISION_MAX = 64,
    /* The repository was published again while we read it: from the start. */
    SP_METADATA_RESTARTS = 3,
};

/* Zero where a value is not known. */
struct sp_metadata_policy {
    struct sp_fetch_policy fetch;
    /* Also take repomd.xml over http, where nothing proves its freshness. */
    bool allow_http;
    /* Armored keys: an early check of signed repositories. May be none. */
    const char *const *keys;
    size_t n_keys;
    /* The lowest revision that each repository may have, by its id. */
    const struct sp_metadata_seen *seen;
    size_t n_seen;
};

struct sp_metadata_seen {
    const char *repo;
    uint64_t revision;
};

/* One file in the cache, uncompressed. */
struct sp_metadata_file {
    bool present;
    char name[SP_CACHE_NAME_MAX];
    uint64_t size;
    uint8_t sha256[32]; /* as MANIFEST has it, whatever the name is made of */
};

/* A file as repomd.xml describes it, to be fetched when it is asked for. */
struct sp_metadata_source {
    bool present;
    char location[1024];
    struct sp_digest digest;      /* as it is fetched */
    struct sp_digest open_digest; /* uncompressed; may be unset */
    uint64_t size, open_size;     /* 0 = not told */
    uint64_t timestamp;
};

struct sp_metadata {
    const struct sp_repo *repo;
    /*
     * False: the repository could not be had, `problem` says why, and its
     * file says skip_if_unavailable. The rest is empty then.
     */
    bool available;
    struct sp_error problem;

    char revision[SP_REVISION_MAX]; /* printable, without blanks */
    uint64_t newest;                /* highest timestamp of a data file */
    char *mirror;                   /* where repomd.xml came from */
    bool is_fresh_claim;            /* over https, or fixed by a metalink */

    /* Evidence for the bundle: exactly the bytes that were signed. */
    struct sp_metadata_file repomd;
    struct sp_metadata_file signature; /* de-armored; not present = unsigned */

    struct sp_metadata_file primary;
    struct sp_metadata_file group;      /* comps */
    struct sp_metadata_file updateinfo; /* a hint, nobody signs it */
    struct sp_error unread;             /* why updateinfo could not be read */
    struct sp_metadata_source filelists;

    struct sp_mirrors *mirrors; /* for sp_fetch_item.mirrors */
};

/*
 * Gets the metadata of n repositories, ret[i] of repos[i]; all of them are
 * asked, enabled or not. ret is zeroed here and belongs to the caller, also
 * after a failure. A repository that cannot be had is a failure unless it may
 * be skipped, and it is named with the mirror; a run never ends well for want
 * of an answer. Reasons: those of sp_fetch, and metadata, metadata-size,
 * metadata-digest, metadata-rollback, bad-signature, sandbox, worker-died.
 */
int sp_metadata_fetch(const struct sp_cache *cache,
                      const struct sp_metadata_policy *policy,
                      const struct sp_repo *const *repos, size_t n,
                      const struct sp_build_hooks *hooks,
                      struct sp_metadata *ret, struct sp_error *err);

/*
 * The file lists of one repository, cut down to the packages that have one of
 * the paths, and in them to these paths: a small filelists.xml in the cache,
 * which libsolv reads with REPO_EXTEND_SOLVABLES. `present` stays false when
 * the repository has no file lists. At most 256 paths.
 */
int sp_metadata_filelists(const struct sp_cache *cache,
                          const struct sp_metadata_policy *policy,
                          struct sp_metadata *metadata,
                          const char *const *paths, size_t n_paths,
                          const struct sp_build_hooks *hooks,
                          struct sp_metadata_file *ret, struct sp_error *err);

void sp_metadata_release(struct sp_metadata *metadata, size_t n);

#endif
