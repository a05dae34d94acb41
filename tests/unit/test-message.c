/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The framing of message files, byte for byte. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
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
    tap_ok(sp_message_spoil(dirfd, "a", "b", 0, 0, &err) < 0 &&
               err.sys == EEXIST,
           "nothing is overwritten");
    tap_ok(sp_message_spoil(dirfd, "none", "c", 0, 0, &err) < 0 &&
               strcmp(err.detail, "io") == 0 && err.sys == ENOENT,
           "a missing source is a fault");
}

/* The changed byte is of the first piece that is copied, or of none. */
static void
test_spoil_places(int dirfd)
{
    static const uint8_t bytes[SP_MESSAGE_PREFIX_BYTES + 20000];
    SP_AUTO_FREE char *got = NULL;
    struct sp_error err = {0};
    struct stat st;
    size_t len = 0, differ = 0;

    put(dirfd, "d", bytes, sizeof(bytes));
    tap_ok(sp_message_spoil(dirfd, "d", "e", 0, 8, &err) == 0 &&
               sp_read_file(dirfd, "e", sizeof(bytes), &got, &len, &err) == 0 &&
               len == sizeof(bytes),
           "another copy");
    for (size_t i = 0; i < len; i++)
        differ += got[i] != 0;
    tap_ok(differ == 1 && got[SP_MESSAGE_PREFIX_BYTES] == 1,
           "bit 8 is the lowest of the first byte");
    tap_ok(fstatat(dirfd, "e", &st, 0) == 0 && (st.st_mode & 07777) == 0600,
           "nobody else can read it");
    tap_ok(sp_message_spoil(dirfd, "d", "f", 20000, 0, &err) == 0 &&
               fstatat(dirfd, "f", &st, 0) == 0 &&
               st.st_size == (off_t)sizeof(bytes),
           "behind its end there is nothing to change");
}

static void
test_spoil_faults(int dirfd)
{
    static const uint8_t bytes[SP_MESSAGE_PREFIX_BYTES + 20000];
    struct sp_error err = {0};
    struct rlimit all, none;
    int status;

    put(dirfd, "g", bytes, sizeof(bytes));
    (void)signal(SIGXFSZ, SIG_IGN);
    if (getrlimit(RLIMIT_FSIZE, &all) < 0)
        abort();
    none = (struct rlimit){0, all.rlim_max};
    if (setrlimit(RLIMIT_FSIZE, &none) < 0)
        abort();
    status = sp_message_spoil(dirfd, "g", "h", 0, 0, &err);
    if (setrlimit(RLIMIT_FSIZE, &all) < 0)
        abort();
    tap_ok(status < 0 && strcmp(err.detail, "io") == 0 && err.sys == EFBIG,
           "a copy for which there is no room is a fault");
    err = (struct sp_error){0};
    tap_ok(sp_message_spoil(dirfd, ".", "i", 0, 0, &err) < 0 &&
               strcmp(err.detail, "io") == 0 && err.sys == EISDIR,
           "so is a source that cannot be read");
}

int
main(void)
{
    static const char *const names[] = {"a", "b", "c", "d", "e",
                                        "f", "g", "h", "i"};
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
    test_spoil_places(dirfd);
    test_spoil_faults(dirfd);
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        (void)unlinkat(dirfd, names[i], 0);
    (void)close(dirfd);
    (void)rmdir(dir);
    return tap_done();
}
