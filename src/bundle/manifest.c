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

/* The text without its end line, from where it has been read. */
struct reader {
    struct sp_cursor rest;
    size_t size; /* of all of it */
};

/* The longest field of a line that can be right, an EVR, is shorter. */
enum { FIELD_MAX = 319 };

/* One field, zero behind it. The end of a longer one is not kept. The text
 * ends the struct, so that `make prove` sees one byte too far. */
struct field {
    size_t size;
    char text[FIELD_MAX + 1];
};

static bool
take_keyword(struct reader *r, const char *keyword)
{
    struct sp_cursor rest = r->rest;
    size_t len = strlen(keyword);
    const uint8_t *p = sp_cursor_take(&rest, len);

    if (!p || memcmp(p, keyword, len) != 0)
        return false;
    r->rest = rest;
    return true;
}

/* One field of visible ASCII, not empty, and the `stop` byte behind it. */
static bool
take_field(struct reader *r, char stop, struct field *ret)
{
    struct sp_cursor rest = r->rest;
    size_t size = 0, room = FIELD_MAX;
    const uint8_t *p;

    memset(ret, 0, sizeof(*ret));
    while ((p = sp_cursor_take(&rest, 1)) && *p > 0x20 && *p < 0x7f) {
        size++;
        if (room > 0) {
            ret->text[FIELD_MAX - room] = (char)*p;
            room--;
        }
    }
    if (!p || size == 0 || *p != (uint8_t)stop)
        return false;
    ret->size = size;
    r->rest = rest;
    return true;
}

/* What is left of a field, as a field of its own. */
static void
keep_part(struct sp_cursor part, struct field *ret)
{
    memset(ret, 0, sizeof(*ret));
    ret->size = sp_cursor_copy(part, (uint8_t *)ret->text, FIELD_MAX);
}

/* The part of a field up to `stop`, which is taken too. */
static bool
split_field(struct sp_cursor *rest, char stop, struct field *ret)
{
    struct sp_cursor part = *rest;
    const uint8_t *p;

    do {
        part.stop = rest->left;
        p = sp_cursor_take(rest, 1);
    } while (p && *p != (uint8_t)stop);
    keep_part(part, ret);
    return p;
}

static bool
take_number(struct reader *r, char stop, uint64_t *ret)
{
    struct field f;

    return take_field(r, stop, &f) &&
           sp_text_u64_len(f.text, f.size, UINT64_MAX, ret);
}

static bool
take_digest(struct reader *r, uint8_t dst[SP_SHA256_BYTES])
{
    struct field f;

    return take_field(r, ' ', &f) && f.size == END_HEX &&
           sp_text_unhex(dst, SP_SHA256_BYTES, f.text);
}

typedef bool grammar(const char *s, size_t len);

/* Copies the field into a string of `room` bytes when the grammar allows it. */
static bool
copy_word(const struct field *f, grammar *ok, char *dst, size_t room)
{
    if (f->size >= room || !ok(f->text, f->size))
        return false;
    memcpy(dst, f->text, f->size);
    dst[f->size] = '\0';
    return true;
}

/* "EPOCH:VERSION-RELEASE", the epoch always written. */
static bool
take_evr(struct reader *r, struct sp_nevra *n)
{
    struct field f, epoch, version, release;
    struct sp_cursor rest = {(const uint8_t *)f.text + FIELD_MAX, FIELD_MAX, 0};
    uint64_t number;

    if (!take_field(r, ' ', &f) || f.size > FIELD_MAX)
        return false;
    rest.stop = FIELD_MAX - f.size; /* the zeros behind it */
    if (!split_field(&rest, ':', &epoch) ||
        !split_field(&rest, '-', &version) ||
        !sp_text_u64_len(epoch.text, epoch.size, UINT32_MAX, &number))
        return false;
    keep_part(rest, &release);
    n->epoch = (uint32_t)number;
    return copy_word(&version, sp_nevra_version_ok, n->version,
                     sizeof(n->version)) &&
           copy_word(&release, sp_nevra_version_ok, n->release,
                     sizeof(n->release));
}

/* Behind "package NAME SIZE ". */
static bool
take_package(struct reader *r, struct sp_member *m)
{
    struct sp_nevra *n = &m->nevra;
    struct field name, arch, why;

    return take_number(r, ' ', &m->head_size) && take_digest(r, m->sha256) &&
           take_field(r, ' ', &name) &&
           copy_word(&name, sp_nevra_name_ok, n->name, sizeof(n->name)) &&
           take_evr(r, n) && take_field(r, ' ', &arch) &&
           copy_word(&arch, sp_nevra_arch_ok, n->arch, sizeof(n->arch)) &&
           take_field(r, '\n', &why) &&
           sp_why_parse(why.text, why.size, &m->why);
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
    struct field kind, label;

    if (!take_digest(r, m->sha256) || !take_field(r, ' ', &kind) ||
        !take_field(r, '\n', &label))
        return false;
    for (unsigned i = SP_EVIDENCE_REPOMD; i <= SP_EVIDENCE_COMPS; i++)
        if (kind.size == strlen(evidence_words[i]) &&
            memcmp(kind.text, evidence_words[i], kind.size) == 0)
            m->evidence = (enum sp_evidence)i;
    return m->evidence != 0 &&
           copy_word(&label, label_ok, m->label, sizeof(m->label));
}

/* Behind the keyword. The member's name is left to the caller. */
static bool
take_member(struct reader *r, enum sp_member_kind kind, struct field *name,
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
    return sp_fail(err, reason, "MANIFEST, near byte %zu: %s",
                   r->size - r->rest.left, what);
}

static int
bad_syntax(const struct reader *r, struct sp_error *err)
{
    return refuse(r, "manifest-syntax", "this is not a valid line", err);
}

/* Counts the member, after its ceilings and its name. */
static int
admit(struct sp_manifest *manifest, const struct reader *r,
      const struct sp_member *m, const struct field *name, struct sp_error *err)
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
    if (strlen(expected) != name->size ||
        memcmp(expected, name->text, name->size) != 0)
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
    struct field id = {0}, last = {0};

    while (take_keyword(r, "request ")) {
        if (!take_field(r, '\n', &id) || id.size != REQUEST_ID ||
            !sp_text_is_hex(id.text, id.size))
            return bad_syntax(r, err);
        if (manifest->requests >= SP_MAX_REQUESTS)
            return refuse(r, "too-many-files", "too many requests", err);
        if (manifest->requests > 0 && memcmp(last.text, id.text, id.size) >= 0)
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
        struct field name;

        if (!take_member(r, kind, &name, m))
            return bad_syntax(r, err);
        if (check_order(&members[turn ^ 1], m, r, err) < 0 ||
            admit(manifest, r, m, &name, err) < 0)
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
        !take_number(r, '\n', &bytes) || sp_cursor_size(&r->rest) > 0)
        return bad_syntax(r, err);
    if (members != manifest->evidence + manifest->packages ||
        bytes != manifest->bytes)
        return refuse(r, "manifest-total", "the total does not add up", err);
    return 0;
}

static void
digest_of(struct sp_cursor text, uint8_t ret[SP_SHA256_BYTES])
{
    struct sp_sha256 sha256;
    const uint8_t *p;

    sp_sha256_init(&sha256);
    while ((p = sp_cursor_take(&text, sizeof(sha256.block))) != NULL)
        sp_sha256_update(&sha256, p, sizeof(sha256.block));
    while ((p = sp_cursor_take(&text, 1)) != NULL)
        sp_sha256_update(&sha256, p, 1);
    sp_sha256_final(&sha256, ret);
}

/*
 * The digest first: it tells a damaged medium from a foreign text. Without a
 * well-formed end line nothing can be said about damage.
 */
static int
check_seal(struct sp_cursor text, bool *ret_sealed, struct sp_error *err)
{
    uint8_t claimed[SP_SHA256_BYTES] = {0}, digest[SP_SHA256_BYTES] = {0};
    char hex[SP_SHA256_HEX] = {0};
    struct sp_cursor body = text;
    const uint8_t *line;

    *ret_sealed = false;
    line = sp_cursor_part(&text, text.left - END_LINE, &body)
               ? sp_cursor_take(&text, END_LINE)
               : NULL;
    if (!line)
        return 0;
    memcpy(hex, line + END_KEYWORD, END_HEX);
    if (memcmp(line, "end ", END_KEYWORD) != 0 || line[END_LINE - 1] != '\n' ||
        !sp_text_unhex(claimed, sizeof(claimed), hex))
        return 0;
    digest_of(body, digest);
    if (memcmp(claimed, digest, sizeof(digest)) != 0)
        return sp_fail(err, "manifest-digest",
                       "MANIFEST does not match its own digest: damaged");
    *ret_sealed = true;
    return 0;
}

static int
parse(struct sp_cursor untrusted_text, struct sp_manifest *ret,
      struct sp_error *err)
{
    struct sp_manifest manifest = {.text = untrusted_text};
    struct reader r = {.rest = untrusted_text, .size = untrusted_text.left};
    bool sealed;

    if (r.size > SP_MAX_MANIFEST_BYTES)
        return sp_fail(err, "manifest-size", "MANIFEST has %zu bytes", r.size);
    if (check_seal(untrusted_text, &sealed, err) < 0)
        return -1;
    if (!take_keyword(&r, first_line)) {
        if (take_keyword(&r, "bundle "))
            return sp_fail(err, "manifest-version",
                           "the bundle has another format than 1");
        return bad_syntax(&r, err);
    }
    if (!sealed)
        return sp_fail(err, "manifest-syntax", "MANIFEST has no end line");
    r.rest.stop = END_LINE;
    if (parse_requests(&manifest, &r, err) < 0)
        return -1;
    manifest.members = r.rest;
    if (parse_members(&manifest, &r, err) < 0 ||
        parse_total(&manifest, &r, err) < 0)
        return -1;
    *ret = manifest;
    return 0;
}

int
sp_manifest_parse(const char *untrusted_text, size_t size,
                  struct sp_manifest *ret, struct sp_error *err)
{
    return parse(sp_cursor_over(untrusted_text, size), ret, err);
}

void
sp_manifest_request(const struct sp_manifest *manifest, uint64_t i,
                    char ret_id[33])
{
    struct sp_cursor rest = manifest->text, before = rest;
    size_t at = FIRST_LINE + (size_t)i * REQUEST_LINE + REQUEST_KEYWORD;
    const uint8_t *id = sp_cursor_part(&rest, at, &before)
                            ? sp_cursor_take(&rest, REQUEST_ID)
                            : NULL;

    if (!id)
        SP_BUG("a request that MANIFEST does not have");
    memcpy(ret_id, id, REQUEST_ID);
    ret_id[REQUEST_ID] = '\0';
}

bool
sp_manifest_next(struct sp_manifest *manifest, struct sp_member *ret)
{
    struct reader r = {.rest = manifest->members};
    enum sp_member_kind kind = take_member_keyword(&r);
    struct field name;

    if (kind == 0)
        return false;
    if (!take_member(&r, kind, &name, ret))
        SP_BUG("MANIFEST changed after it was parsed");
    manifest->members = r.rest;
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
