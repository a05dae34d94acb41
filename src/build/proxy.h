/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether a proxy stands on the way to a server, as libcurl sees it. */
#ifndef SP_BUILD_PROXY_H
#define SP_BUILD_PROXY_H

#include <stdbool.h>

/* `proxy`: what was set, "" for none, NULL when the environment decides. */
bool sp_proxy_used(const char *proxy);

/*
 * Does a proxy look up the name in this address, so that nobody here asks for
 * it? One that wants to be given a number (socks4, socks5) does not.
 */
bool sp_proxy_hides(const char *url, const char *proxy);

/* Its names are known inside Tor alone, which is reached through a proxy. */
bool sp_proxy_is_onion(const char *url);

#endif
