/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory that ends when a test says so: the n-th allocation of our own code,
 * from memory_end_at on. What libraries ask for they get: some of them end
 * the program without it. Included by one file a program.
 */
#ifndef TESTS_UNIT_MEMORY_H
#define TESTS_UNIT_MEMORY_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/calls.h"

extern const char __executable_start[], etext[];

static unsigned memory_left; /* until there is none; 0: there is */
static bool memory_ended;

/* The n-th allocation will fail; 0: none will. */
static inline void
memory_end_at(unsigned n)
{
    memory_left = n;
    memory_ended = false;
}

static inline bool
memory_hit(const void *caller)
{
    if (memory_left == 0 || (const char *)caller < __executable_start ||
        (const char *)caller >= etext || --memory_left > 0)
        return false;
    memory_ended = true;
    return true;
}

#define MEMORY_HIT() memory_hit(__builtin_return_address(0))

void *
calloc(size_t n, size_t size)
{
    CALLS_TRUE(void *, "calloc", size_t, size_t);

    return MEMORY_HIT() ? NULL : call(n, size);
}

void *
realloc(void *p, size_t size)
{
    CALLS_TRUE(void *, "realloc", void *, size_t);

    return MEMORY_HIT() ? NULL : call(p, size);
}

void *
reallocarray(void *p, size_t n, size_t size)
{
    CALLS_TRUE(void *, "reallocarray", void *, size_t, size_t);

    return MEMORY_HIT() ? NULL : call(p, n, size);
}

char *
strndup(const char *s, size_t size)
{
    size_t len = strnlen(s, size);
    char *copy = MEMORY_HIT() ? NULL : malloc(len + 1);

    if (!copy)
        return NULL;
    memcpy(copy, s, len);
    copy[len] = '\0';
    return copy;
}

/* Named aside: fortified headers have their own asprintf. */
int memory_asprintf(char **ret, const char *fmt, ...) __asm__("asprintf")
    __attribute__((format(printf, 2, 3)));
int memory_asprintf_chk(char **ret, int flag, const char *fmt,
                        ...) __asm__("__asprintf_chk")
    __attribute__((format(printf, 3, 4)));

int
memory_asprintf(char **ret, const char *fmt, ...)
{
    int n = -1;
    va_list args;

    va_start(args, fmt);
    if (!MEMORY_HIT())
        n = vasprintf(ret, fmt, args);
    va_end(args);
    return n;
}

int
memory_asprintf_chk(char **ret, int flag, const char *fmt, ...)
{
    int n = -1;
    va_list args;

    (void)flag;
    va_start(args, fmt);
    if (!MEMORY_HIT())
        n = vasprintf(ret, fmt, args);
    va_end(args);
    return n;
}

char *
strdup(const char *s)
{
    size_t size = strlen(s) + 1;
    char *copy = MEMORY_HIT() ? NULL : malloc(size);

    return copy ? memcpy(copy, s, size) : NULL;
}

#endif
