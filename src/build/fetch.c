/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build/fetch.h"

#include <curl/curl.h>
#include <string.h>
#include <time.h>

#include "base/auto.h"
#include "base/text.h"
#include "build/transfer.h"
#include "bundle/limits.h"

/* How long one turn waits: hooks are asked this often. */
enum { TURN_MS = 200 };

/* All downloads of one call. */
struct run {
    CURLM *multi;
    struct sp_fetch_policy policy; /* with the defaults filled in */
    struct sp_transfer *transfers;
    size_t n;
    size_t next; /* the first that was never started */
    size_t running, retrying, done;
    size_t limit;   /* of running ones */
    size_t ceiling; /* of the limit */
    uint64_t deadline;
    const struct sp_build_hooks *hooks;
};

static uint64_t
now_ms(void)
{
    struct timespec ts;

    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

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
    if (policy->max_file_bytes == 0)
        policy->max_file_bytes = SP_MAX_MEMBER_BYTES;
}

/* Large files first: the small ones fill the gaps at the end. */
static int
compare_size(const void *a, const void *b)
{
    const struct sp_transfer *x = a;
    const struct sp_transfer *y = b;

    if (x->item->size != y->item->size)
        return x->item->size > y->item->size ? -1 : 1;
    return x->item < y->item ? -1 : x->item > y->item;
}

static int
check_room(const struct sp_cache *cache, const struct sp_fetch_item *items,
           size_t n, struct sp_error *err)
{
    uint64_t room = sp_cache_room(cache);
    char need_shown[16], room_shown[16];
    uint64_t need = 0;

    for (size_t i = 0; i < n; i++)
        need += items[i].size < SP_MAX_MEMBER_BYTES ? items[i].size
                                                    : SP_MAX_MEMBER_BYTES;
    if (need <= room)
        return 0;
    sp_text_size(need_shown, sizeof(need_shown), need);
    sp_text_size(room_shown, sizeof(room_shown), room);
    return sp_fail(err, "space",
                   "no space in cache '%s': %s to download, %s free",
                   cache->shown, need_shown, room_shown);
}

/* The next that may start now, NULL when none may. */
static struct sp_transfer *
find_ready(struct run *run, uint64_t now)
{
    for (size_t i = 0; run->retrying > 0 && i < run->next; i++) {
        struct sp_transfer *t = &run->transfers[i];

        if (t->state == SP_TRANSFER_WAITING && t->not_before <= now) {
            run->retrying--;
            return t;
        }
    }
    return run->next < run->n ? &run->transfers[run->next++] : NULL;
}

static int
start_ready(struct run *run, struct sp_error *err)
{
    struct sp_transfer *t;

    while (run->running < run->limit && (t = find_ready(run, now_ms()))) {
        if (sp_transfer_start(t, err) < 0)
            return -1;
        if (t->state == SP_TRANSFER_DONE) {
            run->done++;
            /* A cached file was hashed, which takes its time. */
            if (sp_hooks_stopped(run->hooks, err) < 0)
                return -1;
            continue;
        }
        if (curl_multi_add_handle(run->multi, t->easy) != CURLM_OK)
            return sp_fail(err, "no-memory", "no memory for a download");
        run->running++;
    }
    return 0;
}

static int
end_one(struct run *run, struct sp_transfer *t, CURLcode code,
        struct sp_error *err)
{
    struct sp_error why = {0};
    long version = 0;

    (void)curl_easy_getinfo(t->easy, CURLINFO_HTTP_VERSION, &version);
    if (version == CURL_HTTP_VERSION_2_0 && run->ceiling != SP_FETCH_STREAMS) {
        run->ceiling = SP_FETCH_STREAMS;
        run->limit = SP_FETCH_STREAMS;
    }
    (void)curl_multi_remove_handle(run->multi, t->easy);
    run->running--;
    switch (sp_transfer_end(t, code, &why)) {
    case SP_TRANSFER_COMPLETE:
        run->done++;
        run->limit += run->limit < run->ceiling;
        return 0;
    case SP_TRANSFER_RETRY:
        /* A server that has too much to do gets less, and then slowly more. */
        if (t->wait_ms > 0 && run->limit > 1)
            run->limit /= 2;
        t->not_before = now_ms() + t->wait_ms;
        run->retrying++;
        return 0;
    case SP_TRANSFER_FAILED: break;
    }
    *err = why;
    if (t->tries > 1)
        (void)sp_fail_prefix(err, "after %u tries", t->tries);
    return -1;
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
report(const struct run *run)
{
    struct sp_build_progress progress = {.phase = "download"};
    bool all_known = true;

    for (size_t i = 0; i < run->n; i++) {
        progress.bytes += run->transfers[i].offset;
        progress.total_bytes += run->transfers[i].expected;
        all_known = all_known && run->transfers[i].expected > 0;
    }
    if (!all_known)
        progress.total_bytes = 0;
    progress.packages = run->done;
    progress.total_packages = run->n;
    sp_hooks_progress(run->hooks, &progress);
}

static int
turn(struct run *run, struct sp_error *err)
{
    int active = 0;

    if (start_ready(run, err) < 0)
        return -1;
    if (curl_multi_perform(run->multi, &active) != CURLM_OK)
        return sp_fail(err, "internal", "libcurl cannot go on");
    if (end_finished(run, err) < 0 || sp_hooks_stopped(run->hooks, err) < 0)
        return -1;
    report(run);
    if (run->done == run->n)
        return 0;
    if (now_ms() > run->deadline)
        return sp_fail(err, "too-slow",
                       "the downloads are not done after %u seconds",
                       run->policy.total_seconds);
    /* Whoever can start at once is started before anybody waits. */
    if (run->running < run->limit && run->next < run->n)
        return 0;
    if (curl_multi_poll(run->multi, NULL, 0, TURN_MS, NULL) != CURLM_OK)
        return sp_fail(err, "internal", "libcurl cannot wait");
    return 0;
}

static int
go(struct run *run, struct sp_error *err)
{
    int status = 0;

    (void)curl_multi_setopt(run->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS,
                            (long)SP_FETCH_PARALLEL);
    while (run->done < run->n && status == 0)
        status = turn(run, err);
    for (size_t i = 0; i < run->n; i++) {
        struct sp_transfer *t = &run->transfers[i];

        if (t->easy && t->state == SP_TRANSFER_RUNNING)
            (void)curl_multi_remove_handle(run->multi, t->easy);
        sp_transfer_stop(t);
    }
    return status;
}

int
sp_fetch(const struct sp_cache *cache, const struct sp_fetch_policy *policy,
         struct sp_fetch_item *items, size_t n,
         const struct sp_build_hooks *hooks, struct sp_error *err)
{
    SP_AUTO_FREE struct sp_transfer *transfers =
        calloc(n + 1, sizeof(*transfers));
    struct run run = {.policy = *policy,
                      .transfers = transfers,
                      .n = n,
                      .limit = SP_FETCH_PARALLEL,
                      .ceiling = SP_FETCH_PARALLEL,
                      .hooks = hooks};
    int status;

    if (!transfers)
        return sp_fail(err, "no-memory", "no memory for the downloads");
    fill_defaults(&run.policy);
    run.deadline = now_ms() + (uint64_t)run.policy.total_seconds * 1000;
    if (check_room(cache, items, n, err) < 0)
        return -1;
    for (size_t i = 0; i < n; i++)
        sp_transfer_init(&transfers[i], cache, &run.policy, &items[i]);
    qsort(transfers, n, sizeof(transfers[0]), compare_size);
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return sp_fail(err, "internal", "libcurl cannot start");
    run.multi = curl_multi_init();
    status = run.multi ? go(&run, err)
                       : sp_fail(err, "no-memory", "no memory for downloads");
    (void)curl_multi_cleanup(run.multi);
    curl_global_cleanup();
    return status;
}
