/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The list file of `build --list` (sallyport-builder(1)): one package a line,
 *
 *   PATH-or-URL [sha256:HEX]
 *
 * with blank lines and lines that begin with '#' left out. Lines are at most
 * 4,095 bytes of printable text and end with LF. A path may contain spaces
 * and counts from the working directory; a URL is http or https.
 */
#ifndef SP_BUILD_LIST_H
#define SP_BUILD_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum { SP_LIST_MAX_LINE = 4095 };

struct sp_list_entry {
    char *location; /* path or URL */
    bool is_url;
    bool is_https;
    bool has_sha256;
    uint8_t sha256[32];
    unsigned line;
};

struct sp_list {
    struct sp_list_entry *entries;
    size_t n;
};

/*
 * Adds the entries of `size` bytes of text to *list (zeroed, or filled by an
 * earlier list). `name` stands in messages, which name the line. Reasons:
 * list-syntax, too-many-files, no-memory.
 */
int sp_list_parse(struct sp_list *list, const char *untrusted_text, size_t size,
                  const char *name, struct sp_error *err);

/* The same for a file, "-" is standard input. */
int sp_list_read(struct sp_list *list, const char *path, struct sp_error *err);

/* Refuses a location, and a digest, that stands twice in the list. */
int sp_list_check_unique(const struct sp_list *list, struct sp_error *err);

void sp_list_release(struct sp_list *list);

#endif
