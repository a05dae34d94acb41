/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The queue of downloads: which of them may start now, and how many may run
 * at a time. Large files go first, and the small ones fill the gaps at the
 * end; of two that are the same file the second waits for the first; and who
 * has to wait for its next try lets the others go before. The number grows
 * while all goes well and is halved when a server has too much to do. The
 * queue moves no byte: that is fetch.c, and this is for it alone.
 */
#ifndef SP_BUILD_QUEUE_H
#define SP_BUILD_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "build/transfer.h"

struct sp_queue {
    struct sp_transfer *transfers; /* the caller's, in the order of the queue */
    size_t n;
    size_t next; /* the first that was never started */
    struct sp_transfer *active[SP_FETCH_STREAMS];
    size_t running, done;
    size_t waiting; /* before `next`, for another try or for a twin */
    size_t limit;   /* of running ones */
    size_t ceiling; /* of the limit */
    size_t smooth;  /* files since the limit was changed */
};

/* Puts transfers in order; `ceiling` is what the limit may grow to. */
int sp_queue_init(struct sp_queue *queue, struct sp_transfer *transfers,
                  size_t n, size_t ceiling, struct sp_error *err);

static inline bool
sp_queue_has_room(const struct sp_queue *queue)
{
    return queue->running < queue->limit;
}

/* Somebody has not even been looked at, and could run. */
static inline bool
sp_queue_can_go_on(const struct sp_queue *queue)
{
    return sp_queue_has_room(queue) && queue->next < queue->n;
}

static inline bool
sp_queue_is_done(const struct sp_queue *queue)
{
    return queue->done == queue->n;
}

/*
 * Takes out the next that may start now, NULL when none may. The caller says
 * what became of it: it runs, or it is done, or it is to be asked for later.
 */
struct sp_transfer *sp_queue_next(struct sp_queue *queue, uint64_t now);

/* It runs, and it does no more. A caller looks at sp_queue_has_room before. */
void sp_queue_enter(struct sp_queue *queue, struct sp_transfer *t);
void sp_queue_leave(struct sp_queue *queue, const struct sp_transfer *t);

/* It is there, or was given up. */
void sp_queue_done(struct sp_queue *queue, struct sp_transfer *t);

/* Another try, ->wait_ms from now on; to have to wait is a sign of trouble. */
void sp_queue_later(struct sp_queue *queue, struct sp_transfer *t,
                    uint64_t now);

/* A file came as it should: a round of these makes room for one more. */
void sp_queue_grow(struct sp_queue *queue);

/* A server takes many streams over one connection. */
void sp_queue_widen(struct sp_queue *queue);

#endif
