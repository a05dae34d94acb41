/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The words of refusal. Every fault of this project carries one word (the
 * "detail" of the command-line contract); the word alone decides the class,
 * and the class is the exit status. The table in reason.c is the only place
 * where the two meet; docs and `sallyport explain` are checked against it.
 */
#ifndef SP_BASE_REASON_H
#define SP_BASE_REASON_H

#include <stddef.h>

/* Class of an outcome == exit status of the program. */
enum sp_code {
    SP_OK = 0,
    SP_E_INTERNAL = 1,
    SP_E_USAGE = 2,
    SP_E_IO = 3,
    SP_E_TRANSPORT = 4,
    SP_E_FORMAT = 5,
    SP_E_LIMIT = 6,
    SP_E_NAME = 7,
    SP_E_DIGEST = 8,
    SP_E_MEDIA = 9,
    SP_E_SIGNATURE = 10,
    SP_E_KEY = 14,
    SP_E_POLICY = 15,
    SP_E_STALE = 16,
    SP_E_SANDBOX = 17,
    SP_E_BUSY = 18,
    SP_E_SPACE = 19,
    SP_E_PUBLISH = 20,
    SP_UPDATES_EXIST = 100, /* builder check only: not a fault */
};

struct sp_reason {
    const char *word;
    enum sp_code code;
};

/* "format", "signature", ... ; "unknown" for a value outside the enum. */
const char *sp_code_word(enum sp_code code);

/* The table entry of a word, NULL when there is none. */
const struct sp_reason *sp_reason_find(const char *word);

/* Entry i of the table, NULL past its end: for explain, docs and tests. */
const struct sp_reason *sp_reason_at(size_t i);

#endif
