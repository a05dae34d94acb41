/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The key home of verify: built by a jailed `sallyport-verify --make-home`
 * from the key files of the trusted machine, never from a delivery. Kept in
 * STATE/keyhome/DIGEST, where DIGEST covers the key files and the allowed
 * fingerprints, so that a change of either builds a new one.
 */
#ifndef SP_INGEST_KEYHOME_H
#define SP_INGEST_KEYHOME_H

#include "base/error.h"
#include "ingest/policy.h"
#include "ingest/state.h"

/*
 * Finds or builds the home. `dir_fd`, `dir_path`: where homes are kept
 * (STATE/keyhome, or a scratch directory). ret_path gets its absolute path.
 * Reasons: no-keys, key-file, duplicate-key-id, engine-*.
 */
int sp_keyhome_get(int dir_fd, const char *dir_path, const char *keys_path,
                   const struct sp_policy *policy, char ret_path[4200],
                   struct sp_error *err);

#endif
