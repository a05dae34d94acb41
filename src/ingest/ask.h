/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Asking: what this machine has and wants becomes a request
 * (sallyport-request(5)), and is remembered until it is answered.
 */
#ifndef SP_INGEST_ASK_H
#define SP_INGEST_ASK_H

#include "base/error.h"
#include "bundle/request.h"
#include "ingest/receive.h"
#include "transports/transport.h"

struct sp_ask {
    const struct sp_setup *setup;
    enum sp_action action;
    struct sp_words specs;
    struct sp_words hide;    /* globs: installed names that are not told */
    struct sp_words exclude; /* globs: names that the builder leaves out */
    struct sp_words enable, disable; /* ids or globs of repositories */
    bool best, allow_erasing, weak_deps;
    const char *db_path;     /* NULL = rpm's own */
    const char *repos_dir;   /* NULL = /etc/yum.repos.d */
    const char *release_ver; /* NULL = as the installed packages say */
    const struct sp_transport_user *user; /* who says what may be written */
};

struct sp_asked {
    char id[SP_REQUEST_ID];
    char *text; /* malloc'ed */
    size_t size;
    uint64_t packages, hidden, repo_files;
    bool harmed;  /* what was at the destination is gone */
    bool written; /* also when it could not be noted afterwards */
};

/*
 * Makes the request, notes it in STATE/pending and writes it to `address`.
 * What could not be written is not pending. Reasons: request-*, usage,
 * not-found, io, state, and those of the carrier. *ret is always released by
 * the caller.
 */
int sp_ask(const struct sp_ask *ask, const char *address, struct sp_asked *ret,
           struct sp_error *err);
void sp_asked_release(struct sp_asked *asked);

#endif
