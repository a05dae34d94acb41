/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ingest/reply.h"

#include <string.h>

#include "base/reply.h"
#include "bundle/qfile.h"

/* A refusal carries its line where senders expect a name and show it. */
static int
reply_to_qfile(struct sp_transport *source, const struct sp_outcome *o,
               struct sp_error *err)
{
    struct sp_qfile_result result = {
        .error = sp_qfile_errno(o->error.code, o->error.detail),
        .crc32 = o->crc32,
    };
    uint8_t bytes[SP_QFILE_RESULT_MAX];
    size_t len;

    if (o->error.code != SP_OK) {
        char line[SP_REPLY_MAX + 1];

        len = sp_reply_print(line, o->error.code, o->error.detail);
        memcpy(result.text, line, len - 1); /* without its LF */
    }
    len = sp_qfile_put_result(bytes, &result);
    return sp_transport_answer_bytes(source, bytes, len, err);
}

int
sp_reply_to_sender(struct sp_transport *source,
                   const struct sp_outcome *outcome, struct sp_error *err)
{
    const struct sp_error *why = &outcome->error;

    if (outcome->service && outcome->stream_kind != SP_STREAM_BUNDLE)
        return reply_to_qfile(source, outcome, err);
    return sp_transport_answer(source, why->code,
                               why->code == SP_OK ? "-" : why->detail, err);
}
