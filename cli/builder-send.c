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

int
sp_cmd_send(const struct sp_args *args)
{
    struct sp_transport source = {0};
    struct sp_error err = {0};
    char said[2 * SP_SHOWN_MAX], size[16];
    struct sp_job job;

    sp_job_begin(&job, args, args->operands[1]);
    if (sp_transport_open(&source, args->operands[0], SP_DIR_READ,
                          SP_MAX_BUNDLE_BYTES, &err) == 0 &&
        sp_job_open(&job, &err) == 0 &&
        sp_transport_expect(&job.dest, source.known_size, &err) == 0)
        (void)sp_send(&source, &job.out, &job.hooks, &err);
    sp_transport_close(&source);
    sp_text_size(size, sizeof(size), job.dest.bytes);
    (void)snprintf(said, sizeof(said), "done: %s to '%s'", size,
                   job.dest.shown);
    return sp_job_end(&job, &err, said, json_result, &job.dest);
}
