/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One fault, as a value. Functions that can fail return 0 (or a count) and
 * -1, and fill the caller's sp_error; `return sp_fail(err, ...)` is the only
 * way to fail. Nothing is printed and nothing is allocated here.
 *
 * Message grammar: lower case, no full stop, the fault first, the subject in
 * quotes. Bytes from outside reach a message only through text.h.
 */
#ifndef SP_BASE_ERROR_H
#define SP_BASE_ERROR_H

#include <errno.h>
#include <stdbool.h>

#include "base/banned.h"
#include "base/reason.h"

enum { SP_DETAIL_MAX = 32, SP_MESSAGE_MAX = 384 };

struct sp_error {
    enum sp_code code; /* SP_OK while nothing failed */
    int sys;           /* errno of the cause, 0 when there is none */
    char detail[SP_DETAIL_MAX];
    char msg[SP_MESSAGE_MAX];
};

/*
 * Fills *err (may be NULL) with the class of `reason`, which must be a word
 * of reason.c, and the formatted text. Always returns -1.
 */
int sp_fail(struct sp_error *err, const char *reason, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/*
 * As sp_fail, appends ": " and the text of errno `sys`, and keeps `sys`. For
 * want of room the reason is "space", whatever it would be else.
 */
int sp_fail_sys(struct sp_error *err, int sys, const char *reason,
                const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* Does this errno say that there is no room: a full disk, or a full quota? */
static inline bool
sp_no_room(int sys)
{
    return sys == ENOSPC || sys == EDQUOT;
}

/* Puts "PREFIX: " before the message that is already there. Returns -1. */
int sp_fail_prefix(struct sp_error *err, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * Compilers and analyzers see that these return -1: a caller that tests the
 * result is known not to go on.
 */
static inline int
sp_failed_(void)
{
    return -1;
}
#define sp_fail(...) (sp_fail(__VA_ARGS__), sp_failed_())
#define sp_fail_sys(...) (sp_fail_sys(__VA_ARGS__), sp_failed_())
#define sp_fail_prefix(...) (sp_fail_prefix(__VA_ARGS__), sp_failed_())

/* Our own impossible states. Prints one line and aborts. */
_Noreturn void sp_bug(const char *file, int line, const char *what);
#define SP_BUG(what) sp_bug(__FILE__, __LINE__, (what))

#endif
