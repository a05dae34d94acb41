/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sallyport-builder send: a bundle from one carrier to another. */
#include "build/send.h"

#include <inttypes.h>

#include "base/text.h"
#include "bundle/limits.h"
#include "cli/builder-common.h"

const struct sp_option sp_send_options[] = {
    SP_OPTION_FRAMING,
    SP_OPTION_YES_REALLY,
    {"idle", 0, SP_OPTION_TEXT, "SECONDS",
     "give up when nothing comes for so long (600; 0: never)"},
    {0},
};

void
sp_help_send(FILE *out)
{
    sp_help_carriers(out, "SOURCE", SP_CAP_READ);
    sp_help_carriers(out, "DEST", SP_CAP_WRITE);
}

static void
json_result(struct sp_json *json, const void *data)
{
    const struct sp_transport *dest = data;

    sp_json_u64(json, "bytes", dest->bytes);
}

enum { IDLE_SECONDS = 600, IDLE_MAX = 7 * 24 * 3600 };

/* Whoever sent to us hears how it ended, as from the one who publishes. */
static void
answer(struct sp_transport *source, const struct sp_error *err)
{
    bool good = err->code == SP_OK;

    (void)sp_transport_answer(source, err->code, good ? "-" : err->detail,
                              NULL);
}

int
sp_cmd_send(const struct sp_args *args)
{
    const char *idle_text = sp_args_text(args, "idle", NULL);
    uint64_t idle = IDLE_SECONDS;
    struct sp_transport source = {0};
    struct sp_error err = {0};
    char said[2 * SP_SHOWN_MAX], size[16];
    struct sp_job job;

    if (idle_text && !sp_text_u64(idle_text, IDLE_MAX, &idle))
        return sp_args_mistake(args, "--idle takes a number of seconds");
    sp_job_begin(&job, args, args->operands[1]);
    if (sp_transport_open(&source, args->operands[0], SP_DIR_READ,
                          SP_MAX_BUNDLE_BYTES, &err) == 0 &&
        sp_job_open(&job, &err) == 0 &&
        sp_transport_expect(&job.dest, source.known_size, &err) == 0)
        (void)sp_send(&source, &job.out, &job.hooks, (unsigned)idle, &err);
    if (source.ops)
        answer(&source, &err);
    sp_transport_close(&source);
    sp_text_size(size, sizeof(size), job.dest.bytes);
    (void)snprintf(said, sizeof(said), "done: %s to '%s'", size,
                   job.dest.shown);
    return sp_job_end(&job, &err, said, json_result, &job.dest);
}
