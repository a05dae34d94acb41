/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build/comps.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/lines.h"
#include "build/xml.h"
#include "bundle/groups.h"

struct sp_comps_reader {
    struct sp_xml *xml;
    int (*emit)(void *data, const char *text, size_t len, struct sp_error *err);
    void *data;
    bool is_comps;
    bool translated;           /* the name that is read is not the first one */
    enum sp_group_word member; /* of the package that is read */
    char where[SP_NAME_MAX + 1]; /* likewise, when it is conditional */
    /* The section that is read; its lines come when its name is known. */
    char id[SP_NAME_MAX + 1];
    char title[SP_GROUP_TITLE_MAX + 1];
    struct sp_text lines;
};

static void
begin_section(struct sp_comps_reader *r)
{
    r->id[0] = '\0';
    r->title[0] = '\0';
    sp_text_release(&r->lines);
}

static enum sp_group_word
member_of(const char **attributes)
{
    const char *type = sp_xml_attribute(attributes, "type");

    if (!type || strcmp(type, "mandatory") == 0)
        return SP_GROUP_MANDATORY;
    if (strcmp(type, "default") == 0)
        return SP_GROUP_DEFAULT;
    if (strcmp(type, "optional") == 0)
        return SP_GROUP_OPTIONAL;
    if (strcmp(type, "conditional") == 0)
        return SP_GROUP_CONDITIONAL;
    return SP_GROUP_NONE;
}

static void
begin_member(struct sp_comps_reader *r, const char **attributes)
{
    const char *where = sp_xml_attribute(attributes, "requires");

    r->member = member_of(attributes);
    r->where[0] = '\0';
    if (r->member == SP_GROUP_CONDITIONAL)
        (void)snprintf(r->where, sizeof(r->where), " %.*s", SP_NAME_MAX - 1,
                       where ? where : "");
}

static int
on_begin(void *data, const char *path, const char **attributes,
         struct sp_error *err)
{
    struct sp_comps_reader *r = data;

    (void)err;
    if (strcmp(path, "/comps") == 0)
        r->is_comps = true;
    else if (strcmp(path, "/comps/group") == 0 ||
             strcmp(path, "/comps/environment") == 0)
        begin_section(r);
    else if (strcmp(path, "/comps/group/name") == 0 ||
             strcmp(path, "/comps/environment/name") == 0)
        r->translated = sp_xml_attribute(attributes, "lang") != NULL;
    else if (strcmp(path, "/comps/group/packagelist/packagereq") == 0)
        begin_member(r, attributes);
    return 0;
}

/* What is not ASCII becomes a question mark. */
static void
take_title(struct sp_comps_reader *r, const char *text)
{
    size_t n = 0;

    for (; *text && n < SP_GROUP_TITLE_MAX; text++)
        if ((unsigned char)*text < 0x80 || (unsigned char)*text >= 0xc0)
            r->title[n++] = (char)(*text < 0x20 || *text > 0x7e ? '?' : *text);
    while (n > 0 && r->title[n - 1] == ' ')
        n--;
    r->title[n] = '\0';
}

static void
add_member(struct sp_comps_reader *r, enum sp_group_word word, const char *name)
{
    if (word != SP_GROUP_NONE && strlen(name) <= SP_NAME_MAX)
        sp_text_add(&r->lines, "%s %s%s\n", sp_group_word(word), name,
                    word == SP_GROUP_NEEDS ? "" : r->where);
}

/* A section without a valid id is left out. */
static int
end_section(struct sp_comps_reader *r, enum sp_group_word word,
            struct sp_error *err)
{
    char line[SP_LINE_MAX];
    struct sp_group_line read;
    int n = snprintf(line, sizeof(line), "%s %s %s\n", sp_group_word(word),
                     r->id, r->title[0] ? r->title : r->id);

    if (r->lines.failed)
        return sp_fail(err, "no-memory", "no memory for a group");
    /* An id of two words would be read as another one. */
    if (!sp_group_line_read(line, (size_t)n - 1, &read) ||
        strcmp(read.id, r->id) != 0)
        return 0;
    if (r->emit(r->data, line, (size_t)n, err) < 0)
        return -1;
    return r->lines.size == 0
               ? 0
               : r->emit(r->data, r->lines.bytes, r->lines.size, err);
}

static int
on_end(void *data, const char *path, const char *text, struct sp_error *err)
{
    struct sp_comps_reader *r = data;

    if (strcmp(path, "/comps/group") == 0)
        return end_section(r, SP_GROUP_GROUP, err);
    if (strcmp(path, "/comps/environment") == 0)
        return end_section(r, SP_GROUP_ENVIRONMENT, err);
    if (strcmp(path, "/comps/group/id") == 0 ||
        strcmp(path, "/comps/environment/id") == 0)
        (void)snprintf(r->id, sizeof(r->id), "%.*s", SP_NAME_MAX, text);
    else if (strcmp(path, "/comps/group/name") == 0 ||
             strcmp(path, "/comps/environment/name") == 0) {
        if (!r->translated)
            take_title(r, text);
    } else if (strcmp(path, "/comps/group/packagelist/packagereq") == 0)
        add_member(r, r->member, text);
    else if (strcmp(path, "/comps/environment/grouplist/groupid") == 0)
        add_member(r, SP_GROUP_NEEDS, text);
    return 0;
}

struct sp_comps_reader *
sp_comps_open(unsigned long salt,
              int (*emit)(void *data, const char *text, size_t len,
                          struct sp_error *err),
              void *data)
{
    struct sp_comps_reader *r = calloc(1, sizeof(*r));
    /* Every comps.xml names one. */
    const struct sp_xml_sink sink = {r, on_begin, on_end, true, true};

    if (!r)
        return NULL;
    r->emit = emit;
    r->data = data;
    r->xml = sp_xml_open(&sink, salt);
    if (!r->xml) {
        free(r);
        return NULL;
    }
    return r;
}

void
sp_comps_close(struct sp_comps_reader *reader)
{
    sp_xml_close(reader->xml);
    sp_text_release(&reader->lines);
    free(reader);
}

int
sp_comps_feed(struct sp_comps_reader *reader, const void *untrusted, size_t len,
              struct sp_error *err)
{
    if (sp_xml_feed(reader->xml, untrusted, len, len == 0, err) < 0)
        return sp_fail_prefix(err, "groups");
    if (len == 0 && !reader->is_comps)
        return sp_fail(err, "metadata", "this is no list of groups");
    return 0;
}
