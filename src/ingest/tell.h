/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a person is told between the staging of a generation and its flip. */
#ifndef SP_INGEST_TELL_H
#define SP_INGEST_TELL_H

#include "base/error.h"
#include "ingest/quarantine.h"
#include "ingest/receive.h"

/*
 * Calls setup->show, ->changes and ->plan, in this order and as far as they
 * are there, about the packages that are staged in the quarantine. What
 * cannot be had, as a plan where there is no dnf, stops nothing. Reasons:
 * not-confirmed, interrupted.
 */
int sp_tell(const struct sp_quarantine *quarantine,
            const struct sp_outcome *outcome, const struct sp_setup *setup,
            struct sp_error *err);

/* Does the person still wait, directly before the flip? Reasons as above. */
int sp_tell_goes_on(const struct sp_setup *setup, struct sp_error *err);

/* Is there something to tell that takes its time? */
bool sp_tell_is_long(const struct sp_setup *setup);

#endif
