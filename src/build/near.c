/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build/near.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/banned.h"
#include "base/text.h"

/* Longer words are not compared; a third of the letters may differ. */
enum { WORD_MAX = 64, NEAREST = 3 };

struct near {
    Id name;
    unsigned distance;
};

static unsigned
least(unsigned a, unsigned b, unsigned c)
{
    unsigned ab = a < b ? a : b;

    return ab < c ? ab : c;
}

unsigned
sp_near_distance(const char *a, const char *b)
{
    size_t a_len = strlen(a), b_len = strlen(b);
    unsigned row[WORD_MAX + 1];

    if (a_len > WORD_MAX || b_len > WORD_MAX)
        return WORD_MAX;
    for (unsigned i = 0; i <= b_len; i++)
        row[i] = i;
    for (size_t i = 0; i < a_len; i++) {
        unsigned diagonal = row[0];

        row[0]++;
        for (size_t k = 0; k < b_len; k++) {
            unsigned above = row[k + 1];

            row[k + 1] =
                least(above + 1, row[k] + 1, diagonal + (a[i] != b[k]));
            diagonal = above;
        }
    }
    return row[b_len];
}

static void
keep(struct near nearest[NEAREST], struct near one)
{
    for (int i = 0; i < NEAREST; i++) {
        struct near other = nearest[i];

        if (other.name == one.name)
            return;
        if (other.name && other.distance <= one.distance)
            continue;
        nearest[i] = one;
        one = other;
        if (!one.name)
            return;
    }
}

void
sp_near_names(const Pool *pool, const char *typed, char ret_names[SP_NEAR_MAX])
{
    struct near nearest[NEAREST] = {{0}};
    size_t len = strlen(typed);
    size_t used = 0;
    Id id;

    FOR_POOL_SOLVABLES(id)
    {
        struct near one = {.name = pool->solvables[id].name};
        const char *name = pool_id2str(pool, one.name);

        one.distance = sp_near_distance(typed, name);
        if (one.distance <= (len + 2) / 3)
            keep(nearest, one);
    }
    ret_names[0] = '\0';
    for (int i = 0; i < NEAREST && nearest[i].name; i++) {
        char shown[WORD_MAX + 8];

        sp_text_show(shown, sizeof(shown), pool_id2str(pool, nearest[i].name));
        used += (size_t)snprintf(ret_names + used, SP_NEAR_MAX - used, "%s%s",
                                 used ? ", " : "", shown);
        if (used >= SP_NEAR_MAX)
            return;
    }
}
