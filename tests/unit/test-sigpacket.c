/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bundle/sigpacket.h"

#include <stdlib.h>

#include "guard.h"
#include "tap.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- packets, put together from their parts -------------------------------
 */

struct bytes {
    uint8_t p[70000];
    size_t n;
};

static void
put(struct bytes *b, const void *data, size_t n)
{
    memcpy(b->p + b->n, data, n);
    b->n += n;
}

static void
put_u8(struct bytes *b, unsigned value)
{
    b->p[b->n++] = (uint8_t)value;
}

static void
put_u16(struct bytes *b, size_t value)
{
    put_u8(b, (unsigned)(value >> 8 & 0xff));
    put_u8(b, (unsigned)(value & 0xff));
}

/* A literal with its length; size 0 stands for "as in the good packet". */
struct part {
    const char *p;
    size_t n;
};

#define PART(text)                                                             \
    {                                                                          \
        text, sizeof(text) - 1                                                 \
    }
#define EMPTY                                                                  \
    {                                                                          \
        "", 0                                                                  \
    }

#define TIME "\x05\x02\x60\0\0\0"
#define CRITICAL_TIME "\x05\x82\x60\0\0\0"
#define ISSUER                                                                 \
    "\x09\x10"                                                                 \
    "ISSUERID"
#define OTHER_ISSUER                                                           \
    "\x09\x10"                                                                 \
    "OTHERKEY"
#define FINGERPRINT                                                            \
    "\x16\x21\x04"                                                             \
    "FINGERPRINTS"                                                             \
    "ISSUERID"
#define SALT_NAME "salt@notations.sequoia-pgp.org"
#define SALT_HEAD "\0\0\0\0\0\x1e\0\x08"
#define SALT "\x2f\x14" SALT_HEAD SALT_NAME "12345678"
#define SALT_2                                                                 \
    "\x2d\x14\0\0\0\0\0\x1c\0\x08salt@notations.openpgpjs.org"                 \
    "12345678"
#define MPI_9 "\0\x09\x01\xff"

struct shape {
    unsigned version, type, pubkey, hash;
    struct part hashed, unhashed, mpis;
};

static const struct shape good = {4,
                                  0,
                                  SP_PK_RSA,
                                  SP_HASH_SHA256,
                                  PART(TIME FINGERPRINT),
                                  PART(ISSUER),
                                  PART(MPI_9)};

static void
make_body(struct bytes *body, const struct shape *s)
{
    body->n = 0;
    put_u8(body, s->version);
    if (s->version == 3) {
        put_u8(body, 5);
        put_u8(body, s->type);
        put(body, "\x60\0\0\0ISSUERID", 12);
        put_u8(body, s->pubkey);
        put_u8(body, s->hash);
    } else {
        put_u8(body, s->type);
        put_u8(body, s->pubkey);
        put_u8(body, s->hash);
        put_u16(body, s->hashed.n);
        put(body, s->hashed.p, s->hashed.n);
        put_u16(body, s->unhashed.n);
        put(body, s->unhashed.p, s->unhashed.n);
    }
    put(body, "LR", 2);
    put(body, s->mpis.p, s->mpis.n);
}

/* Old format, two bytes of length: what gpg and rpm write. */
static void
make_packet(struct bytes *out, const struct shape *s)
{
    static struct bytes body;

    make_body(&body, s);
    out->n = 0;
    put_u8(out, 0x89);
    put_u16(out, body.n);
    put(out, body.p, body.n);
}

/* One byte too far ends the test. */
static const char *
judge(const uint8_t *bytes, size_t n, struct sp_sigpacket *packet)
{
    static struct sp_error err;

    if (sp_sigpacket_parse(guard_behind(bytes, n), n, packet, &err) < 0)
        return err.detail;
    return "ok";
}

static void
expect(const struct bytes *b, const char *detail, const char *what)
{
    static struct sp_sigpacket packet;

    tap_is_str(judge(b->p, b->n, &packet), detail, "%s", what);
}

/* ---- the good ones
 * ----------------------------------------------------------- */

static void
test_v4(void)
{
    static struct sp_sigpacket packet;
    static struct bytes b;
    static const char end[] = "\x04\xff\0\0\0\x23";

    make_packet(&b, &good);
    tap_is_str(judge(b.p, b.n, &packet), "ok", "version 4");
    tap_is_u64(packet.created, 0x60000000, "its time");
    tap_is_u64(packet.lifetime, 0, "no lifetime");
    tap_is_mem(packet.issuer, "ISSUERID", 8, "its issuer");
    tap_ok(packet.has_fingerprint && !packet.issuer_hashed && !packet.has_salt,
           "what it has");
    tap_is_mem(packet.fingerprint, "FINGERPRINTSISSUERID", 20, "fingerprint");
    tap_is_mem(packet.left16, "LR", 2, "left bytes of the digest");
    tap_is_u64(packet.mpi_count, 1, "one integer");
    tap_is_u64(packet.mpi_bits[0], 9, "of 9 bits");
    tap_is_u64(packet.trailer_size, 6 + 29 + 6, "size of the trailer");
    tap_is_mem(packet.trailer, b.p + 3, 35, "the trailer is the hashed part");
    tap_is_mem(packet.trailer + 35, end, 6, "with its length");
}

static void
test_v3(void)
{
    static struct sp_sigpacket packet;
    static struct bytes b;
    struct shape s = good;

    s.version = 3;
    make_packet(&b, &s);
    tap_is_str(judge(b.p, b.n, &packet), "ok", "version 3");
    tap_is_u64(packet.created, 0x60000000, "its time");
    tap_is_mem(packet.issuer, "ISSUERID", 8, "its issuer");
    tap_is_u64(packet.trailer_size, 5, "size of the trailer");
    tap_is_mem(packet.trailer, "\0\x60\0\0\0", 5, "type and time");
    s.pubkey = SP_PK_ECDSA;
    make_packet(&b, &s);
    expect(&b, "sig-pubkey-algo", "version 3 is for RSA only");
    make_packet(&b, &(struct shape){3, 0, 1, 8, EMPTY, EMPTY, PART(MPI_9)});
    b.p[4] = 6;
    expect(&b, "sig-version", "version 3 hashes five bytes");
    make_packet(&b, &(struct shape){3, 0, 1, 8, EMPTY, EMPTY, PART(MPI_9)});
    b.p[3] = 2;
    expect(&b, "sig-version", "version 2 in the form of 3");
}

/* ---- the contents
 * --------------------------------------------------------------- */

#define V4_RSA 4, 0, SP_PK_RSA, SP_HASH_SHA256

static const struct {
    const char *what, *detail;
    struct shape shape;
} shapes[] = {
    {"SHA-384", "ok", {4, 0, 1, 9, PART(TIME ISSUER), EMPTY, PART(MPI_9)}},
    {"SHA-512", "ok", {4, 0, 1, 10, PART(TIME ISSUER), EMPTY, PART(MPI_9)}},
    {"EdDSA",
     "ok",
     {4, 0, 22, 10, PART(TIME ISSUER), EMPTY, PART(MPI_9 MPI_9)}},
    {"ECDSA", "ok", {4, 0, 19, 8, PART(TIME ISSUER), EMPTY, PART(MPI_9 MPI_9)}},
    {"text signature",
     "sig-type",
     {4, 1, 1, 8, PART(TIME ISSUER), EMPTY, PART(MPI_9)}},
    {"stand-alone signature",
     "sig-type",
     {4, 2, 1, 8, PART(TIME ISSUER), EMPTY, PART(MPI_9)}},
    {"certification",
     "sig-type",
     {4, 0x10, 1, 8, PART(TIME ISSUER), EMPTY, PART(MPI_9)}},
    {"MD5",
     "sig-hash-algo",
     {4, 0, 1, 1, PART(TIME ISSUER), EMPTY, PART(MPI_9)}},
    {"SHA-1",
     "sig-hash-algo",
     {4, 0, 1, 2, PART(TIME ISSUER), EMPTY, PART(MPI_9)}},
    {"SHA-224",
     "sig-hash-algo",
     {4, 0, 1, 11, PART(TIME ISSUER), EMPTY, PART(MPI_9)}},
    {"RSA sign-only",
     "sig-pubkey-algo",
     {4, 0, 3, 8, PART(TIME ISSUER), EMPTY, PART(MPI_9)}},
    {"DSA",
     "sig-pubkey-algo",
     {4, 0, 17, 8, PART(TIME ISSUER), EMPTY, PART(MPI_9 MPI_9)}},
    {"DSA with SHA-1",
     "sig-pubkey-algo",
     {4, 0, 17, 2, PART(TIME ISSUER), EMPTY, PART(MPI_9 MPI_9)}},
    {"version 2",
     "sig-version",
     {2, 0, 1, 8, PART(TIME ISSUER), EMPTY, PART(MPI_9)}},
    {"version 5",
     "sig-version",
     {5, 0, 1, 8, PART(TIME ISSUER), EMPTY, PART(MPI_9)}},
    {"version 6",
     "sig-version",
     {6, 0, 1, 8, PART(TIME ISSUER), EMPTY, PART(MPI_9)}},

    {"critical time",
     "ok",
     {V4_RSA, PART(CRITICAL_TIME ISSUER), EMPTY, PART(MPI_9)}},
    {"salt of Sequoia",
     "ok",
     {V4_RSA, PART(CRITICAL_TIME SALT ISSUER), EMPTY, PART(MPI_9)}},
    {"salt of OpenPGP.js",
     "ok",
     {V4_RSA, PART(TIME SALT_2 ISSUER), EMPTY, PART(MPI_9)}},
    {"two salts",
     "ok",
     {V4_RSA, PART(TIME SALT SALT_2 ISSUER), EMPTY, PART(MPI_9)}},
    {"critical salt",
     "sig-subpacket",
     {V4_RSA, PART(TIME "\x2f\x94" SALT_HEAD SALT_NAME "12345678" ISSUER),
      EMPTY, PART(MPI_9)}},
    {"salt with the last flag",
     "sig-subpacket",
     {V4_RSA,
      PART(TIME "\x2f\x14\0\0\0\1\0\x1e\0\x08" SALT_NAME "12345678" ISSUER),
      EMPTY, PART(MPI_9)}},
    {"salt whose name is said to be shorter",
     "sig-subpacket",
     {V4_RSA,
      PART(TIME "\x2f\x14\0\0\0\0\0\x1d\0\x08" SALT_NAME "12345678" ISSUER),
      EMPTY, PART(MPI_9)}},
    {"notation shorter than its name",
     "sig-subpacket",
     {V4_RSA, PART(TIME "\x0e\x14\0\0\0\0\0\x1e\0\5hello" ISSUER), EMPTY,
      PART(MPI_9)}},
    {"human-readable salt",
     "sig-subpacket",
     {V4_RSA,
      PART(TIME "\x2f\x14\x80\0\0\0\0\x1e\0\x08" SALT_NAME "12345678" ISSUER),
      EMPTY, PART(MPI_9)}},
    {"another notation",
     "sig-subpacket",
     {V4_RSA,
      PART(TIME "\x2f\x14" SALT_HEAD "salt@notations.sequoia-pgp.com"
                "12345678" ISSUER),
      EMPTY, PART(MPI_9)}},
    {"notation shorter than it says",
     "sig-subpacket",
     {V4_RSA, PART(TIME "\x2e\x14" SALT_HEAD SALT_NAME "1234567" ISSUER), EMPTY,
      PART(MPI_9)}},
    {"user id",
     "ok",
     {V4_RSA,
      PART(TIME "\x03\x1c"
                "me" ISSUER),
      EMPTY, PART(MPI_9)}},
    {"critical user id",
     "sig-subpacket",
     {V4_RSA,
      PART(TIME "\x03\x9c"
                "me" ISSUER),
      EMPTY, PART(MPI_9)}},
    {"lifetime",
     "ok",
     {V4_RSA, PART(TIME "\x05\x03\0\0\0\x01" ISSUER), EMPTY, PART(MPI_9)}},
    {"unknown subpacket",
     "sig-subpacket",
     {V4_RSA, PART(TIME "\x02\x63\0" ISSUER), EMPTY, PART(MPI_9)}},
    {"the first type beyond the bits of a number",
     "sig-subpacket",
     {V4_RSA, PART(TIME "\x02\x40\0" ISSUER), EMPTY, PART(MPI_9)}},
    {"critical unknown subpacket",
     "sig-subpacket",
     {V4_RSA, PART(TIME "\x02\xe3\0" ISSUER), EMPTY, PART(MPI_9)}},
    {"policy URL",
     "sig-subpacket",
     {V4_RSA,
      PART(TIME "\x03\x1a"
                "x:" ISSUER),
      EMPTY, PART(MPI_9)}},
    {"embedded signature",
     "sig-subpacket",
     {V4_RSA,
      PART(TIME "\x03\x20"
                "xx" ISSUER),
      EMPTY, PART(MPI_9)}},
    {"two times",
     "sig-subpacket",
     {V4_RSA, PART(TIME TIME ISSUER), EMPTY, PART(MPI_9)}},
    {"time of 3 bytes",
     "sig-subpacket",
     {V4_RSA, PART("\x04\x02\x60\0\0" ISSUER), EMPTY, PART(MPI_9)}},
    {"time of 5 bytes",
     "sig-subpacket",
     {V4_RSA, PART("\x06\x02\x60\0\0\0\0" ISSUER), EMPTY, PART(MPI_9)}},
    {"two issuers",
     "sig-subpacket",
     {V4_RSA, PART(TIME ISSUER ISSUER), EMPTY, PART(MPI_9)}},
    {"issuer of 7 bytes",
     "sig-subpacket",
     {V4_RSA,
      PART(TIME "\x08\x10"
                "ISSUERI"),
      EMPTY, PART(MPI_9)}},
    {"fingerprint of version 5",
     "sig-subpacket",
     {V4_RSA,
      PART(TIME "\x16\x21\x05"
                "FINGERPRINTSISSUERID"),
      EMPTY, PART(MPI_9)}},
    {"subpacket of no bytes",
     "sig-subpacket",
     {V4_RSA, PART(TIME ISSUER "\0"), EMPTY, PART(MPI_9)}},
    {"subpacket longer than the area",
     "sig-subpacket",
     {V4_RSA,
      PART(TIME "\x0a\x10"
                "ISSUERID"),
      EMPTY, PART(MPI_9)}},
    {"no time", "sig-no-time", {V4_RSA, PART(ISSUER), EMPTY, PART(MPI_9)}},
    {"time only unhashed",
     "sig-no-time",
     {V4_RSA, PART(ISSUER), PART(TIME), PART(MPI_9)}},
    {"no issuer", "sig-no-issuer", {V4_RSA, PART(TIME), EMPTY, PART(MPI_9)}},
    {"issuer only unhashed",
     "ok",
     {V4_RSA, PART(TIME), PART(ISSUER), PART(MPI_9)}},
    {"the same issuer twice",
     "ok",
     {V4_RSA, PART(TIME ISSUER FINGERPRINT), PART(ISSUER), PART(MPI_9)}},
    {"fingerprint against unhashed issuer",
     "sig-issuer",
     {V4_RSA, PART(TIME FINGERPRINT), PART(OTHER_ISSUER), PART(MPI_9)}},
    {"fingerprint against hashed issuer",
     "sig-issuer",
     {V4_RSA, PART(TIME FINGERPRINT OTHER_ISSUER), EMPTY, PART(MPI_9)}},
    {"unhashed notation",
     "sig-subpacket",
     {V4_RSA, PART(TIME ISSUER), PART(SALT), PART(MPI_9)}},
    {"unhashed fingerprint",
     "sig-subpacket",
     {V4_RSA, PART(TIME ISSUER), PART(FINGERPRINT), PART(MPI_9)}},
    {"unhashed user id that is like the issuer",
     "sig-subpacket",
     {V4_RSA, PART(TIME ISSUER),
      PART("\x09\x1c"
           "ISSUERID"),
      PART(MPI_9)}},
    {"a byte behind the unhashed issuer",
     "sig-subpacket",
     {V4_RSA, PART(TIME), PART(ISSUER "\0"), PART(MPI_9)}},
    {"length of a subpacket in five bytes",
     "ok",
     {V4_RSA,
      PART(TIME "\xff\0\0\0\x09\x10"
                "ISSUERID"),
      EMPTY, PART(MPI_9)}},
    {"two unhashed issuers",
     "sig-subpacket",
     {V4_RSA, PART(TIME), PART(ISSUER ISSUER), PART(MPI_9)}},
    {"critical unhashed issuer",
     "sig-subpacket",
     {V4_RSA, PART(TIME),
      PART("\x09\x90"
           "ISSUERID"),
      PART(MPI_9)}},

    {"unhashed issuer of 7 bytes",
     "sig-subpacket",
     {V4_RSA, PART(TIME ISSUER),
      PART("\x08\x10"
           "ISSUERI"),
      PART(MPI_9)}},
    {"notation of 3 bytes",
     "sig-subpacket",
     {V4_RSA, PART(TIME ISSUER "\x04\x14\0\0\0"), EMPTY, PART(MPI_9)}},

    {"integer of no bits before a byte",
     "sig-mpi",
     {V4_RSA, PART(TIME ISSUER), EMPTY, PART("\0\0\x80")}},
    {"no integer", "sig-mpi", {V4_RSA, PART(TIME ISSUER), EMPTY, EMPTY}},
    {"integer 0", "sig-mpi", {V4_RSA, PART(TIME ISSUER), EMPTY, PART("\0\0")}},
    {"leading zero bit",
     "sig-mpi",
     {V4_RSA, PART(TIME ISSUER), EMPTY, PART("\0\x0a\x01\xff")}},
    {"bits above the count",
     "sig-mpi",
     {V4_RSA, PART(TIME ISSUER), EMPTY, PART("\0\x09\x03\xff")}},
    {"leading zero byte",
     "sig-mpi",
     {V4_RSA, PART(TIME ISSUER), EMPTY, PART("\0\x10\0\xff")}},
    {"65,535 bits",
     "sig-mpi",
     {V4_RSA, PART(TIME ISSUER), EMPTY, PART("\xff\xff\xff\xff")}},
    {"integer cut short",
     "sig-mpi",
     {V4_RSA, PART(TIME ISSUER), EMPTY, PART("\0\x09\x01")}},
    {"bytes behind the integer",
     "sig-trailing",
     {V4_RSA, PART(TIME ISSUER), EMPTY, PART(MPI_9 "x")}},
    {"two integers of RSA",
     "sig-trailing",
     {V4_RSA, PART(TIME ISSUER), EMPTY, PART(MPI_9 MPI_9)}},
    {"one integer of ECDSA",
     "sig-mpi",
     {4, 0, 19, 8, PART(TIME ISSUER), EMPTY, PART(MPI_9)}},
};

static void
test_shapes(void)
{
    static struct bytes b;

    for (size_t i = 0; i < COUNT(shapes); i++) {
        make_packet(&b, &shapes[i].shape);
        expect(&b, shapes[i].detail, shapes[i].what);
    }
}

/* ---- the framing
 * ------------------------------------------------------------------ */

/* `head` before the good body, of which `more` bytes are added or taken. */
static void
expect_framed(struct part head, int more, const char *detail, const char *what)
{
    static struct bytes body, b;

    make_body(&body, &good);
    b.n = 0;
    put(&b, head.p, head.n);
    put(&b, body.p, body.n);
    b.n = (size_t)((ptrdiff_t)b.n + more);
    expect(&b, detail, what);
}

static void
test_framing(void)
{
    static const struct {
        const char *what, *detail;
        struct part head;
        int more;
    } frames[] = {
        /* the good body has 53 bytes */
        {"old format, one byte", "ok", PART("\x88\x35"), 0},
        {"old format, two bytes", "ok", PART("\x89\0\x35"), 0},
        {"old format, four bytes", "ok", PART("\x8a\0\0\0\x35"), 0},
        {"old format, no length", "sig-packet-length", PART("\x8b"), 0},
        {"old format, no length and eight bytes", "sig-packet-length",
         PART("\x8b\0\0\0\0\0\0\0\x35"), 0},
        {"old format, the next packet", "sig-packet-tag", PART("\x8c\x35"), 0},
        {"new format, the next packet", "sig-packet-tag", PART("\xc3\x35"), 0},
        {"new format, one byte", "ok", PART("\xc2\x35"), 0},
        {"new format, five bytes", "ok", PART("\xc2\xff\0\0\0\x35"), 0},
        {"new format, partial", "sig-packet-length", PART("\xc2\xe5"), 0},
        {"new format, partial, then a length", "sig-packet-length",
         PART("\xc2\xfe\0\0\0\x35"), 0},
        {"length above the blob", "sig-packet-length", PART("\xc2\x36"), 0},
        {"length of 4 GiB", "sig-packet-length",
         PART("\xc2\xff\xff\xff\xff\xff"), 0},
        {"junk behind the packet", "sig-trailing", PART("\x88\x35"), 3},
        {"a length that is too short", "sig-trailing", PART("\x88\x34"), 0},
        {"a byte less", "sig-packet-length", PART("\x88\x35"), -1},
        {"armor", "sig-packet", PART("-----BEGIN PGP SIGNATURE-----\n"), 0},
        {"compressed packet", "sig-packet-tag", PART("\xa3"), 0},
        {"marker packet first", "sig-packet-tag", PART("\xca\x03PGP\x88\x35"),
         0},
        {"literal packet first", "sig-packet-tag", PART("\xcb\x06"), 0},
        {"one-pass packet first", "sig-packet-tag", PART("\x90\x0d"), 0},
        {"private packet", "sig-packet-tag", PART("\xfc\x35"), 0},
    };

    for (size_t i = 0; i < COUNT(frames); i++)
        expect_framed(frames[i].head, frames[i].more, frames[i].detail,
                      frames[i].what);
}

/*
 * The hashed area says to be longer than the packet. Read from its length on,
 * and what follows once more as unhashed area and integer, all of it would be
 * right: only the length is wrong.
 */
static void
test_area_beyond(void)
{
    static const char packet[] =
        "\xc2\x9a\4\0\1\x8"
        "\5\2\0\xa\x9\x10"
        "\x9\x10\x9\x10\x9\x10\x9\x10\x9\x10"
        "\4\x1c\x8\0\0"
        "\x80\x14\0\0\0\0\0\x1e\0\x59" SALT_NAME
        "0123456789012345678901234567890123456789"
        "0123456789012345678901234567890123456789012345678";
    static struct bytes b;

    put(&b, packet, sizeof(packet) - 1);
    tap_is_u64(b.n, 2 + 154, "a packet of 154 bytes");
    expect(&b, "sig-subpacket", "an area that goes beyond the packet");
}

/* Hashed area: a user id of 255 bytes is the longest, in a two-byte length. */
static void
test_lengths(void)
{
    static struct bytes area, b;
    struct shape s = good;

    area.n = 0;
    put(&area, TIME ISSUER "\xc0\x40\x1c", 6 + 10 + 3);
    memset(area.p + area.n, 'u', 255);
    area.n += 255;
    s.hashed = (struct part){(const char *)area.p, area.n};
    s.unhashed = (struct part)EMPTY;
    make_packet(&b, &s);
    expect(&b, "ok", "user id of 255 bytes");
    area.p[17] = 0x41;
    area.p[area.n++] = 'u';
    s.hashed.n++;
    make_packet(&b, &s);
    expect(&b, "sig-subpacket", "user id of 256 bytes");
}

/* A salt fills the 128 bytes of a notation, or has one more. */
static void
test_long_salt(void)
{
    static struct bytes area, b;
    struct shape s = good;

    for (unsigned salt = 90; salt <= 91; salt++) {
        area.n = 0;
        put(&area, TIME ISSUER, 16);
        put_u8(&area, 1 + 8 + 30 + salt);
        put(&area, "\x14\0\0\0\0\0\x1e\0", 8);
        put_u8(&area, salt);
        put(&area, SALT_NAME, 30);
        area.n += salt;
        s.hashed = (struct part){(const char *)area.p, area.n};
        s.unhashed = (struct part)EMPTY;
        make_packet(&b, &s);
        expect(&b, salt == 90 ? "ok" : "sig-subpacket",
               salt == 90 ? "notation of 128 bytes" : "one byte more");
    }
}

static void
test_long_integer(void)
{
    static struct bytes mpi, b;
    struct shape s = good;

    for (unsigned bits = 8192; bits <= 8193; bits++) {
        mpi.n = 0;
        put_u16(&mpi, bits);
        put_u8(&mpi, bits == 8192 ? 0x80 : 1);
        mpi.n += (bits + 7) / 8 - 1;
        s.mpis = (struct part){(const char *)mpi.p, mpi.n};
        make_packet(&b, &s);
        expect(&b, bits == 8192 ? "ok" : "sig-mpi",
               bits == 8192 ? "8192 bits" : "one bit more");
    }
}

static void
test_sizes(void)
{
    static struct bytes area, b;
    static struct sp_sigpacket packet;
    struct shape s = good;
    unsigned accepted = 0;

    area.n = 60000; /* zeros: the size alone decides */
    s.unhashed = (struct part){(const char *)area.p, area.n};
    make_packet(&b, &s);
    expect(&b, "sig-size", "60 kB of unhashed subpackets");
    b.n = 9;
    expect(&b, "sig-size", "9 bytes");
    make_packet(&b, &good);
    for (size_t n = 0; n < b.n; n++)
        accepted += strcmp(judge(b.p, n, &packet), "ok") == 0;
    tap_is_u64(accepted, 0, "no shorter blob is a packet");
    b.p[b.n] = 0;
    tap_is_str(judge(b.p, b.n + 1, &packet), "sig-trailing", "nor a longer");
}

/* Inner lengths cut with the packet: each must end in a refusal. */
static void
test_cut_bodies(void)
{
    static struct bytes body, b;
    static struct sp_sigpacket packet;
    unsigned accepted = 0;

    for (unsigned version = 3; version <= 4; version++) {
        struct shape s = good;

        s.version = version;
        make_body(&body, &s);
        for (size_t n = 8; n < body.n; n++) {
            b.n = 0;
            put_u8(&b, 0xc2);
            put_u8(&b, (unsigned)n);
            put(&b, body.p, n);
            accepted += strcmp(judge(b.p, b.n, &packet), "ok") == 0;
        }
    }
    tap_is_u64(accepted, 0, "no shorter body is a signature");
}

/* Bodies of ten bytes and more that end where something must follow. */
static void
test_early_ends(void)
{
    static const struct {
        const char *what, *detail;
        struct part body;
    } ends[] = {
        {"version 3 without its hash", "sig-packet-length",
         PART("\3\5\0\x60\0\0\0ISSUERID\1")},
        {"version 3 and nothing else", "sig-packet-length",
         PART("\3\5\0\x60\0\0\0I")},
        {"hashed area beyond the end", "sig-subpacket",
         PART("\4\0\1\x8\0\x40" TIME)},
        {"unhashed area beyond the end", "sig-subpacket",
         PART("\4\0\1\x8\0\6" TIME "\0\x40LR")},
        {"no unhashed area", "sig-subpacket", PART("\4\0\1\x8\0\6" TIME)},
    };
    static struct bytes b;

    for (size_t i = 0; i < COUNT(ends); i++) {
        b.n = 0;
        put_u8(&b, 0xc2);
        put_u8(&b, (unsigned)ends[i].body.n);
        put(&b, ends[i].body.p, ends[i].body.n);
        expect(&b, ends[i].detail, ends[i].what);
    }
}

/* Areas whose subpackets do not end with them. */
static void
test_bad_areas(void)
{
    static const struct {
        const char *what;
        struct part hashed, unhashed;
    } areas[] = {
        {"half a length", PART(TIME FINGERPRINT "\xc0"), PART("")},
        {"a length of a length", PART(TIME FINGERPRINT "\xff\0"), PART("")},
        {"an empty subpacket", PART(TIME FINGERPRINT "\0"), PART("")},
        {"a cut subpacket", PART(TIME FINGERPRINT "\x05\x03\0"), PART("")},
        {"a cut issuer", PART(TIME FINGERPRINT), PART("\x09\x10ISSU")},
        {"an empty one, not signed", PART(TIME FINGERPRINT), PART("\0")},
        {"a short fingerprint",
         PART(TIME ISSUER "\x15\x21\x04"
                          "FINGERPRINTS"
                          "ISSUERI"),
         PART("")},
        {"a short notation", PART(TIME FINGERPRINT "\5\x14\0\0\0\0"), PART("")},
        {"a notation cut in its name",
         PART(TIME FINGERPRINT "\x0c\x14\0\0\0\0\0\x1e\0\x08sal"), PART("")},
    };
    static struct bytes b;

    for (size_t i = 0; i < COUNT(areas); i++) {
        struct shape s = good;

        s.hashed = areas[i].hashed;
        s.unhashed = areas[i].unhashed;
        make_packet(&b, &s);
        expect(&b, "sig-subpacket", areas[i].what);
    }
}

/* ---- tag, time, canonical form
 * ---------------------------------------------------- */

static void
test_tag(void)
{
    static struct sp_sigpacket packet;
    struct sp_error err = {0};

    packet.pubkey_algo = SP_PK_RSA;
    tap_ok(sp_sigpacket_tag(&packet, 268, &err) == 0, "RSA in 268");
    tap_ok(sp_sigpacket_tag(&packet, 267, &err) < 0, "RSA not in 267");
    tap_is_str(err.detail, "sig-tag-algo", "has its word");
    packet.pubkey_algo = SP_PK_EDDSA;
    tap_ok(sp_sigpacket_tag(&packet, 267, &err) == 0, "EdDSA in 267");
    tap_ok(sp_sigpacket_tag(&packet, 268, &err) < 0, "EdDSA not in 268");
}

static const char *
time_word(uint32_t created, uint32_t lifetime, uint64_t now)
{
    static struct sp_sigpacket packet;
    static struct sp_error err;

    packet.created = created;
    packet.lifetime = lifetime;
    return sp_sigpacket_time(&packet, now, &err) < 0 ? err.detail : "ok";
}

static void
test_time(void)
{
    tap_is_str(time_word(1000, 0, 5000), "ok", "from the past");
    tap_is_str(time_word(90000, 0, 3600), "ok", "24 hours ahead");
    tap_is_str(time_word(90001, 0, 3600), "sig-future", "a second more");
    tap_is_str(time_word(1000, 1, 1001), "ok", "its last second");
    tap_is_str(time_word(1000, 1, 1002), "sig-expired", "a second later");
    tap_is_str(time_word(UINT32_MAX, UINT32_MAX, UINT32_MAX), "ok",
               "the sum does not overflow");
}

/* Encodes what was parsed; the canonical form is its own canonical form. */
static void
encode(const struct shape *s, struct bytes *out, const char *what)
{
    static struct sp_sigpacket packet;
    static struct bytes b, again;

    make_packet(&b, s);
    tap_is_str(judge(b.p, b.n, &packet), "ok", "%s", what);
    out->n = sp_sigpacket_encode(&packet, (const uint8_t *)"XY", out->p,
                                 SP_SIGPACKET_ENCODED_MAX);
    tap_is_u64(sp_sigpacket_encode(&packet, (const uint8_t *)"XY", again.p,
                                   out->n - 2),
               0, "not into less room");
    tap_is_str(judge(out->p, out->n, &packet), "ok", "the encoded one");
    again.n = sp_sigpacket_encode(&packet, (const uint8_t *)"XY", again.p,
                                  SP_SIGPACKET_ENCODED_MAX);
    tap_ok(again.n == out->n && memcmp(again.p, out->p, out->n) == 0,
           "is its own canonical form");
}

static void
test_encode(void)
{
    static struct bytes with, without, wanted, v3;
    struct shape s = good;

    encode(&s, &with, "unhashed issuer");
    s.unhashed = (struct part)EMPTY;
    encode(&s, &without, "no unhashed issuer");
    tap_ok(with.n == without.n && memcmp(with.p, without.p, with.n) == 0,
           "the unhashed area does not matter");
    wanted.n = 0;
    put(&wanted, "\xc2\x35\x04\0\x01\x08\0\x1d", 8);
    put(&wanted, TIME FINGERPRINT, 29);
    put(&wanted, "\0\x0a" ISSUER "XY" MPI_9, 2 + 10 + 2 + 4);
    tap_ok(with.n == wanted.n && memcmp(with.p, wanted.p, with.n) == 0,
           "byte by byte");
    s.hashed = (struct part)PART(TIME ISSUER);
    s.unhashed = (struct part)PART(ISSUER);
    encode(&s, &with, "hashed issuer");
    wanted.n = 0;
    put(&wanted, "\xc2\x1e\x04\0\x01\x08\0\x10" TIME ISSUER, 8 + 16);
    put(&wanted, "\0\0XY" MPI_9, 8);
    tap_ok(with.n == wanted.n && memcmp(with.p, wanted.p, with.n) == 0,
           "needs no other one");
    s.version = 3;
    encode(&s, &v3, "version 3");
    tap_is_mem(v3.p, "\xc2\x17\x03\x05\0\x60\0\0\0ISSUERID\x01\x08XY" MPI_9, 25,
               "byte by byte");
}

/* A packet that no parser has passed: longer than one can be. */
static void
test_encode_too_much(void)
{
    static struct sp_sigpacket packet = {.version = 4, .issuer_hashed = true};
    static uint8_t out[2 * SP_SIGPACKET_ENCODED_MAX];
    const size_t framing = 3 + 2 + 2; /* length, unhashed area, digest */

    packet.mpis_size = SP_SIG_MPIS_MAX;
    packet.signed_size = SP_SIGPACKET_ENCODED_MAX - framing - packet.mpis_size;
    tap_is_u64(
        sp_sigpacket_encode(&packet, (const uint8_t *)"XY", out, sizeof(out)),
        SP_SIGPACKET_ENCODED_MAX, "the longest that is written");
    packet.signed_size++;
    tap_is_u64(
        sp_sigpacket_encode(&packet, (const uint8_t *)"XY", out, sizeof(out)),
        0, "and one byte more, for which there would be room");
}

/* ---- bodies of a given size -----------------------------------------------
 */

/* A body of n bytes, whose issuer is signed: salts, and the integer fills it.
 */
static void
make_sized(struct bytes *body, size_t n)
{
    static struct bytes area, mpi;
    struct shape s = good;
    size_t salts = n > 1000 ? (n - 1000) / 130 + 1 : 0, left;

    area.n = mpi.n = 0;
    put(&area, TIME ISSUER, 16);
    for (size_t i = 0; i < salts; i++) {
        put(&area, "\x81\x14\0\0\0\0\0\x1e\0\x5a" SALT_NAME, 40);
        area.n += 90;
    }
    left = n - (4 + 2 + area.n + 2 + 2 + 2);
    put_u16(&mpi, 8 * left);
    put_u8(&mpi, 0x80);
    mpi.n += left - 1;
    s.hashed = (struct part){(const char *)area.p, area.n};
    s.unhashed = (struct part)EMPTY;
    s.mpis = (struct part){(const char *)mpi.p, mpi.n};
    make_body(body, &s);
}

static const struct {
    size_t size;
    struct part head;
} sized[] = {
    {100, PART("\xc2\x64")},      {191, PART("\xc2\xbf")},
    {192, PART("\xc2\xc0\0")},    {193, PART("\xc2\xc0\1")},
    {447, PART("\xc2\xc0\xff")},  {448, PART("\xc2\xc1\0")},
    {449, PART("\xc2\xc1\1")},    {1000, PART("\xc2\xc3\x28")},
    {4321, PART("\xc2\xd0\x21")}, {8128, PART("\xc2\xdf\0")},
    {8189, PART("\xc2\xdf\x3d")},
};

/* The length of the packet in each form; the canonical one is the shortest. */
static void
test_packet_lengths(void)
{
    static struct bytes body, b, out;
    static struct sp_sigpacket packet;

    for (size_t i = 0; i < COUNT(sized); i++) {
        const size_t n = sized[i].size;
        struct part head = sized[i].head;

        make_sized(&body, n);
        tap_is_u64(body.n, n, "a body of %zu bytes", n);
        b.n = 0;
        put(&b, head.p, head.n);
        put(&b, body.p, body.n);
        tap_is_str(judge(b.p, b.n - 1, &packet), "sig-packet-length",
                   "a byte less than said");
        if (b.n + 1 <= SP_SIG_MAX_BYTES)
            tap_is_str(judge(b.p, b.n + 1, &packet), "sig-trailing",
                       "a byte more");
        tap_is_str(judge(b.p, b.n, &packet), "ok", "just as many");
        out.n = sp_sigpacket_encode(&packet, packet.left16, out.p,
                                    SP_SIGPACKET_ENCODED_MAX);
        tap_ok(out.n == b.n && memcmp(out.p, b.p, b.n) == 0,
               "the canonical form has the same head");
        tap_is_u64(sp_sigpacket_encode(&packet, packet.left16, out.p, b.n), b.n,
                   "there is room to the byte");
        tap_is_u64(sp_sigpacket_encode(&packet, packet.left16, out.p, b.n - 1),
                   0, "and none for one byte more");
    }
}

static void
test_largest(void)
{
    static struct bytes body, b;
    static struct sp_sigpacket packet;

    for (unsigned more = 0; more < 2; more++) {
        make_sized(&body, SP_SIG_MAX_BYTES - 3 + more);
        b.n = 0;
        put_u8(&b, 0x89);
        put_u16(&b, body.n);
        put(&b, body.p, body.n);
        tap_is_str(judge(b.p, b.n, &packet), more ? "sig-size" : "ok",
                   "a signature of %zu bytes", b.n);
    }
}

/* Above the two bytes of a length: a byte that means something else. */
static void
test_partial_length(void)
{
    static struct bytes body, b;

    make_sized(&body, 8100);
    b.n = 0;
    put(&b, "\xc2\xe0\0", 3);
    put(&b, body.p, body.n);
    expect(&b, "sig-packet-length", "the first partial length");
}

/* The trailer ends with how much of the packet was signed. */
static void
test_trailer_size(void)
{
    static struct bytes body, b;
    static struct sp_sigpacket packet;
    size_t n = 6000, hashed;
    uint8_t end[6] = {4, 0xff, 0, 0, 0, 0};

    make_sized(&body, n);
    b.n = 0;
    put_u8(&b, 0x89);
    put_u16(&b, body.n);
    put(&b, body.p, body.n);
    tap_is_str(judge(b.p, b.n, &packet), "ok", "much that is signed");
    hashed = 6 + ((size_t)body.p[4] << 8 | body.p[5]);
    end[4] = (uint8_t)(hashed >> 8);
    end[5] = (uint8_t)hashed;
    tap_is_u64(packet.trailer_size, hashed + 6, "the size of the trailer");
    tap_is_mem(packet.trailer, body.p, hashed, "what was signed");
    tap_is_mem(packet.trailer + hashed, end, 6, "and how much");
    tap_ok(packet.has_salt, "the packet has a salt");
}

int
main(void)
{
    test_packet_lengths();
    test_largest();
    test_partial_length();
    test_trailer_size();
    test_v4();
    test_v3();
    test_shapes();
    test_framing();
    test_area_beyond();
    test_lengths();
    test_long_salt();
    test_long_integer();
    test_sizes();
    test_cut_bodies();
    test_early_ends();
    test_bad_areas();
    test_tag();
    test_time();
    test_encode();
    test_encode_too_much();
    return tap_done();
}
