/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How a command ended, told to a person or to a program. A fault always has
 * three parts: what happened, what was not changed, what to do next. Used by
 * both programs; the fields of the JSON are described in docs/JSON.md.
 */
#ifndef SP_CLI_RESULT_H
#define SP_CLI_RESULT_H

#include "base/error.h"
#include "base/json.h"
#include "cli/command.h"

/* For commands that change nothing in any case. */
#define SP_NOTHING_CHANGED "nothing was changed"

/* Text for people, on stderr. `state` is the second part. */
void sp_result_fault(const struct sp_args *args, const struct sp_error *err,
                     const char *state);
/* The second and third part alone, when the first was said already. */
void sp_result_next(const struct sp_args *args, const struct sp_error *err,
                    const char *state);

/*
 * One object on stdout: open, then the command's own fields, then close,
 * which adds class, reason, detail, exit, message, state, next.
 */
void sp_result_json_open(struct sp_json *json, const struct sp_args *args);
void sp_result_json_close(struct sp_json *json, const struct sp_error *err,
                          const char *state);
/* Both, without fields between them. */
void sp_result_json(const struct sp_args *args, const struct sp_error *err,
                    const char *state);

/* An empty string is null in JSON. */
void sp_result_json_text(struct sp_json *json, const char *key,
                         const char *value);

#endif
