/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The records of deliveries, what status makes of them, and state reset. */
#include <sys/file.h>

#include "ingest/floor.h"
#include "ingest/ratchet.h"
#include "ingest/reset.h"
#include "tests/unit/repository.h"

#define OLD "11112233445566778899aabbccddeeff"
#define MID "22222233445566778899aabbccddeeff"
#define NEW "22223333445566778899aabbccddeeff"

static struct sp_error err;

static void
put(const char *path, const char *text)
{
    plant_at(state.state_fd, path, text, 0600);
}

/* The ids of the newest records, each with a space behind it. */
static const char *
ids(size_t max)
{
    static char text[512];
    struct sp_history *list = NULL;
    size_t n = 0;

    text[0] = '\0';
    memset(&err, 0, sizeof(err));
    if (sp_history_list(&state, max, &list, &n, &err) < 0)
        return err.detail;
    for (size_t i = 0; i < n; i++)
        (void)snprintf(text + strlen(text), 40, "%.4s ", list[i].id);
    free(list);
    return text;
}

static void
test_list(void)
{
    struct sp_history h;
    char *text = NULL;

    tap_is_str(ids(9), "", "no history yet");
    tap_ok(sp_history_show(&state, OLD, &h, &text, &err) < 0 &&
               strcmp(err.detail, "not-found") == 0,
           "and nothing to show");
    put("history", "a file");
    tap_is_str(ids(9), "state", "a file is no history");
    put("history", NULL);
    (void)mkdirat(state.state_fd, "history", 0700);
    tap_is_str(ids(9), "", "a folder without records is one");
    tap_ok(sp_history_note(&state, "one", OLD, "a", "first", &err) == 0 &&
               sp_history_note(&state, "two", NEW, "b", "last", &err) == 0 &&
               sp_history_note(&state, "two", MID, "b", "then", &err) == 0,
           "three records");
    tap_is_str(ids(9), "2222 2222 1111 ", "the newest first");
    tap_is_str(ids(1), "2222 ", "as many as are wanted");
    put("history/" OLD ".old", "time 1\n");
    put("history/xyzz2233445566778899aabbccddeeff", "time 1\n");
    tap_is_str(ids(9), "2222 2222 1111 ", "what is no id is no record");
    put("history/" OLD, "time 1\nhalf a line");
    tap_is_str(ids(9), "2222 2222 ", "a damaged one is left out");
    put("history/" OLD, NULL);
    (void)mkdirat(state.state_fd, "history/" OLD, 0700);
    tap_is_str(ids(9), "io", "one that cannot be read is a fault");
    (void)unlinkat(state.state_fd, "history/" OLD, AT_REMOVEDIR);
}

static void
test_halves(void)
{
    put("history/." MID ".new", "half");
    put("history/." MID ".other", "not ours");
    put("history/.zzzz2233445566778899aabbccddeeff.new", "not ours");
    tap_ok(sp_history_note(&state, "one", OLD, "a", "first", &err) == 0,
           "one more record");
    tap_is_str(content(state.state_fd, "history/." MID ".new"), "(none)",
               "it takes the half of a dead run away");
    tap_is_str(content(state.state_fd, "history/." MID ".other"), "not ours",
               "and nothing else");
    tap_is_str(content(state.state_fd,
                       "history/.zzzz2233445566778899aabbccddeeff.new"),
               "not ours", "whatever it is called");
}

static void
shows(const char *id, const char *want, const char *what)
{
    struct sp_history h;
    char *text = NULL;

    memset(&err, 0, sizeof(err));
    tap_is_str(sp_history_show(&state, id, &h, &text, &err) < 0 ? err.detail
                                                                : h.message,
               want, "%s", what);
    free(text);
}

static void
test_show(void)
{
    shows(NEW, "last", "by its id");
    shows("1", "first", "by how it begins");
    shows("22223", "last", "as far as it must be told");
    shows("2222", "not-found", "two begin so");
    tap_is_str(err.msg, "2 deliveries have the id '2222'", "and it says so");
    shows("3", "not-found", "none begins so");
    shows("", "usage", "no id");
    shows(NEW "0", "usage", "33 digits");
    shows("no id", "usage", "what is no number");
    put("history/" OLD, "time 1\nhalf a line");
    shows("1", "state", "a damaged one");
}

/* What stands in the record of a delivery that came to nothing. */
static void
test_add(void)
{
    struct sp_package packages[2] = {{.checked = true}, {.index = 2}};
    struct sp_repository repositories[2] = {{.revision = 7, .signed_at = 9},
                                            {.revision = 8}};
    struct sp_withheld withheld = {.label = "edge"};
    struct sp_outcome o = {
        .packages = packages, .n_packages = 2, .source = "file:/x"};
    struct sp_history h;
    char *text = NULL;

    (void)snprintf(o.delivery, sizeof(o.delivery), "%s", MID);
    (void)snprintf(packages[0].facts.nevra.name,
                   sizeof(packages[0].facts.nevra.name), "bash");
    (void)snprintf(repositories[0].label, sizeof(repositories[0].label),
                   "edge");
    (void)snprintf(repositories[0].primary_fpr,
                   sizeof(repositories[0].primary_fpr), "ABCD");
    (void)snprintf(repositories[1].label, sizeof(repositories[1].label),
                   "main");
    (void)sp_fail(&repositories[1].error, "no-key", "of nobody");
    (void)sp_fail(&packages[1].error, "no-key", "of nobody");
    (void)sp_fail(&o.error, "no-key", "of nobody");
    o.freshness.repositories = repositories;
    o.freshness.n_repositories = 2;
    o.freshness.withheld = &withheld;
    o.freshness.n_withheld = 1;
    tap_ok(sp_history_add(&state, "ingest", &o, &err) == 0, "it is written");
    tap_ok(sp_history_show(&state, MID, &h, &text, &err) == 0, "and read");
    tap_is_str(h.detail, "no-key", "why it came to nothing");
    tap_ok(text && strstr(text, "\nevidence edge 7 9 ABCD\n") &&
               strstr(text, "\nevidence main 8 0 no-key\n"),
           "each repository, with its signer or its fault");
    tap_ok(text && strstr(text, "\npackage - - - no-key\n"),
           "a package that nothing is known of");
    free(text);
}

/* ---- status ---- */

static const char *
status_of(struct sp_status *ret)
{
    memset(&err, 0, sizeof(err));
    return sp_status_read(&state, ret, &err) < 0 ? err.detail : "ok";
}

static void
test_status(void)
{
    struct sp_status status = {0};
    char line[256];

    put("history/" OLD, NULL);
    put("history/" MID, NULL);
    put("history/" NEW, "time 300\ncommand rollback\nclass done\n");
    tap_is_str(status_of(&status), "ok", "a rollback alone");
    tap_ok(status.last_id[0] == '\0' && status.last_success == 0,
           "is no delivery");
    sp_status_release(&status);
    put("history/00012233445566778899aabbccddeeff",
        "time 400\ncommand ingest\nclass policy\ndetail no-key\n");
    put("history/" OLD, "time 100\ncommand ingest\nclass done\ndetail x\n");
    put("history/" MID, "time 200\ncommand ingest\nclass policy\n"
                        "detail too-old\n");
    tap_is_str(status_of(&status), "ok", "no generation");
    tap_ok(status.last_success == 200 && status.n_generations == 0,
           "one that was too old came in, one that was refused did not");
    tap_is_str(status.last_id, MID, "the newest delivery");
    sp_status_release(&status);
    (void)snprintf(line, sizeof(line),
                   "a.rpm a 0:1-1 %064d 10 500\nb.rpm b 0:1-1 %064d 10 400\n",
                   1, 1);
    plant("generations/1/packages", line);
    tap_is_str(status_of(&status), "ok", "a generation");
    tap_ok(status.n_generations == 1 && status.generations[0].packages == 2 &&
               status.generations[0].newest_signature == 500 &&
               !status.generations[0].current,
           "what is in it");
    sp_status_release(&status);
    plant("generations/1/packages", "damaged\n");
    tap_is_str(status_of(&status), "state", "a damaged list is a fault");
    plant("generations/1/packages", "");
    if (sp_state_lock(&state, &err) < 0)
        tap_ok(false, "the lock");
    tap_is_str(status_of(&status), "ok", "while we hold the lock");
    tap_ok(!status.busy, "that is nobody else");
    sp_status_release(&status);
    sp_close_fd(&state.lock_fd);
}

static const char *
reset(const char *what, const char *reason)
{
    char id[33] = "";
    int status;

    memset(&err, 0, sizeof(err));
    status = sp_state_reset(&state, what, reason, id, &err);
    sp_close_fd(&state.lock_fd);
    return status < 0 ? err.detail : "ok";
}

/* Somebody else holds the lock of the repository. */
static void
test_busy(void)
{
    struct sp_status status = {0};
    SP_AUTO_FD other =
        openat(state.repo_fd, ".lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    if (flock(other, LOCK_EX | LOCK_NB) < 0)
        tap_ok(false, "locking the repository");
    tap_is_str(status_of(&status), "ok", "a repository at work");
    tap_ok(status.busy && !status.leftover,
           "is busy, and nothing is left over");
    sp_status_release(&status);
    tap_is_str(reset("clock", "why"), "busy", "nothing is forgotten meanwhile");
}

/* ---- reset ---- */

static void
test_reset_words(void)
{
    static const char *const bad[] = {
        "",       "clocks",   "cloc",       "clock:x",        "pending:x",
        "floor:", "ratchet:", "floor:a\nb", "floor:\xc3\xa4", ":floor",
    };
    char reason[SP_REASON_TEXT_MAX + 2], name[SP_NAME_MAX + 64];

    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        tap_is_str(reset(bad[i], "why"), "usage", "no such thing, row %zu", i);
    (void)snprintf(name, sizeof(name), "floor:%0*d", SP_NAME_MAX + 11, 1);
    tap_is_str(reset(name, "why"), "usage", "a name that is too long");
    tap_is_str(reset("clock", ""), "usage", "no reason");
    tap_is_str(reset("clock", "   "), "usage", "a reason of spaces");
    tap_is_str(reset("clock", "a\nb"), "usage", "a reason of two lines");
    tap_is_str(reset("clock", "a\x7f"), "usage", "one that cannot be printed");
    memset(reason, 'a', sizeof(reason) - 1);
    reason[sizeof(reason) - 1] = '\0';
    tap_is_str(reset("clock", reason), "usage", "201 characters");
    tap_is_str(ids(9), "2222 2222 1111 0001 ",
               "nothing of it stands in history");
    reason[SP_REASON_TEXT_MAX] = '\0';
    tap_is_str(reset("clock", reason), "not-found", "200 are a reason");
}

static void
test_reset(void)
{
    static const struct sp_nevra bash = {
        .name = "bash", .version = "5", .release = "1", .arch = "noarch"};
    struct sp_floor floor = {0};

    put("clock", "time 1\n");
    tap_is_str(reset("clock", "it was wrong"), "ok", "the clock");
    tap_is_str(content(state.state_fd, "clock"), "(none)", "is forgotten");
    tap_is_str(reset("pending", "why"), "not-found", "no request waits");
    (void)mkdirat(state.state_fd, "pending", 0700);
    put("pending/" OLD, "created 1\n");
    tap_is_str(reset("pending", "why"), "ok", "requests that wait");
    tap_is_str(reset("pending", "why"), "not-found", "are gone");
    tap_ok(sp_floor_raise(&floor, &bash, false, &err) == 0 &&
               sp_floor_save(&state, &floor, &err) == 0,
           "a floor");
    sp_floor_release(&floor);
    tap_is_str(reset("floor:zsh", "why"), "not-found", "not of this name");
    tap_is_str(reset("floor:bash", "why"), "ok", "of that one");
    tap_is_str(reset("floor:bash", "why"), "not-found", "once");
    tap_is_str(reset("floor", "why"), "ok", "the whole floor");
    tap_is_str(reset("floor", "why"), "not-found", "is gone");
    put("floor", "damaged");
    tap_is_str(reset("floor:bash", "why"), "state",
               "of a damaged one no part can be forgotten");
    tap_is_str(reset("floor", "why"), "ok", "but the whole");
    (void)mkdirat(state.state_fd, "floor", 0700);
    tap_is_str(reset("floor", "why"), "state", "what is no file stays");
    (void)unlinkat(state.state_fd, "floor", AT_REMOVEDIR);
}

static void
test_reset_ratchet(void)
{
    char text[256];

    (void)snprintf(text, sizeof(text), "revision edge %040d 17 1700000000\n",
                   0);
    put("ratchet", text);
    tap_is_str(reset("ratchet:other", "why"), "not-found",
               "no such repository");
    tap_is_str(reset("ratchet:edge", "why"), "ok", "its revision");
    tap_is_str(reset("ratchet:edge", "why"), "not-found", "is forgotten");
    put("ratchet", "revision");
    tap_is_str(reset("ratchet:edge", "why"), "state", "a damaged ratchet");
    tap_is_str(reset("ratchet", "why"), "ok", "can be forgotten as a whole");
    tap_is_str(reset("ratchet", "why"), "not-found", "once");
}

int
main(void)
{
    repository_anew();
    test_list();
    test_halves();
    test_show();
    test_add();
    test_status();
    test_busy();
    test_reset_words();
    test_reset();
    test_reset_ratchet();
    repository_gone();
    return tap_done();
}
