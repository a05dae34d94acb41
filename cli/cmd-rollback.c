/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sallyport rollback: an older generation becomes the current one. */
#include <inttypes.h>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "cli/result.h"
#include "ingest/publish.h"

static void
report(const struct sp_args *args, const struct sp_setup *setup,
       uint64_t published)
{
    const struct sp_error done = {0};
    char state[SP_STATE_TEXT_MAX];
    struct sp_voice voice;
    struct sp_json json;

    sp_options_voice(args, &voice);
    sp_options_changed(setup, published, state);
    if (voice.json) {
        sp_result_json_open(&json, args);
        sp_json_u64(&json, "generation", published);
        sp_result_json_close(&json, &done, state);
    } else if (!voice.quiet) {
        (void)printf("done: %s\n", state);
    }
}

int
sp_cmd_rollback(const struct sp_args *args)
{
    uint64_t wanted = 0; /* the one before the current one */
    uint64_t published = 0;
    char unchanged[SP_STATE_TEXT_MAX], changed[SP_STATE_TEXT_MAX];
    struct sp_error err = {0};
    struct sp_setup setup;
    struct sp_state state;
    int result;

    if (args->n_operands > 0 &&
        (!sp_text_u64(args->operands[0], INT64_MAX, &wanted) || wanted == 0))
        return sp_args_mistake(args, "GENERATION is a number, as 'sallyport "
                                     "status' shows them");
    sp_options_setup(args, &setup);
    sp_options_unchanged(&setup, unchanged);
    if (sp_state_open(&setup, false, &state, &err) < 0)
        return sp_options_fault(args, &err, unchanged);
    result = sp_rollback(&state, wanted, &published, &err);
    sp_state_close(&state);
    sp_options_changed(&setup, published, changed);
    if (result < 0)
        return sp_options_fault(args, &err, published ? changed : unchanged);
    report(args, &setup, published);
    return SP_OK;
}
