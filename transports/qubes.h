/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the carriers of Qubes OS share. */
#ifndef SP_TRANSPORTS_QUBES_H
#define SP_TRANSPORTS_QUBES_H

#include <stdbool.h>
#include <stddef.h>

/* [A-Za-z][A-Za-z0-9_.-]{0,30} */
bool sp_qube_name_ok(const char *name, size_t len);

/* The same, or a keyword of qrexec: '@' and lower-case letters. */
bool sp_qube_target_ok(const char *target, size_t len);

#endif
