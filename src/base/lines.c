/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/lines.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

bool
sp_lines_next(struct sp_lines *lines, char dst[SP_LINE_MAX], bool *ret_bad)
{
    const char *start = lines->text + lines->offset;
    size_t left = lines->size - lines->offset;
    const char *end = memchr(start, '\n', left);
    size_t len;

    if (left == 0)
        return false;
    lines->number++;
    len = end ? (size_t)(end - start) : left;
    if (!end || len >= SP_LINE_MAX || memchr(start, '\0', len)) {
        *ret_bad = true;
        return false;
    }
    memcpy(dst, start, len);
    dst[len] = '\0';
    lines->offset += len + 1;
    return true;
}

char *
sp_lines_value(char *line)
{
    char *space = strchr(line, ' ');

    if (!space)
        return line + strlen(line);
    *space = '\0';
    return space + 1;
}

void
sp_text_add_bytes(struct sp_text *text, const char *bytes, size_t len)
{
    if (text->failed)
        return;
    if (text->size + len + 1 > text->capacity) {
        size_t capacity = 2 * (text->size + len + SP_LINE_MAX);
        char *bigger = realloc(text->bytes, capacity);

        if (!bigger) {
            text->failed = true;
            return;
        }
        text->bytes = bigger;
        text->capacity = capacity;
    }
    memcpy(text->bytes + text->size, bytes, len);
    text->size += len;
    text->bytes[text->size] = '\0';
}

void
sp_text_add(struct sp_text *text, const char *fmt, ...)
{
    char line[2 * SP_LINE_MAX];
    va_list args;
    int n;

    va_start(args, fmt);
    n = vsnprintf(line, sizeof(line), fmt, args);
    va_end(args);
    if (n < 0 || (size_t)n >= sizeof(line))
        text->failed = true;
    else
        sp_text_add_bytes(text, line, (size_t)n);
}

static ssize_t
write_text(void *data, const char *bytes, size_t len)
{
    struct sp_text *text = data;

    sp_text_add_bytes(text, bytes, len);
    return text->failed ? 0 : (ssize_t)len;
}

FILE *
sp_text_stream(struct sp_text *text)
{
    return fopencookie(text, "w", (cookie_io_functions_t){.write = write_text});
}

void
sp_text_release(struct sp_text *text)
{
    free(text->bytes);
    memset(text, 0, sizeof(*text));
}
