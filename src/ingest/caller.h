/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who may call us: the one qube that brings updates. */
#ifndef SP_INGEST_CALLER_H
#define SP_INGEST_CALLER_H

#include "ingest/policy.h"

/*
 * The qube that brings updates: the policy names it, or else the system
 * does. "" when neither does.
 */
int sp_caller_updatevm(const struct sp_policy *policy,
                       char ret[SP_POLICY_QUBE_MAX], struct sp_error *err);

/*
 * peer: who called, printable. The policy names the right one, or else
 * `qubes-prefs updatevm` does; when neither does, nobody may. Reason:
 * foreign-qube, and internal where qubes-prefs fails.
 */
int sp_caller_check(const struct sp_policy *policy, const char *peer,
                    struct sp_error *err);

#endif
