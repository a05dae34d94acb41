/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who may call us: the one qube that brings updates. */
#ifndef SP_INGEST_CALLER_H
#define SP_INGEST_CALLER_H

#include "ingest/policy.h"

/*
 * peer: who called, printable. The policy names the right one, or else
 * `qubes-prefs updatevm` does; when neither does, nobody may. Reason:
 * foreign-qube.
 */
int sp_caller_check(const struct sp_policy *policy, const char *peer,
                    struct sp_error *err);

#endif
