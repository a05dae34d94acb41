/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build/hear.h"

#include <string.h>

#include "base/reply.h"
#include "base/text.h"
#include "bundle/qfile.h"

enum { ANSWER_MAX = 1024 };

static int
judge_result(const struct sp_transport *dest,
             const struct sp_qfile_result *result, uint32_t crc32,
             struct sp_error *err)
{
    char who[SP_SHOWN_MAX + 2];
    bool is_line;

    (void)snprintf(who, sizeof(who), "'%.*s'", SP_SHOWN_MAX - 1, dest->shown);
    if (result->error == 0 && result->crc32 != crc32)
        return sp_fail(err, "truncated",
                       "%s received other bytes than were sent", who);
    if (result->error == 0)
        return 0;
    if (sp_reply_judge(result->text, strlen(result->text), who, &is_line, err) <
            0 &&
        is_line)
        return -1;
    (void)sp_fail(err, "peer-gone", "%s refused the files: %s%s%s", who,
                  result->error == SP_QFILE_EARLY_END
                      ? "the stream broke off"
                      : strerror((int)result->error),
                  result->text[0] ? ", last file " : "", result->text);
    if (err)
        err->code = sp_qfile_class(result->error);
    return -1;
}

/* The stock service answers before it verifies: its end is the last word. */
static int
judge_ending(struct sp_transport *dest, struct sp_error *err)
{
    struct sp_error why = {0};

    if (sp_transport_ending(dest, &why) == 0)
        return 0;
    return sp_fail(err, why.detail,
                   "the files arrived and then were refused: %s", why.msg);
}

int
sp_hear(struct sp_transport *dest, uint32_t crc32, struct sp_error *err)
{
    char untrusted[ANSWER_MAX];
    struct sp_qfile_result result;
    bool is_line = false;
    ssize_t n;
    int status;

    if (!dest->ops->hear)
        return 0;
    n = sp_transport_hear(dest, untrusted, sizeof(untrusted), err);
    if (n < 0)
        return -1;
    if (n == 0 && sp_transport_ending(dest, err) < 0)
        return -1;
    if (n == 0)
        return sp_fail(err, "peer-gone", "'%s' ended without an answer",
                       dest->shown);
    status = sp_reply_judge(untrusted, (size_t)n, dest->shown, &is_line, err);
    if (!is_line) {
        if (!sp_qfile_get_result((const uint8_t *)untrusted, (size_t)n,
                                 &result))
            return -1;
        status = judge_result(dest, &result, crc32, err);
    }
    return status < 0 ? -1 : judge_ending(dest, err);
}
