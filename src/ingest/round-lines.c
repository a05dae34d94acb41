/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ingest/round-lines.h"

#include <string.h>

char *
sp_round_value(struct sp_lines *lines, char line[SP_LINE_MAX], const char *key)
{
    bool bad = false;
    char *value;

    if (!sp_lines_next(lines, line, &bad))
        return NULL;
    value = sp_lines_value(line);
    return strcmp(line, key) == 0 ? value : NULL;
}

void
sp_round_put_heading(struct sp_text *text, const char *kind,
                     const char delivery[33])
{
    sp_text_add(text, "%s 1\ndelivery %s\n", kind, delivery);
}

bool
sp_round_heading(struct sp_lines *lines, const char *kind,
                 char ret_delivery[33])
{
    char line[SP_LINE_MAX];
    const char *value = sp_round_value(lines, line, kind);

    if (!value || strcmp(value, "1") != 0)
        return false;
    value = sp_round_value(lines, line, "delivery");
    if (!value || strlen(value) != 32)
        return false;
    memcpy(ret_delivery, value, 33);
    return true;
}
