/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build/groups.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

/* A whole Fedora has some 6,000 lines. */
enum { ITEMS_MAX = 65536 };

static int
add_item(struct sp_groups *groups, const struct sp_group_item *item,
         struct sp_error *err)
{
    if (groups->n == ITEMS_MAX)
        return sp_fail(err, "metadata", "more than %d lines of groups",
                       (int)ITEMS_MAX);
    /* Grown by doubling: at 0, 1, 2, 4 ... elements. */
    if ((groups->n & (groups->n - 1)) == 0) {
        void *grown = reallocarray(groups->items, groups->n ? 2 * groups->n : 1,
                                   sizeof(*item));

        if (!grown)
            return sp_fail(err, "no-memory", "no memory for groups");
        groups->items = grown;
    }
    groups->items[groups->n++] = *item;
    return 0;
}

static bool
is_section(const struct sp_group_line *line)
{
    return line->word == SP_GROUP_GROUP || line->word == SP_GROUP_ENVIRONMENT;
}

/* Packages are of groups, and what is needed is of environments. */
static bool
is_in_place(const struct sp_group_item *item)
{
    bool needs = item->line.word == SP_GROUP_NEEDS;

    return is_section(&item->line) ||
           item->section == (needs ? SP_GROUP_ENVIRONMENT : SP_GROUP_GROUP);
}

int
sp_groups_add(struct sp_groups *groups, const char *untrusted_text, size_t size,
              struct sp_error *err)
{
    const char *at = untrusted_text, *end = untrusted_text + size, *stop;
    struct sp_group_item item = {.section = SP_GROUP_NONE};

    for (; at < end && (stop = memchr(at, '\n', (size_t)(end - at)));
         at = stop + 1) {
        if (!sp_group_line_read(at, (size_t)(stop - at), &item.line))
            continue;
        if (is_section(&item.line)) {
            item.section = (enum sp_group_word)item.line.word;
            memcpy(item.section_id, item.line.id, sizeof(item.section_id));
        }
        if (is_in_place(&item) && add_item(groups, &item, err) < 0)
            return -1;
    }
    return 0;
}

static int
compare_items(const void *a, const void *b)
{
    const struct sp_group_item *x = a;
    const struct sp_group_item *y = b;
    int order = (int)x->section - (int)y->section;

    if (order == 0)
        order = strcmp(x->section_id, y->section_id);
    if (order == 0)
        order = (int)x->line.word - (int)y->line.word;
    if (order == 0)
        order = strcmp(x->line.id, y->line.id);
    return order ? order : strcmp(x->line.title, y->line.title);
}

void
sp_groups_ready(struct sp_groups *groups)
{
    size_t kept = 0;

    if (groups->n > 0)
        qsort(groups->items, groups->n, sizeof(groups->items[0]),
              compare_items);
    for (size_t i = 0; i < groups->n; i++) {
        const struct sp_group_item *last =
            kept ? &groups->items[kept - 1] : NULL;
        const struct sp_group_item *item = &groups->items[i];

        /* One title is enough. */
        if (last && last->section == item->section &&
            strcmp(last->section_id, item->section_id) == 0 &&
            last->line.word == item->line.word &&
            strcmp(last->line.id, item->line.id) == 0)
            continue;
        groups->items[kept++] = *item;
    }
    groups->n = kept;
}

static bool
has_id(const struct sp_groups *groups, const char *id, bool environments)
{
    for (size_t i = 0; i < groups->n; i++) {
        const struct sp_group_item *item = &groups->items[i];

        if (is_section(&item->line) && strcmp(item->line.id, id) == 0 &&
            (!environments || item->section == SP_GROUP_ENVIRONMENT))
            return true;
    }
    return false;
}

bool
sp_groups_names(const struct sp_groups *groups,
                const struct sp_group_item *item, const char *spec)
{
    bool environments = spec[0] == '^';

    spec += environments;
    if (!is_section(&item->line) ||
        (environments && item->section != SP_GROUP_ENVIRONMENT))
        return false;
    if (has_id(groups, spec, environments))
        return strcmp(item->line.id, spec) == 0;
    return fnmatch(spec, item->line.id, FNM_CASEFOLD) == 0 ||
           fnmatch(spec, item->line.title, FNM_CASEFOLD) == 0;
}

static bool
is_of(const struct sp_group_item *item, enum sp_group_word section,
      const char *id)
{
    return item->section == section && strcmp(item->section_id, id) == 0;
}

/* What is done with each section that asking for another one means. */
struct visit {
    const struct sp_groups *groups;
    int (*section)(void *data, const struct sp_groups *groups,
                   const struct sp_group_item *head, struct sp_error *err);
    void *data;
};

static int
visit_needs(const struct visit *visit, const char *environment,
            struct sp_error *err)
{
    const struct sp_groups *groups = visit->groups;

    for (size_t i = 0; i < groups->n; i++) {
        const char *needed = groups->items[i].line.id;

        if (!is_of(&groups->items[i], SP_GROUP_ENVIRONMENT, environment) ||
            groups->items[i].line.word != SP_GROUP_NEEDS)
            continue;
        for (size_t k = 0; k < groups->n; k++)
            if (is_of(&groups->items[k], SP_GROUP_GROUP, needed) &&
                is_section(&groups->items[k].line) &&
                visit->section(visit->data, groups, &groups->items[k], err) < 0)
                return -1;
    }
    return 0;
}

/* Returns how many sections the spec names, or -1. */
static int
visit_named(const struct visit *visit, const char *spec, struct sp_error *err)
{
    const struct sp_groups *groups = visit->groups;
    int found = 0;

    for (size_t i = 0; i < groups->n; i++) {
        const struct sp_group_item *item = &groups->items[i];

        if (!sp_groups_names(groups, item, spec))
            continue;
        found++;
        if (visit->section(visit->data, groups, item, err) < 0 ||
            (item->section == SP_GROUP_ENVIRONMENT &&
             visit_needs(visit, item->section_id, err) < 0))
            return -1;
    }
    return found;
}

static int
copy_section(void *data, const struct sp_groups *groups,
             const struct sp_group_item *head, struct sp_error *err)
{
    for (size_t i = 0; i < groups->n; i++)
        if (is_of(&groups->items[i], head->section, head->section_id) &&
            add_item(data, &groups->items[i], err) < 0)
            return -1;
    return 0;
}

int
sp_groups_pick(struct sp_groups *groups, const struct sp_groups *from,
               const char *spec, struct sp_error *err)
{
    const struct visit visit = {from, copy_section, groups};

    return visit_named(&visit, spec, err) < 0 ? -1 : 0;
}

struct taking {
    void (*take)(void *data, const char *name, const char *where);
    void *data;
};

static int
take_members(void *data, const struct sp_groups *groups,
             const struct sp_group_item *head, struct sp_error *err)
{
    const struct taking *taking = data;

    (void)err;
    for (size_t i = 0; i < groups->n; i++) {
        const struct sp_group_item *item = &groups->items[i];

        if (!is_of(item, head->section, head->section_id))
            continue;
        if (item->line.word == SP_GROUP_MANDATORY ||
            item->line.word == SP_GROUP_DEFAULT)
            taking->take(taking->data, item->line.id, NULL);
        if (item->line.word == SP_GROUP_CONDITIONAL)
            taking->take(taking->data, item->line.id, item->line.title);
    }
    return 0;
}

bool
sp_groups_members(const struct sp_groups *groups, const char *spec,
                  void (*take)(void *data, const char *name, const char *where),
                  void *data)
{
    struct taking taking = {take, data};
    const struct visit visit = {groups, take_members, &taking};

    return visit_named(&visit, spec, NULL) > 0;
}

void
sp_groups_print(const struct sp_groups *groups, struct sp_text *text)
{
    sp_text_add(text, "groups 1\n");
    for (size_t i = 0; i < groups->n; i++) {
        const struct sp_group_line *line = &groups->items[i].line;
        const char *word = sp_group_word((enum sp_group_word)line->word);

        if (line->title[0])
            sp_text_add(text, "%s %s %s\n", word, line->id, line->title);
        else
            sp_text_add(text, "%s %s\n", word, line->id);
    }
    sp_text_add(text, "end\n");
}

void
sp_groups_release(struct sp_groups *groups)
{
    free(groups->items);
    groups->items = NULL;
    groups->n = 0;
}
