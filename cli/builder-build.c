/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sallyport-builder build: from requests, a list or a mirror to a bundle. */
#include <inttypes.h>
#include <sys/utsname.h>

#include "base/auto.h"
#include "base/text.h"
#include "build/build.h"
#include "build/deliver.h"
#include "cli/builder-common.h"

const struct sp_option sp_build_options[] = {
    {"list", 0, SP_OPTION_WORDS, "FILE",
     "packages to take, one a line; '-' is standard input"},
    {"request", 0, SP_OPTION_WORDS, "SRC",
     "a request that the bundle answers, from any carrier"},
    {"mirror", 0, SP_OPTION_TEXT, "REPO",
     "without a request: the newest of every package of this repository"},
    {"repo-dir", 0, SP_OPTION_TEXT, "DIR",
     "repository files for --mirror (/etc/yum.repos.d)"},
    {"arch", 0, SP_OPTION_TEXT, "ARCH",
     "architecture for --mirror (of this machine)"},
    {"releasever", 0, SP_OPTION_TEXT, "VERSION",
     "$releasever in repository files for --mirror"},
    {"output", 'o', SP_OPTION_TEXT, "DEST", "where the bundle goes"},
    SP_OPTION_FRAMING,
    SP_OPTION_YES_REALLY,
    {"allow-empty", 0, SP_OPTION_FLAG, NULL,
     "a list without packages makes an empty bundle"},
    SP_BUILDER_FETCH_OPTIONS,
    {0},
};

void
sp_help_build(FILE *out)
{
    (void)fputs("A line of a list is PATH-or-URL [sha256:HEX]; '#' begins a "
                "comment.\n",
                out);
    sp_help_carriers(out, "DEST", SP_CAP_WRITE);
}

static int
read_lists(const struct sp_args *args, struct sp_list *list,
           struct sp_error *err)
{
    size_t n = 0;
    const char *const *files = sp_args_words(args, "list", &n);

    for (size_t i = 0; i < n; i++)
        if (sp_list_read(list, files[i], err) < 0)
            return -1;
    return 0;
}

static void
json_result(struct sp_json *json, const void *data)
{
    const struct sp_build_result *result = data;

    sp_json_u64(json, "packages", result->packed.packages);
    sp_json_u64(json, "bytes", result->packed.bytes);
    sp_json_u64(json, "downloaded", result->downloaded);
}

/* A list alone, or the list that answers requests. */
static int
build_list(const struct sp_args *args, struct sp_build_plan *plan,
           struct sp_list *list, struct sp_requests *requests)
{
    struct sp_build_result result = {0};
    struct sp_error err = {0};
    char said[2 * SP_SHOWN_MAX], size[16];
    struct sp_job job;

    sp_job_begin(&job, args, sp_args_text(args, "output", NULL));
    if (read_lists(args, list, &err) == 0 &&
        sp_builder_requests(args, requests, &err) == 0 &&
        sp_job_open(&job, &err) == 0) {
        plan->requests = requests->ids;
        plan->n_requests = requests->n;
        (void)sp_build(plan, &job.out, &job.hooks, &result, &err);
    }
    sp_text_size(size, sizeof(size), result.packed.bytes);
    (void)snprintf(said, sizeof(said),
                   "done: %" PRIu64 " packages, %s, in '%s'",
                   result.packed.packages, size, job.dest.shown);
    return sp_job_end(&job, &err, said, json_result, &result);
}

static void
json_delivered(struct sp_json *json, const void *data)
{
    const struct sp_delivered *delivered = data;

    sp_json_u64(json, "packages", delivered->packed.packages);
    sp_json_u64(json, "bytes", delivered->packed.bytes);
    sp_json_u64(json, "downloaded", delivered->downloaded);
}

static int
build_requests(const struct sp_args *args, struct sp_deliver *deliver,
               struct sp_requests *requests)
{
    struct sp_delivered delivered = {0};
    struct sp_error err = {0};
    char said[2 * SP_SHOWN_MAX], size[16];
    struct sp_job job;
    int status;

    sp_job_begin(&job, args, sp_args_text(args, "output", NULL));
    if (sp_builder_requests(args, requests, &err) == 0 &&
        sp_job_open(&job, &err) == 0) {
        deliver->ids = requests->ids;
        deliver->n_ids = requests->n;
        (void)sp_deliver(deliver, &job.out, &job.hooks, sp_plans_show,
                         &delivered, &err);
    }
    sp_text_size(size, sizeof(size), delivered.packed.bytes);
    (void)snprintf(said, sizeof(said),
                   "done: %" PRIu64 " packages, %s, in '%s'",
                   delivered.packed.packages, size, job.dest.shown);
    job.plans = &delivered;
    status = sp_job_end(&job, &err, said, json_delivered, &delivered);
    sp_delivered_release(&delivered);
    return status;
}

static int
take_mirror(const struct sp_args *args, struct sp_deliver *deliver)
{
    static struct utsname machine;

    deliver->mirror = sp_args_text(args, "mirror", NULL);
    if (!deliver->mirror)
        return 0;
    if (sp_args_flag(args, "request"))
        return sp_args_mistake(args, "--mirror goes without --request");
    if (uname(&machine) < 0)
        machine.machine[0] = '\0';
    deliver->repo_dir = sp_args_text(args, "repo-dir", "/etc/yum.repos.d");
    deliver->arch = sp_args_text(args, "arch", machine.machine);
    deliver->releasever = sp_args_text(args, "releasever", NULL);
    return 0;
}

/* What the command line asks for: a list, requests, or a mirror. */
static int
build(const struct sp_args *args, struct sp_requests *requests)
{
    struct sp_list list = {0};
    struct sp_build_plan plan = {
        .list = &list,
        .cache_dir = sp_args_text(args, "cache-dir", NULL),
        .allow_http = sp_args_flag(args, "allow-http"),
        .allow_empty = sp_args_flag(args, "allow-empty"),
    };
    struct sp_deliver deliver = {
        .cache_dir = plan.cache_dir,
        .allow_http = plan.allow_http,
        .requests = requests,
    };
    int status = 0;

    if (!sp_builder_fetch_options(args, &plan.fetch, &status))
        return status;
    deliver.fetch = plan.fetch;
    status = take_mirror(args, &deliver);
    if (status != 0)
        return status;
    if (!sp_args_flag(args, "list"))
        return build_requests(args, &deliver, requests);
    if (deliver.mirror)
        return sp_args_mistake(args, "--mirror goes without --list");
    status = build_list(args, &plan, &list, requests);
    sp_list_release(&list);
    return status;
}

int
sp_cmd_build(const struct sp_args *args)
{
    SP_AUTO_FREE struct sp_requests *requests = calloc(1, sizeof(*requests));
    int status;

    if (!sp_args_flag(args, "list") && !sp_args_flag(args, "request") &&
        !sp_args_flag(args, "mirror"))
        return sp_args_mistake(args, "--request SRC, --mirror REPO or --list "
                                     "FILE is missing");
    if (!sp_args_flag(args, "output"))
        return sp_args_mistake(args, "-o DEST is missing");
    if (!requests)
        return sp_args_no_memory(args);
    status = build(args, requests);
    sp_requests_release(requests);
    return status;
}
