/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An early look at the signatures of packages, with the keys of the request.
 * It proves nothing to the machine that takes the bundle in; it spares the
 * way there when that machine could only refuse.
 */
#ifndef SP_BUILD_SIGNED_H
#define SP_BUILD_SIGNED_H

#include "build/cache.h"
#include "build/supply.h"

/*
 * Verifies every package of the plan that lies in the cache. A request without
 * keys asks for nothing. Reasons: no-key, bad-signature, engine-error, and
 * those of the package parsers; each names repository and package.
 */
int sp_signed_check(const struct sp_cache *cache,
                    const struct sp_supply *supply,
                    const struct sp_build_hooks *hooks, struct sp_error *err);

#endif
