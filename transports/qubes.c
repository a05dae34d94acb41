/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "transports/qubes.h"

#include <string.h>

enum { QUBE_NAME_MAX = 31, KEYWORD_MAX = 32 };

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define LETTERS LOWER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

static bool
all_of(const char *text, size_t len, const char *set)
{
    for (size_t i = 0; i < len; i++)
        if (!text[i] || !strchr(set, text[i]))
            return false;
    return true;
}

bool
sp_qube_name_ok(const char *name, size_t len)
{
    return len > 0 && len <= QUBE_NAME_MAX && all_of(name, 1, LETTERS) &&
           all_of(name, len, LETTERS "0123456789_.-");
}

bool
sp_qube_target_ok(const char *target, size_t len)
{
    if (len > 0 && target[0] == '@')
        return len > 1 && len <= KEYWORD_MAX &&
               all_of(target + 1, len - 1, LOWER);
    return sp_qube_name_ok(target, len);
}
