/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of packages that are like a mistyped one. */
#ifndef SP_BUILD_NEAR_H
#define SP_BUILD_NEAR_H

#include <solv/pool.h>

enum { SP_NEAR_MAX = 200 };

/* The nearest three at most, ", " between; "" when none is near. */
void sp_near_names(const Pool *pool, const char *typed,
                   char ret_names[SP_NEAR_MAX]);

/* Letters to add, remove or change to make one word of the other. */
unsigned sp_near_distance(const char *a, const char *b);

#endif
