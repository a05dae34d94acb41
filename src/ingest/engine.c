/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ingest/engine.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/text.h"
#include "ingest/crew.h"
#include "ingest/feed.h"
#include "ingest/ledger.h"

enum {
    TICK_MS = 250,  /* deadlines are looked at this often */
    GRACE_MS = 500, /* for the other workers to say their reason */
    HEARD_MAX = 64, /* reports of one worker before the others have a turn */
};

/* How telling a reason is; the smallest wins (docs/ARCHITECTURE.md). */
enum weight {
    WEIGHT_REFUSAL = 1,   /* a record says why */
    WEIGHT_OURS = 2,      /* deadline, interruption, space */
    WEIGHT_DEATH = 3,     /* a worker died without a word */
    WEIGHT_FOLLOWING = 4, /* its input ended because another one stopped */
    WEIGHT_PEER = 5,      /* its output was closed */
    WEIGHT_NONE = 6,
};

struct engine {
    const struct sp_engine_plan *plan;
    struct sp_outcome *outcome;
    struct sp_crew crew;
    struct sp_ledger ledger;
    struct sp_feed feed; /* of a single package; fd -1 otherwise */
    uint64_t started, last_activity, window_start, window_bytes;
    uint64_t space_checked; /* second of the last look at free space */
    bool told_go;
    enum weight weight;
    struct sp_error why;
    uint64_t why_index;
};

static volatile sig_atomic_t interrupted;

static void
interrupt(int signal)
{
    (void)signal;
    interrupted = 1;
}

void
sp_engine_catch_signals(void)
{
    const struct sigaction stop = {.sa_handler = interrupt};

    (void)sigaction(SIGINT, &stop, NULL);
    (void)sigaction(SIGTERM, &stop, NULL);
    (void)sigaction(SIGHUP, &stop, NULL);
}

const volatile sig_atomic_t *
sp_engine_stop_flag(void)
{
    return &interrupted;
}

static uint64_t
seconds_now(void)
{
    return sp_clock_ms() / 1000;
}

/* Keeps the most telling reason. */
static void
blame(struct engine *e, enum weight weight, const struct sp_error *err,
      uint64_t index)
{
    if (weight >= e->weight)
        return;
    e->weight = weight;
    e->why = *err;
    e->why_index = index;
}

static bool
is(const struct sp_error *err, const char *word)
{
    return strcmp(err->detail, word) == 0;
}

static enum weight
weigh(const struct sp_hand *hand)
{
    if (is(&hand->fault, "peer-gone"))
        return WEIGHT_PEER;
    if (hand->kind != SP_WORKER_UNPACK &&
        (is(&hand->fault, "truncated") || is(&hand->fault, "protocol")))
        return WEIGHT_FOLLOWING;
    return WEIGHT_REFUSAL;
}

static void
tell(struct engine *e, enum sp_event_kind kind,
     const struct sp_package *package)
{
    struct sp_event event = {
        .kind = kind,
        .phase = "receive",
        .bytes = e->outcome->bytes,
        .packages = e->outcome->n_packages,
        .package = package,
    };

    if (e->ledger.has_manifest) {
        event.total_bytes = e->ledger.manifest.bytes;
        event.total_packages = e->ledger.manifest.packages;
    }
    if (e->plan->event)
        e->plan->event(e->plan->data, &event);
}

/* ---- starting ---------------------------------------------------------- */

static int
make_pipe(int *ret_read, int *ret_write, struct sp_error *err)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) < 0)
        return sp_fail_sys(err, errno, "internal", "cannot make a pipe");
    /* An ordinary user may be held to less: then it stays what it was. */
    (void)fcntl(ends[1], F_SETPIPE_SZ, SP_PIPE_BYTES);
    *ret_read = ends[0];
    *ret_write = ends[1];
    return 0;
}

/* "key=value" arguments, collected on the stack. */
struct arguments {
    char text[10][4200];
    const char *list[11];
    size_t n;
};

static void
argue(struct arguments *a, const char *key, const char *value)
{
    if (a->n + 1 >= sizeof(a->list) / sizeof(*a->list))
        SP_BUG("too many arguments");
    (void)snprintf(a->text[a->n], sizeof(a->text[0]), "%s=%s", key, value);
    a->list[a->n] = a->text[a->n];
    a->list[++a->n] = NULL;
}

static void
argue_number(struct arguments *a, const char *key, uint64_t value)
{
    char digits[24];

    (void)snprintf(digits, sizeof(digits), "%" PRIu64, value);
    argue(a, key, digits);
}

static int
start_unpack(struct engine *e, int out_fd, struct sp_error *err)
{
    const struct sp_engine_plan *p = e->plan;
    SP_AUTO_FREE struct arguments *a = calloc(1, sizeof(*a));

    if (!a)
        return sp_fail(err, "no-memory", "no memory for arguments");
    argue_number(a, "max-bytes", p->ceilings.bytes);
    argue_number(a, "max-files", p->ceilings.files);
    argue_number(a, "max-file", p->ceilings.file_bytes);
    argue(a, "end", p->end_at_marker ? "marker" : "known");
    argue(a, "framing", p->any_framing ? "auto" : "bundle");
    return sp_crew_start(&e->crew, SP_WORKER_UNPACK, a->list, p->source_fd,
                         out_fd, -1, err);
}

static int
start_check(struct engine *e, int in_fd, int out_fd, struct sp_error *err)
{
    const struct sp_engine_plan *p = e->plan;
    SP_AUTO_FREE struct arguments *a = calloc(1, sizeof(*a));

    if (!a)
        return sp_fail(err, "no-memory", "no memory for arguments");
    argue_number(a, "max-files", p->ceilings.files);
    argue_number(a, "max-bytes", p->ceilings.bytes);
    argue_number(a, "max-file", p->ceilings.file_bytes);
    argue_number(a, "space", p->ceilings.space);
    argue_number(a, "now", p->now);
    argue_number(a, "store", p->store);
    argue_number(a, "keep", p->packages_fd >= 0);
    argue_number(a, "go-on", p->go_on);
    argue_number(a, "hash-stored", p->hash_stored);
    return sp_crew_start(&e->crew, SP_WORKER_CHECK, a->list, in_fd, out_fd,
                         p->packages_fd, err);
}

static int
start_verify(struct engine *e, int in_fd, struct sp_error *err)
{
    const struct sp_engine_plan *p = e->plan;
    SP_AUTO_FREE struct arguments *a = calloc(1, sizeof(*a));

    if (!a)
        return sp_fail(err, "no-memory", "no memory for arguments");
    argue(a, "home", p->home);
    argue(a, "messages", p->messages);
    argue_number(a, "now", p->now);
    return sp_crew_start(&e->crew, SP_WORKER_VERIFY, a->list, in_fd, -1, -1,
                         err);
}

static int
start(struct engine *e, struct sp_error *err)
{
    SP_AUTO_FD entries_in = -1;
    SP_AUTO_FD entries_out = -1;
    SP_AUTO_FD messages_in = -1;
    SP_AUTO_FD messages_out = -1;

    if (make_pipe(&entries_in, &entries_out, err) < 0 ||
        make_pipe(&messages_in, &messages_out, err) < 0)
        return -1;
    if (!e->plan->single && start_unpack(e, entries_out, err) < 0)
        return -1;
    if (start_check(e, entries_in, messages_out, err) < 0 ||
        start_verify(e, messages_in, err) < 0)
        return -1;
    if (!e->plan->single)
        return 0;
    return sp_feed_init(&e->feed, &entries_out, e->plan->source_fd, err);
}

/* ---- listening --------------------------------------------------------- */

static int
check_space(struct engine *e, struct sp_error *err)
{
    const struct sp_engine_plan *p = e->plan;
    struct statvfs fs;
    uint64_t free_bytes;
    char free_text[24], reserve_text[24];

    if (!p->store)
        return 0;
    if (fstatvfs(p->packages_fd, &fs) < 0)
        return sp_fail_sys(err, errno, "io", "cannot ask for free space");
    free_bytes = (uint64_t)fs.f_bavail * fs.f_frsize;
    if (free_bytes >= p->ceilings.reserve)
        return 0;
    sp_text_size(free_text, sizeof(free_text), free_bytes);
    sp_text_size(reserve_text, sizeof(reserve_text), p->ceilings.reserve);
    return sp_fail(err, "space",
                   "the disk has too little room left: %s free, %s must stay",
                   free_text, reserve_text);
}

/* A framing that was not asked for, or that changes, is a taken-over unpack. */
static int
take_kind(struct engine *e, const struct sp_report_progress *p,
          struct sp_error *err)
{
    struct sp_outcome *o = e->outcome;

    if ((p->kind == SP_STREAM_QFILE && !e->plan->any_framing) ||
        (o->stream_kind != 0 && p->kind != o->stream_kind))
        return sp_fail(err, "protocol", "unpack reports another framing");
    o->stream_kind = p->kind;
    o->crc32 = p->crc32;
    return 0;
}

static int
take_progress(struct engine *e, const struct sp_report *r, struct sp_error *err)
{
    const struct sp_report_progress *p = &r->body.progress;

    if (p->bytes < e->outcome->bytes)
        return sp_fail(err, "protocol", "unpack counts backwards");
    if (take_kind(e, p, err) < 0)
        return -1;
    if (p->bytes > e->outcome->bytes)
        e->last_activity = seconds_now();
    e->outcome->bytes = p->bytes;
    tell(e, SP_EVENT_PROGRESS, NULL);
    return 0;
}

/* A judged or refused package; the first refusal ends the run. */
static void
take_package(struct engine *e, const struct sp_package *p)
{
    e->last_activity = seconds_now();
    if (p->judged || p->error.code != SP_OK)
        tell(e, SP_EVENT_PACKAGE, p);
    if (p->error.code != SP_OK && !e->plan->go_on)
        blame(e, WEIGHT_REFUSAL, &p->error, p->index);
}

static int
take_package_report(struct engine *e, const struct sp_report *r,
                    struct sp_error *err)
{
    struct sp_package *package;

    if (sp_ledger_package(&e->ledger, r, &package, err) < 0)
        return -1;
    take_package(e, package);
    return 0;
}

/* A verdict may overtake the report that it is about: it waits its turn. */
static bool
must_wait(const struct engine *e, struct sp_hand *hand, uint64_t reported)
{
    if (hand->record.index <= reported)
        return false;
    for (size_t i = 0; i < e->crew.n; i++)
        if (e->crew.hands[i].kind == SP_WORKER_CHECK &&
            e->crew.hands[i].report_fd >= 0) {
            sp_crew_unread(hand);
            return true;
        }
    return false;
}

static int
take_verdict(struct engine *e, struct sp_hand *hand, struct sp_error *err)
{
    struct sp_package *package;

    if (must_wait(e, hand, e->outcome->n_packages))
        return 1;
    if (sp_ledger_verdict(&e->ledger, &hand->record, &package, err) < 0)
        return -1;
    take_package(e, package);
    return 0;
}

/* Refused evidence refuses nothing: it is no evidence, no more. */
static int
take_evidence_verdict(struct engine *e, struct sp_hand *hand,
                      struct sp_error *err)
{
    if (must_wait(e, hand, e->outcome->n_evidence))
        return 1;
    e->last_activity = seconds_now();
    return sp_ledger_evidence_verdict(&e->ledger, &hand->record, err);
}

static void
take_jailed(struct engine *e, struct sp_hand *hand)
{
    hand->jailed = true;
    e->outcome->jails[hand->kind] = hand->record.body.jailed;
    e->last_activity = seconds_now();
}

/* 0 taken, 1 given back for later, -1 refused. */
static int
take(struct engine *e, struct sp_hand *hand, struct sp_error *err)
{
    const struct sp_report *r = &hand->record;

    if (r->type != SP_REPORT_JAILED && r->type != SP_REPORT_FAULT &&
        !e->told_go)
        return sp_fail(err, "protocol", "%s reports before it may begin",
                       sp_worker_name(hand->kind));
    switch (r->type) {
    case SP_REPORT_JAILED:
        if (hand->jailed)
            break;
        take_jailed(e, hand);
        return 0;
    case SP_REPORT_PROGRESS: return take_progress(e, r, err);
    case SP_REPORT_MANIFEST:
        if (sp_ledger_manifest(&e->ledger, r, err) < 0)
            return -1;
        tell(e, SP_EVENT_TOTAL, NULL);
        return 0;
    case SP_REPORT_REQUEST: return sp_ledger_request(&e->ledger, r, err);
    case SP_REPORT_EVIDENCE:
        e->last_activity = seconds_now();
        return sp_ledger_evidence(&e->ledger, r, err);
    case SP_REPORT_EVIDENCE_VERDICT: return take_evidence_verdict(e, hand, err);
    case SP_REPORT_GROUP: return sp_ledger_group(&e->ledger, r, err);
    case SP_REPORT_PACKAGE: return take_package_report(e, r, err);
    case SP_REPORT_VERDICT: return take_verdict(e, hand, err);
    case SP_REPORT_FAULT:
        hand->faulted = true;
        sp_report_get_error(r, &hand->fault);
        blame(e, weigh(hand), &hand->fault, 0);
        return 0;
    case SP_REPORT_DONE:
        hand->done = true;
        hand->count = r->index;
        e->last_activity = seconds_now();
        return 0;
    default: break;
    }
    return sp_fail(err, "protocol", "%s sent a report out of order",
                   sp_worker_name(hand->kind));
}

static void
listen_to(struct engine *e, struct sp_hand *hand)
{
    struct sp_error err = {0};
    int status = 0;

    /* Who never stops reporting must not keep us from the deadlines. */
    for (unsigned i = 0; i < HEARD_MAX; i++) {
        status = sp_crew_read(hand, &err);
        if (status > 0)
            status = take(e, hand, &err);
        else if (status == 0)
            break;
        if (status != 0)
            break;
    }
    if (status < 0)
        blame(e, WEIGHT_REFUSAL, &err, 0);
}

/* ---- the loop ---------------------------------------------------------- */

static int
check_deadlines(struct engine *e, struct sp_error *err)
{
    const struct sp_deadlines *d = &e->plan->deadlines;
    uint64_t now = seconds_now();
    bool receiving = e->plan->single ? e->feed.fd >= 0 : !e->crew.hands[0].done;

    if (interrupted)
        return sp_fail(err, "interrupted", "interrupted by a signal");
    if (now - e->last_activity >= d->idle)
        return sp_fail(err, "idle", "nothing moved for %" PRIu64 " s", d->idle);
    if (now - e->started >= d->total)
        return sp_fail(err, "too-slow",
                       "the delivery took longer than %" PRIu64 " s", d->total);
    /* Whoever fills the disk, and whatever is reported of it. */
    if (now != e->space_checked) {
        e->space_checked = now;
        if (check_space(e, err) < 0)
            return -1;
    }
    if (receiving && now - e->window_start >= d->rate_window) {
        uint64_t got = e->outcome->bytes - e->window_bytes;

        if (got / d->rate_window < d->rate_bytes)
            return sp_fail(err, "too-slow",
                           "less than %" PRIu64 " bytes/s over %" PRIu64 " s",
                           d->rate_bytes, d->rate_window);
        e->window_start = now;
        e->window_bytes = e->outcome->bytes;
    }
    return 0;
}

static bool
all_ended(const struct engine *e)
{
    for (size_t i = 0; i < e->crew.n; i++)
        if (e->crew.hands[i].report_fd >= 0)
            return false;
    return e->feed.fd < 0;
}

/* Somebody ended and said neither why nor that all is well. */
static bool
any_died(const struct engine *e)
{
    for (size_t i = 0; i < e->crew.n; i++) {
        const struct sp_hand *hand = &e->crew.hands[i];

        if (hand->gone && !hand->done && !hand->faulted)
            return true;
    }
    return false;
}

static int
tell_go(struct engine *e, struct sp_error *err)
{
    for (size_t i = 0; i < e->crew.n; i++)
        if (!e->crew.hands[i].jailed)
            return 0;
    e->told_go = true;
    tell(e, SP_EVENT_JAILED, NULL);
    if (e->plan->start && e->plan->start(e->plan->start_data, err) < 0) {
        blame(e, WEIGHT_OURS, err, 0);
        return 0;
    }
    return sp_crew_go(&e->crew, err);
}

static void
feed(struct engine *e)
{
    struct sp_error err = {0};

    if (sp_feed_go(&e->feed, &err) < 0)
        blame(e, WEIGHT_REFUSAL, &err, 0);
    if (e->feed.offset > e->outcome->bytes)
        e->last_activity = seconds_now();
    e->outcome->bytes = e->feed.offset;
}

static void
turn(struct engine *e, int timeout_ms)
{
    struct pollfd polls[SP_CREW_MAX + 1];
    nfds_t n = 0;
    bool waiting = false;

    for (size_t i = 0; i < e->crew.n; i++) {
        struct sp_hand *hand = &e->crew.hands[i];

        waiting = waiting || hand->held;
        if (hand->report_fd >= 0 && !hand->held)
            polls[n++] = (struct pollfd){hand->report_fd, POLLIN, 0};
    }
    if (e->feed.fd >= 0 && e->told_go)
        polls[n++] = (struct pollfd){e->feed.fd, POLLOUT, 0};
    (void)poll(polls, n, waiting ? 1 : timeout_ms);
    if (e->plan->tend && e->told_go)
        e->plan->tend(e->plan->start_data);
    for (size_t i = 0; i < e->crew.n; i++)
        listen_to(e, &e->crew.hands[i]);
    if (e->feed.fd >= 0 && e->told_go)
        feed(e);
}

static void
run(struct engine *e)
{
    struct sp_error err = {0};

    while (e->weight == WEIGHT_NONE && !all_ended(e) && !any_died(e)) {
        turn(e, TICK_MS);
        if (check_deadlines(e, &err) < 0)
            blame(e, WEIGHT_OURS, &err, 0);
        else if (!e->told_go && tell_go(e, &err) < 0)
            blame(e, WEIGHT_FOLLOWING, &err, 0);
    }
    /* Something is wrong: the others may know better why. */
    sp_close_fd(&e->feed.fd);
    for (int waited = 0;
         e->weight > WEIGHT_REFUSAL && !all_ended(e) && waited < GRACE_MS;
         waited += 10)
        turn(e, 10);
}

/* An ending without a word, once every word was heard. */
static void
judge_ending(struct engine *e, const struct sp_hand *hand)
{
    const char *name = sp_worker_name(hand->kind);
    const struct sp_ending *end = &hand->ending;
    struct sp_error err = {0};

    if (!hand->gone || hand->faulted ||
        (hand->done && end->ended && end->status == 0))
        return; /* content, said why, or stopped by us */
    if (!end->ended)
        (void)sp_fail(&err, "worker-left", "%s does not end", name);
    else if (end->signal == SIGSYS)
        (void)sp_fail(&err, "forbidden-call",
                      "%s tried what its jail forbids and was killed", name);
    else if (end->signal == SIGXFSZ)
        (void)sp_fail(&err, "file-too-large",
                      "%s wrote beyond the size of one file", name);
    else if (end->signal)
        (void)sp_fail(&err, "worker-died", "%s was killed by signal %d", name,
                      end->signal);
    else
        (void)sp_fail(&err, "worker-died", "%s ended with status %d", name,
                      end->status);
    blame(e, WEIGHT_DEATH, &err, 0);
}

/* A medium that ends early is damaged; only a peer can break off. */
static void
blame_medium(const struct engine *e, struct sp_error *err)
{
    if (e->plan->medium && is(err, "truncated"))
        err->code = SP_E_MEDIA;
}

static int
conclude(struct engine *e, struct sp_error *err)
{
    const struct sp_hand *check = NULL, *verify = NULL;

    for (size_t i = 0; i < SP_CREW_MAX; i++) {
        if (e->crew.hands[i].kind == SP_WORKER_CHECK)
            check = &e->crew.hands[i];
        if (e->crew.hands[i].kind == SP_WORKER_VERIFY)
            verify = &e->crew.hands[i];
    }
    if (e->weight != WEIGHT_NONE) {
        *err = e->why;
        e->outcome->refused_index = e->why_index;
        if (e->weight >= WEIGHT_FOLLOWING) /* nobody knows a true reason */
            return sp_fail(err, "disagreement",
                           "the workers do not agree about the end: %s",
                           e->why.msg);
        blame_medium(e, err);
        return -1;
    }
    if (!check || !verify)
        SP_BUG("a delivery without check and verify");
    if (!e->plan->single &&
        e->ledger.has_manifest == (e->outcome->stream_kind == SP_STREAM_QFILE))
        return sp_fail(err, "disagreement",
                       "unpack and check saw different framings");
    for (uint64_t i = 0; i < e->outcome->n_packages; i++)
        blame_medium(e, &e->outcome->packages[i].error);
    return sp_ledger_close(&e->ledger, check->count, verify->count, err);
}

/* It tells of our machine, not of the delivery: behind any other reason. */
static void
report_left(struct engine *e, const struct sp_error *left)
{
    size_t used = strlen(e->why.msg);

    if (e->weight == WEIGHT_NONE)
        blame(e, WEIGHT_REFUSAL, left, 0);
    else
        (void)snprintf(e->why.msg + used, sizeof(e->why.msg) - used, "; %s",
                       left->msg);
}

int
sp_engine_run(const struct sp_engine_plan *plan, struct sp_outcome *outcome,
              struct sp_error *err)
{
    struct engine e = {
        .plan = plan,
        .outcome = outcome,
        .feed = {.fd = -1},
        .weight = WEIGHT_NONE,
    };
    struct sp_error left = {0};
    size_t crew;

    e.started = e.last_activity = e.window_start = seconds_now();
    sp_ledger_init(&e.ledger, outcome, plan->ceilings.files);
    if (start(&e, err) < 0)
        blame(&e, WEIGHT_OURS, err, 0);
    else
        run(&e);
    crew = e.crew.n;
    if (sp_crew_end(&e.crew, e.weight == WEIGHT_NONE ? GRACE_MS : 0, &left) < 0)
        report_left(&e, &left);
    for (size_t i = 0; i < crew && e.weight > WEIGHT_DEATH; i++)
        judge_ending(&e, &e.crew.hands[i]);
    return conclude(&e, err);
}
