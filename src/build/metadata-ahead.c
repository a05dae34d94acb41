/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What all repositories will be asked for, side by side, a step ahead of who
 * reads it. What cannot be had here is asked for again, and judged, there.
 */
#include <strings.h>

#include "base/auto.h"
#include "base/text.h"
#include "build/metadata-job.h"
#include "build/unfold.h"

static const char *const of_each_mirror[] = {"repodata/repomd.xml",
                                             "repodata/repomd.xml.asc"};

enum { OF_EACH = sizeof(of_each_mirror) / sizeof(of_each_mirror[0]) };

static int
fetch_ahead(const struct sp_metadata_job *any, struct sp_fetch_item *items,
            size_t n, uint64_t max, struct sp_error *err)
{
    struct sp_fetch_policy policy = any->policy->fetch;

    policy.tries = 1;
    policy.max_file_bytes = max;
    if (n == 0)
        return 0;
    return sp_fetch_ahead(any->cache, &policy, items, n, any->hooks, err);
}

static const char *
list_url(const struct sp_metadata_job *job)
{
    const struct sp_repo *repo = job->repo;
    const char *url = repo->metalink ? repo->metalink : repo->mirrorlist;

    if (url && (job->policy->allow_http || strncasecmp(url, "https:", 6) == 0))
        return url;
    return NULL;
}

int
sp_jobs_ahead_lists(const struct sp_metadata_job *jobs, size_t n,
                    struct sp_error *err)
{
    SP_AUTO_FREE struct sp_fetch_item *items = calloc(n, sizeof(*items));
    size_t used = 0;

    if (!items)
        return sp_fail(err, "no-memory", "no memory for repositories");
    for (size_t i = 0; i < n; i++) {
        const char *url = list_url(&jobs[i]);

        if (url)
            items[used++] = (struct sp_fetch_item){
                .url = url, .proxy = jobs[i].repo->proxy};
    }
    return fetch_ahead(jobs, items, used, SP_METALINK_MAX_BYTES, err);
}

int
sp_jobs_ahead_repomd(const struct sp_metadata_job *jobs, size_t n,
                     struct sp_error *err)
{
    SP_AUTO_FREE struct sp_fetch_item *items =
        calloc(n * OF_EACH, sizeof(*items));
    SP_AUTO_FREE char **urls = calloc(n * OF_EACH, sizeof(*urls));
    size_t used = 0;
    int status;

    if (!items || !urls)
        return sp_fail(err, "no-memory", "no memory for repositories");
    for (size_t i = 0; i < n * OF_EACH; i++) {
        const struct sp_metadata_job *job = &jobs[i / OF_EACH];

        if (job->first == SP_MIRROR_NONE)
            continue;
        urls[used] = sp_mirrors_url(job->mirrors, job->first,
                                    of_each_mirror[i % OF_EACH]);
        if (!urls[used])
            break; /* it is asked for again */
        items[used] = (struct sp_fetch_item){.url = urls[used],
                                             .proxy = job->repo->proxy};
        used++;
    }
    status = fetch_ahead(jobs, items, used, SP_REPOMD_MAX_BYTES, err);
    for (size_t i = 0; i < used; i++)
        free(urls[i]);
    return status;
}

int
sp_jobs_ahead_files(const struct sp_metadata_job *jobs, size_t n,
                    struct sp_error *err)
{
    SP_AUTO_FREE struct sp_fetch_item *items =
        calloc(n * SP_JOB_FILES, sizeof(*items));
    size_t used = 0;

    if (!items)
        return sp_fail(err, "no-memory", "no memory for repositories");
    for (size_t i = 0; i < n; i++)
        if (jobs[i].first != SP_MIRROR_NONE && jobs[i].fault.code == SP_OK)
            used += sp_job_items(&jobs[i], items + used);
    return fetch_ahead(jobs, items, used, SP_METADATA_MAX_BYTES, err);
}
