/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `sallyport status` shows: the repository and the last delivery. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/lines.h"
#include "ingest/generation.h"
#include "ingest/quarantine.h"
#include "ingest/state.h"

/* One that is at work has a quarantine, which is not left over. */
static int
look_for_runs(const struct sp_state *state, struct sp_status *status,
              struct sp_error *err)
{
    int held = state->lock_fd < 0 ? sp_state_is_locked(state, err) : 0;

    if (held < 0)
        return -1;
    status->busy = held > 0;
    return status->busy ? 0
                        : sp_quarantine_leftover(state, &status->leftover, err);
}

static int
describe(const struct sp_state *state, uint64_t number,
         struct sp_generation *ret, struct sp_error *err)
{
    SP_AUTO_FD dir = sp_generation_open(state, number, err);
    SP_AUTO_FREE char *text = NULL;
    struct sp_lines lines = {0};
    struct sp_generation_line entry;
    char line[SP_LINE_MAX];
    struct stat st;
    bool bad = false;

    if (dir < 0)
        return -1;
    if (fstat(dir, &st) < 0)
        return sp_fail_sys(err, errno, "state",
                           "cannot stat generation %" PRIu64, number);
    if (sp_generation_packages(state, number, &text, &lines.size, err) < 0)
        return -1;
    ret->number = number;
    ret->published = (uint64_t)st.st_ctime;
    lines.text = text;
    while (sp_lines_next(&lines, line, &bad)) {
        if (!sp_generation_parse(line, &entry))
            return sp_fail(err, "state", "the list of a generation is damaged");
        ret->packages++;
        if (entry.signed_at > ret->newest_signature)
            ret->newest_signature = entry.signed_at;
    }
    return 0;
}

static int
describe_all(const struct sp_state *state, struct sp_status *status,
             struct sp_error *err)
{
    SP_AUTO_FREE uint64_t *numbers = NULL;
    size_t n;

    if (sp_generation_current(state, &status->current, err) < 0 ||
        sp_generation_list(state, &numbers, &n, err) < 0)
        return -1;
    status->generations = calloc(n + 1, sizeof(*status->generations));
    if (!status->generations)
        return sp_fail(err, "no-memory", "no memory for generations");
    for (size_t i = 0; i < n; i++) {
        struct sp_generation *g = &status->generations[status->n_generations];

        if (describe(state, numbers[i], g, err) < 0)
            return -1;
        g->current = numbers[i] == status->current;
        status->n_generations++;
    }
    return 0;
}

/* The history has more than deliveries. Returns how many are left. */
static size_t
only_deliveries(struct sp_history *list, size_t n)
{
    size_t kept = 0;

    for (size_t i = 0; i < n; i++)
        if (strcmp(list[i].command, "ingest") == 0)
            list[kept++] = list[i];
    return kept;
}

static int
last_delivery(struct sp_state *state, struct sp_status *status,
              struct sp_error *err)
{
    struct sp_history *list;
    size_t n;

    if (sp_history_list(state, 64, &list, &n, err) < 0)
        return -1;
    n = only_deliveries(list, n);
    for (size_t i = n; i > 0; i--)
        if (strcmp(list[i - 1].class_word, "done") == 0 ||
            strcmp(list[i - 1].detail, "too-old") == 0)
            status->last_success = list[i - 1].time;
    if (n > 0) {
        memcpy(status->last_id, list[0].id, sizeof(status->last_id));
        memcpy(status->last_class, list[0].class_word,
               sizeof(status->last_class));
        memcpy(status->last_detail, list[0].detail,
               sizeof(status->last_detail));
    }
    free(list);
    return 0;
}

int
sp_status_read(struct sp_state *state, struct sp_status *ret,
               struct sp_error *err)
{
    struct sp_status status;

    memset(&status, 0, sizeof(status));
    if (describe_all(state, &status, err) < 0 ||
        last_delivery(state, &status, err) < 0 ||
        look_for_runs(state, &status, err) < 0) {
        sp_status_release(&status);
        return -1;
    }
    *ret = status;
    return 0;
}

void
sp_status_release(struct sp_status *status)
{
    free(status->generations);
    memset(status, 0, sizeof(*status));
}
