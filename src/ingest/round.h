/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A round: this machine asks one qube for updates and waits for them. Two
 * processes take part, both of the state's owner: `update`, which holds the
 * round, and the service that the qube calls. They talk through files:
 *
 *   STATE/round.lock      held by `update` from the request to the end of dnf
 *   STATE/round/open      what the service may take; goes with the first
 *                         delivery that is taken in
 *   STATE/round/packages  what the service is about to publish
 *   STATE/round/changes   what is new in it, out of the changelogs
 *   STATE/round/plan      it asks: packages that nobody asked for
 *   STATE/round/answer    the person's answer
 *   STATE/round/result    how the delivery ended
 *
 * What lies there while nobody holds the lock is of a dead run and counts
 * for nothing.
 */
#ifndef SP_INGEST_ROUND_H
#define SP_INGEST_ROUND_H

#include <signal.h>

#include "base/error.h"
#include "bundle/request.h"
#include "bundle/rpm.h"
#include "ingest/policy.h"
#include "ingest/state.h"

enum { SP_ROUND_WORDS_MAX = 64 };

struct sp_round {
    char id[SP_REQUEST_ID]; /* the pending request */
    char qube[SP_POLICY_QUBE_MAX];
    bool stock;        /* its qfile stream, which has no id, is the answer */
    uint64_t deadline; /* sp_clock_ms */
    const char *allow_new[SP_ROUND_WORDS_MAX];
    size_t n_allow_new;
    char *text; /* where the words are; NULL when they are the caller's */
};

/* ---- the side that asks ---- */

struct sp_round_hold {
    int lock_fd; /* -1: not held */
    int dir_fd;
};

/* Begins a round; "busy" names the process of the one that is going on. */
int sp_round_take(const struct sp_state *state, struct sp_round_hold *ret,
                  struct sp_error *err);

/* From now on the qube may deliver. */
int sp_round_open(const struct sp_round_hold *hold,
                  const struct sp_round *round, struct sp_error *err);

/* Nothing is taken any more. */
void sp_round_shut(const struct sp_round_hold *hold);

/* Ends it and removes its files. */
void sp_round_end(const struct sp_state *state, struct sp_round_hold *hold);

/* One package of a plan: neither installed nor requested. */
struct sp_round_item {
    char nevra[SP_NEVRA_SHOWN_MAX];
    char fpr[41];
    char why[16]; /* the builder's word for it */
};

struct sp_round_plan {
    char delivery[33];
    struct sp_round_item *items; /* malloc'ed */
    size_t n;
};

/* Is a question open? *ret is the caller's to free. */
bool sp_round_question(const struct sp_round_hold *hold,
                       struct sp_round_plan *ret);
int sp_round_answer(const struct sp_round_hold *hold,
                    const struct sp_round_plan *plan, bool yes,
                    struct sp_error *err);

/* What is about to be published, as far as a person wants to know it. */
struct sp_round_shown {
    char delivery[33];
    struct sp_package *packages; /* malloc'ed */
    size_t n;
};

/* Was it told? *ret is the caller's to free. */
bool sp_round_shown(const struct sp_round_hold *hold,
                    struct sp_round_shown *ret);

/* The changelogs of this delivery, when they were told; *ret is malloc'ed. */
bool sp_round_changes(const struct sp_round_hold *hold, const char delivery[33],
                      char **ret);

struct sp_round_result {
    struct sp_error error; /* code SP_OK: taken in */
    bool published, nothing_to_do;
    uint64_t generation, packages;
};

/* How the delivery ended; false when there was none. */
bool sp_round_result(const struct sp_round_hold *hold,
                     struct sp_round_result *ret);

/* ---- the service ---- */

/* The round that is going on; *ret_found false when there is none. */
int sp_round_find(const struct sp_state *state, struct sp_round *ret,
                  bool *ret_found, struct sp_error *err);
void sp_round_forget(struct sp_round *round);

/* Is it still the same round, and does somebody wait for it? */
bool sp_round_goes_on(const struct sp_state *state,
                      const struct sp_round *round);

/* Tells the person who holds the round what this delivery brings. */
int sp_round_show(const struct sp_state *state,
                  const struct sp_outcome *outcome, struct sp_error *err);

/* And what is new in it, as printable lines. */
int sp_round_show_changes(const struct sp_state *state,
                          const struct sp_outcome *outcome, const char *text,
                          struct sp_error *err);

/*
 * Asks the person who holds the round, and waits: false when the answer is
 * no, when it does not come before the deadline, when the round ends, and
 * once *stop is not 0.
 */
bool sp_round_ask(const struct sp_state *state, const struct sp_round *round,
                  const char *delivery,
                  const struct sp_package *const *packages, size_t n,
                  const volatile sig_atomic_t *stop);

/*
 * Tells the round how it ended; one that was answered is shut. Who waits for
 * another one by now, or was answered already, hears nothing.
 */
int sp_round_tell(const struct sp_state *state, const struct sp_round *round,
                  const struct sp_outcome *outcome, struct sp_error *err);

#endif
