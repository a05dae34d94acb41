/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The options about downloads, which build and check share. */
#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "bundle/limits.h"
#include "cli/builder-common.h"

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

bool
sp_builder_fetch_options(const struct sp_args *args,
                         struct sp_fetch_policy *ret, int *ret_status)
{
    const uint64_t day = 24 * 3600;

    ret->cacert = sp_args_text(args, "cacert", NULL);
    ret->proxy = sp_args_text(args, "proxy", NULL);
    return take_number(args, "tries", 20, &ret->tries, ret_status) &&
           take_number(args, "connect-timeout", day, &ret->connect_seconds,
                       ret_status) &&
           take_number(args, "low-speed-time", day, &ret->slow_seconds,
                       ret_status) &&
           take_number(args, "timeout", 30 * day, &ret->total_seconds,
                       ret_status) &&
           take_size(args, &ret->max_file_bytes, ret_status);
}
