/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sallyport-builder build: packages from a list to a bundle. */
#include <inttypes.h>
#include <string.h>

#include "base/auto.h"
#include "base/text.h"
#include "build/build.h"
#include "build/requests.h"
#include "bundle/limits.h"
#include "cli/builder-common.h"

const struct sp_option sp_build_options[] = {
    {"list", 0, SP_OPTION_WORDS, "FILE",
     "packages to take, one a line; '-' is standard input"},
    {"request", 0, SP_OPTION_WORDS, "SRC",
     "a request that the bundle answers, from any carrier"},
    {"output", 'o', SP_OPTION_TEXT, "DEST", "where the bundle goes"},
    {"cache-dir", 0, SP_OPTION_TEXT, "DIR",
     "where downloads are kept (~/.cache/sallyport)"},
    {"cacert", 0, SP_OPTION_TEXT, "FILE",
     "certificates to trust instead of the system's"},
    {"proxy", 0, SP_OPTION_TEXT, "URL",
     "proxy to use instead of the environment's; '' for none"},
    {"allow-http", 0, SP_OPTION_FLAG, NULL,
     "take http addresses that have no digest"},
    {"allow-empty", 0, SP_OPTION_FLAG, NULL,
     "a list without packages makes an empty bundle"},
    {"tries", 0, SP_OPTION_TEXT, "N", "tries for each file (6)"},
    {"connect-timeout", 0, SP_OPTION_TEXT, "SECONDS",
     "time to reach a server (10)"},
    {"low-speed-time", 0, SP_OPTION_TEXT, "SECONDS",
     "give up a transfer that is below 1 kB/s for so long (30)"},
    {"timeout", 0, SP_OPTION_TEXT, "SECONDS",
     "time for all downloads together (21600)"},
    {"max-file-size", 0, SP_OPTION_TEXT, "BYTES",
     "largest file to take; K, M and G are powers of 1024 (8G)"},
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

/* A number that an option may have; false reports the mistake. */
static bool
take_number(const struct sp_args *args, const char *name, uint64_t max,
            unsigned *ret, int *ret_status)
{
    const char *text = sp_args_text(args, name, NULL);
    uint64_t value = 0;

    if (!text)
        return true;
    if (!sp_text_u64(text, max, &value) || value == 0) {
        *ret_status = sp_args_mistake(
            args, "--%s takes a number from 1 to %" PRIu64, name, max);
        return false;
    }
    *ret = (unsigned)value;
    return true;
}

static bool
take_size(const struct sp_args *args, uint64_t *ret, int *ret_status)
{
    static const char units[] = "KMG";
    const char *text = sp_args_text(args, "max-file-size", NULL);
    size_t len = text ? strlen(text) : 0;
    const char *unit = len > 1 ? strchr(units, text[len - 1]) : NULL;
    uint64_t scale = unit ? SP_KIB << (10 * (unit - units)) : 1;
    uint64_t value = 0;

    if (!text)
        return true;
    if (!sp_text_u64_len(text, unit ? len - 1 : len,
                         (SP_MAX_MEMBER_BYTES + 1) / scale, &value) ||
        value == 0) {
        *ret_status = sp_args_mistake(
            args, "--max-file-size takes bytes, or a number with K, M or G, "
                  "up to 8G");
        return false;
    }
    *ret = value * scale;
    if (*ret > SP_MAX_MEMBER_BYTES)
        *ret = SP_MAX_MEMBER_BYTES;
    return true;
}

static bool
take_plan(const struct sp_args *args, struct sp_build_plan *plan,
          int *ret_status)
{
    struct sp_fetch_policy *fetch = &plan->fetch;
    const uint64_t day = 24 * 3600;

    plan->cache_dir = sp_args_text(args, "cache-dir", NULL);
    plan->allow_http = sp_args_flag(args, "allow-http");
    plan->allow_empty = sp_args_flag(args, "allow-empty");
    fetch->cacert = sp_args_text(args, "cacert", NULL);
    fetch->proxy = sp_args_text(args, "proxy", NULL);
    return take_number(args, "tries", 20, &fetch->tries, ret_status) &&
           take_number(args, "connect-timeout", day, &fetch->connect_seconds,
                       ret_status) &&
           take_number(args, "low-speed-time", day, &fetch->slow_seconds,
                       ret_status) &&
           take_number(args, "timeout", 30 * day, &fetch->total_seconds,
                       ret_status) &&
           take_size(args, &fetch->max_file_bytes, ret_status);
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

static int
read_requests(const struct sp_args *args, struct sp_requests *requests,
              struct sp_error *err)
{
    size_t n = 0;
    const char *const *sources = sp_args_words(args, "request", &n);

    if (!requests)
        return sp_fail(err, "no-memory", "no memory for requests");
    for (size_t i = 0; i < n; i++)
        if (sp_requests_read(requests, sources[i], err) < 0)
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

static int
build(const struct sp_args *args, struct sp_build_plan *plan,
      struct sp_list *list)
{
    SP_AUTO_FREE struct sp_requests *requests = calloc(1, sizeof(*requests));
    struct sp_build_result result = {0};
    struct sp_error err = {0};
    char said[2 * SP_SHOWN_MAX], size[16];
    struct sp_job job;

    if (sp_job_begin(&job, args, sp_args_text(args, "output", NULL), &err) ==
            0 &&
        read_lists(args, list, &err) == 0 &&
        read_requests(args, requests, &err) == 0) {
        plan->requests = requests->ids;
        plan->n_requests = requests->n;
        (void)sp_build(plan, &job.dest, &job.hooks, &result, &err);
    }
    if (requests)
        sp_requests_release(requests);
    sp_text_size(size, sizeof(size), result.packed.bytes);
    (void)snprintf(said, sizeof(said),
                   "done: %" PRIu64 " packages, %s, in '%s'",
                   result.packed.packages, size, job.dest.shown);
    return sp_job_end(&job, &err, said, json_result, &result);
}

int
sp_cmd_build(const struct sp_args *args)
{
    struct sp_list list = {0};
    struct sp_build_plan plan = {.list = &list};
    int status = 0;

    if (!sp_args_flag(args, "list"))
        return sp_args_mistake(args, "--list is missing");
    if (!sp_args_flag(args, "output"))
        return sp_args_mistake(args, "-o DEST is missing");
    if (!take_plan(args, &plan, &status))
        return status;
    status = build(args, &plan, &list);
    sp_list_release(&list);
    return status;
}
