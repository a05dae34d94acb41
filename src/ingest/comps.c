/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ingest/comps.h"

#include <string.h>

static const char *const head =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<comps>\n";

/* Ids and packages need none of this: their grammar has no such bytes. */
static void
add_escaped(struct sp_text *text, const char *s)
{
    static const char special[] = "&<>\"'";

    while (*s) {
        size_t plain = strcspn(s, special);

        sp_text_add_bytes(text, s, plain);
        s += plain;
        if (*s)
            sp_text_add(text, "&#%d;", *s++);
    }
}

static void
open_section(struct sp_text *text, const char *element, const char *list,
             const struct sp_group_line *line)
{
    sp_text_add(text, "<%s>\n<id>%s</id>\n<name>", element, line->id);
    add_escaped(text, line->title);
    sp_text_add(text,
                "</name>\n<description/>\n<default>false</default>\n"
                "<uservisible>true</uservisible>\n<%s>\n",
                list);
}

static void
close_section(struct sp_text *text, enum sp_group_word section)
{
    if (section == SP_GROUP_GROUP)
        sp_text_add(text, "</packagelist>\n</group>\n");
    if (section == SP_GROUP_ENVIRONMENT)
        sp_text_add(text, "</grouplist>\n</environment>\n");
}

static void
print_line(struct sp_text *text, const struct sp_group_line *line)
{
    enum sp_group_word word = (enum sp_group_word)line->word;

    switch (word) {
    case SP_GROUP_GROUP:
        open_section(text, "group", "packagelist", line);
        break;
    case SP_GROUP_ENVIRONMENT:
        open_section(text, "environment", "grouplist", line);
        break;
    case SP_GROUP_CONDITIONAL:
        sp_text_add(text,
                    "<packagereq type=\"conditional\" "
                    "requires=\"%s\">%s</packagereq>\n",
                    line->title, line->id);
        break;
    case SP_GROUP_MANDATORY:
    case SP_GROUP_DEFAULT:
    case SP_GROUP_OPTIONAL:
        sp_text_add(text, "<packagereq type=\"%s\">%s</packagereq>\n",
                    sp_group_word(word), line->id);
        break;
    case SP_GROUP_NEEDS:
        sp_text_add(text, "<groupid>%s</groupid>\n", line->id);
        break;
    case SP_GROUP_NONE: break;
    }
}

void
sp_comps_print(const struct sp_group_line *lines, size_t n,
               struct sp_text *text)
{
    enum sp_group_word section = SP_GROUP_NONE;

    if (n == 0)
        return;
    sp_text_add(text, "%s", head);
    for (size_t i = 0; i < n; i++) {
        enum sp_group_word word = (enum sp_group_word)lines[i].word;

        if (word == SP_GROUP_GROUP || word == SP_GROUP_ENVIRONMENT) {
            close_section(text, section);
            section = word;
        }
        print_line(text, &lines[i]);
    }
    close_section(text, section);
    sp_text_add(text, "</comps>\n");
}
