/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The lines of package groups: one encoding, and nothing else is taken. */
#include <stdlib.h>
#include <string.h>

#include "base/lines.h"
#include "build/groups.h"
#include "ingest/comps.h"
#include "tests/unit/guard.h"
#include "tests/unit/memory.h"
#include "tests/unit/tap.h"

static struct sp_error err;
static unsigned taken;

static int
count(void *data, const struct sp_group_line *line, struct sp_error *e)
{
    (void)data;
    (void)e;
    taken += sp_group_line_ok(line);
    return 0;
}

static const char *
judge_bytes(const char *text, size_t size)
{
    memset(&err, 0, sizeof(err));
    taken = 0;
    return sp_groups_parse(text, size, count, NULL, &err) == 0 ? "ok"
                                                               : err.detail;
}

static const char *
judge(const char *lines)
{
    char text[4096];

    (void)snprintf(text, sizeof(text), "groups 1\n%send\n", lines);
    return judge_bytes(text, strlen(text));
}

#define LONG_NAME                                                              \
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"         \
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static void
test_grammar(void)
{
    static const struct {
        const char *lines, *want, *what;
    } cases[] = {
        {"", "ok", "no group"},
        {"group a A\n", "ok", "an empty group"},
        {"group a A title, <b> & \"c\"\nmandatory x\n", "ok", "any title"},
        {"group a A\nmandatory x\nmandatory y\ndefault b\noptional a\n"
         "conditional q r\n",
         "ok", "every word"},
        {"group a A\ngroup b B\nenvironment a E\nneeds a\nneeds b\n", "ok",
         "an environment"},
        {"group " LONG_NAME " t\n", "ok", "the longest id"},
        {"group " LONG_NAME "a t\n", "groups", "an id that is too long"},
        {"group a " LONG_NAME "\n", "ok", "the longest title"},
        {"group a " LONG_NAME "a\n", "groups", "a title that is too long"},
        {"group a\n", "groups", "no title"},
        {"group a \n", "groups", "an empty title"},
        {"group a  A\n", "groups", "a title that begins with a blank"},
        {"group a A \n", "groups", "a title that ends with a blank"},
        {"group a \xc3\xa4\n", "groups", "a title that is not ASCII"},
        {"group a !\n", "ok", "the first character of a title"},
        {"group a A b\n", "ok", "a blank inside of a title"},
        {"group a ~\n", "ok", "the last character of a title"},
        {"group a A\x1f"
         "b\n",
         "groups", "a title with a control byte"},
        {"gro a A\n", "groups", "a word cut short"},
        {"groups a A\n", "groups", "a word too long"},
        {"group a A\nx", "groups", "no line end before the end"},
        {"group a A\x7f\n", "groups", "a title with DEL"},
        {"group a A\033[m\n", "groups", "an escape"},
        {"group ../a A\n", "groups", "an id with a slash"},
        {"group <a> A\n", "groups", "an id with a bracket"},
        {"group a A\ngroup a A\n", "groups", "the same group twice"},
        {"group b B\ngroup a A\n", "groups", "falling ids"},
        {"environment a A\ngroup b B\n", "groups", "a group at the end"},
        {"mandatory x\n", "groups", "a package without a group"},
        {"environment a A\nmandatory x\n", "groups",
         "a package of an environment"},
        {"group a A\nneeds b\n", "groups", "a group of a group"},
        {"group a A\ndefault x\nmandatory y\n", "groups", "words that fall"},
        {"group a A\nmandatory y\nmandatory x\n", "groups", "names that fall"},
        {"group a A\nmandatory x\nmandatory x\n", "groups", "a name twice"},
        {"group a A\nmandatory x y\n", "groups", "a word too many"},
        {"group a A\nconditional x\n", "groups", "a condition is missing"},
        {"group a A\nconditional x y z\n", "groups", "a condition too many"},
        {"group a A\nsometimes x\n", "groups", "an unknown word"},
        {"group a A\n\n", "groups", "an empty line"},
        {"group a A\r\n", "groups", "a carriage return"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        tap_is_str(judge(cases[i].lines), cases[i].want, "%s", cases[i].what);
}

static void
test_frame(void)
{
    static const char good[] = "groups 1\ngroup a A\nmandatory x\nend\n";

    tap_is_str(judge_bytes(good, sizeof(good) - 1), "ok", "whole");
    tap_is_u64(taken, 2, "its lines");
    for (size_t n = 0; n + 1 < sizeof(good); n++)
        if (strcmp(judge_bytes(guard_behind(good, n), n), "groups") != 0)
            tap_ok(false, "cut to %zu bytes", n);
    tap_is_str(judge_bytes("groups 2\nend\n", 13), "groups", "a later format");
    tap_ok(strstr(err.msg, "line 1:") != NULL, "is told of line 1");
    tap_is_str(judge_bytes("groups 1\nx\nend\n", 15), "groups", "no word");
    tap_ok(strstr(err.msg, "line 2:") != NULL, "is told of line 2");
    tap_is_str(judge_bytes("groups 1\nend\n", 13), "ok", "the shortest");
    tap_is_str(judge_bytes("groups 1\nend\nend\n", 17), "groups", "two ends");
}

static void
test_records(void)
{
    struct sp_group_line line;

    tap_ok(sp_group_line_read("group a A", 9, &line), "a line");
    tap_ok(sp_group_line_ok(&line), "as a record");
    line.reserved[1] = 1;
    tap_ok(!sp_group_line_ok(&line), "a hidden byte");
    line.reserved[1] = 0;
    line.word = SP_GROUP_NEEDS + 1;
    tap_ok(!sp_group_line_ok(&line), "an unknown word");
    line.word = SP_GROUP_NEEDS;
    tap_ok(!sp_group_line_ok(&line), "a title where none may be");
    line.word = SP_GROUP_GROUP;
    memset(line.title, 'a', sizeof(line.title));
    tap_ok(!sp_group_line_ok(&line), "a title without an end");
    line.title[1] = '\0';
    memset(line.id, 'a', sizeof(line.id));
    tap_ok(!sp_group_line_ok(&line), "an id without an end");
}

/* Two repositories; what the builder prints is what receivers read. */
static void
test_union(void)
{
    static const char one[] = "mandatory y\ngroup t Tools\ndefault b\n"
                              "mandatory a\nbad\nneeds u\n"
                              "group u Other\nmandatory z\n";
    static const char two[] = "group t Tools of another\nmandatory c\n"
                              "mandatory a\nenvironment e All\nneeds t\n"
                              "mandatory y\n";
    struct sp_groups all = {0}, picked = {0};
    struct sp_text text = {0};

    tap_ok(sp_groups_add(&all, one, sizeof(one) - 1, &err) == 0, "one");
    tap_ok(sp_groups_add(&all, two, sizeof(two) - 1, &err) == 0, "two");
    sp_groups_ready(&all);
    tap_ok(sp_groups_pick(&picked, &all, "ALL", &err) == 0, "by title");
    sp_groups_ready(&picked);
    sp_groups_print(&picked, &text);
    tap_is_str(text.bytes,
               "groups 1\ngroup t Tools\nmandatory a\nmandatory c\ndefault b\n"
               "environment e All\nneeds t\nend\n",
               "the union of what was named");
    tap_is_str(judge_bytes(text.bytes, text.size), "ok", "is read again");
    sp_text_release(&text);
    sp_groups_release(&picked);
    sp_groups_release(&all);
}

/* Too many lines, one without an end, and none for want of memory. */
static void
test_bounds(void)
{
    static const char lines[] = "group t Tools\nmandatory a\nenvironment e E\n"
                                "needs t\nmandatory b";
    struct sp_groups all = {0}, picked = {0};
    struct sp_text text = {0};
    unsigned n = 1, failed = 0;

    do {
        sp_groups_release(&all);
        sp_groups_release(&picked);
        memset(&err, 0, sizeof(err));
        memory_end_at(n++);
        if (sp_groups_add(&all, lines, sizeof(lines) - 1, &err) == 0) {
            sp_groups_ready(&all);
            (void)sp_groups_pick(&picked, &all, "e", &err);
        }
        memory_left = 0;
        failed += strcmp(err.detail, "no-memory") == 0;
    } while (memory_ended);
    tap_ok(failed == n - 2 && failed > 4, "no memory at %u places", failed);
    tap_is_u64(all.n, 4, "a line without an end is none");
    tap_is_u64(picked.n, 4, "an environment and what it needs");
    sp_groups_release(&picked);
    sp_groups_release(&all);
    sp_text_add(&text, "group t Tools\n");
    for (unsigned i = 1; i < 65536; i++)
        sp_text_add(&text, "optional a%u\n", i);
    tap_ok(sp_groups_add(&all, text.bytes, text.size, &err) == 0,
           "65536 lines");
    tap_ok(sp_groups_add(&all, "group u U\n", 10, &err) < 0 &&
               strcmp(err.detail, "metadata") == 0,
           "and one more: %s", err.msg);
    sp_groups_release(&all);
    sp_text_release(&text);
}

/* What is published holds nothing foreign but names, and titles escaped. */
static void
test_comps(void)
{
    static const char *const given[] = {
        "group a A<b>&\"'", "mandatory x",     "conditional y z",
        "group b B",        "environment e E", "needs a",
    };
    struct sp_group_line lines[6];
    struct sp_text text = {0};

    for (size_t i = 0; i < 6; i++)
        tap_ok(sp_group_line_read(given[i], strlen(given[i]), &lines[i]),
               "line %zu", i);
    sp_comps_print(lines, 6, &text);
    tap_is_str(
        text.bytes,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<comps>\n"
        "<group>\n<id>a</id>\n<name>A&#60;b&#62;&#38;&#34;&#39;</name>\n"
        "<description/>\n<default>false</default>\n"
        "<uservisible>true</uservisible>\n<packagelist>\n"
        "<packagereq type=\"mandatory\">x</packagereq>\n"
        "<packagereq type=\"conditional\" requires=\"z\">y</packagereq>\n"
        "</packagelist>\n</group>\n"
        "<group>\n<id>b</id>\n<name>B</name>\n"
        "<description/>\n<default>false</default>\n"
        "<uservisible>true</uservisible>\n<packagelist>\n"
        "</packagelist>\n</group>\n"
        "<environment>\n<id>e</id>\n<name>E</name>\n"
        "<description/>\n<default>false</default>\n"
        "<uservisible>true</uservisible>\n<grouplist>\n"
        "<groupid>a</groupid>\n</grouplist>\n</environment>\n</comps>\n",
        "as dnf reads it");
    sp_text_release(&text);
    sp_comps_print(NULL, 0, &text);
    tap_ok(text.size == 0, "nothing for none");
}

/* What each line must refuse by itself, not by the line before it. */
static void
test_lines(void)
{
    static const char *const bad[] = {"",          "group",     "what a",
                                      "group a",   "group a  ", "group ../a A",
                                      "needs a A", "mandatory", "group a \t"};
    struct sp_group_line line;

    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        size_t len = strlen(bad[i]);

        tap_ok(!sp_group_line_read(guard_behind(bad[i], len), len, &line),
               "'%s'", bad[i]);
    }
}

/* A line as record: whatever the reader would not have made is refused. */
static void
test_line_records(void)
{
    struct sp_group_line good, l;

    (void)sp_group_line_read("group a A", 9, &good);
    tap_ok(sp_group_line_ok(&good), "a line that was read");
    l = good;
    l.word = SP_GROUP_NONE;
    tap_ok(!sp_group_line_ok(&l), "no word");
    l = good;
    l.title[0] = '\0';
    tap_ok(!sp_group_line_ok(&l), "no title");
    l = good;
    l.id[0] = '/';
    tap_ok(!sp_group_line_ok(&l), "an id that is no name");
    l = good;
    memset(l.id, 'a', sizeof(l.id));
    tap_ok(!sp_group_line_ok(&l), "an id without end");
    l = good;
    memset(l.title, 'a', sizeof(l.title));
    tap_ok(!sp_group_line_ok(&l), "a title without end");
    for (size_t i = 0; i < sizeof(l.reserved); i++) {
        l = good;
        l.reserved[i] = 1;
        tap_ok(!sp_group_line_ok(&l), "reserved byte %zu", i);
    }
    (void)sp_group_line_read("needs a", 7, &good);
    tap_ok(sp_group_line_ok(&good), "a line without title");
    l = good;
    l.word = SP_GROUP_NONE;
    tap_ok(!sp_group_line_ok(&l), "no word and no title");
    l = good;
    l.word++;
    tap_ok(!sp_group_line_ok(&l), "a word beyond the last");
}

/* One group and so many lines in all, each as short as can be. */
static int
print_lines(char *dst, unsigned lines)
{
    int at = snprintf(dst, 32, "groups 1\ngroup a A\n");

    for (unsigned i = 1; i < lines; i++)
        at += snprintf(dst + at, 32, "default %05x\n", i);
    return at + snprintf(dst + at, 32, "end\n");
}

static int
no_more(void *data, const struct sp_group_line *line, struct sp_error *e)
{
    (void)data;
    (void)line;
    return sp_fail(e, "io", "no more");
}

static void
test_ends(void)
{
    static char many[SP_GROUPS_MAX_BYTES];
    static const char two[] = "groups 1\ngroup a A\ngroup b B\nend\n";
    size_t at = (size_t)print_lines(many, SP_GROUPS_MAX_LINES);

    tap_is_str(judge_bytes(many, at), "ok", "as many lines as may be");
    tap_is_u64(taken, SP_GROUPS_MAX_LINES, "all of them");
    at = (size_t)print_lines(many, SP_GROUPS_MAX_LINES + 1);
    tap_is_str(judge_bytes(many, at), "groups", "and one more");
    memset(&err, 0, sizeof(err));
    tap_ok(sp_groups_parse(two, sizeof(two) - 1, no_more, NULL, &err) < 0,
           "who takes the lines may refuse");
    tap_is_str(err.detail, "io", "with a word of his own");
}

int
main(void)
{
    test_lines();
    test_line_records();
    test_ends();
    test_grammar();
    test_frame();
    test_records();
    test_union();
    test_bounds();
    test_comps();
    return tap_done();
}
