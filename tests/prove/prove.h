/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stands before every source that is proven (cpp -include). The sources stay
 * as they are; but each message is also formatted where it is made, so that
 * Eva sees the format string and its arguments: every %s is a terminated
 * string, every number has the type that the format names.
 */
#ifndef TESTS_PROVE_PROVE_H
#define TESTS_PROVE_PROVE_H

#include <__fc_builtin.h>

#define SP_BASE_BANNED_H /* its poison meets the headers of Frama-C */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

extern char prove_message[SP_MESSAGE_MAX];

#undef sp_fail
#define sp_fail(err, reason, ...)                                              \
    (snprintf(prove_message, sizeof(prove_message), __VA_ARGS__),              \
     (sp_fail)((err), (reason), "%s", prove_message), sp_failed_())

#endif
