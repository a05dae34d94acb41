/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The jail of each worker: which paths, which ceilings. The workers and the
 * escape battery fill their jails here and nowhere else, so that the battery
 * tries the very jail that runs.
 *
 * Text arguments must outlive the jail. A path that is missing is left out.
 */
#ifndef SP_INGEST_JAILS_H
#define SP_INGEST_JAILS_H

#include <stdint.h>

#include "base/sandbox.h"

/* Descriptors 0 to 3; no file system at all. */
void sp_jails_unpack(struct sp_jail *ret);

/*
 * Descriptors 0 to 3, and 4 when dirfd is 4: there new files of at most
 * max_file bytes may be made (openat with O_CREAT | O_EXCL, write, close).
 * dirfd -1: nothing is stored.
 */
void sp_jails_check(int dirfd, uint64_t max_file, struct sp_jail *ret);

/* Runs gpg: reads the home, writes only beneath messages. */
void sp_jails_verify(const char *home, const char *messages, const char *gpg,
                     struct sp_jail *ret);

/* Runs gpg: reads the key files, writes only beneath home. */
void sp_jails_make_home(const char *home, const char *keys, const char *gpg,
                        struct sp_jail *ret);

/*
 * Reads the stage and the file of groups (NULL: none), writes only beneath
 * output, files of at most max_file bytes each. Runs nothing.
 */
void sp_jails_index(const char *stage, const char *output, const char *comps,
                    uint64_t max_file, struct sp_jail *ret);

/*
 * The same for a program that works on a stage (createrepo_c, rpm), entered by
 * sp_spawn_start before execve.
 */
void sp_jails_tool(const char *program, const char *stage, const char *output,
                   const char *comps, uint64_t max_file, struct sp_jail *ret);

#endif
