/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/auto.h"
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

int
sp_lock_is_held(int dirfd, const char *name)
{
    SP_AUTO_FD fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

    if (fd < 0)
        return errno == ENOENT ? 0 : -1;
    if (flock(fd, LOCK_SH | LOCK_NB) == 0)
        return 0;
    return errno == EWOULDBLOCK ? 1 : -1;
}
