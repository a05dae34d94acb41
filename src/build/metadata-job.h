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

/* One of them. A digest that does not match is a fault of repomd.xml. */
int sp_job_source(struct sp_metadata_job *job,
                  const struct sp_metadata_source *source,
                  char ret[SP_CACHE_NAME_MAX], struct sp_error *err);

/* The fault is this machine's, or someone wants to stop. */
bool sp_job_must_end(const struct sp_metadata_job *job,
                     const struct sp_error *fault);

#endif
