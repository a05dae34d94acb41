/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A plan for people and for programs. */
#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "bundle/rpm.h"
#include "cli/builder-common.h"
#include "cli/table.h"

static const struct sp_column columns[] = {
    {"PACKAGE", false}, {"WHY", false},      {"SIZE", true},
    {"REPO", false},    {"REPLACES", false},
};

static void
cell(const void *data, size_t row, size_t column, char *dst)
{
    const struct sp_supply *supply = data;
    const struct sp_plan_package *package = &supply->plan.packages[row];
    char text[SP_NEVRA_SHOWN_MAX] = "";
    const char *show = text;

    switch (column) {
    case 0: sp_nevra_show(&package->nevra, text, sizeof(text)); break;
    case 1: show = sp_why_word(package->why); break;
    case 2: sp_text_size(text, sizeof(text), package->size); break;
    case 3: show = supply->chosen.repos[package->repo]->id; break;
    default: show = package->replaces; break;
    }
    sp_text_show(dst, SP_TABLE_CELL_MAX, show);
}

static const char *const note_words[] = {
    [SP_NOTE_REMOVED] = "removed",    [SP_NOTE_HELD] = "held back",
    [SP_NOTE_PROBLEM] = "problem",    [SP_NOTE_UNMET] = "in no package",
    [SP_NOTE_WATCHED] = "look twice",
};

static void
show_notes(const struct sp_plan *plan)
{
    for (size_t i = 0; i < plan->n_notes; i++) {
        const struct sp_plan_note *note = &plan->notes[i];

        (void)fprintf(stderr, "%s: %s%s%s\n", note_words[note->kind],
                      note->subject, note->subject[0] ? ": " : "", note->text);
    }
}

/* Nobody signs them: they say so themselves. */
static void
show_advisories(const struct sp_advisories *advisories)
{
    if (advisories->n > 0)
        (void)fputs("the repositories say, and nobody signs:\n", stderr);
    for (size_t i = 0; i < advisories->n; i++) {
        const struct sp_advisory *one = &advisories->list[i];

        (void)fprintf(stderr, "  %s (%s, %s, %s): %s%s%s\n", one->id, one->type,
                      one->severity, one->date, one->packages,
                      one->fixes[0] ? " fixes " : "", one->fixes);
    }
}

static bool
is_unread(const struct sp_supply *supply, size_t repo)
{
    return supply->metadata[repo].unread.code != SP_OK;
}

static void
show_unread(const struct sp_supply *supply)
{
    for (size_t i = 0; supply->metadata && i < supply->chosen.n; i++)
        if (is_unread(supply, i))
            (void)fprintf(stderr,
                          "what '%s' says about its updates cannot be told: "
                          "%s\n",
                          supply->chosen.repos[i]->id,
                          supply->metadata[i].unread.msg);
}

static void
show_skipped(const struct sp_supply *supply)
{
    for (size_t i = 0; supply->metadata && i < supply->chosen.n; i++) {
        if (supply->metadata[i].available)
            continue;
        (void)fprintf(stderr, "skipped: %s\n", supply->metadata[i].problem.msg);
    }
}

static bool
is_old(const struct sp_supply *supply)
{
    return supply->request && sp_request_is_old(supply->request, time(NULL));
}

static void
show_request(const struct sp_supply *supply)
{
    if (!supply->request)
        return;
    (void)fprintf(stderr, "request %s\n", supply->request->id);
    if (is_old(supply))
        (void)fprintf(
            stderr,
            "warning: the request is of %.*s and was good for %" PRIu64
            " days: its machine will refuse the answer; make a new "
            "request\n",
            (int)supply->request->created.size, supply->request->created.bytes,
            supply->request->valid_days);
}

static void
show_plan(const struct sp_supply *supply, bool color)
{
    const struct sp_table table = {
        .columns = columns,
        .n_columns = sizeof(columns) / sizeof(columns[0]),
        .n_rows = supply->plan.n,
        .data = supply,
        .cell = cell,
    };
    char size[16];

    show_request(supply);
    if (supply->plan.n > 0) {
        sp_table_print(&table, color, stderr);
        sp_text_size(size, sizeof(size), sp_plan_bytes(&supply->plan));
        (void)fprintf(stderr, "%zu packages, %s\n", supply->plan.n, size);
    } else {
        (void)fputs("nothing to download\n", stderr);
    }
    show_notes(&supply->plan);
    show_advisories(&supply->advisories);
    show_unread(supply);
    show_skipped(supply);
}

void
sp_plans_show(void *data, const struct sp_delivered *plans)
{
    struct sp_job *job = data;

    if (job->voice.quiet || job->voice.json)
        return;
    sp_progress_finish(&job->progress);
    job->phase = NULL;
    for (size_t i = 0; i < plans->n; i++)
        show_plan(&plans->supplies[i], false);
}

/* ---- JSON -------------------------------------------------------------- */

static void
json_package(struct sp_json *json, const struct sp_supply *supply,
             const struct sp_plan_package *package)
{
    char text[SP_NEVRA_SHOWN_MAX];
    char hex[SP_DIGEST_HEX_MAX];

    sp_nevra_show(&package->nevra, text, sizeof(text));
    sp_digest_hex(&package->digest, hex);
    sp_json_open_object(json, NULL);
    sp_json_string(json, "nevra", text);
    sp_json_string(json, "why", sp_why_word(package->why));
    sp_json_u64(json, "size", package->size);
    sp_json_string(json, sp_digest_word(package->digest.algo), hex);
    sp_json_string(json, "repo", supply->chosen.repos[package->repo]->id);
    sp_json_string(json, "replaces", package->replaces);
    sp_json_close_object(json);
}

static void
json_notes(struct sp_json *json, const char *key, const struct sp_plan *plan,
           enum sp_note_kind kind)
{
    sp_json_open_array(json, key);
    for (size_t i = 0; i < plan->n_notes; i++) {
        if (plan->notes[i].kind != kind)
            continue;
        sp_json_open_object(json, NULL);
        sp_json_string(json, "subject", plan->notes[i].subject);
        sp_json_string(json, "reason", plan->notes[i].text);
        sp_json_close_object(json);
    }
    sp_json_close_array(json);
}

static void
json_advisories(struct sp_json *json, const struct sp_advisories *advisories)
{
    sp_json_open_array(json, "advisories");
    for (size_t i = 0; i < advisories->n; i++) {
        const struct sp_advisory *one = &advisories->list[i];

        sp_json_open_object(json, NULL);
        sp_json_string(json, "id", one->id);
        sp_json_string(json, "type", one->type);
        sp_json_string(json, "severity", one->severity);
        sp_json_string(json, "date", one->date);
        sp_json_string(json, "fixes", one->fixes);
        sp_json_string(json, "packages", one->packages);
        sp_json_close_object(json);
    }
    sp_json_close_array(json);
}

static void
json_unread(struct sp_json *json, const struct sp_supply *supply)
{
    sp_json_open_array(json, "unread_advisories");
    for (size_t i = 0; supply->metadata && i < supply->chosen.n; i++)
        if (is_unread(supply, i))
            sp_json_string(json, NULL, supply->chosen.repos[i]->id);
    sp_json_close_array(json);
}

static void
json_skipped(struct sp_json *json, const struct sp_supply *supply)
{
    sp_json_open_array(json, "skipped_repos");
    for (size_t i = 0; supply->metadata && i < supply->chosen.n; i++)
        if (!supply->metadata[i].available)
            sp_json_string(json, NULL, supply->chosen.repos[i]->id);
    sp_json_close_array(json);
}

static void
json_plan(struct sp_json *json, const struct sp_supply *supply)
{
    const struct sp_plan *plan = &supply->plan;

    sp_json_open_object(json, NULL);
    sp_json_string(json, "request", supply->request ? supply->request->id : "");
    sp_json_bool(json, "expired", is_old(supply));
    sp_json_open_array(json, "packages");
    for (size_t i = 0; i < plan->n; i++)
        json_package(json, supply, &plan->packages[i]);
    sp_json_close_array(json);
    json_notes(json, "removed", plan, SP_NOTE_REMOVED);
    json_notes(json, "held_back", plan, SP_NOTE_HELD);
    json_notes(json, "problems", plan, SP_NOTE_PROBLEM);
    json_notes(json, "unmet", plan, SP_NOTE_UNMET);
    json_notes(json, "watched", plan, SP_NOTE_WATCHED);
    json_advisories(json, &supply->advisories);
    json_unread(json, supply);
    json_skipped(json, supply);
    sp_json_close_object(json);
}

void
sp_plans_json(struct sp_json *json, const struct sp_delivered *plans)
{
    sp_json_open_array(json, "plans");
    for (size_t i = 0; i < plans->n; i++)
        json_plan(json, &plans->supplies[i]);
    sp_json_close_array(json);
}
