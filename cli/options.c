/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/options.h"

#include <inttypes.h>
#include <string.h>

#include "cli/result.h"
#include "cli/terminal.h"
#include "ingest/state.h"

const struct sp_option sp_common_options[] = {
    {"json", 0, SP_OPTION_FLAG, NULL, "print one JSON object, nothing else"},
    {"progress", 0, SP_OPTION_CHOICE, "bar|plain|json|none",
     "how to show progress, on standard error"},
    {"quiet", 0, SP_OPTION_FLAG, NULL, "print faults only"},
    {"color", 0, SP_OPTION_CHOICE, "auto|always|never",
     "colours in tables; NO_COLOR is honoured"},
    {"state-dir", 0, SP_OPTION_TEXT, "DIR",
     "what sallyport remembers (" SP_DEFAULT_STATE_DIR ")"},
    {"repo", 0, SP_OPTION_TEXT, "DIR",
     "the repository to publish (STATE-DIR/updates)"},
    {"keys", 0, SP_OPTION_TEXT, "PATH",
     "key file or directory of them (" SP_DEFAULT_KEYS_PATH ")"},
    {"policy", 0, SP_OPTION_TEXT, "FILE",
     "what is allowed (" SP_DEFAULT_POLICY_PATH ")"},
    {0},
};

void
sp_options_setup(const struct sp_args *args, struct sp_setup *ret)
{
    *ret = (struct sp_setup){
        .state_dir = sp_args_text(args, "state-dir", NULL),
        .repo_dir = sp_args_text(args, "repo", NULL),
        .keys_path = sp_args_text(args, "keys", NULL),
        .policy_path = sp_args_text(args, "policy", NULL),
        .keys_given = sp_args_flag(args, "keys"),
    };
}

void
sp_options_voice(const struct sp_args *args, struct sp_voice *ret)
{
    const char *progress = sp_args_text(args, "progress", NULL);

    *ret = (struct sp_voice){
        .json = sp_args_flag(args, "json"),
        .quiet = sp_args_flag(args, "quiet"),
        .color = sp_terminal_color(sp_args_text(args, "color", NULL), stdout),
        .progress = sp_progress_style_for(progress, stderr),
    };
    /* Unless it was asked for, a script that reads JSON hears no progress. */
    if ((ret->json || ret->quiet) && !progress)
        ret->progress = SP_PROGRESS_NONE;
}

void
sp_options_repo(const struct sp_setup *setup, char *dst, size_t size)
{
    const char *state =
        setup->state_dir ? setup->state_dir : SP_DEFAULT_STATE_DIR;

    if (setup->repo_dir)
        (void)snprintf(dst, size, "%s", setup->repo_dir);
    else
        (void)snprintf(dst, size, "%s/updates", state);
}

static void
show_repo(const struct sp_setup *setup, char dst[SP_SHOWN_MAX])
{
    char path[4200];

    sp_options_repo(setup, path, sizeof(path));
    sp_text_show(dst, SP_SHOWN_MAX, path);
}

void
sp_options_unchanged(const struct sp_setup *setup, char dst[SP_STATE_TEXT_MAX])
{
    char repo[SP_SHOWN_MAX];

    show_repo(setup, repo);
    (void)snprintf(dst, SP_STATE_TEXT_MAX, "the repository in %s is unchanged",
                   repo);
}

void
sp_options_changed(const struct sp_setup *setup, uint64_t generation,
                   char dst[SP_STATE_TEXT_MAX])
{
    char repo[SP_SHOWN_MAX];

    show_repo(setup, repo);
    (void)snprintf(dst, SP_STATE_TEXT_MAX,
                   "the repository in %s was changed: generation %" PRIu64
                   " is published",
                   repo, generation);
}

int
sp_options_fault(const struct sp_args *args, const struct sp_error *err,
                 const char *state)
{
    if (sp_args_flag(args, "json"))
        sp_result_json(args, err, state);
    else
        sp_result_fault(args, err, state);
    return (int)err->code;
}

bool
sp_options_usage_fault(const struct sp_args *args, const struct sp_error *err)
{
    bool json = false;

    for (int i = 1; i < args->argc && strcmp(args->argv[i], "--") != 0; i++)
        json = json || strcmp(args->argv[i], "--json") == 0;
    if (json)
        sp_result_json(args, err, SP_NOTHING_CHANGED);
    return json;
}
