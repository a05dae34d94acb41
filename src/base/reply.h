/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one line by which the trusted side tells the sender of a bundle how it
 * ended, after publishing:
 *
 *   sallyport 1 CLASS DETAIL LF        "sallyport 1 ok -" is success
 *
 * At most 128 printable bytes. Carriers with a way back use it
 * (transports/transport.h, answer).
 */
#ifndef SP_BASE_REPLY_H
#define SP_BASE_REPLY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

enum { SP_REPLY_MAX = 128 };

/* Prints the line with its LF; returns its length. */
size_t sp_reply_print(char dst[SP_REPLY_MAX + 1], enum sp_code code,
                      const char *detail);

/*
 * Reads the line, whose LF may be missing. Returns 0 on success of the other
 * side; -1 when it refused: then *err has its class and word, and `who` in
 * its text. *ret_is_line is false, and err "peer-gone", for anything else.
 */
int sp_reply_judge(const char *untrusted_line, size_t len, const char *who,
                   bool *ret_is_line, struct sp_error *err);

#endif
