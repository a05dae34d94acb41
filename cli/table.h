/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A table for people: columns as wide as their widest cell, two spaces
 * between them. Cells are asked for twice and never stored.
 */
#ifndef SP_CLI_TABLE_H
#define SP_CLI_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Of the first cell of a row, when colours are wanted. */
enum sp_tone {
    SP_TONE_NONE = 0,
    SP_TONE_GOOD = 1,
    SP_TONE_BAD = 2,
    SP_TONE_NOTE = 3,
};

struct sp_column {
    const char *title;
    bool right; /* numbers */
};

enum { SP_TABLE_COLUMNS_MAX = 12, SP_TABLE_CELL_MAX = 512 };

struct sp_table {
    const struct sp_column *columns;
    size_t n_columns;
    size_t n_rows;
    const void *data;
    /* Fills dst, SP_TABLE_CELL_MAX bytes, with printable text. */
    void (*cell)(const void *data, size_t row, size_t column, char *dst);
    enum sp_tone (*tone)(const void *data, size_t row); /* may be NULL */
};

void sp_table_print(const struct sp_table *table, bool color, FILE *out);

/* The text in the colour of a tone, or as it is; pads to `width`. */
void sp_table_print_toned(FILE *out, bool color, enum sp_tone tone,
                          const char *text, int width);

#endif
