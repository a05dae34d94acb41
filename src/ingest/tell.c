/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ingest/tell.h"

#include <stdio.h>

#include "base/auto.h"
#include "ingest/changelog.h"
#include "ingest/dnf-plan.h"
#include "ingest/engine.h"
#include "ingest/state.h"

enum { PLAN_ARGUMENTS_MAX = 32, PLACE_MAX = 4300 };

/* A folder of the quarantine. */
static const char *
place(const struct sp_quarantine *q, const char *name, char dst[PLACE_MAX])
{
    (void)snprintf(dst, PLACE_MAX, "%s/%s", q->path, name);
    return dst;
}

/* Whatever could be told, whoever wants to stop is heard. */
static int
went_on(bool agreed, struct sp_error *err)
{
    if (*sp_engine_stop_flag())
        return sp_fail(err, "interrupted", "interrupted by a signal");
    if (!agreed)
        return sp_fail(err, "not-confirmed",
                       "the person did not agree, or waits no more");
    return 0;
}

static int
tell_changes(const struct sp_quarantine *q, const struct sp_outcome *o,
             const struct sp_setup *setup, struct sp_error *err)
{
    char packages[PLACE_MAX], scratch[PLACE_MAX], none[SP_MESSAGE_MAX + 64];
    SP_AUTO_FREE char *text = NULL;
    struct sp_error why = {0};

    if (sp_changelog_read(o, place(q, "stage/rpm", packages),
                          place(q, "index", scratch), &text, &why) < 0)
        (void)snprintf(none, sizeof(none), "they could not be read: %s\n",
                       why.msg);
    return went_on(
        *sp_engine_stop_flag() ||
            setup->changes(setup->changes_data, o, text ? text : none),
        err);
}

static int
tell_plan(const struct sp_quarantine *q, const struct sp_setup *setup,
          struct sp_error *err)
{
    const char *arguments[PLAN_ARGUMENTS_MAX + 1] = {"upgrade"};
    const char *keys =
        setup->keys_path ? setup->keys_path : SP_DEFAULT_KEYS_PATH;
    char stage[PLACE_MAX], scratch[PLACE_MAX];
    SP_AUTO_FREE char *text = NULL;

    for (size_t i = 0; i < setup->plan_arguments.n && i < PLAN_ARGUMENTS_MAX;
         i++)
        arguments[i] = setup->plan_arguments.word[i];
    (void)sp_dnf_plan(arguments, place(q, "stage", stage), keys,
                      place(q, "index", scratch), &text, NULL);
    return went_on(
        *sp_engine_stop_flag() || setup->plan(setup->plan_data, text), err);
}

int
sp_tell_goes_on(const struct sp_setup *setup, struct sp_error *err)
{
    return went_on(
        !setup || !setup->goes_on || setup->goes_on(setup->goes_on_data), err);
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
    if (setup->changes && tell_changes(quarantine, outcome, setup, err) < 0)
        return -1;
    return setup->plan ? tell_plan(quarantine, setup, err) : 0;
}
