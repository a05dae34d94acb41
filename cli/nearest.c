/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "cli/command.h"

enum { WORD_MAX = 40 };

static size_t
smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/*
 * How many letters must be added, left out, changed or swapped with their
 * neighbour to turn one word into the other (optimal string alignment).
 */
static size_t
distance(const char *a, const char *b)
{
    size_t rows[3][WORD_MAX + 1] = {{0}};
    size_t *before = rows[0];
    size_t *above = rows[1];
    size_t *row = rows[2];
    size_t a_len = strlen(a);
    size_t b_len = strlen(b);

    if (a_len > WORD_MAX || b_len > WORD_MAX)
        return WORD_MAX;
    for (size_t j = 0; j <= b_len; j++)
        row[j] = j;
    for (size_t i = 1; i <= a_len; i++) {
        size_t *spare = before;

        before = above;
        above = row;
        row = spare;
        row[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            row[j] = smaller(above[j], row[j - 1]) + 1;
            row[j] = smaller(row[j], above[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = smaller(row[j], before[j - 2] + 1);
        }
    }
    return row[b_len];
}

const char *
sp_nearest_word(const char *typed, sp_word_fn next, const void *data)
{
    size_t len = strlen(typed);
    size_t best = 1 + (len > 4 ? 2 : len / 2); /* a third of it may be wrong */
    const char *nearest = NULL;
    const char *word;

    if (len < 2)
        return NULL;
    for (size_t i = 0; (word = next(data, i)) != NULL; i++) {
        bool begins = strncmp(typed, word, len) == 0;
        size_t d = begins ? 1 : distance(typed, word);

        if (d < best) {
            best = d;
            nearest = word;
        }
    }
    return nearest;
}
