/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The floor: the highest version of each name that was ever published here.
 * A validly signed but older package is how a rollback looks.
 */
#ifndef SP_INGEST_FLOOR_H
#define SP_INGEST_FLOOR_H

#include "base/error.h"
#include "ingest/state.h"

struct sp_floor_entry {
    char name[SP_NAME_MAX + 1];
    char version[SP_VERSION_MAX + 1];
    char release[SP_RELEASE_MAX + 1];
    uint32_t epoch;
};

struct sp_floor {
    struct sp_floor_entry *entries; /* sorted by name */
    size_t n, capacity;
    bool behind;               /* STATE/floor knows less than is published */
    uint64_t newest_signature; /* of the current generation */
};

/*
 * Reads STATE/floor and raises it by what the current generation holds (a
 * run may have died between publishing and noting it). A damaged floor is
 * reason "state": it is not guessed around.
 */
int sp_floor_load(const struct sp_state *state, struct sp_floor *ret,
                  struct sp_error *err);
void sp_floor_release(struct sp_floor *floor);

/*
 * Notes what the current generation holds and a run that died did not note.
 * It must come before the next flip: then nothing else would know it.
 */
int sp_floor_mend(const struct sp_state *state, struct sp_error *err);

/* Raises it to "E:V-R" as our files have it. Reason: state. */
int sp_floor_take(struct sp_floor *floor, const char *name, const char *evr,
                  struct sp_error *err);

/* The entry of a name, NULL when there is none. */
const struct sp_floor_entry *sp_floor_find(const struct sp_floor *floor,
                                           const char *name);

/* Raises the floor of this name; lowers it only when `force`. */
int sp_floor_raise(struct sp_floor *floor, const struct sp_nevra *nevra,
                   bool force, struct sp_error *err);

/* False: the name was not there. */
bool sp_floor_forget(struct sp_floor *floor, const char *name);

int sp_floor_save(const struct sp_state *state, const struct sp_floor *floor,
                  struct sp_error *err);

/* <0, 0, >0 as the package is older than, equal to, newer than the entry. */
int sp_floor_compare(const struct sp_nevra *nevra,
                     const struct sp_floor_entry *entry);

#endif
