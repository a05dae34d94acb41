/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * REPO/errors, where the update tools of Qubes OS look: one line that says why
 * the last delivery was refused. It is not there when that one was well.
 */
#ifndef SP_INGEST_ERRORS_H
#define SP_INGEST_ERRORS_H

#include "ingest/state.h"

/* To be called under the lock. */
int sp_errors_write(struct sp_state *state, const struct sp_error *outcome,
                    struct sp_error *err);

#endif
