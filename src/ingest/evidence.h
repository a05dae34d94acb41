/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Signed metadata: what is good for anything, and what it says of the
 * delivery. Its signature was judged by verify already; now it is read, in a
 * jail run of its own for each repository, and compared: first with what was
 * seen before (ratchet.h), then with the packages (listing.h).
 *
 * What is not understood is no evidence, and said so; it is never "fresh".
 */
#ifndef SP_INGEST_EVIDENCE_H
#define SP_INGEST_EVIDENCE_H

#include "base/error.h"
#include "ingest/pending.h"
#include "ingest/policy.h"
#include "ingest/quarantine.h"
#include "ingest/ratchet.h"

/*
 * Fills outcome->freshness and raises *ratchet by it (nothing is written).
 * Takes the evidence out of the quarantine, whatever becomes of it. Reasons:
 * metadata-rollback, mix-and-match, no-evidence, withheld.
 */
int sp_evidence_judge(const struct sp_policy *policy,
                      const struct sp_wanted *wanted,
                      const struct sp_quarantine *quarantine,
                      struct sp_ratchet *ratchet, struct sp_outcome *outcome,
                      struct sp_error *err);

/* Notes how new all of it is, in outcome->freshness and *ratchet. */
void sp_evidence_note_ages(const struct sp_policy *policy,
                           struct sp_ratchet *ratchet,
                           struct sp_outcome *outcome);

#endif
