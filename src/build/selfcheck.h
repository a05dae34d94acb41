/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The proof before a bundle is written: the files are the packages that the
 * metadata promised, and with these files alone the solver comes to the same
 * plan. Their sizes and digests were checked when they arrived.
 */
#ifndef SP_BUILD_SELFCHECK_H
#define SP_BUILD_SELFCHECK_H

#include "build/cache.h"
#include "build/supply.h"

/*
 * Packages of the plan lie in the cache under the name of their digest.
 * Reasons: metadata-mismatch, plan-differs, those of the package parsers and
 * of sp_resolve_files.
 */
int sp_selfcheck(const struct sp_cache *cache, const struct sp_supply *supply,
                 const struct sp_build_hooks *hooks, struct sp_error *err);

#endif
