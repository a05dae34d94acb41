/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ingest/tell.h"

#include <stdio.h>

#include "base/auto.h"
#include "ingest/preview.h"
#include "ingest/state.h"

enum { PLAN_ARGUMENTS_MAX = 32, PLACE_MAX = 4300 };

/* A folder of the quarantine. */
static const char *
place(const struct sp_quarantine *q, const char *name, char dst[PLACE_MAX])
{
    (void)snprintf(dst, PLACE_MAX, "%s/%s", q->path, name);
    return dst;
}

static void
tell_changes(const struct sp_quarantine *q, const struct sp_outcome *o,
             const struct sp_setup *setup)
{
    char packages[PLACE_MAX], scratch[PLACE_MAX];
    SP_AUTO_FREE char *text = NULL;

    (void)sp_preview_changelog(o, place(q, "stage/rpm", packages),
                               place(q, "index", scratch), &text, NULL);
    setup->changes(setup->changes_data, o, text);
}

static bool
tell_plan(const struct sp_quarantine *q, const struct sp_setup *setup)
{
    const char *arguments[PLAN_ARGUMENTS_MAX + 1] = {"upgrade"};
    const char *keys =
        setup->keys_path ? setup->keys_path : SP_DEFAULT_KEYS_PATH;
    char stage[PLACE_MAX], scratch[PLACE_MAX];
    SP_AUTO_FREE char *text = NULL;

    for (size_t i = 0; i < setup->plan_arguments.n && i < PLAN_ARGUMENTS_MAX;
         i++)
        arguments[i] = setup->plan_arguments.word[i];
    (void)sp_preview_plan(arguments, place(q, "stage", stage), keys,
                          place(q, "index", scratch), &text, NULL);
    return setup->plan(setup->plan_data, text);
}

bool
sp_tell_is_long(const struct sp_setup *setup)
{
    return setup && (setup->changes || setup->plan);
}

int
sp_tell(const struct sp_quarantine *quarantine,
        const struct sp_outcome *outcome, const struct sp_setup *setup,
        struct sp_error *err)
{
    if (!setup)
        return 0;
    if (setup->show)
        setup->show(setup->show_data, outcome);
    if (setup->changes)
        tell_changes(quarantine, outcome, setup);
    if (setup->plan && !tell_plan(quarantine, setup))
        return sp_fail(err, "not-confirmed", "the person did not agree");
    return 0;
}
