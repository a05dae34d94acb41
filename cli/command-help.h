/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `--help`, printed from the tables of command.h. */
#ifndef SP_CLI_COMMAND_HELP_H
#define SP_CLI_COMMAND_HELP_H

#include <stdio.h>

#include "cli/command.h"

/* Of args->command, or of the whole program while there is no command. */
void sp_help_print(const struct sp_args *args, const struct sp_option *builtin,
                   FILE *out);

#endif
