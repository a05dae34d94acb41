/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Digests of all that is downloaded, by libgcrypt: it uses the processor's
 * instructions and is five times as fast as base/sha256.h.
 */
#ifndef SP_BUILD_HASH_H
#define SP_BUILD_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "build/digest.h"

/* Zeroed, or declared with SP_AUTO_HASH, before its first use. */
struct sp_hash {
    struct gcry_md_handle *handle;
    enum sp_digest_algo algo;
};

/*
 * Lets the library begin, which ends the process when it cannot: before there
 * is something that would be left behind.
 */
int sp_hash_prepare(struct sp_error *err);

/* Begins, also anew. Fails with no-memory, or internal (a wrong library). */
int sp_hash_begin(struct sp_hash *hash, enum sp_digest_algo algo,
                  struct sp_error *err);
void sp_hash_add(struct sp_hash *hash, const void *data, size_t len);

/* All bytes so far have this digest; more may follow. */
bool sp_hash_is(const struct sp_hash *hash, const struct sp_digest *digest);

/* The digest. Nothing may follow before sp_hash_begin. */
void sp_hash_end(struct sp_hash *hash, struct sp_digest *ret);

void sp_hash_release(struct sp_hash *hash);

#define SP_AUTO_HASH __attribute__((cleanup(sp_hash_release))) struct sp_hash

#endif
