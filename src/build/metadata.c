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

/* A fault that was found ahead. */
static int
again(const struct sp_metadata_job *job, struct sp_error *err)
{
    *err = job->fault;
    return -1;
}

/* repomd.xml, which may have been read together with those of the others. */
static int
look(struct sp_metadata_job *job, int mirror, bool no_cache,
     struct sp_error *err)
{
    bool is_done = !no_cache && job->first == mirror;

    job->first = SP_MIRROR_NONE;
    if (!is_done)
        return sp_job_repomd(job, mirror, no_cache, err);
    return job->fault.code == SP_OK ? 0 : again(job, err);
}

/* All of it, beginning with the repomd.xml of one mirror. */
static int
try_mirror(struct sp_metadata_job *job, int mirror, struct sp_error *err)
{
    struct sp_error fault = {0};
    uint8_t before[32] = {0};

    for (unsigned restart = 0;; restart++) {
        if (look(job, mirror, restart > 0, err) < 0)
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
    int status = 0;

    if (job->fault.code != SP_OK && !job->has_mirrors)
        status = again(job, err);
    else if (!job->has_mirrors)
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

static int
begin_job(struct sp_metadata_job *job, struct sp_error *err)
{
    job->ret->repo = job->repo;
    job->ret->mirrors = calloc(1, sizeof(*job->ret->mirrors));
    job->mirrors = job->ret->mirrors;
    return job->mirrors
               ? 0
               : sp_fail(err, "no-memory", "no memory for the mirrors");
}

/* The first steps of all repositories, each step for all at once. */
static int
look_ahead(struct sp_metadata_job *jobs, size_t n, struct sp_error *err)
{
    if (sp_jobs_ahead_lists(jobs, n, err) < 0)
        return -1;
    for (size_t i = 0; i < n; i++) {
        if (sp_job_find_mirrors(&jobs[i], &jobs[i].fault) < 0)
            continue;
        jobs[i].has_mirrors = true;
        jobs[i].first =
            sp_mirrors_choose(jobs[i].mirrors, not_to_ask(&jobs[i]));
    }
    if (sp_jobs_ahead_repomd(jobs, n, err) < 0)
        return -1;
    for (size_t i = 0; i < n; i++)
        if (jobs[i].first != SP_MIRROR_NONE)
            (void)sp_job_repomd(&jobs[i], jobs[i].first, false, &jobs[i].fault);
    return sp_jobs_ahead_files(jobs, n, err);
}

static int
fetch_each(struct sp_metadata_job *jobs, size_t n, struct sp_error *err)
{
    for (size_t i = 0; i < n; i++) {
        struct sp_metadata_job *job = &jobs[i];
        struct sp_error fault = {0};

        if (fetch_repo(job, &fault) == 0)
            continue;
        if (!job->repo->skip_if_unavailable || sp_job_must_end(job, &fault)) {
            if (err)
                *err = fault;
            return -1;
        }
        mark_missing(job->ret, &fault);
    }
    return 0;
}

int
sp_metadata_fetch(const struct sp_cache *cache,
                  const struct sp_metadata_policy *policy,
                  const struct sp_repo *const *repos, size_t n,
                  const struct sp_build_hooks *hooks, struct sp_metadata *ret,
                  struct sp_error *err)
{
    SP_AUTO_FREE struct sp_metadata_job *jobs = calloc(n + 1, sizeof(*jobs));
    int status = 0;

    memset(ret, 0, n * sizeof(*ret));
    if (!jobs)
        return sp_fail(err, "no-memory", "no memory for repositories");
    for (size_t i = 0; i < n && status == 0; i++) {
        jobs[i] = (struct sp_metadata_job){.cache = cache,
                                           .policy = policy,
                                           .repo = repos[i],
                                           .hooks = hooks,
                                           .ret = &ret[i],
                                           .first = SP_MIRROR_NONE};
        status = begin_job(&jobs[i], err);
    }
    /* One alone has nobody to be side by side with. */
    if (status == 0 && n > 1 && policy->fetch.session)
        status = look_ahead(jobs, n, err);
    if (status == 0)
        status = fetch_each(jobs, n, err);
    for (size_t i = 0; i < n; i++)
        free(jobs[i].metalink);
    return status;
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
