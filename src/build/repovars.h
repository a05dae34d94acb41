/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Variables in repository files. For repofile.c alone. */
#ifndef SP_BUILD_REPOVARS_H
#define SP_BUILD_REPOVARS_H

#include "build/repofile.h"

/*
 * The text with $name, ${name}, ${name:-word} and ${name:+word} replaced;
 * words may hold variables again, eight deep. What has no value stays as it
 * is written. *ret_text is malloc'ed, or NULL when it becomes longer than
 * SP_REPO_MAX_VALUE. -1: no memory.
 */
int sp_repovars_expand(const char *text, const struct sp_repo_var *vars,
                       size_t n_vars, char **ret_text);

#endif
