/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a service tells the person who holds a round, and what is read of it. */
#include "ingest/round.h"

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

static void
scribble(const char *name, const char *text)
{
    SP_AUTO_FD fd = openat(hold.dir_fd, name,
                           O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    if (fd < 0 || sp_write_full(fd, text, strlen(text)) < 0)
        tap_ok(false, "cannot plant '%s'", name);
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

int
main(void)
{
    repository_anew();
    tap_ok(sp_round_take(&state, &hold, &err) == 0, "a round");
    test_shown();
    test_damaged();
    test_changes();
    test_goes_on();
    repository_gone();
    return tap_done();
}
