/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/wordlist.h"

#include <stdlib.h>
#include <string.h>

bool
sp_wordlist_add(struct sp_wordlist *list, const char *word)
{
    size_t size = strlen(word) + 1;

    if (size > list->capacity - list->size) {
        size_t capacity = 2 * list->capacity + size;
        char *grown = realloc(list->text, capacity);

        if (!grown)
            return false;
        list->text = grown;
        list->capacity = capacity;
    }
    memcpy(list->text + list->size, word, size);
    list->size += size;
    return true;
}

const char *
sp_wordlist_next(const struct sp_wordlist *list, size_t *cursor)
{
    const char *word;

    if (*cursor == list->size)
        return NULL;
    word = list->text + *cursor;
    *cursor += strlen(word) + 1;
    return word;
}

void
sp_wordlist_release(struct sp_wordlist *list)
{
    free(list->text);
    memset(list, 0, sizeof(*list));
}
