/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether a device may be written over: asked, or said before. */
#ifndef SP_CLI_CONFIRM_H
#define SP_CLI_CONFIRM_H

#include "transports/transport.h"

/*
 * `given` is the value of --yes-really; when it is NULL the terminal of the
 * session is asked. Reasons: not-confirmed, device-unsafe, interrupted.
 */
int sp_confirm_overwrite(const struct sp_overwrite *what, const char *given,
                         struct sp_error *err);

#endif
