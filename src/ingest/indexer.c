/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ingest/indexer.h"

#include <createrepo_c/compression_wrapper.h>
#include <createrepo_c/package.h>
#include <createrepo_c/parsepkg.h>
#include <createrepo_c/repomd.h>
#include <createrepo_c/version.h>
#include <createrepo_c/xml_dump.h>
#include <createrepo_c/xml_file.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/text.h"
#include "bundle/rpm.h"
#include "ingest/jails.h"
#include "ingest/worker.h"

enum {
    CHANGELOGS = 10, /* as many as createrepo_c lists */
    PIECE = 8192,
};

enum { PRIMARY, FILELISTS, OTHER, FILES };

static const struct {
    const char *type;
    cr_XmlFileType xml;
} kinds[FILES] = {
    [PRIMARY] = {"primary", CR_XMLFILE_PRIMARY},
    [FILELISTS] = {"filelists", CR_XMLFILE_FILELISTS},
    [OTHER] = {"other", CR_XMLFILE_OTHER},
};

/* One of the three files, while it is written. */
struct output {
    char *path;
    cr_ContentStat *stat;
    cr_XmlFile *file;
};

/* A fault ends the process, so nothing here is released before the end. */
struct indexer {
    const char *stage, *comps;
    uint64_t number, revision, count;
    char *repodata;
    struct output outputs[FILES];
    cr_Repomd *repomd;
    char last[sizeof(((struct sp_index_entry *)0)->name)];
};

/* ---- faults -------------------------------------------------------------- */

_Noreturn static void
fault(const char *reason, const char *what)
{
    struct sp_error err = {0};

    (void)sp_fail(&err, reason, "%s", what);
    sp_worker_fault(&err);
}

_Noreturn static void
fault_sys(const char *what, const char *name)
{
    struct sp_error err = {0};
    char shown[SP_SHOWN_MAX];

    sp_text_show(shown, sizeof(shown), name);
    (void)sp_fail_sys(&err, errno, "index", "cannot %s '%s'", what, shown);
    sp_worker_fault(&err);
}

/* What the library logs has no reader; to write it would change errno. */
static void
no_log(const gchar *domain, GLogLevelFlags level, const gchar *text, void *data)
{
    (void)domain;
    (void)level;
    (void)text;
    (void)data;
}

/*
 * Behind each call of the library. What it says may hold anything that stands
 * in a package. For want of memory it may leave something out and say nothing,
 * and to a full disk it gives a number of its own: but errno stays.
 */
static void
need(const GError *said, const char *what, const char *about)
{
    const int sys = errno;
    const bool starved = sys == ENOMEM || sp_no_room(sys);
    char shown[SP_SHOWN_MAX], subject[SP_SHOWN_MAX];
    struct sp_error err = {0};

    if (!said && !starved)
        return;
    sp_text_show(subject, sizeof(subject), about);
    sp_text_show(shown, sizeof(shown), said ? said->message : "");
    if (starved)
        (void)sp_fail_sys(&err, sys, "no-memory", "cannot %s '%.80s'", what,
                          subject);
    else
        (void)sp_fail(&err, "index", "cannot %s '%.80s': %.100s", what, subject,
                      shown);
    sp_worker_fault(&err);
}

/* ---- one package --------------------------------------------------------- */

static uint64_t
header_end(int fd, uint64_t at, const char *name)
{
    uint8_t b[SP_RPM_INTRO_BYTES];

    if (pread(fd, b, sizeof(b), (off_t)at) != (ssize_t)sizeof(b))
        fault_sys("read", name);
    return at + sizeof(b) +
           UINT64_C(16) * ((uint32_t)b[8] << 24 | (uint32_t)b[9] << 16 |
                           (uint32_t)b[10] << 8 | (uint32_t)b[11]) +
           ((uint32_t)b[12] << 24 | (uint32_t)b[13] << 16 |
            (uint32_t)b[14] << 8 | (uint32_t)b[15]);
}

/* Where the main header lies: behind the signature header and its padding. */
static void
find_header(const char *path, const char *name, cr_Package *package)
{
    SP_AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    uint64_t start;

    if (fd < 0)
        fault_sys("open", name);
    start = (header_end(fd, SP_RPM_LEAD_BYTES, name) + 7) / 8 * 8;
    package->rpm_header_start = (gint64)start;
    package->rpm_header_end = (gint64)header_end(fd, start, name);
}

static char *
keep(cr_Package *package, const char *text)
{
    return g_string_chunk_insert(package->chunk, text);
}

static cr_Package *
read_package(const struct indexer *x, const struct sp_index_entry *entry)
{
    g_autofree char *path = g_strdup_printf("%s/rpm/%s", x->stage, entry->name);
    char location[sizeof(entry->name) + 48], sha256[65];
    GError *said = NULL;
    cr_Package *package;

    (void)snprintf(location, sizeof(location), "generations/%" PRIu64 "/rpm/%s",
                   x->number, entry->name);
    sp_text_hex(sha256, entry->sha256, sizeof(entry->sha256));
    package = cr_package_from_rpm_base(path, CHANGELOGS, CR_HDRR_NONE, &said);
    need(said, "read", entry->name);
    package->location_href = keep(package, location);
    package->checksum_type = keep(package, "sha256");
    package->pkgId = keep(package, sha256);
    package->time_file = (gint64)entry->time;
    package->size_package = (gint64)entry->bytes;
    find_header(path, entry->name, package);
    return package;
}

static void
put_package(struct indexer *x, const struct sp_index_entry *entry)
{
    cr_Package *package = read_package(x, entry);
    GError *said = NULL;
    struct cr_XmlStruct xml = cr_xml_dump(package, &said);
    char *const chunks[FILES] = {
        [PRIMARY] = xml.primary,
        [FILELISTS] = xml.filelists,
        [OTHER] = xml.other,
    };

    need(said, "describe", entry->name);
    for (size_t i = 0; i < FILES; i++) {
        (void)cr_xmlfile_add_chunk(x->outputs[i].file, chunks[i], &said);
        need(said, "write about", entry->name);
        g_free(chunks[i]);
    }
    cr_package_free(package);
}

static void
take_packages(struct indexer *x)
{
    struct sp_index_entry untrusted_entry;

    for (uint64_t i = 0; i < x->count; i++) {
        if (sp_read_full(SP_FD_IN, &untrusted_entry, sizeof(untrusted_entry)) !=
            (ssize_t)sizeof(untrusted_entry))
            fault("protocol", "the index stream ends early");
        if (!sp_index_entry_check(&untrusted_entry) ||
            strcmp(untrusted_entry.name, x->last) <= 0)
            fault("protocol", "bad index stream: malformed or out of order");
        memcpy(x->last, untrusted_entry.name, sizeof(x->last));
        put_package(x, &untrusted_entry);
    }
    if (sp_read_some(SP_FD_IN, &untrusted_entry, 1) != 0)
        fault("protocol", "bad index stream: more packages than announced");
}

/* ---- the files ----------------------------------------------------------- */

static void
open_output(struct indexer *x, size_t i)
{
    struct output *o = &x->outputs[i];
    GError *said = NULL;

    o->path = g_strdup_printf("%s/%s.xml.gz", x->repodata, kinds[i].type);
    o->stat = cr_contentstat_new(CR_CHECKSUM_SHA256, &said);
    need(said, "hash", kinds[i].type);
    o->file = cr_xmlfile_sopen(o->path, kinds[i].xml, CR_CW_GZ_COMPRESSION,
                               o->stat, &said);
    need(said, "make", kinds[i].type);
    (void)cr_xmlfile_set_num_of_pkgs(o->file, (long)x->count, &said);
    need(said, "begin", kinds[i].type);
}

/* Its name gets its digest; in repomd.xml it has the time of the revision. */
static void
list_file(struct indexer *x, cr_RepomdRecord *record)
{
    GError *said = NULL;

    (void)cr_repomd_record_rename_file(record, &said);
    need(said, "rename", record->type);
    cr_repomd_record_set_timestamp(record, (gint64)x->revision);
    cr_repomd_set_record(x->repomd, record);
}

static void
close_output(struct indexer *x, size_t i)
{
    struct output *o = &x->outputs[i];
    GError *said = NULL;
    cr_RepomdRecord *record;

    (void)cr_xmlfile_close(o->file, &said);
    need(said, "finish", kinds[i].type);
    record = cr_repomd_record_new(kinds[i].type, o->path);
    cr_repomd_record_load_contentstat(record, o->stat);
    (void)cr_repomd_record_fill(record, CR_CHECKSUM_SHA256, &said);
    need(said, "describe", kinds[i].type);
    list_file(x, record);
}

/* ---- groups -------------------------------------------------------------- */

/* Unpacks and packs where the ways of opening say so. */
static void
copy_file(const char *from, cr_CompressionType packed, const char *to,
          cr_CompressionType pack)
{
    GError *said = NULL;
    CR_FILE *in = cr_open(from, CR_CW_MODE_READ, packed, &said);
    CR_FILE *out;
    char piece[PIECE];
    int n;

    need(said, "open", from);
    out = cr_open(to, CR_CW_MODE_WRITE, pack, &said);
    need(said, "make", to);
    /* The library wants to be asked nothing behind a fault. */
    while (!said && (n = cr_read(in, piece, sizeof(piece), &said)) > 0)
        (void)cr_write(out, piece, (unsigned)n, &said);
    need(said, "copy", from);
    (void)cr_close(in, &said);
    need(said, "close", from);
    (void)cr_close(out, &said);
    need(said, "finish", to);
}

static const char *
base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

#if CR_VERSION_MAJOR >= 1

/* One file, always packed anew. */
static void
put_groups(struct indexer *x)
{
    const char *name = base_name(x->comps);
    size_t len = strlen(name);
    GError *said = NULL;
    cr_CompressionType packed = cr_detect_compression(x->comps, &said);
    g_autofree char *path = NULL;
    cr_RepomdRecord *record;

    need(said, "open", x->comps);
    if (packed != CR_CW_NO_COMPRESSION)
        len -= strlen(cr_compression_suffix(packed));
    path = g_strdup_printf("%s/%.*s.gz", x->repodata, (int)len, name);
    copy_file(x->comps, packed, path, CR_CW_GZ_COMPRESSION);
    record = cr_repomd_record_new("group", path);
    (void)cr_repomd_record_fill(record, CR_CHECKSUM_SHA256, &said);
    need(said, "describe", x->comps);
    list_file(x, record);
}

#else

/* The file as it is, and packed. */
static void
put_groups(struct indexer *x)
{
    g_autofree char *path =
        g_strdup_printf("%s/%s", x->repodata, base_name(x->comps));
    GError *said = NULL;
    cr_RepomdRecord *plain;
    cr_RepomdRecord *packed = cr_repomd_record_new("group_gz", NULL);

    copy_file(x->comps, CR_CW_NO_COMPRESSION, path, CR_CW_NO_COMPRESSION);
    plain = cr_repomd_record_new("group", path);
    (void)cr_repomd_record_compress_and_fill(plain, packed, CR_CHECKSUM_SHA256,
                                             CR_CW_GZ_COMPRESSION, NULL, &said);
    need(said, "pack", x->comps);
    list_file(x, packed);
    list_file(x, plain);
}

#endif

/* ---- all of it ----------------------------------------------------------- */

static void
write_repomd(struct indexer *x)
{
    GError *said = NULL;
    g_autofree char *path = g_strdup_printf("%s/repomd.xml", x->repodata);
    char revision[24];
    char *xml;
    int fd;

    (void)snprintf(revision, sizeof(revision), "%" PRIu64, x->revision);
    cr_repomd_set_revision(x->repomd, revision);
    cr_repomd_sort_records(x->repomd);
    xml = cr_xml_dump_repomd(x->repomd, &said);
    need(said, "describe", "repomd.xml");
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0 || sp_write_full(fd, xml, strlen(xml)) < 0 || close(fd) < 0)
        fault_sys("write", "repomd.xml");
    g_free(xml);
}

static void
write_all(struct indexer *x)
{
    errno = 0; /* whatever it was before: need() looks for what it becomes */
    if (mkdir(x->repodata, 0700) < 0)
        fault_sys("make", "repodata");
    for (size_t i = 0; i < FILES; i++)
        open_output(x, i);
    take_packages(x);
    x->repomd = cr_repomd_new();
    for (size_t i = 0; i < FILES; i++)
        close_output(x, i);
    if (x->comps)
        put_groups(x);
    write_repomd(x);
}

_Noreturn void
sp_indexer_run(int argc, char **argv)
{
    static struct indexer x;
    const char *output = sp_worker_text(argc, argv, "output");
    struct sp_jail jail;

    (void)signal(SIGPIPE, SIG_IGN);
    sp_worker_init(SP_WORKER_INDEX);
    x.stage = sp_worker_text(argc, argv, "stage");
    x.comps = sp_worker_text(argc, argv, "comps");
    if (!x.stage || x.stage[0] != '/' || !output || output[0] != '/' ||
        (x.comps && x.comps[0] != '/'))
        _exit(SP_E_USAGE);
    x.repodata = g_strdup_printf("%s/repodata", output);
    x.number = sp_worker_number(argc, argv, "number", UINT64_MAX / 2, 0);
    x.revision = sp_worker_number(argc, argv, "revision", INT64_MAX, 0);
    x.count = sp_worker_number(argc, argv, "count", SP_MAX_PACKAGES, 0);
    (void)g_log_set_default_handler(no_log, NULL);
    /* The library reads rpm's configuration, and may look for the time zone:
     * all of that before the jail. */
    cr_package_parser_init();
    cr_xml_dump_init();
    sp_jails_index(x.stage, output, x.comps, SP_MAX_MEMBER_BYTES, &jail);
    sp_worker_begin(SP_WORKER_INDEX, &jail);
    write_all(&x);
    sp_worker_done(x.count);
}
