/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Small files of the cache that prove something: named by their digest, and
 * the signature over repomd.xml looked at early, so that a mirror that is out
 * of step is left before anything is built on it. The machine that gets the
 * packages decides for itself.
 */
#ifndef SP_BUILD_EVIDENCE_H
#define SP_BUILD_EVIDENCE_H

#include "build/metadata.h"

/* Size and SHA-256 of a file in the cache. Reason: io. */
int sp_evidence_hash(const struct sp_cache *cache, const char *name,
                     struct sp_metadata_file *ret, struct sp_error *err);

/* True when the cache has a file of this digest, whole: then *ret is it. */
bool sp_evidence_have(const struct sp_cache *cache,
                      const struct sp_digest *digest,
                      struct sp_metadata_file *ret);

/* The file has this digest; it is read again unless that is SHA-256. */
bool sp_evidence_is(const struct sp_cache *cache,
                    const struct sp_metadata_file *file,
                    const struct sp_digest *digest);

/* Gives it the name of a digest that it has. Reason: io. */
int sp_evidence_rename(const struct sp_cache *cache,
                       struct sp_metadata_file *file,
                       const struct sp_digest *digest, struct sp_error *err);

/* Gives a downloaded file the name of its digest. */
int sp_evidence_adopt(const struct sp_cache *cache, const char *name,
                      struct sp_metadata_file *ret, struct sp_error *err);

/* The de-armored copy of a signature file. Reasons: sig-packet, io. */
int sp_evidence_dearmor(const struct sp_cache *cache, const char *name,
                        struct sp_metadata_file *ret, struct sp_error *err);

/* Is it one packet of the profile that a receiver reads? */
int sp_evidence_has_profile(const struct sp_cache *cache,
                            const struct sp_metadata_file *signature, bool *ret,
                            struct sp_error *err);

/*
 * Do the two belong together? With keys, gpg decides; without, the two bytes
 * of the digest that a signature shows, when it is SHA-256: they tell a
 * mirror that is out of step from one that is not, no more. Reasons:
 * bad-signature, no-key, engine-error, io.
 */
int sp_evidence_check(const struct sp_cache *cache,
                      const struct sp_metadata_file *repomd,
                      const struct sp_metadata_file *signature,
                      const char *const *keys, size_t n_keys,
                      struct sp_error *err);

#endif
