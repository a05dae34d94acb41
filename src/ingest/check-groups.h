/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The package groups of a bundle: lines that become records, or a fault. */
#ifndef SP_INGEST_CHECK_GROUPS_H
#define SP_INGEST_CHECK_GROUPS_H

#include "bundle/manifest.h"
#include "ingest/entries.h"

/*
 * Takes the current entry whole, the piece of evidence with this number;
 * `member` is what MANIFEST says of it. There is one of them.
 */
void sp_check_groups(struct sp_entries *entries, uint64_t number,
                     const struct sp_member *member);

#endif
