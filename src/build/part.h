/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The file of one transfer: bytes are gathered to large writes, hashed on
 * their way, and the file gets its final name last. For transfer.c alone.
 */
#ifndef SP_BUILD_PART_H
#define SP_BUILD_PART_H

#include "build/transfer.h"

/* The item's file is in the cache, whole and with the right digest. */
bool sp_part_have(struct sp_transfer *t);

/* Opens the part; one that a digest will judge is kept and hashed again. */
int sp_part_open(struct sp_transfer *t, struct sp_error *err);

int sp_part_append(struct sp_transfer *t, const void *data, size_t len,
                   struct sp_error *err);
int sp_part_flush(struct sp_transfer *t, struct sp_error *err);

/* Throws away what has arrived, the file stays open and empty. */
int sp_part_restart(struct sp_transfer *t, struct sp_error *err);

/* True when the digest is known and the bytes so far have it. */
bool sp_part_matches(const struct sp_transfer *t);

/* Gives the part its final name. */
int sp_part_finish(struct sp_transfer *t, struct sp_error *err);
void sp_part_remove(struct sp_transfer *t);

/* Fails with "space" and the numbers. */
int sp_part_no_room(const struct sp_transfer *t, struct sp_error *err);

#endif
