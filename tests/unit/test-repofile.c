/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Repository files: what yum takes, and every mistake with its line. */
#include <stdlib.h>

#include "base/auto.h"
#include "build/repofile.h"
#include "tests/unit/memory.h"
#include "tests/unit/tap.h"

static struct sp_error err;
static struct sp_repos repos;
static unsigned ending; /* the allocation that fails; 0: none */

static char big[4096]; /* the value of a variable */

static const struct sp_repo_var vars[] = {
    {"releasever", "41"}, {"basearch", "x86_64"}, {"arch", "x86_64"},
    {"empty", ""},        {"server", "cdn"},      {"big", big},
};

/* Parses a copy of exact size, so that a sanitizer sees one byte more. */
static int
parse(const char *text)
{
    size_t len = strlen(text);
    SP_AUTO_FREE char *copy = malloc(len ? len : 1);
    int status;

    sp_repos_release(&repos);
    memset(&err, 0, sizeof(err));
    if (!copy)
        return -1;
    memcpy(copy, text, len);
    memory_end_at(ending);
    status = sp_repofile_parse(&repos, copy, len, "FILE", vars,
                               sizeof(vars) / sizeof(vars[0]), &err);
    memory_left = 0;
    return status;
}

static void
test_good(void)
{
    static const char text[] =
        "# comment\n; comment\n\n"
        "[main]\nkeepcache=1\npriority = nonsense of main\n"
        "[fedora-$releasever]\r\n"
        "name=Fedora $releasever - ${basearch}\n"
        "baseurl = https://a.example/$releasever/$basearch\n"
        "  http://b.example/x/,\n"
        "\thttps://c.example/${server}/\n"
        "\n"
        "  ftp://d.example/y/\n"
        "metalink=https://m.example/?repo=f-$releasever&arch=$basearch\n"
        "enabled=no\nenabled=1\n"
        "gpgcheck=yes\nrepo_gpgcheck = True\nskip_if_unavailable=on\n"
        "priority=10\ncost=500\n"
        "gpgkey=file:///etc/k1 file:///etc/k2\n"
        "exclude=foo* bar\nexcludepkgs=baz,qux\nincludepkgs=\n"
        "module_hotfixes=1\nsslverify=0\npassword=x\n"
        "proxy=_none_\n"
        "[second:one]\nmirrorlist=https://m.example/list\nname =\n";
    const struct sp_repo *r;

    if (!tap_ok(parse(text) == 0, "all that yum takes: %s", err.msg) ||
        !tap_is_u64(repos.n, 2, "repositories"))
        return;
    r = &repos.repos[0];
    tap_is_str(r->id, "fedora-41", "id with a variable");
    tap_is_str(r->name, "Fedora 41 - x86_64", "name");
    tap_is_u64(r->line, 7, "its line");
    if (tap_is_u64(r->baseurls.n, 3, "addresses, without ftp")) {
        tap_is_str(r->baseurls.words[0], "https://a.example/41/x86_64/",
                   "a slash at the end");
        tap_is_str(r->baseurls.words[1], "http://b.example/x/", "continued");
        tap_is_str(r->baseurls.words[2], "https://c.example/cdn/", "braces");
    }
    tap_is_str(r->metalink, "https://m.example/?repo=f-41&arch=x86_64",
               "metalink");
    tap_ok(r->enabled && r->gpgcheck && r->repo_gpgcheck &&
               r->skip_if_unavailable,
           "truth values");
    tap_is_u64(r->priority, 10, "priority");
    tap_is_u64(r->cost, 500, "cost");
    tap_is_u64(r->gpgkeys.n, 2, "keys");
    tap_is_u64(r->excludepkgs.n, 4, "both names of exclude");
    tap_is_str(r->excludepkgs.words[3], "qux", "the last one");
    tap_is_u64(r->includepkgs.n, 0, "an empty list");
    tap_is_str(r->proxy, "", "no proxy");
    r = &repos.repos[1];
    tap_is_str(r->id, "second:one", "second id");
    tap_is_str(r->name, "", "an empty name");
    tap_ok(r->enabled && !r->repo_gpgcheck && !r->skip_if_unavailable,
           "defaults");
    tap_is_u64(r->priority, 99, "priority of old");
    tap_ok(r->proxy == NULL, "proxy as everywhere");
    tap_ok(sp_repos_find(&repos, "second:one") == r, "found");
    tap_ok(sp_repos_find(&repos, "third") == NULL, "not found");
}

static void
test_variables(void)
{
    static const struct {
        const char *in, *out;
    } cases[] = {
        {"$releasever", "41"},
        {"$RELEASEVER", "41"},
        {"a${releasever}b", "a41b"},
        {"${none:-word}", "word"},
        {"${empty:-word}", "word"},
        {"${releasever:-word}", "41"},
        {"${releasever:+word}", "word"},
        {"${none:+word}", ""},
        {"${none:-${releasever}}", "41"},
        {"${none:-a${none:-b}c}", "abc"},
        {"$none", "$none"},
        {"${none}", "${none}"},
        {"$", "$"},
        {"${", "${"},
        {"${}", "${}"},
        {"${releasever", "${releasever"},
        {"${releasever:-x", "${releasever:-x"},
        {"${releasever:?x}", "${releasever:?x}"},
        {"$$releasever", "$41"},
        {"${releasever:}", "${releasever:}"},
        {"${releasever-x}", "${releasever-x}"},
        {"${n:-${n:-${n:-${n:-${n:-${n:-${n:-${n:-8}}}}}}}}", "8"},
        {"${n:-${n:-${n:-${n:-${n:-${n:-${n:-${n:-${n:-9}}}}}}}}}", "${n:-9}"},
        {"${none:-{}}", "{}"},
    };
    char text[256];

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        (void)snprintf(text, sizeof(text), "[a]\nname=%s\nbaseurl=http://h/\n",
                       cases[i].in);
        if (tap_ok(parse(text) == 0, "%s: %s", cases[i].in, err.msg))
            tap_is_str(repos.repos[0].name, cases[i].out, "%s", cases[i].in);
    }
}

static void
test_bad(void)
{
    static const struct {
        const char *text, *want;
    } cases[] = {
        {"name=x\n", "FILE:1: stands before the first section"},
        {"\n[a\n", "FILE:2: a section is written [id]"},
        {"[a] x\n", "FILE:1: a section is written [id]"},
        {"[]\n", "FILE:1: not an id of a repository"},
        {"[a b]\n", "FILE:1: not an id of a repository"},
        {"[../a]\n", "FILE:1: not an id of a repository"},
        {"[a]\nbaseurl=http://h/\n[a]\n", "FILE:3: this repository is there "
                                          "twice"},
        {"[a]\nfoo\n", "FILE:2: neither '[id]' nor 'key = value'"},
        {"[a]\n=x\n", "FILE:2: neither '[id]' nor 'key = value'"},
        {"[a]\n  x\n", "FILE:2: continues no key"},
        {"[a]\nenabled=2\n", "FILE:2: neither 1 nor 0"},
        {"[a]\npriority=0\n", "FILE:2: not a number of this key"},
        {"[a]\npriority=100\n", "FILE:2: not a number of this key"},
        {"[a]\ncost=-1\n", "FILE:2: not a number of this key"},
        {"[a]\n", "FILE:1: no baseurl, metalink or mirrorlist"},
        {"[a]\nbaseurl=file:///x\n", "FILE:1: no baseurl"},
        {"[a]\nbaseurl=http://h/$none/\n", "FILE:1: unknown variable"},
        {"[a]\nbaseurl=/x\n", "FILE:1: not an address of http or https"},
        {"[a]\nbaseurl=http:///x\n", "FILE:1: not an address of http"},
        {"[a]\nbaseurl=https://me:secret@h/\n", "FILE:1: an address must not"},
        {"[a]\nproxy=http://me:secret@h/\n", "FILE:2: a proxy address"},
        {"[a]\nmetalink=ftp://h/\n", "FILE:1: not an address of http"},
        {"[a]\nbaseurl=http://h/\xc3\xa9/\n", "FILE:1: an address is not"},
        {"[a]\nname=x\x1b[31m\n", "FILE:2: control character"},
        {"[a]\nname=x\x7f\n", "FILE:2: control character"},
        {"[a]\nmirrorlist=ftp://h/\n", "FILE:1: not an address of http"},
        {"[a]\nenabled=maybe", "FILE:2: neither 1 nor 0"},
        {"[a]\nname=$big$big$big$big$big$big$big$big$big$big$big$big$big$big"
         "$big$big$big$big\n",
         "FILE:2: a variable makes it too long"},
        {"[$big]\n", "FILE:1: not an id of a repository"},
        {"[$big$big$big$big$big$big$big$big$big$big$big$big$big$big$big$big$big"
         "]\n",
         "FILE:1: not an id of a repository"},
        {"[a]\nbaseurl=http://h/$big\n",
         "FILE:1: an address of more than 2047 bytes"},
        {"[a]\ngpgcheck\n", "FILE:2: neither '[id]' nor 'key = value'"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int status = parse(cases[i].text);

        tap_ok(status == -1 && strcmp(err.detail, "repo-file") == 0 &&
                   strncmp(err.msg, cases[i].want, strlen(cases[i].want)) == 0,
               "%s", cases[i].want);
        if (!strstr(err.msg, cases[i].want))
            printf("#   got: %s\n", err.msg);
        tap_ok(!strstr(err.msg, "secret") && !strchr(err.msg, 0x1b),
               "nothing secret and no escape in the message");
    }
    tap_ok(parse("[a]\nenabled=0\nbaseurl=http://h/$none/\n") == 0,
           "a repository that is not enabled may be unfinished");
    tap_ok(parse("[a]\nbaseurl=http://h") == 0, "no LF at the end");
    tap_is_str(repos.repos[0].baseurls.words[0], "http://h/",
               "nor is one needed");
}

/* Each allocation fails in turn: that is told, and nothing is left out. */
static void
test_no_memory(void)
{
    static const char text[] = "[a-$releasever]\nname=$server\n"
                               "baseurl=http://h/1 ftp://h/2\n http://h/3\n"
                               "metalink=http://h/\nproxy=_none_\n"
                               "exclude=a b c\n[b]\nmirrorlist=http://h/\n";
    unsigned failed = 0;

    for (ending = 1; parse(text) < 0 && memory_ended; ending++)
        failed += strcmp(err.detail, "no-memory") != 0;
    tap_ok(!memory_ended && ending > 20, "%u places", ending);
    tap_is_u64(failed, 0, "its word in each of them");
    tap_is_u64(repos.n, 2, "with enough of it all is there");
    tap_is_u64(repos.repos[0].baseurls.n, 2, "and all addresses");
    ending = 0;
}

static void
test_limits(void)
{
    static char text[SP_REPO_MAX_BYTES + 16];
    size_t used = (size_t)snprintf(text, sizeof(text), "[a]\nname=");

    memset(text + used, 'x', SP_REPO_MAX_LINE - 5);
    (void)snprintf(text + used + SP_REPO_MAX_LINE - 5, 32,
                   "\nbaseurl=http://h/\n");
    tap_ok(parse(text) == 0, "the longest line: %s", err.msg);
    memset(text + used, 'x', SP_REPO_MAX_LINE - 4);
    tap_ok(parse(text) == -1, "one byte more");
    used = 0;
    for (unsigned i = 0; i <= SP_REPO_MAX_REPOS; i++)
        used += (size_t)snprintf(text + used, 32, "[r%u]\nenabled=0\n", i);
    tap_ok(parse(text) == -1, "one repository too many");
    used = (size_t)snprintf(text, sizeof(text), "[a]\nexclude=");
    for (unsigned i = 0; i <= SP_REPO_MAX_WORDS; i++)
        used += (size_t)snprintf(text + used, 32, "%u\n ", i);
    (void)snprintf(text + used, 2, "\n");
    tap_ok(parse(text) == -1, "one word too many");
    used = (size_t)snprintf(text, sizeof(text), "[a]\nname=x\n");
    for (unsigned i = 0; i < 700; i++) {
        text[used++] = ' ';
        memset(text + used, 'y', 100);
        used += 100;
        text[used++] = '\n';
    }
    text[used] = '\0';
    tap_ok(parse(text) == -1, "a value that goes on for ever");
    memset(text, '\n', sizeof(text) - 1);
    tap_ok(parse(text) == -1, "a file that is too large");
    tap_is_str(err.detail, "repo-file", "its word");
}

int
main(void)
{
    memset(big, 'x', sizeof(big) - 1);
    test_good();
    test_variables();
    test_bad();
    test_limits();
    test_no_memory();
    sp_repos_release(&repos);
    return tap_done();
}
