/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The list file: every form of a line, every mistake with its line number. */
#include <stdlib.h>

#include "base/auto.h"
#include "build/list.h"
#include "bundle/limits.h"
#include "tests/unit/memory.h"
#include "tests/unit/tap.h"

#define HEX62 "112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define HEX "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static struct sp_error err;

/* Parses a copy of exact size, so that a sanitizer sees one byte more. */
static int
parse(struct sp_list *list, const char *text, size_t size)
{
    SP_AUTO_FREE char *copy = malloc(size ? size : 1);

    memset(list, 0, sizeof(*list));
    memset(&err, 0, sizeof(err));
    if (!copy)
        return -1;
    memcpy(copy, text, size);
    return sp_list_parse(list, copy, size, "LIST", &err);
}

static void
test_good(void)
{
    static const char text[] = "# comment\n"
                               "\n"
                               "  dir/with space.rpm\t\n"
                               "a.rpm sha256:" HEX "\n"
                               "b.rpm  \t sha256:ff" HEX62 "  \n"
                               "https://host/x.rpm#part sha256:FE" HEX62 "\n"
                               "HTTP://[::1]:80/y.rpm\n"
                               "\xc3\xa9.rpm\n"
                               "sha256/z.rpm";
    static const uint8_t first[] = {0x00, 0x11, 0x22, 0x33};
    struct sp_list list;

    tap_ok(parse(&list, text, strlen(text)) == 0, "all forms: %s", err.msg);
    if (!tap_is_u64(list.n, 7, "entries"))
        return;
    tap_is_str(list.entries[0].location, "dir/with space.rpm", "blanks around");
    tap_is_u64(list.entries[0].line, 3, "its line");
    tap_ok(!list.entries[0].has_sha256, "no digest");
    tap_is_str(list.entries[1].location, "a.rpm", "path before a digest");
    tap_ok(list.entries[1].has_sha256, "digest");
    tap_is_mem(list.entries[1].sha256, first, sizeof(first), "digest bytes");
    tap_is_str(list.entries[2].location, "b.rpm", "wide gap");
    tap_is_str(list.entries[3].location, "https://host/x.rpm#part", "URL");
    tap_ok(list.entries[3].is_url && list.entries[3].is_https, "https");
    tap_ok(list.entries[4].is_url && !list.entries[4].is_https, "http");
    tap_ok(!list.entries[5].is_url, "a name that is not ASCII");
    tap_is_str(list.entries[6].location, "sha256/z.rpm", "no last LF");
    tap_ok(sp_list_check_unique(&list, &err) == 0, "all different");
    sp_list_release(&list);
}

static void
test_bad(void)
{
    static const struct {
        const char *text, *want;
    } cases[] = {
        {"ok.rpm\nftp://h/x.rpm\n", "LIST:2: only http and https"},
        {"file:///x.rpm\n", "LIST:1: write a local file as a plain path"},
        {"FILE:///x.rpm\n", "LIST:1: write a local file as a plain path"},
        {"rsync://h/x\n", "LIST:1: only http and https"},
        {"http:///x.rpm\n", "LIST:1: the URL names no host"},
        {"https://?x\n", "LIST:1: the URL names no host"},
        {"https://me:secret@h/x\n", "LIST:1: a URL must not carry"},
        {"https://h/a b.rpm\n", "LIST:1: a URL has no blanks"},
        {"https://h/\xc3\xa9.rpm\n", "LIST:1: a URL has no blanks"},
        {"\n\nx.rpm sha256:00\n", "LIST:3: a SHA-256 digest has 64 digits"},
        {"x.rpm sha256:" HEX "0\n", "LIST:1: a SHA-256 digest has 64 digits"},
        {"x.rpm sha256:g0112233445566778899aabbccddeeff"
         "00112233445566778899aabbccddeeff\n",
         "LIST:1: not hexadecimal"},
        {"sha256:" HEX "\n", "LIST:1: the path or URL comes first"},
        {"sha256:" HEX " x.rpm\n", "LIST:1: the path or URL comes first"},
        {"x.rpm\r\n", "LIST:1: ends with CR LF"},
        {"x\x1b[31m.rpm\n", "LIST:1: control character"},
        {"x\x7f\n", "LIST:1: control character"},
        {"a1+-.B://h/x\n", "LIST:1: only http and https"},
        {"https://h/x@y sha256:0\n", "LIST:1: a SHA-256 digest has 64 digits"},
    };
    struct sp_list list;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int status = parse(&list, cases[i].text, strlen(cases[i].text));

        tap_ok(status == -1 && strcmp(err.detail, "list-syntax") == 0 &&
                   strncmp(err.msg, cases[i].want, strlen(cases[i].want)) == 0,
               "%s", cases[i].want);
        if (!strstr(err.msg, cases[i].want))
            printf("#   got: %s\n", err.msg);
        tap_ok(!strstr(err.msg, "secret") && !strchr(err.msg, 0x1b),
               "nothing secret and no escape in the message");
        sp_list_release(&list);
    }
    tap_ok(parse(&list, "a\0b.rpm\n", 8) == -1, "NUL byte");
    sp_list_release(&list);
}

/* What only looks like an address is a path. */
static void
test_paths(void)
{
    static const char text[] = "{x://y\n1http://x\na_b://x\n://x\nhttp:/x\n"
                               "[\nZ:x\nhttps://host\nz@://x\n`://x\n";
    struct sp_list list;

    if (tap_ok(parse(&list, text, sizeof(text) - 1) == 0, "paths: %s", err.msg))
        for (size_t i = 0; i < list.n; i++)
            tap_ok(list.entries[i].is_url == (i == 7), "%s",
                   list.entries[i].location);
    tap_is_u64(list.n, 10, "all of them");
    sp_list_release(&list);
}

static void
test_no_memory(void)
{
    static const char text[] = "a.rpm\nb.rpm sha256:" HEX "\n";
    struct sp_list list = {0};

    for (unsigned n = 1; n < 3; n++) {
        memory_end_at(n);
        tap_ok(sp_list_parse(&list, text, sizeof(text) - 1, "LIST", &err) < 0 &&
                   strcmp(err.detail, "no-memory") == 0,
               "no memory at %u: %s", n, err.msg);
        memory_end_at(0);
        sp_list_release(&list);
    }
    tap_ok(parse(&list, text, sizeof(text) - 1) == 0, "there is some");
    memory_end_at(1);
    tap_ok(sp_list_check_unique(&list, &err) < 0 &&
               strcmp(err.detail, "no-memory") == 0,
           "none to compare: %s", err.msg);
    memory_end_at(0);
    sp_list_release(&list);
}

static void
test_limits(void)
{
    static char text[SP_LIST_MAX_LINE + 2];
    SP_AUTO_FREE char *many = malloc((SP_MAX_PACKAGES + 1) * 8);
    struct sp_list list;
    size_t used = 0;

    memset(text, 'a', sizeof(text));
    tap_ok(parse(&list, text, SP_LIST_MAX_LINE) == 0, "the longest line");
    sp_list_release(&list);
    tap_ok(parse(&list, text, SP_LIST_MAX_LINE + 1) == -1, "one byte more");
    tap_is_str(err.detail, "list-syntax", "its word");
    sp_list_release(&list);
    if (!many)
        return;
    for (unsigned i = 0; i <= SP_MAX_PACKAGES; i++)
        used += (size_t)snprintf(many + used, 8, "%u\n", i);
    tap_ok(parse(&list, many, used) == -1, "one package too many");
    tap_is_str(err.detail, "too-many-files", "its word");
    tap_is_u64(list.n, SP_MAX_PACKAGES, "the allowed ones are there");
    tap_ok(sp_list_check_unique(&list, &err) == 0, "and are different");
    sp_list_release(&list);
}

static void
test_twice(void)
{
    static const char text[] = "a.rpm\nb.rpm\na.rpm sha256:" HEX "\n";
    static const char digests[] = "a.rpm sha256:" HEX "\n"
                                  "b.rpm sha256:" HEX "\n";
    struct sp_list list;

    tap_ok(parse(&list, text, strlen(text)) == 0, "parsed");
    tap_ok(sp_list_check_unique(&list, &err) == -1, "one path twice");
    tap_is_str(err.detail, "list-syntax", "its word");
    tap_ok(strstr(err.msg, "line 1 and 3") || strstr(err.msg, "line 3 and 1"),
           "both lines are named");
    sp_list_release(&list);
    sp_list_release(&list);

    tap_ok(parse(&list, digests, strlen(digests)) == 0, "parsed");
    tap_ok(sp_list_check_unique(&list, &err) == -1, "one digest twice");
    tap_is_str(err.detail, "list-syntax", "its word");
    sp_list_release(&list);
}

int
main(void)
{
    test_good();
    test_bad();
    test_paths();
    test_no_memory();
    test_limits();
    test_twice();
    return tap_done();
}
