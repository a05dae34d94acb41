/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build/queue.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"

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
compare_name(const void *a, const void *b)
{
    const struct sp_transfer *const *x = a;
    const struct sp_transfer *const *y = b;
    int order = strcmp((*x)->item->name, (*y)->item->name);

    if (order != 0)
        return order;
    return *x < *y ? -1 : *x > *y;
}

/* Two repositories may have the same file: it is one file in the cache. */
static int
find_twins(struct sp_queue *queue, struct sp_error *err)
{
    SP_AUTO_FREE struct sp_transfer **sorted =
        calloc(queue->n + 1, sizeof(struct sp_transfer *));

    if (!sorted)
        return sp_fail(err, "no-memory", "no memory for the downloads");
    for (size_t i = 0; i < queue->n; i++)
        sorted[i] = &queue->transfers[i];
    qsort(sorted, queue->n, sizeof(struct sp_transfer *), compare_name);
    for (size_t i = 1; i < queue->n; i++)
        if (strcmp(sorted[i - 1]->item->name, sorted[i]->item->name) == 0)
            sorted[i]->twin = sorted[i - 1];
    return 0;
}

int
sp_queue_init(struct sp_queue *queue, struct sp_transfer *transfers, size_t n,
              size_t ceiling, struct sp_error *err)
{
    *queue = (struct sp_queue){
        .transfers = transfers,
        .n = n,
        .limit = SP_FETCH_PARALLEL,
        .ceiling = ceiling,
    };
    qsort(transfers, n, sizeof(transfers[0]), compare_size);
    return find_twins(queue, err);
}

/* One of two twins at a time: the next one finds what the first left. */
static bool
must_wait(const struct sp_transfer *t, uint64_t now)
{
    return t->not_before > now ||
           (t->twin && t->twin->state != SP_TRANSFER_DONE);
}

struct sp_transfer *
sp_queue_next(struct sp_queue *queue, uint64_t now)
{
    for (size_t i = 0; queue->waiting > 0 && i < queue->next; i++) {
        struct sp_transfer *t = &queue->transfers[i];

        if (t->state == SP_TRANSFER_WAITING && !must_wait(t, now)) {
            queue->waiting--;
            return t;
        }
    }
    while (queue->next < queue->n) {
        struct sp_transfer *t = &queue->transfers[queue->next++];

        if (!must_wait(t, now))
            return t;
        queue->waiting++;
    }
    return NULL;
}

void
sp_queue_enter(struct sp_queue *queue, struct sp_transfer *t)
{
    queue->active[queue->running++] = t;
}

void
sp_queue_leave(struct sp_queue *queue, const struct sp_transfer *t)
{
    for (size_t i = 0; i < queue->running; i++) {
        if (queue->active[i] != t)
            continue;
        queue->active[i] = queue->active[--queue->running];
        return;
    }
}

void
sp_queue_done(struct sp_queue *queue, struct sp_transfer *t)
{
    t->state = SP_TRANSFER_DONE;
    queue->done++;
}

/* Who has too much to do gets less, and then slowly more. */
static void
shrink(struct sp_queue *queue)
{
    if (queue->limit > 1)
        queue->limit /= 2;
    queue->smooth = 0;
}

void
sp_queue_later(struct sp_queue *queue, struct sp_transfer *t, uint64_t now)
{
    if (t->wait_ms > 0)
        shrink(queue);
    t->not_before = now + t->wait_ms;
    queue->waiting++;
}

void
sp_queue_grow(struct sp_queue *queue)
{
    if (++queue->smooth < queue->limit || queue->limit >= queue->ceiling)
        return;
    queue->limit++;
    queue->smooth = 0;
}

void
sp_queue_widen(struct sp_queue *queue)
{
    if (queue->ceiling == SP_FETCH_STREAMS)
        return;
    queue->ceiling = SP_FETCH_STREAMS;
    queue->limit = SP_FETCH_STREAMS;
}
