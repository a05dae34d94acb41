/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of packages: the grammars, and how they are written. */
#include <stdio.h>
#include <string.h>

#include "base/banned.h"
#include "bundle/rpm.h"

static bool
is_alnum(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9');
}

static bool
all_in(const char *s, size_t len, size_t max, const char *others)
{
    if (len == 0 || len > max)
        return false;
    for (size_t i = 0; i < len; i++)
        if (!is_alnum(s[i]) && !(s[i] && strchr(others, s[i])))
            return false;
    return true;
}

bool
sp_nevra_name_ok(const char *s, size_t len)
{
    return all_in(s, len, SP_NAME_MAX, "_.+~-") &&
           (is_alnum(s[0]) || s[0] == '_');
}

bool
sp_nevra_version_ok(const char *s, size_t len)
{
    return all_in(s, len, SP_VERSION_MAX, "._+~^");
}

bool
sp_nevra_arch_ok(const char *s, size_t len)
{
    return all_in(s, len, SP_ARCH_MAX, "_");
}

bool
sp_nevra_filename(const struct sp_nevra *nevra, char *dst, size_t size)
{
    int n = snprintf(dst, size, "%s-%s-%s.%s.rpm", nevra->name, nevra->version,
                     nevra->release, nevra->arch);

    return (size_t)n < size && n <= SP_FILENAME_MAX;
}

void
sp_nevra_evr(const struct sp_nevra *nevra, char *dst, size_t size)
{
    memset(dst, 0, size);
    (void)snprintf(dst, size, "%u:%s-%s", nevra->epoch, nevra->version,
                   nevra->release);
    dst[size - 1] = '\0'; /* it is already: said for the proof */
}

void
sp_nevra_show(const struct sp_nevra *nevra, char *dst, size_t size)
{
    memset(dst, 0, size);
    if (nevra->epoch != 0)
        (void)snprintf(dst, size, "%s-%u:%s-%s.%s", nevra->name, nevra->epoch,
                       nevra->version, nevra->release, nevra->arch);
    else
        (void)snprintf(dst, size, "%s-%s-%s.%s", nevra->name, nevra->version,
                       nevra->release, nevra->arch);
    dst[size - 1] = '\0';
}
