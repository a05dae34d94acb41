/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The events of a delivery, told to a person or a program as progress. */
#ifndef SP_CLI_LISTEN_H
#define SP_CLI_LISTEN_H

#include "cli/progress.h"
#include "ingest/receive.h"

struct sp_listener {
    bool names_refused; /* one note for each refused package */
    struct sp_progress progress;
    struct sp_progress_count count;
};

void sp_listener_init(struct sp_listener *listener,
                      enum sp_progress_style style, bool names_refused);
/* An sp_event_fn; data is the listener. */
void sp_listener_hear(void *data, const struct sp_event *event);
void sp_listener_finish(struct sp_listener *listener);

#endif
