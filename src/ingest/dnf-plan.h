/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dnf's own plan over a repository: shown to a person, never reasoned about. */
#ifndef SP_INGEST_DNF_PLAN_H
#define SP_INGEST_DNF_PLAN_H

#include "base/error.h"

/*
 * What dnf would do with the repository in the folder `repository`: runs it
 * with --assumeno and these arguments ("upgrade", "--installroot=DIR", ...;
 * NULL terminated), all other repositories switched off. Its metadata goes to
 * `scratch`. `keys` is the file or folder of key files that it is told of; dnf
 * plans nothing for a repository without keys. *ret is its printable text,
 * malloc'ed; it says where it was cut. Reasons: io, not-found, interrupted,
 * no-memory, usage.
 */
int sp_dnf_plan(const char *const *arguments, const char *repository,
                const char *keys, const char *scratch, char **ret,
                struct sp_error *err);

#endif
