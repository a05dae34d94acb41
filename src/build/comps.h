/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * comps.xml to lines (bundle/groups.h, in any order and without the first and
 * the last): runs in the jail of sallyport-metadata.
 */
#ifndef SP_BUILD_COMPS_H
#define SP_BUILD_COMPS_H

#include <stddef.h>

#include "base/error.h"

struct sp_comps_reader;

/* `emit` gets lines. NULL without memory. */
struct sp_comps_reader *sp_comps_open(unsigned long salt,
                                      int (*emit)(void *data, const char *text,
                                                  size_t len,
                                                  struct sp_error *err),
                                      void *data);
void sp_comps_close(struct sp_comps_reader *reader);

/* len 0: the end. Reasons: metadata, no-memory, and those of emit. */
int sp_comps_feed(struct sp_comps_reader *reader, const void *untrusted,
                  size_t len, struct sp_error *err);

#endif
