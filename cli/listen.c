/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/listen.h"

#include <string.h>

#include "bundle/rpm.h"
#include "cli/present.h"
#include "cli/render-json.h"

void
sp_listener_init(struct sp_listener *listener, enum sp_progress_style style,
                 bool names_refused)
{
    memset(listener, 0, sizeof(*listener));
    listener->names_refused = names_refused;
    sp_progress_init(&listener->progress, style, stderr);
}

/* A refusal is news; thousands of accepted packages are not. Ingest ends at
 * the first one and tells of it then. */
static void
hear_package(struct sp_listener *l, const struct sp_package *package)
{
    char nevra[SP_NEVRA_SHOWN_MAX];
    char text[SP_NEVRA_SHOWN_MAX + SP_MESSAGE_MAX + 64];
    struct sp_json json;

    if (sp_progress_event_open(&l->progress, &json, "package")) {
        sp_render_package(&json, package);
        sp_progress_event_close(&json);
    } else if (l->names_refused && package->error.code != SP_OK) {
        sp_present_nevra(nevra, sizeof(nevra), &package->facts.nevra);
        (void)snprintf(text, sizeof(text), "refused: %s: %s (%s, %s)", nevra,
                       package->error.msg, sp_code_word(package->error.code),
                       package->error.detail);
        sp_progress_note(&l->progress, text);
    }
}

static void
hear_phase(struct sp_listener *l, const char *phase)
{
    memset(&l->count, 0, sizeof(l->count));
    sp_progress_phase(&l->progress, phase);
}

/* From here on bytes are read: the first phase. */
static void
hear_jailed(struct sp_listener *l)
{
    struct sp_json json;

    if (sp_progress_event_open(&l->progress, &json, "jailed"))
        sp_progress_event_close(&json);
    hear_phase(l, "receive");
}

static void
take_counts(struct sp_progress_count *count, const struct sp_event *event)
{
    count->bytes = event->bytes;
    count->packages = event->packages;
    if (event->total_bytes > 0)
        count->total_bytes = event->total_bytes;
    if (event->total_packages > 0)
        count->total_packages = event->total_packages;
}

void
sp_listener_hear(void *data, const struct sp_event *event)
{
    struct sp_listener *l = data;

    switch (event->kind) {
    case SP_EVENT_JAILED: hear_jailed(l); break;
    case SP_EVENT_PHASE:
        if (strcmp(event->phase, l->progress.phase) != 0)
            hear_phase(l, event->phase);
        break;
    case SP_EVENT_PACKAGE:
        hear_package(l, event->package);
        take_counts(&l->count, event);
        sp_progress_update(&l->progress, &l->count);
        break;
    case SP_EVENT_TOTAL:
    case SP_EVENT_PROGRESS:
        take_counts(&l->count, event);
        sp_progress_update(&l->progress, &l->count);
        break;
    }
}

void
sp_listener_finish(struct sp_listener *listener)
{
    sp_progress_finish(&listener->progress);
}
