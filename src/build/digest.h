/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A digest that a repository or a metalink fixes, with its algorithm. MD5 and
 * SHA-1 are none: others could make a second file of the same digest.
 */
#ifndef SP_BUILD_DIGEST_H
#define SP_BUILD_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The higher, the stronger. */
enum sp_digest_algo {
    SP_DIGEST_NONE = 0,
    SP_DIGEST_SHA256 = 1,
    SP_DIGEST_SHA384 = 2,
    SP_DIGEST_SHA512 = 3,
};

enum {
    SP_DIGEST_MAX_BYTES = 64,
    SP_DIGEST_HEX_MAX = 2 * SP_DIGEST_MAX_BYTES + 1,
};

/* What messages call the algorithms that are taken. */
#define SP_DIGEST_TAKEN "sha256, sha384 and sha512"

/* All zero = no digest. */
struct sp_digest {
    enum sp_digest_algo algo;
    uint8_t bytes[SP_DIGEST_MAX_BYTES]; /* zero behind the size */
};

/* "sha256", or "sha-256" as RFC 5854 has it; NULL and others: NONE. */
enum sp_digest_algo sp_digest_algo(const char *untrusted_word);

/* "sha256" and "SHA-256", for metadata and for people; not of NONE. */
const char *sp_digest_word(enum sp_digest_algo algo);
const char *sp_digest_title(enum sp_digest_algo algo);
size_t sp_digest_size(enum sp_digest_algo algo);

/* Exactly the lower-case digits of the algorithm; else *ret is unchanged. */
bool sp_digest_unhex(enum sp_digest_algo algo, const char *untrusted_hex,
                     struct sp_digest *ret);
void sp_digest_hex(const struct sp_digest *digest, char dst[SP_DIGEST_HEX_MAX]);

struct sp_digest sp_digest_sha256(const uint8_t sha256[32]);

bool sp_digest_is_set(const struct sp_digest *digest);
/* As memcmp; digests of different algorithms are different. */
int sp_digest_order(const struct sp_digest *a, const struct sp_digest *b);

/* One of the algorithms, or NONE: for what another process wrote. */
bool sp_digest_ok(const struct sp_digest *untrusted);

#endif
