/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Decompression of metadata (gzip, xz, zstd, bzip2, or none), bounded, with
 * libarchive and inside the jail.
 */
#ifndef SP_BUILD_UNFOLD_H
#define SP_BUILD_UNFOLD_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "bundle/limits.h"

/*
 * File lists of a whole Fedora have 0.8 GB. Of what is compressed, and how
 * much may become of it: XML comes near a fiftieth; small files of equal
 * lines do better, therefore the head start.
 */
#define SP_METADATA_MAX_BYTES (512 * SP_MIB)
#define SP_UNFOLD_MAX_BYTES (1 * SP_GIB)
#define SP_UNFOLD_RATIO 200
#define SP_UNFOLD_HEAD_START (16 * SP_MIB)

/* The ceiling for a file of this size; open_size 0 = not told. */
uint64_t sp_unfold_ceiling(uint64_t size, uint64_t open_size);

/*
 * Reads descriptor `fd` to its end and gives the pieces to the sink.
 * Reasons: metadata, metadata-size, and those of the sink.
 */
int sp_unfold(int fd, uint64_t max,
              int (*sink)(void *data, const void *piece, size_t len,
                          struct sp_error *err),
              void *data, struct sp_error *err);

#endif
