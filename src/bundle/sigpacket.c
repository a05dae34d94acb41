/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bundle/sigpacket.h"

#include <string.h>

#include "bundle/cursor.h"

enum {
    TAG_SIGNATURE = 2,  /* RFC 4880 4.3 */
    TYPE_BINARY = 0x00, /* RFC 4880 5.2.1 */
    MAX_MPI_BITS = 8192,
    FINGERPRINT_BYTES = 20,
    ISSUER_BYTES = 8,
    MAX_USER_ID = 255,
    MAX_NOTATION = 128,
    MAX_AHEAD_SECONDS = 24 * 3600,
    V4_TAIL = 6,   /* of the trailer, behind what stands in the packet */
    V3_SIGNED = 5, /* type and time */
    V3_HEAD = 17,  /* from the version to the hash algorithm */
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

static uint32_t
big_endian(const uint8_t *p, size_t n)
{
    uint32_t value = 0;

    for (size_t i = 0; i < n; i++)
        value = value << 8 | p[i];
    return value;
}

/* A number of n bytes; false when there are fewer. */
static bool
take_number(struct sp_cursor *c, size_t n, uint32_t *ret)
{
    uint32_t value = 0;

    for (size_t i = 0; i < n; i++) {
        const uint8_t *p = sp_cursor_take(c, 1);

        if (!p)
            return false;
        value = value << 8 | *p;
    }
    *ret = value;
    return true;
}

/* Length of a body in new format (RFC 4880 4.2.2) and of subpackets, whose
 * two-byte form reaches further; `two_byte_end` is the first byte above. */
static bool
take_length(struct sp_cursor *c, unsigned two_byte_end, uint32_t *ret)
{
    uint32_t first = 0, second;

    (void)take_number(c, 1, &first); /* else it stays 0 */
    if (first < 192) {
        *ret = first;
        return true;
    }
    if (first < two_byte_end) {
        if (!take_number(c, 1, &second))
            return false;
        *ret = (first - 192) * 256 + second + 192;
        return true;
    }
    return first == 255 && take_number(c, 4, ret); /* else: a partial length */
}

/* Tag and length of the only packet; *c is its body afterwards. */
static int
open_packet(struct sp_cursor *c, struct sp_error *err)
{
    bool is_new, known;
    unsigned tag, form;
    uint32_t head = 0, length = 0;

    (void)take_number(c, 1, &head); /* else it stays 0 */
    if (!(head & 0x80))
        return sp_fail(err, "sig-packet",
                       "the signature is not a binary OpenPGP packet");
    is_new = head & 0x40;
    form = head & 3;
    tag = is_new ? head & 0x3F : (head >> 2) & 0x0F;
    if (tag != TAG_SIGNATURE)
        return sp_fail(err, "sig-packet-tag",
                       "OpenPGP packet %u instead of a signature", tag);
    if (is_new) {
        known = take_length(c, 224, &length);
    } else {
        known = form < 3;
        (void)take_number(c, 1u << form, &length); /* else it stays 0 */
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
is_salt(struct sp_cursor body)
{
    static const char *const names[] = {"salt@notations.sequoia-pgp.org",
                                        "salt@notations.openpgpjs.org"};
    size_t size = sp_cursor_size(&body);
    const uint8_t *head = sp_cursor_take(&body, 8);

    if (!head || size > MAX_NOTATION || big_endian(head, 4) != 0)
        return false;
    for (size_t i = 0; i < 2; i++) {
        struct sp_cursor rest = body;
        size_t len = strlen(names[i]);
        const uint8_t *name = sp_cursor_take(&rest, len);

        if (name && big_endian(head + 4, 2) == len &&
            big_endian(head + 6, 2) == sp_cursor_size(&rest) &&
            memcmp(name, names[i], len) == 0)
            return true;
    }
    return false;
}

struct subpacket {
    unsigned type;
    bool critical;
    struct sp_cursor body;
};

static int
take_subpacket(struct sp_cursor *area, struct subpacket *ret,
               struct sp_error *err)
{
    struct sp_cursor body = *area;
    uint32_t length = 0, type = 0;

    if (!take_length(area, 255, &length) ||
        !sp_cursor_part(area, length, &body) || !take_number(&body, 1, &type))
        return sp_fail(err, "sig-subpacket", "bad length of a subpacket");
    ret->type = type & (SUB_CRITICAL - 1u);
    ret->critical = type & SUB_CRITICAL;
    ret->body = body;
    return 0;
}

static int
refuse(const struct subpacket *sub, const char *area, struct sp_error *err)
{
    return sp_fail(err, "sig-subpacket", "%s subpacket %u refused", area,
                   sub->type);
}

/* The body, when it has exactly n bytes. */
static const uint8_t *
all_of(const struct subpacket *sub, size_t n)
{
    struct sp_cursor body = sub->body;

    return sp_cursor_size(&body) == n ? sp_cursor_take(&body, n) : NULL;
}

static bool
is_number(const struct subpacket *sub, uint32_t *ret)
{
    const uint8_t *body = all_of(sub, 4);

    if (body)
        *ret = big_endian(body, 4);
    return body;
}

/* Version 4 and the fingerprint, whose last bytes are the key id. */
static int
use_fingerprint(struct sp_sigpacket *packet, const struct subpacket *sub,
                bool *issuer_known, struct sp_error *err)
{
    const uint8_t *body = all_of(sub, 1 + FINGERPRINT_BYTES);

    if (!body || body[0] != 4)
        return refuse(sub, "hashed", err);
    packet->has_fingerprint = true;
    memcpy(packet->fingerprint, body + 1, FINGERPRINT_BYTES);
    return set_issuer(packet, issuer_known,
                      body + 1 + FINGERPRINT_BYTES - ISSUER_BYTES, err);
}

static int
use_subpacket(struct sp_sigpacket *packet, const struct subpacket *sub,
              bool *issuer_known, struct sp_error *err)
{
    const uint8_t *issuer;
    bool allowed = false;

    switch (sub->type) {
    case SUB_CREATED: allowed = is_number(sub, &packet->created); break;
    case SUB_LIFETIME: allowed = is_number(sub, &packet->lifetime); break;
    case SUB_NOTATION:
        allowed = !sub->critical && is_salt(sub->body);
        packet->has_salt = true;
        break;
    case SUB_USER_ID: /* not used */
        allowed = !sub->critical && sp_cursor_size(&sub->body) <= MAX_USER_ID;
        break;
    case SUB_ISSUER:
        issuer = all_of(sub, ISSUER_BYTES);
        packet->issuer_hashed = true;
        return issuer ? set_issuer(packet, issuer_known, issuer, err)
                      : refuse(sub, "hashed", err);
    case SUB_FINGERPRINT:
        return use_fingerprint(packet, sub, issuer_known, err);
    default: break;
    }
    return allowed ? 0 : refuse(sub, "hashed", err);
}

static int
read_hashed(struct sp_sigpacket *packet, struct sp_cursor area,
            bool *issuer_known, struct sp_error *err)
{
    uint64_t seen = 0; /* bit per type: all allowed ones are below 64 */

    while (sp_cursor_size(&area) > 0) {
        struct subpacket sub = {.body = area};

        if (take_subpacket(&area, &sub, err) < 0)
            return -1;
        if (sub.type >= 64 ||
            (sub.type != SUB_NOTATION && seen >> sub.type & 1))
            return refuse(&sub, "hashed", err);
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
read_unhashed(struct sp_sigpacket *packet, struct sp_cursor area,
              bool *issuer_known, struct sp_error *err)
{
    struct subpacket sub = {.body = area};
    const uint8_t *issuer;

    if (sp_cursor_size(&area) == 0)
        return 0;
    if (take_subpacket(&area, &sub, err) < 0)
        return -1;
    issuer = all_of(&sub, ISSUER_BYTES);
    if (sp_cursor_size(&area) > 0 || sub.type != SUB_ISSUER || sub.critical ||
        !issuer)
        return refuse(&sub, "unhashed", err);
    return set_issuer(packet, issuer_known, issuer, err);
}

/* Two bytes of length, then the area itself. */
static int
take_area(struct sp_cursor *c, struct sp_cursor *ret, struct sp_error *err)
{
    uint32_t length = 0;

    if (!take_number(c, 2, &length) || !sp_cursor_part(c, length, ret))
        return sp_fail(err, "sig-subpacket", "bad length of the subpackets");
    return 0;
}

/* `signed_part` begins with the version; *c stands behind the version. */
static int
read_v4(struct sp_sigpacket *packet, struct sp_cursor signed_part,
        struct sp_cursor *c, struct sp_error *err)
{
    struct sp_cursor hashed, unhashed;
    bool issuer_known = false;
    uint32_t fixed = 0;
    size_t size;

    (void)take_number(c, 3, &fixed); /* else it stays 0: no algorithm */
    hashed = unhashed = *c;
    if (set_algorithms(packet, fixed >> 16, fixed >> 8 & 0xFF, fixed & 0xFF,
                       err) < 0 ||
        take_area(c, &hashed, err) < 0)
        return -1;
    signed_part.stop = c->left;
    size = sp_cursor_copy(signed_part, packet->trailer, SP_SIG_MAX_BYTES);
    packet->trailer[size] = 4; /* RFC 4880 5.2.4 */
    packet->trailer[size + 1] = 0xFF;
    for (size_t i = 0; i < 4; i++)
        packet->trailer[size + 2 + i] = (uint8_t)(size >> (24 - 8 * i));
    packet->signed_size = size;
    packet->trailer_size = size + V4_TAIL;
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
read_v3(struct sp_sigpacket *packet, struct sp_cursor *c, struct sp_error *err)
{
    const uint8_t *fixed = sp_cursor_take(c, 16);

    if (!fixed)
        return sp_fail(err, "sig-packet-length", "the signature is too short");
    if (fixed[0] != V3_SIGNED)
        return sp_fail(err, "sig-version", "malformed version 3 signature");
    if (set_algorithms(packet, fixed[1], fixed[14], fixed[15], err) < 0)
        return -1;
    packet->created = big_endian(fixed + 2, 4);
    memcpy(packet->issuer, fixed + 6, ISSUER_BYTES);
    packet->trailer_size = V3_SIGNED;
    memcpy(packet->trailer, fixed + 1, V3_SIGNED);
    return 0;
}

static int
take_mpi(struct sp_cursor *c, uint16_t *ret_bits, struct sp_error *err)
{
    struct sp_cursor bytes = *c;
    uint32_t bits = 0, first = 0;

    /* An integer of no bits has no first byte. */
    if (!take_number(c, 2, &bits) || bits > MAX_MPI_BITS ||
        !sp_cursor_part(c, (bits + 7) / 8, &bytes) ||
        !take_number(&bytes, 1, &first) || first >> ((bits - 1) % 8) != 1)
        return sp_fail(err, "sig-mpi", "bad integer in the signature");
    *ret_bits = (uint16_t)bits;
    return 0;
}

static int
read_tail(struct sp_sigpacket *packet, struct sp_cursor *c,
          struct sp_error *err)
{
    const uint8_t *left16 = sp_cursor_take(c, 2);
    struct sp_cursor mpis;

    if (!left16)
        return sp_fail(err, "sig-packet-length", "the signature is too short");
    memcpy(packet->left16, left16, 2);
    mpis = *c;
    packet->mpi_count = packet->pubkey_algo == SP_PK_RSA ? 1 : 2;
    for (unsigned i = 0; i < packet->mpi_count; i++)
        if (take_mpi(c, &packet->mpi_bits[i], err) < 0)
            return -1;
    if (c->left > 0)
        return sp_fail(err, "sig-trailing",
                       "%zu bytes behind the integers of the signature",
                       c->left);
    packet->mpis_size = sp_cursor_copy(mpis, packet->mpis, SP_SIG_MPIS_MAX);
    return 0;
}

static int
parse(struct sp_cursor c, struct sp_sigpacket *ret_packet, struct sp_error *err)
{
    struct sp_sigpacket packet = {0};
    struct sp_cursor signed_part;
    uint32_t version = 0;

    if (c.left < SP_SIG_MIN_BYTES || c.left > SP_SIG_MAX_BYTES)
        return sp_fail(err, "sig-size", "signature of %zu bytes", c.left);
    if (open_packet(&c, err) < 0)
        return -1;
    signed_part = c;
    (void)take_number(&c, 1, &version); /* else it stays 0 */
    if (version != 3 && version != 4)
        return sp_fail(err, "sig-version", "signature of version %u", version);
    packet.version = (uint8_t)version;
    if ((version == 4 ? read_v4(&packet, signed_part, &c, err)
                      : read_v3(&packet, &c, err)) < 0 ||
        read_tail(&packet, &c, err) < 0)
        return -1;
    *ret_packet = packet;
    return 0;
}

int
sp_sigpacket_parse(const uint8_t *untrusted_blob, size_t size,
                   struct sp_sigpacket *ret_packet, struct sp_error *err)
{
    return parse(sp_cursor_over(untrusted_blob, size), ret_packet, err);
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

/* A buffer that is filled; what does not fit is dropped and remembered. */
struct sink {
    uint8_t *dst;
    size_t size, used;
    bool full;
};

static void
put(struct sink *sink, size_t byte)
{
    if (sink->used < sink->size)
        sink->dst[sink->used++] = (uint8_t)byte;
    else
        sink->full = true;
}

static void
put_bytes(struct sink *sink, const uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        put(sink, bytes[i]);
}

/* New format with the shortest length (RFC 4880 4.2.2); two bytes of it are
 * enough for SP_SIGPACKET_ENCODED_MAX. */
static void
put_packet_head(struct sink *sink, size_t body_size)
{
    put(sink, 0x80 | 0x40 | TAG_SIGNATURE);
    if (body_size < 192) {
        put(sink, body_size);
    } else {
        put(sink, (body_size - 192) / 256 + 192);
        put(sink, (body_size - 192) % 256);
    }
}

/* What is signed of the packet, from its version on. */
static void
put_signed_part(struct sink *sink, const struct sp_sigpacket *packet)
{
    if (packet->version == 4) {
        put_bytes(sink, packet->trailer, packet->signed_size);
        return;
    }
    put(sink, 3);
    put(sink, V3_SIGNED);
    put_bytes(sink, packet->trailer, V3_SIGNED);
    put_bytes(sink, packet->issuer, ISSUER_BYTES);
    put(sink, packet->pubkey_algo);
    put(sink, packet->hash_algo);
}

size_t
sp_sigpacket_encode(const struct sp_sigpacket *packet, const uint8_t left16[2],
                    uint8_t *dst, size_t size)
{
    struct sink sink = {.dst = dst, .size = size};
    bool is_v4 = packet->version == 4;
    size_t hashed = is_v4 ? packet->signed_size : V3_HEAD;
    size_t unhashed = is_v4 && !packet->issuer_hashed ? 2 + ISSUER_BYTES : 0;
    size_t area = is_v4 ? 2 + unhashed : 0;

    put_packet_head(&sink, hashed + area + 2 + packet->mpis_size);
    put_signed_part(&sink, packet);
    if (is_v4) {
        put(&sink, 0);
        put(&sink, unhashed);
    }
    if (unhashed > 0) {
        put(&sink, 1 + ISSUER_BYTES);
        put(&sink, SUB_ISSUER);
        put_bytes(&sink, packet->issuer, ISSUER_BYTES);
    }
    put_bytes(&sink, left16, 2);
    put_bytes(&sink, packet->mpis, packet->mpis_size);
    return sink.full || sink.used > SP_SIGPACKET_ENCODED_MAX ? 0 : sink.used;
}
