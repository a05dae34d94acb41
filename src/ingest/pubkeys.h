/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The keys of this machine in a request, so that builders can look early. */
#ifndef SP_INGEST_PUBKEYS_H
#define SP_INGEST_PUBKEYS_H

#include "base/error.h"
#include "bundle/request.h"

/*
 * A request stays small: so many bytes of keys, or none. Each of a
 * distribution has two to five thousand.
 */
enum { SP_PUBKEYS_MAX_BYTES = 64 * 1024 };

/*
 * Writes the armored keys of a file or of a directory. All or none: a builder
 * that knows some keys would take packages of the others for forged. Where
 * there are no keys, or where one cannot be told, nothing is written.
 * Reasons: usage (a name that no request can say), io, no-memory.
 */
int sp_pubkeys_write(const char *path, struct sp_request_writer *writer,
                     struct sp_error *err);

#endif
