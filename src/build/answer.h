/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a server may answer: status, length, range, and the first bytes of a
 * package. What does not fit ends the transfer, with the reason in ->fault.
 * For transfer.c and ending.c alone.
 */
#ifndef SP_BUILD_ANSWER_H
#define SP_BUILD_ANSWER_H

#include "build/transfer.h"

/* Callbacks of libcurl; user data is the transfer. */
size_t sp_answer_header(char *line, size_t one, size_t len, void *data);
size_t sp_answer_body(char *data, size_t one, size_t len, void *user);

/* Looks at the status, before the first byte of a body is stored. */
int sp_answer_judge(struct sp_transfer *t, struct sp_error *err);

#endif
