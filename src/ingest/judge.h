/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Signed is not the same as wanted: the rules of the owner, applied to facts
 * that check and verify agree on. A refusal is noted in the package; the
 * first one, in bundle order, is the result.
 */
#ifndef SP_INGEST_JUDGE_H
#define SP_INGEST_JUDGE_H

#include "base/error.h"
#include "ingest/floor.h"
#include "ingest/pending.h"
#include "ingest/policy.h"

/*
 * Judges one accepted package by itself: key policy (all modes), and with
 * `delivery` source packages, architecture and floor: what was published, and
 * what was installed when the request was made. A request for an older
 * version lowers it.
 */
int sp_judge_package(const struct sp_setup *setup,
                     const struct sp_policy *policy,
                     const struct sp_floor *floor,
                     const struct sp_wanted *wanted, bool delivery,
                     const struct sp_package *package, struct sp_error *err);

/*
 * Judges the set: duplicate-nevra, two-versions; notes refusals in the
 * packages. Packages that are refused already do not count.
 */
int sp_judge_set(const struct sp_policy *policy, struct sp_outcome *outcome,
                 struct sp_error *err);

/*
 * Installonly packages are not held to the floor one by one; but one of each
 * name must reach it: "downgrade", noted in the package.
 */
int sp_judge_alone(const struct sp_setup *setup, const struct sp_policy *policy,
                   const struct sp_floor *floor, const struct sp_wanted *wanted,
                   struct sp_outcome *outcome, struct sp_error *err);

/*
 * Does the delivery answer a request of this machine ("unsolicited"), and
 * does it bring only names that are installed or requested, or that the
 * person accepts ("name-not-wanted")? Notes in the packages which are new.
 */
int sp_judge_request(const struct sp_setup *setup,
                     const struct sp_wanted *wanted, struct sp_outcome *outcome,
                     struct sp_error *err);

#endif
