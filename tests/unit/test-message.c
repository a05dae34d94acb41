/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The framing of message files, byte for byte. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"
#include "ingest/message.h"
#include "tap.h"

static struct sp_sigpacket packet = {
    .hash_algo = SP_HASH_SHA256,
    .pubkey_algo = SP_PK_RSA,
    .issuer = {1, 2, 3, 4, 5, 6, 7, 8},
};

static void
test_prefix(void)
{
    static const uint8_t want[] = {
        0xc4, 13,   3,    0,    8,    1,    1,    2,   3, 4, 5, 6, 7, 8,
        1,    0xcb, 0xff, 0x00, 0x00, 0x01, 0x06, 'b', 0, 0, 0, 0, 0};
    uint8_t got[SP_MESSAGE_PREFIX_BYTES];

    tap_is_u64(sizeof(want), sizeof(got), "size of the prefix");
    sp_message_prefix(&packet, 256, got);
    tap_is_mem(got, want, sizeof(want), "prefix of 256 bytes, RSA, SHA-256");

    packet.hash_algo = SP_HASH_SHA512;
    packet.pubkey_algo = SP_PK_EDDSA;
    sp_message_prefix(&packet, 256, got);
    tap_ok(got[4] == 10 && got[5] == 22, "algorithms are those of the packet");
}

/* RFC 4880 4.2.2.3: four bytes, most significant first. */
static void
test_length(uint32_t size, const char *want)
{
    uint8_t got[SP_MESSAGE_PREFIX_BYTES];

    sp_message_prefix(&packet, size, got);
    tap_ok(got[16] == 0xff && memcmp(got + 17, want, 4) == 0,
           "literal of %" PRIu32 " bytes", size);
}

static void
put(int dirfd, const char *name, const void *bytes, size_t len)
{
    SP_AUTO_FD fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_EXCL, 0600);

    if (fd < 0 || sp_write_full(fd, bytes, len) < 0)
        abort();
}

static void
test_spoil(int dirfd)
{
    static uint8_t bytes[SP_MESSAGE_PREFIX_BYTES + 20000 + 300];
    SP_AUTO_FREE char *got = NULL;
    struct sp_error err = {0};
    size_t len = 0, differ = 0;

    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)(i * 7);
    put(dirfd, "a", bytes, sizeof(bytes));
    tap_ok(sp_message_spoil(dirfd, "a", "b", 19999, 7, &err) == 0, "a copy");
    tap_ok(sp_read_file(dirfd, "b", sizeof(bytes), &got, &len, &err) == 0 &&
               len == sizeof(bytes),
           "of the same size");
    for (size_t i = 0; i < len; i++)
        differ += (uint8_t)got[i] != bytes[i];
    tap_is_u64(differ, 1, "one byte differs");
    tap_ok((uint8_t)got[SP_MESSAGE_PREFIX_BYTES + 19999] ==
               (bytes[SP_MESSAGE_PREFIX_BYTES + 19999] ^ 0x80),
           "by the named bit of the header");
    tap_ok(sp_message_spoil(dirfd, "a", "b", 0, 0, &err) < 0,
           "nothing is overwritten");
    tap_ok(sp_message_spoil(dirfd, "none", "c", 0, 0, &err) < 0 &&
               strcmp(err.detail, "io") == 0,
           "a missing source is a fault");
}

int
main(void)
{
    char dir[] = "/tmp/sp-message.XXXXXX";
    int dirfd;

    test_prefix();
    test_length(0, "\0\0\0\6");
    test_length(185, "\0\0\0\277");
    test_length(186, "\0\0\0\300");
    test_length(8377, "\0\0\40\277");
    test_length(0x00ffffff, "\1\0\0\5");
    if (!mkdtemp(dir) || (dirfd = open(dir, O_RDONLY | O_DIRECTORY)) < 0)
        abort();
    test_spoil(dirfd);
    (void)unlinkat(dirfd, "a", 0);
    (void)unlinkat(dirfd, "b", 0);
    (void)unlinkat(dirfd, "c", 0);
    (void)close(dirfd);
    (void)rmdir(dir);
    return tap_done();
}
