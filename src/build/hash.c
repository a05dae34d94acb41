/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build/hash.h"

#include <gcrypt.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

/* With the digest of "abc" (FIPS 180-4, examples). */
static const struct {
    int id;
    const char *known;
} algos[] = {
    [SP_DIGEST_SHA256] =
        {GCRY_MD_SHA256,
         "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f200"
         "15ad"},
    [SP_DIGEST_SHA384] =
        {GCRY_MD_SHA384,
         "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff"
         "5bed8086072ba1e7cc2358baeca134c825a7"},
    [SP_DIGEST_SHA512] =
        {GCRY_MD_SHA512,
         "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55"
         "d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94f"
         "a54ca49f"},
};

/* The library aborts when it has not what it needs to begin. */
static void
on_abort(int number)
{
    static const char text[] = "sallyport-builder: libgcrypt cannot begin, "
                               "mostly for want of memory (internal, "
                               "no-memory)\n";

    (void)number;
    if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
        _exit(SP_E_IO);
    _exit(SP_E_INTERNAL);
}

/* Once: lets the library look at the processor. */
static int
start(struct sp_error *err)
{
    static bool is_ready;

    if (is_ready)
        return 0;
    if (!gcry_check_version(GCRYPT_VERSION))
        return sp_fail(err, "internal",
                       "libgcrypt is older than " GCRYPT_VERSION);
    (void)gcry_control(GCRYCTL_DISABLE_SECMEM, 0); /* there are no secrets */
    (void)gcry_control(GCRYCTL_INITIALIZATION_FINISHED, 0);
    is_ready = true;
    return 0;
}

static int
try_out(enum sp_digest_algo algo, struct sp_error *err)
{
    struct sp_digest known, found = {.algo = algo};

    gcry_md_hash_buffer(algos[algo].id, found.bytes, "abc", 3);
    if (!sp_digest_unhex(algo, algos[algo].known, &known) ||
        sp_digest_order(&found, &known) != 0)
        return sp_fail(err, "internal", "%s of libgcrypt is wrong",
                       sp_digest_title(algo));
    return 0;
}

/* Once for each algorithm: looks at the library. */
static int
prepare(enum sp_digest_algo algo, struct sp_error *err)
{
    static bool is_ready[sizeof(algos) / sizeof(algos[0])];
    void (*was)(int);

    if (is_ready[algo])
        return 0;
    was = signal(SIGABRT, on_abort);
    is_ready[algo] = start(err) == 0 && try_out(algo, err) == 0;
    (void)signal(SIGABRT, was == SIG_ERR ? SIG_DFL : was);
    return is_ready[algo] ? 0 : -1;
}

int
sp_hash_prepare(struct sp_error *err)
{
    return prepare(SP_DIGEST_SHA256, err);
}

int
sp_hash_begin(struct sp_hash *hash, enum sp_digest_algo algo,
              struct sp_error *err)
{
    if (prepare(algo, err) < 0)
        return -1;
    if (hash->handle && hash->algo == algo) {
        gcry_md_reset(hash->handle);
        return 0;
    }
    sp_hash_release(hash);
    if (gcry_md_open(&hash->handle, algos[algo].id, 0) != 0)
        return sp_fail(err, "no-memory", "no memory for a digest");
    hash->algo = algo;
    return 0;
}

void
sp_hash_add(struct sp_hash *hash, const void *data, size_t len)
{
    gcry_md_write(hash->handle, data, len);
}

static struct sp_digest
read_digest(gcry_md_hd_t handle, enum sp_digest_algo algo)
{
    struct sp_digest digest = {.algo = algo};

    memcpy(digest.bytes, gcry_md_read(handle, algos[algo].id),
           sp_digest_size(algo));
    return digest;
}

bool
sp_hash_is(const struct sp_hash *hash, const struct sp_digest *digest)
{
    SP_AUTO_HASH copy = {.algo = hash->algo};
    struct sp_digest found;

    if (gcry_md_copy(&copy.handle, hash->handle) != 0)
        return false;
    found = read_digest(copy.handle, copy.algo);
    return sp_digest_order(&found, digest) == 0;
}

void
sp_hash_end(struct sp_hash *hash, struct sp_digest *ret)
{
    *ret = read_digest(hash->handle, hash->algo);
}

void
sp_hash_release(struct sp_hash *hash)
{
    gcry_md_close(hash->handle);
    hash->handle = NULL;
}
