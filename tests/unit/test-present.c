/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a person types at `update`, and what he is shown in tables and lines. */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "bundle/rpm.h"
#include "cli/command.h"
#include "cli/freshness.h"
#include "cli/present.h"
#include "cli/table.h"
#include "cli/terminal.h"
#include "cli/update-options.h"
#include "ingest/receive.h"
#include "tap.h"

static char text[16384];
static struct sp_error err;

/* ---- the words of update ---- */

static struct sp_update_words words;

/* Parses words that stand with spaces between them; the reason, or "ok". */
static const char *
parse(const char *line)
{
    static char copy[512];
    const char *word[32];
    size_t n = 0;
    char *rest = copy;

    sp_update_words_release(&words);
    memset(&err, 0, sizeof(err));
    (void)snprintf(copy, sizeof(copy), "%s", line);
    for (char *w; n < 32 && (w = strsep(&rest, " ")) != NULL;)
        word[n++] = w;
    if (line[0] == '\0')
        n = 0;
    return sp_update_words_parse(word, n, &words, &err) < 0 ? err.detail : "ok";
}

/* A list of words with a space behind each. */
static const char *
joined(const struct sp_word_list *list)
{
    text[0] = '\0';
    for (size_t i = 0; i < list->n; i++)
        (void)snprintf(text + strlen(text), 128, "%s ", list->word[i]);
    return text;
}

static void
test_words(void)
{
    tap_is_str(parse(""), "ok", "no word");
    tap_is_str(joined(&words.dnf), "--exclude=qubes-template-* ",
               "templates are never updated in dom0");
    tap_is_str(parse("a -- --best -- b --action=x"), "ok",
               "what lies behind --");
    tap_is_str(joined(&words.packages), "a b ", "may be a package");
    tap_is_str(joined(&words.dnf),
               "--exclude=qubes-template-* --best -- --action=x ",
               "what begins with - goes to dnf as it is");
    tap_ok(!words.best && !words.action, "and is none of ours");
    tap_is_str(parse("--enablerepo=x --enablerepox --releasever=41 --console"),
               "ok", "a longer name is another option");
    tap_is_str(joined(&words.enable), "x ", "the repository");
    tap_is_str(joined(&words.dnf),
               "--exclude=qubes-template-* --enablerepox --releasever=41 ",
               "dnf hears of the other one, and of no repository");
    tap_is_str(words.releasever, "41", "the release");
    tap_is_str(parse("--action=search --switch-audio-server-to=pipewire a"),
               "ok", "both at once");
    tap_is_str(joined(&words.stock),
               "--exclude=qubes-template-* --action=search a ",
               "options, then packages for the script");
    tap_is_str(parse("--setopt=install_weak_deps=True --setopt=a=b"), "ok",
               "settings");
    tap_ok(words.weak_deps, "one of them is ours too");
}

static void
test_refused_words(void)
{
    static const char *const bad[] = {
        "--nogpgcheck",
        "--nogpg",
        "--nog=1",
        "--no-gpgchecks",
        "--nosignature",
        "-- --nogpgcheck",
        "--setopt=gpgcheck=0",
        "--seto=x.gpgcheck=0",
        "--setopt gpgcheck=0",
        "--action=",
        "--action=-y",
        "--switch-audio-server-to=alsa",
        "--switch-audio-server-to=",
        "--x=\xc3\xa4",
        "--x=\033[2J",
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        tap_is_str(parse(bad[i]), "usage", "refused, row %zu", i);
    tap_is_str(parse("--no"), "ok", "dnf's own --no is none of them");
    tap_is_str(parse("--switch-audio-server-to=pulseaudio"), "ok",
               "the other audio server");
}

static void
test_template(void)
{
    tap_is_str(sp_update_template("qubes-template-debian-12"), "debian-12",
               "a template has a name");
    tap_ok(!sp_update_template("qubes-template-"), "not an empty one");
    tap_ok(!sp_update_template("qubes-core"), "other packages are none");
}

/* ---- the nearest word ---- */

static const char *
word_at(const void *data, size_t i)
{
    const char *const *list = data;

    return list[i];
}

static void
test_nearest(void)
{
    static const char *const list[] = {
        "ingest", "inspect",
        "a-word-that-is-longer-than-anybody-would-ever-type-it", NULL};

    tap_is_str(sp_nearest_word("ignest", word_at, list), "ingest", "swapped");
    tap_is_str(sp_nearest_word("insp", word_at, list), "inspect", "begun");
    tap_is_str(sp_nearest_word("a-word", word_at, list), list[2],
               "the beginning of a long one");
    tap_ok(!sp_nearest_word("i", word_at, list), "one letter says nothing");
    tap_ok(!sp_nearest_word("nothing", word_at, list), "nothing is near");
    tap_ok(
        !sp_nearest_word("b-word-that-is-longer-than-anybody-would-ever-type",
                         word_at, list),
        "nor to a word that nobody types");
}

/* ---- times and tables ---- */

static void
test_times(void)
{
    static const struct {
        uint64_t now, when;
        const char *age;
    } rows[] = {
        {100, 0, "-"},
        {100, 200, "in the future"},
        {100, 100, "0 minutes"},
        {160, 100, "1 minute"},
        {3700, 100, "1 hour"},
        {90000, 100, "24 hours"},
        {2 * 86400 + 100, 100, "2 days"},
    };
    char dst[SP_PRESENT_TIME_MAX];

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        sp_present_age(dst, rows[i].now, rows[i].when);
        tap_is_str(dst, rows[i].age, "an age");
    }
    sp_present_time(dst, 0);
    tap_is_str(dst, "-", "no time");
    sp_present_time(dst, 1700000000);
    tap_is_str(dst, "2023-11-14 22:13 UTC", "a time");
    sp_present_time(dst, INT64_MAX);
    tap_is_str(dst, "-", "one that no calendar has");
}

static void
cell(const void *data, size_t row, size_t column, char *dst)
{
    (void)data;
    (void)snprintf(dst, SP_TABLE_CELL_MAX, "%c%zu", (int)('a' + column),
                   row * 100);
}

static enum sp_tone
tone(const void *data, size_t row)
{
    (void)data;
    return (enum sp_tone)row;
}

static void
test_tables(void)
{
    static const struct sp_column columns[] = {
        {"ONE", false}, {"TWO", false}, {"THREE", true}};
    struct sp_table table = {
        .columns = columns, .n_columns = 3, .n_rows = 4, .cell = cell};
    FILE *out = fmemopen(text, sizeof(text), "w");

    sp_table_print(&table, true, out);
    (void)fclose(out);
    tap_is_str(text,
               "ONE   TWO   THREE\n"
               "a0    b0       c0\n"
               "a100  b100   c100\n"
               "a200  b200   c200\n"
               "a300  b300   c300\n",
               "columns, numbers on the right, no colour without a tone");
    table.tone = tone;
    table.n_columns = 2;
    out = fmemopen(text, sizeof(text), "w");
    sp_table_print(&table, true, out);
    (void)fclose(out);
    tap_is_str(text,
               "ONE   TWO\n"
               "a0    b0\n"
               "\033[32ma100\033[0m  b100\n"
               "\033[31ma200\033[0m  b200\n"
               "\033[33ma300\033[0m  b300\n",
               "tones: none, good, bad, a note");
    out = fmemopen(text, sizeof(text), "w");
    sp_table_print_toned(out, false, SP_TONE_BAD, "longer", 3);
    (void)fclose(out);
    tap_is_str(text, "longer", "what is too wide is not cut");
}

static void
test_terminal(void)
{
    FILE *out = fopen("/dev/null", "we");

    (void)setenv("TERM", "xterm", 1);
    tap_ok(sp_terminal_color("always", out), "always");
    tap_ok(!sp_terminal_color("never", out), "never");
    tap_ok(!sp_terminal_color("auto", out) && !sp_terminal_color(NULL, out),
           "no colour off a terminal");
    tap_is_u64(sp_terminal_width(out), 80, "and the usual width");
    (void)fclose(out);
}

/* A terminal of its own, where the machine has one. */
static void
test_own_terminal(void)
{
    static const struct {
        const char *term, *no_color;
        bool color;
    } rows[] = {
        {"xterm", NULL, true}, {"xterm", "", true}, {"xterm", "1", false},
        {"dumb", NULL, false}, {"", NULL, false},   {NULL, NULL, false},
    };
    const struct winsize wide = {.ws_col = 132};
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    int fd = master < 0 || grantpt(master) < 0 || unlockpt(master) < 0
                 ? -1
                 : open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
    FILE *out = fd < 0 ? NULL : fdopen(fd, "w");

    if (!out) {
        tap_ok(true, "no terminal here");
        return;
    }
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        (void)unsetenv("TERM");
        (void)unsetenv("NO_COLOR");
        if (rows[i].term)
            (void)setenv("TERM", rows[i].term, 1);
        if (rows[i].no_color)
            (void)setenv("NO_COLOR", rows[i].no_color, 1);
        tap_ok(sp_terminal_color(NULL, out) == rows[i].color,
               "TERM=%s, NO_COLOR=%s: %s",
               rows[i].term ? rows[i].term : "(unset)",
               rows[i].no_color ? rows[i].no_color : "(unset)",
               rows[i].color ? "colours" : "none");
    }
    tap_is_u64(sp_terminal_width(out), 80, "one that does not know its width");
    (void)ioctl(master, TIOCSWINSZ, &wide);
    tap_is_u64(sp_terminal_width(out), 132, "one that does");
    (void)fclose(out);
    (void)close(master);
}

/* ---- packages and freshness ---- */

static void
fill(struct sp_package *p, const char *name, const char *old_evr,
     uint32_t epoch)
{
    *p = (struct sp_package){.checked = true, .judged = true, .index = 3};
    (void)snprintf(p->facts.nevra.name, sizeof(p->facts.nevra.name), "%s",
                   name);
    (void)snprintf(p->facts.nevra.version, 8, "2");
    (void)snprintf(p->facts.nevra.release, 8, "1");
    (void)snprintf(p->facts.nevra.arch, 8, "noarch");
    (void)snprintf(p->old_evr, sizeof(p->old_evr), "%s", old_evr);
    (void)snprintf(p->primary_fpr, sizeof(p->primary_fpr), "ABCD");
    p->facts.nevra.epoch = epoch;
}

static void
test_packages(void)
{
    static struct sp_package packages[5];
    const struct sp_outcome outcome = {.packages = packages, .n_packages = 5};
    FILE *out = fmemopen(text, sizeof(text), "w");

    fill(&packages[0], "new", "", 0);
    fill(&packages[1], "old", "0:1-1", 0);
    fill(&packages[2], "epoch", "1:1-1", 2);
    fill(&packages[3], "same", "0:2-1", 0);
    fill(&packages[4], "", "", 0);
    packages[3].judged = false;
    packages[4].primary_fpr[0] = '\0';
    (void)sp_fail(&packages[4].error, "no-key", "of nobody");
    sp_present_packages(&outcome, 100, false, out);
    sp_present_totals(&outcome, 100, out);
    (void)fclose(out);
    tap_ok(strstr(text, "\naccept          new.noarch    2-1 "), "a new one");
    tap_ok(strstr(text, "\naccept          old.noarch    1-1 -> 2-1 "),
           "an update, without its epoch of 0");
    tap_ok(strstr(text, "\naccept          epoch.noarch  1:1-1 -> 2:2-1 "),
           "one with epochs");
    tap_ok(strstr(text, "\nnot judged      same.noarch   2-1 "),
           "the same again, and nobody has judged it");
    tap_ok(strstr(text, "\nrefuse: no-key  number 3      - "),
           "one that has no name");
    tap_ok(strstr(text, "\n5 packages, 0 B; 3 accepted, 2 not accepted\n"
                        "newest accepted signature: none\n"),
           "and all together");
}

static void
test_freshness(void)
{
    struct sp_withheld withheld[22] = {{.label = "edge"}};
    struct sp_repository repositories[2] = {
        {.label = "edge", .revision = 7, .signed_at = 3600, .first = true},
        {.label = "main"}};
    struct sp_freshness f = {.repositories = repositories,
                             .n_repositories = 2,
                             .withheld = withheld,
                             .n_withheld = 20,
                             .newest_build = 3600,
                             .known = 3600,
                             .max_age = 86400};
    FILE *out = fmemopen(text, sizeof(text), "w");

    (void)sp_fail(&repositories[1].error, "no-key", "of nobody");
    sp_freshness_print(&f, 7200, out);
    (void)fclose(out);
    tap_ok(strstr(text, "newest package was built: 1970-01-01 01:00 UTC (age: "
                        "1 hour)\n"),
           "when the newest was built");
    tap_ok(strstr(text, "'edge': revision 7, signed 1970-01-01 01:00 UTC (age: "
                        "1 hour), seen for the first time\n"),
           "a repository");
    tap_ok(strstr(text, "'main': none, no-key: of nobody\n"), "and its fault");
    tap_ok(!strstr(text, " more\n") && !strstr(text, "older than"),
           "twenty that did not come are named");
    f.n_withheld = 22;
    f.newest_build = 0;
    out = fmemopen(text, sizeof(text), "w");
    sp_freshness_print(&f, 3600 + 86401 + 86400, out);
    (void)fclose(out);
    tap_ok(strstr(text, "did not come: 2 more\n"), "of more their number");
    tap_ok(strstr(text, "older than the 1 days that the policy allows\n"),
           "and what is too old is called so");
    tap_ok(!strstr(text, "was built"), "nothing was built: not said");
}

int
main(void)
{
    test_words();
    test_refused_words();
    test_template();
    test_nearest();
    test_times();
    test_tables();
    test_terminal();
    test_own_terminal();
    test_packages();
    test_freshness();
    sp_update_words_release(&words);
    return tap_done();
}
