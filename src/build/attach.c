/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build/attach.h"

#include <string.h>

#include "base/auto.h"
#include "base/path.h"
#include "base/sha256.h"
#include "build/evidence.h"
#include "bundle/limits.h"

enum { FILES_PER_REPO = 3, LABEL_MAX = 64 };

static bool
size_fits(const struct sp_metadata_file *file)
{
    return file->present && file->size > 0 &&
           file->size <= SP_MAX_EVIDENCE_BYTES;
}

static int
fits(const struct sp_cache *cache, const struct sp_metadata *metadata,
     bool *ret, struct sp_error *err)
{
    *ret = false;
    if (!metadata->available || !metadata->signature.present ||
        !size_fits(&metadata->repomd) || !size_fits(&metadata->primary) ||
        strlen(metadata->repo->id) > LABEL_MAX)
        return 0;
    return sp_evidence_has_profile(cache, &metadata->signature, ret, err);
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

static int
collect(const struct sp_cache *cache, const struct sp_supply *supply,
        const struct sp_metadata **list, size_t *n, struct sp_error *err)
{
    for (size_t i = 0; i < supply->chosen.n; i++) {
        bool one = false;

        if (fits(cache, &supply->metadata[i], &one, err) < 0)
            return -1;
        if (one)
            list[(*n)++] = &supply->metadata[i];
    }
    return 0;
}

static int
collect_all(const struct sp_cache *cache, const struct sp_supply *supplies,
            size_t n, const struct sp_metadata **list, size_t *ret_n,
            struct sp_error *err)
{
    size_t found = 0;

    for (size_t i = 0; i < n; i++)
        if (collect(cache, &supplies[i], list, &found, err) < 0)
            return -1;
    if (found > 0)
        qsort(list, found, sizeof(list[0]), compare_metadata);
    *ret_n = unite(list, found);
    return 0;
}

/* The groups that the requests name, as one member of its own. */
static int
print_groups(const struct sp_supply *supplies, size_t n, struct sp_text *ret,
             struct sp_error *err)
{
    struct sp_groups picked = {0};
    struct sp_request_field field;
    int status = 0;

    for (size_t i = 0; i < n; i++) {
        size_t cursor = 0;

        while (status == 0 && supplies[i].groups.n > 0 &&
               sp_request_next(supplies[i].request, SP_REQUEST_KEY_SPEC,
                               &cursor, &field)) {
            SP_AUTO_FREE char *spec =
                strndup(field.value.bytes, field.value.size);

            if (!spec)
                status = sp_fail(err, "no-memory", "no memory for a group");
            else if (spec[0] == '@')
                status =
                    sp_groups_pick(&picked, &supplies[i].groups, spec + 1, err);
        }
    }
    sp_groups_ready(&picked);
    if (status == 0 && picked.n > 0)
        sp_groups_print(&picked, ret);
    sp_groups_release(&picked);
    return status;
}

static int
keep_groups(const struct sp_cache *cache, const struct sp_text *text,
            struct sp_attachments *ret, struct sp_error *err)
{
    struct sp_pack_evidence *one = &ret->list[ret->n];
    struct sp_digest digest;

    if (text->failed)
        return sp_fail(err, "no-memory", "no memory for the groups");
    if (text->size > SP_GROUPS_MAX_BYTES)
        return sp_fail(err, "too-many-bytes",
                       "the groups have %zu bytes; a bundle carries %d of them",
                       text->size, SP_GROUPS_MAX_BYTES);
    *one = (struct sp_pack_evidence){.kind = SP_EVIDENCE_COMPS,
                                     .label = SP_GROUPS_LABEL,
                                     .dirfd = cache->dirfd,
                                     .path = ret->groups_name,
                                     .size = text->size};
    sp_sha256(text->bytes, text->size, one->sha256);
    digest = sp_digest_sha256(one->sha256);
    sp_cache_name_digest(ret->groups_name, &digest);
    ret->n++;
    return sp_path_replace_file(cache->dirfd, ret->groups_name, text->bytes,
                                text->size, 0600, err);
}

static int
attach_groups(const struct sp_cache *cache, const struct sp_supply *supplies,
              size_t n, struct sp_attachments *ret, struct sp_error *err)
{
    struct sp_text text = {0};
    int status = print_groups(supplies, n, &text, err);

    if (status == 0 && (text.size > 0 || text.failed))
        status = keep_groups(cache, &text, ret, err);
    sp_text_release(&text);
    return status;
}

/* The order of MANIFEST. */
static int
compare_evidence(const void *a, const void *b)
{
    const struct sp_pack_evidence *x = a;
    const struct sp_pack_evidence *y = b;
    int order = strcmp(x->label, y->label);

    return order ? order : (int)x->kind - (int)y->kind;
}

static void
attach_metadata(const struct sp_cache *cache, const struct sp_metadata **list,
                size_t n, struct sp_attachments *ret)
{
    /* One place is the groups'. */
    for (size_t i = 0; i < n && ret->n + FILES_PER_REPO < SP_MAX_EVIDENCE;
         i++) {
        add(cache, list[i], SP_EVIDENCE_REPOMD, &list[i]->repomd, ret);
        add(cache, list[i], SP_EVIDENCE_SIGNATURE, &list[i]->signature, ret);
        add(cache, list[i], SP_EVIDENCE_PRIMARY, &list[i]->primary, ret);
    }
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
    ret->list = calloc(FILES_PER_REPO * all + 2, sizeof(ret->list[0]));
    if (!list || !ret->list)
        return sp_fail(err, "no-memory", "no memory for signed metadata");
    if (collect_all(cache, supplies, n, list, &all, err) < 0)
        return -1;
    attach_metadata(cache, list, all, ret);
    if (attach_groups(cache, supplies, n, ret, err) < 0)
        return -1;
    if (ret->n > 0)
        qsort(ret->list, ret->n, sizeof(ret->list[0]), compare_evidence);
    return 0;
}

void
sp_attachments_release(struct sp_attachments *attachments)
{
    free(attachments->list);
    attachments->list = NULL;
    attachments->n = 0;
}
