/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a person is shown between verification and publishing, in words that
 * are not ours: the changelog of what is newer than what it replaces, from the
 * verified files, and dnf's own plan over the staged generation. We show it;
 * we do not reason about it, and nothing depends on it.
 */
#ifndef SP_INGEST_PREVIEW_H
#define SP_INGEST_PREVIEW_H

#include "base/error.h"
#include "ingest/receive.h"

/*
 * The entries of the changelogs that are newer than the version that each
 * package replaces (at most a few where that cannot be told), as printable
 * text; "" when there are none. `packages` is the folder of the verified
 * files under their own names, `scratch` one that rpm may write to. rpm runs
 * in a jail that reads only these. *ret is malloc'ed. Reasons: io, not-found.
 */
int sp_preview_changelog(const struct sp_outcome *outcome, const char *packages,
                         const char *scratch, char **ret, struct sp_error *err);

/*
 * What dnf would do with the repository in the folder `repository`: runs it
 * with --assumeno and these arguments ("upgrade", "--installroot=DIR", ...;
 * NULL terminated), all other repositories switched off. Its metadata goes to
 * `scratch`. `keys` is the file or folder of key files that it is told of; dnf
 * plans nothing for a repository without keys. *ret is its printable text,
 * malloc'ed. Reasons: io, not-found.
 */
int sp_preview_plan(const char *const *arguments, const char *repository,
                    const char *keys, const char *scratch, char **ret,
                    struct sp_error *err);

#endif
