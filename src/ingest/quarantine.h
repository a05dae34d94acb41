/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The quarantine of one delivery: REPO/ID.UNTRUSTED, mode 0700, on the file
 * system of the repository. Whatever happens, it is gone at the end; what a
 * dead run left is gone at the start of the next one.
 *
 *   packages/000001.rpm ...   written by check
 *   packages/e0001 ...        evidence, gone once it was judged
 *   messages/                 verify's private directory
 *   stage/rpm/                verified packages under their own names
 *   stage/packages            what the generation holds
 *   index/repodata/           written by the index run
 */
#ifndef SP_INGEST_QUARANTINE_H
#define SP_INGEST_QUARANTINE_H

#include "base/error.h"
#include "ingest/state.h"

struct sp_quarantine {
    char id[33]; /* of the delivery: time, then chance */
    int fd;      /* the quarantine itself, -1 = none */
    int packages_fd;
    int stage_fd;
    char path[4200]; /* absolute */
    int parent_fd;   /* where it lies */
    bool scratch;    /* parent_fd is our own */
    char name[64];
};

/* A new id: 16 hex digits of microseconds (ids sort by time), 16 of chance. */
int sp_quarantine_id(char ret_id[33], struct sp_error *err);

/* Removes those of dead runs. The lock must be held. */
int sp_quarantine_sweep(const struct sp_state *state, struct sp_error *err);

/*
 * Makes that of delivery `id`; removes those of dead runs first. The lock must
 * be held.
 */
int sp_quarantine_make(const struct sp_state *state, const char id[33],
                       struct sp_quarantine *ret, struct sp_error *err);

/*
 * A scratch place for runs that publish nothing (inspect, verify): the same, as
 * a private directory below /tmp, locked while it is used.
 */
int sp_quarantine_scratch(struct sp_quarantine *ret, struct sp_error *err);

/*
 * Removes the scratch places of this user that dead runs left. That it cannot
 * be done is no reason not to look at a bundle.
 */
void sp_quarantine_tidy(void);

/* Removes it with all that it holds. */
void sp_quarantine_destroy(struct sp_quarantine *quarantine);

/* Is a quarantine of a dead run there? */
int sp_quarantine_leftover(const struct sp_state *state, bool *ret,
                           struct sp_error *err);

/*
 * Moves the verified package from packages/ to stage/rpm under its name, as
 * a plain file with one link, the size that check wrote, mode 0644 and the
 * time of its build.
 */
int sp_quarantine_stage(const struct sp_quarantine *quarantine,
                        const struct sp_package *package, struct sp_error *err);

/* After all are staged: nothing unreported is left in packages/. */
int sp_quarantine_empty(const struct sp_quarantine *quarantine,
                        struct sp_error *err);

#endif
