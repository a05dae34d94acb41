/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `sallyport verify`: single package files through check and verify, in the
 * same jails, with nothing stored and nothing published. The key home is
 * built once for all files. Judges structure, digests, signature and key
 * policy; what depends on a delivery or a machine is left to receive.h.
 */
#ifndef SP_INGEST_VERIFIER_H
#define SP_INGEST_VERIFIER_H

#include "base/error.h"
#include "ingest/receive.h"

struct sp_verifier;

/* Reads policy and keys. *ret belongs to the caller: sp_verifier_close. */
int sp_verifier_open(const struct sp_setup *setup, struct sp_verifier **ret,
                     struct sp_error *err);

/* One file; the outcome is always filled. */
void sp_verifier_file(struct sp_verifier *verifier, const char *path,
                      struct sp_outcome *ret);

/* Leaves nothing behind. NULL is allowed. */
void sp_verifier_close(struct sp_verifier *verifier);

#endif
