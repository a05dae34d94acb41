/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/table.h"

#include <string.h>

#include "base/error.h"

static const char *
start_of(enum sp_tone tone)
{
    switch (tone) {
    case SP_TONE_NONE: return "";
    case SP_TONE_GOOD: return "\033[32m";
    case SP_TONE_BAD: return "\033[31m";
    case SP_TONE_NOTE: return "\033[33m";
    }
    return "";
}

void
sp_table_print_toned(FILE *out, bool color, enum sp_tone tone, const char *text,
                     int width)
{
    const char *start = color ? start_of(tone) : "";
    int len = (int)strlen(text);

    (void)fprintf(out, "%s%s%s%*s", start, text, start[0] ? "\033[0m" : "",
                  width > len ? width - len : 0, "");
}

static void
measure(const struct sp_table *table, int widths[SP_TABLE_COLUMNS_MAX])
{
    char cell[SP_TABLE_CELL_MAX];

    for (size_t c = 0; c < table->n_columns; c++) {
        widths[c] = (int)strlen(table->columns[c].title);
        for (size_t r = 0; r < table->n_rows; r++) {
            table->cell(table->data, r, c, cell);
            if ((int)strlen(cell) > widths[c])
                widths[c] = (int)strlen(cell);
        }
    }
}

/* Nothing is padded behind the last column. */
static void
print_cell(const struct sp_table *table, size_t c, const char *text, int width,
           FILE *out)
{
    bool last = c + 1 == table->n_columns;

    if (table->columns[c].right)
        (void)fprintf(out, "%*s%s", width, text, last ? "" : "  ");
    else if (last)
        (void)fputs(text, out);
    else
        (void)fprintf(out, "%-*s  ", width, text);
}

static void
print_row(const struct sp_table *table, size_t row,
          const int widths[SP_TABLE_COLUMNS_MAX], bool color, FILE *out)
{
    char cell[SP_TABLE_CELL_MAX];

    for (size_t c = 0; c < table->n_columns; c++) {
        table->cell(table->data, row, c, cell);
        if (c == 0 && table->tone)
            sp_table_print_toned(out, color, table->tone(table->data, row),
                                 cell, widths[0] + 2);
        else
            print_cell(table, c, cell, widths[c], out);
    }
    (void)fputc('\n', out);
}

void
sp_table_print(const struct sp_table *table, bool color, FILE *out)
{
    int widths[SP_TABLE_COLUMNS_MAX];

    if (table->n_columns > SP_TABLE_COLUMNS_MAX)
        SP_BUG("a table with too many columns");
    measure(table, widths);
    for (size_t c = 0; c < table->n_columns; c++)
        print_cell(table, c, table->columns[c].title, widths[c], out);
    (void)fputc('\n', out);
    for (size_t r = 0; r < table->n_rows; r++)
        print_row(table, r, widths, color, out);
}
