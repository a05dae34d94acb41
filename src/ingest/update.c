/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ingest/update.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "ingest/caller.h"
#include "ingest/engine.h"
#include "ingest/generation.h"
#include "ingest/pending.h"
#include "ingest/update-features.h"
#include "ingest/update-guard.h"
#include "ingest/update-root.h"
#include "ingest/update-stock.h"

/* A shell's statuses for "no such command" and "cannot be executed". */
enum { NO_COMMAND = 127, NO_EXECUTABLE = 126, UPDATES_EXIST = 100 };

/* How long the end of a delivery is waited for, behind a fault of the round. */
enum { LOOK_MS = 10 * 1000, TURN_MS = 50 };

/* One round, and all that it holds. */
struct run {
    const struct sp_update *u;
    const struct sp_update_hooks *hooks;
    struct sp_update_end *end;
    int root;
    struct sp_policy policy;
    struct sp_state state;
    bool has_state;
    struct sp_round_hold hold;
    struct sp_round round;
    struct sp_asked asked;
    struct sp_error late; /* the fault of a delivery that was taken in */
    uint64_t before;      /* the generation when the round began */
    bool opened;          /* deliveries could join it */
    char shown[33];       /* the delivery that the person was told of */
    bool shown_changes;   /* and what is new in it */
};

static void
note(const struct run *run, const char *text)
{
    run->hooks->note(run->hooks->data, text);
}

static void
percent(const struct run *run, unsigned percent)
{
    run->hooks->percent(run->hooks->data, percent);
}

/* ---- beginning ---- */

static int
find_qube(struct run *run, struct sp_error *err)
{
    if (sp_caller_updatevm(&run->policy, run->round.qube, err) < 0)
        return -1;
    if (run->round.qube[0])
        return 0;
    return sp_fail(err, "usage",
                   "no qube brings updates here ('updatevm' is not set); "
                   "without one, use 'sallyport request' and 'sallyport "
                   "ingest'");
}

/*
 * Which qube is asked before anything is made here: away from Qubes OS
 * nothing may be left behind.
 */
static int
begin(struct run *run, struct sp_error *err)
{
    sp_engine_catch_signals();
    if (sp_policy_load(run->u->ask.setup->policy_path, &run->policy, err) < 0 ||
        find_qube(run, err) < 0 ||
        sp_state_open(run->u->ask.setup, true, &run->state, err) < 0)
        return -1;
    run->has_state = true;
    if (sp_generation_current(&run->state, &run->before, err) < 0)
        return -1;
    run->round.deadline =
        sp_clock_ms() + UINT64_C(1000) * run->policy.deadlines.total;
    /* Who became another user has lost this. */
    if (run->root >= 0 && prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0) < 0)
        return sp_fail_sys(err, errno, "internal", "cannot follow the parent");
    return sp_round_take(&run->state, &run->hold, err);
}

/* The request, noted as pending and in STATE/round/request. */
static int
ask(struct run *run, struct sp_error *err)
{
    char address[sizeof(run->state.state_path) + 32];

    (void)snprintf(address, sizeof(address), "file:%s/round/request",
                   run->state.state_path);
    if (sp_ask(&run->u->ask, address, &run->asked, err) < 0)
        return -1;
    memcpy(run->round.id, run->asked.id, sizeof(run->round.id));
    return 0;
}

/* ---- calls to the other qube ---- */

static void
show_packages(struct run *run)
{
    struct sp_round_shown shown;

    if (!sp_round_shown(&run->hold, &shown))
        return;
    if (strcmp(shown.delivery, run->shown) != 0) {
        run->hooks->show(run->hooks->data, shown.packages, shown.n);
        run->shown_changes = false;
    }
    memcpy(run->shown, shown.delivery, sizeof(run->shown));
    free(shown.packages);
}

static void
show_changes(struct run *run)
{
    SP_AUTO_FREE char *text = NULL;

    if (!run->shown[0] || run->shown_changes ||
        !sp_round_changes(&run->hold, run->shown, &text))
        return;
    run->hooks->changes(run->hooks->data, text);
    run->shown_changes = true;
}

static void
show_delivery(struct run *run)
{
    show_packages(run);
    show_changes(run);
}

/* What the service could not tell must not pass for nothing. */
static void
note_unshown(struct run *run)
{
    if (!run->shown[0])
        note(run, "what came could not be shown here: 'sallyport history' "
                  "tells it");
    else if (!run->shown_changes)
        note(run, "what is new in it could not be shown here");
}

/* The service tells what it has, or has a question: answered here. */
static int
answer_question(void *data, struct sp_error *err)
{
    struct run *run = data;
    struct sp_round_plan plan;
    int status;

    show_delivery(run);
    if (!sp_round_question(&run->hold, &plan))
        return 0;
    status = sp_round_answer(
        &run->hold, &plan,
        run->hooks->accept(run->hooks->data, plan.items, plan.n), err);
    free(plan.items);
    return status;
}

static struct sp_vm_call
make_call(struct run *run)
{
    return (struct sp_vm_call){
        .qube = run->round.qube,
        .in_fd = -1,
        .no_start = run->u->kind == SP_UPDATE_CHECK,
        .deadline = run->round.deadline,
        .hooks = run->hooks,
        .tend = answer_question,
        .tend_data = run,
    };
}

static int
call_builder(struct run *run, const char *const *command, struct sp_vm_end *ret,
             struct sp_error *err)
{
    struct sp_vm_call call = make_call(run);
    SP_AUTO_FD request =
        openat(run->hold.dir_fd, "request", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

    if (request < 0)
        return sp_fail_sys(err, errno, "state", "cannot open the request");
    call.in_fd = request;
    call.command = command;
    return sp_vm_run(&call, ret, err);
}

/* Whole as it must be, the database names what --hide keeps back. */
static int
check_hidden(const struct run *run, struct sp_error *err)
{
    if (run->u->ask.hide.n == 0)
        return 0;
    return sp_fail(err, "usage",
                   "the stock programs of '%s' need the whole package "
                   "database, and --hide keeps a part of it back",
                   run->round.qube);
}

static int
call_stock(struct run *run, struct sp_vm_end *ret, struct sp_error *err)
{
    struct sp_stock stock = {
        .call = make_call(run),
        .db_path = run->u->ask.db_path,
        .options = run->u->stock_options,
        .check_only = run->u->kind == SP_UPDATE_CHECK,
    };

    if (check_hidden(run, err) < 0)
        return -1;
    return sp_stock_run(&stock, ret, err);
}

static bool
is_missing(const struct sp_vm_end *end)
{
    return end->status == NO_COMMAND || end->status == NO_EXECUTABLE;
}

static int
open_round(struct run *run, bool stock, struct sp_error *err)
{
    run->opened = true;
    run->round.stock = stock;
    run->round.n_allow_new = 0;
    for (size_t i = 0; i < run->u->allow_new.n && i < SP_ROUND_WORDS_MAX; i++)
        run->round.allow_new[run->round.n_allow_new++] =
            run->u->allow_new.word[i];
    return sp_round_open(&run->hold, &run->round, err);
}

/* Whoever has delivered has a builder, whatever his exit status says. */
static bool
has_delivered(const struct run *run)
{
    struct sp_round_result result;

    return sp_round_result(&run->hold, &result);
}

/* The builder there, or what every update qube has. */
static int
call_either(struct run *run, const char *const *builder, bool delivers,
            bool *ret_stock, struct sp_vm_end *ret, struct sp_error *err)
{
    *ret_stock = run->u->stock;
    if (!*ret_stock) {
        if (delivers && open_round(run, false, err) < 0)
            return -1;
        if (call_builder(run, builder, ret, err) < 0)
            return -1;
        if (!is_missing(ret) || (delivers && has_delivered(run)))
            return 0;
        if (check_hidden(run, err) < 0)
            return -1;
        note(run, "the update qube has no sallyport-builder: its stock "
                  "programs are used, which need the whole package database");
        *ret_stock = true;
    }
    if (delivers && open_round(run, true, err) < 0)
        return -1;
    return call_stock(run, ret, err);
}

/* Why the other side did not do what it was asked. Never its bare status. */
static int
blame(const struct run *run, const struct sp_vm_end *end, struct sp_error *err)
{
    const char *qube = run->round.qube;

    if (end->fault.code != SP_OK) {
        *err = end->fault;
        return sp_fail_prefix(err, "'%s'", qube);
    }
    if (is_missing(end))
        return sp_fail(err, "not-found",
                       "'%s' has neither sallyport-builder nor the stock "
                       "download script",
                       qube);
    return sp_fail(err, "peer-gone", "'%s' failed with exit status %d: %s",
                   qube, end->status,
                   end->last[0] ? end->last : "it did not say why");
}

/* ---- the kinds of rounds ---- */

static int
clean(struct run *run, struct sp_error *err)
{
    static const char *const command[] = {
        "rm -rf \"${XDG_CACHE_HOME:-$HOME/.cache}/sallyport\"", NULL};
    struct sp_vm_call call = make_call(run);
    struct sp_vm_end end;
    int status;

    if (!run->u->clean)
        return 0;
    call.command = command;
    call.quiet = true;
    call.tend = NULL;
    call.no_start = run->u->kind != SP_UPDATE_FETCH;
    if (sp_vm_run(&call, &end, err) < 0 || sp_state_lock(&run->state, err) < 0)
        return -1;
    status = sp_generation_prune(&run->state, 1, err);
    sp_close_fd(&run->state.lock_fd);
    return status;
}

/* Until nobody works on the repository; false when that takes too long, or
 * cannot be known. */
static bool
await_service(const struct run *run)
{
    const uint64_t deadline = sp_clock_ms() + LOOK_MS;
    const struct timespec turn = {.tv_nsec = TURN_MS * 1000000L};
    int held;

    while ((held = sp_state_is_locked(&run->state, NULL)) == 1 &&
           sp_clock_ms() <= deadline)
        (void)nanosleep(&turn, NULL);
    return held == 0;
}

/*
 * A delivery may be published though this side was not told, or went away:
 * the service is no child of ours. Behind the end of the round it publishes
 * no more, for it looks at the round directly before the flip.
 */
static bool
moved_unheard(struct run *run)
{
    uint64_t now;

    sp_round_shut(&run->hold);
    if (!await_service(run) ||
        sp_generation_current(&run->state, &now, NULL) < 0)
        run->end->unsettled = true;
    else if (now != run->before)
        run->end->found = now;
    return run->end->unsettled || run->end->found;
}

/* What came of a delivery; 0 when this machine may go on. */
static int
conclude(struct run *run, const struct sp_vm_end *vm, bool stock,
         struct sp_error *err)
{
    struct sp_round_result result;

    /* What is published is told before the lock is let go. */
    if (!sp_round_result(&run->hold, &result))
        (void)await_service(run);
    sp_round_shut(&run->hold);
    show_delivery(run); /* it may have come behind the last look */
    if (sp_round_result(&run->hold, &result)) {
        if (result.error.code != SP_OK && !result.published &&
            strcmp(result.error.detail, "too-old") != 0) {
            *err = result.error;
            return -1;
        }
        if (result.published && !result.nothing_to_do && result.packages > 0)
            note_unshown(run);
        run->late = result.error;
        run->end->delivered = result.packages > 0;
        run->end->nothing_to_do = result.packages == 0;
        run->end->generation = result.generation;
        return 0;
    }
    if (vm->status != 0)
        return blame(run, vm, err);
    if (!stock)
        return sp_fail(err, "peer-gone",
                       "'%s' says that it is done, but nothing was delivered",
                       run->round.qube);
    if (moved_unheard(run))
        return sp_fail(err, "peer-gone",
                       "'%s' says that it is done before its delivery is",
                       run->round.qube);
    run->end->nothing_to_do = true;
    return 0;
}

static int
fetch(struct run *run, struct sp_error *err)
{
    static const char *const builder[] = {
        "sallyport-builder", "build", "--progress=plain",
        "--request",         "-",     "-o",
        "qrexec:dom0",       NULL};
    struct sp_vm_end vm;
    bool stock;

    note(run, "asking what this machine needs");
    if (ask(run, err) < 0)
        return -1;
    percent(run, 10);
    note(run, "the update qube downloads");
    if (call_either(run, builder, true, &stock, &vm, err) < 0)
        return -1;
    percent(run, 70);
    return conclude(run, &vm, stock, err);
}

static int
check(struct run *run, struct sp_error *err)
{
    static const char *const builder[] = {"sallyport-builder", "check",
                                          "--request", "-", NULL};
    int running = sp_vm_is_running(run->round.qube, err);
    struct sp_vm_end vm;
    bool stock;

    if (running < 0)
        return -1;
    if (!running)
        return sp_fail(err, "unreachable",
                       "'%s' is not running, and a check does not start it",
                       run->round.qube);
    if (ask(run, err) < 0 ||
        call_either(run, builder, false, &stock, &vm, err) < 0)
        return -1;
    if (vm.status != 0 && vm.status != UPDATES_EXIST)
        return blame(run, &vm, err);
    run->end->status = vm.status;
    run->end->nothing_to_do = vm.status == 0;
    return sp_features_checked(vm.status == UPDATES_EXIST, err);
}

/* list is the builder's; what it does not know, the stock script may. */
static int
remote(struct run *run, struct sp_error *err)
{
    static const char *const builder[] = {"sallyport-builder", "check",
                                          "--request", "-", NULL};
    bool stock = run->u->ask.action != SP_ACTION_LIST;
    struct sp_vm_end vm;

    if (ask(run, err) < 0)
        return -1;
    if ((stock ? call_stock(run, &vm, err)
               : call_either(run, builder, false, &stock, &vm, err)) < 0)
        return -1;
    if (stock) {
        run->end->status = vm.status;
        return is_missing(&vm) ? blame(run, &vm, err) : 0;
    }
    return vm.status == 0 || vm.status == UPDATES_EXIST ? 0
                                                        : blame(run, &vm, err);
}

/* ---- installing ---- */

static int
tell_features(const struct run *run, const struct sp_dnf_end *dnf,
              struct sp_error *err)
{
    if (dnf->status == 0 && !run->u->download_only &&
        sp_features_updated(err) < 0)
        return -1;
    if (dnf->more < 0)
        return 0;
    if (dnf->more != 0 && dnf->more != UPDATES_EXIST)
        return sp_fail(err, "internal",
                       "'dnf check-update' ended with status %d: whether "
                       "there are more updates is not told",
                       dnf->more);
    return sp_features_checked(dnf->more == UPDATES_EXIST, err);
}

static int
install(struct run *run, struct sp_error *err)
{
    struct sp_dnf_end dnf;
    struct sp_error why = {0};
    int status;

    if (run->u->kind == SP_UPDATE_FETCH && !run->u->force_xen &&
        !run->u->download_only &&
        sp_guard_xen(&run->state, run->end->generation, run->hooks, err) < 0)
        return -1;
    if (sp_state_lock(&run->state, err) < 0)
        return -1;
    status = sp_update_dnf(run->root, &dnf, err);
    sp_close_fd(&run->state.lock_fd);
    if (status < 0)
        return -1;
    run->end->status = dnf.status;
    run->end->installed = dnf.status == 0 && !run->u->download_only;
    if (run->u->kind != SP_UPDATE_FETCH)
        return 0;
    run->end->restart =
        run->end->installed &&
        sp_guard_restart(&run->state, run->end->generation,
                         run->end->restart_for, sizeof(run->end->restart_for));
    if (tell_features(run, &dnf, &why) < 0)
        note(run, why.msg);
    return 0;
}

static int
update(struct run *run, struct sp_error *err)
{
    struct sp_error why = {0};

    if (!run->u->skip_boot_check && !run->u->download_only &&
        sp_guard_boot("/etc/fstab", "/proc/self/mountinfo", err) < 0)
        return -1;
    if (clean(run, err) < 0 || fetch(run, err) < 0)
        return -1;
    if (run->end->delivered)
        return install(run, err);
    if (run->u->packages.n == 0 && sp_features_checked(false, &why) < 0)
        note(run, why.msg);
    return 0;
}

static int
local(struct run *run, struct sp_error *err)
{
    return clean(run, err) < 0 ? -1 : install(run, err);
}

static int
go(struct run *run, struct sp_error *err)
{
    if (begin(run, err) < 0)
        return -1;
    switch (run->u->kind) {
    case SP_UPDATE_FETCH: return update(run, err);
    case SP_UPDATE_CHECK: return check(run, err);
    case SP_UPDATE_REMOTE: return remote(run, err);
    case SP_UPDATE_LOCAL: return local(run, err);
    }
    SP_BUG("a round of no kind");
}

int
sp_update_run(const struct sp_update *update, int root,
              struct sp_update_end *ret, struct sp_error *err)
{
    SP_AUTO_FREE struct run *run = calloc(1, sizeof(*run));
    int status;

    memset(ret, 0, sizeof(*ret));
    if (!run)
        return sp_fail(err, "no-memory", "no memory for a round");
    run->u = update;
    run->hooks = update->hooks;
    run->end = ret;
    run->root = root;
    run->state = (struct sp_state){-1, -1, -1, "", ""};
    run->hold = (struct sp_round_hold){-1, -1};
    status = go(run, err);
    if (status < 0 && run->opened && !ret->delivered && !ret->unsettled)
        (void)moved_unheard(run);
    if (status == 0 && run->late.code != SP_OK) {
        *err = run->late;
        status = -1;
    }
    /* The round is over: nothing may answer its request later. */
    if (run->has_state && run->round.id[0])
        (void)sp_pending_remove(&run->state, run->round.id, NULL);
    if (run->has_state)
        sp_round_end(&run->state, &run->hold);
    sp_asked_release(&run->asked);
    sp_state_close(&run->state);
    return status;
}
