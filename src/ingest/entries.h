/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reader of the entry stream on descriptor 0. What does not follow the
 * protocol, and an early end, end the process with a fault: nobody here can
 * go on without the bytes that were announced.
 */
#ifndef SP_INGEST_ENTRIES_H
#define SP_INGEST_ENTRIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bundle/record.h"

struct sp_entries {
    enum sp_stream_kind kind;
    uint64_t files; /* file records so far */
    uint64_t bytes; /* sum of their sizes */
    uint64_t left;  /* bytes of the current file not yet taken */
};

/* Takes the start record. */
void sp_entries_start(struct sp_entries *ret);

/*
 * Skips what is left of the current file, takes the next file record. False
 * at the end record, whose counts were compared.
 */
bool sp_entries_next(struct sp_entries *entries, struct sp_entry *ret);

/* Exactly len bytes of the current file, which has at least so many left. */
void sp_entries_take(struct sp_entries *entries, void *buf, size_t len);

/* Up to size bytes of the current file; 0 when it is at its end. */
size_t sp_entries_some(struct sp_entries *entries, void *buf, size_t size);

#endif
