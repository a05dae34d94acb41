/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Generations: listed, made current, mended and removed; each call fails. */
#include "ingest/generation.h"

#include "tests/unit/faults.h"
#include "tests/unit/repository.h"

static struct sp_error err;

static void
plant_link(const char *path, const char *target)
{
    (void)unlinkat(state.repo_fd, path, 0);
    if (symlinkat(target, state.repo_fd, path) < 0)
        tap_ok(false, "planting the link '%s'", path);
}

static void
note_highest(const char *text)
{
    if (sp_path_replace_file(state.state_fd, "highest", text, strlen(text),
                             0600, NULL) < 0)
        tap_ok(false, "writing 'highest'");
}

static void
plant_generation(unsigned number)
{
    char path[64];

    (void)snprintf(path, sizeof(path), "generations/%u/packages", number);
    plant(path, "");
    (void)snprintf(path, sizeof(path), "generations/%u/rpm/a.rpm", number);
    plant(path, "package");
    (void)snprintf(path, sizeof(path), "generations/%u/repodata/repomd.xml",
                   number);
    plant(path, "index");
}

static void
test_current(void)
{
    static const struct {
        const char *target;
        uint64_t number; /* 0: refused */
    } rows[] = {
        {"generations/1", 1},
        {"generations/9223372036854775807", UINT64_MAX / 2},
        {"generations/9223372036854775808", 0},
        {"generations/0", 0},
        {"generations/01", 0},
        {"generations/", 0},
        {"generations/1/", 0},
        {"generation/1", 0},
        {"elsewhere000/1", 0},
        {"generationsx1", 0},
        {"/generations/1", 0},
        {"generations/.removed", 0},
    };
    uint64_t number = 7;

    repository_anew();
    tap_ok(sp_generation_current(&state, &number, &err) == 0 && number == 0,
           "nothing is published");
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        int got;

        plant_link("current", rows[i].target);
        number = 0;
        memset(&err, 0, sizeof(err));
        got = sp_generation_current(&state, &number, &err);
        if (rows[i].number)
            tap_ok(got == 0 && number == rows[i].number, "%s is current",
                   rows[i].target);
        else
            tap_ok(got == -1 && strcmp(err.detail, "state") == 0,
                   "%s is refused", rows[i].target);
    }
    (void)unlinkat(state.repo_fd, "current", 0);
    plant("current", "a file");
    memset(&err, 0, sizeof(err));
    tap_ok(sp_generation_current(&state, &number, &err) == -1 &&
               strcmp(err.detail, "state") == 0 && err.sys == EINVAL,
           "a file is no link");
}

/* The numbers, with a blank behind each; what went wrong. */
static const char *
list(void)
{
    static char text[128];
    SP_AUTO_FREE uint64_t *numbers = NULL;
    size_t n = 7, used = 0;

    memset(&err, 0, sizeof(err));
    if (sp_generation_list(&state, &numbers, &n, &err) < 0)
        return err.detail;
    text[0] = '\0';
    for (size_t i = 0; i < n; i++)
        used += (size_t)snprintf(text + used, sizeof(text) - used, "%u ",
                                 (unsigned)numbers[i]);
    return text;
}

static void
test_list(void)
{
    uint64_t one = 1, *numbers = &one;
    size_t n = 1;

    repository_anew();
    tap_is_str(list(), "", "none");
    tap_ok(sp_generation_list(&state, &numbers, &n, &err) == 0 && !numbers &&
               n == 0,
           "and that is said");
    plant("generations", NULL);
    tap_is_str(list(), "", "an empty folder");
    plant("generations/12", NULL);
    tap_is_str(list(), "12 ", "one");
    plant("generations/3", NULL);
    plant("generations/1", NULL);
    plant("generations/0", NULL);
    plant("generations/x", NULL);
    plant("generations/.removed", NULL);
    plant("generations/9223372036854775808", NULL);
    tap_is_str(list(), "1 3 12 ", "in their order; what is no number is none");
    plant("generations/9223372036854775807", NULL);
    tap_is_str(list(), "1 3 12 4294967295 ", "the highest is the last");
    repository_anew();
    plant("generations", "a file");
    tap_is_str(list(), "state", "a file in place of the folder");
    tap_is_u64((uint64_t)err.sys, ENOTDIR, "and why");
}

static uint64_t
next(void)
{
    uint64_t number = 0;

    memset(&err, 0, sizeof(err));
    return sp_generation_next(&state, &number, &err) < 0 ? 0 : number;
}

static void
test_next(void)
{
    uint64_t number;

    repository_anew();
    tap_is_u64(next(), 1, "the first");
    plant_generation(1);
    tap_is_u64(next(), 1, "what was not published does not count");
    plant_generation(5);
    plant_link("current", "generations/1");
    tap_is_u64(next(), 6, "a lost state: all that lies there counts");
    note_highest("3\n");
    tap_is_u64(next(), 4, "above the highest that was published");
    note_highest("1\n");
    tap_is_u64(next(), 2, "which may be the first");
    note_highest("9223372036854775807\n");
    tap_is_u64(next(), UINT64_C(1) << 63, "or the last");
    note_highest("9223372036854775808\n");
    tap_is_u64(next(), 6, "a higher number is none");
    note_highest("3");
    tap_is_u64(next(), 6, "a number cut short is none");
    note_highest("33");
    tap_is_u64(next(), 6, "nor is what is left of it");
    note_highest("");
    tap_is_u64(next(), 6, "an empty note is none");
    note_highest("\n");
    tap_is_u64(next(), 6, "a line without a number is none");
    for (int len = 64; len <= 65; len++) {
        char note[66] = "";

        memset(note, '1', (size_t)len);
        note_highest(note);
        tap_is_u64(next(), len == 64 ? 6 : 0, "a note of %d bytes is %s", len,
                   len == 64 ? "none" : "not read");
    }
    note_highest("3\n");
    plant_link("current", "generations/5");
    tap_is_u64(next(), 6, "above the current one");
    plant_link("current", "elsewhere");
    tap_is_u64(next(), 0, "who cannot tell gives no number");
    repository_anew();
    plant_link("current", "generations/5");
    tap_is_u64(next(), 6, "of nothing but a link its number counts");
    plant_generation(7);
    tap_is_u64(next(), 8, "and of a generation alone");
    if (mkdirat(state.state_fd, "highest", 0700) < 0)
        tap_ok(false, "making a folder");
    tap_ok(sp_generation_next(&state, &number, NULL) < 0,
           "who does not ask why is not told");
}

static void
test_open(void)
{
    SP_AUTO_FD fd = -1;

    repository_anew();
    plant_generation(2);
    fd = sp_generation_open(&state, 2, &err);
    tap_ok(fd >= 0 && (fcntl(fd, F_GETFD) & FD_CLOEXEC), "a generation");
    tap_ok(sp_generation_open(&state, 3, &err) == -1, "one that is not there");
    tap_is_str(err.detail, "no-generation", "has a word");
    plant_link("generations/4", "2");
    tap_ok(sp_generation_open(&state, 4, &err) == -1, "a link is none");
}

static void
test_flip(void)
{
    struct stat first, second;

    repository_anew();
    plant_generation(1);
    plant_generation(2);
    faults_begin("none", 1);
    tap_ok(sp_generation_flip(&state, 1, &err) == 0, "the first flip");
    tap_is_str(faults_order, "rrcdfrd",
               "links, current, its folder synced, then the note");
    (void)faults_end();
    tap_is_str(points_to("current"), "generations/1", "current");
    tap_is_str(points_to("rpm"), "current/rpm", "rpm");
    tap_is_str(points_to("repodata"), "current/repodata", "repodata");
    tap_is_str(content(state.state_fd, "highest"), "1\n", "the note");
    tap_ok(fstatat(state.state_fd, "highest", &first, 0) == 0 &&
               (first.st_mode & 07777) == 0600,
           "for nobody else");
    (void)fstatat(state.repo_fd, "rpm", &first, AT_SYMLINK_NOFOLLOW);
    tap_ok(sp_generation_flip(&state, 2, &err) == 0, "the next flip");
    (void)fstatat(state.repo_fd, "rpm", &second, AT_SYMLINK_NOFOLLOW);
    tap_ok(first.st_ino == second.st_ino, "a link that is right stays");
    tap_is_str(content(state.state_fd, "highest"), "2\n", "the note");
    faults_begin("none", 1);
    tap_ok(sp_generation_flip(&state, 2, &err) == 0, "the same again");
    tap_is_str(faults_order, "cd", "nothing to note");
    (void)faults_end();
    faults_begin("none", 1);
    tap_ok(sp_generation_flip(&state, 1, &err) == 0, "and back");
    tap_is_str(faults_order, "cd", "nothing to note");
    (void)faults_end();
    tap_is_str(points_to("current"), "generations/1", "current");
    tap_is_str(content(state.state_fd, "highest"), "2\n", "the note stays");
    plant_link("rpm", "current/repodata");
    tap_ok(sp_generation_flip(&state, 1, &err) == 0, "a link that is wrong");
    tap_is_str(points_to("rpm"), "current/rpm", "is made right");
    plant_link("rpm", "current/rpmx");
    tap_ok(sp_generation_flip(&state, 1, &err) == 0, "a longer one");
    tap_is_str(points_to("rpm"), "current/rpm", "too");
    (void)sp_generation_flip(&state, 2, &err);
    (void)unlinkat(state.state_fd, "highest", 0);
    (void)mkdirat(state.state_fd, "highest", 0700);
    tap_ok(sp_generation_flip(&state, 1, &err) < 0 &&
               sp_generation_recover(&state, &err) < 0,
           "without the note none is older or newer");
    tap_is_str(points_to("current"), "generations/2", "current stays");
}

/* Another tool's directories, with `path` in them. */
static void
foreign(const char *path)
{
    repository_anew();
    plant_generation(1);
    plant("rpm/old.rpm", "old");
    plant("repodata/repomd.xml", "old");
    if (path)
        plant(path, "theirs");
}

static void
test_take_over(void)
{
    static const char *const theirs[] = {"rpm/file", "rpm/x.rpm.asc", "rpm/rpm",
                                         "rpm/x.rpm/y", "repodata/folder/file"};
    struct sp_text before = {0};

    foreign(NULL);
    faults_begin("none", 1);
    tap_ok(sp_generation_flip(&state, 1, &err) == 0,
           "a repository of another tool is taken over");
    tap_is_str(faults_order, "cRRdfrd", "when current is there, then synced");
    (void)faults_end();
    tap_is_str(points_to("rpm"), "current/rpm", "rpm");
    tap_is_str(points_to("repodata"), "current/repodata", "repodata");
    tap_ok(!is_there(".rpm.new") && !is_there(".repodata.new"),
           "the old packages are gone");
    for (size_t i = 0; i < sizeof(theirs) / sizeof(*theirs); i++) {
        foreign(theirs[i]);
        snapshot(&before);
        memset(&err, 0, sizeof(err));
        tap_ok(sp_generation_flip(&state, 1, &err) == -1 && is_as(&before),
               "not with %s in it", theirs[i]);
        tap_is_str(err.detail, "publish", "and the word");
    }
    foreign("rpm/.rpm");
    tap_ok(sp_generation_flip(&state, 1, &err) == 0,
           "the shortest name of a package is one");
    sp_text_release(&before);
}

static void
test_recover(void)
{
    repository_anew();
    plant("generations/.removed/rpm/a.rpm", "half");
    tap_ok(sp_generation_recover(&state, &err) == 0 &&
               !is_there("generations/.removed"),
           "half a removal goes on");
    repository_anew();
    tap_ok(sp_generation_recover(&state, &err) == 0, "nothing to mend");
    tap_is_str(content(state.state_fd, "highest"), "(none)", "or to note");
    plant_generation(1);
    plant_generation(2);
    plant_generation(3);
    plant("generations/.removed/rpm/a.rpm", "half");
    plant_link(".current.new", "generations/2");
    plant_link(".repodata.new", "current/repodata");
    plant(".rpm.new/old.rpm", "half");
    plant_link("current", "generations/1");
    note_highest("2\n");
    tap_ok(sp_generation_recover(&state, &err) == 0, "a dead run is mended");
    tap_is_str(list(), "1 2 ", "what was never published is gone");
    tap_ok(!is_there("generations/.removed") && !is_there(".current.new") &&
               !is_there(".repodata.new") && !is_there(".rpm.new"),
           "and all halves");
    tap_is_str(content(state.state_fd, "highest"), "2\n", "the note stays");
    plant_link("current", "generations/3");
    plant_generation(3);
    tap_ok(sp_generation_recover(&state, &err) == 0, "a flip without a note");
    tap_is_str(list(), "1 2 3 ", "counts");
    tap_is_str(content(state.state_fd, "highest"), "3\n", "and is noted");
    plant_generation(4);
    plant_link("generations/5", "4");
    tap_ok(sp_generation_recover(&state, &err) == 0, "two that were not");
    tap_is_str(list(), "1 2 3 ", "are gone");
    repository_anew();
    plant_generation(5);
    plant_link("current", "generations/2");
    note_highest("2\n");
    tap_ok(sp_generation_recover(&state, &err) == 0, "one alone that was not");
    tap_is_str(list(), "", "is gone");
}

static void
test_recover_take_over(void)
{
    foreign(NULL);
    tap_ok(sp_generation_recover(&state, &err) == 0, "before the first flip");
    tap_ok(is_there("rpm/old.rpm"), "another tool's stays");
    foreign(NULL);
    plant_link("current", "generations/1");
    tap_ok(sp_generation_recover(&state, &err) == 0, "half taken over");
    tap_is_str(points_to("rpm"), "current/rpm", "is taken over: rpm");
    tap_is_str(points_to("repodata"), "current/repodata", "and repodata");
    foreign("rpm/file");
    plant_link("current", "generations/1");
    tap_ok(sp_generation_recover(&state, &err) == 0, "somebody's folder");
    tap_ok(is_there("rpm/file"), "stays");
}

static void
test_prune(void)
{
    repository_anew();
    for (unsigned i = 1; i <= 5; i++)
        plant_generation(i);
    plant_link("current", "generations/2");
    tap_ok(sp_generation_prune(&state, 5, &err) == 0, "no more than may be");
    tap_is_str(list(), "1 2 3 4 5 ", "all stay");
    tap_ok(sp_generation_prune(&state, 3, &err) == 0, "three are kept");
    tap_is_str(list(), "2 4 5 ", "the newest, and the current one");
    tap_ok(!is_there("generations/.removed"), "nothing of the others");
    plant("generations/.removed/rpm/a.rpm", "half");
    tap_ok(sp_generation_prune(&state, 1, &err) == 0, "one is kept");
    tap_is_str(list(), "2 ", "the current one");
    tap_ok(sp_generation_prune(&state, 0, &err) == 0, "none is kept");
    tap_is_str(list(), "2 ", "but the current one");
}

static struct sp_package
package(void)
{
    struct sp_package p = {.facts = {.nevra = {.name = "bash",
                                               .epoch = 1,
                                               .version = "5.1",
                                               .release = "2",
                                               .arch = "noarch"},
                                     .file_bytes = 7,
                                     .signature_time = 1234567890}};

    memset(p.facts.header_sha256, 0xab, 32);
    return p;
}

#define SHA "abababababababababababababababababababababababababababababababab"
#define LINE "bash-5.1-2.noarch.rpm bash 1:5.1-2 " SHA " 7 1234567890"

static void
test_lines(void)
{
    static const char *const bad[] = {
        "",
        "a.rpm",
        "a.rpm a 0:1-1",
        "a.rpm a 0:1-1 " SHA,
        "a.rpm a 0:1-1 " SHA " 7",
        "a.rpm a 0:1-1 " SHA " x 8",
        "a.rpm a 0:1-1 " SHA " 7 x",
        "a.rpm a 0:1-1 " SHA "0 7 8",
        "a.rpm a 0:1-1 0" SHA " 7 8",
        "a.rpm a 0:1-1 ab 7 8",
    };
    struct sp_package p = package();
    struct sp_generation_line line;
    char text[1024], word[512];

    sp_generation_print(&p, text, sizeof(text));
    tap_is_str(text, LINE, "a line");
    tap_ok(sp_generation_parse(text, &line), "is read");
    tap_is_str(line.file, "bash-5.1-2.noarch.rpm", "file");
    tap_is_str(line.name, "bash", "name");
    tap_is_str(line.evr, "1:5.1-2", "version");
    tap_is_str(line.sha256, SHA, "digest");
    tap_is_u64(line.bytes, 7, "bytes");
    tap_is_u64(line.signed_at, 1234567890, "time");
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        (void)snprintf(text, sizeof(text), "%s", bad[i]);
        tap_ok(!sp_generation_parse(text, &line), "not '%s'", bad[i]);
    }
    memset(word, 'x', sizeof(word));
    for (int extra = 0; extra <= 1; extra++) {
        (void)snprintf(text, sizeof(text), "%.*s a 0:1-1 " SHA " 7 8",
                       SP_FILENAME_MAX + extra, word);
        tap_ok(sp_generation_parse(text, &line) == !extra, "a long file %d",
               extra);
        (void)snprintf(text, sizeof(text), "a %.*s 0:1-1 " SHA " 7 8",
                       SP_NAME_MAX + extra, word);
        tap_ok(sp_generation_parse(text, &line) == !extra, "a long name %d",
               extra);
        (void)snprintf(text, sizeof(text), "a a %.*s " SHA " 7 8",
                       (int)sizeof(line.evr) - 1 + extra, word);
        tap_ok(sp_generation_parse(text, &line) == !extra, "a long version %d",
               extra);
    }
}

static bool
holds(const char *packages)
{
    return sp_generation_holds(&state, 1, packages, strlen(packages));
}

static void
test_holds(void)
{
    static const char other[] =
        "zash-5.1-2.noarch.rpm bash 1:5.1-2 " SHA " 7 1234567890\n";

    SP_AUTO_FREE char *text = NULL;
    size_t size;

    repository_anew();
    memset(&err, 0, sizeof(err));
    tap_ok(sp_generation_packages(&state, 1, &text, &size, &err) == -1,
           "one that is not there");
    tap_is_str(err.detail, "no-generation", "has a word");
    tap_ok(!holds(LINE "\n"), "and holds nothing");
    plant("generations/0/rpm/bash-5.1-2.noarch.rpm", "package");
    plant("generations/0/repodata/repomd.xml", "index");
    plant("generations/0/packages", LINE "\n");
    plant_generation(1);
    plant("generations/1/rpm/bash-5.1-2.noarch.rpm", "package");
    plant("generations/1/packages", LINE "\n");
    tap_ok(holds(LINE "\n"), "what it holds");
    tap_ok(!sp_generation_holds(&state, 0, LINE "\n", strlen(LINE "\n")),
           "there is no generation 0");
    tap_ok(!holds(LINE), "not less");
    tap_ok(!holds(other), "not another one");
    tap_ok(!holds(LINE "\n" LINE "\n"), "not more");
    plant("generations/1/rpm/bash-5.1-2.noarch.rpm", "packages");
    tap_ok(!holds(LINE "\n"), "not when a file has another size");
    (void)unlinkat(state.repo_fd, "generations/1/rpm/bash-5.1-2.noarch.rpm", 0);
    tap_ok(!holds(LINE "\n"), "not when a file is gone");
    plant_link("generations/1/rpm/bash-5.1-2.noarch.rpm", "package");
    tap_ok(!holds(LINE "\n"), "not with a link in its place");
    (void)unlinkat(state.repo_fd, "generations/1/rpm/bash-5.1-2.noarch.rpm", 0);
    plant("generations/1/rpm/bash-5.1-2.noarch.rpm", "package");
    tap_ok(holds(LINE "\n"), "made good again");
    (void)unlinkat(state.repo_fd, "generations/1/repodata/repomd.xml", 0);
    tap_ok(!holds(LINE "\n"), "not without its index");
    plant("generations/1/repodata/repomd.xml", "index");
    plant("generations/1/packages", LINE "\nx\n");
    tap_ok(!holds(LINE "\nx\n"), "not when a line is none");
    plant("generations/1/packages", LINE);
    tap_ok(!holds(LINE), "not when a line has no end");
}

/* As large as a list may be, and one byte more. */
static void
test_large_list(void)
{
    const off_t most = 16 << 20;

    repository_anew();
    plant_generation(1);
    for (off_t more = 0; more <= 1; more++) {
        SP_AUTO_FD fd = openat(state.repo_fd, "generations/1/packages",
                               O_WRONLY | O_CLOEXEC);
        SP_AUTO_FREE char *text = NULL;
        size_t size = 0;
        int status;

        if (fd < 0 || ftruncate(fd, most + more) < 0)
            tap_ok(false, "making a large list");
        status = sp_generation_packages(&state, 1, &text, &size, &err);
        tap_ok(more ? status == -1 : status == 0 && size == (size_t)most,
               "a list of 16 MiB and %u bytes", (unsigned)more);
    }
}

/* ---- each call fails ---- */

static struct sp_text wanted; /* what lies there when no call fails */
static const char *tried;

/* Is it so, or will the next run make it so? */
static bool
is_mended(bool only_looks)
{
    struct sp_text now = {0};
    bool same;

    if (!only_looks)
        return is_as(&wanted);
    if (sp_generation_recover(&state, &err) < 0)
        return false;
    snapshot(&now);
    same = now.size == wanted.size &&
           memcmp(now.bytes, wanted.bytes, now.size) == 0;
    sp_text_release(&now);
    /* Without the note all that lies there was published. */
    return same || strcmp(content(state.state_fd, "highest"), "3\n") == 0;
}

/* It is told, or the next run mends it; and current is one of two. A link
 * cannot take the place of a directory that could not be looked at. */
static bool
judge(int status, const char *call, unsigned n, const char *old,
      const char *new)
{
    bool hit = faults_end();
    const char *now = points_to("current");

    if (strcmp(now, old) != 0 && strcmp(now, new) != 0)
        tap_ok(false, "%s, %s %u fails: current is '%s'", tried, call, n, now);
    if (status == 0 && !hit && strcmp(now, new) != 0)
        tap_ok(false, "%s: current is '%s'", tried, now);
    if (status == 0 && hit && !is_mended(faults_only_looks(call)))
        tap_ok(false, "%s, %s %u fails and is not told", tried, call, n);
    if (status < 0 && !(hit && (err.sys == EISDIR ||
                                faults_is_told(call, err.detail, err.sys))))
        tap_ok(false, "%s, %s %u fails without a word", tried, call, n);
    return hit;
}

static bool
flip(const char *call, unsigned n)
{
    int status;

    foreign(NULL);
    plant(".rpm.new/old.rpm", "half");
    plant_link("current", "generations/1");
    plant_generation(2);
    memset(&err, 0, sizeof(err));
    faults_begin(call, n);
    status = sp_generation_flip(&state, 2, &err);
    if (!call[0])
        snapshot(&wanted);
    return judge(status, call, n, "generations/1", "generations/2");
}

/* Who cannot look takes nothing over. */
static bool
flip_theirs(const char *call, unsigned n)
{
    int status;
    bool hit;

    foreign("rpm/file");
    memset(&err, 0, sizeof(err));
    faults_begin(call, n);
    status = sp_generation_flip(&state, 1, &err);
    hit = faults_end();
    if (status == 0 || !is_there("rpm/file") || !is_there("rpm/old.rpm"))
        tap_ok(false, "%s, %s %u fails: taken over", tried, call, n);
    return hit;
}

static bool
first_flip(const char *call, unsigned n)
{
    int status;

    repository_anew();
    plant_generation(1);
    memset(&err, 0, sizeof(err));
    faults_begin(call, n);
    status = sp_generation_flip(&state, 1, &err);
    if (!call[0])
        snapshot(&wanted);
    return judge(status, call, n, "", "generations/1");
}

static bool
recover(const char *call, unsigned n)
{
    int status;

    foreign(NULL);
    plant_generation(2);
    plant_generation(3);
    note_highest("1\n");
    plant("generations/.removed/rpm/a.rpm", "half");
    plant(".rpm.new/old.rpm", "half");
    plant_link(".current.new", "generations/2");
    plant_link("current", "generations/2");
    memset(&err, 0, sizeof(err));
    faults_begin(call, n);
    status = sp_generation_recover(&state, &err);
    if (!call[0])
        snapshot(&wanted);
    return judge(status, call, n, "generations/2", "generations/2");
}

static bool
prune(const char *call, unsigned n)
{
    int status;

    repository_anew();
    for (unsigned i = 1; i <= 3; i++)
        plant_generation(i);
    plant_link("current", "generations/3");
    memset(&err, 0, sizeof(err));
    faults_begin(call, n);
    status = sp_generation_prune(&state, 2, &err);
    if (!call[0])
        snapshot(&wanted);
    return judge(status, call, n, "generations/3", "generations/3");
}

static void
sweep(bool (*body)(const char *, unsigned), const char *what, unsigned least)
{
    unsigned hits;

    tried = what;
    (void)body("", 1);
    hits = faults_sweep(body);
    printf("# %s: %u calls\n", what, hits);
    tap_ok(hits >= least, "%s: each call fails", what);
}

int
main(void)
{
    test_current();
    test_list();
    test_next();
    test_open();
    test_flip();
    test_take_over();
    test_recover();
    test_recover_take_over();
    test_prune();
    test_lines();
    test_holds();
    test_large_list();
    sweep(flip, "a flip", 30);
    sweep(flip_theirs, "somebody's own", 10);
    sweep(first_flip, "the first flip", 10);
    sweep(recover, "a recovery", 40);
    sweep(prune, "a pruning", 20);
    sp_text_release(&wanted);
    repository_gone();
    tap_is_str(faults_careless, "", "what is opened is opened with care");
    tap_ok(faults_standard_open(), "standard descriptors are left alone");
    return tap_done();
}
