/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Body of sallyport-verify: message stream on 0, one VERDICT report for each
 * message on 3. Jail SP_JAIL_VERIFY. It decides one thing: is this header
 * signed by an allowed key, now.
 *
 * Arguments ("key=value"):
 *   home=DIR      key home made by make-home, read only
 *   messages=DIR  private, empty, writable directory for message files
 *   now=T         the parent's clock, unix seconds
 *   gpg=PATH      default /usr/bin/gpg (tests put simulated engines here)
 *
 * `--make-home`: builds a home. Jail of the same kind, write only in home=.
 *   home=DIR      empty directory, becomes the home: pubring.kbx, gpg.conf,
 *                 empty common.conf, and `table`, one line a (sub)key:
 *                 "FPR PRIMARY sign revoked expired algo bits expires created",
 *                 the flags 0 or 1
 *   keys=DIR      files 000, 001, ... copied from the key files, and
 *                 optionally `allow`: one 40-digit primary fingerprint a line
 *   count=N       number of key files
 * One KEY report for each (sub)key that stays. Reasons: key-file (nothing
 * importable in file N; an allowed key is in no file), no-keys,
 * duplicate-key-id, engine-*.
 */
#ifndef SP_INGEST_VERIFY_H
#define SP_INGEST_VERIFY_H

_Noreturn void sp_verify_run(int argc, char **argv);
_Noreturn void sp_make_home_run(int argc, char **argv);

#endif
