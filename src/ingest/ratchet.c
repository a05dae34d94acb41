/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ingest/ratchet.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/keep.h"
#include "base/lines.h"
#include "base/text.h"

enum { RATCHET_BYTES_MAX = SP_RATCHET_MAX * 256 };

/* The notch, or NULL and where it belongs. */
static struct sp_notch *
find(const struct sp_ratchet *ratchet, const char *label, const char *fpr,
     size_t *ret_at)
{
    size_t i = 0;

    for (; i < ratchet->n; i++) {
        struct sp_notch *notch = &ratchet->notches[i];
        int order = strcmp(notch->label, label);

        if (order == 0)
            order = strcmp(notch->primary_fpr, fpr);
        if (order == 0)
            return notch;
        if (order > 0)
            break;
    }
    *ret_at = i;
    return NULL;
}

const struct sp_notch *
sp_ratchet_find(const struct sp_ratchet *ratchet, const char *label,
                const char *primary_fpr)
{
    size_t at;

    return find(ratchet, label, primary_fpr, &at);
}

static int
insert(struct sp_ratchet *ratchet, size_t at, const struct sp_notch *notch,
       struct sp_error *err)
{
    struct sp_notch *more;

    if (ratchet->n >= SP_RATCHET_MAX)
        return sp_fail(err, "state",
                       "%d repositories are known, there is room for no more",
                       SP_RATCHET_MAX);
    more = reallocarray(ratchet->notches, ratchet->n + 1, sizeof(*more));
    if (!more)
        return sp_fail(err, "no-memory", "no memory for the ratchet");
    ratchet->notches = more;
    memmove(&more[at + 1], &more[at], (ratchet->n - at) * sizeof(*more));
    more[at] = *notch;
    ratchet->n++;
    ratchet->changed = true;
    return 0;
}

int
sp_ratchet_raise(struct sp_ratchet *ratchet,
                 const struct sp_repository *repository, struct sp_error *err)
{
    struct sp_notch fresh = {
        .revision = repository->revision,
        .signed_at = repository->signed_at,
    };
    struct sp_notch *known;
    size_t at = 0;

    memcpy(fresh.label, repository->label, sizeof(fresh.label));
    memcpy(fresh.primary_fpr, repository->primary_fpr,
           sizeof(fresh.primary_fpr));
    known = find(ratchet, fresh.label, fresh.primary_fpr, &at);
    if (!known)
        return insert(ratchet, at, &fresh, err);
    ratchet->changed = ratchet->changed || fresh.revision > known->revision ||
                       fresh.signed_at > known->signed_at;
    if (fresh.revision > known->revision)
        known->revision = fresh.revision;
    if (fresh.signed_at > known->signed_at)
        known->signed_at = fresh.signed_at;
    return 0;
}

void
sp_ratchet_raise_build(struct sp_ratchet *ratchet, uint64_t build)
{
    if (build <= ratchet->build)
        return;
    ratchet->build = build;
    ratchet->changed = true;
}

bool
sp_ratchet_forget(struct sp_ratchet *ratchet, const char *label)
{
    size_t kept = 0;
    bool found = !label && (ratchet->n > 0 || ratchet->build > 0);

    for (size_t i = 0; i < ratchet->n; i++)
        if (label && strcmp(ratchet->notches[i].label, label) != 0)
            ratchet->notches[kept++] = ratchet->notches[i];
    found = found || kept < ratchet->n;
    ratchet->n = kept;
    if (!label)
        ratchet->build = 0;
    ratchet->changed = ratchet->changed || found;
    return found;
}

uint64_t
sp_ratchet_newest(const struct sp_ratchet *ratchet)
{
    uint64_t newest = ratchet->build;

    for (size_t i = 0; i < ratchet->n; i++)
        if (ratchet->notches[i].signed_at > newest)
            newest = ratchet->notches[i].signed_at;
    return newest;
}

/* Cuts the first word off *rest. */
static const char *
word(char **rest)
{
    char *first = *rest;

    *rest = sp_lines_value(first);
    return first;
}

static bool
take_revision(struct sp_ratchet *ratchet, char *rest, struct sp_error *err)
{
    struct sp_repository r = {0};
    const char *label = word(&rest), *fpr = word(&rest);
    const char *revision = word(&rest), *signed_at = word(&rest);

    if (!*label || strlen(label) >= sizeof(r.label) || strlen(fpr) != 40 ||
        !sp_text_u64(revision, INT64_MAX, &r.revision) ||
        !sp_text_u64(signed_at, INT64_MAX, &r.signed_at) || *rest)
        return false;
    memcpy(r.label, label, strlen(label));
    memcpy(r.primary_fpr, fpr, 40);
    return sp_ratchet_raise(ratchet, &r, err) == 0;
}

static bool
take_line(struct sp_ratchet *ratchet, char *line, struct sp_error *err)
{
    char *value = sp_lines_value(line);

    if (strcmp(line, "revision") == 0)
        return take_revision(ratchet, value, err);
    return strcmp(line, "build") == 0 &&
           sp_text_u64(value, INT64_MAX, &ratchet->build);
}

static int
load(const struct sp_state *state, struct sp_ratchet *ratchet,
     struct sp_error *err)
{
    SP_AUTO_FREE char *text = NULL;
    struct sp_lines lines = {0};
    char line[SP_LINE_MAX];
    bool bad = false;

    if (faccessat(state->state_fd, "ratchet", F_OK, AT_SYMLINK_NOFOLLOW) < 0 &&
        errno == ENOENT)
        return 0;
    if (sp_read_file(state->state_fd, "ratchet", RATCHET_BYTES_MAX, &text,
                     &lines.size, err) < 0)
        return -1;
    lines.text = text;
    while (sp_lines_next(&lines, line, &bad))
        if (!take_line(ratchet, line, err))
            return sp_fail(err, "state", "line %u of '%s/ratchet' is damaged",
                           lines.number, state->state_path);
    if (bad)
        return sp_fail(err, "state", "'%s/ratchet' is damaged",
                       state->state_path);
    return 0;
}

int
sp_ratchet_load(const struct sp_state *state, struct sp_ratchet *ret,
                struct sp_error *err)
{
    struct sp_ratchet ratchet = {0};

    if (load(state, &ratchet, err) < 0) {
        sp_ratchet_release(&ratchet);
        return -1;
    }
    ratchet.changed = false;
    *ret = ratchet;
    return 0;
}

void
sp_ratchet_release(struct sp_ratchet *ratchet)
{
    free(ratchet->notches);
    memset(ratchet, 0, sizeof(*ratchet));
}

int
sp_ratchet_save(const struct sp_state *state, struct sp_ratchet *ratchet,
                struct sp_error *err)
{
    struct sp_text text = {0};
    int status;

    if (!ratchet->changed)
        return 0;
    for (size_t i = 0; i < ratchet->n; i++)
        sp_text_add(&text, "revision %s %s %" PRIu64 " %" PRIu64 "\n",
                    ratchet->notches[i].label, ratchet->notches[i].primary_fpr,
                    ratchet->notches[i].revision,
                    ratchet->notches[i].signed_at);
    if (ratchet->build > 0)
        sp_text_add(&text, "build %" PRIu64 "\n", ratchet->build);
    status = sp_keep_text(state->state_fd, "ratchet", &text, err);
    ratchet->changed = ratchet->changed && status < 0;
    return status;
}
