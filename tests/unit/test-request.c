/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Requests: the vectors, every refusal, the walks and the writer. */
#include <fcntl.h>
#include <stdlib.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/io.h"
#include "base/sha256.h"
#include "base/text.h"
#include "bundle/request.h"
#include "tap.h"

#define CORPUS "tests/corpus/request/"

#define ID "id 00112233445566778899aabbccddeeff\n"
#define HEADER                                                                 \
    "request 1\n" ID "created 2026-11-23\nvalid-days 30\n"                     \
    "action upgrade\narch x86_64\nbasearch x86_64\nreleasever 41\n"
#define WITHOUT_ID                                                             \
    "created 2026-11-23\nvalid-days 30\n"                                      \
    "action upgrade\narch x86_64\nbasearch x86_64\nreleasever 41\n"
#define DIGEST_REST                                                            \
    "88c225efa7d22357a69a0086374f753d3f0c307e49b90163516afec6ccbbd74"
#define DIGEST "b" DIGEST_REST
#define PACKAGE "@ hello 0 1.0 1.fc41 noarch\n"

/* The body with its end line: malloc'ed. */
static char *
seal(const char *body, size_t size, size_t *ret_size)
{
    char hex[SP_SHA256_HEX], *text = malloc(size + 128);
    uint8_t digest[SP_SHA256_BYTES];

    if (!text)
        abort();
    sp_sha256(body, size, digest);
    sp_text_hex(hex, digest, sizeof(digest));
    memcpy(text, body, size);
    *ret_size = size + (size_t)snprintf(text + size, 128, "end %s\n", hex);
    return text;
}

static void
refuses_bytes(const char *body, size_t size, const char *reason,
              const char *what)
{
    struct sp_request request;
    struct sp_error err = {0};
    SP_AUTO_FREE char *text = seal(body, size, &size);

    tap_ok(sp_request_parse(text, size, &request, &err) < 0, "refused: %s",
           what);
    tap_is_str(err.detail, reason, "the reason: %s", what);
}

static void
refuses(const char *body, const char *reason, const char *what)
{
    refuses_bytes(body, strlen(body), reason, what);
}

static bool
takes(const char *body, const char *what)
{
    struct sp_request request;
    struct sp_error err = {0};
    size_t size;
    SP_AUTO_FREE char *text = seal(body, strlen(body), &size);
    bool good = sp_request_parse(text, size, &request, &err) == 0;

    return tap_ok(good, "taken: %s (%s)", what, err.msg);
}

static void
test_header(void)
{
    static const char *const bad[][2] = {
        {"request 1\n" PACKAGE "count 1\n", "no header"},
        {"request 1\ncreated 2026-11-23\n" PACKAGE "count 1\n", "no id"},
        {HEADER ID PACKAGE "count 1\n", "a key twice, far behind"},
        {"request 1\n" ID ID PACKAGE "count 1\n", "a key twice"},
        {HEADER "spec late\n" PACKAGE "count 1\n", "a key out of order"},
        {HEADER "\n" PACKAGE "count 1\n", "an empty line"},
        {HEADER " stray block\n" PACKAGE "count 1\n", "a stray block"},
        {HEADER "releasever 42\n" PACKAGE "count 1\n", "the last key twice"},
        {HEADER "opt best yes\nvar a b\n" PACKAGE "count 1\n",
         "optional keys out of order"},
        {"request 1\n" WITHOUT_ID PACKAGE "count 1\n", "no id alone"},
        {HEADER "seen repo 1 2 " DIGEST "a\n" PACKAGE "count 1\n",
         "a digest of 65 digits"},
        {HEADER "opt weakdeps maybe\n" PACKAGE "count 1\n", "no yes or no"},
        {HEADER "opt nonsense yes\n" PACKAGE "count 1\n", "unknown option"},
        {HEADER "opt installonly-limit x\n" PACKAGE "count 1\n", "no number"},
        {HEADER "opt exclude a b\n" PACKAGE "count 1\n", "two words"},
        {HEADER "limit bytes 007\n" PACKAGE "count 1\n", "leading zeros"},
        {HEADER "limit time 7\n" PACKAGE "count 1\n", "unknown limit"},
        {HEADER "seen repo 1 2 abc\n" PACKAGE "count 1\n", "no digest"},
        {HEADER "var one\n" PACKAGE "count 1\n", "a variable without value"},
        {HEADER "repo-file a.repo\n" PACKAGE "count 1\n", "no block"},
        {HEADER "repo-file a b\n x\n" PACKAGE "count 1\n", "bad block name"},
        {HEADER "limit bytes 7 \n" PACKAGE "count 1\n", "a space at the end"},
        {HEADER "var a\tb c\n" PACKAGE "count 1\n", "a tab in a name"},
        {HEADER "var a  b\n" PACKAGE "count 1\n", "a value behind two spaces"},
        {HEADER "opt best\n" PACKAGE "count 1\n", "an option without value"},
        {HEADER "limit bytes\n" PACKAGE "count 1\n", "a limit without number"},
        {HEADER "seen repo\n" PACKAGE "count 1\n", "seen: no revision"},
        {HEADER "seen a\tb 1 2 -\n" PACKAGE "count 1\n", "seen: no id"},
        {HEADER "seen repo 1\n" PACKAGE "count 1\n", "seen: no time"},
        {HEADER "seen repo a\tb 2 -\n" PACKAGE "count 1\n",
         "seen: a revision that is none"},
        {HEADER "seen repo 1 2\n" PACKAGE "count 1\n", "seen: no digest"},
        {HEADER "seen repo 1 x -\n" PACKAGE "count 1\n",
         "seen: a time that is none"},
        {HEADER "seen repo 1 2 x" DIGEST_REST "\n" PACKAGE "count 1\n",
         "seen: 64 characters that are no digits"},
        {HEADER, "neither packages nor count"},
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (i == 5 || i == 6)
            refuses(bad[i][0], "request-version", bad[i][1]);
        else
            refuses(bad[i][0], "request-syntax", bad[i][1]);
    refuses(HEADER "have abc\n" PACKAGE "count 1\n", "request-version",
            "an unknown key");
    refuses(HEADER "repo-file a\n x\n\n" PACKAGE "count 1\n", "request-version",
            "an empty line behind a block");
    refuses(HEADER "y-what abc\n" PACKAGE "count 1\n", "request-version",
            "an unknown key that is no extension");
    takes(HEADER "x-what abc\n more\n" PACKAGE "count 1\n", "an extension");
    takes(HEADER PACKAGE "count 1\n", "nothing but what must be");
}

/* The value of one key of the header replaced. */
static void
test_values(void)
{
    static const char *const bad[] = {
        "id 0011\n",
        "id 00112233445566778899AABBCCDDEEFF\n",
        "id 00112233445566778899aabbccddeeff0\n",
    };
    static const char *const actions[] = {"upgrade now", "remove", "UPGRADE"};
    static const char *const days[] = {"0", "367", "-1", "030", "", "1 2"};
    static const char *const dates[] = {"23-11-2026", "2026-11-2x",
                                        "2026/11/23", "2026-11-233"};
    char body[1024];

    for (size_t i = 0; i < 3; i++) {
        (void)snprintf(body, sizeof(body), "request 1\n%s%s", bad[i],
                       strstr(HEADER PACKAGE "count 1\n", "created"));
        refuses(body, "request-syntax", "an id of another form");
    }
    for (size_t i = 0; i < 4; i++) {
        (void)snprintf(body, sizeof(body), "request 1\n" ID "created %s\n%s",
                       dates[i], strstr(HEADER PACKAGE "count 1\n", "valid"));
        refuses(body, "request-syntax", dates[i]);
    }
    for (size_t i = 0; i < 6; i++) {
        (void)snprintf(body, sizeof(body),
                       "request 1\n" ID "created 2026-11-23\nvalid-days %s\n%s",
                       days[i], strstr(HEADER PACKAGE "count 1\n", "action"));
        refuses(body, "request-syntax", "a number of days");
    }
    for (size_t i = 0; i < 3; i++) {
        (void)snprintf(body, sizeof(body),
                       "request 1\n" ID "created 2026-11-23\nvalid-days 30\n"
                       "action %s\n%s",
                       actions[i], strstr(HEADER PACKAGE "count 1\n", "arch"));
        refuses(body, "request-syntax", actions[i]);
    }
}

static void
test_specs(void)
{
    static const char *const needy[] = {"install", "reinstall", "downgrade",
                                        "download"};
    static const char *const bad[] = {"-y", "", " a", "a ", "\xc3\xa4"};
    char body[1024];

    for (size_t i = 0; i < 4; i++) {
        (void)snprintf(body, sizeof(body),
                       "request 1\n" ID "created 2026-11-23\nvalid-days 30\n"
                       "action %s\n%s",
                       needy[i], strstr(HEADER PACKAGE "count 1\n", "arch"));
        refuses(body, "request-syntax", needy[i]);
    }
    for (size_t i = 0; i < 5; i++) {
        (void)snprintf(body, sizeof(body),
                       "request 1\n" ID "created 2026-11-23\nvalid-days 30\n"
                       "action install\nspec %s\n%s",
                       bad[i], strstr(HEADER PACKAGE "count 1\n", "arch"));
        refuses(body, "request-syntax", "a spec that is none");
    }
    for (int more = 0; more <= 1; more++) {
        (void)snprintf(body, sizeof(body),
                       "request 1\n" ID "created 2026-11-23\nvalid-days 30\n"
                       "action install\nspec %0*d\n%s",
                       512 + more, 7,
                       strstr(HEADER PACKAGE "count 1\n", "arch"));
        if (more)
            refuses(body, "request-syntax", "a spec of 513 bytes");
        else
            takes(body, "a spec of 512 bytes");
    }
    tap_is_str(sp_action_word(SP_ACTION_NONE), "-", "no action has no word");
    tap_is_str(sp_action_word((enum sp_action)(SP_ACTION_LIST + 1)), "-",
               "nor has one that is unknown");
}

static void
test_packages(void)
{
    static const char *const bad[][2] = {
        {"@ hello 0 1.0 1.fc41\n", "no arch"},
        {"@ hello 0 1.0 1.fc41 noarch \n", "a space at the end"},
        {"@ hello 0 1.0 1.fc41 noarch x\n", "a word too many"},
        {"@ hello 00 1.0 1.fc41 noarch\n", "epoch with a leading zero"},
        {"@ hello 4294967296 1.0 1.fc41 noarch\n", "epoch too large"},
        {"@ -hello 0 1.0 1.fc41 noarch\n", "a name that is none"},
        {"@ hello 0 1-0 1.fc41 noarch\n", "a version that is none"},
        {"@ hello 0 1.0 1/fc41 noarch\n", "a release that is none"},
        {"@ hello 0 1.0 1.fc41 x86-64\n", "an arch that is none"},
        {"@  hello 0 1.0 1.fc41 noarch\n", "two spaces"},
        {PACKAGE PACKAGE, "the same package twice"},
        {PACKAGE "@ abc 0 1 1 noarch\n", "packages out of order"},
        {"@ hello 1 1.0 1.fc41 noarch\n" PACKAGE, "epochs out of order"},
        {PACKAGE "| \n", "an empty vendor"},
        {PACKAGE "p a\n| vendor\n", "a vendor behind a line"},
        {PACKAGE "z what\n", "an unknown line"},
        {PACKAGE "p \n", "an empty line"},
        {PACKAGE "pa\n", "a line without space"},
        {PACKAGE "f usr/bin\n", "a file that is no absolute path"},
        {PACKAGE "opt best yes\n", "a header line behind packages"},
        {"@ hello 0\n", "nothing behind the epoch"},
        {PACKAGE "@hello 0 1.0 1.fc41 noarch\n", "no space behind the @"},
    };
    char body[1024];

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        (void)snprintf(body, sizeof(body), "%s%scount %d\n", HEADER, bad[i][0],
                       i >= 10 && i <= 12 ? 2 : 1);
        refuses(body, "request-syntax", bad[i][1]);
    }
    (void)snprintf(body, sizeof(body), "%s@ %0300d 0 1 1 noarch\ncount 1\n",
                   HEADER, 7);
    refuses(body, "request-syntax", "a name of 300 bytes");
    takes(HEADER PACKAGE "@ hello 1 0.5 1 noarch\ncount 2\n",
          "an epoch more, whatever the version");
}

static void
test_end(void)
{
    refuses(HEADER PACKAGE "count 2\n", "request-count", "one too few");
    refuses(HEADER PACKAGE "count 0\n", "request-count", "one too many");
    refuses(HEADER "count 0\n", "request-empty", "no package");
    refuses(HEADER PACKAGE, "request-syntax", "no count");
    refuses(HEADER PACKAGE "count 1", "request-truncated",
            "the end line is no line");
    refuses(HEADER PACKAGE "count 01\n", "request-syntax", "count 01");
    refuses(HEADER PACKAGE "count 1\ncount 1\n", "request-syntax", "twice");
    refuses(HEADER PACKAGE "count 1\n" PACKAGE, "request-syntax", "more");
    refuses("request 2\n", "request-version", "another format");
    refuses("bundle 1\n", "request-syntax", "something else");
    refuses_bytes("", 0, "request-syntax", "nothing");
    refuses(HEADER "x-a \x01\n" PACKAGE "count 1\n", "request-syntax",
            "a control character");
    refuses(HEADER "x-a \x7f\n" PACKAGE "count 1\n", "request-syntax", "DEL");
    refuses_bytes(HEADER "x-a \0\n" PACKAGE "count 1\n",
                  sizeof(HEADER "x-a \0\n" PACKAGE "count 1\n") - 1,
                  "request-syntax", "a NUL");
    refuses(HEADER "x-a \r\n" PACKAGE "count 1\n", "request-syntax", "a CR");
}

static void
test_limits(void)
{
    const size_t head = strlen(HEADER);
    SP_AUTO_FREE char *body = malloc(SP_REQUEST_MAX_BYTES + 2);
    size_t at;

    if (!body)
        abort();
    /* A line of 4,096 bytes with its LF, and one of 4,097. */
    for (int more = 0; more <= 1; more++) {
        memcpy(body, HEADER, head);
        memset(body + head, 'a', 4096);
        memcpy(body + head, "x-a ", 4);
        (void)snprintf(body + head + 4095 + more, 64, "\n" PACKAGE "count 1\n");
        if (more)
            refuses(body, "request-size", "a line of 4,097 bytes");
        else
            takes(body, "a line of 4,096 bytes");
    }
    for (unsigned n = SP_REQUEST_MAX_PACKAGES; n <= 20001; n++) {
        memcpy(body, HEADER, head);
        at = head;
        for (unsigned i = 0; i < n; i++)
            at += (size_t)snprintf(body + at, 64, "@ p%05u 0 1 1 noarch\n", i);
        (void)snprintf(body + at, 64, "count %u\n", n);
        if (n > SP_REQUEST_MAX_PACKAGES)
            refuses(body, "request-size", "20,001 packages");
        else
            takes(body, "20,000 packages");
    }
    memset(body, '\n', SP_REQUEST_MAX_BYTES);
    refuses_bytes(body, SP_REQUEST_MAX_BYTES - 68, "request-size",
                  "16 MiB + 1");
}

static char *
load(const char *name, size_t *ret_size)
{
    struct sp_error err = {0};
    char *text = NULL;

    if (sp_read_file(AT_FDCWD, name, SP_REQUEST_MAX_BYTES, &text, ret_size,
                     &err) < 0)
        tap_ok(false, "%s: %s", name, err.msg);
    return text;
}

/* Cut anywhere, and with any one bit flipped, it is refused. */
static void
test_damage(void)
{
    struct sp_request request;
    struct sp_error err = {0};
    size_t size = 0, cuts = 0, flips = 0, told = 0;
    SP_AUTO_FREE char *text = load(CORPUS "full.request", &size);

    for (size_t i = 0; text && i < size; i++) {
        cuts += sp_request_parse(text, i, &request, &err) < 0;
        told += strcmp(err.detail, "request-truncated") == 0;
        text[i] = (char)(text[i] ^ 1);
        flips += sp_request_parse(text, size, &request, &err) < 0;
        text[i] = (char)(text[i] ^ 1);
    }
    tap_is_u64(cuts, size, "every cut is refused");
    tap_is_u64(told, size - 10, "as truncated, behind the first line");
    tap_is_u64(flips, size, "every flipped bit is refused");
    tap_ok(text && sp_request_parse(text, size, &request, &err) == 0,
           "the whole one is taken");
}

static void
is_view(struct sp_view view, const char *want, const char *what)
{
    char got[512];

    (void)snprintf(got, sizeof(got), "%.*s", (int)view.size, view.bytes);
    tap_is_str(got, want, "%s", what);
}

static void
test_small(void)
{
    struct sp_request q;
    struct sp_request_package p;
    struct sp_request_field f;
    struct sp_error err = {0};
    struct sp_view view;
    size_t size = 0, cursor = 0, line = 0;
    SP_AUTO_FREE char *text = load(CORPUS "small.request", &size);
    char kind;

    if (!text || !tap_ok(sp_request_parse(text, size, &q, &err) == 0, "small"))
        return;
    tap_is_str(q.id, "00112233445566778899aabbccddeeff", "id");
    tap_is_str(sp_action_word(q.action), "upgrade", "action");
    tap_is_u64(q.packages, 1, "one package");
    tap_is_u64(q.limit_bytes, UINT64_MAX, "no limit");
    tap_ok(sp_request_flag(&q, "best", true), "an option that is not there");
    tap_ok(!sp_request_next(&q, SP_REQUEST_KEY_SPEC, &cursor, &f), "no spec");
    cursor = 0;
    tap_ok(sp_request_package(&q, &cursor, &p), "the package");
    tap_is_str(p.nevra.name, "hello", "its name");
    tap_is_u64(p.vendor.size, 0, "it has no vendor");
    tap_ok(!sp_request_line(&p, &line, &kind, &view), "and no lines");
    tap_ok(!sp_request_package(&q, &cursor, &p), "no other package");
}

static void
test_full_header(const struct sp_request *q)
{
    struct sp_request_field f;
    struct sp_view view;
    size_t cursor = 0, size = 0, n = 0;
    char *block;

    is_view(q->created, "2026-11-23", "created");
    tap_is_u64(q->valid_days, 30, "valid-days");
    is_view(q->arch, "i686", "arch");
    is_view(q->basearch, "i386", "basearch");
    is_view(q->releasever, "4.3", "releasever");
    tap_is_u64(q->limit_bytes, 8589934592, "limit of bytes");
    tap_is_u64(q->limit_files, 4096, "limit of files");
    tap_is_u64(q->specs, 3, "three specs");
    tap_is_u64(q->repo_files, 1, "one repository file");
    while (sp_request_next(q, SP_REQUEST_KEY_SPEC, &cursor, &f))
        if (++n == 2)
            is_view(f.value, "/usr/bin/hi there", "a spec with a space");
    tap_is_u64(n, 3, "three specs are met");
    tap_ok(!sp_request_flag(q, "best", true), "the last option counts");
    tap_ok(sp_request_flag(q, "vendorchange", false), "vendorchange yes");
    cursor = 0;
    tap_ok(sp_request_named(q, SP_REQUEST_KEY_VAR, "stream", &cursor, &view),
           "the variable");
    is_view(view, "fast lane", "its value");
    cursor = 0;
    tap_ok(sp_request_next(q, SP_REQUEST_KEY_SEEN, &cursor, &f), "seen");
    tap_ok(sp_request_next(q, SP_REQUEST_KEY_REPO_FILE, &cursor, &f),
           "the repository file, behind an extension");
    is_view(f.value, "qubes-dom0.repo", "its name");
    block = sp_request_block(f.block, &size);
    tap_is_str(block,
               "[qubes-dom0-current]\nname=Qubes repository \xe2\x80\x93 "
               "updates\n\nbaseurl=https://mirror.example/r$releasever/\n",
               "its text");
    tap_is_u64(size, block ? strlen(block) : 0, "its size");
    free(block);
    tap_ok(sp_request_next(q, SP_REQUEST_KEY_PUBKEY, &cursor, &f), "a key");
}

static void
test_full(void)
{
    struct sp_request q;
    struct sp_request_package p[3];
    struct sp_error err = {0};
    struct sp_view view;
    size_t size = 0, cursor = 0, line = 0;
    SP_AUTO_FREE char *text = load(CORPUS "full.request", &size);
    char kind, kinds[16] = "";

    if (!text || !tap_ok(sp_request_parse(text, size, &q, &err) == 0, "full"))
        return;
    test_full_header(&q);
    for (size_t i = 0; i < 3; i++)
        tap_ok(sp_request_package(&q, &cursor, &p[i]), "package %zu", i);
    tap_ok(!sp_request_package(&q, &cursor, &p[0]), "no fourth");
    is_view(p[0].vendor, "Qubes OS Project", "vendor");
    tap_is_u64(p[0].nevra.epoch, 1000, "epoch");
    tap_is_u64(p[1].lines.size, 0, "the second has no lines");
    while (sp_request_line(&p[2], &line, &kind, &view)) {
        (void)snprintf(kinds + strlen(kinds), 2, "%c", kind);
        if (kind == 'r')
            is_view(view, "(app >= 1 if lib-extra)", "a rich dependency");
        if (kind == 'f')
            is_view(view, "/usr/bin/hi there", "a file with a space");
    }
    tap_is_str(kinds, "procmsuef", "all kinds of lines");
}

/* A block may come with CR LF and end without a line end. */
static void
test_block_writer(void)
{
    struct sp_request_writer w;
    struct sp_error err = {0};

    (void)sp_request_write_begin(&w, &err);
    sp_request_write_block(&w, "a\r\n\nb", 5);
    (void)fflush(w.out);
    tap_is_str(w.text.bytes, "request 1\n a\n \n b\n", "lines of a block");
    sp_request_write_release(&w);
}

/* What the writer makes of the vector's content is the vector. */
static void
test_writer(void)
{
    const struct sp_nevra nevra = {.name = "hello",
                                   .version = "1.0",
                                   .release = "1.fc41",
                                   .arch = "noarch"};
    struct sp_request_writer w;
    struct sp_error err = {0};
    size_t size = 0, want_size = 0;
    char *text = NULL;
    SP_AUTO_FREE char *want = load(CORPUS "small.request", &want_size);

    tap_ok(sp_request_write_begin(&w, &err) == 0, "begin");
    tap_ok(sp_request_write_field(&w, SP_REQUEST_KEY_ID, &err, "%s",
                                  "00112233445566778899aabbccddeeff") == 0 &&
               sp_request_write_field(&w, SP_REQUEST_KEY_CREATED, &err, "%s",
                                      "2026-11-23") == 0 &&
               sp_request_write_field(&w, SP_REQUEST_KEY_VALID_DAYS, &err, "%d",
                                      30) == 0 &&
               sp_request_write_field(&w, SP_REQUEST_KEY_ACTION, &err, "%s",
                                      "upgrade") == 0,
           "fields");
    tap_ok(sp_request_write_field(&w, SP_REQUEST_KEY_SPEC, &err, "%s",
                                  "a\nspec b") < 0,
           "a value cannot bring a line of its own");
    tap_is_str(err.detail, "usage", "its reason");
    tap_ok(sp_request_write_field(&w, SP_REQUEST_KEY_SPEC, &err, "a\x7f") < 0 &&
               sp_request_write_field(&w, SP_REQUEST_KEY_SPEC, &err, "%0*d",
                                      SP_REQUEST_MAX_LINE, 1) < 0,
           "nor a control character, nor more than a line");
    (void)sp_request_write_field(&w, SP_REQUEST_KEY_ARCH, &err, "x86_64");
    (void)sp_request_write_field(&w, SP_REQUEST_KEY_BASEARCH, &err, "x86_64");
    (void)sp_request_write_field(&w, SP_REQUEST_KEY_RELEASEVER, &err, "41");
    sp_request_write_package(&w, &nevra, (struct sp_view){"", 0});
    tap_ok(sp_request_write_end(&w, &text, &size, &err) == 0, "end");
    tap_ok(text && want && size == want_size && memcmp(text, want, size) == 0,
           "byte for byte the vector");
    free(text);
    sp_request_write_release(&w);
    /* A writer that is used wrongly is found out by the reader. */
    (void)sp_request_write_begin(&w, &err);
    tap_ok(sp_request_write_end(&w, &text, &size, &err) < 0, "no header");
    sp_request_write_release(&w);
}

int
main(void)
{
    test_header();
    test_values();
    test_specs();
    test_packages();
    test_end();
    test_limits();
    test_damage();
    test_small();
    test_full();
    test_block_writer();
    test_writer();
    return tap_done();
}
