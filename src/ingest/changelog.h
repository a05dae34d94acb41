/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is new in a delivery, in the words of its packagers. We show it; we do
 * not reason about it, and nothing depends on it.
 */
#ifndef SP_INGEST_CHANGELOG_H
#define SP_INGEST_CHANGELOG_H

#include "base/error.h"
#include "ingest/receive.h"

/*
 * The entries of the changelogs that are newer than the version that each
 * package replaces (at most a few where that cannot be told), as printable
 * text; "" when there are none. It says what could not be read, and where it
 * was cut: one package cannot push another one out. `packages` is the folder
 * of the verified files under their own names, `scratch` one that rpm may write
 * to. rpm runs in a jail that reads only these. *ret is malloc'ed. Reasons: io,
 * not-found, interrupted, no-memory.
 */
int sp_changelog_read(const struct sp_outcome *outcome, const char *packages,
                      const char *scratch, char **ret, struct sp_error *err);

#endif
