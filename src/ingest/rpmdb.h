/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is installed, as rpm itself tells it: one `rpm -qa` whose output has
 * the lines of a request. Held as a whole, since which file names matter is
 * known only when the last package was read.
 */
#ifndef SP_INGEST_RPMDB_H
#define SP_INGEST_RPMDB_H

#include "base/error.h"
#include "bundle/request.h"

struct sp_rpmdb {
    char *text;
    struct sp_request_package *packages; /* sorted, none of them twice */
    size_t n;
    struct sp_view *paths; /* sorted: paths that some package asks for */
    size_t n_paths;
};

/*
 * Asks rpm. dbpath NULL: rpm's own; else a directory that must be there. Keys
 * (gpg-pubkey) are left out. A database without packages is "request-empty":
 * a lost database must never look like a machine without updates.
 */
int sp_rpmdb_read(const char *dbpath, struct sp_rpmdb *ret,
                  struct sp_error *err);
void sp_rpmdb_release(struct sp_rpmdb *db);

/*
 * Does a solver need this line? Dependencies on rpm itself are left out, and
 * files but those that repositories list in their primary metadata and those
 * that an installed package names.
 */
bool sp_rpmdb_matters(const struct sp_rpmdb *db, char kind,
                      struct sp_view value);

/* What $releasever is: the version of the distribution's release package. */
int sp_rpmdb_releasever(const struct sp_rpmdb *db, char ret[SP_VERSION_MAX + 1],
                        struct sp_error *err);

#endif
