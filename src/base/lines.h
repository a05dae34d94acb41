/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Our own small files are lines of "key value". This walks over them and
 * builds them; it knows no key.
 */
#ifndef SP_BASE_LINES_H
#define SP_BASE_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct sp_lines {
    const char *text; /* size bytes, NUL terminated behind them */
    size_t size;
    size_t offset;
    unsigned number; /* of the line that was read last, 1 based */
};

/* Room for one line of such a file, its NUL included. */
enum { SP_LINE_MAX = 1024 };

/*
 * The next line without its LF into dst. False at the end, and with *ret_bad
 * set when a line is too long, holds a NUL, or the last one has no LF.
 */
bool sp_lines_next(struct sp_lines *lines, char dst[SP_LINE_MAX],
                   bool *ret_bad);

/*
 * Splits "key value" at the first space: the value, "" when there is none.
 * The line is cut behind the key.
 */
char *sp_lines_value(char *line);

/* A growing text. `failed` stays set once memory ran out. */
struct sp_text {
    char *bytes; /* NUL terminated, NULL while empty */
    size_t size, capacity;
    bool failed;
};

void sp_text_add(struct sp_text *text, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* The same for bytes as they are, which may be more than two lines long. */
void sp_text_add_bytes(struct sp_text *text, const char *bytes, size_t len);
void sp_text_release(struct sp_text *text);
/*
 * A stream that adds to `text`, which outlives it; NULL: no memory. Where
 * something was lost fflush and fclose fail, and text->failed is set: the
 * streams of open_memstream do not tell when they cannot grow (glibc 2.36).
 */
FILE *sp_text_stream(struct sp_text *text);

#endif
