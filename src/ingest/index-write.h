/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who writes the metadata: sallyport-index where the build has its library,
 * the program createrepo_c elsewhere. Both write the same bytes. Each of the
 * two source files behind this header is one of them.
 */
#ifndef SP_INGEST_INDEX_WRITE_H
#define SP_INGEST_INDEX_WRITE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "ingest/receive.h"

struct sp_index_plan {
    const char *stage;          /* absolute; its rpm/ holds the packages */
    const char *output;         /* absolute, empty: gets repodata/ */
    const char *comps;          /* file of package groups; NULL = none */
    struct sp_outcome *outcome; /* whose packages these are; gets the jail */
    uint64_t number;
    uint64_t revision;
};

/* Reasons: index, sandbox, space, no-memory, worker-died, interrupted. */
int sp_index_write(const struct sp_index_plan *plan, struct sp_error *err);

/* True: sallyport-index, which needs the digest of each stored package. */
extern const bool sp_index_is_worker;

#endif
