/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One download (tries in transfer.c, ends in ending.c): its ".part" file, what
 * the server may answer, and what is to be done when it ended. fetch.c drives
 * many of them, in the order of queue.c. For these two alone.
 */
#ifndef SP_BUILD_TRANSFER_H
#define SP_BUILD_TRANSFER_H

#include <curl/curl.h>

#include "build/fetch.h"
#include "build/hash.h"

enum sp_transfer_state {
    SP_TRANSFER_WAITING = 0, /* not begun, or waiting for the next try */
    SP_TRANSFER_RUNNING = 1,
    SP_TRANSFER_DONE = 2, /* it is there, or it was given up */
};

enum sp_transfer_result {
    SP_TRANSFER_FAILED = 0, /* *err says why */
    SP_TRANSFER_RETRY = 1,  /* *err says why, ->wait_ms when */
    SP_TRANSFER_COMPLETE = 2,
};

struct sp_transfer {
    struct sp_fetch_item *item;
    const struct sp_cache *cache;
    const struct sp_fetch_policy *policy;
    const struct sp_build_hooks *hooks;
    enum sp_transfer_state state;
    const struct sp_transfer *twin; /* gets the same file before this one */
    unsigned tries;
    const char *url;     /* of this try */
    char *mirror_url;    /* the same, when it is made from a mirror */
    int mirror;          /* or SP_MIRROR_NONE */
    uint64_t refused;    /* a bit for each mirror that is not asked again */
    uint64_t begun;      /* monotonic ms of this try */
    uint64_t answered;   /* and of its first byte, 0 = none yet */
    uint64_t counted;    /* ->item->bytes before it */
    uint64_t not_before; /* monotonic ms of the next try */
    uint64_t wait_ms;    /* RETRY: how long to wait first */

    CURL *easy; /* while it runs */
    struct curl_slist *headers;
    char problem[CURL_ERROR_SIZE];

    int fd;          /* the part, -1 before the first try */
    uint8_t *buffer; /* the last `used` bytes of offset, not yet written */
    size_t used;
    uint64_t offset;      /* bytes of the file so far */
    uint64_t start;       /* where this try began */
    uint64_t expected;    /* size of the whole file, 0 = unknown */
    bool resumed;         /* the file was put together from several answers */
    bool judged;          /* the status of this answer was looked at */
    bool begins_like_rpm; /* the first bytes were looked at */
    struct sp_hash hash;

    /* Of the answer that filled the part: a strong ETag or a date. */
    char validator[160];
    char untrusted_etag[160];
    char untrusted_modified[64];
    bool has_range; /* Content-Range of this answer, where it begins */
    uint64_t range_start;
    struct sp_error fault; /* a callback of ours ended the transfer */
};

void sp_transfer_init(struct sp_transfer *t, const struct sp_cache *cache,
                      const struct sp_fetch_policy *policy,
                      struct sp_fetch_item *item,
                      const struct sp_build_hooks *hooks);
void sp_transfer_release(struct sp_transfer *t);

/*
 * Prepares the next try. Afterwards ->easy is ready for the multi handle, or
 * state is DONE because the cache had the whole file.
 */
int sp_transfer_start(struct sp_transfer *t, struct sp_error *err);

/*
 * Judges how a try ended; ->easy is gone afterwards. *err is filled unless
 * the file is complete.
 */
enum sp_transfer_result sp_transfer_end(struct sp_transfer *t, CURLcode code,
                                        struct sp_error *err);

/*
 * This try takes longer than any file of its size may, or another mirror is
 * so much faster that it pays to go on there.
 */
bool sp_transfer_is_overdue(struct sp_transfer *t, uint64_t now);

/* What no server and no mirror can change. */
bool sp_transfer_fault_is_ours(const struct sp_error *fault);

/* Frees what one try used; the part stays open. */
void sp_transfer_drop_handle(struct sp_transfer *t);

/* Ends a try that the caller has stopped. What arrived is kept. */
void sp_transfer_stop(struct sp_transfer *t);

#endif
