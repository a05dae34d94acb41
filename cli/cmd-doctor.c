/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sallyport doctor: the findings as they come, then the verdict. */
#include "base/text.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "cli/render-json.h"
#include "cli/result.h"
#include "cli/table.h"
#include "ingest/doctor.h"

const struct sp_option sp_doctor_options[] = {
    {"jails", 0, SP_OPTION_FLAG, NULL,
     "only the jails: try every forbidden act inside each"},
    {0},
};

enum { STATE_WIDTH = 6, AREA_WIDTH = 16 };

struct report {
    struct sp_voice voice;
    struct sp_json json;
    unsigned count[SP_FINDING_NOTE + 1];
};

static enum sp_tone
tone_of(enum sp_finding_state state)
{
    switch (state) {
    case SP_FINDING_BAD: return SP_TONE_BAD;
    case SP_FINDING_GOOD: return SP_TONE_GOOD;
    case SP_FINDING_NOTE: return SP_TONE_NOTE;
    }
    return SP_TONE_BAD;
}

static void
print_finding(const struct sp_voice *voice, const struct sp_finding *f)
{
    char what[4 * sizeof(f->what)];
    char result[4 * sizeof(f->result)];

    sp_text_show(what, sizeof(what), f->what);
    sp_text_show(result, sizeof(result), f->result);
    sp_table_print_toned(stdout, voice->color, tone_of(f->state),
                         sp_finding_word(f->state), STATE_WIDTH);
    (void)printf("%-*s%s%s%s\n", AREA_WIDTH, f->area, what,
                 result[0] ? ": " : "", result);
    if (f->fix[0])
        (void)printf("%*snext: %s\n", STATE_WIDTH + AREA_WIDTH, "", f->fix);
    (void)fflush(stdout);
}

static void
hear(void *data, const struct sp_finding *finding)
{
    struct report *report = data;

    report->count[finding->state]++;
    if (report->voice.json)
        sp_render_finding(&report->json, finding);
    else if (!report->voice.quiet || finding->state == SP_FINDING_BAD)
        print_finding(&report->voice, finding);
}

static void
print_verdict(const struct sp_args *args, const struct report *report,
              const struct sp_error *err)
{
    (void)printf("%u good, %u to note, %u bad\n",
                 report->count[SP_FINDING_GOOD], report->count[SP_FINDING_NOTE],
                 report->count[SP_FINDING_BAD]);
    (void)fflush(stdout);
    if (err->code != SP_OK)
        sp_result_fault(args, err, SP_NOTHING_CHANGED);
}

int
sp_cmd_doctor(const struct sp_args *args)
{
    struct report report = {0};
    struct sp_error err = {0};
    struct sp_setup setup;

    sp_options_setup(args, &setup);
    sp_options_voice(args, &report.voice);
    if (report.voice.json) {
        sp_result_json_open(&report.json, args);
        sp_json_open_array(&report.json, "findings");
    }
    if (sp_doctor(&setup, sp_args_flag(args, "jails"), hear, &report, &err) ==
        0)
        err = (struct sp_error){0};
    if (report.voice.json) {
        sp_json_close_array(&report.json);
        sp_result_json_close(&report.json, &err, SP_NOTHING_CHANGED);
    } else {
        print_verdict(args, &report, &err);
    }
    return (int)err.code;
}
