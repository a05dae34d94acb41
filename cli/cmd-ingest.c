/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sallyport ingest and inspect: one delivery, told as it goes and at its
 * end. */
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "cli/commands.h"
#include "cli/consent.h"
#include "cli/freshness.h"
#include "cli/listen.h"
#include "cli/options.h"
#include "cli/present.h"
#include "cli/render-json.h"
#include "cli/result.h"
#include "transports/transport.h"

const struct sp_option sp_ingest_options[] = {
    {"any-request", 0, SP_OPTION_FLAG, NULL,
     "take a delivery that answers no pending request"},
    {"allow-new", 0, SP_OPTION_WORDS, "NAME",
     "take a package of this name that nobody asked for"},
    {"allow-downgrade", 0, SP_OPTION_WORDS, "NAME",
     "take a package of this name though it is older"},
    {"yes", 0, SP_OPTION_FLAG, NULL, "ask no questions: the answer is yes"},
    {"preview", 0, SP_OPTION_FLAG, NULL,
     "show changelogs and dnf's plan before publishing"},
    {"dnf", 0, SP_OPTION_WORDS, "ARGUMENT",
     "what the preview asks dnf, not 'upgrade'"},
    {0},
};

const struct sp_option sp_inspect_options[] = {
    {"any-request", 0, SP_OPTION_FLAG, NULL,
     "judge as if it need not answer a pending request"},
    {"allow-new", 0, SP_OPTION_WORDS, "NAME",
     "judge as if a package of this name were wanted"},
    {"allow-downgrade", 0, SP_OPTION_WORDS, "NAME",
     "judge as if a package of this name may be older"},
    {"preview", 0, SP_OPTION_FLAG, NULL,
     "show changelogs and dnf's plan as well"},
    {"dnf", 0, SP_OPTION_WORDS, "ARGUMENT",
     "what the preview asks dnf, not 'upgrade'"},
    {0},
};

void
sp_help_sources(FILE *out)
{
    const struct sp_transport_ops *ops;

    (void)fputs("SOURCE is a path or one of:\n", out);
    for (size_t i = 0; (ops = sp_transport_at(i)) != NULL; i++)
        if (ops->caps & SP_CAP_READ)
            (void)fprintf(out, "  %-10s %s\n", ops->scheme, ops->summary);
}

/* The second part of a fault's text, also for JSON. */
static void
describe_repository(char dst[SP_STATE_TEXT_MAX], const struct sp_setup *setup,
                    const struct sp_outcome *outcome)
{
    if (outcome->published || outcome->repository_touched)
        sp_options_changed(setup, outcome->generation, dst);
    else
        sp_options_unchanged(setup, dst);
}

static void
print_end(enum sp_mode mode, const struct sp_outcome *o, const char *state)
{
    if (o->nothing_to_do && o->n_packages == 0)
        (void)printf("nothing to do: the delivery is empty, its builder says "
                     "that there are no updates\n");
    else if (o->nothing_to_do)
        (void)printf("nothing to do: this is what generation %" PRIu64
                     " holds\n",
                     o->generation);
    else if (mode == SP_MODE_INSPECT)
        (void)printf("ingest would publish this\n");
    else
        (void)printf("done: %s\n", state);
}

/* How a delivery is told to a person. */
struct teller {
    struct sp_listener *listener;
    const struct sp_voice *voice;
    bool shown; /* the packages were, before they were published */
    bool asks;  /* whether a preview may come in */
};

static void
print_packages(const struct sp_voice *voice, const struct sp_outcome *o)
{
    uint64_t now = (uint64_t)time(NULL);

    sp_present_packages(o, now, voice->color, stdout);
    if (o->n_packages > 0)
        sp_present_totals(o, now, stdout);
}

static void
report_text(const struct sp_args *args, enum sp_mode mode,
            const struct teller *teller, const struct sp_outcome *o,
            const char *state)
{
    const struct sp_voice *voice = teller->voice;
    uint64_t now = (uint64_t)time(NULL);

    if (mode == SP_MODE_INSPECT || !voice->quiet) {
        if (!teller->shown)
            print_packages(voice, o);
        sp_freshness_print(&o->freshness, now, stdout);
        if (o->error.code == SP_OK)
            print_end(mode, o, state);
        (void)fflush(stdout);
    }
    if (o->error.code != SP_OK)
        sp_result_fault(args, &o->error, state);
}

/* The bar must leave the line before a question stands there. */
static bool
ask_person(void *data, const struct sp_package *const *packages, size_t n)
{
    const struct teller *teller = data;

    sp_listener_finish(teller->listener);
    return sp_consent_new(packages, n);
}

static void
show(void *data, const struct sp_outcome *o)
{
    struct teller *teller = data;

    sp_listener_finish(teller->listener);
    print_packages(teller->voice, o);
    (void)fflush(stdout);
    teller->shown = true;
}

/* Beside the table, wherever that stands; --json keeps to its one object. */
static bool
show_changes(void *data, const struct sp_outcome *o, const char *text)
{
    const struct teller *teller = data;

    sp_listener_finish(teller->listener);
    if (!teller->shown)
        sp_present_packages(o, (uint64_t)time(NULL), false, stderr);
    sp_present_changes(text, stderr);
    return true;
}

static bool
show_plan(void *data, const char *text)
{
    const struct teller *teller = data;

    (void)fprintf(stderr, "the plan of dnf:\n%s",
                  text && *text ? text : "it gives none\n");
    /* Where nobody is, it is for a record: who asked for it goes on. */
    return !teller->asks || !sp_consent_possible() ||
           sp_consent_ask(NULL, "publish this?");
}

/* What is told and asked before anything is published. */
static void
tell_before(const struct sp_args *args, enum sp_mode mode,
            struct teller *teller, struct sp_setup *setup)
{
    bool ingest = mode == SP_MODE_INGEST;

    if (!teller->voice->json && !(teller->voice->quiet && ingest)) {
        setup->show = show;
        setup->show_data = teller;
    }
    if (setup->show && ingest) {
        setup->ask = ask_person;
        setup->ask_data = teller;
        teller->asks = !sp_args_flag(args, "yes");
    }
    if (sp_args_flag(args, "preview")) {
        setup->changes = show_changes;
        setup->changes_data = teller;
        setup->plan = show_plan;
        setup->plan_data = teller;
        setup->rehearse = !ingest;
    }
}

static int
deliver(const struct sp_args *args, enum sp_mode mode, struct sp_setup setup)
{
    struct sp_outcome outcome = {0};
    struct sp_listener listener;
    struct sp_voice voice;
    struct teller teller = {.listener = &listener, .voice = &voice};
    char state[SP_STATE_TEXT_MAX];
    int status;

    sp_options_voice(args, &voice);
    sp_listener_init(&listener, voice.progress, mode == SP_MODE_INSPECT);
    tell_before(args, mode, &teller, &setup);
    sp_receive(&setup, mode, args->operands[0], sp_listener_hear, &listener,
               &outcome);
    sp_listener_finish(&listener);
    describe_repository(state, &setup, &outcome);
    if (voice.json) {
        struct sp_json json;

        sp_result_json_open(&json, args);
        sp_render_outcome(&json, &outcome);
        sp_result_json_close(&json, &outcome.error, state);
    } else {
        report_text(args, mode, &teller, &outcome, state);
    }
    /* Whoever called a service hears two statuses; the answer says more. */
    status = (int)outcome.error.code;
    if (outcome.service && strcmp(outcome.error.detail, "too-old") == 0)
        status = 0;
    else if (outcome.service && status > 1)
        status = 1;
    sp_outcome_release(&outcome);
    return status;
}

static void
take_permissions(const struct sp_args *args, struct sp_setup *setup)
{
    sp_options_setup(args, setup);
    setup->any_request = sp_args_flag(args, "any-request");
    setup->allow_new.word =
        sp_args_words(args, "allow-new", &setup->allow_new.n);
    setup->allow_downgrade.word =
        sp_args_words(args, "allow-downgrade", &setup->allow_downgrade.n);
    setup->plan_arguments.word =
        sp_args_words(args, "dnf", &setup->plan_arguments.n);
}

int
sp_cmd_ingest(const struct sp_args *args)
{
    struct sp_setup setup;

    take_permissions(args, &setup);
    setup.yes = sp_args_flag(args, "yes");
    return deliver(args, SP_MODE_INGEST, setup);
}

int
sp_cmd_inspect(const struct sp_args *args)
{
    struct sp_setup setup;

    take_permissions(args, &setup);
    return deliver(args, SP_MODE_INSPECT, setup);
}
