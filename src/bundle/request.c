/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bundle/request.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"
#include "base/sha256.h"
#include "base/text.h"
#include "bundle/request-key.h"
#include "bundle/rpm.h"

static const char first_line[] = "request 1\n";

enum {
    FIRST_LINE = sizeof(first_line) - 1,
    END_KEYWORD = 4, /* "end " */
    END_HEX = 2 * SP_SHA256_BYTES,
    END_LINE = END_KEYWORD + END_HEX + 1,
};

/* The kinds of lines below a package. */
static const char line_kinds[] = "procmsuef";

bool
sp_view_is(struct sp_view view, const char *word)
{
    return view.size == strlen(word) &&
           memcmp(view.bytes, word, view.size) == 0;
}

bool
sp_view_split(struct sp_view view, struct sp_view *ret_name,
              struct sp_view *ret_value)
{
    const char *space = memchr(view.bytes, ' ', view.size);
    size_t len;

    if (!space)
        return false;
    len = (size_t)(space - view.bytes);
    *ret_name = (struct sp_view){view.bytes, len};
    *ret_value = (struct sp_view){space + 1, view.size - len - 1};
    return true;
}

/* ---- lines ---- */

/* Where the parser stands: `size` ends the lines, the end line is behind. */
struct reader {
    const char *text;
    size_t size;
    size_t at;
    unsigned number; /* of the line at `at`, 1 based */
};

static int
refuse(const struct reader *r, const char *reason, const char *what,
       struct sp_error *err)
{
    return sp_fail(err, reason, "request, line %u: %s", r->number, what);
}

static int
bad_line(const struct reader *r, struct sp_error *err)
{
    return refuse(r, "request-syntax", "this is not a valid line", err);
}

/* The line at r->at without its LF; false at the end of the text. */
static bool
peek(const struct reader *r, struct sp_view *ret)
{
    const char *start = r->text + r->at;
    const char *end;

    if (r->at >= r->size)
        return false;
    end = memchr(start, '\n', r->size - r->at);
    if (!end)
        return false;
    *ret = (struct sp_view){start, (size_t)(end - start)};
    return true;
}

static void
advance(struct reader *r, struct sp_view line)
{
    r->at += line.size + 1;
    r->number++;
}

/* No control characters but tabs; what is above ASCII is let through. */
static bool
is_text(struct sp_view line)
{
    for (size_t i = 0; i < line.size; i++) {
        unsigned char c = (unsigned char)line.bytes[i];

        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return false;
    }
    return true;
}

/* Every line, before its content is looked at. */
static int
check_lines(struct reader *r, struct sp_error *err)
{
    struct reader walk = *r;
    struct sp_view line;

    while (peek(&walk, &line)) {
        if (line.size >= SP_REQUEST_MAX_LINE)
            return refuse(&walk, "request-size", "the line is too long", err);
        if (!is_text(line))
            return refuse(&walk, "request-syntax", "a control character", err);
        advance(&walk, line);
    }
    return 0;
}

/* "K value" behind its prefix of `len` bytes, when it has that prefix. */
static bool
behind(struct sp_view line, const char *prefix, size_t len, struct sp_view *ret)
{
    if (line.size < len || memcmp(line.bytes, prefix, len) != 0)
        return false;
    *ret = (struct sp_view){line.bytes + len, line.size - len};
    return true;
}

/* ---- header ---- */

static struct sp_view
take_block(struct reader *r)
{
    struct sp_view line, block = {r->text + r->at, 0};

    while (peek(r, &line) && line.size > 0 && line.bytes[0] == ' ') {
        advance(r, line);
        block.size += line.size + 1;
    }
    return block;
}

static bool
is_extension(struct sp_view line)
{
    return line.size > 2 && memcmp(line.bytes, "x-", 2) == 0;
}

/* Does the header go on? Packages, or the count, end it. */
static bool
in_header(const struct reader *r, struct sp_view *ret)
{
    struct sp_view rest;

    return peek(r, ret) && !behind(*ret, "@ ", 2, &rest) &&
           !behind(*ret, "count ", 6, &rest);
}

static void
keep_limit(struct sp_request *q, struct sp_view value)
{
    struct sp_view name = value, number = value;
    uint64_t n = 0;

    (void)sp_view_split(value, &name, &number);
    (void)sp_text_u64_len(number.bytes, number.size, UINT64_MAX, &n);
    if (sp_view_is(name, "bytes"))
        q->limit_bytes = n;
    else
        q->limit_files = n;
}

/* The grammar held: what is asked for often gets a place of its own. */
static void
keep(struct sp_request *q, const struct sp_request_field *f)
{
    const struct sp_view v = f->value;

    switch (f->key) {
    case SP_REQUEST_KEY_ID: memcpy(q->id, v.bytes, sizeof(q->id) - 1); break;
    case SP_REQUEST_KEY_CREATED: q->created = v; break;
    case SP_REQUEST_KEY_VALID_DAYS:
        (void)sp_text_u64_len(v.bytes, v.size, SP_REQUEST_MAX_DAYS,
                              &q->valid_days);
        break;
    case SP_REQUEST_KEY_ACTION: (void)sp_action_parse(v, &q->action); break;
    case SP_REQUEST_KEY_SPEC: q->specs++; break;
    case SP_REQUEST_KEY_ARCH: q->arch = v; break;
    case SP_REQUEST_KEY_BASEARCH: q->basearch = v; break;
    case SP_REQUEST_KEY_RELEASEVER: q->releasever = v; break;
    case SP_REQUEST_KEY_LIMIT: keep_limit(q, v); break;
    case SP_REQUEST_KEY_REPO_FILE: q->repo_files++; break;
    case SP_REQUEST_KEY_VAR:
    case SP_REQUEST_KEY_OPT:
    case SP_REQUEST_KEY_SEEN:
    case SP_REQUEST_KEY_PUBKEY: break;
    }
}

static int
parse_field(struct reader *r, struct sp_view line, unsigned *last,
            struct sp_request *q, struct sp_error *err)
{
    struct sp_request_field f = {0};
    char shown[40];
    enum sp_request_fit fit = sp_request_key_read(line, &f);

    if (fit == SP_REQUEST_UNKNOWN) {
        sp_text_show_bytes(shown, sizeof(shown), line.bytes, line.size);
        return sp_fail(err, "request-version",
                       "request, line %u: unknown key in '%s'", r->number,
                       shown);
    }
    if (fit == SP_REQUEST_MISFIT)
        return bad_line(r, err);
    /* *last is the key before this one, plus one; 0 at the start. */
    if (f.key + 1 < *last || (f.key + 1 == *last && sp_request_key_once(f.key)))
        return refuse(r, "request-syntax", "a key twice or out of order", err);
    for (unsigned k = *last; k < (unsigned)f.key; k++)
        if (sp_request_key_once((enum sp_request_key)k))
            return refuse(r, "request-syntax", "a key is missing before", err);
    *last = (unsigned)f.key + 1;
    keep(q, &f);
    advance(r, line);
    if (sp_request_key_has_block(f.key) && take_block(r).size == 0)
        return refuse(r, "request-syntax", "a block is missing", err);
    return 0;
}

static int
parse_header(struct reader *r, struct sp_request *q, struct sp_error *err)
{
    unsigned last = 0;
    struct sp_view line;

    q->fields_at = r->at;
    while (in_header(r, &line)) {
        if (is_extension(line)) {
            advance(r, line);
            (void)take_block(r);
        } else if (parse_field(r, line, &last, q, err) < 0) {
            return -1;
        }
    }
    if (last <= SP_REQUEST_KEY_RELEASEVER)
        return refuse(r, "request-syntax", "the header is not complete", err);
    if (sp_action_needs_spec(q->action) && q->specs == 0)
        return refuse(r, "request-syntax", "the action needs a spec", err);
    return 0;
}

/* ---- packages ---- */

typedef bool grammar(const char *s, size_t len);

static bool
copy_word(struct sp_view word, grammar *ok, char *dst, size_t room)
{
    if (word.size >= room || !ok(word.bytes, word.size))
        return false;
    memcpy(dst, word.bytes, word.size);
    dst[word.size] = '\0';
    return true;
}

/* The word before the next space of *rest, which goes on behind it. */
static bool
take_word(struct sp_view *rest, grammar *ok, char *dst, size_t room)
{
    struct sp_view word;

    return sp_view_split(*rest, &word, rest) && copy_word(word, ok, dst, room);
}

bool
sp_request_nevra(struct sp_view text, struct sp_nevra *ret)
{
    struct sp_view epoch, rest = text;
    uint64_t number;

    memset(ret, 0, sizeof(*ret));
    if (!take_word(&rest, sp_nevra_name_ok, ret->name, sizeof(ret->name)) ||
        !sp_view_split(rest, &epoch, &rest) ||
        !sp_text_u64_len(epoch.bytes, epoch.size, UINT32_MAX, &number))
        return false;
    ret->epoch = (uint32_t)number;
    return take_word(&rest, sp_nevra_version_ok, ret->version,
                     sizeof(ret->version)) &&
           take_word(&rest, sp_nevra_version_ok, ret->release,
                     sizeof(ret->release)) &&
           copy_word(rest, sp_nevra_arch_ok, ret->arch, sizeof(ret->arch));
}

static bool
is_package_line(struct sp_view line)
{
    return line.size > 2 && line.bytes[1] == ' ' &&
           memchr(line_kinds, line.bytes[0], sizeof(line_kinds) - 1) &&
           (line.bytes[0] != 'f' || line.bytes[2] == '/');
}

/* "@ NEVRA", perhaps "| VENDOR", and lines of one letter. */
static bool
take_package(struct reader *r, struct sp_request_package *ret)
{
    struct sp_view line, value;

    if (!peek(r, &line) || !behind(line, "@ ", 2, &value) ||
        !sp_request_nevra(value, &ret->nevra))
        return false;
    advance(r, line);
    ret->vendor = (struct sp_view){line.bytes, 0};
    if (peek(r, &line) && behind(line, "| ", 2, &value) && value.size > 0) {
        ret->vendor = value;
        advance(r, line);
    }
    ret->lines = (struct sp_view){r->text + r->at, 0};
    while (peek(r, &line) && is_package_line(line)) {
        advance(r, line);
        ret->lines.size += line.size + 1;
    }
    return true;
}

int
sp_request_order(const struct sp_nevra *a, const struct sp_nevra *b)
{
    int order = strcmp(a->name, b->name);

    if (order == 0)
        order = a->epoch < b->epoch ? -1 : a->epoch > b->epoch;
    if (order == 0)
        order = strcmp(a->version, b->version);
    if (order == 0)
        order = strcmp(a->release, b->release);
    return order ? order : strcmp(a->arch, b->arch);
}

static int
parse_packages(struct reader *r, struct sp_request *q, struct sp_error *err)
{
    struct sp_request_package package[2];
    struct sp_view line;

    q->packages_at = r->at;
    while (peek(r, &line) && line.bytes[0] == '@') {
        size_t turn = q->packages % 2;

        if (!take_package(r, &package[turn]))
            return bad_line(r, err);
        if (q->packages > 0 && sp_request_order(&package[turn ^ 1].nevra,
                                                &package[turn].nevra) >= 0)
            return refuse(r, "request-syntax",
                          "the package before is out of order", err);
        if (++q->packages > SP_REQUEST_MAX_PACKAGES)
            return refuse(r, "request-size", "too many packages", err);
    }
    return 0;
}

static int
parse_count(struct reader *r, const struct sp_request *q, struct sp_error *err)
{
    struct sp_view line, value;
    uint64_t count;

    if (!peek(r, &line) || !behind(line, "count ", 6, &value) ||
        !sp_text_u64_len(value.bytes, value.size, UINT64_MAX, &count))
        return bad_line(r, err);
    advance(r, line);
    if (r->at != r->size)
        return bad_line(r, err);
    if (count != q->packages)
        return refuse(r, "request-count", "the count of packages is wrong",
                      err);
    if (count == 0)
        return refuse(r, "request-empty", "no package is installed there", err);
    return 0;
}

/* ---- the whole ---- */

/* The first line and the end line: what it is, and whether it is whole. */
static int
check_seal(const char *text, size_t size, struct sp_error *err)
{
    uint8_t claimed[SP_SHA256_BYTES], digest[SP_SHA256_BYTES];
    char hex[SP_SHA256_HEX] = {0};
    size_t body;

    if (size > SP_REQUEST_MAX_BYTES)
        return sp_fail(err, "request-size", "the request has over %d bytes",
                       SP_REQUEST_MAX_BYTES);
    if (size < FIRST_LINE || memcmp(text, first_line, FIRST_LINE) != 0) {
        if (size >= 8 && memcmp(text, "request ", 8) == 0)
            return sp_fail(err, "request-version",
                           "the request has another format than 1");
        return sp_fail(err, "request-syntax", "this is not a request");
    }
    body = size < END_LINE ? 0 : size - END_LINE;
    if (body < FIRST_LINE || text[body - 1] != '\n' || text[size - 1] != '\n' ||
        memcmp(text + body, "end ", END_KEYWORD) != 0)
        return sp_fail(err, "request-truncated",
                       "the request is cut off: it has no end line");
    memcpy(hex, text + body + END_KEYWORD, END_HEX);
    sp_sha256(text, body, digest);
    if (!sp_text_unhex(claimed, sizeof(claimed), hex) ||
        memcmp(claimed, digest, sizeof(digest)) != 0)
        return sp_fail(err, "request-digest",
                       "the request does not match its own digest: damaged");
    return 0;
}

int
sp_request_parse(const char *untrusted_text, size_t size,
                 struct sp_request *ret, struct sp_error *err)
{
    struct sp_request q = {.text = untrusted_text,
                           .size = size,
                           .limit_bytes = UINT64_MAX,
                           .limit_files = UINT64_MAX};
    struct reader r = {.text = untrusted_text, .at = FIRST_LINE, .number = 2};

    if (check_seal(untrusted_text, size, err) < 0)
        return -1;
    r.size = size - END_LINE;
    if (check_lines(&r, err) < 0 || parse_header(&r, &q, err) < 0 ||
        parse_packages(&r, &q, err) < 0 || parse_count(&r, &q, err) < 0)
        return -1;
    *ret = q;
    return 0;
}

/* ---- the walks ---- */

bool
sp_request_next(const struct sp_request *request, enum sp_request_key key,
                size_t *cursor, struct sp_request_field *ret)
{
    struct reader r = {.text = request->text, .size = request->packages_at};
    struct sp_view line;

    r.at = *cursor ? *cursor : request->fields_at;
    while (peek(&r, &line)) {
        struct sp_request_field f = {0};
        bool known = sp_request_key_read(line, &f) == SP_REQUEST_FITS;

        advance(&r, line);
        f.block = take_block(&r);
        if (known && f.key == key) {
            *cursor = r.at;
            *ret = f;
            return true;
        }
    }
    *cursor = r.at;
    return false;
}

bool
sp_request_named(const struct sp_request *request, enum sp_request_key key,
                 const char *name, size_t *cursor, struct sp_view *ret_value)
{
    struct sp_request_field f;
    struct sp_view found, value;

    while (sp_request_next(request, key, cursor, &f)) {
        if (sp_view_split(f.value, &found, &value) && sp_view_is(found, name)) {
            *ret_value = value;
            return true;
        }
    }
    return false;
}

bool
sp_request_flag(const struct sp_request *request, const char *opt,
                bool fallback)
{
    struct sp_view value;
    size_t cursor = 0;
    bool flag = fallback;

    while (sp_request_named(request, SP_REQUEST_KEY_OPT, opt, &cursor, &value))
        flag = sp_view_is(value, "yes");
    return flag;
}

char *
sp_request_block(struct sp_view block, size_t *ret_size)
{
    char *text = malloc(block.size + 1);
    struct reader r = {.text = block.bytes, .size = block.size};
    struct sp_view line;
    size_t size = 0;

    if (!text)
        return NULL;
    while (peek(&r, &line)) {
        memcpy(text + size, line.bytes + 1, line.size);
        size += line.size; /* the space less, the LF more */
        advance(&r, line);
    }
    text[size] = '\0';
    *ret_size = size;
    return text;
}

bool
sp_request_package(const struct sp_request *request, size_t *cursor,
                   struct sp_request_package *ret)
{
    struct reader r = {.text = request->text, .size = request->size};

    r.at = *cursor ? *cursor : request->packages_at;
    if (r.text[r.at] != '@')
        return false;
    if (!take_package(&r, ret))
        SP_BUG("a request changed after it was parsed");
    *cursor = r.at;
    return true;
}

bool
sp_request_line(const struct sp_request_package *package, size_t *cursor,
                char *ret_kind, struct sp_view *ret_value)
{
    struct reader r = {.text = package->lines.bytes,
                       .size = package->lines.size,
                       .at = *cursor};
    struct sp_view line;

    if (!peek(&r, &line))
        return false;
    *ret_kind = line.bytes[0];
    *ret_value = (struct sp_view){line.bytes + 2, line.size - 2};
    advance(&r, line);
    *cursor = r.at;
    return true;
}
