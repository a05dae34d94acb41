/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build/xml.h"

#include <expat.h>
#include <limits.h>

#include "base/text.h"

/* Between the name space and the name: no XML name has it. */
static const char between = '\n';

struct sp_xml {
    XML_Parser parser;
    struct sp_xml_sink sink;
    char path[SP_XML_PATH_MAX];
    char text[SP_XML_TEXT_MAX];
    size_t text_len;
    bool text_cut; /* there was more than there is room for */
    struct sp_error fault;
};

static const char *
local_name(const char *name)
{
    const char *separator = strrchr(name, between);

    return separator ? separator + 1 : name;
}

static void
stop(struct sp_xml *xml)
{
    (void)XML_StopParser(xml->parser, XML_FALSE);
}

static void XMLCALL
on_begin(void *data, const char *untrusted_name, const char **attributes)
{
    struct sp_xml *xml = data;
    size_t used = strlen(xml->path);
    int n = snprintf(xml->path + used, sizeof(xml->path) - used, "/%s",
                     local_name(untrusted_name));

    if (xml->fault.code != SP_OK)
        return;
    xml->text_len = 0;
    xml->text_cut = false;
    if ((size_t)n >= sizeof(xml->path) - used) {
        (void)sp_fail(&xml->fault, "metadata", "elements stand too deep");
        stop(xml);
    } else if (xml->sink.begin(xml->sink.data, xml->path, attributes,
                               &xml->fault) < 0) {
        stop(xml);
    }
}

/* The text, NUL terminated, without the blanks at its ends. */
static const char *
trimmed(struct sp_xml *xml)
{
    static const char blanks[] = " \t\r\n";
    char *s = xml->text;

    xml->text[xml->text_len] = '\0';
    while (xml->text_len > 0 && strchr(blanks, s[xml->text_len - 1]))
        s[--xml->text_len] = '\0';
    return s + strspn(s, blanks);
}

static void XMLCALL
on_end(void *data, const char *untrusted_name)
{
    struct sp_xml *xml = data;
    char *slash = strrchr(xml->path, '/');

    (void)untrusted_name;
    if (xml->fault.code != SP_OK)
        return;
    if (xml->text_cut && !xml->sink.may_cut_text) {
        (void)sp_fail(&xml->fault, "metadata", "a text of more than %d bytes",
                      SP_XML_TEXT_MAX - 1);
        stop(xml);
    } else if (xml->sink.end(xml->sink.data, xml->path, trimmed(xml),
                             &xml->fault) < 0) {
        stop(xml);
    }
    xml->text_len = 0;
    if (slash)
        *slash = '\0';
}

static void XMLCALL
on_text(void *data, const char *untrusted, int len)
{
    struct sp_xml *xml = data;
    size_t room = sizeof(xml->text) - 1 - xml->text_len;
    size_t n = (size_t)len;

    if (n > room) {
        xml->text_cut = true;
        n = room;
    }
    memcpy(xml->text + xml->text_len, untrusted, n);
    xml->text_len += n;
}

static void XMLCALL
on_doctype(void *data, const char *name, const char *system_id,
           const char *public_id, int has_internal)
{
    struct sp_xml *xml = data;

    (void)name;
    (void)system_id;
    (void)public_id;
    if (xml->sink.may_name_doctype && !has_internal)
        return;
    (void)sp_fail(&xml->fault, "metadata", "a document type has no place here");
    stop(xml);
}

struct sp_xml *
sp_xml_open(const struct sp_xml_sink *sink, unsigned long salt)
{
    struct sp_xml *xml = calloc(1, sizeof(*xml));
    XML_Parser parser = XML_ParserCreateNS(NULL, between);

    if (!xml || !parser) {
        free(xml);
        XML_ParserFree(parser);
        return NULL;
    }
    xml->parser = parser;
    xml->sink = *sink;
    (void)XML_SetHashSalt(parser, salt);
    XML_SetUserData(parser, xml);
    XML_SetElementHandler(parser, on_begin, on_end);
    XML_SetCharacterDataHandler(parser, on_text);
    XML_SetStartDoctypeDeclHandler(parser, on_doctype);
    return xml;
}

void
sp_xml_close(struct sp_xml *xml)
{
    if (xml)
        XML_ParserFree(xml->parser);
    free(xml);
}

int
sp_xml_feed(struct sp_xml *xml, const void *untrusted, size_t len, bool last,
            struct sp_error *err)
{
    enum XML_Error why;

    if (len > INT_MAX)
        SP_BUG("a piece of XML that is too large");
    if (XML_Parse(xml->parser, untrusted, (int)len, last) == XML_STATUS_OK)
        return 0;
    if (xml->fault.code != SP_OK) {
        *err = xml->fault;
        return -1;
    }
    why = XML_GetErrorCode(xml->parser);
    if (why == XML_ERROR_NO_MEMORY)
        return sp_fail(err, "no-memory", "no memory for the metadata");
    return sp_fail(err, "metadata", "not well-formed XML at line %lu: %s",
                   XML_GetCurrentLineNumber(xml->parser), XML_ErrorString(why));
}

const char *
sp_xml_attribute(const char **attributes, const char *name)
{
    for (; attributes[0]; attributes += 2)
        if (strcmp(local_name(attributes[0]), name) == 0)
            return attributes[1];
    return NULL;
}
