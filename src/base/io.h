/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whole reads and writes. EINTR and short transfers are handled here and
 * nowhere else.
 */
#ifndef SP_BASE_IO_H
#define SP_BASE_IO_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

/*
 * Reads exactly `len` bytes unless the stream ends first. Returns the number
 * of bytes read (less than len only at the end of the stream), -1 with errno.
 */
ssize_t sp_read_full(int fd, void *buf, size_t len);

/* One read that survives EINTR; returns as read(2). */
ssize_t sp_read_some(int fd, void *buf, size_t len);

/* Writes all of it. Returns 0, or -1 with errno. */
int sp_write_full(int fd, const void *buf, size_t len);

/* The same, but a signal that is caught ends it (EINTR): for pipes, whose
 * readers may take their time. */
int sp_write_patient(int fd, const void *buf, size_t len);

/*
 * Moves at most `len` bytes of a file, from where it stands, inside the
 * kernel. The bytes moved, 0 at the end of the file, when these two cannot be
 * joined in this way or one of them fails, -1 with errno: also EINTR.
 */
ssize_t sp_move_some(int to, int file, size_t len);

/*
 * Memory to copy much through, as from malloc(3), but on a page boundary: to
 * and from elsewhere the kernel copies several times as slowly. `size` is a
 * multiple of 4096.
 */
void *sp_io_buffer(size_t size);

/*
 * Takes the places of standard input, output and error that are closed, so
 * that no file that is opened later becomes one of them. Reading and writing
 * there fail with EBADF as before. Returns 0, or -1 with errno.
 */
int sp_hold_standard(void);

/*
 * Reads a whole small regular file beneath `dirfd` (AT_FDCWD allowed; never
 * through a symbolic link in the last component). At most `max` bytes, else
 * SP_E_IO "io". *ret_buf is NUL terminated behind its *ret_len bytes and
 * belongs to the caller. A missing file is reason "not-found", sys ENOENT.
 */
int sp_read_file(int dirfd, const char *name, size_t max, char **ret_buf,
                 size_t *ret_len, struct sp_error *err);

#endif
