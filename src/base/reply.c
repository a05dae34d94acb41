/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/reply.h"

#include <string.h>

#include "base/text.h"

static const char start[] = "sallyport 1 ";
static const char class_ok[] = "ok";

size_t
sp_reply_print(char dst[SP_REPLY_MAX + 1], enum sp_code code,
               const char *detail)
{
    const char *word = code == SP_OK ? class_ok : sp_code_word(code);
    int len = snprintf(dst, SP_REPLY_MAX + 1, "%s%s %s\n", start, word, detail);

    if (len < 0 || len > SP_REPLY_MAX)
        SP_BUG("a reply longer than its ceiling");
    return (size_t)len;
}

static bool
find_class(const char *word, enum sp_code *ret)
{
    const struct sp_reason *reason;

    for (size_t i = 0; (reason = sp_reason_at(i)); i++)
        if (strcmp(sp_code_word(reason->code), word) == 0) {
            *ret = reason->code;
            return true;
        }
    return false;
}

/* A word of a newer version keeps its class. */
static int
refused(const char *who, enum sp_code code, const char *detail,
        struct sp_error *err)
{
    const char *known = sp_reason_find(detail) ? detail : "peer-gone";

    (void)sp_fail(err, known, "%s refused the delivery: %s, %s", who,
                  sp_code_word(code), detail);
    if (err)
        err->code = code;
    return -1;
}

int
sp_reply_judge(const char *untrusted_line, size_t len, const char *who,
               bool *ret_is_line, struct sp_error *err)
{
    char line[SP_REPLY_MAX + 1], *detail;
    const size_t start_len = sizeof(start) - 1;
    enum sp_code code = SP_OK;

    if (len > 0 && untrusted_line[len - 1] == '\n')
        len--;
    sp_text_show_bytes(line, sizeof(line), untrusted_line, len);
    detail = strrchr(line, ' ');
    *ret_is_line = false;
    if (strncmp(line, start, start_len) != 0 || detail < line + start_len ||
        detail[1] == '\0' || strlen(detail + 1) >= SP_DETAIL_MAX)
        return sp_fail(err, "peer-gone", "%s answered something unknown", who);
    *detail++ = '\0';
    *ret_is_line = true;
    if (strcmp(line + start_len, class_ok) == 0)
        return 0;
    if (!find_class(line + start_len, &code)) {
        *ret_is_line = false;
        return sp_fail(err, "peer-gone", "%s answered something unknown", who);
    }
    return refused(who, code, detail, err);
}
