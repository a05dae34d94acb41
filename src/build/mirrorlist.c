/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build/mirror.h"

enum { BASE_MAX = 1024 };

/* Sets *ret_found when the line names a mirror. */
static int
take_line(const char *line, size_t len, struct sp_mirrors *mirrors,
          bool *ret_found, struct sp_error *err)
{
    char base[BASE_MAX];

    while (len > 0 && strchr(" \t\r", line[len - 1]))
        len--;
    if (len == 0 || line[0] == '#' || len + 2 > sizeof(base))
        return 0;
    memcpy(base, line, len);
    base[len] = '\0';
    if (base[len - 1] != '/')
        memcpy(base + len, "/", 2);
    if (!sp_mirror_base_ok(base))
        return 0;
    *ret_found = true;
    return sp_mirrors_add(mirrors, base, err);
}

int
sp_mirrorlist_parse(const char *untrusted_text, size_t size,
                    struct sp_mirrors *mirrors, struct sp_error *err)
{
    bool found = false;
    const char *s = untrusted_text;
    size_t left = size;

    while (left > 0) {
        const char *lf = memchr(s, '\n', left);
        size_t len = lf ? (size_t)(lf - s) : left;
        size_t step = lf ? len + 1 : len;

        if (take_line(s, len, mirrors, &found, err) < 0)
            return -1;
        s += step;
        left -= step;
    }
    if (!found)
        return sp_fail(err, "metadata",
                       "the mirror list names no mirror of http or https");
    return 0;
}
