/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sallyport request: what this machine has and wants, for the builder. */
#include <inttypes.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/confirm.h"
#include "cli/options.h"
#include "cli/result.h"
#include "ingest/ask.h"

const struct sp_option sp_request_options[] = {
    {"action", 0, SP_OPTION_TEXT, "ACTION",
     "what to do; upgrade, or install with a SPEC"},
    {"output", 'o', SP_OPTION_TEXT, "DEST",
     "where the request goes (standard output)"},
    {"yes-really", 0, SP_OPTION_TEXT, "SERIAL",
     "write over the device with this serial number"},
    {"hide", 0, SP_OPTION_WORDS, "GLOB",
     "do not tell of installed packages of this name"},
    {"exclude", 0, SP_OPTION_WORDS, "GLOB",
     "the builder leaves out packages of this name"},
    {"enablerepo", 0, SP_OPTION_WORDS, "ID", "use this repository too"},
    {"disablerepo", 0, SP_OPTION_WORDS, "ID", "do not use this repository"},
    {"best", 0, SP_OPTION_FLAG, NULL, "the newest versions or none"},
    {"allowerasing", 0, SP_OPTION_FLAG, NULL,
     "remove installed packages where it must be"},
    {"weakdeps", 0, SP_OPTION_FLAG, NULL, "bring recommended packages too"},
    {"releasever", 0, SP_OPTION_TEXT, "VERSION",
     "release of the distribution (the installed one)"},
    {"dbpath", 0, SP_OPTION_TEXT, "DIR", "rpm database to read"},
    {"reposdir", 0, SP_OPTION_TEXT, "DIR",
     "where the repository files are (/etc/yum.repos.d)"},
    {0},
};

void
sp_help_request(FILE *out)
{
    const struct sp_transport_ops *ops;

    (void)fputs("ACTION is one of:\n ", out);
    for (unsigned i = SP_ACTION_UPGRADE; i <= SP_ACTION_LIST; i++)
        (void)fprintf(out, " %s", sp_action_word((enum sp_action)i));
    (void)fputs("\nSPEC is a package as dnf takes it, or @GROUP.\n"
                "DEST is a path or one of:\n",
                out);
    for (size_t i = 0; (ops = sp_transport_at(i)) != NULL; i++)
        if (ops->caps & SP_CAP_WRITE)
            (void)fprintf(out, "  %-10s %s\n", ops->scheme, ops->summary);
}

/* SP_ACTION_NONE for a word that is no action. */
static enum sp_action
chosen_action(const struct sp_args *args)
{
    const char *word = sp_args_text(args, "action", NULL);
    enum sp_action action = SP_ACTION_NONE;

    if (!word)
        return args->n_operands > 0 ? SP_ACTION_INSTALL : SP_ACTION_UPGRADE;
    (void)sp_action_parse((struct sp_view){word, strlen(word)}, &action);
    return action;
}

static void
take_words(const struct sp_args *args, const char *name, struct sp_words *ret)
{
    ret->word = sp_args_words(args, name, &ret->n);
}

static void
take_ask(const struct sp_args *args, const struct sp_setup *setup,
         struct sp_ask *ret)
{
    *ret = (struct sp_ask){
        .setup = setup,
        .action = chosen_action(args),
        .specs = {args->operands, args->n_operands},
        .best = sp_args_flag(args, "best"),
        .allow_erasing = sp_args_flag(args, "allowerasing"),
        .weak_deps = sp_args_flag(args, "weakdeps"),
        .db_path = sp_args_text(args, "dbpath", NULL),
        .repos_dir = sp_args_text(args, "reposdir", NULL),
        .release_ver = sp_args_text(args, "releasever", NULL),
    };
    take_words(args, "hide", &ret->hide);
    take_words(args, "exclude", &ret->exclude);
    take_words(args, "enablerepo", &ret->enable);
    take_words(args, "disablerepo", &ret->disable);
}

/* The second part of a fault's text. */
static const char *
left(const struct sp_asked *asked)
{
    if (asked->written)
        return "the request that was written is not pending: its answer would "
               "be refused";
    return asked->harmed ? "what was on the device is lost, and no request is "
                           "there"
                         : SP_NOTHING_CHANGED;
}

static void
report_json(const struct sp_args *args, const char *destination,
            const struct sp_ask *ask, const struct sp_asked *asked,
            const struct sp_error *err)
{
    struct sp_json json;

    sp_result_json_open(&json, args);
    sp_json_string(&json, "destination", destination);
    if (err->code == SP_OK) {
        sp_json_string(&json, "request", asked->id);
        sp_json_string(&json, "action", sp_action_word(ask->action));
        sp_json_u64(&json, "packages", asked->packages);
        sp_json_u64(&json, "hidden", asked->hidden);
        sp_json_u64(&json, "repository_files", asked->repo_files);
        sp_json_u64(&json, "bytes", asked->size);
    }
    sp_result_json_close(&json, err, err->code == SP_OK ? "" : left(asked));
}

static void
report_done(const char *destination, const struct sp_asked *asked)
{
    bool taken = strcmp(destination, "-") == 0;
    FILE *out = taken ? stderr : stdout;
    char size[16], shown[SP_SHOWN_MAX];

    sp_text_size(size, sizeof(size), asked->size);
    sp_text_show(shown, sizeof(shown), destination);
    (void)fprintf(out,
                  "done: request %s, %" PRIu64 " installed packages, %s, in "
                  "'%s'\n",
                  asked->id, asked->packages, size, shown);
    if (asked->repo_files == 0)
        (void)fprintf(out, "note: it names no repository; the builder must "
                           "be told which to use\n");
}

/* data: the value of --yes-really. */
static int
confirm(void *data, const struct sp_overwrite *what, struct sp_error *err)
{
    const char *const *given = data;

    return sp_confirm_overwrite(what, *given, err);
}

int
sp_cmd_request(const struct sp_args *args)
{
    const char *destination = sp_args_text(args, "output", "-");
    struct sp_asked asked = {0};
    struct sp_error err = {0};
    const char *given = sp_args_text(args, "yes-really", NULL);
    const struct sp_transport_user user = {.data = &given, .confirm = confirm};
    struct sp_setup setup;
    struct sp_voice voice;
    struct sp_ask ask;

    sp_options_setup(args, &setup);
    sp_options_voice(args, &voice);
    take_ask(args, &setup, &ask);
    ask.user = &user;
    if (ask.action == SP_ACTION_NONE)
        return sp_args_mistake(args, "--action takes one of the actions that "
                                     "the help lists");
    if (sp_action_needs_spec(ask.action) && args->n_operands == 0)
        return sp_args_mistake(args, "--action %s needs a SPEC",
                               sp_action_word(ask.action));
    if (voice.json && strcmp(destination, "-") == 0)
        return sp_args_mistake(args, "--json and the destination '-' both "
                                     "want standard output");
    (void)sp_ask(&ask, destination, &asked, &err);
    if (voice.json)
        report_json(args, destination, &ask, &asked, &err);
    else if (err.code != SP_OK)
        sp_result_fault(args, &err, left(&asked));
    else if (!voice.quiet)
        report_done(destination, &asked);
    sp_asked_release(&asked);
    return (int)err.code;
}
