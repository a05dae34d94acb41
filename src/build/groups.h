/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The package groups of some repositories, and what asking for one means. */
#ifndef SP_BUILD_GROUPS_H
#define SP_BUILD_GROUPS_H

#include "base/error.h"
#include "base/lines.h"
#include "bundle/groups.h"

/* One line, with the group or environment that it belongs to. */
struct sp_group_item {
    enum sp_group_word section;
    char section_id[SP_NAME_MAX + 1];
    struct sp_group_line line;
};

struct sp_groups {
    struct sp_group_item *items; /* sorted by sp_groups_ready */
    size_t n;
};

/*
 * Adds the lines of one repository, as comps.h writes them: the same group of
 * several repositories becomes one. A line that is none, or has no place where
 * it stands, is passed over.
 * Reasons: metadata (too many), no-memory.
 */
int sp_groups_add(struct sp_groups *groups, const char *untrusted_text,
                  size_t size, struct sp_error *err);

/* Adds the sections of `from` that the spec names, and what they need. */
int sp_groups_pick(struct sp_groups *groups, const struct sp_groups *from,
                   const char *spec, struct sp_error *err);

/* Behind the last one that was added. */
void sp_groups_ready(struct sp_groups *groups);

/*
 * Is the section named by the spec: its id, or else a glob of id or title, in
 * any case? "^" before it means environments alone, as dnf writes it.
 */
bool sp_groups_names(const struct sp_groups *groups,
                     const struct sp_group_item *item, const char *spec);

/*
 * Calls for each package that installing the named groups brings: mandatory
 * and default members, and conditional ones `where` another package is (else
 * NULL). False when the spec names none.
 */
bool sp_groups_members(const struct sp_groups *groups, const char *spec,
                       void (*take)(void *data, const char *name,
                                    const char *where),
                       void *data);

/* As sp_groups_parse reads it. */
void sp_groups_print(const struct sp_groups *groups, struct sp_text *text);
void sp_groups_release(struct sp_groups *groups);

#endif
