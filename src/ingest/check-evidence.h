/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The evidence members of a bundle, as check takes them: stored, hashed, and
 * the signature over repomd.xml handed on to verify. Nothing in them is read
 * here; that is for sallyport-check --evidence, once verify has said yes.
 *
 * What belongs to one repository lies in one file, e%04u by the number of its
 * repomd.xml: repomd.xml, signature, primary, in the order of MANIFEST.
 */
#ifndef SP_INGEST_CHECK_EVIDENCE_H
#define SP_INGEST_CHECK_EVIDENCE_H

#include "ingest/check-package.h"

/*
 * Takes evidence member number `number` (1 based), the current file of
 * `entries`, and reports it. True when a signature was handed on to verify.
 * Damage and faults of the machine end the process.
 */
bool sp_check_evidence(const struct sp_check_plan *plan,
                       struct sp_entries *entries, uint64_t number,
                       const struct sp_member *member);

#endif
