/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What each reason word means to a person, and what the person can do. One
 * entry for every word of base/reason.c; a unit test compares the two.
 */
#ifndef SP_CLI_ADVICE_H
#define SP_CLI_ADVICE_H

#include <stddef.h>

#include "base/reason.h"

struct sp_advice {
    const char *word;
    const char *meaning; /* a sentence without its full stop */
    const char *next;    /* what to do, likewise */
};

/* NULL for a word that is not in the table. */
const struct sp_advice *sp_advice_find(const char *word);
/* Entry i, NULL past the end. */
const struct sp_advice *sp_advice_at(size_t i);

/* One sentence about a whole class; "" for a value outside the enum. */
const char *sp_advice_class(enum sp_code code);

#endif
