/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build/evidence.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/path.h"
#include "base/sha256.h"
#include "build/armor.h"
#include "build/hash.h"
#include "build/keys.h"
#include "build/unfold.h"
#include "bundle/sigpacket.h"

enum { PIECE = 64 * 1024 };

static int
cache_fault(const struct sp_cache *cache, struct sp_error *err)
{
    return sp_fail_sys(err, errno, "io", "cannot use a file in cache '%s'",
                       cache->shown);
}

static int
hash_file(const struct sp_cache *cache, const char *name,
          enum sp_digest_algo algo, struct sp_digest *ret_digest,
          uint64_t *ret_size, struct sp_error *err)
{
    SP_AUTO_FD fd = openat(cache->dirfd, name,
                           O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    SP_AUTO_FREE uint8_t *piece = malloc(PIECE);
    SP_AUTO_HASH hash = {.handle = NULL};
    uint64_t size = 0;
    ssize_t n = -1;

    if (sp_hash_begin(&hash, algo, err) < 0)
        return -1;
    while (fd >= 0 && piece && (n = sp_read_some(fd, piece, PIECE)) > 0) {
        sp_hash_add(&hash, piece, (size_t)n);
        size += (uint64_t)n;
    }
    if (n < 0)
        return cache_fault(cache, err);
    /* Its age is the time of the last use. */
    (void)futimens(fd, NULL);
    sp_hash_end(&hash, ret_digest);
    *ret_size = size;
    return 0;
}

int
sp_evidence_hash(const struct sp_cache *cache, const char *name,
                 struct sp_metadata_file *ret, struct sp_error *err)
{
    struct sp_metadata_file file = {.present = true};
    struct sp_digest digest;

    if (hash_file(cache, name, SP_DIGEST_SHA256, &digest, &file.size, err) < 0)
        return -1;
    memcpy(file.sha256, digest.bytes, sizeof(file.sha256));
    (void)snprintf(file.name, sizeof(file.name), "%s", name);
    *ret = file;
    return 0;
}

bool
sp_evidence_is(const struct sp_cache *cache,
               const struct sp_metadata_file *file,
               const struct sp_digest *digest)
{
    struct sp_digest found = sp_digest_sha256(file->sha256);
    uint64_t size = 0;

    if (digest->algo != SP_DIGEST_SHA256 &&
        hash_file(cache, file->name, digest->algo, &found, &size, NULL) < 0)
        return false;
    return sp_digest_order(&found, digest) == 0;
}

int
sp_evidence_rename(const struct sp_cache *cache, struct sp_metadata_file *file,
                   const struct sp_digest *digest, struct sp_error *err)
{
    char name[SP_CACHE_NAME_MAX];

    sp_cache_name_digest(name, digest);
    if (renameat(cache->dirfd, file->name, cache->dirfd, name) < 0)
        return cache_fault(cache, err);
    memcpy(file->name, name, sizeof(file->name));
    return 0;
}

bool
sp_evidence_have(const struct sp_cache *cache, const struct sp_digest *digest,
                 struct sp_metadata_file *ret)
{
    struct sp_metadata_file file;
    char name[SP_CACHE_NAME_MAX];

    sp_cache_name_digest(name, digest);
    if (sp_evidence_hash(cache, name, &file, NULL) < 0 ||
        !sp_evidence_is(cache, &file, digest))
        return false;
    *ret = file;
    return true;
}

int
sp_evidence_adopt(const struct sp_cache *cache, const char *name,
                  struct sp_metadata_file *ret, struct sp_error *err)
{
    struct sp_metadata_file file;
    struct sp_digest digest;

    if (sp_evidence_hash(cache, name, &file, err) < 0)
        return -1;
    digest = sp_digest_sha256(file.sha256);
    if (sp_evidence_rename(cache, &file, &digest, err) < 0)
        return -1;
    *ret = file;
    return 0;
}

int
sp_evidence_dearmor(const struct sp_cache *cache, const char *name,
                    struct sp_metadata_file *ret, struct sp_error *err)
{
    struct sp_metadata_file file = {.present = true};
    uint8_t packet[SP_SIG_MAX_BYTES];
    struct sp_digest digest;
    SP_AUTO_FREE char *text = NULL;
    size_t len = 0;

    if (sp_read_file(cache->dirfd, name, 64 * SP_KIB, &text, &len, err) < 0 ||
        sp_armor_decode(text, len, packet, sizeof(packet), &len, err) < 0)
        return -1;
    sp_sha256(packet, len, file.sha256);
    file.size = len;
    digest = sp_digest_sha256(file.sha256);
    sp_cache_name_digest(file.name, &digest);
    if (sp_path_replace_file(cache->dirfd, file.name, packet, len, 0600, err) <
        0)
        return -1;
    *ret = file;
    return 0;
}

int
sp_evidence_has_profile(const struct sp_cache *cache,
                        const struct sp_metadata_file *signature, bool *ret,
                        struct sp_error *err)
{
    struct sp_sigpacket packet;
    SP_AUTO_FREE char *text = NULL;
    size_t len = 0;

    if (signature->size > SP_SIG_MAX_BYTES) {
        *ret = false;
        return 0;
    }
    if (sp_read_file(cache->dirfd, signature->name, SP_SIG_MAX_BYTES, &text,
                     &len, err) < 0)
        return -1;
    *ret = sp_sigpacket_parse((const uint8_t *)text, len, &packet, NULL) == 0;
    return 0;
}

/* A signature that is not understood is judged where it counts. */
static int
compare_left16(const char *data, size_t len, const char *signature,
               size_t signature_len, struct sp_error *err)
{
    uint8_t digest[SP_SHA256_BYTES];
    struct sp_sigpacket packet;
    struct sp_sha256 hash;

    if (sp_sigpacket_parse((const uint8_t *)signature, signature_len, &packet,
                           NULL) < 0 ||
        packet.hash_algo != SP_HASH_SHA256)
        return 0;
    sp_sha256_init(&hash);
    sp_sha256_update(&hash, data, len);
    sp_sha256_update(&hash, packet.trailer, packet.trailer_size);
    sp_sha256_final(&hash, digest);
    if (memcmp(digest, packet.left16, sizeof(packet.left16)) == 0)
        return 0;
    return sp_fail(err, "bad-signature",
                   "the signature does not belong to this repomd.xml");
}

int
sp_evidence_check(const struct sp_cache *cache,
                  const struct sp_metadata_file *repomd,
                  const struct sp_metadata_file *signature,
                  const char *const *keys, size_t n_keys, struct sp_error *err)
{
    SP_AUTO_FREE char *data = NULL;
    SP_AUTO_FREE char *sig = NULL;
    struct sp_keyring *ring;
    size_t len = 0, sig_len = 0;
    int status;

    if (sp_read_file(cache->dirfd, repomd->name, SP_METADATA_MAX_BYTES, &data,
                     &len, err) < 0 ||
        sp_read_file(cache->dirfd, signature->name, SP_SIG_MAX_BYTES, &sig,
                     &sig_len, err) < 0)
        return -1;
    if (n_keys == 0)
        return compare_left16(data, len, sig, sig_len, err);
    ring = sp_keyring_open(keys, n_keys, err);
    if (!ring)
        return -1;
    status = sp_keyring_verify(ring, "this repomd.xml", data, len, sig, sig_len,
                               err);
    sp_keyring_close(ring);
    return status;
}
