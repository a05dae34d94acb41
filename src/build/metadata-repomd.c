/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>

#include "base/auto.h"
#include "base/text.h"
#include "build/evidence.h"
#include "build/jailed.h"
#include "build/metadata-job.h"
#include "bundle/limits.h"

enum { SIGNATURE_MAX_BYTES = 64 * 1024 };
/* The two files may come from different publications for some seconds. */
enum { STEP_TRIES = 3, STEP_WAIT_MS = 500 };

static int
download_at(struct sp_metadata_job *job, int mirror, const char *location,
            uint64_t max, bool no_cache, char name[SP_CACHE_NAME_MAX],
            struct sp_error *err)
{
    SP_AUTO_FREE char *url = sp_mirrors_url(job->mirrors, mirror, location);

    if (!url)
        return sp_fail(err, "no-memory", "no memory for an address");
    return sp_job_download(job, url, max, no_cache, name, err);
}

/* The metalink says which repomd.xml is current. */
static int
check_version(const struct sp_metadata_job *job,
              const struct sp_metadata_file *repomd, struct sp_error *err)
{
    const struct sp_metalink *metalink = job->metalink;
    size_t n;

    if (!metalink)
        return 0;
    n = job->take_older ? metalink->n_versions : 1;
    for (size_t i = 0; i < n; i++)
        if (sp_evidence_is(job->cache, repomd, &metalink->versions[i].digest))
            return 0;
    return sp_fail(err, "metadata-digest",
                   "its repomd.xml is not the one of the metalink (the mirror "
                   "is behind, or was changed)");
}

/* Lower than what the machine has seen: stale, or somebody's replay. */
static int
check_seen(const struct sp_metadata_job *job, const struct sp_repomd *repomd,
           struct sp_error *err)
{
    uint64_t revision = 0;

    if (!sp_repomd_revision(repomd->revision, &revision))
        return 0;
    for (size_t i = 0; i < job->policy->n_seen; i++) {
        const struct sp_metadata_seen *seen = &job->policy->seen[i];

        if (strcmp(seen->repo, job->repo->id) == 0 && revision < seen->revision)
            return sp_fail(err, "metadata-rollback",
                           "its revision %" PRIu64 " is older than %" PRIu64
                           ", which was seen before",
                           revision, seen->revision);
    }
    return 0;
}

/* Nobody has to sign, unless the repository file says so. */
static bool
is_missing(const struct sp_error *fault)
{
    return strcmp(fault->detail, "http-status") == 0;
}

static int
get_signature(struct sp_metadata_job *job, int mirror, bool no_cache,
              struct sp_metadata *found, struct sp_error *err)
{
    const struct sp_metadata_policy *policy = job->policy;
    bool must = job->repo->repo_gpgcheck;
    char name[SP_CACHE_NAME_MAX];

    if (download_at(job, mirror, "repodata/repomd.xml.asc", SIGNATURE_MAX_BYTES,
                    no_cache, name, err) < 0) {
        if (must || !is_missing(err))
            return -1;
        *err = (struct sp_error){0};
        return 0;
    }
    if (sp_evidence_dearmor(job->cache, name, &found->signature, err) < 0)
        return -1;
    return sp_evidence_check(job->cache, &found->repomd, &found->signature,
                             policy->keys, must ? policy->n_keys : 0, err);
}

static int
get_both(struct sp_metadata_job *job, int mirror, bool no_cache,
         struct sp_metadata *found, struct sp_error *err)
{
    char name[SP_CACHE_NAME_MAX];

    found->signature = (struct sp_metadata_file){0};
    if (download_at(job, mirror, "repodata/repomd.xml", SP_REPOMD_MAX_BYTES,
                    no_cache, name, err) < 0 ||
        sp_evidence_adopt(job->cache, name, &found->repomd, err) < 0 ||
        check_version(job, &found->repomd, err) < 0)
        return -1;
    return get_signature(job, mirror, no_cache, found, err);
}

static int
pause_for_step(const struct sp_metadata_job *job, unsigned step,
               struct sp_error *err)
{
    const struct timespec turn = {.tv_nsec = 100 * 1000 * 1000};

    for (int ms = 0; ms < STEP_WAIT_MS << step; ms += 100) {
        if (sp_hooks_stopped(job->hooks, err) < 0)
            return -1;
        (void)nanosleep(&turn, NULL);
    }
    return 0;
}

/* Signature and file from one host, and from one publication. */
static int
get_in_step(struct sp_metadata_job *job, int mirror, bool no_cache,
            struct sp_metadata *found, struct sp_error *err)
{
    for (unsigned step = 0;; step++) {
        if (get_both(job, mirror, no_cache || step > 0, found, err) == 0)
            return 0;
        if (step + 1 == STEP_TRIES || sp_job_must_end(job, err) ||
            (strcmp(err->detail, "bad-signature") != 0 &&
             strcmp(err->detail, "sig-packet") != 0))
            break;
        if (pause_for_step(job, step, err) < 0)
            return -1;
    }
    /* Nobody asked for a signature: what is wrong is no evidence. */
    if (!job->repo->repo_gpgcheck && err->code == SP_E_SIGNATURE) {
        found->signature = (struct sp_metadata_file){0};
        *err = (struct sp_error){0};
        return 0;
    }
    return -1;
}

int
sp_job_repomd(struct sp_metadata_job *job, int mirror, bool no_cache,
              struct sp_error *err)
{
    const struct sp_mirror *from = &job->mirrors->list[mirror];
    struct sp_metadata found = *job->ret;
    struct sp_repomd repomd;
    char *copy;

    if (get_in_step(job, mirror, no_cache, &found, err) < 0 ||
        sp_jailed_repomd(job->cache, found.repomd.name, job->hooks, &repomd,
                         err) < 0 ||
        check_seen(job, &repomd, err) < 0)
        return -1;
    copy = strdup(from->base);
    if (!copy)
        return sp_fail(err, "no-memory", "no memory for an address");
    free(job->ret->mirror);
    *job->ret = found;
    job->ret->mirror = copy;
    job->ret->newest = repomd.newest;
    job->ret->is_fresh_claim = from->is_https || job->metalink;
    memcpy(job->ret->revision, repomd.revision, sizeof(repomd.revision));
    job->ret->filelists = repomd.sources[SP_REPOMD_FILELISTS];
    job->repomd = repomd;
    return 0;
}
