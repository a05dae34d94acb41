/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/lock.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

int
sp_lock_sign(int fd)
{
    char pid[SP_LOCK_OWNER_MAX];
    int len = snprintf(pid, sizeof(pid), "%d\n", getpid());

    /* In this order: who is refused meanwhile finds a number. */
    return pwrite(fd, pid, (size_t)len, 0) < 0 || ftruncate(fd, len) < 0 ? -1
                                                                         : 0;
}

void
sp_lock_owner(int fd, char dst[SP_LOCK_OWNER_MAX])
{
    ssize_t n = pread(fd, dst, SP_LOCK_OWNER_MAX - 1, 0);

    dst[n > 0 ? n : 0] = '\0';
    dst[strspn(dst, "0123456789")] = '\0';
}
