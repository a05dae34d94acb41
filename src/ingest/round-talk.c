/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the two sides of a round tell each other: plan, answer, result. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/keep.h"
#include "base/lines.h"
#include "base/path.h"
#include "base/text.h"
#include "bundle/rpm.h"
#include "ingest/round-lines.h"
#include "ingest/round.h"

enum {
    TALK_BYTES_MAX = 16 * 1024 * 1024,
    LOOK_MS = 200,
    PERSON_MS = 30 * 60 * 1000, /* to answer a question */
};

/* ---- the question ---- */

static int
write_plan(int dir, const char *delivery,
           const struct sp_package *const *packages, size_t n,
           struct sp_error *err)
{
    struct sp_text text = {0};

    sp_round_put_heading(&text, "plan", delivery);
    for (size_t i = 0; i < n; i++) {
        const struct sp_package *p = packages[i];
        char nevra[SP_NEVRA_SHOWN_MAX];

        sp_nevra_show(&p->facts.nevra, nevra, sizeof(nevra));
        sp_text_add(&text, "new %s %s %s\n", nevra, p->primary_fpr,
                    sp_why_word((enum sp_why)p->facts.why));
    }
    return sp_keep_text(dir, "plan", &text, err);
}

/* 1 yes, 0 no, -1 nothing was said yet. */
static int
read_answer(int dir, const char *delivery)
{
    SP_AUTO_FREE char *text = NULL;
    char yes[64], no[64];
    size_t size;

    (void)snprintf(yes, sizeof(yes), "answer %s yes\n", delivery);
    (void)snprintf(no, sizeof(no), "answer %s no\n", delivery);
    if (sp_read_file(dir, "answer", sizeof(yes), &text, &size, NULL) < 0)
        return -1;
    if (strcmp(text, yes) == 0)
        return 1;
    return strcmp(text, no) == 0 ? 0 : -1;
}

/* The same round, and somebody who waits for it. */
bool
sp_round_goes_on(const struct sp_state *state, const struct sp_round *round)
{
    struct sp_round now = {0};
    bool found = false;

    (void)sp_round_find(state, &now, &found, NULL);
    found = found && strcmp(now.id, round->id) == 0;
    sp_round_forget(&now);
    return found;
}

bool
sp_round_ask(const struct sp_state *state, const struct sp_round *round,
             const char *delivery, const struct sp_package *const *packages,
             size_t n, const volatile sig_atomic_t *stop)
{
    const uint64_t deadline = sp_clock_ms() + PERSON_MS;
    SP_AUTO_FD dir = sp_path_open_dir(state->state_fd, "round", NULL);
    int said = -1;

    if (dir < 0 || write_plan(dir, delivery, packages, n, NULL) < 0)
        return false;
    while (said < 0 && !*stop && sp_clock_ms() < deadline &&
           sp_round_goes_on(state, round)) {
        said = read_answer(dir, delivery);
        if (said < 0)
            (void)usleep(LOOK_MS * 1000);
    }
    (void)unlinkat(dir, "plan", 0);
    (void)unlinkat(dir, "answer", 0);
    return said == 1;
}

static bool
parse_item(char *value, struct sp_round_item *ret)
{
    char *fpr = sp_lines_value(value);
    char *why = sp_lines_value(fpr);

    if (strlen(value) >= sizeof(ret->nevra) ||
        strlen(fpr) >= sizeof(ret->fpr) || strlen(why) >= sizeof(ret->why))
        return false;
    memcpy(ret->nevra, value, strlen(value) + 1);
    memcpy(ret->fpr, fpr, strlen(fpr) + 1);
    memcpy(ret->why, why, strlen(why) + 1);
    return true;
}

static bool
parse_plan(struct sp_lines *lines, struct sp_round_plan *plan)
{
    char line[SP_LINE_MAX];
    bool bad = false;

    if (!sp_round_heading(lines, "plan", plan->delivery))
        return false;
    /* No line is shorter than this. */
    plan->items = calloc(lines->size / 4 + 1, sizeof(*plan->items));
    while (plan->items && sp_lines_next(lines, line, &bad)) {
        char *item = sp_lines_value(line);

        if (strcmp(line, "new") != 0 ||
            !parse_item(item, &plan->items[plan->n]))
            return false;
        plan->n++;
    }
    return plan->n > 0 && !bad;
}

bool
sp_round_question(const struct sp_round_hold *hold, struct sp_round_plan *ret)
{
    SP_AUTO_FREE char *text = NULL;
    struct sp_round_plan plan = {0};
    struct sp_lines lines = {0};

    if (faccessat(hold->dir_fd, "answer", F_OK, 0) == 0 ||
        sp_read_file(hold->dir_fd, "plan", TALK_BYTES_MAX, &text, &lines.size,
                     NULL) < 0)
        return false;
    lines.text = text;
    if (!parse_plan(&lines, &plan)) {
        free(plan.items);
        return false;
    }
    *ret = plan;
    return true;
}

int
sp_round_answer(const struct sp_round_hold *hold,
                const struct sp_round_plan *plan, bool yes,
                struct sp_error *err)
{
    struct sp_text text = {0};

    sp_text_add(&text, "answer %s %s\n", plan->delivery, yes ? "yes" : "no");
    return sp_keep_text(hold->dir_fd, "answer", &text, err);
}

/* ---- the result ---- */

int
sp_round_tell(const struct sp_state *state, const struct sp_round *round,
              const struct sp_outcome *o, struct sp_error *err)
{
    SP_AUTO_FD dir = -1;
    /* Too old is no refusal: there was nothing newer to take. */
    bool taken = o->error.code == SP_OK || o->published ||
                 strcmp(o->error.detail, "too-old") == 0;
    struct sp_text text = {0};

    if (!sp_round_goes_on(state, round))
        return 0;
    dir = sp_path_open_dir(state->state_fd, "round", err);
    if (dir < 0)
        return -1;
    sp_text_add(&text, "result 1\nreason %s\nmessage %s\npublished %d\n",
                o->error.code == SP_OK ? "-" : o->error.detail, o->error.msg,
                o->published);
    sp_text_add(&text,
                "nothing-to-do %d\ngeneration %" PRIu64 "\npackages %" PRIu64
                "\n",
                o->nothing_to_do, o->generation, o->n_packages);
    if (sp_keep_text(dir, "result", &text, err) < 0)
        return -1;
    /* Who waits shuts it too, when this is read. */
    if (taken)
        (void)unlinkat(dir, "open", 0);
    return 0;
}

static bool
next_number(struct sp_lines *lines, const char *key, uint64_t max,
            uint64_t *ret)
{
    char line[SP_LINE_MAX];
    const char *value = sp_round_value(lines, line, key);

    return value && sp_text_u64(value, max, ret);
}

static bool
parse_result(struct sp_lines *lines, struct sp_round_result *ret)
{
    char line[SP_LINE_MAX], reason[SP_DETAIL_MAX];
    const char *value = sp_round_value(lines, line, "result");
    uint64_t published, nothing;

    if (!value || strcmp(value, "1") != 0)
        return false;
    value = sp_round_value(lines, line, "reason");
    if (!value || strlen(value) >= sizeof(reason))
        return false;
    memcpy(reason, value, strlen(value) + 1);
    value = sp_round_value(lines, line, "message");
    if (!value || (strcmp(reason, "-") != 0 && !sp_reason_find(reason)))
        return false;
    if (strcmp(reason, "-") != 0)
        (void)sp_fail(&ret->error, reason, "%s", value);
    if (!next_number(lines, "published", 1, &published) ||
        !next_number(lines, "nothing-to-do", 1, &nothing))
        return false;
    ret->published = published == 1;
    ret->nothing_to_do = nothing == 1;
    return next_number(lines, "generation", UINT64_MAX, &ret->generation) &&
           next_number(lines, "packages", UINT64_MAX, &ret->packages);
}

bool
sp_round_result(const struct sp_round_hold *hold, struct sp_round_result *ret)
{
    SP_AUTO_FREE char *text = NULL;
    struct sp_round_result result = {0};
    struct sp_lines lines = {0};

    if (sp_read_file(hold->dir_fd, "result", TALK_BYTES_MAX, &text, &lines.size,
                     NULL) < 0)
        return false;
    lines.text = text;
    if (!parse_result(&lines, &result))
        return false;
    *ret = result;
    return true;
}
