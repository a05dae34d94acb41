/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Signatures and the keys of a request, with gpgme: an early look, so that
 * nothing is shipped which the other machine must refuse.
 */
#ifndef SP_BUILD_KEYS_H
#define SP_BUILD_KEYS_H

#include <stddef.h>

#include "base/error.h"

/* Some keys in a key home of their own, which sp_keyring_close removes. */
struct sp_keyring;

/* Armored keys. NULL is a fault: engine-error, io, no-memory. */
struct sp_keyring *sp_keyring_open(const char *const *keys, size_t n_keys,
                                   struct sp_error *err);
void sp_keyring_close(struct sp_keyring *ring);

/*
 * One of the keys has made the signature: 0. `what` was signed, for messages.
 * Reasons: bad-signature, no-key, engine-error.
 */
int sp_keyring_verify(struct sp_keyring *ring, const char *what,
                      const void *data, size_t len, const void *signature,
                      size_t signature_len, struct sp_error *err);

#endif
