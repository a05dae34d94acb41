/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The two halves of the block carrier. For block.c and block-write.c. */
#ifndef SP_TRANSPORTS_BLOCK_H
#define SP_TRANSPORTS_BLOCK_H

#include "transports/transport.h"

/*
 * Opens the node that `path` leads to, and that one only: what it is was
 * looked at before it is opened. With O_EXCL: a device that is mounted, held
 * or swapped to is "device-in-use". Returns the descriptor or -1.
 */
int sp_block_open_node(const struct sp_transport *t, const char *path,
                       int flags, struct sp_error *err);

/* Its size in bytes; "no-medium" when that is 0. */
int sp_block_size(const struct sp_transport *t, int fd, uint64_t *ret,
                  struct sp_error *err);

/* Drops what the kernel has kept of the device's content. */
void sp_block_forget(int fd);

int sp_block_open_write(struct sp_transport *t, const char *path,
                        struct sp_error *err);
int sp_block_write(struct sp_transport *t, const void *buf, size_t len,
                   struct sp_error *err);
int sp_block_finish(struct sp_transport *t, struct sp_error *err);
void sp_block_close_write(struct sp_transport *t);

#endif
