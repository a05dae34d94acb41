/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build/proxy.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* curl(1), ENVIRONMENT. An upper-case HTTP_PROXY can be set by a client. */
static const char *const variables[] = {
    "http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY",
};

bool
sp_proxy_used(const char *proxy)
{
    if (proxy)
        return proxy[0] != '\0';
    for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
        const char *value = getenv(variables[i]);

        if (value && value[0])
            return true;
    }
    return false;
}

bool
sp_proxy_is_onion(const char *url)
{
    static const char domain[] = ".onion";
    const size_t len = sizeof(domain) - 1;
    const char *host = strstr(url, "://");
    size_t n;

    if (!host)
        return false;
    host += 3;
    n = strcspn(host, "/:");
    if (n > 0 && host[n - 1] == '.')
        n--;
    return n > len && strncasecmp(host + n - len, domain, len) == 0;
}
