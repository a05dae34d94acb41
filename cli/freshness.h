/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How new a delivery is, and what signed metadata says of it, as text and as
 * JSON. */
#ifndef SP_CLI_FRESHNESS_H
#define SP_CLI_FRESHNESS_H

#include <stdio.h>

#include "base/json.h"
#include "ingest/freshness.h"

/* Some lines; nothing when nothing is known. */
void sp_freshness_print(const struct sp_freshness *freshness, uint64_t now,
                        FILE *out);

/* The object "freshness". */
void sp_freshness_render(struct sp_json *json,
                         const struct sp_freshness *freshness, uint64_t now);

/* Of a machine: what it knows and what it allows. */
void sp_freshness_print_known(uint64_t known, uint64_t max_age, uint64_t now,
                              FILE *out);
void sp_freshness_render_known(struct sp_json *json, uint64_t known,
                               uint64_t max_age, uint64_t now);

#endif
