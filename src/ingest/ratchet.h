/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * STATE/ratchet: how new the newest thing is that was ever seen here. Lines:
 *
 *   revision LABEL FPR REVISION SIGNED-AT    signed metadata, by repository
 *                                            and primary key
 *   build TIME                               newest package
 *
 * None of it goes back but by the owner's hand. It is raised before the
 * delivery is published: what was proven stays proven if that fails.
 */
#ifndef SP_INGEST_RATCHET_H
#define SP_INGEST_RATCHET_H

#include "base/error.h"
#include "ingest/freshness.h"
#include "ingest/state.h"

enum { SP_RATCHET_MAX = 1024 };

struct sp_notch {
    char label[SP_LABEL_MAX];
    char primary_fpr[41];
    uint64_t revision;
    uint64_t signed_at;
};

struct sp_ratchet {
    struct sp_notch *notches; /* sorted by label, then key */
    size_t n;
    uint64_t build;
    bool changed;
};

/* A missing file is an empty ratchet; a damaged one is reason "state". */
int sp_ratchet_load(const struct sp_state *state, struct sp_ratchet *ret,
                    struct sp_error *err);
void sp_ratchet_release(struct sp_ratchet *ratchet);

/* NULL: never seen. */
const struct sp_notch *sp_ratchet_find(const struct sp_ratchet *ratchet,
                                       const char *label,
                                       const char *primary_fpr);

/* Raises, never lowers. */
int sp_ratchet_raise(struct sp_ratchet *ratchet,
                     const struct sp_repository *repository,
                     struct sp_error *err);
void sp_ratchet_raise_build(struct sp_ratchet *ratchet, uint64_t build);

/* Forgets one repository, or with NULL all of it. False: there was none. */
bool sp_ratchet_forget(struct sp_ratchet *ratchet, const char *label);

/* Newest of all times in it, 0 = none. */
uint64_t sp_ratchet_newest(const struct sp_ratchet *ratchet);

/* Writes it when it has changed. */
int sp_ratchet_save(const struct sp_state *state, struct sp_ratchet *ratchet,
                    struct sp_error *err);

#endif
