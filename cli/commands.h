/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The commands of sallyport: one function each, with its options. */
#ifndef SP_CLI_COMMANDS_H
#define SP_CLI_COMMANDS_H

#include "cli/command.h"

/* The name under which `sallyport update` replaces the stock command. */
#define SP_OLD_NAME "qubes-dom0-update"

extern const struct sp_option sp_ingest_options[];
extern const struct sp_option sp_inspect_options[];
extern const struct sp_option sp_doctor_options[];
extern const struct sp_option sp_request_options[];
extern const struct sp_option sp_update_options[];
extern const struct sp_option sp_state_options[];

int sp_cmd_request(const struct sp_args *args);
int sp_cmd_update(const struct sp_args *args);
int sp_cmd_ingest(const struct sp_args *args);
int sp_cmd_inspect(const struct sp_args *args);
int sp_cmd_verify(const struct sp_args *args);
int sp_cmd_status(const struct sp_args *args);
int sp_cmd_history(const struct sp_args *args);
int sp_cmd_rollback(const struct sp_args *args);
int sp_cmd_state(const struct sp_args *args);
int sp_cmd_doctor(const struct sp_args *args);
int sp_cmd_explain(const struct sp_args *args);

/* The carriers, for --help of what takes a SOURCE or a DEST. */
void sp_help_sources(FILE *out);
void sp_help_request(FILE *out);
void sp_help_update(FILE *out);
void sp_help_state(FILE *out);

#endif
