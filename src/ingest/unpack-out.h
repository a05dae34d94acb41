/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unpack's end of the entry stream, on descriptor 1. Faults end the worker. */
#ifndef SP_INGEST_UNPACK_OUT_H
#define SP_INGEST_UNPACK_OUT_H

#include <stddef.h>
#include <stdint.h>

#include "bundle/record.h"

void sp_unpack_put(const void *bytes, size_t len);

/* name: "" unless it is a file of a qfile stream; at most 255 bytes. */
void sp_unpack_put_entry(enum sp_entry_type type, enum sp_stream_kind kind,
                         uint64_t index, uint64_t size, const char *name);

#endif
