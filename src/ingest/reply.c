/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ingest/reply.h"

#include <string.h>

#include "base/reply.h"
#include "bundle/qfile.h"

/* It was taken in; that this machine wants newer things is its own affair. */
static const struct sp_error *
told(const struct sp_outcome *o)
{
    static const struct sp_error done = {.code = SP_OK};

    return strcmp(o->error.detail, "too-old") == 0 ? &done : &o->error;
}

/* A refusal carries its line where senders expect a name and show it. */
static int
reply_to_qfile(struct sp_transport *source, const struct sp_outcome *o,
               struct sp_error *err)
{
    const struct sp_error *why = told(o);
    struct sp_qfile_result result = {
        .error = sp_qfile_errno(why->code, why->detail),
        .crc32 = o->crc32,
    };
    uint8_t bytes[SP_QFILE_RESULT_MAX];
    size_t len;

    if (why->code != SP_OK) {
        char line[SP_REPLY_MAX + 1];

        len = sp_reply_print(line, why->code, why->detail);
        memcpy(result.text, line, len - 1); /* without its LF */
    }
    len = sp_qfile_put_result(bytes, &result);
    return sp_transport_answer_bytes(source, bytes, len, err);
}

int
sp_reply_to_sender(struct sp_transport *source,
                   const struct sp_outcome *outcome, struct sp_error *err)
{
    const struct sp_error *why = told(outcome);

    if (outcome->service && outcome->stream_kind != SP_STREAM_BUNDLE)
        return reply_to_qfile(source, outcome, err);
    return sp_transport_answer(source, why->code,
                               why->code == SP_OK ? "-" : why->detail, err);
}
