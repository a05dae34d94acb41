/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The metadata of one repository while it is fetched. For metadata*.c alone:
 * mirrors in metadata-mirrors.c, repomd.xml in metadata-repomd.c, the files
 * that it names in metadata-files.c.
 */
#ifndef SP_BUILD_METADATA_JOB_H
#define SP_BUILD_METADATA_JOB_H

#include "build/metalink.h"
#include "build/repomd.h"

enum {
    SP_JOB_FILES = 3, /* that every repository is asked for at once */
    SP_REPOMD_MAX_BYTES = 4 * 1024 * 1024,
};

struct sp_metadata_job {
    const struct sp_cache *cache;
    const struct sp_metadata_policy *policy;
    const struct sp_repo *repo;
    const struct sp_build_hooks *hooks;
    struct sp_mirrors *mirrors;
    struct sp_metalink *metalink; /* or NULL */
    bool take_older;              /* versions that were current before, too */
    struct sp_repomd repomd;      /* of the mirror that is tried */
    struct sp_metadata *ret;

    /* What was done for all repositories at once, before the rest. */
    bool has_mirrors;
    int first;             /* its repomd.xml was read; or SP_MIRROR_NONE */
    struct sp_error fault; /* of that step, SP_OK = it went well */
};

/* One file of at most max bytes from one URL; its name in the cache. */
int sp_job_download(const struct sp_metadata_job *job, const char *url,
                    uint64_t max, bool no_cache, char ret[SP_CACHE_NAME_MAX],
                    struct sp_error *err);

/* Fills ->mirrors, and ->metalink where there is one. */
int sp_job_find_mirrors(struct sp_metadata_job *job, struct sp_error *err);

/* repomd.xml and its signature from one mirror: ->repomd, ->ret. */
int sp_job_repomd(struct sp_metadata_job *job, int mirror, bool no_cache,
                  struct sp_error *err);

/* What ->repomd names, from any mirror: ->ret. */
int sp_job_files(struct sp_metadata_job *job, struct sp_error *err);

/* They as items for sp_fetch_ahead; returns how many, up to SP_JOB_FILES. */
size_t sp_job_items(const struct sp_metadata_job *job,
                    struct sp_fetch_item *items);

/* One of them. A digest that does not match is a fault of repomd.xml. */
int sp_job_source(struct sp_metadata_job *job,
                  const struct sp_metadata_source *source,
                  char ret[SP_CACHE_NAME_MAX], struct sp_error *err);

/*
 * Metalinks and mirror lists; then repomd.xml and its signature from the
 * mirror ->first; then what they name: of all jobs side by side, into the
 * cache. Fail for reasons of this machine alone, or because of a stop.
 */
int sp_jobs_ahead_lists(const struct sp_metadata_job *jobs, size_t n,
                        struct sp_error *err);
int sp_jobs_ahead_repomd(const struct sp_metadata_job *jobs, size_t n,
                         struct sp_error *err);
int sp_jobs_ahead_files(const struct sp_metadata_job *jobs, size_t n,
                        struct sp_error *err);

/* The fault is this machine's, or someone wants to stop. */
bool sp_job_must_end(const struct sp_metadata_job *job,
                     const struct sp_error *fault);

#endif
