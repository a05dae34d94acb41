/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a repository says of groups, advisories and files, without the jail
 * that reads it: every strange line of it is left out or refused.
 */
#include <archive.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/lines.h"
#include "build/advisories.h"
#include "build/comps.h"
#include "build/filelists.h"
#include "build/unfold.h"
#include "build/updateinfo.h"
#include "bundle/limits.h"
#include "tests/unit/memory.h"
#include "tests/unit/tap.h"

#define HEX "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define TEN(s) s s s s s s s s s s
#define TOO_LONG TEN(TEN("0123"))

static struct sp_error err;

/* ---- where the lines go ------------------------------------------------ */

struct sink {
    struct sp_text text;
    unsigned left; /* calls until one fails; 0: none does */
};

static int
emit(void *data, const char *text, size_t len, struct sp_error *ret)
{
    struct sink *sink = data;
    unsigned left = memory_left;

    if (sink->left > 0 && --sink->left == 0)
        return sp_fail(ret, "io", "the pipe is gone");
    memory_left = 0; /* what is kept here is not what is tested */
    sp_text_add_bytes(&sink->text, text, len);
    memory_left = left;
    return 0;
}

enum reader { COMPS, UPDATES, FILES };

/* In pieces of one byte, as they may come. */
static int
read_comps(const char *xml, struct sink *sink)
{
    struct sp_comps_reader *reader = sp_comps_open(1, emit, sink);
    int status = 0;

    if (!reader)
        return sp_fail(&err, "no-memory", "no reader");
    for (; *xml && status == 0; xml++)
        status = sp_comps_feed(reader, xml, 1, &err);
    if (status == 0)
        status = sp_comps_feed(reader, NULL, 0, &err);
    sp_comps_close(reader);
    return status;
}

static int
read_updates(const char *xml, struct sink *sink)
{
    struct sp_updateinfo *reader = sp_updateinfo_open(1, emit, sink);
    int status = 0;

    if (!reader)
        return sp_fail(&err, "no-memory", "no reader");
    for (; *xml && status == 0; xml++)
        status = sp_updateinfo_feed(reader, xml, 1, &err);
    if (status == 0)
        status = sp_updateinfo_feed(reader, NULL, 0, &err);
    sp_updateinfo_close(reader);
    return status;
}

static int
read_files(const char *xml, struct sink *sink)
{
    static char first[] = "/a&b", second[] = "/c\td";
    static char *paths[] = {first, second};
    struct sp_filelists *reader = sp_filelists_open(paths, 2, 1, emit, sink);
    int status = 0;

    if (!reader)
        return sp_fail(&err, "no-memory", "no reader");
    for (; *xml && status == 0; xml++)
        status = sp_filelists_feed(reader, xml, 1, &err);
    if (status == 0)
        status = sp_filelists_feed(reader, NULL, 0, &err);
    sp_filelists_close(reader);
    return status;
}

static int
read_with(enum reader which, const char *xml, struct sink *sink)
{
    memset(&err, 0, sizeof(err));
    return which == COMPS     ? read_comps(xml, sink)
           : which == UPDATES ? read_updates(xml, sink)
                              : read_files(xml, sink);
}

struct sample {
    const char *what, *xml;
    const char *want; /* the lines, or the word of the reason */
};

static void
try_samples(enum reader which, const struct sample *samples, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct sink sink = {.left = 0};
        int status = read_with(which, samples[i].xml, &sink);

        tap_is_str(status < 0        ? err.detail
                   : sink.text.bytes ? sink.text.bytes
                                     : "",
                   samples[i].want, "%s", samples[i].what);
        sp_text_release(&sink.text);
    }
}

/* Each allocation fails in turn, and then each piece of the answer. */
static void
try_faults(enum reader which, const char *xml, unsigned pieces)
{
    struct sink sink = {.left = 0};
    unsigned n = 0, wrong = 0;
    int status;

    do {
        memory_end_at(++n);
        status = read_with(which, xml, &sink);
        memory_left = 0;
        wrong += memory_ended != (status < 0) ||
                 (status < 0 && strcmp(err.detail, "no-memory") != 0);
        sp_text_release(&sink.text);
    } while (memory_ended);
    tap_ok(n > 2 && wrong == 0, "no memory at one of %u places", n - 1);
    for (n = 1; n <= pieces; n++) {
        sink.left = n;
        tap_ok(read_with(which, xml, &sink) < 0 &&
                   strcmp(err.detail, "io") == 0,
               "piece %u of %u has no taker", n, pieces);
        sp_text_release(&sink.text);
    }
    sink.left = pieces + 1;
    tap_ok(read_with(which, xml, &sink) == 0, "there are no more");
    sp_text_release(&sink.text);
}

/* ---- groups ------------------------------------------------------------ */

#define GROUP(id, more) "<comps><group><id>" id "</id>" more "</group></comps>"
#define LIST(members) "<packagelist>" members "</packagelist>"
#define X127                                                                   \
    TEN("xxxxxxxxxx")                                                          \
    "xxxxxxxxxx"                                                               \
    "xxxxxxxxxx"                                                               \
    "xxxxxxx"

static const struct sample comps[] = {
    {"no type is mandatory", GROUP("a", LIST("<packagereq>p</packagereq>")),
     "group a a\nmandatory p\n"},
    {"a type that nobody knows",
     GROUP("a", LIST("<packagereq type=\"x\">p"
                     "</packagereq>")),
     "group a a\n"},
    {"a condition",
     GROUP("a", LIST("<packagereq type=\"conditional\""
                     " requires=\"q\">p</packagereq>")),
     "group a a\nconditional p q\n"},
    {"a condition without one",
     GROUP("a", LIST("<packagereq type=\"conditional\">p</packagereq>")),
     "group a a\nconditional p \n"},
    {"a name that is too long",
     GROUP("a", LIST("<packagereq>" TOO_LONG "</packagereq>")), "group a a\n"},
    {"a title in other letters", GROUP("a", "<name>\xc3\xa9 \x7f&#9;z</name>"),
     "group a ? ??z\n"},
    {"an empty title", GROUP("a", "<name></name>"), "group a a\n"},
    {"a title that is cut before a word", GROUP("a", "<name>" X127 " y</name>"),
     "group a " X127 "\n"},
    {"a translated title", GROUP("a", "<name xml:lang=\"de\">x</name>"),
     "group a a\n"},
    {"an id that is none", GROUP("a b", LIST("<packagereq>p</packagereq>")),
     ""},
    {"no id", "<comps><group></group></comps>", ""},
    {"an environment",
     "<comps><environment><id>e</id><name>E</name><grouplist>"
     "<groupid>a</groupid></grouplist></environment></comps>",
     "environment e E\nneeds a\n"},
    {"another document", "<html></html>", "metadata"},
    {"no XML", "<comps><group>", "metadata"},
    {"a document type", "<!DOCTYPE comps SYSTEM \"x\"><comps></comps>", ""},
    {"a document type with entities",
     "<!DOCTYPE comps [<!ENTITY a \"b\">]><comps></comps>", "metadata"},
};

/* ---- advisories -------------------------------------------------------- */

#define PACKAGE(attributes)                                                    \
    "<pkglist><collection><package " attributes "/></collection></pkglist>"
#define GOOD                                                                   \
    PACKAGE(                                                                   \
        "name=\"n\" epoch=\"1\" version=\"2\" release=\"3\" arch=\"noarch\"")
#define UPDATE(more)                                                           \
    "<updates><update type=\"security\"><id>A-1</id>" more "</update></"       \
    "updates>"
#define HEAD "advisory A-1 security - -\n"

static const struct sample updates[] = {
    {"all of it",
     UPDATE("<severity>Critical one</severity>"
            "<issued date=\"2026-01-02 03:04:05\"/>"
            "<references><reference type=\"cve\" id=\"CVE-1\"/>"
            "<reference type=\"bugzilla\" id=\"7\"/><reference id=\"8\"/>"
            "<reference type=\"cve\"/></references>" GOOD),
     "advisory A-1 security Critical_one 2026-01-02\nfixes CVE-1\nfixes -\n"
     "package n 1 2 3 noarch\n"},
    {"without a package", UPDATE(""), ""},
    {"a time without a day", UPDATE("<issued date=\"T00:00\"/>" GOOD),
     HEAD "package n 1 2 3 noarch\n"},
    {"no date at all", UPDATE("<issued/>" GOOD),
     HEAD "package n 1 2 3 noarch\n"},
    {"a severity that is too long, in other letters",
     UPDATE("<severity>\xc3\xa9\x7f" X127 "</severity>" GOOD),
     "advisory A-1 security ___" TEN("xxxxxx") "x -\npackage n 1 2 3 noarch\n"},
    {"no epoch",
     UPDATE(PACKAGE("name=\"n\" version=\"2\" release=\"3\""
                    " arch=\"noarch\"")),
     HEAD "package n 0 2 3 noarch\n"},
    {"an empty epoch",
     UPDATE(PACKAGE("name=\"n\" epoch=\"\" version=\"2\""
                    " release=\"3\" arch=\"noarch\"")),
     HEAD "package n 0 2 3 noarch\n"},
    {"no version", UPDATE(PACKAGE("name=\"n\" release=\"3\" arch=\"x\"")), ""},
    {"an empty version", UPDATE(PACKAGE("name=\"n\" version=\"\"")), ""},
    {"a name that is too long", UPDATE(PACKAGE("name=\"" TOO_LONG "\"")), ""},
    {"a name of two words", UPDATE(PACKAGE("name=\"a b\"")), ""},
    {"another document", "<comps></comps>", "metadata"},
    {"no XML", "<updates><", "metadata"},
};

/* ---- files ------------------------------------------------------------- */

#define LISTS(more)                                                            \
    "<filelists><package pkgid=\"1\" name=\"n&lt;\" arch=\"noarch\">"          \
    "<version epoch=\"0\" ver=\"1\" rel=\"2\"/>" more "</package></filelists>"
#define BEGIN                                                                  \
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"                             \
    "<filelists xmlns=\"http://linux.duke.edu/metadata/filelists\">\n"
#define END "</filelists>\n"

static const struct sample files[] = {
    {"a path that is asked for", LISTS("<file>/x</file><file>/a&amp;b</file>"),
     BEGIN "<package pkgid=\"1\" name=\"n&#60;\" arch=\"noarch\">\n"
           "  <version epoch=\"0\" ver=\"1\" rel=\"2\"/>\n"
           "  <file>/a&#38;b</file>\n</package>\n" END},
    {"one with a tab, and no attributes",
     "<filelists><package><file type=\"dir\">/c&#9;d</file></package>"
     "</filelists>",
     BEGIN "<package pkgid=\"\" name=\"\" arch=\"\">\n"
           "  <file>/c&#9;d</file>\n</package>\n" END},
    {"none that is asked for", LISTS("<file>/a</file>"), BEGIN END},
    {"another document", "<updates></updates>", "metadata"},
    {"no XML", "<filelists>", "metadata"},
    {"a document type", "<!DOCTYPE filelists SYSTEM \"x\"><filelists/>",
     "metadata"},
};

/* ---- advisories of a plan ---------------------------------------------- */

static int
plan_advisories(const char *lines, const struct sp_plan *plan,
                struct sp_advisories *ret)
{
    size_t size = strlen(lines);
    SP_AUTO_FREE char *copy = strdup(lines);
    FILE *in = fmemopen(copy, size ? size : 1, "r");
    int status;

    memset(&err, 0, sizeof(err));
    memset(ret, 0, sizeof(*ret));
    if (!in)
        return -1;
    status = sp_advisories_add(ret, in, plan, &err);
    (void)fclose(in);
    return status;
}

static void
make_plan(struct sp_plan *plan)
{
    static char location[] = "a.rpm", replaces[] = "";
    struct sp_plan_package package = {.why = SP_WHY_UPDATE,
                                      .size = 1,
                                      .location = location,
                                      .replaces = replaces};

    package.digest.algo = SP_DIGEST_SHA256;
    (void)snprintf(package.nevra.name, sizeof(package.nevra.name), "n");
    (void)snprintf(package.nevra.version, sizeof(package.nevra.version), "2");
    (void)snprintf(package.nevra.release, sizeof(package.nevra.release), "3");
    (void)snprintf(package.nevra.arch, sizeof(package.nevra.arch), "noarch");
    tap_ok(sp_plan_add(plan, &package, &err) == 0, "a plan");
}

#define OF_PLAN "package n 0 2 3 noarch\n"

static void
test_advisories(void)
{
    static const char *const none[] = {
        "",
        "advisory A security - -\npackage other 0 2 3 noarch\n",
        "advisory A security - -\npackage n 0 2\n",
        "advisory A security -\n" OF_PLAN,
        "advisory A sec\x01rity - -\n" OF_PLAN,
        "advisory A s\xc3\xa9 - -\n" OF_PLAN,
        "advisory A s\x7f - -\n" OF_PLAN,
        "unknown A\n" OF_PLAN,
    };
    struct sp_plan plan = {0}, empty = {0};
    struct sp_advisories all;
    struct sp_text many = {0};
    unsigned wrong = 0, n = 0;
    int status;

    make_plan(&plan);
    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
        tap_ok(plan_advisories(none[i], &plan, &all) == 0 && all.n == 0,
               "nothing of use, %zu", i);
        sp_advisories_release(&all);
    }
    tap_ok(plan_advisories("advisory A security - -\n" OF_PLAN, &empty, &all) ==
                   0 &&
               all.n == 0,
           "an empty plan");
    sp_advisories_release(&all);
    /* The same id twice: the order of their packages decides. */
    status = plan_advisories("advisory B security high 2026-01-01\n" OF_PLAN
                             "fixes CVE-1\nfixes CVE\x01\nfixes CVE-2\n"
                             "advisory A bugfix - -\n" OF_PLAN OF_PLAN
                             "advisory A bugfix - -\n" OF_PLAN,
                             &plan, &all);
    if (tap_ok(status == 0, "three") && tap_is_u64(all.n, 3, "of them")) {
        sp_advisories_sort(&all);
        tap_is_str(all.list[0].packages, "n-2-3.noarch", "the shorter first");
        tap_is_str(all.list[1].packages, "n-2-3.noarch n-2-3.noarch", "A");
        tap_is_str(all.list[2].id, "B", "B");
        tap_is_str(all.list[2].fixes, "CVE-1 CVE-2", "printable ones");
    }
    sp_advisories_release(&all);
    do {
        SP_AUTO_FREE char *copy =
            strdup("advisory A security - -\nfixes C\n" OF_PLAN
                   "advisory B security - -\n" OF_PLAN);
        FILE *in = fmemopen(copy, strlen(copy), "r");

        memset(&all, 0, sizeof(all));
        memory_end_at(++n);
        status = sp_advisories_add(&all, in, &plan, &err);
        memory_left = 0;
        wrong += memory_ended != (status < 0) ||
                 (status < 0 && strcmp(err.detail, "no-memory") != 0);
        (void)fclose(in);
        sp_advisories_release(&all);
    } while (memory_ended);
    tap_ok(n > 10 && wrong == 0, "no memory at one of %u places", n - 1);
    /* Long texts end, and so do lists. */
    sp_text_add(&many, "advisory A security - -\n" OF_PLAN);
    for (n = 0; n < 1000; n++)
        sp_text_add(&many, "fixes CVE-%04u\n", n);
    tap_ok(plan_advisories(many.bytes, &plan, &all) == 0 && all.n == 1 &&
               strlen(all.list[0].fixes) < 4096,
           "a text that would go on for ever");
    sp_advisories_release(&all);
    for (n = 0; n < 16384; n++)
        sp_text_add(&many, "advisory A security - -\n" OF_PLAN);
    tap_ok(plan_advisories(many.bytes, &plan, &all) < 0, "too many");
    tap_is_str(err.detail, "metadata", "its word");
    sp_advisories_release(&all);
    sp_text_release(&many);
    sp_plan_release(&plan);
}

/* ---- unpacking --------------------------------------------------------- */

static const char *missing; /* what this libarchive cannot do */

#define SUPPORT(name)                                                          \
    int archive_read_support_##name(struct archive *a)                         \
    {                                                                          \
        CALLS_TRUE(int, "archive_read_support_" #name, struct archive *);      \
        return missing && strcmp(missing, #name) == 0 ? ARCHIVE_FATAL          \
                                                      : call(a);               \
    }
SUPPORT(filter_gzip)
SUPPORT(filter_xz)
SUPPORT(filter_zstd)
SUPPORT(filter_bzip2)
SUPPORT(format_raw)

struct archive *
archive_read_new(void)
{
    CALLS_TRUE(struct archive *, "archive_read_new", void);

    return missing && strcmp(missing, "new") == 0 ? NULL : call();
}

static int
take_piece(void *data, const void *piece, size_t len, struct sp_error *ret)
{
    return emit(data, piece, len, ret);
}

static int
unfold(const void *bytes, size_t size, uint64_t max, struct sink *sink)
{
    SP_AUTO_FD fd = memfd_create("packed", MFD_CLOEXEC);

    memset(&err, 0, sizeof(err));
    sp_text_release(&sink->text);
    if (sp_write_full(fd, bytes, size) < 0 || lseek(fd, 0, SEEK_SET) < 0)
        return -2;
    return sp_unfold(fd, max, take_piece, sink, &err);
}

static void
test_unfold(void)
{
    static const char *const parts[] = {"filter_gzip", "filter_xz",
                                        "filter_zstd", "filter_bzip2",
                                        "format_raw"};
    /* "abc\n" by gzip, and less of it */
    static const uint8_t packed[] = {0x1f, 0x8b, 8,    0,    0,    0,    0, 0,
                                     0,    3,    0x4b, 0x4c, 0x4a, 0xe6, 2, 0,
                                     0x4e, 0x81, 0x88, 0x47, 4,    0,    0, 0};
    struct sink sink = {.left = 0};

    tap_ok(unfold(packed, sizeof(packed), 4, &sink) == 0, "gzip: %s", err.msg);
    tap_is_str(sink.text.bytes, "abc\n", "what was packed");
    tap_ok(unfold("abc", 3, 3, &sink) == 0, "what is not packed: %s", err.msg);
    tap_ok(unfold(packed, sizeof(packed), 3, &sink) < 0 &&
               strcmp(err.detail, "metadata-size") == 0,
           "a byte too many: %s", err.msg);
    tap_ok(unfold(packed, 14, 4, &sink) < 0 &&
               strcmp(err.detail, "metadata") == 0,
           "one that ends early: %s", err.msg);
    sink.left = 1;
    tap_ok(unfold(packed, sizeof(packed), 4, &sink) < 0 &&
               strcmp(err.detail, "io") == 0,
           "who takes it may refuse");
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        missing = parts[i];
        tap_ok(unfold("abc", 3, 3, &sink) < 0 &&
                   strcmp(err.detail, "metadata") == 0,
               "no %s: %s", missing, err.msg);
    }
    missing = "new";
    tap_ok(unfold("abc", 3, 3, &sink) < 0 &&
               strcmp(err.detail, "no-memory") == 0,
           "no memory: %s", err.msg);
    missing = NULL;
    memory_end_at(1);
    tap_ok(unfold("abc", 3, 3, &sink) < 0 &&
               strcmp(err.detail, "no-memory") == 0,
           "none of ours: %s", err.msg);
    memory_end_at(0);
    sp_text_release(&sink.text);
}

#define TRY(which, table)                                                      \
    try_samples(which, table, sizeof(table) / sizeof((table)[0]))

int
main(void)
{
    TRY(COMPS, comps);
    TRY(UPDATES, updates);
    TRY(FILES, files);
    try_faults(COMPS, comps[2].xml, 2);
    try_faults(UPDATES, updates[0].xml, 2);
    try_faults(FILES, files[0].xml, 3);
    test_advisories();
    test_unfold();
    return tap_done();
}
