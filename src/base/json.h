/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * JSON output, one value at a time, on one line. Commas and quotes are kept
 * here; text is escaped to ASCII. Nothing in this project reads JSON.
 */
#ifndef SP_BASE_JSON_H
#define SP_BASE_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum { SP_JSON_DEPTH = 8 };

struct sp_json {
    FILE *out;
    unsigned depth;
    bool any[SP_JSON_DEPTH]; /* a value was written at this depth */
};

void sp_json_init(struct sp_json *json, FILE *out);
/* key is NULL inside arrays and for the outermost value. */
void sp_json_open_object(struct sp_json *json, const char *key);
void sp_json_open_array(struct sp_json *json, const char *key);
void sp_json_close_object(struct sp_json *json);
void sp_json_close_array(struct sp_json *json);
void sp_json_string(struct sp_json *json, const char *key, const char *value);
void sp_json_u64(struct sp_json *json, const char *key, uint64_t value);
void sp_json_bool(struct sp_json *json, const char *key, bool value);
void sp_json_null(struct sp_json *json, const char *key);
/* The line end behind the outermost value. */
void sp_json_finish(struct sp_json *json);

#endif
