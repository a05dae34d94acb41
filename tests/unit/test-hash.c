/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Digests over a libgcrypt that is old, wrong, or without memory. */
#include <gcrypt.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "build/hash.h"
#include "tests/unit/memory.h"
#include "tests/unit/tap.h"

static struct sp_error err;
static struct {
    bool old, wrong, aborts, no_open, no_copy;
} library;

const char *
gcry_check_version(const char *wanted)
{
    CALLS_TRUE(const char *, "gcry_check_version", const char *);

    return library.old ? NULL : call(wanted);
}

void
gcry_md_hash_buffer(int algo, void *digest, const void *bytes, size_t size)
{
    CALLS_TRUE(void, "gcry_md_hash_buffer", int, void *, const void *, size_t);

    if (library.aborts)
        abort();
    call(algo, digest, bytes, size);
    if (library.wrong)
        *(uint8_t *)digest ^= 1;
}

gcry_error_t
gcry_md_open(gcry_md_hd_t *ret, int algo, unsigned flags)
{
    CALLS_TRUE(gcry_error_t, "gcry_md_open", gcry_md_hd_t *, int, unsigned);

    return library.no_open ? gcry_error(GPG_ERR_ENOMEM)
                           : call(ret, algo, flags);
}

gcry_error_t
gcry_md_copy(gcry_md_hd_t *ret, gcry_md_hd_t from)
{
    CALLS_TRUE(gcry_error_t, "gcry_md_copy", gcry_md_hd_t *, gcry_md_hd_t);

    return library.no_copy ? gcry_error(GPG_ERR_ENOMEM) : call(ret, from);
}

static void
refused(int status, const char *word, const char *part)
{
    tap_ok(status < 0 && strcmp(err.detail, word) == 0 && strstr(err.msg, part),
           "'%s': %s", err.detail, err.msg);
    memset(&err, 0, sizeof(err));
}

/* In a child, whose standard error is `to`: how it ended. */
static int
ends_in_child(int to)
{
    int status = 0;
    pid_t pid = fork();

    if (pid == 0) {
        library.aborts = true;
        (void)dup2(to, STDERR_FILENO);
        if (to < 0)
            (void)close(STDERR_FILENO);
        _exit(sp_hash_prepare(&err) == 0 ? 0 : 99);
    }
    (void)waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void
test_aborts(void)
{
    char said[256] = "";
    int ends[2];

    if (pipe(ends) < 0)
        return;
    tap_is_u64((uint64_t)ends_in_child(ends[1]), SP_E_INTERNAL,
               "a library that aborts ends the program by its class");
    (void)close(ends[1]);
    (void)!read(ends[0], said, sizeof(said) - 1);
    (void)close(ends[0]);
    tap_ok(strstr(said, "libgcrypt cannot begin") != NULL, "which is said");
    tap_is_u64((uint64_t)ends_in_child(-1), SP_E_IO, "or could not be");
}

static void
test_library(void)
{
    static const enum sp_digest_algo algos[] = {
        SP_DIGEST_SHA256, SP_DIGEST_SHA384, SP_DIGEST_SHA512};
    SP_AUTO_HASH hash = {.handle = NULL};
    struct sp_digest digest, other;

    library.old = true;
    refused(sp_hash_prepare(&err), "internal", "older than");
    library.old = false;
    for (size_t i = 0; i < 3; i++) {
        library.wrong = true;
        refused(sp_hash_begin(&hash, algos[i], &err), "internal", "is wrong");
        library.wrong = false;
        library.no_open = true;
        refused(sp_hash_begin(&hash, algos[i], &err), "no-memory", "a digest");
        library.no_open = false;
        tap_ok(sp_hash_begin(&hash, algos[i], &err) == 0, "begins");
        sp_hash_add(&hash, "abc", 3);
        sp_hash_end(&hash, &digest);
        tap_ok(sp_hash_is(&hash, &digest), "its digest");
        library.no_copy = true;
        tap_ok(!sp_hash_is(&hash, &digest),
               "what cannot be looked at has no digest");
        library.no_copy = false;
        tap_ok(sp_hash_is(&hash, &digest), "but for that moment");
    }
    other = digest;
    other.algo = SP_DIGEST_SHA256;
    tap_ok(sp_digest_order(&other, &digest) < 0 &&
               sp_digest_order(&digest, &other) > 0,
           "SHA-256 before SHA-512");
}

int
main(void)
{
    test_aborts();
    test_library();
    return tap_done();
}
