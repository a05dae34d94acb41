/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which download may start, and how many may run. */
#include <string.h>

#include "build/queue.h"
#include "tap.h"

enum { MANY = 40 };

static struct sp_error err;
static struct sp_fetch_item items[MANY];
static struct sp_transfer transfers[MANY];
static struct sp_queue queue;

/* Items 0, 1, ... of these sizes, each with a name of its own. */
static void
begin(size_t n, size_t ceiling, const uint64_t *sizes)
{
    memset(items, 0, sizeof(items));
    memset(transfers, 0, sizeof(transfers));
    for (size_t i = 0; i < n; i++) {
        items[i].size = sizes ? sizes[i] : 1;
        (void)snprintf(items[i].name, sizeof(items[i].name), "file-%zu", i);
        transfers[i].item = &items[i];
    }
    tap_ok(sp_queue_init(&queue, transfers, n, ceiling, &err) == 0, "a queue");
}

static void
again(size_t ceiling)
{
    tap_ok(sp_queue_init(&queue, transfers, queue.n, ceiling, &err) == 0,
           "a queue");
}

/* Number of the item that comes next, -1 when none may start. */
static long
next(uint64_t now, struct sp_transfer **ret)
{
    *ret = sp_queue_next(&queue, now);
    return *ret ? (long)((*ret)->item - items) : -1;
}

static void
run_one(struct sp_transfer *t)
{
    t->state = SP_TRANSFER_RUNNING;
    sp_queue_enter(&queue, t);
}

static void
finish(struct sp_transfer *t)
{
    sp_queue_leave(&queue, t);
    sp_queue_done(&queue, t);
}

static void
test_order(void)
{
    static const uint64_t sizes[] = {5, 0, 900, 7, 900};
    static const long want[] = {2, 4, 3, 0, 1};
    struct sp_transfer *t;

    begin(5, SP_FETCH_PARALLEL_MAX, sizes);
    for (size_t i = 0; i < 5; i++) {
        tap_ok(next(0, &t) == want[i], "large ones first, then as they came");
        run_one(t);
    }
    tap_ok(next(0, &t) == -1 && !sp_queue_is_done(&queue), "all of them run");
    for (size_t i = 0; i < 5; i++)
        finish(&transfers[i]);
    tap_ok(sp_queue_is_done(&queue) && queue.running == 0, "the end");
    begin(0, SP_FETCH_PARALLEL, NULL);
    tap_ok(sp_queue_is_done(&queue), "of nothing, at once");
}

static void
test_twins(void)
{
    struct sp_transfer *t, *first;

    begin(3, SP_FETCH_PARALLEL_MAX, NULL);
    (void)snprintf(items[1].name, sizeof(items[1].name), "file-0");
    again(SP_FETCH_PARALLEL_MAX);
    tap_ok(next(0, &first) == 0, "the first of two");
    run_one(first);
    tap_ok(next(0, &t) == 2, "its twin waits");
    run_one(t);
    tap_ok(next(1000000, &t) == -1, "however late it is");
    tap_is_u64(queue.waiting, 1, "it counts as waiting");
    finish(first);
    tap_ok(next(0, &t) == 1, "until the first is there");
    tap_is_u64(queue.waiting, 0, "and then no more");
}

static void
test_later(void)
{
    struct sp_transfer *t, *slow;

    begin(2, SP_FETCH_PARALLEL_MAX, NULL);
    tap_ok(next(100, &slow) == 0, "it runs");
    run_one(slow);
    sp_queue_leave(&queue, slow);
    slow->state = SP_TRANSFER_WAITING;
    slow->wait_ms = 500;
    sp_queue_later(&queue, slow, 100);
    tap_ok(next(100, &t) == 1, "others go before who has to wait");
    run_one(t);
    tap_ok(next(599, &t) == -1, "not too early");
    tap_ok(next(600, &t) == 0 && t == slow, "again after its pause");
    tap_ok(queue.waiting == 0, "nobody waits");
}

/* All the files of a round come as they should. */
static void
smooth(size_t n)
{
    for (size_t i = 0; i < n; i++)
        sp_queue_grow(&queue);
}

static void
test_limit(void)
{
    struct sp_transfer t = {.wait_ms = 0};

    begin(MANY, SP_FETCH_PARALLEL_MAX, NULL);
    tap_is_u64(queue.limit, SP_FETCH_PARALLEL, "at the beginning");
    smooth(SP_FETCH_PARALLEL - 1);
    tap_is_u64(queue.limit, SP_FETCH_PARALLEL, "not before a whole round");
    smooth(1);
    tap_is_u64(queue.limit, SP_FETCH_PARALLEL + 1, "one more after it");
    smooth(1000);
    tap_is_u64(queue.limit, SP_FETCH_PARALLEL_MAX, "as far as it goes");
    sp_queue_later(&queue, &t, 0);
    tap_is_u64(queue.limit, SP_FETCH_PARALLEL_MAX, "no pause, no trouble");
    t.wait_ms = 1;
    sp_queue_later(&queue, &t, 0);
    tap_is_u64(queue.limit, SP_FETCH_PARALLEL_MAX / 2, "trouble: half of it");
    smooth(SP_FETCH_PARALLEL_MAX / 2 - 1);
    tap_is_u64(queue.limit, SP_FETCH_PARALLEL_MAX / 2, "and from the start");
    for (int i = 0; i < 10; i++)
        sp_queue_later(&queue, &t, 0);
    tap_is_u64(queue.limit, 1, "one is always left");
    sp_queue_widen(&queue);
    tap_is_u64(queue.limit, SP_FETCH_STREAMS, "streams of one connection");
    sp_queue_later(&queue, &t, 0);
    sp_queue_widen(&queue);
    tap_is_u64(queue.limit, SP_FETCH_STREAMS / 2, "but once");

    begin(MANY, SP_FETCH_PARALLEL, NULL);
    smooth(1000);
    tap_is_u64(queue.limit, SP_FETCH_PARALLEL, "a lower ceiling holds");
}

static void
test_room(void)
{
    struct sp_transfer *t, *second = NULL;

    begin(MANY, SP_FETCH_PARALLEL_MAX, NULL);
    while (sp_queue_has_room(&queue)) {
        tap_ok(next(0, &t) >= 0, "there is one");
        if (queue.running == 1)
            second = t;
        run_one(t);
    }
    tap_is_u64(queue.running, SP_FETCH_PARALLEL, "no more than the limit");
    tap_ok(!sp_queue_can_go_on(&queue), "the rest has to wait");
    sp_queue_leave(&queue, second);
    tap_ok(sp_queue_can_go_on(&queue), "one left");
    for (size_t i = 0; i < queue.running; i++)
        tap_ok(queue.active[i] != second, "and is not among the others");
}

int
main(void)
{
    test_order();
    test_twins();
    test_later();
    test_limit();
    test_room();
    return tap_done();
}
