/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sallyport history: the deliveries, newest first, or the record of one. */
#include <inttypes.h>
#include <string.h>

#include "base/auto.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "cli/present.h"
#include "cli/render-json.h"
#include "cli/result.h"
#include "cli/table.h"
#include "ingest/state.h"

enum { HISTORY_SHOWN_MAX = 100 };

enum {
    WHEN,
    ID,
    DID,
    RESULT,
    GENERATION,
    PACKAGES,
    AGE,
    SOURCE,
    N_COLUMNS,
};

static const struct sp_column columns[N_COLUMNS] = {
    [WHEN] = {"TIME", false},
    [ID] = {"ID", false},
    [DID] = {"COMMAND", false},
    [RESULT] = {"RESULT", false},
    [GENERATION] = {"GENERATION", true},
    [PACKAGES] = {"PACKAGES", true},
    [AGE] = {"AGE THEN", false},
    [SOURCE] = {"SOURCE", false},
};

static void
history_cell(const void *data, size_t row, size_t column, char *dst)
{
    const struct sp_history *h = (const struct sp_history *)data + row;
    char text[SP_TABLE_CELL_MAX] = "-";

    switch (column) {
    case WHEN: sp_present_time(text, h->time); break;
    case ID: (void)snprintf(text, sizeof(text), "%s", h->id); break;
    case DID: (void)snprintf(text, sizeof(text), "%s", h->command); break;
    case RESULT:
        (void)snprintf(text, sizeof(text), "%s, %s", h->class_word, h->detail);
        break;
    case GENERATION:
        if (h->generation > 0)
            (void)snprintf(text, sizeof(text), "%" PRIu64, h->generation);
        break;
    case PACKAGES:
        (void)snprintf(text, sizeof(text), "%" PRIu64, h->packages);
        break;
    case AGE: sp_present_age(text, h->time, h->newest); break;
    default: (void)snprintf(text, sizeof(text), "%s", h->source);
    }
    sp_text_show(dst, SP_TABLE_CELL_MAX, text);
}

static enum sp_tone
history_tone(const void *data, size_t row)
{
    const struct sp_history *h = (const struct sp_history *)data + row;
    bool done = strcmp(h->class_word, sp_code_word(SP_OK)) == 0;

    return done ? SP_TONE_GOOD : SP_TONE_BAD;
}

static void
report_history(const struct sp_args *args, const struct sp_history *list,
               size_t n)
{
    const struct sp_table table = {
        .columns = columns,
        .n_columns = N_COLUMNS,
        .n_rows = n,
        .data = list,
        .cell = history_cell,
        .tone = history_tone,
    };
    const struct sp_error done = {0};
    struct sp_voice voice;
    struct sp_json json;

    sp_options_voice(args, &voice);
    if (!voice.json && n == 0)
        (void)puts("nothing was delivered yet");
    else if (!voice.json)
        sp_table_print(&table, voice.color, stdout);
    if (!voice.json)
        return;
    sp_result_json_open(&json, args);
    sp_json_open_array(&json, "deliveries");
    for (size_t i = 0; i < n; i++) {
        sp_json_open_object(&json, NULL);
        sp_render_history(&json, &list[i]);
        sp_json_close_object(&json);
    }
    sp_json_close_array(&json);
    sp_result_json_close(&json, &done, SP_NOTHING_CHANGED);
}

/* The lines of a record as an array of texts, or printable one by one. */
static void
each_line(const char *text, struct sp_json *json)
{
    char shown[1200];

    while (*text) {
        size_t len = strcspn(text, "\n");

        sp_text_show_bytes(shown, sizeof(shown), text, len);
        if (json)
            sp_json_string(json, NULL, shown);
        else
            (void)puts(shown);
        text += len + (text[len] == '\n' ? 1 : 0);
    }
}

static void
report_record(const struct sp_args *args, const struct sp_history *record,
              const char *text)
{
    const struct sp_error done = {0};
    struct sp_voice voice;
    struct sp_json json;

    sp_options_voice(args, &voice);
    if (!voice.json) {
        (void)printf("id %s\n", record->id);
        each_line(text, NULL);
        return;
    }
    sp_result_json_open(&json, args);
    sp_json_open_array(&json, "deliveries");
    sp_json_open_object(&json, NULL);
    sp_render_history(&json, record);
    sp_json_open_array(&json, "lines");
    each_line(text, &json);
    sp_json_close_array(&json);
    sp_json_close_object(&json);
    sp_json_close_array(&json);
    sp_result_json_close(&json, &done, SP_NOTHING_CHANGED);
}

static int
show_record(const struct sp_args *args, struct sp_state *state, const char *id,
            struct sp_error *err)
{
    SP_AUTO_FREE char *text = NULL;
    struct sp_history record;

    if (sp_history_show(state, id, &record, &text, err) < 0)
        return -1;
    report_record(args, &record, text);
    return 0;
}

static int
show_list(const struct sp_args *args, struct sp_state *state,
          struct sp_error *err)
{
    SP_AUTO_FREE struct sp_history *list = NULL;
    size_t n;

    if (sp_history_list(state, HISTORY_SHOWN_MAX, &list, &n, err) < 0)
        return -1;
    report_history(args, list, n);
    return 0;
}

int
sp_cmd_history(const struct sp_args *args)
{
    const char *id = args->operands[0];
    struct sp_error err = {0};
    struct sp_setup setup;
    struct sp_state state;
    int result;

    sp_options_setup(args, &setup);
    if (sp_state_open(&setup, false, &state, &err) < 0) {
        if (id || strcmp(err.detail, "not-found") != 0)
            return sp_options_fault(args, &err, SP_NOTHING_CHANGED);
        report_history(args, NULL, 0);
        return SP_OK;
    }
    result = id ? show_record(args, &state, id, &err)
                : show_list(args, &state, &err);
    sp_state_close(&state);
    return result < 0 ? sp_options_fault(args, &err, SP_NOTHING_CHANGED)
                      : SP_OK;
}
