/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The way from argv to struct sp_args; only command.c calls it. */
#ifndef SP_CLI_COMMAND_PARSE_H
#define SP_CLI_COMMAND_PARSE_H

#include "cli/command.h"

/*
 * Reads argv from *at on. Without a command it stops at the first operand,
 * which names the command, and leaves its index in *at. Returns 0, or the
 * exit status of a mistake that was reported.
 */
int sp_parse(struct sp_args *args, const struct sp_option *builtin, int *at);

/* Brings all values of one option together, in the order given. */
void sp_parse_group(struct sp_args *args);

#endif
