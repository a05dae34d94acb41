/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A signature over a file and some keys, with gpgme. For evidence.c alone. */
#ifndef SP_BUILD_KEYS_H
#define SP_BUILD_KEYS_H

#include <stddef.h>

#include "base/error.h"

/*
 * One of the armored keys has made the signature: 0. Reasons: bad-signature,
 * no-key, engine-error.
 */
int sp_keys_verify(const char *const *keys, size_t n_keys, const void *data,
                   size_t len, const void *signature, size_t signature_len,
                   struct sp_error *err);

#endif
