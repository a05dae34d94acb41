/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How `update` speaks: to a person, to nobody (--silent), or to a program
 * that shows progress (--just-print-progress), in the lines of the updater
 * of Qubes OS:
 *
 *   dom0 updating PERCENT     on standard error
 *   dom0 done STATUS          success, no_updates, error
 *   dom0:out: TEXT            on standard output
 */
#ifndef SP_CLI_UPDATE_VOICE_H
#define SP_CLI_UPDATE_VOICE_H

#include "cli/update-options.h"
#include "ingest/update.h"

struct sp_update_voice {
    bool machine; /* --just-print-progress */
    bool yes, no; /* -y, --assumeno */
    bool nothing; /* there was nothing to do */
    unsigned percent;
};

/* Fills *hooks; false when standard output cannot be silenced. */
bool sp_update_voice_begin(struct sp_update_voice *voice,
                           const struct sp_update_words *words,
                           struct sp_update_hooks *hooks);
void sp_update_voice_end(struct sp_update_voice *voice, int status);

#endif
