/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bundle/sigpacket.h"

#include <string.h>

enum {
    TAG_SIGNATURE = 2,  /* RFC 4880 4.3 */
    TYPE_BINARY = 0x00, /* RFC 4880 5.2.1 */
    MAX_MPI_BITS = 8192,
    FINGERPRINT_BYTES = 20,
    ISSUER_BYTES = 8,
    MAX_USER_ID = 255,
    MAX_NOTATION = 128,
    MAX_AHEAD_SECONDS = 24 * 3600,
};

/* Signature subpackets, RFC 4880 5.2.3.1; 33 from RFC 9580. */
enum {
    SUB_CREATED = 2,
    SUB_LIFETIME = 3,
    SUB_ISSUER = 16,
    SUB_NOTATION = 20,
    SUB_USER_ID = 28,
    SUB_FINGERPRINT = 33,
    SUB_CRITICAL = 0x80,
};

/* Bytes not yet read. take() is the only way forward. */
struct cursor {
    const uint8_t *p;
    size_t left;
};

static const uint8_t *
take(struct cursor *c, size_t n)
{
    const uint8_t *p = c->p;

    if (n > c->left)
        return NULL;
    c->p += n;
    c->left -= n;
    return p;
}

static uint32_t
big_endian(const uint8_t *p, size_t n)
{
    uint32_t value = 0;

    for (size_t i = 0; i < n; i++)
        value = value << 8 | p[i];
    return value;
}

/* Length of a body in new format (RFC 4880 4.2.2) and of subpackets, whose
 * two-byte form reaches further; `two_byte_end` is the first byte above. */
static bool
take_length(struct cursor *c, unsigned two_byte_end, size_t *ret)
{
    const uint8_t *first = take(c, 1), *rest;

    if (!first)       /* unreached: no caller is at the end */
        return false; /* unreached: as above */
    if (*first < 192) {
        *ret = *first;
        return true;
    }
    if (*first < two_byte_end) {
        rest = take(c, 1);
        if (rest)
            *ret = ((size_t)*first - 192) * 256 + *rest + 192;
        return rest;
    }
    rest = *first == 255 ? take(c, 4) : NULL; /* else: a partial length */
    if (rest)
        *ret = big_endian(rest, 4);
    return rest;
}

/* Tag and length of the only packet; *c is its body afterwards. */
static int
open_packet(struct cursor *c, struct sp_error *err)
{
    const uint8_t *head = take(c, 1);
    bool is_new, known;
    unsigned tag, form;
    size_t length = 0;

    if (!head || /* unreached: SP_SIG_MIN_BYTES are there */
        !(*head & 0x80))
        return sp_fail(err, "sig-packet",
                       "the signature is not a binary OpenPGP packet");
    is_new = *head & 0x40;
    form = *head & 3;
    tag = is_new ? *head & 0x3Fu : (*head >> 2) & 0x0Fu;
    if (tag != TAG_SIGNATURE)
        return sp_fail(err, "sig-packet-tag",
                       "OpenPGP packet %u instead of a signature", tag);
    if (is_new) {
        known = take_length(c, 224, &length);
    } else {
        size_t width = (size_t)1 << form;
        const uint8_t *bytes = form < 3 ? take(c, width) : NULL;

        known = bytes;
        if (bytes)
            length = big_endian(bytes, width);
    }
    if (!known || length > c->left)
        return sp_fail(err, "sig-packet-length",
                       "bad length of the signature packet");
    if (length < c->left)
        return sp_fail(err, "sig-trailing", "%zu bytes behind the signature",
                       c->left - length);
    return 0;
}

static int
set_algorithms(struct sp_sigpacket *packet, unsigned type, unsigned pubkey,
               unsigned hash, struct sp_error *err)
{
    bool pubkey_ok = pubkey == SP_PK_RSA ||
                     (packet->version == 4 &&
                      (pubkey == SP_PK_ECDSA || pubkey == SP_PK_EDDSA));

    if (type != TYPE_BINARY)
        return sp_fail(err, "sig-type", "signature of type 0x%02x", type);
    if (!pubkey_ok)
        return sp_fail(err, "sig-pubkey-algo",
                       "public-key algorithm %u in a version %u signature",
                       pubkey, packet->version);
    if (hash < SP_HASH_SHA256 || hash > SP_HASH_SHA512)
        return sp_fail(err, "sig-hash-algo", "hash algorithm %u", hash);
    packet->pubkey_algo = (uint8_t)pubkey;
    packet->hash_algo = (uint8_t)hash;
    return 0;
}

/* The first issuer is kept; every further one must be equal. */
static int
set_issuer(struct sp_sigpacket *packet, bool *known, const uint8_t *issuer,
           struct sp_error *err)
{
    if (*known && memcmp(packet->issuer, issuer, ISSUER_BYTES) != 0)
        return sp_fail(err, "sig-issuer", "the signature names two issuers");
    memcpy(packet->issuer, issuer, ISSUER_BYTES);
    *known = true;
    return 0;
}

/* A salt, as Sequoia and OpenPGP.js add it; nothing else is a notation. */
static bool
is_salt(const uint8_t *body, size_t size)
{
    static const char *const names[] = {"salt@notations.sequoia-pgp.org",
                                        "salt@notations.openpgpjs.org"};

    if (size < 8 || size > MAX_NOTATION || big_endian(body, 4) != 0)
        return false;
    for (size_t i = 0; i < 2; i++) {
        size_t len = strlen(names[i]);

        if (big_endian(body + 4, 2) == len && size >= 8 + len &&
            big_endian(body + 6, 2) == size - 8 - len &&
            memcmp(body + 8, names[i], len) == 0)
            return true;
    }
    return false;
}

struct subpacket {
    unsigned type;
    bool critical;
    const uint8_t *body;
    size_t size;
};

static int
take_subpacket(struct cursor *area, struct subpacket *ret, struct sp_error *err)
{
    size_t length = 0;
    const uint8_t *p;

    if (!take_length(area, 255, &length) || length == 0 ||
        !(p = take(area, length)))
        return sp_fail(err, "sig-subpacket", "bad length of a subpacket");
    ret->type = *p & (SUB_CRITICAL - 1u);
    ret->critical = *p & SUB_CRITICAL;
    ret->body = p + 1;
    ret->size = length - 1;
    return 0;
}

static bool
is_allowed(const struct subpacket *sub)
{
    switch (sub->type) {
    case SUB_CREATED:
    case SUB_LIFETIME: return sub->size == 4;
    case SUB_ISSUER: return sub->size == ISSUER_BYTES;
    case SUB_FINGERPRINT:
        return sub->size == 1 + FINGERPRINT_BYTES && sub->body[0] == 4;
    case SUB_USER_ID: return !sub->critical && sub->size <= MAX_USER_ID;
    case SUB_NOTATION: return !sub->critical && is_salt(sub->body, sub->size);
    default: return false;
    }
}

static int
use_subpacket(struct sp_sigpacket *packet, const struct subpacket *sub,
              bool *issuer_known, struct sp_error *err)
{
    switch (sub->type) {
    case SUB_CREATED: packet->created = big_endian(sub->body, 4); return 0;
    case SUB_LIFETIME: packet->lifetime = big_endian(sub->body, 4); return 0;
    case SUB_NOTATION: packet->has_salt = true; return 0;
    case SUB_ISSUER:
        packet->issuer_hashed = true;
        return set_issuer(packet, issuer_known, sub->body, err);
    case SUB_FINGERPRINT:
        packet->has_fingerprint = true;
        memcpy(packet->fingerprint, sub->body + 1, FINGERPRINT_BYTES);
        return set_issuer(packet, issuer_known,
                          sub->body + 1 + FINGERPRINT_BYTES - ISSUER_BYTES,
                          err);
    default: return 0; /* the user id: not used */
    }
}

static int
read_hashed(struct sp_sigpacket *packet, struct cursor area, bool *issuer_known,
            struct sp_error *err)
{
    uint64_t seen = 0; /* bit per type: all allowed ones are below 64 */

    while (area.left > 0) {
        struct subpacket sub = {0};

        if (take_subpacket(&area, &sub, err) < 0)
            return -1;
        if (!is_allowed(&sub) ||
            (sub.type != SUB_NOTATION && seen >> sub.type & 1))
            return sp_fail(err, "sig-subpacket", "hashed subpacket %u refused",
                           sub.type);
        seen |= UINT64_C(1) << sub.type;
        if (use_subpacket(packet, &sub, issuer_known, err) < 0)
            return -1;
    }
    if (!(seen >> SUB_CREATED & 1))
        return sp_fail(err, "sig-no-time", "no signed creation time");
    return 0;
}

/* At most one issuer key id, which must be the one that is signed. */
static int
read_unhashed(struct sp_sigpacket *packet, struct cursor area,
              bool *issuer_known, struct sp_error *err)
{
    struct subpacket sub = {0};

    if (area.left == 0)
        return 0;
    if (take_subpacket(&area, &sub, err) < 0)
        return -1;
    if (area.left > 0 || sub.type != SUB_ISSUER || sub.critical ||
        !is_allowed(&sub))
        return sp_fail(err, "sig-subpacket", "unhashed subpacket %u refused",
                       sub.type);
    return set_issuer(packet, issuer_known, sub.body, err);
}

/* Two bytes of length, then the area itself. */
static int
take_area(struct cursor *c, struct cursor *ret, struct sp_error *err)
{
    const uint8_t *length = take(c, 2);
    const uint8_t *bytes = length ? take(c, big_endian(length, 2)) : NULL;

    if (!bytes)
        return sp_fail(err, "sig-subpacket", "bad length of the subpackets");
    *ret = (struct cursor){bytes, big_endian(length, 2)};
    return 0;
}

static int
read_v4(struct sp_sigpacket *packet, struct cursor *c, struct sp_error *err)
{
    const uint8_t *start = c->p - 1; /* the version stands before */
    const uint8_t *fixed = take(c, 3);
    struct cursor hashed = {0}, unhashed = {0};
    bool issuer_known = false;
    size_t size;

    if (!fixed) /* unreached: SP_SIG_MIN_BYTES hold a head and four more */
        return sp_fail(err, "sig-packet-length", /* unreached: as above */
                       "the signature is too short");
    if (set_algorithms(packet, fixed[0], fixed[1], fixed[2], err) < 0 ||
        take_area(c, &hashed, err) < 0)
        return -1;
    size = (size_t)(c->p - start);
    packet->hashed_end = packet->body + size;
    memcpy(packet->trailer, start, size); /* RFC 4880 5.2.4 */
    packet->trailer[size] = 4;
    packet->trailer[size + 1] = 0xFF;
    for (size_t i = 0; i < 4; i++)
        packet->trailer[size + 2 + i] = (uint8_t)(size >> (24 - 8 * i));
    packet->trailer_size = size + 6;
    if (read_hashed(packet, hashed, &issuer_known, err) < 0 ||
        take_area(c, &unhashed, err) < 0 ||
        read_unhashed(packet, unhashed, &issuer_known, err) < 0)
        return -1;
    if (!issuer_known)
        return sp_fail(err, "sig-no-issuer", "the signature names no issuer");
    return 0;
}

/* RFC 4880 5.2.2: all of it is fixed, the digest covers type and time. */
static int
read_v3(struct sp_sigpacket *packet, struct cursor *c, struct sp_error *err)
{
    const uint8_t *fixed = take(c, 16);

    if (!fixed)
        return sp_fail(err, "sig-packet-length", "the signature is too short");
    if (fixed[0] != 5)
        return sp_fail(err, "sig-version", "malformed version 3 signature");
    if (set_algorithms(packet, fixed[1], fixed[14], fixed[15], err) < 0)
        return -1;
    packet->created = big_endian(fixed + 2, 4);
    memcpy(packet->issuer, fixed + 6, ISSUER_BYTES);
    packet->trailer_size = 5;
    memcpy(packet->trailer, fixed + 1, packet->trailer_size);
    packet->hashed_end = packet->body + 17;
    return 0;
}

static int
take_mpi(struct cursor *c, uint16_t *ret_bits, struct sp_error *err)
{
    const uint8_t *head = take(c, 2);
    uint32_t bits = head ? big_endian(head, 2) : 0;
    const uint8_t *bytes;

    if (bits == 0 || bits > MAX_MPI_BITS)
        return sp_fail(err, "sig-mpi", "bad integer in the signature");
    bytes = take(c, (bits + 7) / 8);
    if (!bytes || *bytes >> ((bits - 1) % 8) != 1)
        return sp_fail(err, "sig-mpi", "bad integer in the signature");
    *ret_bits = (uint16_t)bits;
    return 0;
}

static int
read_tail(struct sp_sigpacket *packet, const uint8_t *untrusted_blob,
          struct cursor *c, struct sp_error *err)
{
    const uint8_t *left16 = take(c, 2);

    if (!left16)
        return sp_fail(err, "sig-packet-length", "the signature is too short");
    memcpy(packet->left16, left16, 2);
    packet->mpi = (size_t)(c->p - untrusted_blob);
    packet->mpi_count = packet->pubkey_algo == SP_PK_RSA ? 1 : 2;
    for (unsigned i = 0; i < packet->mpi_count; i++)
        if (take_mpi(c, &packet->mpi_bits[i], err) < 0)
            return -1;
    packet->end = (size_t)(c->p - untrusted_blob);
    if (c->left > 0)
        return sp_fail(err, "sig-trailing",
                       "%zu bytes behind the integers of the signature",
                       c->left);
    return 0;
}

int
sp_sigpacket_parse(const uint8_t *untrusted_blob, size_t size,
                   struct sp_sigpacket *ret_packet, struct sp_error *err)
{
    struct cursor c = {untrusted_blob, size};
    struct sp_sigpacket packet = {0};
    const uint8_t *version;

    if (size < SP_SIG_MIN_BYTES || size > SP_SIG_MAX_BYTES)
        return sp_fail(err, "sig-size", "signature of %zu bytes", size);
    if (open_packet(&c, err) < 0)
        return -1;
    packet.body = (size_t)(c.p - untrusted_blob);
    version = take(&c, 1);
    packet.version = version ? *version : 0; /* unreached: there is one */
    if (packet.version != 3 && packet.version != 4)
        return sp_fail(err, "sig-version", "signature of version %u",
                       packet.version);
    if ((packet.version == 4 ? read_v4 : read_v3)(&packet, &c, err) < 0 ||
        read_tail(&packet, untrusted_blob, &c, err) < 0)
        return -1;
    *ret_packet = packet;
    return 0;
}

int
sp_sigpacket_tag(const struct sp_sigpacket *packet, uint32_t tag,
                 struct sp_error *err)
{
    uint32_t expected = packet->pubkey_algo == SP_PK_RSA ? 268 : 267;

    if (tag != expected)
        return sp_fail(err, "sig-tag-algo",
                       "public-key algorithm %u in signature tag %u",
                       packet->pubkey_algo, tag);
    return 0;
}

int
sp_sigpacket_time(const struct sp_sigpacket *packet, uint64_t now,
                  struct sp_error *err)
{
    uint64_t expires = (uint64_t)packet->created + packet->lifetime;

    if (packet->created > now && packet->created - now > MAX_AHEAD_SECONDS)
        return sp_fail(err, "sig-future",
                       "the signature is from the future (or the clock of "
                       "this machine is wrong)");
    if (packet->lifetime != 0 && expires < now)
        return sp_fail(err, "sig-expired", "the signature has expired");
    return 0;
}

_Static_assert(SP_SIG_MAX_BYTES < 8384, "a length of one or two bytes");

/* New format with the shortest length (RFC 4880 4.2.2). Returns its size. */
static size_t
put_packet_head(uint8_t *dst, size_t body_size)
{
    dst[0] = 0x80 | 0x40 | TAG_SIGNATURE;
    if (body_size < 192) {
        dst[1] = (uint8_t)body_size;
        return 2;
    }
    dst[1] = (uint8_t)((body_size - 192) / 256 + 192);
    dst[2] = (uint8_t)((body_size - 192) % 256);
    return 3;
}

size_t
sp_sigpacket_encode(const struct sp_sigpacket *packet, const uint8_t *blob,
                    const uint8_t left16[2], uint8_t *dst, size_t size)
{
    static const uint8_t issuer_head[2] = {1 + ISSUER_BYTES, SUB_ISSUER};
    bool add_issuer = packet->version == 4 && !packet->issuer_hashed;
    size_t hashed = packet->hashed_end - packet->body;
    size_t mpis = packet->end - packet->mpi;
    size_t unhashed = add_issuer ? sizeof(issuer_head) + ISSUER_BYTES : 0;
    size_t area = packet->version == 4 ? 2 + unhashed : 0;
    uint8_t *p = dst;

    if (hashed + area + 2 + mpis + 3 > size)
        return 0;
    p += put_packet_head(p, hashed + area + 2 + mpis);
    memcpy(p, blob + packet->body, hashed);
    p += hashed;
    if (packet->version == 4) {
        *p++ = 0;
        *p++ = (uint8_t)unhashed;
    }
    if (add_issuer) {
        memcpy(p, issuer_head, sizeof(issuer_head));
        memcpy(p + sizeof(issuer_head), packet->issuer, ISSUER_BYTES);
        p += unhashed;
    }
    memcpy(p, left16, 2);
    memcpy(p + 2, blob + packet->mpi, mpis);
    return (size_t)(p - dst) + 2 + mpis;
}
