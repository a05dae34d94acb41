/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The solver without its jail, and what it is asked: packages of a machine
 * and of two repositories, written as in a request, and the plan for them.
 */
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/lines.h"
#include "build/choose.h"
#include "build/near.h"
#include "build/resolve.h"
#include "build/solve.h"
#include "bundle/rpm.h"
#include "bundle/seal.h"
#include "tests/unit/memory.h"
#include "tests/unit/repository.h"

#define HEX "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define INSTALLED "@ base 0 1 1 noarch\n"

static struct sp_error err;
static unsigned memory_ending; /* of which allocation of a solve; 0: none */

/* ---- requests ---------------------------------------------------------- */

/* The header and the packages with their count and their end: malloc'ed. */
static char *
request_text(const char *header, const char *packages, size_t *ret_size)
{
    struct sp_text text = {0};
    unsigned n = 0;

    for (const char *at = packages; *at; at = strchr(at, '\n') + 1)
        n += *at == '@';
    sp_text_add(&text, "request 1\nid 00112233445566778899aabbccddeeff\n");
    sp_text_add(&text, "created 2026-11-23\nvalid-days 30\n");
    sp_text_add_bytes(&text, header, strlen(header));
    sp_text_add_bytes(&text, packages, strlen(packages));
    sp_text_add(&text, "count %u\n", n);
    sp_seal(&text);
    *ret_size = text.size;
    return text.bytes;
}

/* ---- metadata ---------------------------------------------------------- */

/* A package of a repository while its lines are read. */
struct described {
    char name[1024], epoch[24], version[64], release[64], arch[32];
    const char *size, *checksum, *location;
    char vendor[64];
    struct sp_text lists[128]; /* by the letter of the request */
};

static const struct {
    char letter;
    const char *element;
} lists[] = {
    {'p', "provides"},    {'r', "requires"},   {'o', "obsoletes"},
    {'c', "conflicts"},   {'m', "recommends"}, {'s', "suggests"},
    {'u', "supplements"}, {'e', "enhances"},
};

/* "name" or "name = version" */
static void
add_entry(struct sp_text *out, const char *value)
{
    const char *op = strchr("(/", value[0]) ? NULL : strchr(value, ' ');
    const char *version = op ? strchr(op + 1, ' ') : NULL;

    if (!version) {
        sp_text_add(out, "<rpm:entry name=\"%s\"/>", value);
        return;
    }
    sp_text_add(out, "<rpm:entry name=\"%.*s\" flags=\"%s\" epoch=\"0\"",
                (int)(op - value), value,
                op[1] == '='   ? "EQ"
                : op[1] == '<' ? "LT"
                               : "GE");
    sp_text_add(out, " ver=\"%s\"/>", version + 1);
}

static void
end_package(struct sp_text *xml, struct described *one)
{
    if (!one->name[0])
        return;
    sp_text_add(xml, "<package type=\"rpm\"><name>%s</name><arch>%s</arch>",
                one->name, one->arch);
    sp_text_add(xml, "<version epoch=\"%s\" ver=\"%s\"", one->epoch,
                one->version);
    if (strcmp(one->release, "-") != 0)
        sp_text_add(xml, " rel=\"%s\"", one->release);
    sp_text_add(xml, "/>%s<size package=\"%s\"/>%s<format>", one->checksum,
                one->size, one->location);
    if (one->vendor[0])
        sp_text_add(xml, "<rpm:vendor>%s</rpm:vendor>", one->vendor);
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        struct sp_text *list = &one->lists[(unsigned char)lists[i].letter];

        if (list->size) {
            sp_text_add(xml, "<rpm:%s>", lists[i].element);
            sp_text_add_bytes(xml, list->bytes, list->size);
            sp_text_add(xml, "</rpm:%s>", lists[i].element);
        }
        sp_text_release(list);
    }
    sp_text_add(xml, "%s</format></package>\n",
                one->lists['f'].size ? one->lists['f'].bytes : "");
    sp_text_release(&one->lists['f']);
}

/*
 * As in a request, and what only a repository says: S, another size; K, a
 * checksum that it has not; L, a location that it has not.
 */
static void
take_line(struct sp_text *xml, struct described *one, const char *line)
{
    const char *value = line[0] ? line + 2 : line;

    switch (line[0]) {
    case '@':
        end_package(xml, one);
        memset(one, 0, sizeof(*one));
        one->size = "10";
        one->checksum =
            "<checksum type=\"sha256\" pkgid=\"YES\">" HEX "</checksum>";
        one->location = "<location href=\"x/a.rpm\"/>";
        if (sscanf(value, "%1023s %23s %63s %63s %31s", one->name, one->epoch,
                   one->version, one->release, one->arch) != 5)
            tap_ok(false, "five words: %s", value);
        break;
    case '|':
        (void)snprintf(one->vendor, sizeof(one->vendor), "%.63s", value);
        break;
    case 'S': one->size = *value == '0' ? "0" : "99999999999"; break;
    case 'K': one->checksum = ""; break;
    case 'L': one->location = ""; break;
    case 'f': sp_text_add(&one->lists['f'], "<file>%s</file>", value); break;
    default: add_entry(&one->lists[(unsigned char)line[0]], value); break;
    }
}

/* A file in memory with the primary metadata of these packages. */
static int
primary_of(const char *packages)
{
    static struct described one;
    struct sp_text xml = {0};
    char line[1200];
    int fd = memfd_create("primary", MFD_CLOEXEC);

    memset(&one, 0, sizeof(one));
    sp_text_add(&xml, "<metadata xmlns=\"http://linux.duke.edu/metadata/"
                      "common\" xmlns:rpm=\"http://linux.duke.edu/metadata/"
                      "rpm\">\n");
    for (const char *at = packages; *at; at = strchr(at, '\n') + 1) {
        (void)snprintf(line, sizeof(line), "%.*s", (int)strcspn(at, "\n"), at);
        take_line(&xml, &one, line);
    }
    end_package(&xml, &one);
    sp_text_add(&xml, "</metadata>\n");
    if (fd < 0 || sp_write_full(fd, xml.bytes, xml.size) < 0)
        tap_ok(false, "metadata in memory");
    sp_text_release(&xml);
    return fd;
}

/* ---- one solve --------------------------------------------------------- */

struct trial {
    const char *what;
    const char *asked;     /* action and specs */
    const char *opts;      /* NULL: none */
    const char *installed; /* NULL: INSTALLED */
    const char *main;      /* packages of a repository of priority 10 */
    const char *low;       /* likewise, 50; NULL: none */
    const char *groups;    /* as comps.h writes them; NULL: none */
    const char *want;      /* "NEVRA why, ..."; or the word of the reason */
    const char *also;      /* part of a note or message; NULL: no note at all */
};

static const char *const why_words[] = {
    [SP_WHY_REQUESTED] = "requested",   [SP_WHY_UPDATE] = "update",
    [SP_WHY_DEPENDENCY] = "dependency", [SP_WHY_WEAK] = "weak",
    [SP_WHY_OBSOLETES] = "obsoletes",   [SP_WHY_MIRROR] = "mirror",
};

static void
show_plan(const struct sp_plan *plan, struct sp_text *packages,
          struct sp_text *notes)
{
    static const char *const kinds[] = {
        [SP_NOTE_REMOVED] = "removed", [SP_NOTE_HELD] = "held",
        [SP_NOTE_PROBLEM] = "problem", [SP_NOTE_UNMET] = "unmet",
        [SP_NOTE_WATCHED] = "watched",
    };
    char shown[SP_NEVRA_SHOWN_MAX];

    for (size_t i = 0; i < plan->n; i++) {
        sp_nevra_show(&plan->packages[i].nevra, shown, sizeof(shown));
        sp_text_add(packages, "%s%s %s", i ? ", " : "", shown,
                    why_words[plan->packages[i].why]);
    }
    for (size_t i = 0; i < plan->n_notes; i++)
        sp_text_add(notes, "%s %s: %s\n", kinds[plan->notes[i].kind],
                    plan->notes[i].subject, plan->notes[i].text);
}

static int
fill_pool(struct sp_pool *pool, const struct sp_request *request,
          const struct sp_want *want, struct sp_pool_repo repos[2])
{
    if (sp_pool_add_installed(pool, request, &err) < 0)
        return -1;
    for (size_t i = 0; i < 2; i++)
        if (sp_pool_add_repo(pool, &repos[i], &err) < 0)
            return -1;
    sp_pool_ready(pool, &want->excludes);
    return 0;
}

static int
solve(const struct trial *t, const struct sp_request *request,
      struct sp_plan *plan)
{
    SP_AUTO_FD main_fd = primary_of(t->main);
    SP_AUTO_FD low_fd = primary_of(t->low ? t->low : "");
    struct sp_pool_repo repos[2] = {
        {"main", 0, main_fd, -1, 10, 1000, {0}, {0}},
        {"low", 1, low_fd, -1, 50, 1000, {0}, {0}},
    };
    struct sp_groups groups = {0};
    struct sp_want want = {0};
    struct sp_pool pool;
    int status = -1;

    memory_end_at(memory_ending);
    if (sp_want_read(request, &want, &err) == 0 &&
        sp_pool_open(&pool, "x86_64", &err) == 0) {
        if (t->groups &&
            sp_groups_add(&groups, t->groups, strlen(t->groups), &err) == 0)
            sp_groups_ready(&groups);
        pool.groups = t->groups ? &groups : NULL;
        status = fill_pool(&pool, request, &want, repos);
        if (status == 0)
            status = sp_solve(&pool, &want, plan, &err);
        sp_pool_close(&pool);
    }
    memory_left = 0;
    sp_groups_release(&groups);
    sp_want_release(&want);
    return status;
}

/* The request of a trial, which must be one. */
static char *
asked_text(const struct trial *t, struct sp_request *ret)
{
    struct sp_text header = {0};
    size_t size = 0;
    char *text;

    memset(&err, 0, sizeof(err));
    sp_text_add(&header,
                "action %sarch x86_64\nbasearch x86_64\nreleasever 41\n%s",
                t->asked, t->opts ? t->opts : "");
    text = request_text(header.bytes, t->installed ? t->installed : INSTALLED,
                        &size);
    sp_text_release(&header);
    if (sp_request_parse(text, size, ret, &err) < 0)
        printf("Bail out! %s: %s\n", t->what, err.msg);
    return text;
}

static void
try_one(const struct trial *t)
{
    struct sp_text packages = {0}, notes = {0};
    struct sp_request request = {0};
    struct sp_plan plan = {0};
    SP_AUTO_FREE char *text = asked_text(t, &request);
    int status = solve(t, &request, &plan);

    show_plan(&plan, &packages, &notes);
    sp_text_add(&notes, "%s\n", err.msg);
    if (status == 0)
        tap_is_str(packages.bytes ? packages.bytes : "", t->want, "%s",
                   t->what);
    else
        tap_is_str(err.detail, t->want, "%s", t->what);
    if (!tap_ok(t->also ? strstr(notes.bytes, t->also) != NULL
                        : notes.size == 1,
                "%s: notes", t->what))
        printf("#   got: %s\n", notes.bytes);
    sp_plan_release(&plan);
    sp_text_release(&packages);
    sp_text_release(&notes);
}

/* Does the n-th allocation make it fail? That is told by its word. */
static bool
fails_without_memory(const struct trial *t, unsigned n)
{
    struct sp_request request = {0};
    struct sp_plan plan = {0};
    SP_AUTO_FREE char *text = asked_text(t, &request);
    int status;

    memory_ending = n;
    status = solve(t, &request, &plan);
    memory_ending = 0;
    if (memory_ended)
        tap_ok(status < 0 && strcmp(err.detail, "no-memory") == 0,
               "%s, %u: '%s' %s", t->what, n, err.detail, err.msg);
    sp_plan_release(&plan);
    return memory_ended;
}

#define TEN(s) s s s s s s s s s s
#define LONG "n" TEN(TEN("0123456"))

#define N(name, version) "@ " name " 0 " version " 1 noarch\n"
#define X(name, version) "@ " name " 0 " version " 1 x86_64\n"
#define I(name, version) "@ " name " 0 " version " 1 i686\n"

static const struct trial installs[] = {
    {"one that is there will do", "install\nspec app\n", NULL, N("app", "1"),
     N("app", "2"), NULL, NULL, "", NULL},
    {"the best one", "install\nspec app\n", "opt best yes\n", N("app", "1"),
     N("app", "2"), NULL, NULL, "app-2-1.noarch requested", NULL},
    {"in no repository, but there", "install\nspec base\n", NULL, NULL,
     N("app", "1"), NULL, NULL, "", NULL},
    {"a glob over two versions, one of its names is there",
     "install\nspec app*\n", NULL, N("app", "1"),
     N("app", "2") N("apple", "1") N("apple", "2") N("app", "3"), NULL, NULL,
     "apple-2-1.noarch requested", NULL},
    {"excluded", "install\nspec app\n", "opt exclude app\n", NULL,
     N("app", "1"), NULL, NULL, "no-match", "matches no package"},
    {"of several specs the first is missing", "install\nspec nix\nspec app\n",
     NULL, NULL, N("app", "1"), NULL, NULL, "no-match", "'nix'"},
    {"the nearest names first", "install\nspec abcdef\n", NULL, NULL,
     N("axxdef", "1") N("abxdef", "1") N("abcdex", "1") N("abcxxf", "1"), NULL,
     NULL, "no-match", "near names: abxdef, abcdex, axxdef"},
    {"a name that is too long for a version behind it", "install\nspec n*\n",
     NULL, NULL, N(LONG, "1"), NULL, NULL, "metadata",
     "name that no package may have"},
    {"a version without release is none", "install\nspec app-2*\n", NULL, NULL,
     "@ app 0 1 - noarch\n", NULL, NULL, "no-match", "matches no package"},
    {"near names, each once", "install\nspec aple\n", NULL, NULL,
     N("apple", "1") N("apple", "2") N("maple", "1") N("able", "1")
         N("ape", "1") N("other", "1"),
     NULL, NULL, "no-match", "near names: "},
    {"a spec that is longer than any name is near to none",
     "install\nspec "
     "0123456789012345678901234567890123456789012345678901234567890123456789\n",
     NULL, NULL, N("app", "1"), NULL, NULL, "no-match", "matches no package\n"},
    {"a path that nothing holds", "install\nspec /usr/bin/none\n", NULL, NULL,
     N("app", "1"), NULL, NULL, "no-match", "unmet /usr/bin/none: requested"},
    {"a path", "install\nspec /usr/bin/app\n", NULL, NULL,
     N("app", "1") "f /usr/bin/app\n", NULL, NULL, "app-1-1.noarch requested",
     NULL},
    {"what is provided", "install\nspec virtual >= 2\n", NULL, NULL,
     N("app", "1") "p virtual = 1\n" N("bpp", "1") "p virtual = 2\n", NULL,
     NULL, "bpp-1-1.noarch requested", NULL},
    {"an epoch that is written", "install\nspec app-1:2*\n", NULL, NULL,
     "@ app 1 2 1 noarch\n@ app 0 2 1 noarch\n", NULL, NULL,
     "app-1:2-1.noarch requested", NULL},
    {"an epoch of zero that is written", "install\nspec app-0:2\n", NULL, NULL,
     "@ app 1 2 1 noarch\n@ app 0 2 1 noarch\n", NULL, NULL,
     "app-2-1.noarch requested", NULL},
    {"no epoch that is written", "install\nspec app-2\n", NULL, NULL,
     "@ app 1 2 1 noarch\n@ app 0 1 1 noarch\n", NULL, NULL,
     "app-1:2-1.noarch requested", NULL},
    {"name and architecture", "install\nspec lib.i686\n", NULL, NULL,
     I("lib", "1") X("lib", "2"), NULL, NULL, "lib-1-1.i686 requested", NULL},
};

static const struct trial downloads[] = {
    {"the newest", "download\nspec app\n", NULL, NULL,
     N("app", "2") N("app", "3") N("app", "1"), NULL, NULL,
     "app-3-1.noarch requested", NULL},
    {"with what it needs", "download\nspec app\n", NULL, NULL,
     N("app", "2") "r lib\n" N("lib", "1"), NULL, NULL,
     "app-2-1.noarch requested, lib-1-1.noarch dependency", NULL},
    {"each name of a glob", "download\nspec a*\n", NULL, N("app", "2"),
     N("app", "2") N("apple", "1"), NULL, NULL,
     "app-2-1.noarch requested, apple-1-1.noarch requested", NULL},
    {"that no repository has", "download\nspec base\n", NULL, NULL,
     N("app", "1"), NULL, NULL, "no-match", "is in no repository"},
    {"of two architectures", "download\nspec lib\n", NULL, NULL,
     I("lib", "3") X("lib", "1") X("lib", "2") I("lib", "2"), NULL, NULL,
     "lib-2-1.x86_64 requested", NULL},
    {"that is of no architecture any more", "download\nspec lib\n", NULL, NULL,
     X("lib", "1") N("lib", "2") I("lib", "3"), NULL, NULL,
     "lib-2-1.noarch requested", NULL},
    {"of the only one", "download\nspec lib\n", NULL, NULL, I("lib", "1"), NULL,
     NULL, "lib-1-1.i686 requested", NULL},
    {"of what two names provide", "download\nspec both\n", NULL, NULL,
     N("app", "1") "p both\n" N("bpp", "2") "p both\n", NULL, NULL,
     "app-1-1.noarch requested", NULL},
};

static const struct trial upgrades[] = {
    {"a check for one", "check\nspec app\n", NULL, N("app", "1"), N("app", "2"),
     NULL, NULL, "app-2-1.noarch update", NULL},
    {"a list of one", "list\nspec app\n", NULL, N("app", "1"), N("app", "2"),
     NULL, NULL, "app-2-1.noarch update", NULL},
    {"to a version", "upgrade\nspec app-2\n", NULL, N("app", "1"),
     N("app", "2") N("app", "3"), NULL, NULL, "app-2-1.noarch update", NULL},
    {"to the version that is there", "upgrade\nspec app-1\n", NULL,
     N("app", "1"), N("app", "1") N("app", "2"), NULL, NULL, "", NULL},
    {"to a version of what is not there", "upgrade\nspec app-1\n", NULL, NULL,
     N("app", "1"), NULL, NULL, "", NULL},
    {"of what is not there", "upgrade\nspec app\n", NULL, NULL, N("app", "1"),
     NULL, NULL, "no-match", "replaces nothing that is"},
    {"to what replaces an installed one", "upgrade\nspec heir\n", NULL,
     N("gone", "1") N("lost", "1"),
     N("heir", "1") "o nothing\no gone < 2\no lost < 2\n", NULL, NULL,
     "heir-1-1.noarch obsoletes", "removed gone-1-1.noarch: replaced by heir"},
    {"to what replaces one of several", "upgrade\nspec heir\n", NULL,
     N("gone", "1"), N("gone", "1.5") N("heir", "1") "o gone < 2\n", NULL, NULL,
     "heir-1-1.noarch obsoletes", "removed gone-1-1.noarch: replaced by heir"},
    {"to what replaces only another name", "upgrade\nspec heir\n", NULL,
     N("legacy", "1") "p gone = 1\n", N("heir", "1") "o gone < 2\n", NULL, NULL,
     "no-match", "replaces nothing that is"},
    {"to what replaces older ones than the installed", "upgrade\nspec heir\n",
     NULL, N("gone", "3"), N("heir", "1") "o gone < 2\n", NULL, NULL,
     "no-match", "replaces nothing that is"},
    {"to what replaces one that only a repository has", "upgrade\nspec heir\n",
     NULL, NULL, N("heir", "1") "o other < 2\n" N("other", "1"), NULL, NULL,
     "no-match", "replaces nothing that is"},
    {"where another name replaces it", "upgrade\n", NULL, N("gone", "1"),
     N("gone", "1.5") N("heir", "1") "o gone < 2\n", NULL, NULL,
     "heir-1-1.noarch obsoletes", "removed gone-1-1.noarch"},
    {"of what a machine cannot live without", "upgrade\n", NULL, N("rpm", "1"),
     N("rpm", "2"), NULL, NULL, "rpm-2-1.noarch update",
     "watched rpm-2-1.noarch: takes the place of rpm-1-1.noarch"},
    {"for whom something watched comes new", "upgrade\n", NULL, N("app", "1"),
     N("app", "2") "r xen-libs\n" N("xen-libs", "1"), NULL, NULL,
     "app-2-1.noarch update, xen-libs-1-1.noarch dependency",
     "watched xen-libs-1-1.noarch: comes new"},
    {"of a glob with an epoch", "upgrade\nspec app-1:*\n", NULL, N("app", "9"),
     "@ app 1 2 1 noarch\n@ app 0 10 1 noarch\n", NULL, NULL,
     "app-1:2-1.noarch update", NULL},
};

static const struct trial helds[] = {
    {"another vendor", "upgrade\n", "opt vendorchange no\n",
     N("app", "1") "| One\n", N("app", "2") "| Two\n", NULL, NULL, "",
     "held app-2-1.noarch: it has another vendor"},
    {"of one vendor", "upgrade\n", "opt vendorchange no\n",
     N("app", "1") "| One\n" N("bpp", "1") "| One\n",
     N("app", "2") "| One\nc bpp = 2\n" N("bpp", "2") "| One\n", NULL, NULL,
     "app-2-1.noarch update",
     "it does not go together with other packages of this plan"},
    {"in the middle", "upgrade\n", NULL, N("app", "1") N("bpp", "1"),
     N("app", "2") "c bpp = 2\nr bpp >= 1.5\n" N("bpp", "1.5")
         N("bpp", "2") "r app = 2\n",
     NULL, NULL, "app-2-1.noarch update, bpp-1.5-1.noarch update",
     "held bpp-2-1.noarch: "},
    {"a path with a blank is not looked for", "upgrade\n", NULL, N("app", "1"),
     N("app", "2") "r /x y\n", NULL, NULL, "",
     "held app-2-1.noarch: nothing provides /x y"},
    {"of a lower priority", "upgrade\n", NULL, N("app", "1"), N("app", "2"),
     N("app", "3"), NULL, "app-2-1.noarch update",
     "held app-3-1.noarch: its repository has a lower priority"},
    {"by its version", "upgrade\nspec app-2\n", NULL, N("app", "1"),
     N("app", "2") "r missing\n", NULL, NULL, "",
     "held app-2-1.noarch: nothing provides missing"},
    {"for a path, told once", "upgrade\n", NULL, N("app", "1") N("bpp", "1"),
     N("app", "2") "r /x/y\n" N("bpp", "2") "r /x/y\n", NULL, NULL, "",
     "unmet /x/y: required"},
    {"for what is no path", "upgrade\n", NULL, N("app", "1"),
     N("app", "2") "r (/x/y and /x/z)\n", NULL, NULL, "", "held app-2"},
};

static const char groups[] = "group tools Tools\nmandatory app\n"
                             "conditional app base\nconditional app base\n"
                             "mandatory app\nconditional lib base\n"
                             "conditional bpp nothing-here\nmandatory none\n"
                             "mandatory base\n"
                             "group more More\nmandatory app\n"
                             "conditional lib base\n"
                             "environment all All\nneeds tools\nneeds more\n";

static const struct trial of_groups[] = {
    {"without groups", "install\nspec @tools\n", NULL, NULL, N("app", "1"),
     NULL, NULL, "no-match", "no group"},
    {"install", "install\nspec @tools\n", NULL, NULL,
     N("app", "1") N("lib", "1") N("bpp", "1"), NULL, groups,
     "app-1-1.noarch requested, lib-1-1.noarch requested", NULL},
    {"an environment of groups that share", "install\nspec @all\n", NULL, NULL,
     N("app", "1") N("lib", "1"), NULL, groups,
     "app-1-1.noarch requested, lib-1-1.noarch requested", NULL},
    {"a conditional one that is there", "install\nspec @tools\n", NULL,
     N("base", "1") N("lib", "1"), N("app", "1") N("lib", "2"), NULL, groups,
     "app-1-1.noarch requested", NULL},
    {"download", "download\nspec @tools\n", NULL, NULL,
     N("app", "1") N("bpp", "1"), NULL, groups, "app-1-1.noarch requested",
     NULL},
    {"upgrade: what is there", "upgrade\nspec @tools\n", NULL,
     N("app", "1") N("base", "1"), N("app", "2") N("lib", "1"), NULL, groups,
     "app-2-1.noarch update", NULL},
    {"reinstall of a version that is gone", "reinstall\nspec @tools\n", NULL,
     N("app", "1") N("lib", "1"), N("app", "2") N("lib", "1"), NULL, groups,
     "no-match", "is not installed in a version"},
};

static const struct trial again[] = {
    {"reinstall of one architecture", "reinstall\nspec lib\n", NULL,
     X("lib", "1") I("lib", "2"),
     X("lib", "1") X("lib", "2") I("lib", "1") N("lib", "1"), NULL, NULL,
     "lib-1-1.x86_64 requested", NULL},
    {"reinstall of another version", "reinstall\nspec app\n", NULL,
     N("app", "1"), N("app", "2"), NULL, NULL, "no-match",
     "is not installed in a version that a repository has"},
    {"downgrade to the next older one", "downgrade\nspec app\n", NULL,
     N("app", "3"), N("app", "1") N("app", "3") N("app", "2") N("app", "4"),
     NULL, NULL, "app-2-1.noarch requested", NULL},
    {"downgrade of the oldest", "downgrade\nspec app\n", NULL, N("app", "1"),
     N("app", "1"), NULL, NULL, "no-match", "has no older version"},
};

static const struct trial kernels[] = {
    {"three are kept", "upgrade\n", NULL,
     N("kernel", "1") N("kernel", "2") N("kernel", "3"), N("kernel", "4"), NULL,
     NULL, "kernel-4-1.noarch update",
     "removed kernel-1-1.noarch: more than 3"},
    {"the oldest is no matter of letters", "upgrade\n",
     "opt installonly-limit 2\n", N("kernel", "10") N("kernel", "9"),
     N("kernel", "11"), NULL, NULL, "kernel-11-1.noarch update",
     "removed kernel-9-1.noarch: more than 2"},
    {"all are kept", "upgrade\n",
     "opt installonly-limit 0\nopt protect kernel\n",
     N("kernel", "1") N("kernel", "2") N("kernel", "3"), N("kernel", "4"), NULL,
     NULL, "kernel-4-1.noarch update", "watched kernel-4"},
    {"two architectures are one name", "upgrade\n",
     "opt installonly mod\nopt installonly-limit 1\n",
     I("mod", "1") X("mod", "1"), I("mod", "2") X("mod", "2"), NULL, NULL,
     "mod-2-1.i686 update, mod-2-1.x86_64 update", "removed mod-1-1"},
};

static const struct trial weak[] = {
    {"a recommendation", "install\nspec app\n", "opt weakdeps yes\n", NULL,
     N("app", "1") "m more\n" N("more", "1"), NULL, NULL,
     "app-1-1.noarch requested, more-1-1.noarch weak", NULL},
    {"none is wanted", "install\nspec app\n", "opt weakdeps no\n", NULL,
     N("app", "1") "m more\n" N("more", "1"), NULL, NULL,
     "app-1-1.noarch requested", NULL},
    {"what was declined, in another version", "upgrade\n", "opt weakdeps yes\n",
     N("app", "1") "m more = 1\nm (x if y)\nm app\n",
     N("app", "2") "m more = 2\n" N("more", "2"), NULL, NULL,
     "app-2-1.noarch update", NULL},
    {"twice declined", "upgrade\n", "opt weakdeps yes\nopt exclude extra\n",
     N("app", "1") "m more\nm extra\n" N("bpp", "1") "m more\n",
     N("app", "2") "m more\n" N("more", "2") N("extra", "1"), NULL, NULL,
     "app-2-1.noarch update", NULL},
    {"supplements of what was there already", "upgrade\n", "opt weakdeps yes\n",
     N("app", "1") N("bpp", "1") N("sup", "1"),
     N("app", "2") N("both", "1") "u (app and bpp)\n" N(
         "either",
         "1") "u (none or app)\nu bpp\n" N("sup",
                                           "2") "u app\n" N("cond",
                                                            "1") "u (app if "
                                                                 "bpp)\n",
     NULL, NULL, "app-2-1.noarch update, sup-2-1.noarch update", NULL},
    {"supplements of one of two", "upgrade\n",
     "opt weakdeps yes\nopt exclude gone\n", N("app", "1"),
     N("app", "2") N("sup", "1") "u (app or none)\n" N("gone", "1") "u app\n" N(
         "other", "1") "p sup\n",
     NULL, NULL, "app-2-1.noarch update", NULL},
    {"supplements of what comes new", "upgrade\n", "opt weakdeps yes\n",
     N("app", "1"),
     N("app", "2") "r new\n" N("new", "1") N("both", "1") "u (app and new)\n" N(
         "either", "1") "u (none or new)\n" N("neither",
                                              "1") "u (none and new)\n",
     NULL, NULL,
     "app-2-1.noarch update, both-1-1.noarch weak, either-1-1.noarch weak, "
     "new-1-1.noarch dependency",
     NULL},
};

static const struct trial lies[] = {
    {"a name that is none", "install\nspec a%b\n", NULL, NULL, N("a%b", "1"),
     NULL, NULL, "metadata", "name that no package may have"},
    {"an architecture that is none", "install\nspec app\n", NULL, NULL,
     "@ app 0 1/2 1 noarch\n", NULL, NULL, "metadata",
     "name that no package may have"},
    {"a version without release", "install\nspec app\n", NULL, NULL,
     "@ app 0 1 - noarch\n", NULL, NULL, "metadata",
     "name that no package may have"},
    {"a release that is none", "install\nspec app\n", NULL, NULL,
     "@ app 0 1 1/1 noarch\n", NULL, NULL, "metadata",
     "name that no package may have"},
    {"an epoch that is none", "install\nspec app\n", NULL, NULL,
     "@ app 4294967296 1 1 noarch\n", NULL, NULL, "metadata",
     "name that no package may have"},
    {"no checksum", "install\nspec app\n", NULL, NULL, N("app", "1") "K -\n",
     NULL, NULL, "metadata", "checksum of type 'none'"},
    {"no size", "install\nspec app\n", NULL, NULL, N("app", "1") "S 0\n", NULL,
     NULL, "metadata", "an impossible size"},
    {"too large a size", "install\nspec app\n", NULL, NULL,
     N("app", "1") "S -\n", NULL, NULL, "metadata", "an impossible size"},
    {"no location", "install\nspec app\n", NULL, NULL, N("app", "1") "L -\n",
     NULL, NULL, "metadata", "no location that may be fetched"},
};

static const struct trial requests[] = {
    {"a relation without version", "upgrade\n", NULL, N("app", "1") "r a =\n",
     "", NULL, NULL, "request-syntax", "no dependency: 'r a ='"},
    {"a relation with two versions", "upgrade\n", NULL,
     N("app", "1") "c a = 1 2\n", "", NULL, NULL, "request-syntax",
     "no dependency: 'c a = 1 2'"},
    {"a relation with an empty version", "upgrade\n", NULL,
     N("app", "1") "s a = \n", "", NULL, NULL, "request-syntax", ""},
    {"a relation that is none", "upgrade\n", NULL, N("app", "1") "u a ~ 1\n",
     "", NULL, NULL, "request-syntax", "no dependency: 'u a ~ 1'"},
    {"a rich one that is none", "upgrade\n", NULL, N("app", "1") "e (a and\n",
     "", NULL, NULL, "request-syntax", "no dependency: 'e (a and'"},
    {"all kinds", "upgrade\n", NULL,
     N("app", "1") "p a\nr base >= 1\no b < 1\nc c <= 1\nm d > 1\n"
                   "s e\nu f\ne g\nf /x y\n" N("base", "1"),
     "", NULL, NULL, "", NULL},
};

/* ---- without memory ---- */

/* It ends at each place in turn, and each time this is what is told. */
static void
test_no_memory(void)
{
    static const struct trial missing = {.what = "no memory for a problem",
                                         .asked = "install\nspec app\n",
                                         .main = N("app", "2") "r /x/y\n"};
    static const struct trial path = {.what = "no memory for a path",
                                      .asked = "install\nspec /x/y\n",
                                      .main = N("app", "2")};
    static const struct trial trial = {
        .what = "no memory",
        .asked = "upgrade\nspec *\n",
        .opts = "opt exclude none\nopt protect app\nopt installonly mod\n"
                "opt installonly-limit 1\n",
        .installed = N("app", "1") N("bpp", "1") N("gone", "1") N("mod", "1"),
        .main = N("app", "2") "r lib\n" N("lib", "1") N(
            "bpp", "2") "r /x/y\n" N("heir", "1") "o gone < 2\n" N("mod", "2"),
        .want = "app-2-1.noarch update, heir-1-1.noarch obsoletes, "
                "lib-1-1.noarch dependency, mod-2-1.noarch update",
        .also = "unmet /x/y",
    };
    unsigned n = 1, m = 1, k = 1;

    try_one(&trial);
    while (fails_without_memory(&trial, n))
        n++;
    while (fails_without_memory(&missing, m))
        m++;
    while (fails_without_memory(&path, k))
        k++;
    tap_ok(n > m && m > k && k > 20, "there are places");
}

#define TRY(table) try_all(table, sizeof(table) / sizeof((table)[0]))

static void
try_all(const struct trial *trials, size_t n)
{
    for (size_t i = 0; i < n; i++)
        try_one(&trials[i]);
}

/* Each reason is a solve of its own: of many packages not all are told. */
static void
test_many_held(void)
{
    struct sp_text have = {0}, come = {0};
    struct trial trial = {.what = "many are held",
                          .asked = "upgrade\n",
                          .want = "",
                          .also = "held p89-2-1.noarch: it does not go "
                                  "together"};

    for (unsigned i = 10; i < 90; i++) {
        sp_text_add(&have, "@ p%u 0 1 1 noarch\n", i);
        sp_text_add(&come, "@ p%u 0 2 1 noarch\nr missing\n", i);
    }
    trial.installed = have.bytes;
    trial.main = come.bytes;
    try_one(&trial);
    sp_text_release(&have);
    sp_text_release(&come);
}

/* A repository as it is, without a machine. */
static void
newest(const char *packages, const char *want, const char *what)
{
    SP_AUTO_FD fd = primary_of(packages);
    const struct sp_pool_repo repo = {"main", 0, fd, -1, 10, 1000, {0}, {0}};
    const struct sp_repo_words none = {0};
    struct sp_text shown = {0}, notes = {0};
    struct sp_plan plan = {0};
    struct sp_pool pool;
    int status;

    memset(&err, 0, sizeof(err));
    if (tap_ok(sp_pool_open(&pool, "x86_64", &err) == 0 &&
                   sp_pool_add_repo(&pool, &repo, &err) == 0,
               "a repository%s", err.msg)) {
        sp_pool_ready(&pool, &none);
        status = sp_newest(&pool, &plan, &err);
        show_plan(&plan, &shown, &notes);
        tap_is_str(status < 0 ? err.detail : shown.bytes, want, "%s", what);
    }
    sp_pool_close(&pool);
    sp_plan_release(&plan);
    sp_text_release(&shown);
    sp_text_release(&notes);
}

static void
test_newest(void)
{
    newest(N("app", "1") N("app", "2") "@ src 0 1 1 src\n" I("lib", "2")
               X("lib", "1") N("other", "1") "p lib = 9\n",
           "app-2-1.noarch mirror, lib-1-1.x86_64 mirror, lib-2-1.i686 mirror, "
           "other-1-1.noarch mirror",
           "the newest of each architecture, no source");
    newest(N("app", "1") "S 0\n" N("bpp", "1"), "metadata", "a lie");
}

/* Names that are near, but of no use when they are all shown. */
static void
test_near(void)
{
    /* Shown, each of the last letters is eight. */
    static const char stem[] =
        "a-name-so-long-that-three-of-them-have-no-place-here-\xc3\xa9\xc3\xa9";
    char long_word[80], names[SP_NEAR_MAX];
    struct sp_text packages = {0};
    SP_AUTO_FD fd = -1;
    struct sp_pool pool;
    const struct sp_repo_words none = {0};

    memset(long_word, 'x', sizeof(long_word));
    long_word[sizeof(long_word) - 1] = '\0';
    tap_is_u64(sp_near_distance("kitten", "sitting"), 3, "a distance");
    tap_is_u64(sp_near_distance(long_word, "x"), 64, "a long word is far off");
    tap_is_u64(sp_near_distance("x", long_word), 64, "from everywhere");
    for (char c = 'a'; c < 'g'; c++)
        sp_text_add(&packages, "@ %s%c%c 0 1 1 noarch\n", stem, c, c);
    fd = primary_of(packages.bytes);
    if (tap_ok(sp_pool_open(&pool, "x86_64", &err) == 0, "a pool")) {
        const struct sp_pool_repo repo = {"main", 0,    fd,  -1,
                                          10,     1000, {0}, {0}};

        tap_ok(sp_pool_add_repo(&pool, &repo, &err) == 0, "long names");
        sp_pool_ready(&pool, &none);
        sp_near_names(pool.pool, stem, names);
        tap_ok(strncmp(names, stem, strlen(stem) - 4) == 0 &&
                   strlen(names) == SP_NEAR_MAX - 1,
               "as many as there is room for");
    }
    sp_pool_close(&pool);
    sp_text_release(&packages);
    sp_pool_close(&pool); /* once more harms nobody */
}

/* ---- what a jail may answer -------------------------------------------- */

/* In place of a child that solves: what it says, and how it ends. */
static struct {
    const char *text; /* NULL: it is the true one */
    size_t size;
    int signal, status;
} child;
static int pipe_ends[2];

int
pipe2(int ends[2], int flags)
{
    CALLS_TRUE(int, "pipe2", int *, int);
    int status = child.status < 0 ? -1 : call(ends, flags);

    memcpy(pipe_ends, ends, sizeof(pipe_ends));
    return status;
}

pid_t
fork(void)
{
    CALLS_TRUE(pid_t, "fork", void);
    pid_t pid = call();

    if (pid != 0 || !child.text)
        return pid;
    if (sp_write_full(pipe_ends[1], child.text, child.size) < 0)
        _exit(9);
    if (child.signal)
        (void)kill(getpid(), child.signal);
    _exit(child.status);
}

static bool stopped;

static int
is_stopped(void *data, struct sp_error *ret)
{
    (void)data;
    return stopped ? sp_fail(ret, "interrupted", "stopped") : 0;
}

static void
answers(const char *text, size_t size, const char *want, const char *part)
{
    static const struct sp_build_hooks hooks = {.stopped = is_stopped};
    static const struct trial trial = {.what = "a jail", .asked = "upgrade\n"};
    struct sp_request request = {0};
    struct sp_plan plan = {0};
    SP_AUTO_FREE char *asked = asked_text(&trial, &request);
    int status;

    child.text = text;
    child.size = size;
    memory_end_at(memory_ending);
    status = sp_resolve(&request, NULL, 0, NULL, &hooks, &plan, &err);
    memory_left = 0;
    child.text = NULL;
    tap_ok(want[0] ? status < 0 && strcmp(err.detail, want) == 0 &&
                         strstr(err.msg, part)
                   : status == 0,
           "'%s': %s", err.detail, err.msg);
    sp_plan_release(&plan);
}

static void
test_answers(void)
{
    static char large[65 * 1024 * 1024];

    answers("end\n", 4, "", "");
    answers("", 0, "worker-died", "said nothing");
    answers("what\n", 5, "protocol", "");
    answers("end\n\0", 5, "protocol", "sends no plan");
    answers("fault no-match 'x' is none\nend\n", 31, "no-match", "'x' is none");
    answers("fault no-match why\nunmet /x requested\n", 37, "no-match", "why");
    answers("fault nothing-known x\nend\n", 26, "protocol", "an unknown word");
    answers("fault no-match", 14, "protocol", "has no end");
    child.status = 3;
    answers("end\n", 4, "worker-died", "ended with status 3");
    child.status = -1;
    answers("end\n", 4, "internal", "no pipe");
    child.status = 0;
    child.signal = SIGXCPU;
    answers("end\n", 4, "too-slow", "no end in");
    child.signal = SIGKILL;
    answers("end\n", 4, "worker-died", "signal 9");
    child.signal = 0;
    memset(large, 'x', sizeof(large));
    answers(large, sizeof(large), "protocol", "sends no plan");
    stopped = true;
    answers("end\n", 4, "interrupted", "stopped");
    stopped = false;
    memory_ending = 1;
    answers("end\n", 4, "no-memory", "the plan");
    memory_ending = 0;
}

static void
test_too_much(void)
{
    static const char header[] =
        "action upgrade\narch anarchitectureofmorethanthirtytwoletters\n"
        "basearch x\nreleasever 1\n";
    struct sp_request request;
    struct sp_plan plan = {0};
    size_t size = 0;
    static const struct trial trial = {.what = "too much",
                                       .asked = "upgrade\n"};
    SP_AUTO_FREE char *text = request_text(header, INSTALLED, &size);
    SP_AUTO_FREE char *text_of = NULL;

    tap_ok(sp_request_parse(text, size, &request, &err) == 0 &&
               sp_resolve(&request, NULL, 0, NULL, NULL, &plan, &err) < 0 &&
               strcmp(err.detail, "usage") == 0,
           "an architecture without end: %s", err.msg);
    sp_plan_release(&plan);
    text_of = asked_text(&trial, &request);
    tap_ok(sp_resolve(&request, NULL, SP_RESOLVE_REPOS_MAX + 1, NULL, NULL,
                      &plan, &err) < 0 &&
               strcmp(err.detail, "too-many-files") == 0,
           "more repositories than can be: %s", err.msg);
    sp_plan_release(&plan);
}

/* ---- which repositories are meant -------------------------------------- */

static int
choose(const char *fields, struct sp_text *ret_ids)
{
    struct sp_text header = {0};
    struct sp_chosen chosen = {0};
    struct sp_request request;
    SP_AUTO_FREE char *text = NULL;
    size_t size = 0;
    int status;

    memset(&err, 0, sizeof(err));
    sp_text_add(&header, "action upgrade\narch x86_64\nbasearch x86_64\n"
                         "releasever 41\n");
    sp_text_add_bytes(&header, fields, strlen(fields));
    text = request_text(header.bytes, INSTALLED, &size);
    if (sp_request_parse(text, size, &request, &err) < 0)
        printf("Bail out! %s\n", err.msg);
    memory_end_at(memory_ending);
    status = sp_choose(&request, &chosen, &err);
    memory_left = 0;
    for (size_t i = 0; i < chosen.n; i++)
        sp_text_add(ret_ids, "%s%s", i ? " " : "", chosen.repos[i]->id);
    sp_chosen_release(&chosen);
    sp_text_release(&header);
    return status;
}

static void
chosen(const char *fields, const char *want, const char *what)
{
    struct sp_text ids = {0};

    tap_is_str(choose(fields, &ids) < 0 ? err.detail : ids.bytes, want, "%s",
               what);
    sp_text_release(&ids);
}

#define FILES                                                                  \
    "repo-file a.repo\n [one]\n baseurl=http://h/$flavour/\n [two]\n"          \
    " enabled=0\n baseurl=http://h/\n [three]\n baseurl=http://h/\n"
#define VAR "var flavour sweet\n"

static void
test_choose(void)
{
    struct sp_text many = {0};

    chosen(VAR FILES, "one three", "what is enabled");
    chosen(FILES, "repo-file", "a variable that nobody told");
    chosen(VAR "opt enablerepo t*\n" FILES, "one two three", "a glob");
    chosen(VAR "opt weakdeps yes\nopt disablerepo t*\n" FILES, "one", "less");
    chosen(VAR "opt disablerepo *\nopt enablerepo two\n" FILES, "two",
           "in order");
    chosen(VAR "opt repoid two\nopt repoid one\n" FILES, "one two",
           "these alone");
    chosen(VAR "opt enablerepo four\n" FILES, "no-match", "no such id");
    chosen(VAR "opt disablerepo four\n" FILES, "one three",
           "what is not there need not be switched off");
    chosen(VAR "opt disablerepo *\n" FILES, "no-match", "none is left");
    chosen(VAR "repo-file a.repo\n nonsense\n", "repo-file", "no file");
    for (unsigned i = 0; i < 62; i++)
        sp_text_add(&many, "var v%u x\n", i);
    sp_text_add(&many, "%s", FILES);
    chosen(many.bytes, "repo-file", "too many variables");
    sp_text_release(&many);
    for (memory_ending = 1; choose(VAR "opt enablerepo two\n" FILES, &many) < 0;
         memory_ending++)
        tap_is_str(err.detail, "no-memory", "no memory at %u", memory_ending);
    tap_ok(memory_ending > 20 && !memory_ended, "then there is enough");
    sp_text_release(&many);
    memory_ending = 0;
}

static void
test_choose_one(void)
{
    static const struct sp_repo_var vars[] = {{"releasever", "41"}};
    struct sp_chosen chosen;
    char path[4400];

    repository_anew();
    plant("repos/a.repo", "[one]\nenabled=0\nbaseurl=http://h/\n[two]\n");
    plant("repos/.repo", "nonsense\n");
    plant("repos/a.repo.bak", "nonsense\n");
    (void)snprintf(path, sizeof(path), "%s/repos", state.repo_path);
    tap_ok(sp_choose_one(path, "one", vars, 1, &chosen, &err) < 0,
           "an enabled one that is bad");
    tap_is_str(err.detail, "repo-file", "its word");
    sp_chosen_release(&chosen);
    plant("repos/a.repo", "[one]\nenabled=0\nbaseurl=http://h/\n");
    tap_ok(sp_choose_one(path, "one", vars, 1, &chosen, &err) == 0 &&
               chosen.n == 1,
           "one that is not enabled, by its id");
    tap_is_str(chosen.n ? chosen.repos[0]->id : "", "one", "which");
    sp_chosen_release(&chosen);
    tap_ok(sp_choose_one(path, "two", vars, 1, &chosen, &err) < 0, "no such");
    tap_is_str(err.detail, "no-match", "its word");
    sp_chosen_release(&chosen);
    plant("repos/b.repo", NULL);
    tap_ok(sp_choose_one(path, "one", vars, 1, &chosen, &err) < 0,
           "a folder where a file should be");
    sp_chosen_release(&chosen);
    (void)snprintf(path, sizeof(path), "%s/none", state.repo_path);
    tap_ok(sp_choose_one(path, "one", vars, 1, &chosen, &err) < 0,
           "no such directory");
    tap_is_str(err.detail, "not-found", "its word");
    sp_chosen_release(&chosen);
    (void)snprintf(path, sizeof(path), "%s/repos/a.repo", state.repo_path);
    tap_ok(sp_choose_one(path, "one", vars, 1, &chosen, &err) < 0,
           "no directory");
    tap_is_str(err.detail, "io", "its word");
    sp_chosen_release(&chosen);
    repository_gone();
}

int
main(void)
{
    TRY(installs);
    TRY(downloads);
    TRY(upgrades);
    TRY(helds);
    TRY(of_groups);
    TRY(again);
    TRY(kernels);
    TRY(weak);
    TRY(lies);
    TRY(requests);
    test_many_held();
    test_no_memory();
    test_newest();
    test_answers();
    test_too_much();
    test_near();
    test_choose();
    test_choose_one();
    return tap_done();
}
