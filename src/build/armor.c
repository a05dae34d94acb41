/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build/armor.h"

#include <stdbool.h>

/* RFC 4880 6.1 */
#define CRC24_INIT 0xb704ceu
#define CRC24_POLY 0x1864cfbu

static const char begin_line[] = "-----BEGIN PGP SIGNATURE-----";
static const char end_line[] = "-----END PGP SIGNATURE-----";

/* Where the text goes, three bytes for every four characters. */
struct decoder {
    uint8_t *dst;
    size_t size, len;
    uint32_t bits;
    unsigned n_bits;
    bool padded, full;
};

static int
bad(struct sp_error *err, const char *what)
{
    return sp_fail(err, "sig-packet", "the armor of the signature %s", what);
}

static int
digit(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                 "abcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c ? strchr(digits, c) : NULL;

    return at ? (int)(at - digits) : -1;
}

/* False for a character that has no place there. */
static bool
decode_char(struct decoder *d, char c)
{
    int value = digit(c);

    if (c == '=') {
        d->padded = true;
        return true;
    }
    if (value < 0 || d->padded)
        return false;
    d->bits = d->bits << 6 | (uint32_t)value;
    d->n_bits += 6;
    if (d->n_bits < 8)
        return true;
    d->n_bits -= 8;
    if (d->len == d->size)
        d->full = true;
    else
        d->dst[d->len++] = (uint8_t)(d->bits >> d->n_bits);
    return true;
}

static bool
decode_line(struct decoder *d, const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!decode_char(d, s[i]))
            return false;
    return true;
}

static uint32_t
crc24(const uint8_t *data, size_t len)
{
    uint32_t crc = CRC24_INIT;

    for (size_t i = 0; i < len; i++) {
        crc ^= (uint32_t)data[i] << 16;
        for (unsigned bit = 0; bit < 8; bit++) {
            crc <<= 1;
            if (crc & 0x1000000u)
                crc ^= CRC24_POLY;
        }
    }
    return crc & 0xffffffu;
}

static bool
crc_is(const char *s, size_t len, uint32_t want)
{
    uint8_t bytes[3] = {0};
    struct decoder d = {.dst = bytes, .size = sizeof(bytes)};

    if (len != 4 || !decode_line(&d, s, len) || d.len != 3)
        return false;
    return ((uint32_t)bytes[0] << 16 | (uint32_t)bytes[1] << 8 | bytes[2]) ==
           want;
}

/* The next line without its end; false behind the last. */
static bool
next_line(const char **s, size_t *left, const char **ret, size_t *ret_len)
{
    const char *lf = memchr(*s, '\n', *left);
    size_t len = lf ? (size_t)(lf - *s) : *left;
    size_t step = lf ? len + 1 : len;

    if (*left == 0)
        return false;
    *ret = *s;
    *s += step;
    *left -= step;
    while (len > 0 && strchr(" \t\r", (*ret)[len - 1]))
        len--;
    *ret_len = len;
    return true;
}

static bool
line_is(const char *line, size_t len, const char *want)
{
    return len == strlen(want) && memcmp(line, want, len) == 0;
}

/* Behind the BEGIN line: headers, a blank line, then base64. */
static int
decode_block(const char *s, size_t left, struct decoder *d,
             struct sp_error *err)
{
    const char *line = NULL;
    bool has_crc = false;
    size_t len = 0;

    while (next_line(&s, &left, &line, &len) && len > 0)
        if (!memchr(line, ':', len))
            return bad(err, "has a line that is no header");
    while (next_line(&s, &left, &line, &len)) {
        if (line_is(line, len, end_line))
            return has_crc || d->len > 0 ? 0 : bad(err, "is empty");
        if (has_crc)
            return bad(err, "goes on behind its checksum");
        if (len > 0 && line[0] == '=') {
            has_crc = true;
            if (!crc_is(line + 1, len - 1, crc24(d->dst, d->len)))
                return bad(err, "has a wrong checksum");
        } else if (!decode_line(d, line, len)) {
            return bad(err, "is not base64");
        }
        if (d->full)
            return bad(err, "is too large");
    }
    return bad(err, "has no end");
}

int
sp_armor_decode(const char *untrusted, size_t len, uint8_t *dst, size_t size,
                size_t *ret_len, struct sp_error *err)
{
    struct decoder d = {.dst = dst, .size = size};
    const char *s = untrusted, *line = NULL;
    size_t left = len, n = 0;

    /* Every packet has the high bit in its first byte (RFC 4880 4.2). */
    if (len > 0 && ((unsigned char)s[0] & 0x80)) {
        if (len > size)
            return bad(err, "is too large");
        memcpy(dst, s, len);
        *ret_len = len;
        return 0;
    }
    while (next_line(&s, &left, &line, &n)) {
        if (!line_is(line, n, begin_line))
            continue;
        if (decode_block(s, left, &d, err) < 0)
            return -1;
        *ret_len = d.len;
        return 0;
    }
    return bad(err, "is not there: this is no signature");
}
