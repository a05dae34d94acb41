/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sallyport state: what the machine remembers, and forgetting it. */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/path.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "cli/present.h"
#include "cli/result.h"
#include "ingest/clock.h"
#include "ingest/floor.h"
#include "ingest/ratchet.h"
#include "ingest/reset.h"

const struct sp_option sp_state_options[] = {
    {"reason", 0, SP_OPTION_TEXT, "TEXT",
     "reset: why, for the history; it must be given"},
    {0},
};

void
sp_help_state(FILE *out)
{
    (void)fputs(
        "ACTION is one of:\n"
        "  show             print what is remembered\n"
        "  reset            forget WHAT; the history keeps the reason\n"
        "WHAT is one of:\n"
        "  clock            the newest signature that was verified here\n"
        "  floor            the highest version of each name\n"
        "  floor:NAME       of one name\n"
        "  ratchet          newest signed metadata and newest package\n"
        "  ratchet:REPO     the metadata of one repository\n"
        "  pending          requests that wait for their answer\n",
        out);
}

struct memory {
    uint64_t clock, now;
    struct sp_floor floor;
    struct sp_ratchet ratchet;
    char (*pending)[33];
    size_t n_pending;
};

static int
read_pending(const struct sp_state *state, struct memory *m,
             struct sp_error *err)
{
    SP_AUTO_DIR *dir = sp_path_list(state->state_fd, "pending");
    struct dirent *d;
    int left;

    if (!dir && errno == ENOENT)
        return 0; /* no request was ever made */
    if (!dir)
        return sp_fail_sys(err, errno, "state", "cannot list the requests");
    while ((left = sp_path_next(dir, &d, err)) > 0) {
        char(*more)[33];

        if (strlen(d->d_name) != 32 || !sp_text_is_hex(d->d_name, 32))
            continue;
        more = reallocarray(m->pending, m->n_pending + 1, sizeof(*more));
        if (!more)
            return sp_fail(err, "no-memory", "no memory for requests");
        m->pending = more;
        memcpy(more[m->n_pending++], d->d_name, sizeof(*more));
    }
    return left;
}

static int
read_memory(const struct sp_state *state, struct memory *ret,
            struct sp_error *err)
{
    ret->now = sp_clock_now(state);
    if (sp_clock_read(state, &ret->clock, err) < 0 ||
        sp_floor_load(state, &ret->floor, err) < 0 ||
        sp_ratchet_load(state, &ret->ratchet, err) < 0)
        return -1;
    return read_pending(state, ret, err);
}

static void
release_memory(struct memory *m)
{
    sp_floor_release(&m->floor);
    sp_ratchet_release(&m->ratchet);
    free(m->pending);
}

static void
print_time(const char *what, uint64_t when, uint64_t now)
{
    char date[SP_PRESENT_TIME_MAX], age[SP_PRESENT_TIME_MAX];

    sp_present_time(date, when);
    sp_present_age(age, now, when);
    (void)printf("%-17s %s (age: %s)\n", what, date, age);
}

static void
print_memory(const struct memory *m)
{
    print_time("clock:", m->clock, m->now);
    print_time("newest package:", m->ratchet.build, m->now);
    for (size_t i = 0; i < m->ratchet.n; i++) {
        const struct sp_notch *n = &m->ratchet.notches[i];

        (void)printf("ratchet:          %s, key %s, revision %" PRIu64 "\n",
                     n->label, n->primary_fpr, n->revision);
    }
    for (size_t i = 0; i < m->n_pending; i++)
        (void)printf("pending request:  %s\n", m->pending[i]);
    (void)printf("floor:            %zu names\n", m->floor.n);
    for (size_t i = 0; i < m->floor.n; i++) {
        const struct sp_floor_entry *e = &m->floor.entries[i];

        (void)printf("  %s %" PRIu32 ":%s-%s\n", e->name, e->epoch, e->version,
                     e->release);
    }
}

static void
render_floor(struct sp_json *json, const struct sp_floor *floor)
{
    sp_json_open_array(json, "floor");
    for (size_t i = 0; i < floor->n; i++) {
        const struct sp_floor_entry *e = &floor->entries[i];

        sp_json_open_object(json, NULL);
        sp_json_string(json, "name", e->name);
        sp_json_u64(json, "epoch", e->epoch);
        sp_json_string(json, "version", e->version);
        sp_json_string(json, "release", e->release);
        sp_json_close_object(json);
    }
    sp_json_close_array(json);
}

static void
render_memory(struct sp_json *json, const struct memory *m)
{
    sp_json_u64(json, "clock", m->clock);
    sp_json_u64(json, "newest_build", m->ratchet.build);
    sp_json_open_array(json, "ratchet");
    for (size_t i = 0; i < m->ratchet.n; i++) {
        const struct sp_notch *n = &m->ratchet.notches[i];

        sp_json_open_object(json, NULL);
        sp_json_string(json, "repository", n->label);
        sp_json_string(json, "primary_fingerprint", n->primary_fpr);
        sp_json_u64(json, "revision", n->revision);
        sp_json_u64(json, "signature_time", n->signed_at);
        sp_json_close_object(json);
    }
    sp_json_close_array(json);
    render_floor(json, &m->floor);
    sp_json_open_array(json, "pending");
    for (size_t i = 0; i < m->n_pending; i++)
        sp_json_string(json, NULL, m->pending[i]);
    sp_json_close_array(json);
}

static int
show(const struct sp_args *args, struct sp_state *state, struct sp_error *err)
{
    const struct sp_error done = {0};
    struct memory memory = {0};
    struct sp_voice voice;
    struct sp_json json;
    int status = read_memory(state, &memory, err);

    sp_options_voice(args, &voice);
    if (status == 0 && voice.json) {
        sp_result_json_open(&json, args);
        render_memory(&json, &memory);
        sp_result_json_close(&json, &done, SP_NOTHING_CHANGED);
    } else if (status == 0) {
        print_memory(&memory);
    }
    release_memory(&memory);
    return status;
}

static int
reset(const struct sp_args *args, struct sp_state *state, struct sp_error *err)
{
    const char *what = args->operands[1];
    const struct sp_error done = {0};
    struct sp_voice voice;
    struct sp_json json;
    char id[33] = "";

    if (sp_state_reset(state, what, sp_args_text(args, "reason", ""), id, err) <
        0)
        return -1;
    sp_options_voice(args, &voice);
    if (voice.json) {
        sp_result_json_open(&json, args);
        sp_json_string(&json, "reset", what);
        sp_json_string(&json, "delivery", id);
        sp_result_json_close(&json, &done, "it is forgotten");
    } else if (!voice.quiet) {
        (void)printf("done: '%s' is forgotten; the history has it as %s\n",
                     what, id);
    }
    return 0;
}

int
sp_cmd_state(const struct sp_args *args)
{
    bool resets = strcmp(args->operands[0], "reset") == 0;
    struct sp_error err = {0};
    struct sp_setup setup;
    struct sp_state state;
    int result;

    if (!resets && strcmp(args->operands[0], "show") != 0)
        return sp_args_mistake(args, "state knows show and reset");
    if (resets && args->n_operands < 2)
        return sp_args_mistake(args, "reset what?");
    if (!resets && args->n_operands > 1)
        return sp_args_mistake(args, "show takes no more words");
    if (resets != sp_args_flag(args, "reason"))
        return sp_args_mistake(args, "--reason TEXT belongs to reset, and "
                                     "reset needs it");
    sp_options_setup(args, &setup);
    if (sp_state_open(&setup, false, &state, &err) < 0)
        return sp_options_fault(args, &err, SP_NOTHING_CHANGED);
    result = resets ? reset(args, &state, &err) : show(args, &state, &err);
    sp_state_close(&state);
    return result < 0 ? sp_options_fault(args, &err, SP_NOTHING_CHANGED)
                      : SP_OK;
}
