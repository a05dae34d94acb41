/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "transports/vchan-peer.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

/* DOMID_FIRST_RESERVED of Xen's public headers is 0x7ff0. */
enum { DOMID_MAX = 0x7fef };

static const char default_name[] = "sallyport";

int
sp_vchan_domid_parse(const char *text, uint16_t *ret, struct sp_error *err)
{
    char shown[SP_SHOWN_MAX];
    uint64_t domid;

    sp_text_show(shown, sizeof(shown), text);
    if (!sp_text_u64(text, DOMID_MAX, &domid))
        return sp_fail(err, "usage", "'%s' is not a domain id, 0 to %d", shown,
                       DOMID_MAX);
    *ret = (uint16_t)domid;
    return 0;
}

int
sp_vchan_name_check(const char *name, struct sp_error *err)
{
    static const char first[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                "abcdefghijklmnopqrstuvwxyz0123456789._-";
    char shown[SP_SHOWN_MAX];

    sp_text_show(shown, sizeof(shown), name);
    if (name[0] == '\0' || strchr("._-", name[0]) ||
        name[strspn(name, first)] != '\0')
        return sp_fail(err, "usage",
                       "'%s' is not a name for a vchan: letters, digits and, "
                       "behind the first, '._-'",
                       shown);
    if (strlen(name) > SP_VCHAN_PATH_MAX)
        return sp_fail(err, "usage", "'%s' is too long a name for a vchan",
                       shown);
    return 0;
}

int
sp_vchan_peer_parse(const char *text, struct sp_vchan_peer *ret,
                    struct sp_error *err)
{
    const char *slash = strchr(text, '/');
    const char *name = slash ? slash + 1 : default_name;
    size_t len = slash ? (size_t)(slash - text) : strlen(text);
    struct sp_vchan_peer peer = {0};
    char domid[8] = "";

    if (len >= sizeof(domid))
        len = 0;
    memcpy(domid, text, len);
    if (sp_vchan_domid_parse(domid, &peer.domid, err) < 0 ||
        sp_vchan_name_check(name, err) < 0)
        return -1;
    memcpy(peer.name, name, strlen(name) + 1);
    *ret = peer;
    return 0;
}

static int
fits(int len, struct sp_error *err)
{
    if (len < 0 || len > SP_VCHAN_PATH_MAX)
        return sp_fail(err, "usage",
                       "the name is too long: a xenstore path has at most %d "
                       "characters",
                       SP_VCHAN_PATH_MAX);
    return 0;
}

int
sp_vchan_path_serve(const struct sp_vchan_peer *client,
                    char dst[SP_VCHAN_PATH_MAX + 1], struct sp_error *err)
{
    return fits(snprintf(dst, SP_VCHAN_PATH_MAX + 1,
                         "data/vchan/%" PRIu16 "/%s", client->domid,
                         client->name),
                err);
}

int
sp_vchan_path_connect(const struct sp_vchan_peer *server, uint16_t own,
                      char dst[SP_VCHAN_PATH_MAX + 1], struct sp_error *err)
{
    return fits(snprintf(dst, SP_VCHAN_PATH_MAX + 1,
                         "/local/domain/%" PRIu16 "/data/vchan/%" PRIu16 "/%s",
                         server->domid, own, server->name),
                err);
}
