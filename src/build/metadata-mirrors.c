/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <strings.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/text.h"
#include "build/jailed.h"
#include "build/metadata-job.h"

/* With more than one mirror it is quicker to ask the next. */
enum { TRIES_OF_MANY = 2 };

int
sp_job_download(const struct sp_metadata_job *job, const char *url,
                uint64_t max, bool no_cache, char ret[SP_CACHE_NAME_MAX],
                struct sp_error *err)
{
    struct sp_fetch_policy policy = job->policy->fetch;
    struct sp_fetch_item item = {
        .url = url, .no_cache = no_cache, .proxy = job->repo->proxy};
    unsigned tries = policy.tries ? policy.tries : SP_FETCH_TRIES;

    policy.max_file_bytes = max;
    if (job->mirrors->n > 1 && tries > TRIES_OF_MANY)
        policy.tries = TRIES_OF_MANY;
    if (sp_fetch(job->cache, &policy, &item, 1, job->hooks, err) < 0)
        return -1;
    memcpy(ret, item.name, SP_CACHE_NAME_MAX);
    return 0;
}

/* Who gives the addresses decides what is fresh: only over https. */
static int
check_https(const struct sp_metadata_job *job, const char *url,
            struct sp_error *err)
{
    char shown[SP_SHOWN_MAX];

    if (job->policy->allow_http || strncasecmp(url, "https:", 6) == 0)
        return 0;
    sp_text_show(shown, sizeof(shown), url);
    return sp_fail(err, "tls",
                   "'%s' is not https, so that nothing proves its answer (use "
                   "https, or allow it with --allow-http)",
                   shown);
}

static int
add_metalink(struct sp_metadata_job *job, const char *url, struct sp_error *err)
{
    struct sp_metalink *metalink = calloc(1, sizeof(*metalink));
    char name[SP_CACHE_NAME_MAX];

    job->metalink = metalink;
    if (!metalink)
        return sp_fail(err, "no-memory", "no memory for the metalink");
    if (check_https(job, url, err) < 0 ||
        sp_job_download(job, url, SP_METALINK_MAX_BYTES, false, name, err) <
            0 ||
        sp_jailed_metalink(job->cache, name, job->hooks, metalink, err) < 0)
        return -1;
    for (size_t i = 0; i < metalink->n_bases; i++)
        if (sp_mirrors_add(job->mirrors, metalink->bases[i], err) < 0)
            return -1;
    return 0;
}

static int
add_mirrorlist(struct sp_metadata_job *job, const char *url,
               struct sp_error *err)
{
    const size_t max = SP_REPO_MAX_BYTES;
    SP_AUTO_FREE char *text = NULL;
    char name[SP_CACHE_NAME_MAX];
    size_t len = 0;

    if (check_https(job, url, err) < 0 ||
        sp_job_download(job, url, max, false, name, err) < 0 ||
        sp_read_file(job->cache->dirfd, name, max, &text, &len, err) < 0)
        return -1;
    return sp_mirrorlist_parse(text, len, job->mirrors, err);
}

int
sp_job_find_mirrors(struct sp_metadata_job *job, struct sp_error *err)
{
    const struct sp_repo *repo = job->repo;
    char shown[SP_SHOWN_MAX];
    const char *url = repo->metalink ? repo->metalink : repo->mirrorlist;
    int status;

    for (size_t i = 0; i < repo->baseurls.n; i++)
        if (sp_mirrors_add(job->mirrors, repo->baseurls.words[i], err) < 0)
            return -1;
    if (!url)
        return 0;
    /* yum wrote both under "mirrorlist"; dnf.conf(5) knows them apart so. */
    status = repo->metalink || strstr(url, "metalink")
                 ? add_metalink(job, url, err)
                 : add_mirrorlist(job, url, err);
    if (status < 0 && strcmp(err->detail, "metadata") == 0) {
        sp_text_show(shown, sizeof(shown), url);
        return sp_fail_prefix(err, "'%s'", shown);
    }
    return status;
}
