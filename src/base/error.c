/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#undef sp_fail
#undef sp_fail_sys
#undef sp_fail_prefix

static void __attribute__((format(printf, 4, 0)))
set(struct sp_error *err, int sys, const char *reason, const char *fmt,
    va_list args)
{
    const struct sp_reason *known = sp_reason_find(reason);
    char msg[SP_MESSAGE_MAX]; /* the arguments may point into *err */

    if (!known)
        SP_BUG("a fault without a known reason word");
    (void)vsnprintf(msg, sizeof(msg), fmt, args);
    memset(err, 0, sizeof(*err));
    err->code = known->code;
    err->sys = sys;
    (void)snprintf(err->detail, sizeof(err->detail), "%s", known->word);
    memcpy(err->msg, msg, sizeof(err->msg));
}

int
sp_fail(struct sp_error *err, const char *reason, const char *fmt, ...)
{
    va_list args;

    if (!err)
        return -1;
    va_start(args, fmt);
    set(err, 0, reason, fmt, args);
    va_end(args);
    return -1;
}

int
sp_fail_sys(struct sp_error *err, int sys, const char *reason, const char *fmt,
            ...)
{
    va_list args;
    size_t used;

    if (!err)
        return -1;
    va_start(args, fmt);
    set(err, sys, sp_no_room(sys) ? "space" : reason, fmt, args);
    va_end(args);
    used = strlen(err->msg);
    (void)snprintf(err->msg + used, sizeof(err->msg) - used, ": %s",
                   strerror(sys));
    return -1;
}

int
sp_fail_prefix(struct sp_error *err, const char *fmt, ...)
{
    char old[SP_MESSAGE_MAX];
    va_list args;
    size_t used;

    if (!err)
        return -1;
    memcpy(old, err->msg, sizeof(old));
    va_start(args, fmt);
    (void)vsnprintf(err->msg, sizeof(err->msg), fmt, args);
    va_end(args);
    used = strlen(err->msg);
    (void)snprintf(err->msg + used, sizeof(err->msg) - used, ": %s", old);
    return -1;
}

_Noreturn void
sp_bug(const char *file, int line, const char *what)
{
    (void)fprintf(stderr, "sallyport: bug at %s:%d: %s\n", file, line, what);
    abort();
}
