/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Cuts file lists down to some paths while they stream by: memory for one
 * package, whatever their size. Runs in the jail.
 */
#ifndef SP_BUILD_FILELISTS_H
#define SP_BUILD_FILELISTS_H

#include <stddef.h>

#include "base/error.h"

struct sp_filelists;

/*
 * The paths, sorted, must outlive it. `emit` gets pieces of a filelists.xml.
 * NULL without memory.
 */
struct sp_filelists *sp_filelists_open(
    char **paths, size_t n_paths, unsigned long salt,
    int (*emit)(void *data, const char *text, size_t len, struct sp_error *err),
    void *data);
void sp_filelists_close(struct sp_filelists *lists);

/* len 0: the end. Reasons: metadata, no-memory, and those of emit. */
int sp_filelists_feed(struct sp_filelists *lists, const void *untrusted,
                      size_t len, struct sp_error *err);

#endif
