/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/options.h"

static const struct sp_command commands[] = {
    {.name = "request",
     .summary = "write what this machine has and wants",
     .operands = "[SPEC...]",
     .max_operands = -1,
     .options = sp_request_options,
     .more_help = sp_help_request,
     .run = sp_cmd_request},
    {.name = "ingest",
     .summary = "take in a delivery: check, verify, decide, publish",
     .operands = "SOURCE",
     .min_operands = 1,
     .max_operands = 1,
     .options = sp_ingest_options,
     .more_help = sp_help_sources,
     .run = sp_cmd_ingest},
    {.name = "inspect",
     .summary = "show what a delivery holds; publish nothing",
     .operands = "SOURCE",
     .min_operands = 1,
     .max_operands = 1,
     .options = sp_inspect_options,
     .more_help = sp_help_sources,
     .run = sp_cmd_inspect},
    {.name = "verify",
     .summary = "verify single packages",
     .operands = "FILE...",
     .min_operands = 1,
     .max_operands = -1,
     .run = sp_cmd_verify},
    {.name = "status",
     .summary = "show the repository and the last delivery",
     .run = sp_cmd_status},
    {.name = "history",
     .summary = "list the deliveries, or show one",
     .operands = "[ID]",
     .max_operands = 1,
     .run = sp_cmd_history},
    {.name = "rollback",
     .summary = "publish an older generation again",
     .operands = "[GENERATION]",
     .max_operands = 1,
     .run = sp_cmd_rollback},
    {.name = "state",
     .summary = "show or reset what this machine remembers",
     .operands = "ACTION [WHAT]",
     .min_operands = 1,
     .max_operands = 2,
     .options = sp_state_options,
     .more_help = sp_help_state,
     .run = sp_cmd_state},
    {.name = "doctor",
     .summary = "find out whether this machine is fit, jails included",
     .options = sp_doctor_options,
     .run = sp_cmd_doctor},
    {.name = "update",
     .summary = "one round in Qubes OS: ask, take in, install",
     .operands = "[PACKAGE...]",
     .max_operands = -1,
     .options = sp_update_options,
     .passes_on = true,
     .more_help = sp_help_update,
     .run = sp_cmd_update},
    {.name = "explain",
     .summary = "tell what a word of a message means and what to do",
     .operands = "[WORD]",
     .max_operands = 1,
     .run = sp_cmd_explain},
    {0},
};

/* qubes-dom0-update WORDS: sallyport update WORDS. */
static int
run_as_old(struct sp_program *program, int argc, char **argv)
{
    static char command[] = "update";
    char **words = calloc((size_t)argc + 2, sizeof(*words));
    int status = SP_E_INTERNAL;

    if (words) {
        words[0] = argv[0];
        words[1] = command;
        memcpy(words + 2, argv + 1, ((size_t)argc - 1) * sizeof(*words));
        program->name = SP_OLD_NAME;
        status = sp_program_run(program, argc + 1, words);
    }
    free(words);
    return status;
}

static bool
has_old_name(int argc, char *const *argv)
{
    const char *slash = argc > 0 ? strrchr(argv[0], '/') : NULL;

    return argc > 0 && strcmp(slash ? slash + 1 : argv[0], SP_OLD_NAME) == 0;
}

int
main(int argc, char **argv)
{
    struct sp_program program = {
        .name = "sallyport",
        .summary = "Brings RPM updates into a machine without network.",
        .commands = commands,
        .common = sp_common_options,
        .usage_fault = sp_options_usage_fault,
    };

    if (has_old_name(argc, argv))
        return run_as_old(&program, argc, argv);
    return sp_program_run(&program, argc, argv);
}
