/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sallyport status: what is published, and how the last delivery ended. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/auto.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/freshness.h"
#include "cli/options.h"
#include "cli/present.h"
#include "cli/render-json.h"
#include "cli/result.h"
#include "ingest/clock.h"
#include "ingest/policy.h"
#include "ingest/ratchet.h"

enum { PATH_TEXT_MAX = 4200 };

static void
print_generations(const struct sp_status *s, uint64_t now)
{
    for (size_t i = s->n_generations; i-- > 0;) {
        const struct sp_generation *g = &s->generations[i];
        char published[SP_PRESENT_TIME_MAX];
        char newest[SP_PRESENT_TIME_MAX];
        char age[SP_PRESENT_TIME_MAX];

        sp_present_time(published, g->published);
        sp_present_time(newest, g->newest_signature);
        sp_present_age(age, now, g->newest_signature);
        (void)printf("%s %-8" PRIu64 "%" PRIu64 " packages, published %s, "
                     "newest signature %s (age: %s)\n",
                     g->current ? "generation:      " : "  kept:          ",
                     g->number, g->packages, published, newest, age);
    }
}

static void
print_last_delivery(const struct sp_status *s)
{
    char when[SP_PRESENT_TIME_MAX];

    if (s->last_id[0] == '\0') {
        (void)puts("last delivery:    none");
        return;
    }
    (void)printf("last delivery:    %s (%s%s%s)\n", s->last_id, s->last_class,
                 s->last_detail[0] ? ", " : "", s->last_detail);
    sp_present_time(when, s->last_success);
    (void)printf("last success:     %s\n", when);
}

/* What the machine has seen, and what its owner allows. */
struct age {
    uint64_t known, max_age, now;
    struct sp_error error; /* too-old */
};

static int
read_age(const struct sp_setup *setup, const struct sp_state *state,
         struct age *ret, struct sp_error *err)
{
    SP_AUTO_FREE struct sp_policy *policy = malloc(sizeof(*policy));
    struct sp_ratchet ratchet;

    memset(ret, 0, sizeof(*ret));
    if (!policy)
        return sp_fail(err, "no-memory", "no memory for the policy");
    if (sp_policy_load(setup->policy_path, policy, err) < 0 ||
        sp_ratchet_load(state, &ratchet, err) < 0)
        return -1;
    ret->known = sp_ratchet_newest(&ratchet);
    ret->max_age = policy->max_age_days * UINT64_C(86400);
    ret->now = sp_clock_now(state);
    sp_ratchet_release(&ratchet);
    if (sp_clock_check(state, &ret->error) == 0)
        (void)sp_freshness_judge(ret->known, ret->max_age, ret->now,
                                 &ret->error);
    return 0;
}

static void
print_status(const struct sp_state *state, const struct sp_status *s,
             const struct age *age)
{
    char shown[PATH_TEXT_MAX];

    sp_text_show(shown, sizeof(shown), state->repo_path);
    (void)printf("repository:       %s\n", shown);
    if (s->current == 0)
        (void)puts("generation:       none was published yet");
    print_generations(s, (uint64_t)time(NULL));
    print_last_delivery(s);
    (void)printf("busy:             %s\n",
                 s->busy ? "yes, a delivery is being taken in" : "no");
    (void)printf("left over:        %s\n",
                 s->leftover
                     ? "the quarantine of a broken run; the next one removes it"
                     : "nothing");
    sp_freshness_print_known(age->known, age->max_age, age->now, stdout);
}

/* Before the first delivery there is nothing to open: that is no fault. */
static int
report_no_state(const struct sp_args *args, const struct sp_setup *setup)
{
    const struct sp_status nothing = {0};
    const struct sp_error done = {0};
    struct sp_voice voice;
    struct sp_json json;
    char repo[PATH_TEXT_MAX];

    sp_options_voice(args, &voice);
    sp_options_repo(setup, repo, sizeof(repo));
    if (voice.json) {
        sp_result_json_open(&json, args);
        sp_json_string(&json, "repository", repo);
        sp_render_status(&json, &nothing);
        sp_freshness_render_known(&json, 0, 0, 0);
        sp_result_json_close(&json, &done, SP_NOTHING_CHANGED);
    } else {
        (void)printf("nothing was delivered to %s yet\n", repo);
    }
    return SP_OK;
}

static void
report_status(const struct sp_args *args, const struct sp_state *state,
              const struct sp_status *status, const struct age *age)
{
    struct sp_voice voice;
    struct sp_json json;

    sp_options_voice(args, &voice);
    if (!voice.json) {
        print_status(state, status, age);
        (void)fflush(stdout);
        if (age->error.code != SP_OK)
            sp_result_fault(args, &age->error, SP_NOTHING_CHANGED);
        return;
    }
    sp_result_json_open(&json, args);
    sp_json_string(&json, "repository", state->repo_path);
    sp_render_status(&json, status);
    sp_freshness_render_known(&json, age->known, age->max_age, age->now);
    sp_result_json_close(&json, &age->error, SP_NOTHING_CHANGED);
}

int
sp_cmd_status(const struct sp_args *args)
{
    struct sp_status status = {0};
    struct sp_setup setup;
    struct sp_state state;
    struct sp_error err = {0};
    struct age age;

    sp_options_setup(args, &setup);
    if (sp_state_open(&setup, false, &state, &err) < 0)
        return strcmp(err.detail, "not-found") == 0
                   ? report_no_state(args, &setup)
                   : sp_options_fault(args, &err, SP_NOTHING_CHANGED);
    if (sp_status_read(&state, &status, &err) < 0 ||
        read_age(&setup, &state, &age, &err) < 0) {
        sp_status_release(&status);
        sp_state_close(&state);
        return sp_options_fault(args, &err, SP_NOTHING_CHANGED);
    }
    report_status(args, &state, &status, &age);
    sp_status_release(&status);
    sp_state_close(&state);
    return (int)age.error.code;
}
