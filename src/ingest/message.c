/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ingest/message.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"

/* RFC 4880 4.2.2: new packet format, tag in the low six bits. */
enum { TAG_ONE_PASS = 0xc0 | 4, TAG_LITERAL = 0xc0 | 11 };
/* RFC 4880 4.2.2.3: a four-byte length follows. */
enum { LENGTH_OF_FOUR = 0xff };
/* RFC 4880 5.4. */
enum { ONE_PASS_VERSION = 3, BINARY_DOCUMENT = 0x00, LAST_ONE_PASS = 1 };
/* Literal body before the data: format, name length 0, date 0 (5.9). */
enum { LITERAL_FIELDS = 6 };

static uint8_t *
put_u32(uint8_t *p, uint32_t value)
{
    *p++ = (uint8_t)(value >> 24);
    *p++ = (uint8_t)(value >> 16);
    *p++ = (uint8_t)(value >> 8);
    *p++ = (uint8_t)value;
    return p;
}

void
sp_message_prefix(const struct sp_sigpacket *packet, uint32_t header_size,
                  uint8_t dst[SP_MESSAGE_PREFIX_BYTES])
{
    uint8_t *p = dst;

    *p++ = TAG_ONE_PASS;
    *p++ = SP_ONE_PASS_BYTES - 2;
    *p++ = ONE_PASS_VERSION;
    *p++ = BINARY_DOCUMENT;
    *p++ = packet->hash_algo;
    *p++ = packet->pubkey_algo;
    memcpy(p, packet->issuer, sizeof(packet->issuer));
    p += sizeof(packet->issuer);
    *p++ = LAST_ONE_PASS;

    *p++ = TAG_LITERAL;
    *p++ = LENGTH_OF_FOUR;
    p = put_u32(p, header_size + LITERAL_FIELDS);
    *p++ = 'b';
    *p++ = 0;
    (void)put_u32(p, 0);
}

/* Copies the rest of `in`; the byte at offset `at` is changed by `mask`. */
static int
copy_spoiled(int in, int out, uint64_t at, uint8_t mask)
{
    uint8_t buf[8192];
    uint64_t offset = 0;
    ssize_t n;

    while ((n = sp_read_some(in, buf, sizeof(buf))) > 0) {
        if (at >= offset && at - offset < (uint64_t)n)
            buf[at - offset] ^= mask;
        if (sp_write_full(out, buf, (size_t)n) < 0)
            return -1;
        offset += (uint64_t)n;
    }
    return n < 0 ? -1 : 0;
}

int
sp_message_spoil(int dirfd, const char *from, const char *to, uint32_t at,
                 unsigned bit, struct sp_error *err)
{
    SP_AUTO_FD in = openat(dirfd, from, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    SP_AUTO_FD out = openat(dirfd, to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
                            S_IRUSR | S_IWUSR);

    if (in < 0 || out < 0 ||
        copy_spoiled(in, out, (uint64_t)at + SP_MESSAGE_PREFIX_BYTES,
                     (uint8_t)(1u << (bit & 7))) < 0)
        return sp_fail_sys(err, errno, "io", "cannot copy a message file");
    return 0;
}
