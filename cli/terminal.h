/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the place of output can do. The only code of the trusted side that
 * reads the environment: TERM and NO_COLOR (no-color.org), and nothing but
 * the look of text depends on them.
 */
#ifndef SP_CLI_TERMINAL_H
#define SP_CLI_TERMINAL_H

#include <stdbool.h>
#include <stdio.h>

/* A terminal on which a line can be drawn again: TERM is neither empty nor
 * "dumb". */
bool sp_terminal_can_draw(FILE *out);

/* Columns; 80 when unknown. */
unsigned sp_terminal_width(FILE *out);

/* word: value of --color, "auto" (or NULL), "always" or "never". */
bool sp_terminal_color(const char *word, FILE *out);

#endif
