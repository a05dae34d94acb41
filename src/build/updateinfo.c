/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build/updateinfo.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/lines.h"
#include "build/xml.h"
#include "bundle/limits.h"

enum { WORD_MAX = 64 };

struct sp_updateinfo {
    struct sp_xml *xml;
    int (*emit)(void *data, const char *text, size_t len, struct sp_error *err);
    void *data;
    bool is_updates;
    /* The advisory that is read; its lines come when it ends. */
    char id[WORD_MAX + 1];
    char type[WORD_MAX + 1];
    char severity[WORD_MAX + 1];
    char date[WORD_MAX + 1];
    struct sp_text lines;
};

/* One word of printable ASCII; what it cannot hold is cut or replaced. */
static void
take_word(char dst[WORD_MAX + 1], const char *s)
{
    size_t n = 0;

    for (; s && s[n] && n < WORD_MAX; n++)
        dst[n] = (char)(s[n] > 0x20 && s[n] < 0x7f ? s[n] : '_');
    if (n == 0)
        dst[n++] = '-';
    dst[n] = '\0';
}

static void
begin_update(struct sp_updateinfo *info, const char **attributes)
{
    take_word(info->id, NULL);
    take_word(info->severity, NULL);
    take_word(info->date, NULL);
    take_word(info->type, sp_xml_attribute(attributes, "type"));
    sp_text_release(&info->lines);
}

static void
take_date(struct sp_updateinfo *info, const char **attributes)
{
    const char *date = sp_xml_attribute(attributes, "date");

    take_word(info->date, date);
    info->date[strcspn(info->date, "_T")] = '\0';
    if (!info->date[0])
        take_word(info->date, NULL);
}

static void
take_reference(struct sp_updateinfo *info, const char **attributes)
{
    const char *type = sp_xml_attribute(attributes, "type");
    char cve[WORD_MAX + 1];

    if (!type || strcmp(type, "cve") != 0)
        return;
    take_word(cve, sp_xml_attribute(attributes, "id"));
    sp_text_add(&info->lines, "fixes %s\n", cve);
}

static void
take_package(struct sp_updateinfo *info, const char **attributes)
{
    static const char *const names[] = {"name", "epoch", "version", "release",
                                        "arch"};
    const char *values[5];

    for (size_t i = 0; i < 5; i++) {
        values[i] = sp_xml_attribute(attributes, names[i]);
        if (i == 1 && (!values[i] || !values[i][0]))
            values[i] = "0";
        /* A value that is no word is the value of no package. */
        if (!values[i] || !values[i][0] || strlen(values[i]) > SP_NAME_MAX ||
            strpbrk(values[i], " \t\r\n"))
            return;
    }
    sp_text_add(&info->lines, "package %s %s %s %s %s\n", values[0], values[1],
                values[2], values[3], values[4]);
}

static int
on_begin(void *data, const char *path, const char **attributes,
         struct sp_error *err)
{
    struct sp_updateinfo *info = data;

    (void)err;
    if (strcmp(path, "/updates") == 0)
        info->is_updates = true;
    else if (strcmp(path, "/updates/update") == 0)
        begin_update(info, attributes);
    else if (strcmp(path, "/updates/update/issued") == 0)
        take_date(info, attributes);
    else if (strcmp(path, "/updates/update/references/reference") == 0)
        take_reference(info, attributes);
    else if (strcmp(path, "/updates/update/pkglist/collection/package") == 0)
        take_package(info, attributes);
    return 0;
}

static int
end_update(struct sp_updateinfo *info, struct sp_error *err)
{
    char line[5 * (WORD_MAX + 1) + 16];
    int n = snprintf(line, sizeof(line), "advisory %s %s %s %s\n", info->id,
                     info->type, info->severity, info->date);

    if (info->lines.failed)
        return sp_fail(err, "no-memory", "no memory for an advisory");
    if (info->lines.size == 0)
        return 0;
    if (info->emit(info->data, line, (size_t)n, err) < 0)
        return -1;
    return info->emit(info->data, info->lines.bytes, info->lines.size, err);
}

static int
on_end(void *data, const char *path, const char *text, struct sp_error *err)
{
    struct sp_updateinfo *info = data;

    if (strcmp(path, "/updates/update/id") == 0)
        take_word(info->id, text);
    else if (strcmp(path, "/updates/update/severity") == 0)
        take_word(info->severity, text);
    else if (strcmp(path, "/updates/update") == 0)
        return end_update(info, err);
    return 0;
}

struct sp_updateinfo *
sp_updateinfo_open(unsigned long salt,
                   int (*emit)(void *data, const char *text, size_t len,
                               struct sp_error *err),
                   void *data)
{
    struct sp_updateinfo *info = calloc(1, sizeof(*info));
    /* Descriptions are long, and not read. */
    const struct sp_xml_sink sink = {info, on_begin, on_end, false, true};

    if (!info)
        return NULL;
    info->emit = emit;
    info->data = data;
    info->xml = sp_xml_open(&sink, salt);
    if (info->xml)
        return info;
    free(info);
    return NULL;
}

void
sp_updateinfo_close(struct sp_updateinfo *info)
{
    sp_xml_close(info->xml);
    sp_text_release(&info->lines);
    free(info);
}

int
sp_updateinfo_feed(struct sp_updateinfo *info, const void *untrusted,
                   size_t len, struct sp_error *err)
{
    if (sp_xml_feed(info->xml, untrusted, len, len == 0, err) < 0)
        return sp_fail_prefix(err, "advisories");
    if (len == 0 && !info->is_updates)
        return sp_fail(err, "metadata", "this is no list of advisories");
    return 0;
}
