/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build/metadata.h"

#include "base/auto.h"
#include "base/text.h"
#include "build/evidence.h"
#include "build/jailed.h"
#include "build/metadata-job.h"
#include "build/unfold.h"

bool
sp_job_must_end(const struct sp_metadata_job *job, const struct sp_error *fault)
{
    return fault->code == SP_E_IO || fault->code == SP_E_SPACE ||
           fault->code == SP_E_SANDBOX ||
           strcmp(fault->detail, "no-memory") == 0 ||
           strcmp(fault->detail, "engine-error") == 0 ||
           sp_hooks_stopped(job->hooks, NULL) < 0;
}

/* A file of the old publication is gone, and the new repomd.xml is there. */
static bool
may_be_republished(const struct sp_error *fault)
{
    return strcmp(fault->detail, "http-status") == 0 ||
           strcmp(fault->detail, "download") == 0 ||
           strcmp(fault->detail, "metadata-digest") == 0;
}

/* All of it, beginning with the repomd.xml of one mirror. */
static int
try_mirror(struct sp_metadata_job *job, int mirror, struct sp_error *err)
{
    struct sp_error fault = {0};
    uint8_t before[32] = {0};

    for (unsigned restart = 0;; restart++) {
        if (sp_job_repomd(job, mirror, restart > 0, err) < 0)
            return -1;
        /* The same again can only end the same. */
        if (restart > 0 && memcmp(before, job->ret->repomd.sha256, 32) == 0) {
            *err = fault;
            return -1;
        }
        memcpy(before, job->ret->repomd.sha256, sizeof(before));
        if (sp_job_files(job, err) == 0)
            return 0;
        if (restart == SP_METADATA_RESTARTS || !may_be_republished(err) ||
            sp_job_must_end(job, err))
            return -1;
        fault = *err;
    }
}

/* Puts the mirror before the message, if it is not named there anyway. */
static void
name_mirror(const char *base, struct sp_error *err)
{
    char shown[SP_SHOWN_MAX];

    sp_text_show(shown, sizeof(shown), base);
    if (!strstr(err->msg, shown))
        (void)sp_fail_prefix(err, "'%s'", shown);
}

/* Mirrors whose repomd.xml nothing would prove are not asked for it. */
static uint64_t
not_to_ask(const struct sp_metadata_job *job)
{
    uint64_t refused = 0;

    for (size_t i = 0; i < job->mirrors->n; i++)
        if (!job->mirrors->list[i].is_https && !job->metalink &&
            !job->policy->allow_http)
            refused |= UINT64_C(1) << i;
    return refused;
}

/* One mirror after the other. Returns how many were asked in vain, or -1. */
static int
try_mirrors(struct sp_metadata_job *job, bool *ret_done, struct sp_error *err)
{
    uint64_t refused = not_to_ask(job);
    int asked = 0;
    int mirror;

    while ((mirror = sp_mirrors_choose(job->mirrors, refused)) !=
           SP_MIRROR_NONE) {
        *err = (struct sp_error){0};
        if (try_mirror(job, mirror, err) == 0) {
            *ret_done = true;
            return asked;
        }
        name_mirror(job->mirrors->list[mirror].base, err);
        if (sp_job_must_end(job, err))
            return -1;
        sp_mirrors_fault(job->mirrors, mirror);
        refused |= UINT64_C(1) << mirror;
        asked++;
    }
    return asked;
}

static int
from_mirrors(struct sp_metadata_job *job, struct sp_error *err)
{
    struct sp_error last;
    bool done = false;
    int asked = try_mirrors(job, &done, err);

    /* Better an older publication that was current once, than none. */
    if (asked >= 0 && !done && job->metalink && job->metalink->n_versions > 1) {
        job->take_older = true;
        asked = try_mirrors(job, &done, err);
    }
    if (asked < 0 || done)
        return asked < 0 ? -1 : 0;
    if (asked == 0)
        return sp_fail(err, "tls",
                       "none of its mirrors is https, so that nothing proves "
                       "what they say (use https, or allow it with "
                       "--allow-http)");
    last = *err;
    if (asked == 1)
        return -1;
    return sp_fail(err, "unreachable",
                   "none of its %d mirrors gives its metadata; the last: %s",
                   asked, last.msg);
}

static int
fetch_repo(struct sp_metadata_job *job, struct sp_error *err)
{
    char shown[SP_SHOWN_MAX];
    int status;

    job->ret->repo = job->repo;
    job->ret->mirrors = calloc(1, sizeof(*job->ret->mirrors));
    job->mirrors = job->ret->mirrors;
    if (!job->mirrors)
        return sp_fail(err, "no-memory", "no memory for the mirrors");
    status = sp_job_find_mirrors(job, err);
    if (status == 0)
        status = from_mirrors(job, err);
    free(job->metalink);
    job->metalink = NULL;
    if (status == 0) {
        job->ret->available = true;
        return 0;
    }
    sp_text_show(shown, sizeof(shown), job->repo->id);
    return sp_fail_prefix(err, "repository '%s'", shown);
}

/* What was found before the fault must not be taken for an answer. */
static void
mark_missing(struct sp_metadata *metadata, const struct sp_error *fault)
{
    const struct sp_repo *repo = metadata->repo;

    sp_metadata_release(metadata, 1);
    metadata->repo = repo;
    metadata->problem = *fault;
}

int
sp_metadata_fetch(const struct sp_cache *cache,
                  const struct sp_metadata_policy *policy,
                  const struct sp_repo *const *repos, size_t n,
                  const struct sp_build_hooks *hooks, struct sp_metadata *ret,
                  struct sp_error *err)
{
    memset(ret, 0, n * sizeof(*ret));
    for (size_t i = 0; i < n; i++) {
        struct sp_metadata_job job = {.cache = cache,
                                      .policy = policy,
                                      .repo = repos[i],
                                      .hooks = hooks,
                                      .ret = &ret[i]};
        struct sp_error fault = {0};

        if (fetch_repo(&job, &fault) == 0)
            continue;
        if (!repos[i]->skip_if_unavailable || sp_job_must_end(&job, &fault)) {
            if (err)
                *err = fault;
            return -1;
        }
        mark_missing(&ret[i], &fault);
    }
    return 0;
}

int
sp_metadata_filelists(const struct sp_cache *cache,
                      const struct sp_metadata_policy *policy,
                      struct sp_metadata *metadata, const char *const *paths,
                      size_t n_paths, const struct sp_build_hooks *hooks,
                      struct sp_metadata_file *ret, struct sp_error *err)
{
    const struct sp_metadata_source *source = &metadata->filelists;
    struct sp_metadata_job job = {.cache = cache,
                                  .policy = policy,
                                  .repo = metadata->repo,
                                  .hooks = hooks,
                                  .mirrors = metadata->mirrors,
                                  .ret = metadata};
    struct sp_metadata_file packed;
    char name[SP_CACHE_NAME_MAX];

    *ret = (struct sp_metadata_file){0};
    if (!metadata->available || !source->present || n_paths == 0)
        return 0;
    if (sp_job_source(&job, source, name, err) == 0 &&
        sp_evidence_hash(cache, name, &packed, err) == 0 &&
        sp_jailed_filelists(cache, name,
                            sp_unfold_ceiling(packed.size, source->open_size),
                            paths, n_paths, hooks, ret, err) == 0)
        return 0;
    return sp_fail_prefix(err, "repository '%s'", metadata->repo->id);
}

void
sp_metadata_release(struct sp_metadata *metadata, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        free(metadata[i].mirror);
        if (metadata[i].mirrors)
            sp_mirrors_release(metadata[i].mirrors);
        free(metadata[i].mirrors);
        metadata[i] = (struct sp_metadata){0};
    }
}
