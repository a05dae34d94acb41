/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>

#include "base/text.h"
#include "build/evidence.h"
#include "build/jailed.h"
#include "build/metadata-job.h"
#include "build/unfold.h"

/* Which of the kinds are fetched at once, and where they go. */
static const struct {
    enum sp_repomd_kind kind;
    size_t offset;
} wanted[] = {
    {SP_REPOMD_PRIMARY, offsetof(struct sp_metadata, primary)},
    {SP_REPOMD_GROUP, offsetof(struct sp_metadata, group)},
    {SP_REPOMD_UPDATEINFO, offsetof(struct sp_metadata, updateinfo)},
};

enum { WANTED = SP_JOB_FILES };

_Static_assert(sizeof(wanted) / sizeof(wanted[0]) == SP_JOB_FILES,
               "as many as the header says");

static struct sp_fetch_item
item_of(const struct sp_metadata_job *job,
        const struct sp_metadata_source *source)
{
    return (struct sp_fetch_item){.mirrors = job->mirrors,
                                  .location = source->location,
                                  .proxy = job->repo->proxy,
                                  .digest = source->digest,
                                  .size = source->size};
}

static int
fetch_items(const struct sp_metadata_job *job, struct sp_fetch_item *items,
            size_t n, struct sp_error *err)
{
    struct sp_fetch_policy policy = job->policy->fetch;

    policy.max_file_bytes = SP_METADATA_MAX_BYTES;
    if (n == 0 || sp_fetch(job->cache, &policy, items, n, job->hooks, err) == 0)
        return 0;
    if (strcmp(err->detail, "list-digest") != 0)
        return -1;
    return sp_fail(err, "metadata-digest", "%s", err->msg);
}

/* Unpacks, and compares with what repomd.xml says of the result. */
static int
unfold(const struct sp_metadata_job *job,
       const struct sp_metadata_source *source, const char *name,
       struct sp_metadata_file *ret, struct sp_error *err)
{
    struct sp_metadata_file packed = {0};
    struct sp_metadata_file file;

    if (sp_evidence_hash(job->cache, name, &packed, err) < 0)
        return -1;
    if (sp_jailed_unfold(job->cache, name,
                         sp_unfold_ceiling(packed.size, source->open_size),
                         job->hooks, &file, err) < 0)
        return sp_fail_prefix(err, "'%s'", source->location);
    if (source->open_size && file.size != source->open_size)
        return sp_fail(err, "metadata-size",
                       "'%s' unpacks to %" PRIu64 " bytes instead of %" PRIu64,
                       source->location, file.size, source->open_size);
    if (!sp_digest_is_set(&source->open_digest)) {
        *ret = file;
        return 0;
    }
    if (!sp_evidence_is(job->cache, &file, &source->open_digest))
        return sp_fail(err, "metadata-digest",
                       "'%s' unpacks to something else than repomd.xml says",
                       source->location);
    if (sp_evidence_rename(job->cache, &file, &source->open_digest, err) < 0)
        return -1;
    *ret = file;
    return 0;
}

/* What was unpacked by an earlier run is looked at by sp_job_files. */
static bool
is_unpacked(const struct sp_metadata_job *job,
            const struct sp_metadata_source *source)
{
    char name[SP_CACHE_NAME_MAX];

    if (!sp_digest_is_set(&source->open_digest))
        return false;
    sp_cache_name_digest(name, &source->open_digest);
    return sp_cache_bytes(job->cache, name) > 0;
}

size_t
sp_job_items(const struct sp_metadata_job *job, struct sp_fetch_item *items)
{
    size_t n = 0;

    for (size_t i = 0; i < WANTED; i++) {
        const struct sp_metadata_source *source =
            &job->repomd.sources[wanted[i].kind];

        if (source->present && !is_unpacked(job, source))
            items[n++] = item_of(job, source);
    }
    return n;
}

int
sp_job_files(struct sp_metadata_job *job, struct sp_error *err)
{
    const struct sp_metadata_source *sources[WANTED];
    struct sp_fetch_item items[WANTED];
    struct sp_metadata_file *files[WANTED];
    size_t n = 0;

    for (size_t i = 0; i < WANTED; i++) {
        const struct sp_metadata_source *source =
            &job->repomd.sources[wanted[i].kind];
        struct sp_metadata_file *file =
            (struct sp_metadata_file *)(void *)((char *)job->ret +
                                                wanted[i].offset);

        *file = (struct sp_metadata_file){0};
        /* What was unpacked by an earlier run need not even travel. */
        if (!source->present ||
            (sp_digest_is_set(&source->open_digest) &&
             sp_evidence_have(job->cache, &source->open_digest, file)))
            continue;
        sources[n] = source;
        files[n] = file;
        items[n++] = item_of(job, source);
    }
    if (fetch_items(job, items, n, err) < 0)
        return -1;
    for (size_t i = 0; i < n; i++)
        if (unfold(job, sources[i], items[i].name, files[i], err) < 0)
            return -1;
    return 0;
}

int
sp_job_source(struct sp_metadata_job *job,
              const struct sp_metadata_source *source,
              char ret[SP_CACHE_NAME_MAX], struct sp_error *err)
{
    struct sp_fetch_item item = item_of(job, source);

    if (fetch_items(job, &item, 1, err) < 0)
        return -1;
    memcpy(ret, item.name, SP_CACHE_NAME_MAX);
    return 0;
}
