/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build/proxy.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/*
 * curl(1), ENVIRONMENT: those of a scheme come first. An upper-case HTTP_PROXY
 * can be set by a client, and counts for nothing.
 */
static const struct {
    const char *variable;
    const char *scheme; /* NULL: of all */
} variables[] = {
    {"http_proxy", "http:"},   {"https_proxy", "https:"},
    {"HTTPS_PROXY", "https:"}, {"all_proxy", NULL},
    {"ALL_PROXY", NULL},
};

/* Of this address; NULL stands for any. */
static const char *
named_by_environment(const char *url)
{
    for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
        const char *scheme = variables[i].scheme;
        const char *value = getenv(variables[i].variable);

        if (url && scheme && strncasecmp(url, scheme, strlen(scheme)) != 0)
            continue;
        if (value && value[0])
            return value;
    }
    return NULL;
}

bool
sp_proxy_used(const char *proxy)
{
    return proxy ? proxy[0] != '\0' : named_by_environment(NULL) != NULL;
}

bool
sp_proxy_hides(const char *url, const char *proxy)
{
    static const char *const local[] = {"socks4://", "socks5://", "socks://"};
    const char *taken = proxy ? proxy : named_by_environment(url);

    if (!taken || !taken[0])
        return false;
    for (size_t i = 0; i < sizeof(local) / sizeof(local[0]); i++)
        if (strncasecmp(taken, local[i], strlen(local[i])) == 0)
            return false;
    return true;
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
    n = strcspn(host, "/?#:");
    if (n > 0 && host[n - 1] == '.')
        n--;
    return n > len && strncasecmp(host + n - len, domain, len) == 0;
}
