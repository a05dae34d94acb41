/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bundle/groups.h"

#include <string.h>

#include "base/banned.h"
#include "bundle/rpm.h"

static const char first_line[] = "groups 1\n";
static const char last_line[] = "end\n";

static const char *const words[] = {
    [SP_GROUP_NONE] = "",
    [SP_GROUP_GROUP] = "group",
    [SP_GROUP_MANDATORY] = "mandatory",
    [SP_GROUP_DEFAULT] = "default",
    [SP_GROUP_OPTIONAL] = "optional",
    [SP_GROUP_CONDITIONAL] = "conditional",
    [SP_GROUP_ENVIRONMENT] = "environment",
    [SP_GROUP_NEEDS] = "needs",
};

const char *
sp_group_word(enum sp_group_word word)
{
    return words[word];
}

static bool
is_section(uint32_t word)
{
    return word == SP_GROUP_GROUP || word == SP_GROUP_ENVIRONMENT;
}

static bool
has_title(uint32_t word)
{
    return is_section(word) || word == SP_GROUP_CONDITIONAL;
}

/* A package, or printable ASCII without a blank at either end. */
static bool
title_ok(uint32_t word, const char *s, size_t len)
{
    if (word == SP_GROUP_CONDITIONAL)
        return sp_nevra_name_ok(s, len);
    if (len == 0 || len > SP_GROUP_TITLE_MAX || s[0] == ' ' ||
        s[len - 1] == ' ')
        return false;
    for (size_t i = 0; i < len; i++)
        if (s[i] < 0x20 || s[i] > 0x7e)
            return false;
    return true;
}

bool
sp_group_line_read(const char *untrusted, size_t len, struct sp_group_line *ret)
{
    const char *space = memchr(untrusted, ' ', len);
    size_t word_size = space ? (size_t)(space - untrusted) : len;
    struct sp_group_line line = {.word = SP_GROUP_NONE};
    const char *id = untrusted + word_size + 1;
    size_t rest, id_size;

    for (unsigned i = SP_GROUP_GROUP; i <= SP_GROUP_NEEDS; i++)
        if (strlen(words[i]) == word_size &&
            memcmp(words[i], untrusted, word_size) == 0)
            line.word = i;
    if (line.word == SP_GROUP_NONE || !space)
        return false;
    rest = len - word_size - 1;
    space = has_title(line.word) ? memchr(id, ' ', rest) : NULL;
    id_size = space ? (size_t)(space - id) : rest;
    if (!sp_nevra_name_ok(id, id_size) || has_title(line.word) != !!space)
        return false;
    memcpy(line.id, id, id_size);
    if (space) {
        if (!title_ok(line.word, space + 1, rest - id_size - 1))
            return false;
        memcpy(line.title, space + 1, rest - id_size - 1);
    }
    *ret = line;
    return true;
}

bool
sp_group_line_ok(const struct sp_group_line *untrusted)
{
    const struct sp_group_line *l = untrusted;
    size_t id = strnlen(l->id, sizeof(l->id));
    size_t title = strnlen(l->title, sizeof(l->title));

    return l->word >= SP_GROUP_GROUP && l->word <= SP_GROUP_NEEDS &&
           id < sizeof(l->id) && sp_nevra_name_ok(l->id, id) &&
           title < sizeof(l->title) && l->reserved[0] == 0 &&
           l->reserved[1] == 0 &&
           (has_title(l->word) ? title_ok(l->word, l->title, title)
                               : title == 0);
}

/* Groups, then environments, each by rising ids. */
static bool
section_follows(const struct sp_groups_place *place,
                const struct sp_group_line *line)
{
    return line->word > place->section ||
           (line->word == place->section &&
            strcmp(place->section_id, line->id) < 0);
}

static bool
member_follows(const struct sp_groups_place *place,
               const struct sp_group_line *line)
{
    bool needs = line->word == SP_GROUP_NEEDS;

    if (place->section != (needs ? SP_GROUP_ENVIRONMENT : SP_GROUP_GROUP))
        return false;
    return line->word > place->word ||
           (line->word == place->word && strcmp(place->id, line->id) < 0);
}

bool
sp_groups_follow(struct sp_groups_place *place,
                 const struct sp_group_line *line)
{
    enum sp_group_word word = (enum sp_group_word)line->word;

    if (!(is_section(word) ? section_follows(place, line)
                           : member_follows(place, line)))
        return false;
    if (is_section(word)) {
        place->section = word;
        memcpy(place->section_id, line->id, sizeof(place->section_id));
    }
    place->word = word;
    memcpy(place->id, line->id, sizeof(place->id));
    return true;
}

static int
bad_line(unsigned number, struct sp_error *err)
{
    return sp_fail(err, "groups",
                   "the groups, line %u: this may not stand here", number);
}

int
sp_groups_parse(const char *untrusted_text, size_t size,
                int (*take)(void *data, const struct sp_group_line *line,
                            struct sp_error *err),
                void *data, struct sp_error *err)
{
    const size_t head = sizeof(first_line) - 1, tail = sizeof(last_line) - 1;
    const char *at = untrusted_text + head, *end;
    struct sp_groups_place place = {.section = SP_GROUP_NONE};
    struct sp_group_line line;

    if (size < head + tail || memcmp(untrusted_text, first_line, head) != 0)
        return bad_line(1, err);
    end = untrusted_text + size - tail;
    for (unsigned number = 2; at < end; number++) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));

        if (number > SP_GROUPS_MAX_LINES + 1)
            return sp_fail(err, "groups", "the groups have too many lines");
        if (!stop || !sp_group_line_read(at, (size_t)(stop - at), &line) ||
            !sp_groups_follow(&place, &line))
            return bad_line(number, err);
        if (take(data, &line, err) < 0)
            return -1;
        at = stop + 1;
    }
    if (memcmp(end, last_line, tail) != 0)
        return sp_fail(err, "groups", "the groups have no end");
    return 0;
}
