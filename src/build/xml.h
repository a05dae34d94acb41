/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * XML of repositories, read by expat inside the jail: no declarations and
 * so no entities, a bounded depth, and no time in the kernel. Elements are
 * named by their path without name spaces, as in "/repomd/data/size".
 */
#ifndef SP_BUILD_XML_H
#define SP_BUILD_XML_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

enum { SP_XML_TEXT_MAX = 4096, SP_XML_PATH_MAX = 256 };

/* What one kind of file does with its elements. -1 stops, *err says why. */
struct sp_xml_sink {
    void *data;
    int (*begin)(void *data, const char *path, const char **attributes,
                 struct sp_error *err);
    /* text: what stood in the element, blanks cut off, children's too. */
    int (*end)(void *data, const char *path, const char *text,
               struct sp_error *err);
    /* May it name a document type? That is never read, and declares nothing. */
    bool may_name_doctype;
    /* A text that is too long is cut instead of refused. */
    bool may_cut_text;
};

struct sp_xml;

/* NULL without memory. salt: any number but 0, so that none is asked for. */
struct sp_xml *sp_xml_open(const struct sp_xml_sink *sink, unsigned long salt);
void sp_xml_close(struct sp_xml *xml);

/* The next piece; `last` with the last one. Reason: metadata, no-memory. */
int sp_xml_feed(struct sp_xml *xml, const void *untrusted, size_t len,
                bool last, struct sp_error *err);

/* The value of an attribute, whatever its name space; NULL when missing. */
const char *sp_xml_attribute(const char **attributes, const char *name);

#endif
