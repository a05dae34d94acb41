/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who is at the other end of a vchan, and where in xenstore the two meet: the
 * paths of libvchan of Qubes OS, data/vchan/PEER/NAME below the server.
 */
#ifndef SP_TRANSPORTS_VCHAN_PEER_H
#define SP_TRANSPORTS_VCHAN_PEER_H

#include <stdint.h>

#include "base/error.h"

/*
 * libxenvchan has 64 bytes for the path and "/event-channel"; what is longer
 * it cuts without a word.
 */
enum { SP_VCHAN_PATH_MAX = 49 };

struct sp_vchan_peer {
    uint16_t domid;
    char name[SP_VCHAN_PATH_MAX + 1];
};

/* "DOMID", or "DOMID/NAME"; the default name is "sallyport". */
int sp_vchan_peer_parse(const char *text, struct sp_vchan_peer *ret,
                        struct sp_error *err);
int sp_vchan_domid_parse(const char *text, uint16_t *ret, struct sp_error *err);
/* Letters, digits, and "._-" behind the first. */
int sp_vchan_name_check(const char *name, struct sp_error *err);

/* Of the server, relative to its own domain. */
int sp_vchan_path_serve(const struct sp_vchan_peer *client,
                        char dst[SP_VCHAN_PATH_MAX + 1], struct sp_error *err);
/* Of the client, who is domain `own`. */
int sp_vchan_path_connect(const struct sp_vchan_peer *server, uint16_t own,
                          char dst[SP_VCHAN_PATH_MAX + 1],
                          struct sp_error *err);

#endif
