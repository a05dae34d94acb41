/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "base/spawn.h"
#include "cli/builder-common.h"

static const struct sp_option common_options[] = {
    {"json", 0, SP_OPTION_FLAG, NULL, "print one JSON object, nothing else"},
    {"progress", 0, SP_OPTION_CHOICE, "bar|plain|json|none",
     "how to show progress, on standard error"},
    {"quiet", 0, SP_OPTION_FLAG, NULL, "print faults only"},
    {"color", 0, SP_OPTION_CHOICE, "auto|always|never",
     "colours; NO_COLOR is honoured"},
    {0},
};

static const struct sp_command commands[] = {
    {
        .name = "build",
        .summary = "download what is asked for and pack it into a bundle",
        .options = sp_build_options,
        .more_help = sp_help_build,
        .run = sp_cmd_build,
    },
    {
        .name = "check",
        .summary = "say whether there are updates; download no package",
        .options = sp_check_options,
        .more_help = sp_help_check,
        .run = sp_cmd_check,
    },
    {
        .name = "send",
        .summary = "carry a bundle from one place to another",
        .operands = "SOURCE DEST",
        .min_operands = 2,
        .max_operands = 2,
        .options = sp_send_options,
        .more_help = sp_help_send,
        .run = sp_cmd_send,
    },
    {
        .name = "devices",
        .summary = "list the sticks that a bundle may be written to",
        .more_help = sp_help_devices,
        .run = sp_cmd_devices,
    },
    {0},
};

int
main(int argc, char **argv)
{
    static const struct sp_program program = {
        .name = "sallyport-builder",
        .summary = "Downloads and packs RPM updates for a machine without "
                   "network.",
        .commands = commands,
        .common = common_options,
        .usage_fault = sp_options_usage_fault,
    };

    /* This side trusts its environment; the other one does not. */
    sp_spawn_tool_path(getenv("PATH"));
    return sp_program_run(&program, argc, argv);
}
