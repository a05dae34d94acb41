/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SHA-256 (FIPS 180-4), small and portable, for cold paths: digests of our
 * own texts, of caches, and verify's own header digest. Payloads are hashed
 * by libgcrypt, which uses the processor's instructions.
 */
#ifndef SP_BASE_SHA256_H
#define SP_BASE_SHA256_H

#include <stddef.h>
#include <stdint.h>

enum { SP_SHA256_BYTES = 32, SP_SHA256_HEX = 65 };

struct sp_sha256 {
    uint32_t state[8];
    uint64_t length; /* bytes so far */
    uint8_t block[64];
};

void sp_sha256_init(struct sp_sha256 *ctx);
void sp_sha256_update(struct sp_sha256 *ctx, const void *data, size_t len);
void sp_sha256_final(struct sp_sha256 *ctx, uint8_t digest[SP_SHA256_BYTES]);

/* All in one. */
void sp_sha256(const void *data, size_t len, uint8_t digest[SP_SHA256_BYTES]);

#endif
