/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bundle/manifest.h"

#include <string.h>

#include "base/banned.h"
#include "base/sha256.h"
#include "base/text.h"
#include "bundle/rpm.h"
#include "bundle/tar.h"

static const char first_line[] = "bundle 1\n";

enum {
    FIRST_LINE = sizeof(first_line) - 1,
    REQUEST_KEYWORD = 8, /* "request " */
    REQUEST_ID = 32,
    REQUEST_LINE = REQUEST_KEYWORD + REQUEST_ID + 1,
    END_KEYWORD = 4, /* "end " */
    END_HEX = 2 * SP_SHA256_BYTES,
    END_LINE = END_KEYWORD + END_HEX + 1,
    /* lead, and the two header intros */
    MIN_HEAD = SP_RPM_LEAD_BYTES + 2 * SP_RPM_INTRO_BYTES,
};

static const char *const evidence_words[] = {
    [SP_EVIDENCE_REPOMD] = "repomd",
    [SP_EVIDENCE_SIGNATURE] = "signature",
    [SP_EVIDENCE_PRIMARY] = "primary",
    [SP_EVIDENCE_COMPS] = "comps",
};

const char *
sp_evidence_word(enum sp_evidence evidence)
{
    return evidence_words[evidence];
}

/* The text without its end line, and how far it has been read. */
struct reader {
    const char *text;
    size_t size;
    size_t at;
};

static bool
take_keyword(struct reader *r, const char *keyword)
{
    size_t len = strlen(keyword);

    if (len > r->size - r->at || memcmp(r->text + r->at, keyword, len) != 0)
        return false;
    r->at += len;
    return true;
}

/* One field of visible ASCII, perhaps empty, and the `stop` byte behind it. */
static bool
take_field(struct reader *r, char stop, struct sp_span *ret)
{
    size_t i = r->at;

    while (i < r->size && r->text[i] > 0x20 && r->text[i] < 0x7f)
        i++;
    if (i == r->size || r->text[i] != stop)
        return false;
    *ret = (struct sp_span){.offset = r->at, .size = i - r->at};
    r->at = i + 1;
    return true;
}

static bool
take_number(struct reader *r, char stop, uint64_t *ret)
{
    struct sp_span f;

    return take_field(r, stop, &f) &&
           sp_text_u64_len(r->text + f.offset, f.size, UINT64_MAX, ret);
}

static bool
take_digest(struct reader *r, uint8_t ret[SP_SHA256_BYTES])
{
    struct sp_span f;
    char hex[SP_SHA256_HEX] = {0};

    if (!take_field(r, ' ', &f) || f.size != END_HEX)
        return false;
    memcpy(hex, r->text + f.offset, END_HEX);
    return sp_text_unhex(ret, SP_SHA256_BYTES, hex);
}

typedef bool grammar(const char *s, size_t len);

/* Copies the span into a string of `room` bytes when the grammar allows it. */
static bool
copy_word(const struct reader *r, struct sp_span f, grammar *ok, char *dst,
          size_t room)
{
    if (f.size >= room || !ok(r->text + f.offset, f.size))
        return false;
    memcpy(dst, r->text + f.offset, f.size);
    dst[f.size] = '\0';
    return true;
}

static bool
find_byte(const struct reader *r, struct sp_span f, char c, size_t *ret)
{
    for (size_t i = 0; i < f.size; i++) {
        if (r->text[f.offset + i] == c) {
            *ret = i;
            return true;
        }
    }
    return false;
}

/* "EPOCH:VERSION-RELEASE", the epoch always written. */
static bool
take_evr(struct reader *r, struct sp_nevra *n)
{
    struct sp_span f, version, release;
    size_t colon, dash;
    uint64_t epoch;

    if (!take_field(r, ' ', &f) || !find_byte(r, f, ':', &colon) ||
        !find_byte(r, f, '-', &dash) || dash < colon)
        return false;
    if (!sp_text_u64_len(r->text + f.offset, colon, UINT32_MAX, &epoch))
        return false;
    version.offset = f.offset + colon + 1;
    version.size = dash - colon - 1;
    release.offset = f.offset + dash + 1;
    release.size = f.size - dash - 1;
    n->epoch = (uint32_t)epoch;
    return copy_word(r, version, sp_nevra_version_ok, n->version,
                     sizeof(n->version)) &&
           copy_word(r, release, sp_nevra_version_ok, n->release,
                     sizeof(n->release));
}

/* Behind "package NAME SIZE ". */
static bool
take_package(struct reader *r, struct sp_member *m)
{
    struct sp_nevra *n = &m->nevra;
    struct sp_span name, arch, why;

    return take_number(r, ' ', &m->head_size) && take_digest(r, m->sha256) &&
           take_field(r, ' ', &name) &&
           copy_word(r, name, sp_nevra_name_ok, n->name, sizeof(n->name)) &&
           take_evr(r, n) && take_field(r, ' ', &arch) &&
           copy_word(r, arch, sp_nevra_arch_ok, n->arch, sizeof(n->arch)) &&
           take_field(r, '\n', &why) &&
           sp_why_parse(r->text + why.offset, why.size, &m->why);
}

static bool
label_ok(const char *s, size_t len)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "abcdefghijklmnopqrstuvwxyz"
                                  "0123456789._:-";

    for (size_t i = 0; i < len; i++)
        if (!memchr(allowed, s[i], sizeof(allowed) - 1))
            return false;
    return len > 0;
}

/* Behind "evidence NAME SIZE ". */
static bool
take_evidence(struct reader *r, struct sp_member *m)
{
    struct sp_span kind, label;

    if (!take_digest(r, m->sha256) || !take_field(r, ' ', &kind) ||
        !take_field(r, '\n', &label))
        return false;
    for (unsigned i = SP_EVIDENCE_REPOMD; i <= SP_EVIDENCE_COMPS; i++)
        if (kind.size == strlen(evidence_words[i]) &&
            memcmp(r->text + kind.offset, evidence_words[i], kind.size) == 0)
            m->evidence = (enum sp_evidence)i;
    return m->evidence != 0 &&
           copy_word(r, label, label_ok, m->label, sizeof(m->label));
}

/* Behind the keyword. The member's name is left to the caller. */
static bool
take_member(struct reader *r, enum sp_member_kind kind, struct sp_span *name,
            struct sp_member *ret)
{
    memset(ret, 0, sizeof(*ret));
    ret->kind = kind;
    if (!take_field(r, ' ', name) || !take_number(r, ' ', &ret->size))
        return false;
    return kind == SP_MEMBER_PACKAGE ? take_package(r, ret)
                                     : take_evidence(r, ret);
}

static int
refuse(const struct reader *r, const char *reason, const char *what,
       struct sp_error *err)
{
    return sp_fail(err, reason, "MANIFEST, near byte %zu: %s", r->at, what);
}

static int
bad_syntax(const struct reader *r, struct sp_error *err)
{
    return refuse(r, "manifest-syntax", "this is not a valid line", err);
}

/* Counts the member, after its ceilings and its name. */
static int
admit(struct sp_manifest *manifest, const struct reader *r,
      const struct sp_member *m, struct sp_span name, struct sp_error *err)
{
    bool package = m->kind == SP_MEMBER_PACKAGE;
    uint64_t *count = package ? &manifest->packages : &manifest->evidence;
    char expected[SP_MEMBER_NAME_MAX];

    if (*count >= (package ? SP_MAX_PACKAGES : SP_MAX_EVIDENCE))
        return refuse(r, "too-many-files", "too many members", err);
    if (m->size > (package ? SP_MAX_MEMBER_BYTES : SP_MAX_EVIDENCE_BYTES))
        return refuse(r, "file-too-large", "a member is too large", err);
    if (m->size > SP_MAX_BUNDLE_BYTES - manifest->bytes)
        return refuse(r, "too-many-bytes", "too many bytes in all", err);
    if (package && (m->head_size < MIN_HEAD || m->head_size > m->size ||
                    m->head_size > SP_RPM_MAX_HEAD_BYTES))
        return refuse(r, "manifest-syntax", "impossible head size", err);
    (*count)++;
    if (package)
        sp_member_package(expected, *count);
    else
        sp_member_evidence(expected, *count);
    if (strlen(expected) != name.size ||
        memcmp(expected, r->text + name.offset, name.size) != 0)
        return refuse(r, "member-name", "a member has a wrong name", err);
    manifest->bytes += m->size;
    if (m->size > manifest->max_member)
        manifest->max_member = m->size;
    return 0;
}

/* Members rise strictly, so evidence stands before packages. */
static int
check_order(const struct sp_member *last, const struct sp_member *m,
            const struct reader *r, struct sp_error *err)
{
    char shown[SP_NEVRA_SHOWN_MAX];
    int order = last->kind == 0 ? -1 : sp_member_compare(last, m);

    if (order < 0)
        return 0;
    if (order > 0 || m->kind != SP_MEMBER_PACKAGE)
        return refuse(r, "manifest-order", "members are out of order", err);
    sp_nevra_show(&m->nevra, shown, sizeof(shown));
    return sp_fail(err, "duplicate-nevra", "MANIFEST has '%.*s' twice",
                   SP_SHOWN_MAX, shown);
}

static int
parse_requests(struct sp_manifest *manifest, struct reader *r,
               struct sp_error *err)
{
    struct sp_span id, last = {0};

    while (take_keyword(r, "request ")) {
        if (!take_field(r, '\n', &id) || id.size != REQUEST_ID ||
            !sp_text_is_hex(r->text + id.offset, id.size))
            return bad_syntax(r, err);
        if (manifest->requests >= SP_MAX_REQUESTS)
            return refuse(r, "too-many-files", "too many requests", err);
        if (manifest->requests > 0 &&
            memcmp(r->text + last.offset, r->text + id.offset, id.size) >= 0)
            return refuse(r, "manifest-order", "requests are out of order",
                          err);
        manifest->requests++;
        last = id;
    }
    return 0;
}

static enum sp_member_kind
take_member_keyword(struct reader *r)
{
    if (take_keyword(r, "evidence "))
        return SP_MEMBER_EVIDENCE;
    if (take_keyword(r, "package "))
        return SP_MEMBER_PACKAGE;
    return 0;
}

static int
parse_members(struct sp_manifest *manifest, struct reader *r,
              struct sp_error *err)
{
    struct sp_member members[2] = {0};
    enum sp_member_kind kind;

    for (size_t turn = 0; (kind = take_member_keyword(r)) != 0; turn ^= 1) {
        struct sp_member *m = &members[turn];
        struct sp_span name;

        if (!take_member(r, kind, &name, m))
            return bad_syntax(r, err);
        if (check_order(&members[turn ^ 1], m, r, err) < 0 ||
            admit(manifest, r, m, name, err) < 0)
            return -1;
    }
    return 0;
}

static int
parse_total(const struct sp_manifest *manifest, struct reader *r,
            struct sp_error *err)
{
    uint64_t members, bytes;

    if (!take_keyword(r, "total ") || !take_number(r, ' ', &members) ||
        !take_number(r, '\n', &bytes) || r->at != r->size)
        return bad_syntax(r, err);
    if (members != manifest->evidence + manifest->packages ||
        bytes != manifest->bytes)
        return refuse(r, "manifest-total", "the total does not add up", err);
    return 0;
}

/*
 * The digest first: it tells a damaged medium from a foreign text. Without a
 * well-formed end line nothing can be said about damage.
 */
static int
check_seal(const char *text, size_t size, bool *ret_sealed,
           struct sp_error *err)
{
    uint8_t claimed[SP_SHA256_BYTES], digest[SP_SHA256_BYTES];
    char hex[SP_SHA256_HEX] = {0};
    size_t body;

    *ret_sealed = false;
    if (size < END_LINE)
        return 0;
    body = size - END_LINE;
    memcpy(hex, text + body + END_KEYWORD, END_HEX);
    if (memcmp(text + body, "end ", END_KEYWORD) != 0 ||
        text[size - 1] != '\n' || !sp_text_unhex(claimed, sizeof(claimed), hex))
        return 0;
    sp_sha256(text, body, digest);
    if (memcmp(claimed, digest, sizeof(digest)) != 0)
        return sp_fail(err, "manifest-digest",
                       "MANIFEST does not match its own digest: damaged");
    *ret_sealed = true;
    return 0;
}

int
sp_manifest_parse(const char *untrusted_text, size_t size,
                  struct sp_manifest *ret, struct sp_error *err)
{
    struct sp_manifest manifest = {.text = untrusted_text, .size = size};
    struct reader r = {.text = untrusted_text, .size = size};
    bool sealed;

    if (size > SP_MAX_MANIFEST_BYTES)
        return sp_fail(err, "manifest-size", "MANIFEST has %zu bytes", size);
    if (check_seal(untrusted_text, size, &sealed, err) < 0)
        return -1;
    if (!take_keyword(&r, first_line)) {
        if (take_keyword(&r, "bundle "))
            return sp_fail(err, "manifest-version",
                           "the bundle has another format than 1");
        return bad_syntax(&r, err);
    }
    if (!sealed)
        return sp_fail(err, "manifest-syntax", "MANIFEST has no end line");
    r.size = size - END_LINE;
    if (parse_requests(&manifest, &r, err) < 0 ||
        parse_members(&manifest, &r, err) < 0 ||
        parse_total(&manifest, &r, err) < 0)
        return -1;
    *ret = manifest;
    return 0;
}

void
sp_manifest_request(const struct sp_manifest *manifest, uint64_t i,
                    char ret_id[33])
{
    size_t at = FIRST_LINE + (size_t)i * REQUEST_LINE + REQUEST_KEYWORD;

    memcpy(ret_id, manifest->text + at, REQUEST_ID);
    ret_id[REQUEST_ID] = '\0';
}

bool
sp_manifest_next(struct sp_manifest *manifest, struct sp_member *ret)
{
    struct reader r = {.text = manifest->text, .size = manifest->size};
    enum sp_member_kind kind;
    struct sp_span name;

    r.at = manifest->cursor;
    if (r.at == 0)
        r.at = FIRST_LINE + (size_t)manifest->requests * REQUEST_LINE;
    kind = take_member_keyword(&r);
    if (kind == 0)
        return false;
    if (!take_member(&r, kind, &name, ret))
        SP_BUG("MANIFEST changed after it was parsed");
    manifest->cursor = r.at;
    return true;
}

static int
compare_packages(const struct sp_nevra *a, const struct sp_nevra *b)
{
    char evr_a[SP_NEVRA_SHOWN_MAX], evr_b[SP_NEVRA_SHOWN_MAX];
    int order = strcmp(a->name, b->name);

    if (order != 0)
        return order;
    sp_nevra_evr(a, evr_a, sizeof(evr_a));
    sp_nevra_evr(b, evr_b, sizeof(evr_b));
    order = strcmp(evr_a, evr_b);
    return order != 0 ? order : strcmp(a->arch, b->arch);
}

int
sp_member_compare(const struct sp_member *a, const struct sp_member *b)
{
    int order;

    if (a->kind != b->kind)
        return a->kind < b->kind ? -1 : 1;
    if (a->kind == SP_MEMBER_PACKAGE)
        return compare_packages(&a->nevra, &b->nevra);
    order = strcmp(a->label, b->label);
    if (order != 0 || a->evidence == b->evidence)
        return order;
    return a->evidence < b->evidence ? -1 : 1;
}
