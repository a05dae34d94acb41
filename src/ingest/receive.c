/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ingest/receive.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/path.h"
#include "base/spawn.h"
#include "base/text.h"
#include "bundle/rpm.h"
#include "ingest/caller.h"
#include "ingest/clock.h"
#include "ingest/engine.h"
#include "ingest/errors.h"
#include "ingest/evidence.h"
#include "ingest/floor.h"
#include "ingest/generation.h"
#include "ingest/index-write.h"
#include "ingest/journal.h"
#include "ingest/judge.h"
#include "ingest/keyhome.h"
#include "ingest/pending.h"
#include "ingest/policy.h"
#include "ingest/publish.h"
#include "ingest/quarantine.h"
#include "ingest/ratchet.h"
#include "ingest/reply.h"
#include "ingest/round.h"
#include "ingest/state.h"
#include "transports/transport.h"

/* One delivery: everything it holds, released in one place. */
struct delivery {
    const struct sp_setup *setup;
    struct sp_setup of_round; /* *setup, and what the round allows */
    enum sp_mode mode;
    sp_event_fn event;
    void *data;
    struct sp_outcome *outcome;
    struct sp_policy policy;
    struct sp_transport source;
    struct sp_round round;
    bool in_round;
    struct sp_state state;
    bool has_state;
    struct sp_quarantine quarantine;
    bool has_quarantine;
    struct sp_floor floor;
    struct sp_wanted wanted;
    struct sp_ratchet ratchet;
    char home[4200];
    char messages[4300];
    struct sp_engine_plan plan;
};

static struct sp_error *
fault(struct delivery *d)
{
    return &d->outcome->error;
}

static int
open_source(struct delivery *d, const char *address)
{
    struct sp_outcome *o = d->outcome;

    /* No ceiling here: unpack and check name it more exactly. */
    if (sp_transport_open(&d->source, address, SP_DIR_READ, 0, fault(d)) < 0)
        return -1;
    (void)snprintf(o->source, sizeof(o->source), "%s", d->source.shown);
    if (!(d->source.ops->caps & SP_CAP_PLAIN_FD) || d->source.fd < 0)
        return sp_fail(fault(d), "no-transport",
                       "'%s' has no plain descriptor to read from",
                       d->source.shown);
    o->service = d->source.ops->caps & SP_CAP_SERVICE;
    return 0;
}

static int
check_caller(struct delivery *d)
{
    if (!d->outcome->service)
        return 0;
    (void)snprintf(d->outcome->source, sizeof(d->outcome->source), "%.100s%s",
                   d->source.shown, d->source.peer);
    return sp_caller_check(&d->policy, d->source.peer, fault(d));
}

/* Who cannot be told will see what dnf shows. */
static void
show_round(void *data, const struct sp_outcome *outcome)
{
    struct delivery *d = data;

    (void)sp_round_show(&d->state, outcome, NULL);
}

static bool
round_goes_on(void *data)
{
    const struct delivery *d = data;

    return sp_round_goes_on(&d->state, &d->round);
}

/* Reading them takes its time, in which the person may have left. */
static bool
show_round_changes(void *data, const struct sp_outcome *outcome,
                   const char *text)
{
    struct delivery *d = data;

    (void)sp_round_show_changes(&d->state, outcome, text, NULL);
    return round_goes_on(d);
}

/* The whole of it first: that is what the question is about. */
static bool
ask_round(void *data, const struct sp_package *const *packages, size_t n)
{
    struct delivery *d = data;

    show_round(d, d->outcome);
    return sp_round_ask(&d->state, &d->round, d->outcome->delivery, packages, n,
                        sp_engine_stop_flag());
}

static void
join_round(struct delivery *d)
{
    d->of_round = *d->setup;
    if (d->of_round.allow_new.n == 0)
        d->of_round.allow_new =
            (struct sp_words){d->round.allow_new, d->round.n_allow_new};
    if (!d->of_round.ask) {
        d->of_round.ask = ask_round;
        d->of_round.ask_data = d;
    }
    d->of_round.show = show_round;
    d->of_round.show_data = d;
    d->of_round.changes = show_round_changes;
    d->of_round.changes_data = d;
    d->of_round.goes_on = round_goes_on;
    d->of_round.goes_on_data = d;
    d->setup = &d->of_round;
}

/*
 * Whoever calls is heard only while somebody here waits for it. Before that
 * is known nothing is read and nothing is written.
 */
static int
check_round(struct delivery *d)
{
    struct sp_state state;
    int found;

    if (!d->outcome->service)
        return 0;
    if (sp_state_open(d->setup, false, &state, fault(d)) == 0) {
        found = sp_round_find(&state, &d->round, &d->in_round, fault(d));
        sp_state_close(&state);
        if (found < 0)
            return -1;
    } else if (strcmp(fault(d)->detail, "not-found") != 0) {
        return -1;
    }
    if (d->in_round && strcmp(d->round.qube, d->source.peer) == 0) {
        join_round(d);
        return 0;
    }
    d->in_round = false;
    if (d->setup->any_request) {
        memset(fault(d), 0, sizeof(*fault(d)));
        return 0;
    }
    return sp_fail(fault(d), "unsolicited",
                   "'%s' called, but this machine waits for no delivery",
                   d->source.peer);
}

/* From here on there is a delivery, of which a record is kept. */
static int
begin(struct delivery *d)
{
    if (!d->has_state || sp_state_lock(&d->state, fault(d)) < 0 ||
        sp_quarantine_id(d->outcome->delivery, fault(d)) < 0 ||
        sp_generation_recover(&d->state, fault(d)) < 0)
        return -1;
    return sp_floor_mend(&d->state, fault(d));
}

/*
 * Ingest works in the repository, under its lock. The others leave no trace:
 * they read the state when there is one and work in a scratch directory.
 */
static int
open_places(struct delivery *d)
{
    bool ingest = d->mode == SP_MODE_INGEST;

    d->has_state = sp_state_open(d->setup, ingest, &d->state, fault(d)) == 0;
    if (ingest && begin(d) < 0)
        return -1;
    /* Without the floor that is there, less would be seen to be old. */
    if (!d->has_state && strcmp(fault(d)->detail, "not-found") != 0)
        return -1;
    memset(fault(d), 0, sizeof(*fault(d)));
    if (d->has_state && sp_clock_check(&d->state, fault(d)) < 0)
        return -1;
    if (!ingest)
        sp_quarantine_tidy();
    if (ingest)
        d->has_quarantine = sp_quarantine_make(&d->state, d->outcome->delivery,
                                               &d->quarantine, fault(d)) == 0;
    else
        d->has_quarantine =
            sp_quarantine_scratch(&d->quarantine, fault(d)) == 0;
    if (!d->has_quarantine)
        return -1;
    (void)snprintf(d->messages, sizeof(d->messages), "%s/messages",
                   d->quarantine.path);
    return 0;
}

static int
open_keys(struct delivery *d)
{
    const char *keys =
        d->setup->keys_path ? d->setup->keys_path : SP_DEFAULT_KEYS_PATH;
    bool kept = d->mode == SP_MODE_INGEST;
    SP_AUTO_FD dir = sp_path_make_dir(
        kept ? d->state.state_fd : d->quarantine.fd, "keyhome", 0700, fault(d));
    char base[4300];

    if (dir < 0)
        return -1;
    (void)snprintf(base, sizeof(base), "%s/keyhome",
                   kept ? d->state.state_path : d->quarantine.path);
    if (sp_keyhome_get(dir, base, keys, &d->policy, d->home, fault(d)) < 0)
        return -1;
    return sp_clock_check_keys(d->home, fault(d));
}

/* Are packages kept until the end? */
static bool
stores(const struct delivery *d)
{
    return d->mode == SP_MODE_INGEST || d->setup->rehearse;
}

/* What may be written: free space less the reserve, kept for the machine. */
static int
measure_space(struct delivery *d)
{
    struct sp_ceilings *c = &d->policy.ceilings;
    struct statvfs fs;
    uint64_t free_bytes;

    if (!stores(d)) {
        c->space = SP_MAX_BUNDLE_BYTES;
        return 0;
    }
    if (fstatvfs(d->quarantine.fd, &fs) < 0)
        return sp_fail_sys(fault(d), errno, "io", "cannot ask for free space");
    free_bytes = (uint64_t)fs.f_bavail * fs.f_frsize;
    c->space = free_bytes > c->reserve ? free_bytes - c->reserve : 0;
    return 0;
}

static int
start_source(void *source, struct sp_error *err)
{
    if (sp_transport_start(source, err) < 0)
        return -1;
    sp_transport_handed_over(source);
    return 0;
}

static void
tend_source(void *source)
{
    sp_transport_tend(source);
}

static void
plan_engine(struct delivery *d)
{
    unsigned caps = d->source.ops->caps;
    struct sp_engine_plan *p = &d->plan;

    p->source_fd = d->source.fd;
    p->end_at_marker = caps & SP_CAP_END_AT_MARKER;
    p->any_framing = caps & SP_CAP_SERVICE;
    p->medium = caps & SP_CAP_MEDIUM;
    p->go_on = d->mode != SP_MODE_INGEST;
    p->packages_fd = d->quarantine.packages_fd;
    p->store = stores(d);
    p->hash_stored = p->store && sp_index_is_worker;
    p->home = d->home;
    p->messages = d->messages;
    p->now = sp_clock_now(d->has_state ? &d->state : NULL);
    p->ceilings = d->policy.ceilings;
    p->deadlines = d->policy.deadlines;
    p->start = start_source;
    p->tend = tend_source;
    p->start_data = &d->source;
    p->event = d->event;
    p->data = d->data;
}

static bool
answers_round(const struct delivery *d)
{
    for (uint64_t i = 0; i < d->outcome->n_requests; i++)
        if (strcmp(d->outcome->requests[i], d->round.id) == 0)
            return true;
    return false;
}

/* A stock sender cannot say what it answers: the round that waits for it. */
static void
assume_request(struct delivery *d)
{
    struct sp_outcome *o = d->outcome;

    if (!d->in_round || !d->round.stock || o->stream_kind != SP_STREAM_QFILE ||
        o->n_requests > 0)
        return;
    memcpy(o->requests[0], d->round.id, sizeof(o->requests[0]));
    o->n_requests = 1;
}

/* What was published, and what was asked for. */
static int
recall(struct delivery *d)
{
    struct sp_outcome *o = d->outcome;

    assume_request(d);
    if (!d->has_state)
        return 0;
    if (sp_floor_load(&d->state, &d->floor, fault(d)) < 0 ||
        sp_ratchet_load(&d->state, &d->ratchet, fault(d)) < 0)
        return -1;
    return sp_wanted_load(&d->state, o->requests, o->n_requests, &d->wanted,
                          fault(d));
}

/*
 * Who asked for it? What is current already changes nothing: a stick that
 * is brought a second time is no attack.
 */
static int
judge_request(struct delivery *d)
{
    if (d->in_round && !d->setup->any_request && !answers_round(d))
        return sp_fail(fault(d), "unsolicited",
                       "this round waits for the answer to request %s",
                       d->round.id);
    if (d->wanted.pending == 0 && d->has_state &&
        sp_publish_is_current(&d->state, d->outcome))
        return 0;
    return sp_judge_request(d->setup, &d->wanted, d->outcome, fault(d));
}

/* For people: what it replaces, and whether that matters more than others. */
static void
note_old(struct delivery *d, struct sp_package *p)
{
    const char *name = p->facts.nevra.name;
    const struct sp_floor_entry *old =
        sp_floor_find(&d->wanted.installed, name);

    if (!old)
        old = sp_floor_find(&d->floor, name);
    if (old && old->version[0])
        (void)snprintf(p->old_evr, sizeof(p->old_evr), "%" PRIu32 ":%s-%s",
                       old->epoch, old->version, old->release);
    p->is_protected = sp_policy_is_protected(&d->policy, name);
}

/* The owner's rules over what the workers let through. */
static int
judge_packages(struct delivery *d)
{
    struct sp_outcome *o = d->outcome;
    struct sp_error first = {0};

    for (uint64_t i = 0; i < o->n_packages; i++) {
        struct sp_package *p = &o->packages[i];

        note_old(d, p);
        if (p->error.code == SP_OK &&
            sp_judge_package(d->setup, &d->policy, &d->floor, &d->wanted, true,
                             p, &p->error) == 0 &&
            p->facts.signature_time > o->newest_signature)
            o->newest_signature = p->facts.signature_time;
        if (p->error.code != SP_OK && first.code == SP_OK) {
            first = p->error;
            o->refused_index = p->index;
        }
    }
    if (sp_judge_set(&d->policy, o, fault(d)) < 0 && first.code == SP_OK)
        return -1;
    if (sp_judge_alone(d->setup, &d->policy, &d->floor, &d->wanted, o,
                       fault(d)) < 0 &&
        first.code == SP_OK)
        return -1;
    if (first.code != SP_OK) {
        *fault(d) = first;
        return -1;
    }
    memset(fault(d), 0, sizeof(*fault(d)));
    return judge_request(d);
}

static int
judge(struct delivery *d)
{
    int status;

    if (d->mode == SP_MODE_INGEST)
        sp_pending_expire(&d->state);
    if (recall(d) < 0)
        return -1;
    status = judge_packages(d);
    if (status == 0)
        status = sp_evidence_judge(&d->policy, &d->wanted, &d->quarantine,
                                   &d->ratchet, d->outcome, fault(d));
    sp_evidence_note_ages(&d->policy, &d->ratchet, d->outcome);
    return status;
}

/* What was proven stays proven, whatever becomes of the delivery. */
static int
remember(struct delivery *d)
{
    if (sp_ratchet_save(&d->state, &d->ratchet, fault(d)) < 0)
        return -1;
    return sp_clock_raise(&d->state, d->outcome->freshness.proven, fault(d));
}

/* It is done, and yet whoever reads the status must know. */
static int
judge_age(struct delivery *d)
{
    const struct sp_freshness *f = &d->outcome->freshness;
    uint64_t now = sp_clock_now(d->has_state ? &d->state : NULL);

    return sp_freshness_judge(f->known, f->max_age, now, fault(d));
}

/*
 * A request is answered once. An empty answer leaves it open: nothing was
 * brought, and a real answer may still come.
 */
static int
close_requests(struct delivery *d)
{
    const struct sp_outcome *o = d->outcome;

    for (uint64_t i = 0; o->n_packages > 0 && i < o->n_requests; i++)
        if (sp_pending_remove(&d->state, o->requests[i], fault(d)) < 0)
            return -1;
    return 0;
}

/*
 * What ended too early has a reason that only the carrier knows, and what
 * ended well for the workers may have been cut off behind the last byte.
 */
static int
run_engine(struct delivery *d)
{
    int result = sp_engine_run(&d->plan, d->outcome, fault(d));
    bool early = strcmp(fault(d)->detail, "truncated") == 0 ||
                 strcmp(fault(d)->detail, "empty") == 0;
    struct sp_error why = {0};

    if (result < 0 && d->quarantine.scratch &&
        strcmp(fault(d)->detail, "space") == 0)
        return sp_fail_prefix(fault(d), "%s", d->quarantine.path);
    if (result < 0 && !early)
        return -1;
    if (sp_transport_ending(&d->source, &why) == 0)
        return result;
    *fault(d) = why;
    return -1;
}

/* What ingest would do, as far as somebody wants to see it. */
static int
rehearse(struct delivery *d)
{
    struct sp_outcome *o = d->outcome;

    if (d->has_state && sp_publish_is_current(&d->state, o)) {
        o->nothing_to_do = true;
        return sp_generation_current(&d->state, &o->generation, fault(d));
    }
    if (!d->setup->rehearse)
        return 0;
    return sp_publish_rehearse(&d->policy, &d->quarantine, d->outcome, d->event,
                               d->data, d->setup, fault(d));
}

static int
deliver(struct delivery *d, const char *address)
{
    /* The source comes first: whoever calls through it wants an answer. */
    if (sp_spawn_init(fault(d)) < 0 || open_source(d, address) < 0 ||
        sp_policy_load(d->setup->policy_path, &d->policy, fault(d)) < 0 ||
        check_caller(d) < 0 || check_round(d) < 0 || open_places(d) < 0 ||
        open_keys(d) < 0 || measure_space(d) < 0)
        return -1;
    plan_engine(d);
    if (run_engine(d) < 0 || judge(d) < 0)
        return -1;
    if (d->mode != SP_MODE_INGEST)
        return rehearse(d) < 0 ? -1 : judge_age(d);
    if (remember(d) < 0 ||
        sp_publish(&d->state, &d->policy, &d->quarantine, d->outcome, d->event,
                   d->data, d->setup, fault(d)) < 0 ||
        close_requests(d) < 0)
        return -1;
    return judge_age(d);
}

/* Every delivery leaves one record, refused ones too. */
static void
record(struct delivery *d)
{
    struct sp_error err = {0};

    if (d->mode != SP_MODE_INGEST || !d->outcome->delivery[0])
        return;
    if (sp_errors_write(&d->state, fault(d), &err) < 0 &&
        fault(d)->code == SP_OK)
        *fault(d) = err;
    if (sp_history_add(&d->state, "ingest", d->outcome, &err) < 0 &&
        fault(d)->code == SP_OK)
        *fault(d) = err;
    (void)sp_journal_delivery(SP_JOURNAL_SOCKET, "ingest", d->state.repo_path,
                              d->outcome);
}

/* Who waits for this delivery learns how it ended, before its sender does. */
static void
tell_round(struct delivery *d)
{
    struct sp_error err = {0};

    if (d->in_round && d->has_state &&
        sp_round_tell(&d->state, &d->round, d->outcome, &err) < 0 &&
        fault(d)->code == SP_OK)
        *fault(d) = err;
}

/*
 * The sender hears the truth, and only now that it is one. That it cannot
 * be told changes nothing here.
 */
static void
answer(struct delivery *d)
{
    if (d->mode == SP_MODE_INGEST)
        (void)sp_reply_to_sender(&d->source, d->outcome, NULL);
}

/* The person must learn which package it was. */
static void
name_culprit(struct sp_outcome *o)
{
    char shown[SP_NEVRA_SHOWN_MAX];
    const struct sp_package *p;

    if (o->refused_index == 0 || o->refused_index > o->n_packages)
        return;
    p = &o->packages[o->refused_index - 1];
    sp_nevra_show(&p->facts.nevra, shown, sizeof(shown));
    if (p->facts.nevra.name[0])
        (void)sp_fail_prefix(&o->error, "package %.160s", shown);
    else
        (void)sp_fail_prefix(&o->error, "package number %" PRIu64, p->index);
}

void
sp_receive(const struct sp_setup *setup, enum sp_mode mode, const char *address,
           sp_event_fn event, void *data, struct sp_outcome *ret)
{
    SP_AUTO_FREE struct delivery *d = calloc(1, sizeof(*d));

    memset(ret, 0, sizeof(*ret));
    if (!d) {
        (void)sp_fail(&ret->error, "no-memory", "no memory for a delivery");
        return;
    }
    d->setup = setup;
    d->mode = mode;
    d->event = event;
    d->data = data;
    d->outcome = ret;
    d->source.fd = -1;
    d->state = (struct sp_state){-1, -1, -1, "", ""};
    sp_text_show(ret->source, sizeof(ret->source), address);
    sp_engine_catch_signals();
    if (deliver(d, address) < 0) {
        if (d->has_state)
            sp_clock_blame(&d->state, fault(d));
        name_culprit(ret);
    }
    if (d->has_quarantine)
        sp_quarantine_destroy(&d->quarantine);
    if (d->has_state) {
        record(d);
        tell_round(d);
        sp_state_close(&d->state);
    }
    answer(d);
    sp_floor_release(&d->floor);
    sp_wanted_release(&d->wanted);
    sp_ratchet_release(&d->ratchet);
    sp_round_forget(&d->round);
    sp_transport_close(&d->source);
}

void
sp_outcome_release(struct sp_outcome *outcome)
{
    free(outcome->packages);
    free(outcome->evidence);
    free(outcome->freshness.repositories);
    free(outcome->freshness.withheld);
    free(outcome->groups);
    memset(outcome, 0, sizeof(*outcome));
}
