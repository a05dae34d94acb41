/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sallyport-builder check: are there updates? */
#include <inttypes.h>

#include "base/auto.h"
#include "build/deliver.h"
#include "cli/builder-common.h"

const struct sp_option sp_check_options[] = {
    {"request", 0, SP_OPTION_WORDS, "SRC", "a request, from any carrier"},
    SP_BUILDER_FETCH_OPTIONS,
    {0},
};

void
sp_help_check(FILE *out)
{
    (void)fputs("Exit status: 100 there are updates, 0 there are none.\n", out);
    sp_help_carriers(out, "SRC", SP_CAP_READ);
}

static void
json_result(struct sp_json *json, const void *data)
{
    const struct sp_delivered *delivered = data;

    sp_json_u64(json, "updates", delivered->updates);
}

/* What could not be read may have some. */
static bool
is_half_known(const struct sp_delivered *delivered)
{
    for (size_t i = 0; i < delivered->n; i++) {
        const struct sp_supply *supply = &delivered->supplies[i];

        for (size_t k = 0; supply->metadata && k < supply->chosen.n; k++)
            if (!supply->metadata[k].available)
                return true;
    }
    return false;
}

static int
check(const struct sp_args *args, struct sp_deliver *deliver,
      struct sp_requests *requests)
{
    struct sp_delivered delivered = {0};
    struct sp_error err = {0};
    char said[64] = "there are no updates";
    struct sp_job job;
    int status;

    sp_job_begin(&job, args, NULL);
    if (sp_builder_requests(args, requests, &err) == 0 &&
        sp_deliver(deliver, NULL, &job.hooks, sp_plans_show, &delivered,
                   &err) == 0 &&
        delivered.updates > 0)
        err.code = SP_UPDATES_EXIST;
    if (delivered.updates > 0)
        (void)snprintf(said, sizeof(said), "%" PRIu64 " packages to download",
                       delivered.updates);
    else if (is_half_known(&delivered))
        (void)snprintf(said, sizeof(said),
                       "there are no updates in what could be read");
    job.plans = &delivered;
    status = sp_job_end(&job, &err, said, json_result, &delivered);
    sp_delivered_release(&delivered);
    return status;
}

int
sp_cmd_check(const struct sp_args *args)
{
    SP_AUTO_FREE struct sp_requests *requests = calloc(1, sizeof(*requests));
    struct sp_deliver deliver = {
        .cache_dir = sp_args_text(args, "cache-dir", NULL),
        .allow_http = sp_args_flag(args, "allow-http"),
        .requests = requests,
    };
    int status = 0;

    if (!sp_args_flag(args, "request"))
        return sp_args_mistake(args, "--request SRC is missing");
    if (!requests)
        return sp_args_no_memory(args);
    if (!sp_builder_fetch_options(args, &deliver.fetch, &status))
        return status;
    status = check(args, &deliver, requests);
    sp_requests_release(requests);
    return status;
}
