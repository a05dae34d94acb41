/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The OpenPGP packet of a package (bundle/sigpacket.h). What is accepted, in
 * its canonical form, is accepted again, means the same and is its own
 * canonical form.
 */
#include "bundle/sigpacket.h"

#include "tests/fuzz/fuzz.h"

static struct sp_sigpacket packet, again;
static uint8_t encoded[SP_SIGPACKET_ENCODED_MAX];
static uint8_t twice[SP_SIGPACKET_ENCODED_MAX];

static void
check_profile(const struct sp_sigpacket *p, size_t size)
{
    FUZZ_CHECK(p->version == 3 || p->version == 4);
    FUZZ_CHECK(p->hash_algo >= SP_HASH_SHA256 &&
               p->hash_algo <= SP_HASH_SHA512);
    FUZZ_CHECK(p->pubkey_algo == SP_PK_RSA ||
               (p->version == 4 && (p->pubkey_algo == SP_PK_ECDSA ||
                                    p->pubkey_algo == SP_PK_EDDSA)));
    FUZZ_CHECK(p->mpi_count == (p->pubkey_algo == SP_PK_RSA ? 1U : 2U));
    FUZZ_CHECK(p->mpis_size > 2 && p->mpis_size <= sizeof(p->mpis));
    FUZZ_CHECK(p->trailer_size <= sizeof(p->trailer) &&
               p->signed_size <= p->trailer_size);
    FUZZ_CHECK(p->signed_size + p->mpis_size < size);
    for (unsigned i = 0; i < p->mpi_count; i++)
        FUZZ_CHECK(p->mpi_bits[i] > 0 && p->mpi_bits[i] <= 8192);
}

static void
check_same_meaning(void)
{
    FUZZ_CHECK(again.version == packet.version &&
               again.hash_algo == packet.hash_algo &&
               again.pubkey_algo == packet.pubkey_algo);
    FUZZ_CHECK(memcmp(again.issuer, packet.issuer, sizeof(packet.issuer)) == 0);
    FUZZ_CHECK(again.issuer_hashed == packet.issuer_hashed &&
               again.has_fingerprint == packet.has_fingerprint &&
               again.has_salt == packet.has_salt);
    FUZZ_CHECK(memcmp(again.fingerprint, packet.fingerprint, 20) == 0);
    FUZZ_CHECK(again.created == packet.created &&
               again.lifetime == packet.lifetime);
    FUZZ_CHECK(again.trailer_size == packet.trailer_size &&
               memcmp(again.trailer, packet.trailer, packet.trailer_size) == 0);
    FUZZ_CHECK(again.mpi_count == packet.mpi_count &&
               again.mpi_bits[0] == packet.mpi_bits[0] &&
               again.mpi_bits[1] == packet.mpi_bits[1]);
    FUZZ_CHECK(again.mpis_size == packet.mpis_size &&
               memcmp(again.mpis, packet.mpis, packet.mpis_size) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t left16[2] = {0xab, 0xcd};
    struct sp_error err = {0};
    size_t n;

    if (sp_sigpacket_parse(data, size, &packet, &err) < 0) {
        fuzz_refused(&err);
        return 0;
    }
    check_profile(&packet, size);
    n = sp_sigpacket_encode(&packet, left16, encoded, sizeof(encoded));
    FUZZ_CHECK(n >= SP_SIG_MIN_BYTES && n <= sizeof(encoded));
    if (n > SP_SIG_MAX_BYTES)
        return 0;
    FUZZ_CHECK(sp_sigpacket_parse(encoded, n, &again, &err) == 0);
    check_same_meaning();
    FUZZ_CHECK(memcmp(again.left16, left16, sizeof(left16)) == 0);
    FUZZ_CHECK(sp_sigpacket_encode(&again, left16, twice, sizeof(twice)) == n &&
               memcmp(encoded, twice, n) == 0);
    return 0;
}
