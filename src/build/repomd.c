/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build/repomd.h"

#include "base/text.h"
#include "build/xml.h"

/* Which type of data is which kind; a later line is taken only for want of
 * an earlier one. */
static const struct {
    const char *type;
    enum sp_repomd_kind kind;
} types[] = {
    {"primary", SP_REPOMD_PRIMARY},     {"group", SP_REPOMD_GROUP},
    {"group_zst", SP_REPOMD_GROUP},     {"group_xz", SP_REPOMD_GROUP},
    {"group_gz", SP_REPOMD_GROUP},      {"updateinfo", SP_REPOMD_UPDATEINFO},
    {"filelists", SP_REPOMD_FILELISTS},
};

enum { TYPES = sizeof(types) / sizeof(types[0]), NO_TYPE = TYPES };

struct reader {
    struct sp_repomd repomd;
    bool is_repomd;
    size_t type; /* of the data that is read */
    struct sp_metadata_source source;
    enum sp_digest_algo algo;      /* of the digest that is read */
    size_t taken[SP_REPOMD_KINDS]; /* the type that each source came from */
};

static int
number(const char *text, const char *what, uint64_t *ret, struct sp_error *err)
{
    char shown[SP_SHOWN_MAX];

    if (sp_text_u64(text, INT64_MAX, ret))
        return 0;
    sp_text_show(shown, sizeof(shown), text);
    return sp_fail(err, "metadata", "the %s in repomd.xml is no number: '%s'",
                   what, shown);
}

/* "1700000000" or, as older tools wrote it, "1700000000.25". */
static int
take_time(struct reader *r, const char *text, struct sp_error *err)
{
    char whole[24];
    size_t len = strcspn(text, ".");

    if (len >= sizeof(whole))
        return number(text, "timestamp", &r->source.timestamp, err);
    memcpy(whole, text, len);
    whole[len] = '\0';
    return number(whole, "timestamp", &r->source.timestamp, err);
}

static int
take_digest(const struct reader *r, const char *text, struct sp_digest *ret,
            struct sp_error *err)
{
    char shown[SP_SHOWN_MAX];

    if (sp_digest_unhex(r->algo, text, ret))
        return 0;
    sp_text_show(shown, sizeof(shown), text);
    return sp_fail(err, "metadata", "no %s in repomd.xml: '%s'",
                   sp_digest_title(r->algo), shown);
}

static int
take_location(struct reader *r, const char **attributes, struct sp_error *err)
{
    const char *href = sp_xml_attribute(attributes, "href");
    char shown[SP_SHOWN_MAX];

    if (sp_xml_attribute(attributes, "base"))
        return sp_fail(err, "metadata",
                       "repomd.xml sends its readers to another base");
    if (!href || !sp_mirror_location_ok(href)) {
        sp_text_show(shown, sizeof(shown), href ? href : "");
        return sp_fail(err, "metadata",
                       "a location in repomd.xml leaves the repository: '%s'",
                       shown);
    }
    (void)snprintf(r->source.location, sizeof(r->source.location), "%s", href);
    return 0;
}

static int
take_digest_type(struct reader *r, const char **attributes,
                 struct sp_error *err)
{
    const char *type = sp_xml_attribute(attributes, "type");
    char shown[SP_SHOWN_MAX];

    r->algo = sp_digest_algo(type);
    if (r->algo != SP_DIGEST_NONE)
        return 0;
    sp_text_show(shown, sizeof(shown), type ? type : "");
    return sp_fail(err, "metadata",
                   "repomd.xml has digests of type '%s', only " SP_DIGEST_TAKEN
                   " are taken",
                   shown);
}

static int
begin_data(struct reader *r, const char **attributes)
{
    const char *type = sp_xml_attribute(attributes, "type");

    r->source = (struct sp_metadata_source){.present = true};
    for (r->type = 0; r->type < TYPES; r->type++)
        if (type && strcmp(types[r->type].type, type) == 0)
            break;
    return 0;
}

static int
on_begin(void *data, const char *path, const char **attributes,
         struct sp_error *err)
{
    struct reader *r = data;

    if (strcmp(path, "/repomd") == 0)
        r->is_repomd = true;
    else if (strcmp(path, "/repomd/data") == 0)
        return begin_data(r, attributes);
    else if (r->type == NO_TYPE)
        return 0;
    else if (strcmp(path, "/repomd/data/location") == 0)
        return take_location(r, attributes, err);
    else if (strcmp(path, "/repomd/data/checksum") == 0 ||
             strcmp(path, "/repomd/data/open-checksum") == 0)
        return take_digest_type(r, attributes, err);
    return 0;
}

static int
end_data(struct reader *r, struct sp_error *err)
{
    enum sp_repomd_kind kind;

    if (r->type == NO_TYPE)
        return 0;
    kind = types[r->type].kind;
    if (!r->source.location[0] || !sp_digest_is_set(&r->source.digest))
        return sp_fail(err, "metadata",
                       "'%s' has no location or no digest in repomd.xml",
                       types[r->type].type);
    if (!r->repomd.sources[kind].present || r->type < r->taken[kind]) {
        r->repomd.sources[kind] = r->source;
        r->taken[kind] = r->type;
    }
    if (r->source.timestamp > r->repomd.newest)
        r->repomd.newest = r->source.timestamp;
    r->type = NO_TYPE;
    return 0;
}

static void
take_revision(struct reader *r, const char *text)
{
    char *dst = r->repomd.revision;
    size_t n = 0;

    for (; *text && n < SP_REVISION_MAX - 1; text++) {
        dst[n] = '_';
        if (*text > 0x20 && *text < 0x7f)
            dst[n] = *text;
        n++;
    }
    dst[n] = '\0';
}

static int
on_end(void *data, const char *path, const char *text, struct sp_error *err)
{
    struct reader *r = data;

    if (strcmp(path, "/repomd/revision") == 0)
        take_revision(r, text);
    if (strcmp(path, "/repomd/data") == 0)
        return end_data(r, err);
    if (r->type == NO_TYPE)
        return 0;
    if (strcmp(path, "/repomd/data/checksum") == 0)
        return take_digest(r, text, &r->source.digest, err);
    if (strcmp(path, "/repomd/data/size") == 0)
        return number(text, "size", &r->source.size, err);
    if (strcmp(path, "/repomd/data/open-size") == 0)
        return number(text, "open size", &r->source.open_size, err);
    if (strcmp(path, "/repomd/data/timestamp") == 0)
        return take_time(r, text, err);
    if (strcmp(path, "/repomd/data/open-checksum") == 0)
        return take_digest(r, text, &r->source.open_digest, err);
    return 0;
}

int
sp_repomd_parse(const char *untrusted_xml, size_t size, unsigned long salt,
                struct sp_repomd *ret, struct sp_error *err)
{
    struct reader reader = {.type = NO_TYPE};
    const struct sp_xml_sink sink = {&reader, on_begin, on_end, false, false};
    struct sp_xml *xml = sp_xml_open(&sink, salt);
    int status;

    if (!xml)
        return sp_fail(err, "no-memory", "no memory for repomd.xml");
    status = sp_xml_feed(xml, untrusted_xml, size, true, err);
    sp_xml_close(xml);
    if (status < 0)
        return sp_fail_prefix(err, "repomd.xml");
    if (!reader.is_repomd)
        return sp_fail(err, "metadata", "this is no repomd.xml");
    if (sp_repomd_check(&reader.repomd, err) < 0)
        return -1;
    *ret = reader.repomd;
    return 0;
}
