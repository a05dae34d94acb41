/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * gpg as a program, started by gpgme and in no other way. The process that
 * uses it collects its endings, so it may have no other children.
 */
#ifndef SP_INGEST_GPG_H
#define SP_INGEST_GPG_H

#include <gpgme.h>
#include <stddef.h>

#include "base/error.h"
#include "ingest/status.h"

/*
 * Before the jail: the environment that gpg gets, and this process as the one
 * that hears how gpg ends. gpgme puts an orphan between itself and gpg; the
 * orphan's child comes to its subreaper.
 */
int sp_gpg_prepare(struct sp_error *err);

/* In the jail, once: initialises gpgme; the program must be there. */
int sp_gpg_begin(const char *path, struct sp_error *err);

/* A context for keys of this home. Reasons: engine-*. */
int sp_gpg_open(const char *path, const char *home, gpgme_ctx_t *ret,
                struct sp_error *err);

/* Message of a gpgme fault, as reason `reason`. Returns -1. */
int sp_gpg_fail(struct sp_error *err, gpgme_error_t fault, const char *reason,
                const char *what);

/*
 * ONE gpg verifies the files of `status`, whose names lead from the working
 * directory, and tells it. Returns 0 only if gpg came to its own end and the
 * grammar of its status lines held to the last file. After a failure gpg may
 * still be running: do not call again.
 */
int sp_gpg_verify(const char *path, const char *home, struct sp_status *status,
                  struct sp_error *err);

#endif
