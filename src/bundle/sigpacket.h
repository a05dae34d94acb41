/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One OpenPGP signature packet over a main header: strict profile (docs:
 * sallyport-package(5); RFC 4880 5.2) and canonical re-encoding. Pure
 * functions over memory; gpg only ever sees what sp_sigpacket_encode wrote.
 */
#ifndef SP_BUNDLE_SIGPACKET_H
#define SP_BUNDLE_SIGPACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "bundle/limits.h"

/* OpenPGP algorithm numbers (RFC 4880 9.1, 9.4; RFC 6637). */
enum { SP_PK_RSA = 1, SP_PK_ECDSA = 19, SP_PK_EDDSA = 22 };
enum { SP_HASH_SHA256 = 8, SP_HASH_SHA384 = 9, SP_HASH_SHA512 = 10 };

/* Two integers of at most 8192 bits, each behind two bytes of length. */
enum { SP_SIG_MPIS_MAX = 2 * (2 + 1024) };

struct sp_sigpacket {
    uint8_t version; /* 3 or 4 */
    uint8_t hash_algo;
    uint8_t pubkey_algo;
    uint8_t left16[2]; /* first two bytes of the digest, as claimed */
    uint8_t issuer[8];
    bool issuer_hashed; /* an issuer key id stands in the hashed area */
    bool has_fingerprint;
    uint8_t fingerprint[20]; /* hashed issuer fingerprint, if any */
    bool has_salt;           /* a salt notation is present */
    uint32_t created;
    uint32_t lifetime; /* seconds after `created`, 0 = for ever */
    unsigned mpi_count;
    uint16_t mpi_bits[2];
    /* The bytes that follow the data into the digest: built here. */
    size_t trailer_size, signed_size; /* version 4: of it, from the packet */
    uint8_t trailer[SP_SIG_MAX_BYTES + 16];
    size_t mpis_size; /* the integers as they stand in the packet */
    uint8_t mpis[SP_SIG_MPIS_MAX];
};

/*
 * Parses the blob of tag 267/268. Reasons: sig-size, sig-packet,
 * sig-packet-length, sig-packet-tag, sig-trailing, sig-version, sig-type,
 * sig-hash-algo, sig-pubkey-algo, sig-subpacket, sig-issuer, sig-no-issuer,
 * sig-no-time, sig-mpi. Does not look at the clock.
 */
int sp_sigpacket_parse(const uint8_t *untrusted_blob, size_t size,
                       struct sp_sigpacket *ret_packet, struct sp_error *err);

/*
 * An RSA signature stands in tag 268, the others in 267: reason
 * sig-tag-algo.
 */
int sp_sigpacket_tag(const struct sp_sigpacket *packet, uint32_t tag,
                     struct sp_error *err);

/* sig-future (more than 24 h ahead), sig-expired. */
int sp_sigpacket_time(const struct sp_sigpacket *packet, uint64_t now,
                      struct sp_error *err);

/*
 * Canonical form of a packet that sp_sigpacket_parse accepted; left16 is
 * replaced by the digest's own. Returns its size, at most
 * SP_SIGPACKET_ENCODED_MAX, 0 if dst is too small.
 */
enum { SP_SIGPACKET_ENCODED_MAX = 8192 + 32 };
size_t sp_sigpacket_encode(const struct sp_sigpacket *packet,
                           const uint8_t left16[2], uint8_t *dst, size_t size);

#endif
