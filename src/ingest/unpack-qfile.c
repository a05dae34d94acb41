/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ingest/unpack-qfile.h"

#include <inttypes.h>

#include "bundle/limits.h"
#include "ingest/unpack-out.h"
#include "ingest/worker.h"

enum { CHUNK_BYTES = 4096 };

struct qfile {
    struct sp_intake *intake;
    uint64_t max_files, max_file, max_bytes;
    uint64_t files;
    uint64_t payload; /* sum of the file sizes */
};

_Noreturn static void
fault_early_end(const struct qfile *q)
{
    struct sp_error err = {0};

    if (q->intake->bytes == 0)
        (void)sp_fail(&err, "empty", "nothing came from the carrier");
    else
        (void)sp_fail(&err, "truncated",
                      "the qfile stream breaks off at byte %" PRIu64
                      " in file %" PRIu64,
                      q->intake->bytes, q->files + 1);
    sp_worker_fault(&err);
}

/* At least `want` bytes that wait; the stream ends the worker before. */
static size_t
ready(struct qfile *q, size_t want, const uint8_t **ret_untrusted)
{
    size_t n = sp_intake_ready(q->intake, want, ret_untrusted);

    if (n < want)
        fault_early_end(q);
    return n;
}

static void
take(struct qfile *q, const uint8_t *untrusted, size_t n)
{
    q->intake->crc32 = sp_qfile_crc(q->intake->crc32, untrusted, n);
    sp_intake_take(q->intake, n);
}

/* Ceilings, before a byte of the file is read. */
static int
admit(const struct qfile *q, const struct sp_qfile_header *header,
      struct sp_error *err)
{
    if (q->files >= q->max_files)
        return sp_fail(err, "too-many-files", "more than %" PRIu64 " files",
                       q->max_files);
    if (header->size > q->max_file)
        return sp_fail(err, "file-too-large",
                       "a file of %" PRIu64 " bytes, allowed are %" PRIu64,
                       header->size, q->max_file);
    if (header->size > q->max_bytes - q->payload)
        return sp_fail(err, "too-many-bytes", "more than %" PRIu64 " bytes",
                       q->max_bytes);
    return 0;
}

/* False at the end marker, of which only the size of the name counts. */
static bool
next_file(struct qfile *q, struct sp_qfile_header *ret)
{
    const uint8_t *untrusted;
    struct sp_error err = {0};

    (void)ready(q, SP_QFILE_HEADER_BYTES, &untrusted);
    sp_qfile_get_header(untrusted, ret);
    take(q, untrusted, SP_QFILE_HEADER_BYTES);
    if (ret->name_size == 0)
        return false;
    if (sp_qfile_check_header(ret, &err) < 0 || admit(q, ret, &err) < 0)
        sp_worker_fault(&err);
    /* Behind the contents there is at least one more header. */
    q->intake->granted += ret->name_size + ret->size + SP_QFILE_HEADER_BYTES;
    return true;
}

static void
copy_file(struct qfile *q, const struct sp_qfile_header *header)
{
    char name[SP_QFILE_NAME_BYTES];
    const uint8_t *untrusted;
    struct sp_error err = {0};

    (void)ready(q, header->name_size, &untrusted);
    if (sp_qfile_take_name(untrusted, header->name_size, name, &err) < 0)
        sp_worker_fault(&err);
    take(q, untrusted, header->name_size);
    sp_unpack_put_entry(SP_ENTRY_FILE, SP_STREAM_QFILE, q->files, header->size,
                        name);
    for (uint64_t left = header->size; left > 0;) {
        size_t want = left < CHUNK_BYTES ? (size_t)left : CHUNK_BYTES;
        size_t n = ready(q, want, &untrusted);

        if (n > left)
            n = (size_t)left;
        sp_unpack_put(untrusted, n);
        take(q, untrusted, n);
        left -= n;
    }
    q->files++;
    q->payload += header->size;
    q->intake->entries++;
}

_Noreturn void
sp_unpack_qfile(struct sp_intake *intake, uint64_t max_files, uint64_t max_file,
                uint64_t max_bytes)
{
    struct qfile q = {
        .intake = intake,
        .max_files =
            max_files < SP_MAX_QFILE_FILES ? max_files : SP_MAX_QFILE_FILES,
        .max_file = max_file,
        .max_bytes = max_bytes,
    };
    struct sp_qfile_header header;

    intake->kind = SP_STREAM_QFILE;
    sp_intake_report(intake);
    sp_unpack_put_entry(SP_ENTRY_START, SP_STREAM_QFILE, 0, 0, "");
    while (next_file(&q, &header))
        copy_file(&q, &header);
    sp_intake_report(intake);
    sp_unpack_put_entry(SP_ENTRY_END, SP_STREAM_QFILE, q.files, q.payload, "");
    sp_worker_done(q.files);
}
