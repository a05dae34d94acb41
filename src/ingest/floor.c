/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ingest/floor.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/evr.h"
#include "base/io.h"
#include "base/keep.h"
#include "base/lines.h"
#include "base/text.h"
#include "bundle/rpm.h"
#include "ingest/clock.h"
#include "ingest/generation.h"

enum { FLOOR_BYTES_MAX = 64 * 1024 * 1024 };

/* "E:V-R" into the entry. */
static bool
parse_evr(const char *evr, struct sp_floor_entry *entry)
{
    const char *colon = strchr(evr, ':');
    const char *dash = strrchr(evr, '-');
    uint64_t epoch;

    if (!colon || !dash || dash < colon ||
        !sp_text_u64_len(evr, (size_t)(colon - evr), UINT32_MAX, &epoch) ||
        !sp_nevra_version_ok(colon + 1, (size_t)(dash - colon - 1)) ||
        !sp_nevra_version_ok(dash + 1, strlen(dash + 1)))
        return false;
    memset(entry->version, 0, sizeof(entry->version));
    memcpy(entry->version, colon + 1, (size_t)(dash - colon - 1));
    memset(entry->release, 0, sizeof(entry->release));
    memcpy(entry->release, dash + 1, strlen(dash + 1));
    entry->epoch = (uint32_t)epoch;
    return true;
}

/* The entry of the name, or NULL and where it belongs. */
static struct sp_floor_entry *
find(const struct sp_floor *floor, const char *name, size_t *ret_at)
{
    size_t low = 0, high = floor->n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(floor->entries[middle].name, name);

        if (order == 0)
            return &floor->entries[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *ret_at = low;
    return NULL;
}

const struct sp_floor_entry *
sp_floor_find(const struct sp_floor *floor, const char *name)
{
    size_t at;

    return find(floor, name, &at);
}

static int
compare_entries(const struct sp_floor_entry *a, const struct sp_floor_entry *b)
{
    return sp_evr_compare(a->epoch, a->version, a->release, b->epoch,
                          b->version, b->release);
}

static int
raise(struct sp_floor *floor, const struct sp_floor_entry *entry, bool force,
      struct sp_error *err)
{
    size_t at = 0;
    struct sp_floor_entry *known = find(floor, entry->name, &at);

    if (known) {
        if (force || compare_entries(entry, known) > 0) {
            *known = *entry;
            floor->behind = true;
        }
        return 0;
    }
    if (floor->n == floor->capacity) {
        size_t capacity = floor->capacity ? 2 * floor->capacity : 256;
        struct sp_floor_entry *more =
            realloc(floor->entries, capacity * sizeof(*more));

        if (!more)
            return sp_fail(err, "no-memory", "no memory for the floor");
        floor->entries = more;
        floor->capacity = capacity;
    }
    memmove(&floor->entries[at + 1], &floor->entries[at],
            (floor->n - at) * sizeof(*floor->entries));
    floor->entries[at] = *entry;
    floor->n++;
    floor->behind = true;
    return 0;
}

static void
from_nevra(const struct sp_nevra *nevra, struct sp_floor_entry *ret)
{
    memset(ret, 0, sizeof(*ret));
    memcpy(ret->name, nevra->name, sizeof(ret->name));
    memcpy(ret->version, nevra->version, sizeof(ret->version));
    memcpy(ret->release, nevra->release, sizeof(ret->release));
    ret->epoch = nevra->epoch;
}

int
sp_floor_raise(struct sp_floor *floor, const struct sp_nevra *nevra, bool force,
               struct sp_error *err)
{
    struct sp_floor_entry entry;

    from_nevra(nevra, &entry);
    return raise(floor, &entry, force, err);
}

int
sp_floor_compare(const struct sp_nevra *nevra,
                 const struct sp_floor_entry *entry)
{
    struct sp_floor_entry own;

    from_nevra(nevra, &own);
    return compare_entries(&own, entry);
}

int
sp_floor_take(struct sp_floor *floor, const char *name, const char *evr,
              struct sp_error *err)
{
    struct sp_floor_entry entry;

    memset(&entry, 0, sizeof(entry));
    if (!sp_nevra_name_ok(name, strlen(name)) || !parse_evr(evr, &entry))
        return sp_fail(err, "state", "the record of versions is damaged");
    memcpy(entry.name, name, strlen(name));
    return raise(floor, &entry, false, err);
}

static int
load_file(const struct sp_state *state, struct sp_floor *floor,
          struct sp_error *err)
{
    SP_AUTO_FREE char *text = NULL;
    struct sp_lines lines = {0};
    char line[SP_LINE_MAX];
    bool bad = false;

    if (faccessat(state->state_fd, "floor", F_OK, AT_SYMLINK_NOFOLLOW) < 0 &&
        errno == ENOENT)
        return 0;
    if (sp_read_file(state->state_fd, "floor", FLOOR_BYTES_MAX, &text,
                     &lines.size, err) < 0)
        return -1;
    lines.text = text;
    while (sp_lines_next(&lines, line, &bad)) {
        const char *evr = sp_lines_value(line);

        if (sp_floor_take(floor, line, evr, err) < 0)
            return sp_fail_prefix(err, "line %u of '%s/floor'", lines.number,
                                  state->state_path);
    }
    if (bad)
        return sp_fail(err, "state", "'%s/floor' is damaged",
                       state->state_path);
    return 0;
}

/*
 * What is published counts as well. A list that somebody removed behind our
 * back tells nothing; the file above still does. One that is there and cannot
 * be read might tell of more.
 */
static int
load_current(const struct sp_state *state, struct sp_floor *floor,
             struct sp_error *err)
{
    SP_AUTO_FREE char *text = NULL;
    struct sp_lines lines = {0};
    struct sp_generation_line entry;
    char line[SP_LINE_MAX];
    struct sp_error why = {0};
    uint64_t current;
    bool bad = false;

    if (sp_generation_current(state, &current, err) < 0)
        return -1;
    if (current == 0)
        return 0;
    if (sp_generation_packages(state, current, &text, &lines.size, &why) < 0) {
        if (why.sys == ENOENT)
            return 0;
        *err = why;
        return -1;
    }
    lines.text = text;
    while (sp_lines_next(&lines, line, &bad)) {
        if (!sp_generation_parse(line, &entry) ||
            sp_floor_take(floor, entry.name, entry.evr, err) < 0)
            return sp_fail(err, "state",
                           "generations/%" PRIu64 "/packages is damaged",
                           current);
        if (entry.signed_at > floor->newest_signature)
            floor->newest_signature = entry.signed_at;
    }
    return 0;
}

int
sp_floor_load(const struct sp_state *state, struct sp_floor *ret,
              struct sp_error *err)
{
    struct sp_floor floor = {0};
    struct sp_error local = {0};
    int status = load_file(state, &floor, &local);

    floor.behind = false;
    if (status < 0 || load_current(state, &floor, &local) < 0) {
        sp_floor_release(&floor);
        *err = local;
        return -1;
    }
    *ret = floor;
    return 0;
}

void
sp_floor_release(struct sp_floor *floor)
{
    free(floor->entries);
    memset(floor, 0, sizeof(*floor));
}

bool
sp_floor_forget(struct sp_floor *floor, const char *name)
{
    size_t at = 0;
    struct sp_floor_entry *entry = find(floor, name, &at);

    if (!entry)
        return false;
    at = (size_t)(entry - floor->entries);
    memmove(entry, entry + 1, (floor->n - at - 1) * sizeof(*entry));
    floor->n--;
    return true;
}

int
sp_floor_save(const struct sp_state *state, const struct sp_floor *floor,
              struct sp_error *err)
{
    struct sp_text text = {0};

    for (size_t i = 0; i < floor->n; i++)
        sp_text_add(&text, "%s %" PRIu32 ":%s-%s\n", floor->entries[i].name,
                    floor->entries[i].epoch, floor->entries[i].version,
                    floor->entries[i].release);
    return sp_keep_text(state->state_fd, "floor", &text, err);
}

int
sp_floor_mend(const struct sp_state *state, struct sp_error *err)
{
    struct sp_floor floor;
    int status = 0;

    if (sp_floor_load(state, &floor, err) < 0)
        return -1;
    if (floor.behind)
        status = sp_floor_save(state, &floor, err);
    if (status == 0)
        status = sp_clock_raise(state, floor.newest_signature, err);
    sp_floor_release(&floor);
    return status;
}
