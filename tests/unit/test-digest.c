/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The digests of packages, and a libgcrypt that cannot be trusted with them. */
#include "ingest/digest.h"

#include <stdarg.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "tests/unit/gcrypt.h"
#include "tests/unit/tap.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* What the library was told before its first digest. */
static unsigned told;

gcry_error_t
gcry_control(enum gcry_ctl_cmds command, ...)
{
    va_list args;
    int value;
    CALLS_TRUE(gcry_error_t, "gcry_control", enum gcry_ctl_cmds, ...);

    va_start(args, command);
    value = va_arg(args, int);
    va_end(args);
    if (value == 0 && command == GCRYCTL_DISABLE_SECMEM)
        told |= 1;
    if (value == 0 && command == GCRYCTL_INITIALIZATION_FINISHED)
        told |= 2;
    return call(command, value);
}

/* The rest of a SHA-2 and all of SHA-1: FIPS 180-4, examples. */
static const struct {
    unsigned slot, size;
    const char *abc;
} rows[] = {
    {SP_HASH_SHA1, 20, "a9993e364706816aba3e25717850c26c9cd0d89d"},
    {SP_HASH_SHA256, 32,
     "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {SP_HASH_SHA384, 48,
     "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
     "8086072ba1e7cc2358baeca134c825a7"},
    {SP_HASH_SHA512, 64,
     "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
     "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"},
    {SP_HASH_FILE, 32,
     "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {SP_HASH_STORED, 32,
     "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
};

/* In a child, as each worker begins anew. `part`: what it says; NULL: good. */
static bool
begins(const char *part)
{
    int status = 0;
    pid_t child = fork();

    if (child == 0) {
        struct sp_error err = {0};
        bool good = sp_digest_init(&err) == 0;

        _exit(part ? !(!good && strcmp(err.detail, "internal") == 0 &&
                       strstr(err.msg, part))
                   : !good);
    }
    return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

static void
test_library(void)
{
    char part[64];

    tap_ok(begins(NULL), "a library that is whole");
    calls_fail("gcry_check_version", 1);
    tap_ok(begins("older than"), "one that is too old");
    for (unsigned i = 0; i < COUNT(rows); i++) {
        calls_fail("gcry_md_open", i + 1);
        (void)snprintf(part, sizeof(part), "has no digest %u", rows[i].slot);
        tap_ok(begins(part), "one without digest %u", rows[i].slot);
        (void)snprintf(part, sizeof(part), "digest %u of libgcrypt is wrong",
                       rows[i].slot);
        for (gcrypt_wrong_at = 0; gcrypt_wrong_at < 8; gcrypt_wrong_at++) {
            calls_fail("gcry_md_read", i + 1);
            tap_ok(begins(part), "digest %u, byte %u is wrong", rows[i].slot,
                   gcrypt_wrong_at);
        }
    }
    calls_fault = NULL;
}

static void
test_digests(void)
{
    struct sp_error err = {0};
    char hex[129];

    if (!tap_ok(sp_digest_init(&err) == 0, "it begins"))
        return;
    tap_is_u64(told, 3, "there are no secrets, and that is all");
    for (size_t i = 0; i < COUNT(rows); i++) {
        sp_text_hex(hex, sp_digest(rows[i].slot, "abc", 3), rows[i].size);
        tap_is_str(hex, rows[i].abc, "digest %u", rows[i].slot);
    }
    /* All of them at once, in pieces, behind what was there before. */
    for (size_t i = 0; i < COUNT(rows); i++) {
        sp_digest_begin(rows[i].slot);
        sp_digest_add(rows[i].slot, "a", 1);
    }
    for (size_t i = 0; i < COUNT(rows); i++)
        sp_digest_add(rows[i].slot, "bc", 2);
    for (size_t i = 0; i < COUNT(rows); i++) {
        sp_text_hex(hex, sp_digest_end(rows[i].slot), rows[i].size);
        tap_is_str(hex, rows[i].abc, "digest %u runs beside the others",
                   rows[i].slot);
    }
}

int
main(void)
{
    test_library();
    test_digests();
    return tap_done();
}
