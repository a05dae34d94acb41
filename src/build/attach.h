/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The signed metadata that a bundle carries: for each repository that signs,
 * repomd.xml, its signature and the primary metadata that it fixes. They
 * prove freshness to whoever checks the signature, and nothing to others.
 * And the package groups that requests name, which nobody signed.
 */
#ifndef SP_BUILD_ATTACH_H
#define SP_BUILD_ATTACH_H

#include "build/pack.h"
#include "build/supply.h"

struct sp_attachments {
    struct sp_pack_evidence *list; /* in the order of MANIFEST */
    size_t n;
    char groups_name[SP_CACHE_NAME_MAX]; /* of the file of the groups */
};

/*
 * Left out are repositories whose metadata no receiver would take: not
 * signed, a signature outside the profile of sallyport-package(5), files above
 * the ceiling, an id that is no label, or two different publications under
 * one id. The list points into the supplies and the cache. The caller
 * releases, also after a failure. Reasons: no-memory, io, too-many-bytes.
 */
int sp_attach(const struct sp_cache *cache, const struct sp_supply *supplies,
              size_t n, struct sp_attachments *ret, struct sp_error *err);
void sp_attachments_release(struct sp_attachments *attachments);

#endif
