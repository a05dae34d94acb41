/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The digests of libgcrypt, one running computation for each algorithm.
 * Algorithms have their OpenPGP numbers (SP_HASH_*, and SHA-1 for one old
 * tag), which are libgcrypt's as well.
 */
#ifndef SP_INGEST_DIGEST_H
#define SP_INGEST_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "bundle/sigpacket.h"

enum { SP_HASH_SHA1 = 2 };
/* More of SHA-256, beside the one of the payload: of whole files. */
enum {
    SP_HASH_FILE = SP_HASH_SHA512 + 1, /* as it was received */
    SP_HASH_STORED,                    /* as it is stored */
};

/*
 * Before the jail: takes all memory, lets libgcrypt look at the processor,
 * and compares each digest with a known one.
 */
int sp_digest_init(struct sp_error *err);

void sp_digest_begin(unsigned algo);
void sp_digest_add(unsigned algo, const void *data, size_t len);
/* The digest, until the next sp_digest_begin of this algorithm. */
const uint8_t *sp_digest_end(unsigned algo);

/* All three. */
const uint8_t *sp_digest(unsigned algo, const void *data, size_t len);

#endif
