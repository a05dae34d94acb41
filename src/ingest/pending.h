/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests that wait for their answer: STATE/pending/ID. Each keeps which
 * names may come with the answer. It is dropped when it was answered, or
 * after SP_PENDING_DAYS.
 */
#ifndef SP_INGEST_PENDING_H
#define SP_INGEST_PENDING_H

#include "base/error.h"
#include "base/wordlist.h"
#include "bundle/request.h"
#include "ingest/floor.h"
#include "ingest/rpmdb.h"
#include "ingest/state.h"

enum { SP_PENDING_DAYS = 30 };

/* Notes a request; `specs` were asked for, `exclude` (globs) were not, `db` is
 * installed. */
int sp_pending_add(const struct sp_state *state, const char *id,
                   enum sp_action action, const struct sp_words *specs,
                   const struct sp_words *exclude, const struct sp_rpmdb *db,
                   struct sp_error *err);

/* Forgets a request; it may be gone already. */
int sp_pending_remove(const struct sp_state *state, const char *id,
                      struct sp_error *err);

/* Drops what waits for too long. Never fails: it is tried again. */
void sp_pending_expire(const struct sp_state *state);

/* What the answers to some requests may bring. */
struct sp_wanted {
    uint64_t pending; /* how many of the requests were pending */
    bool all;         /* updates of all that is installed were asked for */
    bool sync; /* whatever the distribution has, older than installed too */
    struct sp_wordlist synced;   /* or of these specs alone */
    struct sp_floor installed;   /* by name, the highest version */
    struct sp_wordlist specs;    /* asked for */
    struct sp_wordlist older;    /* specs of a downgrade or reinstall */
    struct sp_wordlist excludes; /* globs of names that were not to come */
};

/* Of the n requests, those that are pending and not too old. */
int sp_wanted_load(const struct sp_state *state, char (*ids)[33], uint64_t n,
                   struct sp_wanted *ret, struct sp_error *err);
void sp_wanted_release(struct sp_wanted *wanted);

/*
 * Is the package installed, by name, or asked for: does a spec match its
 * name, name.arch, name-version, name-version-release, with or without
 * epoch and arch? Specs may be globs.
 */
bool sp_wanted_has(const struct sp_wanted *wanted,
                   const struct sp_nevra *nevra);

/* Was the newest version of it asked for, as far as the request says? */
bool sp_wanted_newest(const struct sp_wanted *wanted,
                      const struct sp_nevra *nevra);

/* May it be older than what is installed: is the distribution to be followed?
 */
bool sp_wanted_follows(const struct sp_wanted *wanted,
                       const struct sp_nevra *nevra);

/* May it be older than what was published: was a downgrade asked for? */
bool sp_wanted_older(const struct sp_wanted *wanted,
                     const struct sp_nevra *nevra);

#endif
