/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build/metalink.h"

#include <strings.h>

#include "base/text.h"
#include "build/xml.h"

static const char repomd_path[] = "repodata/repomd.xml";

/* https before http, then what the metalink prefers: the lower, the better. */
enum { HTTP_RANK = 1000000, RANK_MAX = 999999 };

struct reader {
    struct sp_metalink *metalink;
    unsigned ranks[SP_MIRRORS_MAX];
    bool is_metalink;
    bool in_file;                         /* in the file of name repomd.xml */
    enum sp_digest_algo algo;             /* of the hash that is read */
    unsigned rank;                        /* of the address that is read */
    struct sp_metalink_version alternate; /* the one that is read */
};

static bool
ends_with(const char *s, size_t len, const char *end)
{
    size_t n = strlen(end);

    return len >= n && memcmp(s + len - n, end, n) == 0;
}

/* Puts the base in its place; behind the last place it is forgotten. */
static void
insert_base(struct reader *r, const char *base, unsigned rank)
{
    struct sp_metalink *m = r->metalink;
    size_t at = 0;
    size_t last;

    for (size_t i = 0; i < m->n_bases; i++)
        if (strcmp(m->bases[i], base) == 0)
            return;
    while (at < m->n_bases && r->ranks[at] <= rank)
        at++;
    if (at == SP_MIRRORS_MAX)
        return;
    last = m->n_bases < SP_MIRRORS_MAX ? m->n_bases : SP_MIRRORS_MAX - 1;
    memmove(m->bases[at + 1], m->bases[at], (last - at) * sizeof(m->bases[0]));
    memmove(&r->ranks[at + 1], &r->ranks[at],
            (last - at) * sizeof(r->ranks[0]));
    memset(m->bases[at], 0, sizeof(m->bases[at]));
    memcpy(m->bases[at], base, strlen(base));
    r->ranks[at] = rank;
    m->n_bases = last + 1;
}

/* The address of a repomd.xml, cut to the repository. */
static void
take_url(struct reader *r, const char *text)
{
    char base[SP_METALINK_URL_MAX];
    size_t len = strlen(text);
    unsigned rank = r->rank;

    if (len >= sizeof(base) || !ends_with(text, len, repomd_path))
        return;
    len -= sizeof(repomd_path) - 1;
    memcpy(base, text, len);
    base[len] = '\0';
    if (!sp_mirror_base_ok(base))
        return;
    if (strncasecmp(base, "https:", 6) != 0)
        rank += HTTP_RANK;
    insert_base(r, base, rank);
}

/* Version 3: preference 100 is best; version 4: priority 1 is. */
static unsigned
rank_of(const char **attributes)
{
    const char *preference = sp_xml_attribute(attributes, "preference");
    const char *priority = sp_xml_attribute(attributes, "priority");
    uint64_t n = 0;

    if (preference && sp_text_u64(preference, 100, &n))
        return (unsigned)(100 - n);
    if (priority && sp_text_u64(priority, RANK_MAX, &n))
        return (unsigned)n;
    return RANK_MAX;
}

/* Other files of a metalink are none of ours. */
static bool
is_repomd(const char **attributes)
{
    const char *name = sp_xml_attribute(attributes, "name");

    return name && (strcmp(name, "repomd.xml") == 0 ||
                    ends_with(name, strlen(name), "/repomd.xml"));
}

static bool
is_one_of(const char *path, const char *const *wanted)
{
    for (; *wanted; wanted++)
        if (strcmp(path, *wanted) == 0)
            return true;
    return false;
}

static const char *const file_paths[] = {"/metalink/files/file",
                                         "/metalink/file", NULL};
static const char *const url_paths[] = {"/metalink/files/file/resources/url",
                                        "/metalink/file/url", NULL};
static const char *const alternate_paths[] = {
    "/metalink/files/file/alternates/alternate",
    "/metalink/file/alternates/alternate", NULL};
static const char *const hash_paths[] = {
    "/metalink/files/file/verification/hash",
    "/metalink/file/hash",
    "/metalink/files/file/alternates/alternate/verification/hash",
    "/metalink/file/alternates/alternate/verification/hash",
    "/metalink/file/alternates/alternate/hash",
    NULL};
static const char *const size_paths[] = {
    "/metalink/files/file/size", "/metalink/file/size",
    "/metalink/files/file/alternates/alternate/size",
    "/metalink/file/alternates/alternate/size", NULL};
static const char *const time_paths[] = {
    "/metalink/files/file/timestamp", "/metalink/file/timestamp",
    "/metalink/files/file/alternates/alternate/timestamp",
    "/metalink/file/alternates/alternate/timestamp", NULL};

static int
on_begin(void *data, const char *path, const char **attributes,
         struct sp_error *err)
{
    struct reader *r = data;

    (void)err;
    if (strcmp(path, "/metalink") == 0)
        r->is_metalink = true;
    if (is_one_of(path, file_paths))
        r->in_file = is_repomd(attributes);
    if (is_one_of(path, hash_paths))
        r->algo = sp_digest_algo(sp_xml_attribute(attributes, "type"));
    if (is_one_of(path, url_paths))
        r->rank = rank_of(attributes);
    return 0;
}

static void
end_alternate(struct reader *r)
{
    struct sp_metalink *m = r->metalink;

    if (sp_digest_is_set(&r->alternate.digest) &&
        m->n_versions < SP_METALINK_VERSIONS)
        m->versions[m->n_versions++] = r->alternate;
    r->alternate = (struct sp_metalink_version){0};
}

static int
take_number(const char *text, uint64_t *ret, struct sp_error *err)
{
    char shown[SP_SHOWN_MAX];

    if (sp_text_u64(text, INT64_MAX, ret))
        return 0;
    sp_text_show(shown, sizeof(shown), text);
    return sp_fail(err, "metadata", "no number in the metalink: '%s'", shown);
}

/* Of several hashes of one file the strongest counts. */
static int
take_hash(const struct reader *r, const char *text, struct sp_digest *digest,
          struct sp_error *err)
{
    if (r->algo == SP_DIGEST_NONE || r->algo < digest->algo)
        return 0;
    if (!sp_digest_unhex(r->algo, text, digest))
        return sp_fail(err, "metadata", "no %s in the metalink",
                       sp_digest_title(r->algo));
    return 0;
}

static int
on_end(void *data, const char *path, const char *text, struct sp_error *err)
{
    struct reader *r = data;
    bool is_alternate = strstr(path, "/alternates/") != NULL;
    struct sp_metalink_version *version =
        is_alternate ? &r->alternate : &r->metalink->versions[0];

    if (!r->in_file)
        return 0;
    if (is_one_of(path, file_paths))
        r->in_file = false;
    if (is_one_of(path, url_paths))
        take_url(r, text);
    if (is_one_of(path, alternate_paths))
        end_alternate(r);
    if (is_one_of(path, size_paths))
        return take_number(text, &version->size, err);
    if (is_one_of(path, time_paths))
        return take_number(text, &version->timestamp, err);
    if (is_one_of(path, hash_paths))
        return take_hash(r, text, &version->digest, err);
    return 0;
}

static int
read_metalink(struct reader *r, struct sp_xml *xml, const char *untrusted,
              size_t size, struct sp_error *err)
{
    if (!xml)
        return sp_fail(err, "no-memory", "no memory for the metalink");
    if (sp_xml_feed(xml, untrusted, size, true, err) < 0)
        return sp_fail_prefix(err, "metalink");
    if (!r->is_metalink)
        return sp_fail(err, "metadata", "this is no metalink");
    if (!sp_digest_is_set(&r->metalink->versions[0].digest))
        return sp_fail(
            err, "metadata",
            "the metalink has no digest of a repomd.xml, of " SP_DIGEST_TAKEN);
    return sp_metalink_check(r->metalink, err);
}

int
sp_metalink_parse(const char *untrusted_xml, size_t size, unsigned long salt,
                  struct sp_metalink *ret, struct sp_error *err)
{
    /* Place 0 is for the current version, wherever it stands. */
    struct sp_metalink *metalink = calloc(1, sizeof(*metalink));
    struct reader reader = {.metalink = metalink};
    const struct sp_xml_sink sink = {&reader, on_begin, on_end, false, false};
    struct sp_xml *xml = metalink ? sp_xml_open(&sink, salt) : NULL;
    int status;

    if (metalink)
        metalink->n_versions = 1;
    status = read_metalink(&reader, xml, untrusted_xml, size, err);
    sp_xml_close(xml);
    if (status == 0)
        *ret = *metalink;
    free(metalink);
    return status;
}
