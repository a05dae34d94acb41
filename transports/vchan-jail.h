/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The jail of the process that moves the bytes of a vchan. It stands alone so
 * that the escape battery tries the very jail that runs, with or without Xen.
 */
#ifndef SP_TRANSPORTS_VCHAN_JAIL_H
#define SP_TRANSPORTS_VCHAN_JAIL_H

#include "base/sandbox.h"

/* Descriptors 0 to keep_fds - 1 stay open; no file system at all. */
void sp_vchan_jail_fill(unsigned keep_fds, struct sp_jail *ret);

#endif
