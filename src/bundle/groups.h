/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Package groups in a bundle, format 1 (sallyport-bundle(5)):
 *
 *   groups 1
 *   group ID TITLE            none or more, ids rising
 *   mandatory|default|optional PACKAGE     of this group, in this order
 *   conditional PACKAGE PACKAGE            the first where the second is
 *   environment ID TITLE      none or more, ids rising
 *   needs ID                  of this environment: a group above
 *   end
 *
 * Lines and no XML: what is published is made anew from them. Pure functions
 * over memory; nothing here is trusted, and a group installs nothing.
 */
#ifndef SP_BUNDLE_GROUPS_H
#define SP_BUNDLE_GROUPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "bundle/limits.h"

/* The label of their member. */
#define SP_GROUPS_LABEL "groups"

enum {
    SP_GROUPS_MAX_BYTES = 1024 * 1024,
    SP_GROUPS_MAX_LINES = 32768, /* of real names, a MiB has fewer */
    SP_GROUP_TITLE_MAX = 128,
};

/* In the order in which the lines of a section stand. */
enum sp_group_word {
    SP_GROUP_NONE = 0,
    SP_GROUP_GROUP = 1,
    SP_GROUP_MANDATORY = 2,
    SP_GROUP_DEFAULT = 3,
    SP_GROUP_OPTIONAL = 4,
    SP_GROUP_CONDITIONAL = 5,
    SP_GROUP_ENVIRONMENT = 6,
    SP_GROUP_NEEDS = 7,
};

/* One line. Fixed in size, so that it can cross a pipe as it is. */
struct sp_group_line {
    uint32_t word;                      /* enum sp_group_word */
    char id[SP_NAME_MAX + 1];           /* of a group or package */
    char title[SP_GROUP_TITLE_MAX + 1]; /* GROUP, ENVIRONMENT, CONDITIONAL */
    uint8_t reserved[2];
};

_Static_assert(sizeof(struct sp_group_line) == 264, "no padding");

const char *sp_group_word(enum sp_group_word word);

/* Reads one line without its LF; false when it is none. */
bool sp_group_line_read(const char *untrusted, size_t len,
                        struct sp_group_line *ret);
/* Is every field of the record what sp_group_line_read lets through? */
bool sp_group_line_ok(const struct sp_group_line *untrusted);

/* Where in a list of groups the last line stood. Zero at the start. */
struct sp_groups_place {
    enum sp_group_word section, word;
    char section_id[SP_NAME_MAX + 1];
    char id[SP_NAME_MAX + 1];
};

/* May the line follow? Then the place moves on. */
bool sp_groups_follow(struct sp_groups_place *place,
                      const struct sp_group_line *line);

/*
 * Parses a whole text and hands over each line; `take` stops with -1.
 * Reasons: groups, and those of take.
 */
int sp_groups_parse(const char *untrusted_text, size_t size,
                    int (*take)(void *data, const struct sp_group_line *line,
                                struct sp_error *err),
                    void *data, struct sp_error *err);

#endif
