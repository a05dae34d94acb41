/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Carries a bundle from one place to another. It looks at the
 * container, so that a wrong or half file is not carried, and so that it
 * finds the end of a bundle on a medium that does not say where it is.
 */
#ifndef SP_BUILD_SEND_H
#define SP_BUILD_SEND_H

#include "build/hooks.h"
#include "build/outlet.h"

/*
 * Copies and finishes `out`; the caller closes both, and answers the source.
 * Into another framing (outlet.h) the packages are carried alone. A source
 * that gives nothing for idle_seconds ends it; 0 = it may. Reasons: those of
 * the gate, the outlet and the carriers, truncated, trailing-data, idle.
 */
int sp_send(struct sp_transport *source, struct sp_outlet *out,
            const struct sp_build_hooks *hooks, unsigned idle_seconds,
            struct sp_error *err);

#endif
