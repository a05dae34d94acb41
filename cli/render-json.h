/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The project's facts as JSON: the fields that docs/JSON.md describes. Each
 * function adds to an object or array that is open.
 */
#ifndef SP_CLI_RENDER_JSON_H
#define SP_CLI_RENDER_JSON_H

#include "base/json.h"
#include "ingest/doctor.h"
#include "ingest/receive.h"
#include "ingest/state.h"

/* Fields of one package, into an object that is open. */
void sp_render_package(struct sp_json *json, const struct sp_package *package);
/* Fields of a delivery: source, published ... packages. */
void sp_render_outcome(struct sp_json *json, const struct sp_outcome *outcome);
void sp_render_status(struct sp_json *json, const struct sp_status *status);
void sp_render_history(struct sp_json *json, const struct sp_history *record);
/* An object in an array. */
void sp_render_finding(struct sp_json *json, const struct sp_finding *finding);

const char *sp_finding_word(enum sp_finding_state state);

#endif
