/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ingest/unpack.h"

#include <archive.h>
#include <archive_entry.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "bundle/gate.h"
#include "ingest/intake.h"
#include "ingest/jails.h"
#include "ingest/unpack-out.h"
#include "ingest/unpack-qfile.h"
#include "ingest/worker.h"

/*
 * One bundle on its way. The archive library asks for bytes and gets chunks
 * that have passed the gate; a chunk never goes beyond the member that began
 * last. So both can be compared at every member and at every run of data.
 */
struct bundle {
    struct sp_intake intake;
    struct sp_gate gate;
    struct archive *archive;
    const uint8_t *chunk; /* what the library holds */
    size_t chunk_size;
    uint64_t header_at; /* stream offset of the last header */
    uint64_t members;   /* seen by the library */
};

/* ---- from the carrier through the gate ---------------------------------- */

_Noreturn static void
fault_early_end(const struct bundle *b)
{
    struct sp_error err = {0};

    if (b->intake.bytes == 0)
        (void)sp_fail(&err, "empty", "nothing came from the carrier");
    else
        (void)sp_fail(&err, "truncated",
                      "the bundle breaks off at byte %llu%s%s",
                      (unsigned long long)b->intake.bytes,
                      b->gate.left > 0 ? " in member " : "",
                      b->gate.left > 0 ? b->gate.name : "");
    sp_worker_fault(&err);
}

/* Passes blocks up to the end of the member, or as far as they are here. */
static la_ssize_t
hand_out(struct archive *archive, void *data, const void **ret_chunk)
{
    struct bundle *b = data;
    struct sp_error err = {0};
    enum sp_gate_block block;
    size_t ready, passed = 0;

    (void)archive;
    if (b->gate.last == SP_GATE_END)
        return 0;
    ready = sp_intake_ready(&b->intake, SP_TAR_BLOCK, &b->chunk);
    if (ready < SP_TAR_BLOCK)
        fault_early_end(b);
    do {
        if (sp_gate_pass(&b->gate, b->chunk + passed, &block, &err) < 0)
            sp_worker_fault(&err);
        if (block == SP_GATE_HEADER)
            b->header_at = b->gate.bytes - SP_TAR_BLOCK;
        passed += SP_TAR_BLOCK;
    } while (b->gate.left > 0 && ready - passed >= SP_TAR_BLOCK);
    sp_intake_take(&b->intake, passed);
    b->chunk_size = passed;
    *ret_chunk = b->chunk;
    return (la_ssize_t)passed;
}

/* ---- gate and library compared ------------------------------------------ */

_Noreturn static void
fault_disagreement(const struct bundle *b, const char *about)
{
    struct sp_error err = {0};
    const char *text = archive_error_string(b->archive);
    char shown[SP_SHOWN_MAX];

    sp_text_show(shown, sizeof(shown), text ? text : "");
    (void)sp_fail(&err, "parser-disagreement",
                  "gate and archive library differ on %s of '%s'%s%s", about,
                  b->gate.name, text ? ": " : "", shown);
    sp_worker_fault(&err);
}

static void
agree_on_header(const struct bundle *b, struct archive_entry *entry)
{
    const char *name = archive_entry_pathname(entry);

    if (b->members != b->gate.members ||
        archive_read_header_position(b->archive) != (la_int64_t)b->header_at)
        fault_disagreement(b, "the place");
    if (!name || strcmp(name, b->gate.name) != 0)
        fault_disagreement(b, "the name");
    if (!archive_entry_size_is_set(entry) ||
        archive_entry_size(entry) != (la_int64_t)b->gate.size)
        fault_disagreement(b, "the size");
    if (archive_entry_filetype(entry) != S_IFREG ||
        archive_entry_hardlink(entry) != NULL ||
        archive_format(b->archive) != ARCHIVE_FORMAT_TAR_USTAR)
        fault_disagreement(b, "the type");
}

/*
 * A run of data must continue the member and be the very bytes that the gate
 * passed, in the buffer where they passed. (Its distance from the chunk has no
 * sign: what begins before it is too far behind it.)
 */
static void
agree_on_data(const struct bundle *b, const void *run, size_t len,
              la_int64_t at, uint64_t done)
{
    uint64_t chunk_at = b->gate.bytes - b->chunk_size;
    uint64_t run_at = b->header_at + SP_TAR_BLOCK + done;
    uint64_t skip = run_at - chunk_at;

    if (at != (la_int64_t)done || len > b->gate.size - done)
        fault_disagreement(b, "the data");
    if (skip > b->chunk_size || len > b->chunk_size - (size_t)skip ||
        run != b->chunk + skip)
        fault_disagreement(b, "the bytes");
}

/* ---- one bundle --------------------------------------------------------- */

/* False at the end of the bundle, on which both agree. */
static bool
next_member(struct bundle *b)
{
    struct archive_entry *entry;
    int status = archive_read_next_header(b->archive, &entry);

    if (status == ARCHIVE_EOF) {
        if (b->gate.last != SP_GATE_END || b->members != b->gate.members)
            fault_disagreement(b, "the end");
        return false;
    }
    if (status != ARCHIVE_OK)
        fault_disagreement(b, "the header");
    b->members++;
    agree_on_header(b, entry);
    return true;
}

static void
copy_member(struct bundle *b)
{
    uint64_t done = 0;
    const void *run;
    size_t len;
    la_int64_t at;
    int status;

    sp_unpack_put_entry(SP_ENTRY_FILE, SP_STREAM_BUNDLE, b->members - 1,
                        b->gate.size, "");
    while ((status = archive_read_data_block(b->archive, &run, &len, &at)) ==
           ARCHIVE_OK) {
        agree_on_data(b, run, len, at, done);
        sp_unpack_put(run, len);
        done += len;
    }
    if (status != ARCHIVE_EOF || done != b->gate.size)
        fault_disagreement(b, "the end");
    b->intake.entries++;
}

/* What tells its end must end here; a medium goes on and is not looked at. */
static void
check_end(struct bundle *b, bool end_is_known)
{
    struct sp_error err = {0};
    const uint8_t *untrusted_rest;

    if (!end_is_known || sp_intake_ready(&b->intake, 1, &untrusted_rest) == 0)
        return;
    (void)sp_fail(&err, "trailing-data",
                  "the bundle ends at byte %llu, the stream does not",
                  (unsigned long long)b->gate.bytes);
    sp_worker_fault(&err);
}

static void
unpack_bundle(struct bundle *b, bool end_is_known)
{
    sp_unpack_put_entry(SP_ENTRY_START, SP_STREAM_BUNDLE, 0, 0, "");
    if (archive_read_open(b->archive, b, NULL, hand_out, NULL) != ARCHIVE_OK)
        fault_disagreement(b, "the format");
    while (next_member(b))
        copy_member(b);
    check_end(b, end_is_known);
    sp_intake_report(&b->intake);
    sp_unpack_put_entry(SP_ENTRY_END, SP_STREAM_BUNDLE, b->members,
                        b->gate.payload, "");
}

/* ---- which framing ------------------------------------------------------ */

/* True for `yes`; the parent wrote it, so a third word is its fault. */
static bool
choice(int argc, char **argv, const char *key, const char *yes, const char *no)
{
    const char *word = sp_worker_text(argc, argv, key);
    struct sp_error err = {0};

    if (word && strcmp(word, yes) == 0)
        return true;
    if (word && strcmp(word, no) == 0)
        return false;
    (void)sp_fail(&err, "usage", "argument '%s' is neither %s nor %s", key, yes,
                  no);
    sp_worker_fault(&err);
}

/*
 * Reads no more than the shortest whole stream. A qfile stream cannot begin
 * like a bundle: as the size of a name the word is beyond its ceiling.
 */
static bool
begins_as_qfile(struct sp_intake *intake)
{
    static const char word[] = SP_MEMBER_MANIFEST;
    const uint8_t *untrusted_first;
    bool qfile;

    intake->bounded = true;
    intake->granted = SP_QFILE_HEADER_BYTES;
    qfile = sp_intake_ready(intake, SP_QFILE_HEADER_BYTES, &untrusted_first) <
                SP_QFILE_HEADER_BYTES ||
            memcmp(untrusted_first, word, sizeof(word) - 1) != 0;
    intake->bounded = qfile;
    return qfile;
}

_Noreturn void
sp_unpack_run(int argc, char **argv)
{
    static struct bundle bundle; /* zero */
    struct sp_gate *limits = &bundle.gate;
    struct sp_jail jail;
    bool end_is_known, any_framing;

    (void)signal(SIGPIPE, SIG_IGN);
    bundle.archive = archive_read_new();
    if (!bundle.archive ||
        archive_read_support_format_tar(bundle.archive) != ARCHIVE_OK)
        _exit(SP_E_INTERNAL);
    sp_jails_unpack(&jail);
    sp_worker_begin(SP_WORKER_UNPACK, &jail);
    limits->max_bytes = sp_worker_number(
        argc, argv, "max-bytes", SP_MAX_BUNDLE_BYTES, SP_MAX_BUNDLE_BYTES);
    limits->max_packages = sp_worker_number(argc, argv, "max-files",
                                            SP_MAX_PACKAGES, SP_MAX_PACKAGES);
    limits->max_member = sp_worker_number(
        argc, argv, "max-file", SP_MAX_MEMBER_BYTES, SP_MAX_MEMBER_BYTES);
    end_is_known = choice(argc, argv, "end", "known", "marker");
    any_framing = sp_worker_text(argc, argv, "framing") &&
                  choice(argc, argv, "framing", "auto", "bundle");
    if (any_framing && begins_as_qfile(&bundle.intake))
        sp_unpack_qfile(&bundle.intake, limits->max_packages,
                        limits->max_member, limits->max_bytes);
    bundle.intake.kind = SP_STREAM_BUNDLE;
    if (any_framing)
        sp_intake_report(&bundle.intake);
    unpack_bundle(&bundle, end_is_known);
    sp_worker_done(bundle.members);
}
