/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ingest/reset.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/path.h"
#include "base/text.h"
#include "ingest/floor.h"
#include "ingest/pending.h"
#include "ingest/quarantine.h"
#include "ingest/ratchet.h"

static int
nothing(struct sp_error *err)
{
    return sp_fail(err, "not-found", "there is nothing of that to forget");
}

static int
forget_file(const struct sp_state *state, const char *name,
            struct sp_error *err)
{
    if (unlinkat(state->state_fd, name, 0) < 0)
        return errno == ENOENT
                   ? nothing(err)
                   : sp_fail_sys(err, errno, "state", "cannot remove '%s/%s'",
                                 state->state_path, name);
    return sp_path_sync_dir(state->state_fd, err);
}

static int
forget_clock(const struct sp_state *state, const char *part,
             struct sp_error *err)
{
    (void)part;
    return forget_file(state, "clock", err);
}

static int
forget_floor(const struct sp_state *state, const char *part,
             struct sp_error *err)
{
    struct sp_floor floor;
    int status;

    if (!part)
        return forget_file(state, "floor", err);
    if (sp_floor_load(state, &floor, err) < 0)
        return -1;
    status = sp_floor_forget(&floor, part) ? sp_floor_save(state, &floor, err)
                                           : nothing(err);
    sp_floor_release(&floor);
    return status;
}

static int
forget_ratchet(const struct sp_state *state, const char *part,
               struct sp_error *err)
{
    struct sp_ratchet ratchet;
    int status;

    /* A damaged one can be forgotten too, as a whole. */
    if (!part)
        return forget_file(state, "ratchet", err);
    if (sp_ratchet_load(state, &ratchet, err) < 0)
        return -1;
    status = sp_ratchet_forget(&ratchet, part)
                 ? sp_ratchet_save(state, &ratchet, err)
                 : nothing(err);
    sp_ratchet_release(&ratchet);
    return status;
}

static int
forget_pending(const struct sp_state *state, const char *part,
               struct sp_error *err)
{
    (void)part;
    if (faccessat(state->state_fd, "pending", F_OK, AT_SYMLINK_NOFOLLOW) < 0)
        return nothing(err);
    return sp_path_remove_tree(state->state_fd, "pending", err);
}

static const struct thing {
    const char *name;
    bool has_parts; /* "NAME:PART" */
    int (*forget)(const struct sp_state *state, const char *part,
                  struct sp_error *err);
} things[] = {
    {"clock", false, forget_clock},
    {"floor", true, forget_floor},
    {"ratchet", true, forget_ratchet},
    {"pending", false, forget_pending},
};

static const struct thing *
find(const char *what, const char **ret_part)
{
    size_t len = strcspn(what, ":");

    for (size_t i = 0; i < sizeof(things) / sizeof(*things); i++) {
        const struct thing *t = &things[i];

        if (strlen(t->name) != len || memcmp(t->name, what, len) != 0 ||
            (what[len] && (!t->has_parts || !what[len + 1])))
            continue;
        *ret_part = what[len] ? what + len + 1 : NULL;
        return t;
    }
    return NULL;
}

static bool
printable(const char *text, size_t max)
{
    size_t len = strlen(text);

    for (size_t i = 0; i < len; i++)
        if (text[i] < 0x20 || text[i] > 0x7e)
            return false;
    return len > 0 && len <= max && text[strspn(text, " ")] != '\0';
}

int
sp_state_reset(struct sp_state *state, const char *what, const char *reason,
               char ret_id[33], struct sp_error *err)
{
    const char *part = NULL;
    const struct thing *thing = find(what, &part);

    if (!thing || !printable(what, SP_NAME_MAX + 16))
        return sp_fail(err, "usage",
                       "what can be forgotten is clock, floor, floor:NAME, "
                       "ratchet, ratchet:REPOSITORY and pending");
    if (!printable(reason, SP_REASON_TEXT_MAX))
        return sp_fail(err, "usage",
                       "the reason is 1 to %d printable characters",
                       SP_REASON_TEXT_MAX);
    if (sp_state_lock(state, err) < 0 || sp_quarantine_id(ret_id, err) < 0 ||
        sp_history_note(state, "state-reset", ret_id, what, reason, err) < 0)
        return -1;
    return thing->forget(state, part, err);
}
