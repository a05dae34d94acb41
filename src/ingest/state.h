/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the trusted machine remembers, and its repository. All files are
 * "key value" lines of our own; each is replaced in one rename.
 *
 *   STATE/history/ID        one record a delivery
 *   STATE/floor             highest EVR ever published, by name
 *   STATE/clock             the clock never goes below this
 *   STATE/ratchet           newest metadata and package ever seen
 *   STATE/pending/ID        requests that wait for their answer
 *   STATE/keyhome/DIGEST/   key homes built from the key files
 *   REPO/.lock              held by every ingest and rollback
 *   REPO/ID.UNTRUSTED/      quarantine of a running delivery
 *   REPO/generations/N/{packages,rpm,repodata}
 *   REPO/current -> generations/N; REPO/rpm, REPO/repodata -> current/...
 */
#ifndef SP_INGEST_STATE_H
#define SP_INGEST_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "ingest/receive.h"

#define SP_DEFAULT_STATE_DIR "/var/lib/sallyport"
#define SP_DEFAULT_KEYS_PATH "/etc/sallyport/keys"
#define SP_DEFAULT_POLICY_PATH "/etc/sallyport/policy.conf"

struct sp_state {
    int state_fd;
    int repo_fd;
    int lock_fd; /* -1 while not locked */
    char state_path[4096];
    char repo_path[4096];
};

/*
 * Opens both directories (made when `create`) and, when started by root,
 * becomes the owner of the state directory for good. Reasons: state, io.
 */
int sp_state_open(const struct sp_setup *setup, bool create,
                  struct sp_state *ret, struct sp_error *err);
void sp_state_close(struct sp_state *state);

/* Takes REPO/.lock without waiting; "busy" names the holder's pid. */
int sp_state_lock(struct sp_state *state, struct sp_error *err);
/* Does anybody hold it? 1, 0; -1 when that cannot be known. */
int sp_state_is_locked(const struct sp_state *state, struct sp_error *err);

/* ---- what `status` shows ---- */

struct sp_generation {
    uint64_t number;
    uint64_t packages;
    uint64_t newest_signature; /* unix time, 0 = empty */
    uint64_t published;        /* unix time */
    bool current;
};

struct sp_status {
    uint64_t current;                  /* 0 = nothing was published yet */
    struct sp_generation *generations; /* ascending */
    size_t n_generations;
    bool leftover;         /* a quarantine of a dead run is there */
    bool busy;             /* somebody holds the lock */
    uint64_t last_success; /* unix time of the last delivery that was done */
    char last_id[33];      /* newest history record, "" = none */
    char last_class[16];   /* its class and detail */
    char last_detail[SP_DETAIL_MAX];
};

int sp_status_read(struct sp_state *state, struct sp_status *ret,
                   struct sp_error *err);
void sp_status_release(struct sp_status *status);

/* ---- history ---- */

struct sp_history {
    char id[33];
    uint64_t time;    /* end of the delivery */
    char command[16]; /* ingest, rollback */
    char source[192];
    char class_word[16];
    char detail[SP_DETAIL_MAX];
    char message[SP_MESSAGE_MAX];
    uint64_t generation; /* 0 = none */
    uint64_t packages;
    uint64_t bytes;
    uint64_t newest; /* sp_freshness_time of the delivery, 0 = not known */
};

/* Newest first, at most max; malloc'ed. */
int sp_history_list(struct sp_state *state, size_t max, struct sp_history **ret,
                    size_t *ret_n, struct sp_error *err);
/* The record and its package lines ("package NEVRA SHA256 FPR" each, as the
 * file has them) as malloc'ed text. id may be a unique prefix. */
int sp_history_show(struct sp_state *state, const char *id,
                    struct sp_history *ret, char **ret_text,
                    struct sp_error *err);
/* A record of what was no delivery: who did what to which thing, and why. */
int sp_history_note(struct sp_state *state, const char *command, const char *id,
                    const char *source, const char *message,
                    struct sp_error *err);
int sp_history_add(struct sp_state *state, const char *command,
                   const struct sp_outcome *outcome, struct sp_error *err);

#endif
