/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The common options of sallyport and what they mean: where things are
 * (struct sp_setup) and how a command speaks (struct sp_voice).
 */
#ifndef SP_CLI_OPTIONS_H
#define SP_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"
#include "cli/command.h"
#include "cli/progress.h"
#include "ingest/receive.h"

extern const struct sp_option sp_common_options[];

struct sp_voice {
    bool json;  /* one object on stdout, no text for people */
    bool quiet; /* faults only */
    bool color; /* of stdout */
    enum sp_progress_style progress;
};

/* Both live as long as args. */
void sp_options_setup(const struct sp_args *args, struct sp_setup *ret);
void sp_options_voice(const struct sp_args *args, struct sp_voice *ret);

/* The path of the repository that these options mean. */
void sp_options_repo(const struct sp_setup *setup, char *dst, size_t size);

/* "the repository in PATH is unchanged", and its opposite. */
enum { SP_STATE_TEXT_MAX = SP_SHOWN_MAX + 96 };
void sp_options_unchanged(const struct sp_setup *setup,
                          char dst[SP_STATE_TEXT_MAX]);
void sp_options_changed(const struct sp_setup *setup, uint64_t generation,
                        char dst[SP_STATE_TEXT_MAX]);

/* Reports the fault as text or JSON, and returns its exit status. */
int sp_options_fault(const struct sp_args *args, const struct sp_error *err,
                     const char *state);

/* sp_program.usage_fault: answers in JSON when --json stands anywhere. */
bool sp_options_usage_fault(const struct sp_args *args,
                            const struct sp_error *err);

#endif
