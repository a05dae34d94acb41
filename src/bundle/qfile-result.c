/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The way back of a qfile stream: not for unpack, which never answers. */
#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "bundle/qfile.h"

size_t
sp_qfile_put_result(uint8_t dst[SP_QFILE_RESULT_MAX],
                    const struct sp_qfile_result *result)
{
    size_t len = strlen(result->text);

    memset(dst, 0, SP_QFILE_RESULT_BYTES);
    for (unsigned i = 0; i < 4; i++) {
        dst[i] = (uint8_t)(result->error >> (8 * i));
        dst[8 + i] = (uint8_t)(result->crc32 >> (8 * i));
    }
    if (len == 0)
        return SP_QFILE_RESULT_BYTES;
    memset(dst + SP_QFILE_RESULT_BYTES, 0, 4);
    dst[SP_QFILE_RESULT_BYTES] = (uint8_t)len;
    memcpy(dst + SP_QFILE_RESULT_BYTES + 4, result->text, len);
    return SP_QFILE_RESULT_BYTES + 4 + len;
}

static uint32_t
get_u32(const uint8_t *p)
{
    uint32_t value = 0;

    for (unsigned i = 4; i > 0; i--)
        value = value << 8 | p[i - 1];
    return value;
}

bool
sp_qfile_get_result(const uint8_t *untrusted, size_t size,
                    struct sp_qfile_result *ret)
{
    const size_t text_at = SP_QFILE_RESULT_BYTES + 4;
    size_t len;

    if (size < SP_QFILE_RESULT_BYTES)
        return false;
    memset(ret, 0, sizeof(*ret));
    ret->error = get_u32(untrusted);
    ret->crc32 = get_u32(untrusted + 8);
    if (size <= text_at)
        return true;
    len = get_u32(untrusted + SP_QFILE_RESULT_BYTES);
    if (len > size - text_at)
        len = size - text_at;
    sp_text_show_bytes(ret->text, sizeof(ret->text), untrusted + text_at, len);
    return true;
}

/* ---- errno -------------------------------------------------------------- */

/* Words that say more than their class. sallyport-qrexec(7) shows both. */
static const struct {
    const char *detail;
    uint32_t error;
} by_detail[] = {
    {"empty", EREMOTEIO},         {"idle", ETIMEDOUT},
    {"too-slow", ETIMEDOUT},      {"interrupted", EINTR},
    {"no-memory", ENOMEM},        {"name-too-long", ENAMETOOLONG},
    {"duplicate-nevra", EEXIST},  {"two-versions", EEXIST},
    {"key-expired", EKEYEXPIRED}, {"key-revoked", EKEYREVOKED},
};

static const struct {
    enum sp_code code;
    uint32_t error;
} by_class[] = {
    {SP_E_INTERNAL, ECANCELED},
    {SP_E_USAGE, ENOTSUP},
    {SP_E_IO, EIO},
    {SP_E_TRANSPORT, EREMOTEIO},
    {SP_E_FORMAT, EINVAL},
    {SP_E_LIMIT, EFBIG},
    {SP_E_NAME, EILSEQ},
    {SP_E_DIGEST, EBADMSG},
    {SP_E_MEDIA, EIO},
    {SP_E_SIGNATURE, EKEYREJECTED},
    {SP_E_KEY, ENOKEY},
    {SP_E_POLICY, EPERM},
    {SP_E_STALE, ESTALE},
    {SP_E_SANDBOX, ENOTRECOVERABLE},
    {SP_E_BUSY, EBUSY},
    {SP_E_SPACE, ENOSPC},
    {SP_E_PUBLISH, EIO},
};

uint32_t
sp_qfile_errno(enum sp_code code, const char *detail)
{
    if (code == SP_OK)
        return 0;
    for (size_t i = 0; i < sizeof(by_detail) / sizeof(by_detail[0]); i++)
        if (strcmp(by_detail[i].detail, detail) == 0)
            return by_detail[i].error;
    for (size_t i = 0; i < sizeof(by_class) / sizeof(by_class[0]); i++)
        if (by_class[i].code == code)
            return by_class[i].error;
    return EIO;
}

enum sp_code
sp_qfile_class(uint32_t error)
{
    if (error == 0)
        return SP_OK;
    if (error == SP_QFILE_EARLY_END)
        return SP_E_TRANSPORT;
    if (error == EDQUOT) /* the stock receiver's word for its ceilings */
        return SP_E_LIMIT;
    for (size_t i = 0; i < sizeof(by_class) / sizeof(by_class[0]); i++)
        if (by_class[i].error == error)
            return by_class[i].code;
    for (size_t i = 0; i < sizeof(by_detail) / sizeof(by_detail[0]); i++) {
        const struct sp_reason *reason = sp_reason_find(by_detail[i].detail);

        if (by_detail[i].error == error && reason)
            return reason->code;
    }
    return SP_E_TRANSPORT;
}
