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

int
sp_evidence_hash(const struct sp_cache *cache, const char *name,
                 struct sp_metadata_file *ret, struct sp_error *err)
{
    SP_AUTO_FD fd = openat(cache->dirfd, name,
                           O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    SP_AUTO_FREE uint8_t *piece = malloc(PIECE);
    struct sp_metadata_file file = {.present = true};
    SP_AUTO_HASH hash = {NULL};
    ssize_t n = -1;

    if (sp_hash_begin(&hash, err) < 0)
        return -1;
    while (fd >= 0 && piece && (n = sp_read_some(fd, piece, PIECE)) > 0) {
        sp_hash_add(&hash, piece, (size_t)n);
        file.size += (uint64_t)n;
    }
    if (n < 0)
        return cache_fault(cache, err);
    /* Its age is the time of the last use. */
    (void)futimens(fd, NULL);
    sp_hash_end(&hash, file.sha256);
    (void)snprintf(file.name, sizeof(file.name), "%s", name);
    *ret = file;
    return 0;
}

bool
sp_evidence_have(const struct sp_cache *cache, const uint8_t sha256[32],
                 struct sp_metadata_file *ret)
{
    struct sp_metadata_file file;
    char name[SP_CACHE_NAME_MAX];

    sp_cache_name_digest(name, sha256);
    if (sp_evidence_hash(cache, name, &file, NULL) < 0 ||
        memcmp(file.sha256, sha256, sizeof(file.sha256)) != 0)
        return false;
    *ret = file;
    return true;
}

int
sp_evidence_adopt(const struct sp_cache *cache, const char *name,
                  struct sp_metadata_file *ret, struct sp_error *err)
{
    struct sp_metadata_file file;

    if (sp_evidence_hash(cache, name, &file, err) < 0)
        return -1;
    sp_cache_name_digest(file.name, file.sha256);
    if (renameat(cache->dirfd, name, cache->dirfd, file.name) < 0)
        return cache_fault(cache, err);
    *ret = file;
    return 0;
}

int
sp_evidence_dearmor(const struct sp_cache *cache, const char *name,
                    struct sp_metadata_file *ret, struct sp_error *err)
{
    struct sp_metadata_file file = {.present = true};
    uint8_t packet[SP_SIG_MAX_BYTES];
    SP_AUTO_FREE char *text = NULL;
    size_t len = 0;

    if (sp_read_file(cache->dirfd, name, 64 * SP_KIB, &text, &len, err) < 0 ||
        sp_armor_decode(text, len, packet, sizeof(packet), &len, err) < 0)
        return -1;
    sp_sha256(packet, len, file.sha256);
    file.size = len;
    sp_cache_name_digest(file.name, file.sha256);
    if (sp_path_replace_file(cache->dirfd, file.name, packet, len, 0600, err) <
        0)
        return -1;
    *ret = file;
    return 0;
}

bool
sp_evidence_has_profile(const struct sp_cache *cache,
                        const struct sp_metadata_file *signature)
{
    struct sp_sigpacket packet;
    SP_AUTO_FREE char *text = NULL;
    size_t len = 0;

    return sp_read_file(cache->dirfd, signature->name, SP_SIG_MAX_BYTES, &text,
                        &len, NULL) == 0 &&
           sp_sigpacket_parse((const uint8_t *)text, len, &packet, NULL) == 0;
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
