/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The machine's repository configuration, as far as it may leave the
 * machine: which repositories there are, and nothing that is a secret or
 * that says how this machine would connect.
 */
#ifndef SP_INGEST_REPOFILES_H
#define SP_INGEST_REPOFILES_H

#include "base/error.h"
#include "bundle/request.h"

/*
 * Writes a repo-file block for each DIR/NAME.repo, in order of the names.
 * Comments, and the settings of credentials, TLS and proxies, are left out;
 * USER:PASSWORD@ is cut out of addresses. A directory that is not there has
 * no files, unless it was `asked` for.
 */
int sp_repofiles_write(const char *dir, bool asked,
                       struct sp_request_writer *writer, struct sp_error *err);

/*
 * Writes a var field for each file of each directory (NULL ends the list):
 * its name and its first line. What is no name for a variable is left out.
 */
int sp_repovars_write(const char *const *dirs, struct sp_request_writer *writer,
                      struct sp_error *err);

#endif
