/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a service tells the person who holds a round, and what is read of it. */
#include "ingest/round.h"

#include <sys/wait.h>

#include "ingest/receive.h"
#include "tests/unit/repository.h"

#define FIRST "00112233445566778899aabbccddeeff"
#define SECOND "ffeeddccbbaa99887766554433221100"

static struct sp_error err;
static struct sp_round_hold hold = {-1, -1};
static struct sp_package packages[2];
static struct sp_outcome outcome;

static void
deliver(const char *id)
{
    static const char *const names[] = {"bash", "zsh"};

    memset(packages, 0, sizeof(packages));
    memset(&outcome, 0, sizeof(outcome));
    for (size_t i = 0; i < 2; i++) {
        struct sp_package *p = &packages[i];
        struct sp_nevra *n = &p->facts.nevra;

        (void)snprintf(n->name, sizeof(n->name), "%s", names[i]);
        (void)snprintf(n->version, sizeof(n->version), "5.%zu", i);
        (void)snprintf(n->release, sizeof(n->release), "1");
        (void)snprintf(n->arch, sizeof(n->arch), "noarch");
        (void)snprintf(p->primary_fpr, sizeof(p->primary_fpr),
                       "0123456789ABCDEF0123456789ABCDEF01234567");
        n->epoch = 3;
        p->facts.file_bytes = 1234;
        p->facts.signature_time = 5678;
        p->facts.why = SP_WHY_UPDATE;
        p->is_protected = i == 1;
    }
    (void)snprintf(packages[1].old_evr, sizeof(packages[1].old_evr), "0:4-1");
    (void)snprintf(outcome.delivery, sizeof(outcome.delivery), "%s", id);
    outcome.packages = packages;
    outcome.n_packages = 2;
}

/* Plants a file of the round. */
static void
scribble(const char *name, const char *text)
{
    plant_at(hold.dir_fd, name, text, 0600);
}

static void
test_shown(void)
{
    struct sp_round_shown shown;
    const struct sp_package *p;

    tap_ok(!sp_round_shown(&hold, &shown), "nothing is shown yet");
    deliver(FIRST);
    tap_ok(sp_round_show(&state, &outcome, &err) == 0, "the service shows");
    tap_ok(sp_round_shown(&hold, &shown) && shown.n == 2, "it is read");
    tap_is_str(shown.delivery, FIRST, "of which delivery");
    p = &shown.packages[0];
    tap_ok(p->old_evr[0] == '\0' && !p->is_protected && p->judged &&
               p->facts.nevra.epoch == 3 && p->facts.file_bytes == 1234 &&
               p->facts.signature_time == 5678 && p->facts.why == SP_WHY_UPDATE,
           "the numbers");
    tap_is_str(shown.packages[1].facts.nevra.version, "5.1", "the words");
    tap_is_str(shown.packages[1].old_evr, "0:4-1", "what is replaced");
    tap_ok(shown.packages[1].is_protected, "and that it matters");
    free(shown.packages);
}

static void
test_damaged(void)
{
    static const char *const bad[] = {
        "",
        "packages 2\ndelivery " FIRST "\n",
        "packages 1\ndelivery 0\n",
        "packages 1\ndelivery " FIRST "\n",
        "packages 1\ndelivery " FIRST "0\n",
        "plan 1\ndelivery " FIRST "\n",
        "packages 1\ndelivery " FIRST "\npackage a 0 1 1 x - 1 1 F update\n",
        "packages 1\ndelivery " FIRST "\npackage a 0 1 1 x - 1 1 F update 2\n",
        "packages 1\ndelivery " FIRST "\npackage a 0 1 1 x - 1 1 F why? 1\n",
        "packages 1\ndelivery " FIRST "\npackage a 0 1 1 x - z 1 F update 1\n",
        "packages 1\ndelivery " FIRST "\npackage a 0 1 1 x - 1 1 F update 1",
        "packages 1\ndelivery " FIRST "\nother a 0 1 1 x - 1 1 F update 1\n",
        "packages 1\ndelivery " FIRST "\npackage  0 1 1 x - 1 1 F update 1\n",
        "packages 1\ndelivery " FIRST "\npackage a 0  1 x - 1 1 F update 1\n",
        "packages 1\ndelivery " FIRST "\npackage a 0 1  x - 1 1 F update 1\n",
        "packages 1\ndelivery " FIRST "\npackage a 0 1 1  - 1 1 F update 1\n",
        "packages 1\ndelivery " FIRST "\npackage a 0 1 1 x  1 1 F update 1\n",
        "packages 1\ndelivery " FIRST "\npackage a 0 1 1 x - 1 1  update 1\n",
        "packages 1\ndelivery " FIRST "\npackage a e 1 1 x - 1 1 F update 1\n",
        "packages 1\ndelivery " FIRST "\npackage a 0 1 1 x - 1 s F update 1\n",
        "packages 1\ndelivery " FIRST "\npackage a 0 1 1 x - 1 1 " FIRST
        "0123456789 update 1\n",
        "packages 1\ndelivery " FIRST "\npackage a 0 1 1 x - 1 1 F update 1\n"
        "package b",
    };
    struct sp_round_shown shown;

    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        scribble("packages", bad[i]);
        tap_ok(!sp_round_shown(&hold, &shown) && !shown.packages,
               "damage %zu is not shown", i);
    }
}

static void
test_changes(void)
{
    static const char text[] = "zsh 0:4-1 -> 5.1-1:\n  A - 5.1-1\n";
    char *got = NULL;

    tap_ok(!sp_round_changes(&hold, FIRST, &got) && !got, "no changes yet");
    deliver(FIRST);
    tap_ok(sp_round_show_changes(&state, &outcome, text, &err) == 0,
           "the service tells what is new");
    tap_ok(sp_round_changes(&hold, FIRST, &got), "it is read");
    tap_is_str(got, text, "as it was told");
    free(got);
    got = NULL;
    tap_ok(!sp_round_changes(&hold, SECOND, &got) && !got,
           "it is not that of another delivery");
    deliver(SECOND);
    tap_ok(sp_round_show_changes(&state, &outcome, "", &err) == 0 &&
               sp_round_changes(&hold, SECOND, &got),
           "the next one has nothing new");
    tap_is_str(got, "", "and that is known");
    free(got);
    got = NULL;
    tap_ok(!sp_round_changes(&hold, FIRST, &got), "the first is gone");
    scribble("changes", "changes 1\n");
    tap_ok(!sp_round_changes(&hold, FIRST, &got) && !got, "nor is a half one");
}

static void
test_goes_on(void)
{
    struct sp_round round = {.stock = false, .deadline = UINT64_MAX};

    (void)snprintf(round.id, sizeof(round.id), "%s", FIRST);
    (void)snprintf(round.qube, sizeof(round.qube), "sys-update");
    tap_ok(!sp_round_goes_on(&state, &round), "a round that is not open");
    tap_ok(sp_round_open(&hold, &round, &err) == 0 &&
               sp_round_goes_on(&state, &round),
           "goes on once it is");
    (void)snprintf(round.id, sizeof(round.id), "%s", SECOND);
    tap_ok(!sp_round_goes_on(&state, &round), "it is not another one");
    (void)snprintf(round.id, sizeof(round.id), "%s", FIRST);
    sp_round_shut(&hold);
    tap_ok(!sp_round_goes_on(&state, &round), "shut, it does not");
    tap_ok(sp_round_open(&hold, &round, &err) == 0 &&
               sp_round_goes_on(&state, &round),
           "open again");
    sp_round_end(&state, &hold);
    tap_ok(!sp_round_goes_on(&state, &round), "who held it has left");
}

/* ---- the question ---- */

static const volatile sig_atomic_t no_stop, stop = 1;

/* Opens the round `id` and returns it. */
static struct sp_round
opened(const char *id)
{
    struct sp_round round = {.deadline = UINT64_MAX};

    (void)snprintf(round.id, sizeof(round.id), "%s", id);
    (void)snprintf(round.qube, sizeof(round.qube), "sys-update");
    if (sp_round_open(&hold, &round, &err) < 0)
        tap_ok(false, "opening a round: %s", err.msg);
    return round;
}

static bool
ask(const struct sp_round *round, const volatile sig_atomic_t *stopped)
{
    const struct sp_package *asked[] = {&packages[0], &packages[1]};

    return sp_round_ask(&state, round, FIRST, asked, 2, stopped);
}

/* A child that waits for the question and does this; its exit status. */
static bool
ask_while(int (*act)(void), int *ret_status)
{
    struct sp_round round = opened(FIRST);
    bool said;
    pid_t pid;

    (void)fflush(stdout);
    pid = fork();
    if (pid == 0) {
        while (faccessat(hold.dir_fd, "plan", F_OK, 0) < 0)
            (void)usleep(10000);
        _exit(act());
    }
    said = ask(&round, &no_stop);
    (void)waitpid(pid, ret_status, 0);
    return said;
}

static int
shut_it(void)
{
    sp_round_shut(&hold);
    return 0;
}

/* The question, read as the side that asks reads it, is answered with yes. */
static int
answer_it(void)
{
    struct sp_round_plan plan = {0};
    int result;

    if (sp_round_question(&hold, &plan))
        return 1; /* an answer is there, whatever it says */
    (void)unlinkat(hold.dir_fd, "answer", 0);
    if (!sp_round_question(&hold, &plan) || plan.n != 2 ||
        strcmp(plan.delivery, FIRST) != 0 ||
        strcmp(plan.items[0].nevra, "bash-3:5.0-1.noarch") != 0 ||
        strcmp(plan.items[1].fpr, packages[1].primary_fpr) != 0 ||
        strcmp(plan.items[1].why, "update") != 0)
        return 2;
    result = sp_round_answer(&hold, &plan, true, &err) == 0 ? 0 : 3;
    free(plan.items);
    return result;
}

static void
test_question(void)
{
    struct sp_round_plan plan = {0};
    struct sp_round round = opened(FIRST);
    int status = -1;

    deliver(FIRST);
    tap_ok(!sp_round_question(&hold, &plan), "no question is open");
    scribble("answer", "answer " FIRST " yes\n");
    tap_ok(ask(&round, &no_stop), "a yes is a yes");
    scribble("answer", "answer " FIRST " no\n");
    tap_ok(!ask(&round, &no_stop), "a no is a no");
    scribble("answer", "answer " FIRST " yes\n");
    tap_ok(!ask(&round, &stop), "after a signal no yes counts");
    scribble("answer", "answer " SECOND " yes\n");
    tap_ok(ask_while(answer_it, &status), "nor one about another delivery");
    tap_is_u64((uint64_t)status, 0, "the question is read as it was asked");
    tap_ok(!ask_while(shut_it, &status), "a round that ends is a no");
    tap_is_str(content(hold.dir_fd, "plan"), "(none)", "no question is left");
    tap_is_str(content(hold.dir_fd, "answer"), "(none)", "and no answer");
    (void)opened(SECOND);
    tap_ok(!ask(&round, &no_stop), "nobody answers for another round");
}

static void
test_damaged_plan(void)
{
    static const char *const bad[] = {
        "",
        "plan 2\ndelivery " FIRST "\nnew a F update\n",
        "plan 1\ndelivery " FIRST "\n",
        "plan 1\ndelivery " FIRST "\nold a F update\n",
        "plan 1\ndelivery " FIRST "\nnew a " FIRST FIRST " update\n",
        "plan 1\ndelivery " FIRST "\nnew a F " FIRST "\n",
        "plan 1\ndelivery " FIRST "\nnew a F update\nnew b F upd",
        "plan 1\ndeliver " FIRST "\nnew a F update\n",
    };
    struct sp_round_plan plan = {0};
    char line[900];

    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        scribble("plan", bad[i]);
        tap_ok(!sp_round_question(&hold, &plan), "plan %zu asks nothing", i);
    }
    (void)snprintf(line, sizeof(line),
                   "plan 1\ndelivery " FIRST "\nnew %0800d F update\n", 7);
    scribble("plan", line);
    tap_ok(!sp_round_question(&hold, &plan) && !plan.items,
           "nor does a name that is too long");
    (void)unlinkat(hold.dir_fd, "plan", 0);
}

/* ---- the result ---- */

/* How a delivery ended, told to the round `id` while FIRST is open. */
static bool
tell(const char *reason, const char *id, struct sp_round_result *ret)
{
    struct sp_round round = opened(FIRST);

    (void)unlinkat(hold.dir_fd, "result", 0);
    deliver(FIRST);
    outcome.generation = 7;
    if (reason)
        (void)sp_fail(&outcome.error, reason, "because of it");
    (void)snprintf(round.id, sizeof(round.id), "%s", id);
    tap_ok(sp_round_tell(&state, &round, &outcome, &err) == 0, "it is told");
    return sp_round_result(&hold, ret);
}

static bool
is_open(void)
{
    return faccessat(hold.dir_fd, "open", F_OK, 0) == 0;
}

static void
test_result(void)
{
    struct sp_round_result result = {.generation = 99};

    tap_ok(tell(NULL, FIRST, &result) && result.error.code == SP_OK &&
               result.generation == 7 && result.packages == 2 &&
               !result.published && !result.nothing_to_do && !is_open(),
           "a delivery that was taken shuts the round");
    tap_ok(tell("no-key", FIRST, &result) && result.packages == 2 && is_open(),
           "one that was refused does not");
    tap_is_str(result.error.detail, "no-key", "the reason");
    tap_is_str(result.error.msg, "because of it", "and its words");
    tap_ok(tell("too-old", FIRST, &result) && !is_open(),
           "one that is too old does");
    tap_ok(!tell(NULL, SECOND, &result) && is_open(),
           "another round is told nothing");
}

static void
test_damaged_result(void)
{
    static const char *const bad[] = {
        "",
        "result 2\n",
        "result 1\n",
        "result 1\nresult -\n",
        "result 1\nreason " FIRST FIRST FIRST "\n",
        "result 1\nreason -\n",
        "result 1\nreason -\nmassage ok\n",
        "result 1\nreason nonsense\nmessage ok\n",
        "result 1\nreason -\nmessage \npublished 2\n",
        "result 1\nreason -\nmessage \npublished 1\nnothing-to-do x\n",
        "result 1\nreason -\nmessage \npublished 1\nnothing-to-do 0\n"
        "generation -1\npackages 1\n",
        "result 1\nreason -\nmessage \npublished 1\nnothing-to-do 0\n"
        "generation 1\n",
    };
    struct sp_round_result result = {.generation = 99};

    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        scribble("result", bad[i]);
        tap_ok(!sp_round_result(&hold, &result) && result.generation == 99,
               "result %zu is none", i);
    }
}

/* ---- what the service finds ---- */

static void
finds(const char *text, bool want, const char *what)
{
    struct sp_round round = {0};
    bool found = true;
    int status;

    memset(&err, 0, sizeof(err));
    scribble("open", text);
    status = sp_round_find(&state, &round, &found, &err);
    tap_ok(found == want && (want ? status == 0 : status < 0), "%s: %s",
           want ? "found" : "refused", what);
    if (status < 0)
        tap_is_str(err.detail, "state", "the reason: %s", what);
    sp_round_forget(&round);
}

#define ID_LINE "request " FIRST "\n"
#define QUBE_LINE "qube sys-update\n"
#define LATE "deadline 18446744073709551615\n"

static void
test_open_file(void)
{
    static const char *const bad[][2] = {
        {"", "nothing"},
        {"round 2\n" ID_LINE QUBE_LINE LATE, "another format"},
        {"round 1", "no line end"},
        {"round 1\n" QUBE_LINE LATE, "no request"},
        {"round 1\n" ID_LINE LATE, "no qube"},
        {"round 1\n" ID_LINE QUBE_LINE, "no deadline"},
        {"round 1\n" ID_LINE QUBE_LINE "deadline 0\n", "a deadline of 0"},
        {"round 1\n" ID_LINE QUBE_LINE "deadline soon\n", "no number"},
        {"round 1\nrequest 0123\n" QUBE_LINE LATE, "a short request"},
        {"round 1\nrequest x0112233445566778899aabbccddeeff\n" QUBE_LINE LATE,
         "a request that is no id"},
        {"round 1\n" ID_LINE "qube no qube\n" LATE, "a name that is none"},
        {"round 1\n" ID_LINE QUBE_LINE "stock 2\n" LATE, "stock 2"},
        {"round 1\n" ID_LINE QUBE_LINE "other 1\n" LATE, "an unknown key"},
        {"round 1\n" ID_LINE QUBE_LINE LATE "stock 1", "a line without end"},
    };
    struct sp_text many = {0};
    struct sp_round round = {0};
    bool found = true;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        finds(bad[i][0], false, bad[i][1]);
    finds("round 1\n" ID_LINE QUBE_LINE "stock 1\n" LATE, true, "a round");
    sp_text_add(&many, "round 1\n" ID_LINE QUBE_LINE LATE);
    for (int i = 0; i < SP_ROUND_WORDS_MAX; i++)
        sp_text_add(&many, "allow-new p%d\n", i);
    finds(many.bytes, true, "as many names as there may be");
    sp_text_add(&many, "allow-new more\n");
    finds(many.bytes, false, "one name more");
    sp_text_release(&many);
    scribble("open", "round 1\n" ID_LINE QUBE_LINE "deadline 1\n");
    tap_ok(sp_round_find(&state, &round, &found, &err) == 0 && !found,
           "a round whose time is over is none");
}

/* A NUL ends the text early; a file that cannot be read is no "no round". */
static void
test_odd_open_file(void)
{
    static const char nul[] = "round 1\n" ID_LINE QUBE_LINE LATE "\0";
    struct sp_round round = {0};
    bool found = true;
    SP_AUTO_FD fd = openat(hold.dir_fd, "open", O_WRONLY | O_TRUNC | O_CLOEXEC);

    tap_ok(sp_write_full(fd, nul, sizeof(nul)) == 0 &&
               sp_round_find(&state, &round, &found, &err) < 0 && !found,
           "a NUL is damage");
    tap_is_str(err.detail, "state", "its reason");
    (void)unlinkat(hold.dir_fd, "open", 0);
    (void)mkdirat(hold.dir_fd, "open", 0700);
    tap_ok(sp_round_find(&state, &round, &found, &err) < 0 && !found,
           "what cannot be read is a fault");
    tap_ok(sp_round_find(&state, &round, &found, NULL) < 0,
           "whether or not somebody hears of it");
    (void)unlinkat(hold.dir_fd, "open", AT_REMOVEDIR);
}

/* ---- who holds it ---- */

static void
test_busy(void)
{
    struct sp_round_hold other = {-1, -1};
    struct sp_round_hold none = {-1, -1};
    char want[64];

    (void)snprintf(want, sizeof(want), "process %d is updating this machine",
                   (int)getpid());
    memset(&err, 0, sizeof(err));
    tap_ok(sp_round_take(&state, &other, &err) < 0, "one round at a time");
    tap_is_str(err.detail, "busy", "the reason");
    tap_is_str(err.msg, want, "and who");
    if (ftruncate(hold.lock_fd, 0) < 0)
        tap_ok(false, "emptying the lock file");
    tap_ok(sp_round_take(&state, &other, &err) < 0 &&
               strncmp(err.msg, "process ? ", 10) == 0,
           "who has not signed yet has no number");
    sp_round_end(&state, &none);
    tap_ok(faccessat(state.state_fd, "round", F_OK, 0) == 0,
           "who does not hold it does not end it");
}

static void
test_no_room(void)
{
    struct sp_round_hold other = {-1, -1};

    (void)mkdirat(state.state_fd, "round.lock", 0700);
    memset(&err, 0, sizeof(err));
    tap_ok(sp_round_take(&state, &other, &err) < 0 && other.lock_fd == -1,
           "a lock that cannot be opened");
    tap_is_str(err.detail, "state", "its reason");
    (void)unlinkat(state.state_fd, "round.lock", AT_REMOVEDIR);
    deliver(FIRST);
    tap_ok(sp_round_show(&state, &outcome, &err) < 0 &&
               sp_round_show_changes(&state, &outcome, "", &err) < 0,
           "nothing is shown where no round is");
}

int
main(void)
{
    repository_anew();
    tap_ok(sp_round_take(&state, &hold, &err) == 0, "a round");
    test_shown();
    test_damaged();
    test_changes();
    test_question();
    test_damaged_plan();
    test_result();
    test_damaged_result();
    test_open_file();
    test_odd_open_file();
    test_busy();
    test_goes_on();
    (void)unlinkat(state.state_fd, "round.lock", 0);
    test_no_room();
    repository_gone();
    return tap_done();
}
