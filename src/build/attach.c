/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build/attach.h"

#include <string.h>

#include "base/auto.h"
#include "build/evidence.h"
#include "bundle/limits.h"

enum { FILES_PER_REPO = 3, LABEL_MAX = 64 };

static bool
size_fits(const struct sp_metadata_file *file)
{
    return file->present && file->size > 0 &&
           file->size <= SP_MAX_EVIDENCE_BYTES;
}

bool
sp_attach_fits(const struct sp_cache *cache, const struct sp_metadata *metadata)
{
    return metadata->available && metadata->signature.present &&
           size_fits(&metadata->repomd) && size_fits(&metadata->primary) &&
           strlen(metadata->repo->id) <= LABEL_MAX &&
           sp_evidence_has_profile(cache, &metadata->signature);
}

static int
compare_metadata(const void *a, const void *b)
{
    const struct sp_metadata *x = *(const struct sp_metadata *const *)a;
    const struct sp_metadata *y = *(const struct sp_metadata *const *)b;
    int order = strcmp(x->repo->id, y->repo->id);

    return order ? order
                 : memcmp(x->repomd.sha256, y->repomd.sha256,
                          sizeof(x->repomd.sha256));
}

static bool
same_label(const struct sp_metadata *a, const struct sp_metadata *b)
{
    return strcmp(a->repo->id, b->repo->id) == 0;
}

/*
 * Sorted: keeps one of those that are equal, and none of those that have one
 * id and are not: a label stands for one repository. Returns how many.
 */
static size_t
unite(const struct sp_metadata **list, size_t n)
{
    size_t kept = 0;

    for (size_t i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && same_label(list[i], list[end]);)
            end++;
        if (compare_metadata(&list[i], &list[end - 1]) == 0)
            list[kept++] = list[i];
    }
    return kept;
}

static void
add(const struct sp_cache *cache, const struct sp_metadata *metadata,
    enum sp_evidence kind, const struct sp_metadata_file *file,
    struct sp_attachments *ret)
{
    struct sp_pack_evidence *one = &ret->list[ret->n++];

    *one = (struct sp_pack_evidence){.kind = kind,
                                     .label = metadata->repo->id,
                                     .dirfd = cache->dirfd,
                                     .path = file->name,
                                     .size = file->size};
    memcpy(one->sha256, file->sha256, sizeof(one->sha256));
}

static size_t
collect(const struct sp_cache *cache, const struct sp_supply *supplies,
        size_t n, const struct sp_metadata **list)
{
    size_t found = 0;

    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < supplies[i].chosen.n; k++)
            if (sp_attach_fits(cache, &supplies[i].metadata[k]))
                list[found++] = &supplies[i].metadata[k];
    if (found > 0)
        qsort(list, found, sizeof(list[0]), compare_metadata);
    return unite(list, found);
}

static size_t
count_repos(const struct sp_supply *supplies, size_t n)
{
    size_t all = 0;

    for (size_t i = 0; i < n; i++)
        all += supplies[i].chosen.n;
    return all;
}

int
sp_attach(const struct sp_cache *cache, const struct sp_supply *supplies,
          size_t n, struct sp_attachments *ret, struct sp_error *err)
{
    size_t all = count_repos(supplies, n);
    SP_AUTO_FREE const struct sp_metadata **list =
        calloc(all + 1, sizeof(*list));

    ret->n = 0;
    ret->list = calloc(FILES_PER_REPO * all + 1, sizeof(ret->list[0]));
    if (!list || !ret->list)
        return sp_fail(err, "no-memory", "no memory for signed metadata");
    all = collect(cache, supplies, n, list);
    for (size_t i = 0; i < all && ret->n + FILES_PER_REPO <= SP_MAX_EVIDENCE;
         i++) {
        add(cache, list[i], SP_EVIDENCE_REPOMD, &list[i]->repomd, ret);
        add(cache, list[i], SP_EVIDENCE_SIGNATURE, &list[i]->signature, ret);
        add(cache, list[i], SP_EVIDENCE_PRIMARY, &list[i]->primary, ret);
    }
    return 0;
}

void
sp_attachments_release(struct sp_attachments *attachments)
{
    free(attachments->list);
    attachments->list = NULL;
    attachments->n = 0;
}
