/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The second body of sallyport-unpack: a qfile stream (bundle/qfile.h) in,
 * the same entry stream out. Reads what each record announces and not one
 * byte behind the end marker: there the sender waits for its answer.
 */
#ifndef SP_INGEST_UNPACK_QFILE_H
#define SP_INGEST_UNPACK_QFILE_H

#include "bundle/qfile.h"
#include "ingest/intake.h"

/*
 * intake: bounded, with the bytes of one header granted; they may have been
 * read. Ends the process, as the worker is done or faults.
 */
_Noreturn void sp_unpack_qfile(struct sp_intake *intake, uint64_t max_files,
                               uint64_t max_file, uint64_t max_bytes);

#endif
