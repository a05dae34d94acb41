/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build/digest.h"

#include <string.h>

#include "base/banned.h"
#include "base/text.h"

static const struct {
    const char *word, *iana, *title;
    size_t size;
} algos[] = {
    [SP_DIGEST_SHA256] = {"sha256", "sha-256", "SHA-256", 32},
    [SP_DIGEST_SHA384] = {"sha384", "sha-384", "SHA-384", 48},
    [SP_DIGEST_SHA512] = {"sha512", "sha-512", "SHA-512", 64},
};

enum { ALGOS = sizeof(algos) / sizeof(algos[0]) };

enum sp_digest_algo
sp_digest_algo(const char *untrusted_word)
{
    for (size_t i = SP_DIGEST_SHA256; untrusted_word && i < ALGOS; i++)
        if (strcmp(untrusted_word, algos[i].word) == 0 ||
            strcmp(untrusted_word, algos[i].iana) == 0)
            return (enum sp_digest_algo)i;
    return SP_DIGEST_NONE;
}

const char *
sp_digest_word(enum sp_digest_algo algo)
{
    return algos[algo].word;
}

const char *
sp_digest_title(enum sp_digest_algo algo)
{
    return algos[algo].title;
}

size_t
sp_digest_size(enum sp_digest_algo algo)
{
    return algos[algo].size;
}

bool
sp_digest_unhex(enum sp_digest_algo algo, const char *untrusted_hex,
                struct sp_digest *ret)
{
    struct sp_digest digest = {.algo = algo};

    if (algo == SP_DIGEST_NONE ||
        !sp_text_unhex(digest.bytes, algos[algo].size, untrusted_hex))
        return false;
    *ret = digest;
    return true;
}

void
sp_digest_hex(const struct sp_digest *digest, char dst[SP_DIGEST_HEX_MAX])
{
    sp_text_hex(dst, digest->bytes, algos[digest->algo].size);
}

struct sp_digest
sp_digest_sha256(const uint8_t sha256[32])
{
    struct sp_digest digest = {.algo = SP_DIGEST_SHA256};

    memcpy(digest.bytes, sha256, 32);
    return digest;
}

bool
sp_digest_is_set(const struct sp_digest *digest)
{
    return digest->algo != SP_DIGEST_NONE;
}

int
sp_digest_order(const struct sp_digest *a, const struct sp_digest *b)
{
    if (a->algo != b->algo)
        return a->algo < b->algo ? -1 : 1;
    return memcmp(a->bytes, b->bytes, algos[a->algo].size);
}

bool
sp_digest_ok(const struct sp_digest *untrusted)
{
    unsigned algo;

    _Static_assert(sizeof(algo) == sizeof(untrusted->algo), "an int");
    memcpy(&algo, &untrusted->algo, sizeof(algo));
    return algo < ALGOS;
}
