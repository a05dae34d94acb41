/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The generations of the repository: which there are, which one is current,
 * and the one rename that changes it. A generation number is used once.
 */
#ifndef SP_INGEST_GENERATION_H
#define SP_INGEST_GENERATION_H

#include "base/error.h"
#include "ingest/state.h"

/* Number of the current generation, 0 when nothing was published yet. */
int sp_generation_current(const struct sp_state *state, uint64_t *ret,
                          struct sp_error *err);

/* All numbers, ascending; malloc'ed. */
int sp_generation_list(const struct sp_state *state, uint64_t **ret,
                       size_t *ret_n, struct sp_error *err);

/*
 * Mends what a dead run left: generations that were never published and
 * half-made links go; a repository of another tool that was half taken over
 * is taken over. The lock must be held.
 */
int sp_generation_recover(const struct sp_state *state, struct sp_error *err);

/* The number for the next generation: above all that are or ever were. */
int sp_generation_next(const struct sp_state *state, uint64_t *ret,
                       struct sp_error *err);

/* Opens generations/NUMBER. Returns the descriptor or -1. */
int sp_generation_open(const struct sp_state *state, uint64_t number,
                       struct sp_error *err);

/*
 * THE commit point: points `current` to the generation. Everything beneath
 * it must be on the disk. The fixed links rpm and repodata are made first
 * when they are missing; where another tool has real directories, the links
 * take their places afterwards, one step each, and the directories go.
 */
int sp_generation_flip(const struct sp_state *state, uint64_t number,
                       struct sp_error *err);

/* Removes the oldest ones until `keep` are left; never the current one. */
int sp_generation_prune(const struct sp_state *state, uint64_t keep,
                        struct sp_error *err);

/* One line of generations/N/packages. */
struct sp_generation_line {
    char file[SP_FILENAME_MAX + 1]; /* NEVRA.rpm */
    char name[SP_NAME_MAX + 1];
    char evr[SP_VERSION_MAX + SP_RELEASE_MAX + 16];
    char sha256[65]; /* of the main header */
    uint64_t bytes;  /* of the published file */
    uint64_t signed_at;
};

/* The text of generations/N/packages, malloc'ed; "" for an empty one. */
int sp_generation_packages(const struct sp_state *state, uint64_t number,
                           char **ret_text, size_t *ret_size,
                           struct sp_error *err);

/* Prints and parses one such line, without its LF. */
void sp_generation_print(const struct sp_package *package, char *dst,
                         size_t size);
bool sp_generation_parse(char *line, struct sp_generation_line *ret);

/*
 * Does generation `number` hold exactly this, complete on the disk? A
 * repository whose files were removed behind our back is not complete.
 */
bool sp_generation_holds(const struct sp_state *state, uint64_t number,
                         const char *packages, size_t size);

#endif
