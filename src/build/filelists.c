/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build/filelists.h"

#include "base/auto.h"
#include "base/lines.h"
#include "build/xml.h"

struct sp_filelists {
    struct sp_xml *xml;
    char **paths;
    size_t n_paths;
    int (*emit)(void *data, const char *text, size_t len, struct sp_error *err);
    void *data;
    bool is_filelists;
    bool found;             /* the package has one of the paths */
    struct sp_text package; /* its lines so far */
};

static const char head[] =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
    "<filelists xmlns=\"http://linux.duke.edu/metadata/filelists\">\n";

/* Text of an attribute or element. A reader makes blanks of line ends and
 * tabs that stand there as they are (XML 3.3.3). */
static void
add_escaped(struct sp_text *out, const char *s)
{
    static const char special[] = "&<>\"\t\n\r";

    while (*s) {
        size_t plain = strcspn(s, special);

        sp_text_add_bytes(out, s, plain);
        s += plain;
        if (*s)
            sp_text_add(out, "&#%d;", *s++);
    }
}

static void
add_attribute(struct sp_text *out, const char **attributes, const char *name)
{
    const char *value = sp_xml_attribute(attributes, name);

    sp_text_add(out, " %s=\"", name);
    add_escaped(out, value ? value : "");
    sp_text_add(out, "\"");
}

static void
begin_package(struct sp_filelists *lists, const char **attributes)
{
    struct sp_text *out = &lists->package;

    sp_text_release(out);
    lists->found = false;
    sp_text_add(out, "<package");
    add_attribute(out, attributes, "pkgid");
    add_attribute(out, attributes, "name");
    add_attribute(out, attributes, "arch");
    sp_text_add(out, ">\n");
}

static void
add_version(struct sp_filelists *lists, const char **attributes)
{
    struct sp_text *out = &lists->package;

    sp_text_add(out, "  <version");
    add_attribute(out, attributes, "epoch");
    add_attribute(out, attributes, "ver");
    add_attribute(out, attributes, "rel");
    sp_text_add(out, "/>\n");
}

static int
on_begin(void *data, const char *path, const char **attributes,
         struct sp_error *err)
{
    struct sp_filelists *lists = data;

    if (strcmp(path, "/filelists") == 0) {
        lists->is_filelists = true;
        return lists->emit(lists->data, head, sizeof(head) - 1, err);
    }
    if (strcmp(path, "/filelists/package") == 0)
        begin_package(lists, attributes);
    else if (strcmp(path, "/filelists/package/version") == 0)
        add_version(lists, attributes);
    return 0;
}

static int
compare(const void *key, const void *element)
{
    return strcmp(key, *(char *const *)element);
}

static int
end_package(struct sp_filelists *lists, struct sp_error *err)
{
    struct sp_text *out = &lists->package;

    if (!lists->found)
        return 0;
    sp_text_add(out, "</package>\n");
    if (out->failed)
        return sp_fail(err, "no-memory", "no memory for a file list");
    return lists->emit(lists->data, out->bytes, out->size, err);
}

static int
on_end(void *data, const char *path, const char *text, struct sp_error *err)
{
    struct sp_filelists *lists = data;

    if (strcmp(path, "/filelists/package") == 0)
        return end_package(lists, err);
    if (strcmp(path, "/filelists/package/file") != 0 ||
        !bsearch(text, lists->paths, lists->n_paths, sizeof(lists->paths[0]),
                 compare))
        return 0;
    lists->found = true;
    sp_text_add(&lists->package, "  <file>");
    add_escaped(&lists->package, text);
    sp_text_add(&lists->package, "</file>\n");
    return 0;
}

struct sp_filelists *
sp_filelists_open(char **paths, size_t n_paths, unsigned long salt,
                  int (*emit)(void *data, const char *text, size_t len,
                              struct sp_error *err),
                  void *data)
{
    struct sp_filelists *lists = calloc(1, sizeof(*lists));
    const struct sp_xml_sink sink = {lists, on_begin, on_end, false, false};

    if (!lists)
        return NULL;
    *lists = (struct sp_filelists){.xml = sp_xml_open(&sink, salt),
                                   .paths = paths,
                                   .n_paths = n_paths,
                                   .emit = emit,
                                   .data = data};
    if (lists->xml)
        return lists;
    free(lists);
    return NULL;
}

void
sp_filelists_close(struct sp_filelists *lists)
{
    if (!lists)
        return;
    sp_xml_close(lists->xml);
    sp_text_release(&lists->package);
    free(lists);
}

int
sp_filelists_feed(struct sp_filelists *lists, const void *untrusted, size_t len,
                  struct sp_error *err)
{
    static const char tail[] = "</filelists>\n";

    if (sp_xml_feed(lists->xml, untrusted, len, len == 0, err) < 0)
        return sp_fail_prefix(err, "file lists");
    if (len > 0)
        return 0;
    if (!lists->is_filelists)
        return sp_fail(err, "metadata", "these are no file lists");
    return lists->emit(lists->data, tail, sizeof(tail) - 1, err);
}
