/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A text made in memory becomes a file of ours, in one step. */
#ifndef SP_BASE_KEEP_H
#define SP_BASE_KEEP_H

#include "base/error.h"
#include "base/lines.h"

/*
 * Puts the text in place of the file beneath dirfd, mode 0600, as
 * sp_path_replace_file does, and releases it in any case. Memory that ran
 * out while it was made is told here: "no-memory".
 */
int sp_keep_text(int dirfd, const char *name, struct sp_text *text,
                 struct sp_error *err);

#endif
