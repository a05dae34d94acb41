/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The keys of a request's header and their grammar. Used by request*.c. */
#ifndef SP_BUNDLE_REQUEST_KEY_H
#define SP_BUNDLE_REQUEST_KEY_H

#include "bundle/request.h"

enum sp_request_fit {
    SP_REQUEST_UNKNOWN = 0, /* no such key */
    SP_REQUEST_MISFIT = 1,  /* the value is none for this key */
    SP_REQUEST_FITS = 2,
};

/* Reads "KEY VALUE"; fills key and value when it fits, the block never. */
enum sp_request_fit sp_request_key_read(struct sp_view line,
                                        struct sp_request_field *ret);

const char *sp_request_key_word(enum sp_request_key key);
bool sp_request_key_once(enum sp_request_key key); /* exactly once */
bool sp_request_key_has_block(enum sp_request_key key);

#endif
