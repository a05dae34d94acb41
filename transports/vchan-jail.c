/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "transports/vchan-jail.h"

#include <string.h>

/* Code and stacks; the buffers of a mover stay below 2 MiB. */
#define MEMORY (UINT64_C(256) * 1024 * 1024)

void
sp_vchan_jail_fill(unsigned keep_fds, struct sp_jail *ret)
{
    memset(ret, 0, sizeof(*ret));
    ret->kind = SP_JAIL_VCHAN;
    ret->max_file_bytes = UINT64_MAX; /* a person may pipe it into a file */
    ret->max_memory = MEMORY;
    ret->keep_fds = keep_fds;
}
