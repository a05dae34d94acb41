/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What other programs do better: templates, windows, restarting. */
#ifndef SP_CLI_UPDATE_HAND_OVER_H
#define SP_CLI_UPDATE_HAND_OVER_H

#include "cli/command.h"
#include "cli/update-options.h"

/* qvm-template ACTION OPTIONS NAME; its exit status. */
int sp_hand_over_template(const struct sp_args *args,
                          const struct sp_update_words *words,
                          const char *name);

/* The same command again, as root in a terminal window. */
int sp_hand_over_gui(const struct sp_args *args);

/* Does not come back when it works. */
void sp_hand_over_restart(void);

#endif
