/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Calls that have no safe use here become compile errors. Included by
 * error.h, after the system headers that declare them.
 */
#ifndef SP_BASE_BANNED_H
#define SP_BASE_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* With clang the fortified headers make macros of these two. */
#undef sprintf
#undef vsprintf

#pragma GCC poison strcpy strcat sprintf vsprintf strncpy strncat strtok
#pragma GCC poison atoi atol gets system popen mktemp tmpnam localtime

#endif
