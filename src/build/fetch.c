/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build/fetch.h"

#include <curl/curl.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "build/proxy.h"
#include "build/queue.h"
#include "build/transfer.h"
#include "bundle/limits.h"

enum {
    TURN_MS = 200, /* how long one turn waits: hooks are asked this often */
    ASK_MS = 50,
    REPORT_MS = 100,
    SWEEP_MS = 1000,
    KEPT_CONNECTIONS = 32,
};

/* All downloads of one call. */
struct run {
    struct sp_session *session;
    CURLM *multi;
    struct sp_fetch_policy policy; /* with the defaults filled in */
    struct sp_queue queue;
    uint64_t deadline, asked, reported, swept; /* monotonic ms */
    bool ahead; /* what fails is asked for later */
    const struct sp_build_hooks *hooks;
};

static void
fill_defaults(struct sp_fetch_policy *policy)
{
    if (policy->tries == 0)
        policy->tries = SP_FETCH_TRIES;
    if (policy->connect_seconds == 0)
        policy->connect_seconds = SP_FETCH_CONNECT_SECONDS;
    if (policy->slow_seconds == 0)
        policy->slow_seconds = SP_FETCH_SLOW_SECONDS;
    if (policy->total_seconds == 0)
        policy->total_seconds = SP_FETCH_TOTAL_SECONDS;
    if (policy->grace_seconds == 0)
        policy->grace_seconds = SP_FETCH_GRACE_SECONDS;
    if (policy->max_file_bytes == 0)
        policy->max_file_bytes = SP_MAX_MEMBER_BYTES;
}

/* A tenth more than what is missing, before the first byte travels. */
static int
check_room(const struct sp_cache *cache, const struct sp_transfer *transfers,
           size_t n, struct sp_error *err)
{
    uint64_t need = 0;

    for (size_t i = 0; i < n; i++) {
        const struct sp_fetch_item *item = transfers[i].item;
        uint64_t there = sp_digest_is_set(&item->digest)
                             ? sp_cache_bytes(cache, item->name)
                             : 0;

        if (item->size > there && item->size <= SP_MAX_MEMBER_BYTES)
            need += item->size - there;
    }
    return sp_cache_check_room(cache, need + need / 10, err);
}

/* Without this file the run is over, unless it only looks ahead. */
static int
give_up(struct run *run, struct sp_transfer *t, struct sp_error *err)
{
    if (!run->ahead || sp_transfer_fault_is_ours(err))
        return -1;
    /* What is not there need not be asked for again. */
    if (!sp_digest_is_set(&t->item->digest) &&
        strcmp(err->detail, "http-status") == 0)
        sp_session_note(run->session, t->item->name, err);
    *err = (struct sp_error){0};
    sp_queue_done(&run->queue, t);
    return 0;
}

static int
start_ready(struct run *run, struct sp_error *err)
{
    struct sp_queue *queue = &run->queue;
    struct sp_transfer *t;

    while (sp_queue_has_room(queue) &&
           (t = sp_queue_next(queue, sp_clock_ms()))) {
        if (sp_transfer_start(t, err) < 0) {
            if (give_up(run, t, err) < 0)
                return -1;
            continue;
        }
        if (t->state == SP_TRANSFER_DONE) {
            sp_queue_done(queue, t);
            /* A cached file was hashed, which takes its time. */
            if (sp_hooks_stopped(run->hooks, err) < 0)
                return -1;
            continue;
        }
        if (curl_multi_add_handle(run->multi, t->easy) != CURLM_OK)
            return sp_fail(err, "no-memory", "no memory for a download");
        sp_queue_enter(queue, t);
    }
    return 0;
}

static void
note_version(struct run *run, const struct sp_transfer *t)
{
    long version = 0;

    (void)curl_easy_getinfo(t->easy, CURLINFO_HTTP_VERSION, &version);
    if (version == CURL_HTTP_VERSION_2_0)
        sp_queue_widen(&run->queue);
}

static int
end_one(struct run *run, struct sp_transfer *t, CURLcode code,
        struct sp_error *err)
{
    struct sp_error why = {0};

    note_version(run, t);
    (void)curl_multi_remove_handle(run->multi, t->easy);
    sp_queue_leave(&run->queue, t);
    switch (sp_transfer_end(t, code, &why)) {
    case SP_TRANSFER_COMPLETE:
        sp_queue_done(&run->queue, t);
        sp_queue_grow(&run->queue);
        if (run->ahead && !sp_digest_is_set(&t->item->digest))
            sp_session_note(run->session, t->item->name, NULL);
        return 0;
    case SP_TRANSFER_RETRY:
        sp_queue_later(&run->queue, t, sp_clock_ms());
        return 0;
    case SP_TRANSFER_FAILED: break;
    }
    if (t->tries > 1)
        (void)sp_fail_prefix(&why, "after %u tries", t->tries);
    if (t->item->repo && !sp_transfer_fault_is_ours(&why))
        (void)sp_fail_prefix(&why, "repository '%s'", t->item->repo);
    *err = why;
    return give_up(run, t, err);
}

static int
end_finished(struct run *run, struct sp_error *err)
{
    const CURLMsg *msg;
    int left;

    while ((msg = curl_multi_info_read(run->multi, &left))) {
        struct sp_transfer *t = NULL;

        if (msg->msg != CURLMSG_DONE)
            continue;
        (void)curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE,
                                (char **)&t);
        if (!t)
            SP_BUG("a transfer without its own data");
        if (end_one(run, t, msg->data.result, err) < 0)
            return -1;
    }
    return 0;
}

static void
report(struct run *run, bool is_last)
{
    struct sp_build_progress progress = {.phase = "download"};
    const struct sp_queue *queue = &run->queue;
    uint64_t now = sp_clock_ms();
    bool all_known = true;

    if (!is_last && now - run->reported < REPORT_MS)
        return;
    run->reported = now;

    for (size_t i = 0; i < queue->n; i++) {
        progress.bytes += queue->transfers[i].offset;
        progress.total_bytes += queue->transfers[i].expected;
        all_known = all_known && queue->transfers[i].expected > 0;
    }
    if (!all_known)
        progress.total_bytes = 0;
    progress.packages = queue->done;
    progress.total_packages = queue->n;
    sp_hooks_progress(run->hooks, &progress);
}

/* Ends what is too slow for its mirror or for anybody. */
static int
sweep(struct run *run, struct sp_error *err)
{
    uint64_t now = sp_clock_ms();
    size_t i = 0;

    if (now - run->swept < SWEEP_MS)
        return 0;
    run->swept = now;
    while (i < run->queue.running) {
        struct sp_transfer *t = run->queue.active[i];

        if (!sp_transfer_is_overdue(t, now))
            i++;
        else if (end_one(run, t, CURLE_OPERATION_TIMEDOUT, err) < 0)
            return -1;
    }
    return 0;
}

/* Many turns are short, and each asking costs a system call. */
static int
ask_hooks(struct run *run, struct sp_error *err)
{
    uint64_t now = sp_clock_ms();

    if (now - run->asked < ASK_MS)
        return 0;
    run->asked = now;
    return sp_hooks_stopped(run->hooks, err);
}

static int
turn(struct run *run, struct sp_error *err)
{
    int active = 0;

    if (start_ready(run, err) < 0)
        return -1;
    if (curl_multi_perform(run->multi, &active) != CURLM_OK)
        return sp_fail(err, "internal", "libcurl cannot go on");
    if (end_finished(run, err) < 0 || sweep(run, err) < 0 ||
        ask_hooks(run, err) < 0)
        return -1;
    report(run, sp_queue_is_done(&run->queue));
    if (sp_queue_is_done(&run->queue))
        return 0;
    if (sp_clock_ms() > run->deadline)
        return sp_fail(err, "too-slow",
                       "the downloads are not done after %u seconds",
                       run->policy.total_seconds);
    /* Whoever can start at once is started before anybody waits. */
    if (sp_queue_can_go_on(&run->queue))
        return 0;
    if (curl_multi_poll(run->multi, NULL, 0, TURN_MS, NULL) != CURLM_OK)
        return sp_fail(err, "internal", "libcurl cannot wait");
    return 0;
}

/* Through a proxy connections are dear: never more than at the beginning. */
static size_t
find_ceiling(const struct run *run, const struct sp_fetch_item *items, size_t n)
{
    bool proxied = sp_proxy_used(run->policy.proxy);

    for (size_t i = 0; i < n; i++)
        proxied = proxied || (items[i].proxy && sp_proxy_used(items[i].proxy));
    return proxied ? SP_FETCH_PARALLEL : SP_FETCH_PARALLEL_MAX;
}

static void
set_up(struct run *run)
{
    run->multi = sp_session_multi(run->session);
    (void)curl_multi_setopt(run->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS,
                            (long)run->queue.ceiling);
    (void)curl_multi_setopt(run->multi, CURLMOPT_MAXCONNECTS,
                            (long)KEPT_CONNECTIONS);
}

static int
go(struct run *run, struct sp_error *err)
{
    int status = 0;

    while (!sp_queue_is_done(&run->queue) && status == 0)
        status = turn(run, err);
    for (size_t i = 0; i < run->queue.n; i++) {
        struct sp_transfer *t = &run->queue.transfers[i];

        if (t->easy && t->state == SP_TRANSFER_RUNNING)
            (void)curl_multi_remove_handle(run->multi, t->easy);
        sp_transfer_stop(t);
    }
    return status;
}

/* run: policy, session, hooks and ahead are set. */
static int
fetch(struct run *run, const struct sp_cache *cache,
      struct sp_fetch_item *items, size_t n, struct sp_error *err)
{
    SP_AUTO_FREE struct sp_transfer *transfers =
        calloc(n + 1, sizeof(*transfers));

    if (!transfers)
        return sp_fail(err, "no-memory", "no memory for the downloads");
    fill_defaults(&run->policy);
    run->policy.session = run->session;
    run->deadline = sp_session_begun(run->session) +
                    (uint64_t)run->policy.total_seconds * 1000;
    for (size_t i = 0; i < n; i++)
        sp_transfer_init(&transfers[i], cache, &run->policy, &items[i],
                         run->hooks);
    if (check_room(cache, transfers, n, err) < 0 ||
        sp_queue_init(&run->queue, transfers, n, find_ceiling(run, items, n),
                      err) < 0)
        return -1;
    set_up(run);
    return go(run, err);
}

static int
fetch_in_session(const struct sp_cache *cache,
                 const struct sp_fetch_policy *policy,
                 struct sp_fetch_item *items, size_t n,
                 const struct sp_build_hooks *hooks, bool ahead,
                 struct sp_error *err)
{
    SP_AUTO_FREE struct run *run = calloc(1, sizeof(*run));
    struct sp_error why = {0};
    int status;

    if (!run)
        return sp_fail(err, "no-memory", "no memory for the downloads");
    *run = (struct run){.policy = *policy, .hooks = hooks, .ahead = ahead};
    run->session = policy->session ? policy->session : sp_session_open(err);
    if (!run->session)
        return -1;
    status = fetch(run, cache, items, n, &why);
    if (!policy->session)
        sp_session_close(run->session);
    if (status < 0 && err)
        *err = why;
    return status;
}

int
sp_fetch(const struct sp_cache *cache, const struct sp_fetch_policy *policy,
         struct sp_fetch_item *items, size_t n,
         const struct sp_build_hooks *hooks, struct sp_error *err)
{
    return fetch_in_session(cache, policy, items, n, hooks, false, err);
}

int
sp_fetch_ahead(const struct sp_cache *cache,
               const struct sp_fetch_policy *policy,
               struct sp_fetch_item *items, size_t n,
               const struct sp_build_hooks *hooks, struct sp_error *err)
{
    return fetch_in_session(cache, policy, items, n, hooks, true, err);
}
