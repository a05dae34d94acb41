/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What all downloads of one run have in common: connections that stay open
 * from one call of sp_fetch to the next, host names, TLS sessions and
 * certificates; and what was fetched ahead without a digest.
 */
#ifndef SP_BUILD_SESSION_H
#define SP_BUILD_SESSION_H

#include <stdbool.h>

#include "build/cache.h"

struct sp_session;

/* NULL on failure: no-memory, internal. */
struct sp_session *sp_session_open(struct sp_error *err);
void sp_session_close(struct sp_session *session);

/* Monotonic ms: the deadline of all downloads counts from here. */
uint64_t sp_session_begun(const struct sp_session *session);

/*
 * How a download ended that somebody will ask for later in this run. `fault`
 * NULL: the file `name` is in the cache. What cannot be noted is asked for
 * again.
 */
void sp_session_note(struct sp_session *session, const char *name,
                     const struct sp_error *fault);

/*
 * Takes the note away; false when there is none. *ret_fault is SP_OK when
 * the file is there.
 */
bool sp_session_take(struct sp_session *session, const char *name,
                     struct sp_error *ret_fault);

/* For fetch.c: the handles of libcurl. */
void *sp_session_multi(const struct sp_session *session);
void *sp_session_share(const struct sp_session *session);

#endif
