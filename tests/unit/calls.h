/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Calls to libraries that a test stands in front of: the true one behind it,
 * and the n-th of a name that fails. Included by one file a program.
 */
#ifndef TESTS_UNIT_CALLS_H
#define TESTS_UNIT_CALLS_H

#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

static const char *calls_fault; /* NULL: none fails */
static unsigned calls_left;     /* until it does; 0: it did */
static int calls_errno = EIO;   /* so */

/* The n-th `call` will fail. */
static inline void
calls_fail(const char *call, unsigned n)
{
    calls_fault = call;
    calls_left = n;
}

/* Is it this one? With errno then. */
static inline bool
calls_hit(const char *call)
{
    if (!calls_fault || strcmp(call, calls_fault) != 0 || calls_left == 0 ||
        --calls_left > 0)
        return false;
    errno = calls_errno;
    return true;
}

/* The true call, by the name that the C library gives it. */
#define CALLS_TRUE(result, name, ...)                                          \
    static result (*call)(__VA_ARGS__);                                        \
    if (!call)                                                                 \
    *(void **)&call = dlsym(RTLD_NEXT, name)

#endif
