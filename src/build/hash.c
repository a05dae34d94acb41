/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build/hash.h"

#include <gcrypt.h>
#include <string.h>

#include "base/banned.h"

enum { DIGEST_BYTES = 32 };

/* Of "abc" (FIPS 180-4, examples). */
static const uint8_t known[DIGEST_BYTES] = {
    0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40,
    0xde, 0x5d, 0xae, 0x22, 0x23, 0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17,
    0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad};

/* Once: lets the library look at the processor, and looks at the library. */
static int
start(struct sp_error *err)
{
    static bool is_ready;
    uint8_t digest[DIGEST_BYTES];

    if (is_ready)
        return 0;
    if (!gcry_check_version(GCRYPT_VERSION))
        return sp_fail(err, "internal",
                       "libgcrypt is older than " GCRYPT_VERSION);
    (void)gcry_control(GCRYCTL_DISABLE_SECMEM, 0); /* there are no secrets */
    (void)gcry_control(GCRYCTL_INITIALIZATION_FINISHED, 0);
    gcry_md_hash_buffer(GCRY_MD_SHA256, digest, "abc", 3);
    if (memcmp(digest, known, sizeof(known)) != 0)
        return sp_fail(err, "internal", "SHA-256 of libgcrypt is wrong");
    is_ready = true;
    return 0;
}

int
sp_hash_begin(struct sp_hash *hash, struct sp_error *err)
{
    if (start(err) < 0)
        return -1;
    if (hash->handle)
        gcry_md_reset(hash->handle);
    else if (gcry_md_open(&hash->handle, GCRY_MD_SHA256, 0) != 0)
        return sp_fail(err, "no-memory", "no memory for a digest");
    return 0;
}

void
sp_hash_add(struct sp_hash *hash, const void *data, size_t len)
{
    gcry_md_write(hash->handle, data, len);
}

bool
sp_hash_is(const struct sp_hash *hash, const uint8_t sha256[32])
{
    SP_AUTO_HASH copy = {NULL};

    return gcry_md_copy(&copy.handle, hash->handle) == 0 &&
           memcmp(gcry_md_read(copy.handle, GCRY_MD_SHA256), sha256,
                  DIGEST_BYTES) == 0;
}

void
sp_hash_end(struct sp_hash *hash, uint8_t sha256[32])
{
    memcpy(sha256, gcry_md_read(hash->handle, GCRY_MD_SHA256), DIGEST_BYTES);
}

void
sp_hash_release(struct sp_hash *hash)
{
    gcry_md_close(hash->handle);
    hash->handle = NULL;
}
