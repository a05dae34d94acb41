/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Locks on files: whether one is held, and by which process, for people. */
#ifndef SP_BASE_LOCK_H
#define SP_BASE_LOCK_H

enum { SP_LOCK_OWNER_MAX = 24 };

/* Writes our number into the file that we hold; -1 with errno. */
int sp_lock_sign(int fd);

/* The number in the file, "" when there is none. */
void sp_lock_owner(int fd, char dst[SP_LOCK_OWNER_MAX]);

/* Does somebody hold the file dirfd/name? 1; 0, also when it is not there; -1
 * with errno when that cannot be known. */
int sp_lock_is_held(int dirfd, const char *name);

#endif
