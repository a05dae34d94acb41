/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Clean-up attributes: a variable marked SP_AUTO_FD, SP_AUTO_FREE or
 * SP_AUTO_FILE lets go of what it holds when it leaves its scope. To hand the
 * thing over, steal it.
 */
#ifndef SP_BASE_AUTO_H
#define SP_BASE_AUTO_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static inline void
sp_auto_fd_(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
}

static inline void
sp_auto_free_(void *p)
{
    free(*(void **)p);
}

static inline void
sp_auto_file_(FILE **f)
{
    if (*f)
        (void)fclose(*f);
}

static inline void
sp_auto_dir_(DIR **d)
{
    if (*d)
        (void)closedir(*d);
}

#define SP_AUTO_FD __attribute__((cleanup(sp_auto_fd_))) int
#define SP_AUTO_FREE __attribute__((cleanup(sp_auto_free_)))
#define SP_AUTO_FILE __attribute__((cleanup(sp_auto_file_))) FILE
#define SP_AUTO_DIR __attribute__((cleanup(sp_auto_dir_))) DIR

/* Takes the descriptor out of *fd, which then holds none. */
static inline int
sp_steal_fd(int *fd)
{
    int taken = *fd;

    *fd = -1;
    return taken;
}

/* Closes *fd when it is open and marks it closed. */
static inline void
sp_close_fd(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
    *fd = -1;
}

#endif
