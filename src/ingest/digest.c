/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ingest/digest.h"

#include <gcrypt.h>
#include <string.h>

#include "base/banned.h"

_Static_assert((int)SP_HASH_SHA1 == (int)GCRY_MD_SHA1 &&
                   (int)SP_HASH_SHA256 == (int)GCRY_MD_SHA256 &&
                   (int)SP_HASH_SHA384 == (int)GCRY_MD_SHA384 &&
                   (int)SP_HASH_SHA512 == (int)GCRY_MD_SHA512,
               "libgcrypt counts as OpenPGP does");

/* The first bytes of the digest of "abc" (FIPS 180-4, examples). */
static const struct {
    unsigned slot;
    int algo;
    uint8_t start[8];
} known[] = {
    {SP_HASH_SHA1,
     GCRY_MD_SHA1,
     {0xa9, 0x99, 0x3e, 0x36, 0x47, 0x06, 0x81, 0x6a}},
    {SP_HASH_SHA256,
     GCRY_MD_SHA256,
     {0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea}},
    {SP_HASH_SHA384,
     GCRY_MD_SHA384,
     {0xcb, 0x00, 0x75, 0x3f, 0x45, 0xa3, 0x5e, 0x8b}},
    {SP_HASH_SHA512,
     GCRY_MD_SHA512,
     {0xdd, 0xaf, 0x35, 0xa1, 0x93, 0x61, 0x7a, 0xba}},
    {SP_HASH_FILE,
     GCRY_MD_SHA256,
     {0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea}},
    {SP_HASH_STORED,
     GCRY_MD_SHA256,
     {0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea}},
};

static gcry_md_hd_t running[SP_HASH_STORED + 1];

int
sp_digest_init(struct sp_error *err)
{
    if (!gcry_check_version(GCRYPT_VERSION))
        return sp_fail(err, "internal",
                       "libgcrypt is older than " GCRYPT_VERSION);
    (void)gcry_control(GCRYCTL_DISABLE_SECMEM, 0); /* there are no secrets */
    (void)gcry_control(GCRYCTL_INITIALIZATION_FINISHED, 0);
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        unsigned slot = known[i].slot;

        if (gcry_md_open(&running[slot], known[i].algo, 0) != 0)
            return sp_fail(err, "internal", "libgcrypt has no digest %u", slot);
        if (memcmp(sp_digest(slot, "abc", 3), known[i].start,
                   sizeof(known[i].start)) != 0)
            return sp_fail(err, "internal", "digest %u of libgcrypt is wrong",
                           slot);
    }
    return 0;
}

void
sp_digest_begin(unsigned algo)
{
    gcry_md_reset(running[algo]);
}

void
sp_digest_add(unsigned algo, const void *data, size_t len)
{
    gcry_md_write(running[algo], data, len);
}

const uint8_t *
sp_digest_end(unsigned algo)
{
    return gcry_md_read(running[algo], 0);
}

const uint8_t *
sp_digest(unsigned algo, const void *data, size_t len)
{
    sp_digest_begin(algo);
    sp_digest_add(algo, data, len);
    return sp_digest_end(algo);
}
