/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The requests that a build answers, read from wherever they were put. */
#ifndef SP_BUILD_REQUESTS_H
#define SP_BUILD_REQUESTS_H

#include <time.h>

#include "base/error.h"
#include "bundle/limits.h"
#include "bundle/request.h"

struct sp_requests {
    char *texts[SP_MAX_REQUESTS];
    struct sp_request parsed[SP_MAX_REQUESTS]; /* into texts */
    const char *ids[SP_MAX_REQUESTS];          /* sorted, for sp_pack */
    size_t n;
};

/*
 * Adds the request at `address` (any carrier that can be read). On a raw
 * device it ends at its end line. Reasons: request-*, those of the carrier;
 * a request that is there already is "usage".
 */
int sp_requests_read(struct sp_requests *requests, const char *address,
                     struct sp_error *err);
/*
 * Has the day come from which on the answer is no longer wanted? The machine
 * that asked decides by its own clock.
 */
bool sp_request_is_old(const struct sp_request *request, time_t now);
void sp_requests_release(struct sp_requests *requests);

#endif
