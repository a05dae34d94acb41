/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Is the metadata whole? createrepo_c does not look at the end of each write
 * (a full disk), and ends well with half of a file. So what it says of each
 * file is held against the file: digest, size, and for gzip the size of what
 * was packed, which stands at the very end.
 */
#ifndef SP_INGEST_INDEX_CHECK_H
#define SP_INGEST_INDEX_CHECK_H

#include "base/error.h"

/*
 * Fails with reason "index" unless repomd.xml in the directory is whole and
 * lists exactly the other files, each of them whole; primary, filelists and
 * other must be among them.
 */
int sp_index_check(int repodata_fd, struct sp_error *err);

#endif
