/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who holds the lock on a file: its process number, as a line, for people. */
#ifndef SP_BASE_LOCK_H
#define SP_BASE_LOCK_H

enum { SP_LOCK_OWNER_MAX = 24 };

/* Writes our number into the file that we hold; -1 with errno. */
int sp_lock_sign(int fd);

/* The number in the file, "" when there is none. */
void sp_lock_owner(int fd, char dst[SP_LOCK_OWNER_MAX]);

#endif
