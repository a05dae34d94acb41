/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A list of words in one growing text. A zeroed one is empty. */
#ifndef SP_BASE_WORDLIST_H
#define SP_BASE_WORDLIST_H

#include <stdbool.h>
#include <stddef.h>

struct sp_wordlist {
    char *text; /* each word with its NUL */
    size_t size, capacity;
};

/* Copies the word. False without memory; the list is then as it was. */
bool sp_wordlist_add(struct sp_wordlist *list, const char *word);

/*
 * The word at *cursor, which begins at 0, and moves it on; NULL behind the
 * last. The word is good until the next sp_wordlist_add.
 */
const char *sp_wordlist_next(const struct sp_wordlist *list, size_t *cursor);

void sp_wordlist_release(struct sp_wordlist *list);

#endif
