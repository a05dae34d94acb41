/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * repomd.xml: what a repository consists of. The reader runs in the jail and
 * hands the structure out as it is; what comes out of the jail is checked
 * again, field by field.
 */
#ifndef SP_BUILD_REPOMD_H
#define SP_BUILD_REPOMD_H

#include "build/metadata.h"

/* The kinds of data that are of use here; zchunk and sqlite never are. */
enum sp_repomd_kind {
    SP_REPOMD_PRIMARY = 0,
    SP_REPOMD_GROUP = 1,
    SP_REPOMD_UPDATEINFO = 2,
    SP_REPOMD_FILELISTS = 3,
    SP_REPOMD_KINDS = 4,
};

struct sp_repomd {
    char revision[SP_REVISION_MAX]; /* may be empty */
    uint64_t newest;
    struct sp_metadata_source sources[SP_REPOMD_KINDS];
};

/*
 * Reads the XML. Digests of algorithms that are not taken, and locations that
 * leave the repository, are faults for the kinds above. Reasons: metadata,
 * metadata-size, no-memory.
 */
int sp_repomd_parse(const char *untrusted_xml, size_t size, unsigned long salt,
                    struct sp_repomd *ret, struct sp_error *err);

/* What must hold whoever says it: terminated, in range, primary is there. */
int sp_repomd_check(const struct sp_repomd *untrusted, struct sp_error *err);

/* The revision as a number; false when it is none. */
bool sp_repomd_revision(const char *revision, uint64_t *ret);

#endif
