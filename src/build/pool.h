/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The packages of one machine and of its repositories, as libsolv sees them.
 * Everything comes from a request and from metadata: no package database of
 * the builder is ever read. For the files of the solver alone.
 */
#ifndef SP_BUILD_POOL_H
#define SP_BUILD_POOL_H

#include <solv/pool.h>
#include <solv/repo.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/error.h"
#include "build/groups.h"
#include "build/plan.h"
#include "build/repofile.h"
#include "bundle/request.h"

/* One repository. Descriptors hold uncompressed metadata; -1 = none. */
struct sp_pool_repo {
    const char *id;
    size_t number; /* the caller's, for the plan */
    int primary_fd;
    int filelists_fd; /* cut down to the paths that a solve lacked */
    int priority;     /* as in a .repo file: the lowest wins, 99 is usual */
    int cost;         /* likewise, 1000 is usual */
    struct sp_repo_words includes; /* package specs; none = all */
    struct sp_repo_words excludes;
};

struct sp_pool {
    Pool *pool;
    Repo *installed;
    const struct sp_groups *groups; /* that specs may name; the caller's */
    Map considered;                 /* what no exclude has taken out */
    size_t n_installed;
};

/* arch: of the machine, "x86_64". Reasons: internal, no-memory. */
int sp_pool_open(struct sp_pool *pool, const char *arch, struct sp_error *err);
void sp_pool_close(struct sp_pool *pool);

/*
 * Adds the installed packages of the request: names, and all that they
 * provide, need and conflict with. Reasons: request-syntax, no-memory.
 */
int sp_pool_add_installed(struct sp_pool *pool,
                          const struct sp_request *request,
                          struct sp_error *err);

/*
 * Reads primary and the cut file lists; `repo` must live as long as
 * the pool. Reason: metadata.
 */
int sp_pool_add_repo(struct sp_pool *pool, const struct sp_pool_repo *repo,
                     struct sp_error *err);

/*
 * Adds a package from its own file, with the size, digest and place that the
 * plan gives it. Reason: metadata.
 */
int sp_pool_add_file(struct sp_pool *pool, const struct sp_pool_repo *repo,
                     int fd, const struct sp_plan_package *planned,
                     struct sp_error *err);

/*
 * Nothing is added behind this. excludes: package specs that count for all
 * repositories.
 */
void sp_pool_ready(struct sp_pool *pool, const struct sp_repo_words *excludes);

/* The repository a package came from, NULL for an installed one. */
const struct sp_pool_repo *sp_pool_repo_of(const Solvable *s);

/* A dependency on more than a name: its number has the top bit. */
static inline bool
sp_is_relation(Id dep)
{
    return dep < 0;
}

static inline const Reldep *
sp_relation(const Pool *pool, Id dep)
{
    return &pool->rels[(unsigned)dep ^ 0x80000000u];
}

bool sp_pool_is_installed(const struct sp_pool *pool, const Solvable *s);
/* A package that can be downloaded: no source, not excluded. */
bool sp_pool_is_candidate(const struct sp_pool *pool, const Solvable *s);

/* False when a part does not follow the grammar of names. */
bool sp_pool_nevra(const struct sp_pool *pool, const Solvable *s,
                   struct sp_nevra *ret);

/*
 * What the metadata fixes the package's file with. False when the algorithm
 * is not taken; *ret_type is its name in either case.
 */
bool sp_pool_digest(Solvable *s, struct sp_digest *ret, const char **ret_type);

#endif
