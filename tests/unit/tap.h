/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Test Anything Protocol for the unit tests: one line a check, the plan at
 * the end. `return tap_done();` from main: 0 only if every check held.
 */
#ifndef TESTS_UNIT_TAP_H
#define TESTS_UNIT_TAP_H

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static unsigned tap_count_;
static unsigned tap_failed_;

static inline void __attribute__((format(printf, 2, 0)))
tap_result_(bool good, const char *fmt, va_list args)
{
    tap_count_++;
    if (!good)
        tap_failed_++;
    printf("%sok %u - ", good ? "" : "not ", tap_count_);
    vprintf(fmt, args);
    putchar('\n');
    (void)fflush(stdout);
}

/* Returns what it was told, so that a test can stop early. */
static inline bool __attribute__((format(printf, 2, 3)))
tap_ok(bool good, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    tap_result_(good, fmt, args);
    va_end(args);
    return good;
}

static inline bool __attribute__((format(printf, 3, 4)))
tap_is_str(const char *got, const char *want, const char *fmt, ...)
{
    bool good = got && want ? strcmp(got, want) == 0 : got == want;
    va_list args;

    va_start(args, fmt);
    tap_result_(good, fmt, args);
    va_end(args);
    if (!good)
        printf("#   got: %s\n#  want: %s\n", got ? got : "(null)",
               want ? want : "(null)");
    return good;
}

static inline bool __attribute__((format(printf, 3, 4)))
tap_is_u64(uint64_t got, uint64_t want, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    tap_result_(got == want, fmt, args);
    va_end(args);
    if (got != want)
        printf("#   got: %" PRIu64 "\n#  want: %" PRIu64 "\n", got, want);
    return got == want;
}

static inline bool __attribute__((format(printf, 4, 5)))
tap_is_mem(const void *got, const void *want, size_t size, const char *fmt, ...)
{
    bool good = memcmp(got, want, size) == 0;
    va_list args;

    va_start(args, fmt);
    tap_result_(good, fmt, args);
    va_end(args);
    return good;
}

/* A check that cannot be made here. The summary of `make check` counts it. */
static inline void
tap_skip(const char *reason)
{
    tap_count_++;
    printf("ok %u # skip %s\n", tap_count_, reason);
}

/* The plan; the exit status of the test. No check at all is a failure. */
static inline int
tap_done(void)
{
    printf("1..%u\n", tap_count_);
    return tap_failed_ == 0 && tap_count_ > 0 ? 0 : 1;
}

#endif
