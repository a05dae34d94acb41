/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs sallyport-metadata over one file of the cache. */
#ifndef SP_BUILD_JAILED_H
#define SP_BUILD_JAILED_H

#include "build/metadata.h"
#include "build/metalink.h"
#include "build/repomd.h"

/* No file of metadata takes this long, whatever it does. */
enum { SP_JAILED_SECONDS = 300, SP_JAILED_PATHS = 256 };

/* Each checks the result; reasons: metadata, metadata-size, sandbox,
 * worker-died, too-slow, those of the hooks. */
int sp_jailed_repomd(const struct sp_cache *cache, const char *name,
                     const struct sp_build_hooks *hooks, struct sp_repomd *ret,
                     struct sp_error *err);
int sp_jailed_metalink(const struct sp_cache *cache, const char *name,
                       const struct sp_build_hooks *hooks,
                       struct sp_metalink *ret, struct sp_error *err);

/* Unpacks `name` to a new file of the cache, named by its digest. */
int sp_jailed_unfold(const struct sp_cache *cache, const char *name,
                     uint64_t max, const struct sp_build_hooks *hooks,
                     struct sp_metadata_file *ret, struct sp_error *err);

/* The same for file lists, cut down to the paths. */
int sp_jailed_filelists(const struct sp_cache *cache, const char *name,
                        uint64_t max, const char *const *paths, size_t n,
                        const struct sp_build_hooks *hooks,
                        struct sp_metadata_file *ret, struct sp_error *err);

/* The lines of a comps.xml (build/comps.h), likewise. */
enum {
    SP_JAILED_GROUPS_BYTES = 16 * 1024 * 1024,
    SP_JAILED_ADVISORIES_BYTES = 64 * 1024 * 1024,
};
int sp_jailed_groups(const struct sp_cache *cache, const char *name,
                     const struct sp_build_hooks *hooks,
                     struct sp_metadata_file *ret, struct sp_error *err);

/* The lines of an updateinfo.xml (build/updateinfo.h), likewise. */
int sp_jailed_advisories(const struct sp_cache *cache, const char *name,
                         const struct sp_build_hooks *hooks,
                         struct sp_metadata_file *ret, struct sp_error *err);

#endif
