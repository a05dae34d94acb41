/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build/hear.h"

#include <string.h>

#include "base/reply.h"
#include "base/text.h"
#include "bundle/qfile.h"

enum { ANSWER_MAX = 1024 };

static int
judge_result(const char *who, const struct sp_qfile_result *result,
             uint32_t crc32, struct sp_error *err)
{
    bool is_line;

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

static int
judge_answer(const struct sp_transport *dest, const char *untrusted, size_t len,
             uint32_t crc32, struct sp_error *err)
{
    struct sp_qfile_result result;
    struct sp_error why = {0};
    char who[SP_SHOWN_MAX + 2];
    bool is_line;
    int status;

    (void)snprintf(who, sizeof(who), "'%.*s'", SP_SHOWN_MAX - 1, dest->shown);
    status = sp_reply_judge(untrusted, len, who, &is_line, &why);
    if (!is_line &&
        sp_qfile_get_result((const uint8_t *)untrusted, len, &result))
        return judge_result(who, &result, crc32, err);
    if (status < 0 && err)
        *err = why;
    return status;
}

int
sp_hear(struct sp_transport *dest, uint32_t crc32, struct sp_error *err)
{
    char untrusted[ANSWER_MAX];
    ssize_t n;

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
    if (judge_answer(dest, untrusted, (size_t)n, crc32, err) == 0)
        return judge_ending(dest, err);
    /* A refusal needs no second word; its program may end in peace. */
    (void)sp_transport_ending(dest, NULL);
    return -1;
}
