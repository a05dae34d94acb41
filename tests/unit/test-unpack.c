/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sallyport-unpack in its jail, with an archive library that can be made to
 * lie: gate and library must agree on everything.
 */
#include "ingest/unpack.h"

#include <archive.h>
#include <archive_entry.h>
#include <dlfcn.h>

#include "bundle/qfile.h"
#include "bundle/tar.h"
#include "tests/unit/worker.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- the library ----------------------------------------------------------
 */

static enum lie {
    NONE,
    NO_READER,
    NO_FORMAT,
    CANNOT_OPEN,
    OTHER_NAME,
    NO_NAME,
    OTHER_SIZE,
    NO_SIZE,
    OTHER_PLACE,
    A_FOLDER,
    A_LINK,
    OTHER_FORMAT,
    EARLY_END,
    BAD_HEADER,
    SKIPPED_HEADER,
    SKIPPED_LAST,
    SAME_HEADER,
    READ_AHEAD,
    RUN_BEHIND,
    RUN_ACROSS,
    EARLY_MARKER,
    LATE_ERROR,
    OTHER_OFFSET,
    LONG_RUN,
    LONG_LAST_RUN,
    SHORT_RUN,
    OTHER_BUFFER,
    EARLIER_BUFFER,
    FAR_BUFFER,
    BAD_DATA,
    EARLY_DATA_END,
    ASK_AGAIN,
} lie;

/* The true function behind the one that is defined here. ISO C has no cast
 * from a plain pointer to one to a function. */
#define FIND(member, name) true_one(#name, &lib.member, sizeof(lib.member))

static void
true_one(const char *name, void *ret, size_t size)
{
    void *found = dlsym(RTLD_NEXT, name);

    if (!found || size != sizeof(found))
        abort();
    memcpy(ret, &found, size);
}

/* All are looked up before the jail closes. */
static struct {
    __typeof__(&archive_read_new) new;
    __typeof__(&archive_read_support_format_tar) tar;
    __typeof__(&archive_read_open) open;
    __typeof__(&archive_read_next_header) next;
    __typeof__(&archive_read_data_block) block;
    __typeof__(&archive_entry_pathname) pathname;
    __typeof__(&archive_entry_size) size;
    __typeof__(&archive_entry_size_is_set) size_is_set;
    __typeof__(&archive_entry_filetype) filetype;
    __typeof__(&archive_entry_hardlink) hardlink;
    __typeof__(&archive_read_header_position) position;
    __typeof__(&archive_format) format;
} lib;

static void
find_library(void)
{
    FIND(new, archive_read_new);
    FIND(tar, archive_read_support_format_tar);
    FIND(open, archive_read_open);
    FIND(next, archive_read_next_header);
    FIND(block, archive_read_data_block);
    FIND(pathname, archive_entry_pathname);
    FIND(size, archive_entry_size);
    FIND(size_is_set, archive_entry_size_is_set);
    FIND(filetype, archive_entry_filetype);
    FIND(hardlink, archive_entry_hardlink);
    FIND(position, archive_read_header_position);
    FIND(format, archive_format);
}

struct archive *
archive_read_new(void)
{
    return lie == NO_READER ? NULL : lib.new();
}

int
archive_read_support_format_tar(struct archive *a)
{
    return lie == NO_FORMAT ? ARCHIVE_FATAL : lib.tar(a);
}

static archive_read_callback *ask;
static void *asked;

int
archive_read_open(struct archive *a, void *data, archive_open_callback *open,
                  archive_read_callback *read, archive_close_callback *close)
{
    ask = read;
    asked = data;
    return lie == CANNOT_OPEN ? ARCHIVE_FATAL
                              : lib.open(a, data, open, read, close);
}

int
archive_read_next_header(struct archive *a, struct archive_entry **entry)
{
    static struct archive_entry *last;
    static int calls;
    const void *chunk;
    int status;

    calls++;
    if ((lie == SKIPPED_HEADER && calls == 2) ||
        (lie == SKIPPED_LAST && calls == 3))
        (void)lib.next(a, entry);
    if (lie == EARLY_MARKER && calls == 4)
        return ARCHIVE_EOF;
    if (lie == SAME_HEADER && calls == 2) {
        *entry = last;
        return ARCHIVE_OK;
    }
    status = lib.next(a, entry);
    last = *entry;
    if (lie == EARLY_END && calls == 2)
        return ARCHIVE_EOF;
    if (lie == BAD_HEADER && calls == 2) {
        archive_set_error(a, EINVAL, "%s", "odd");
        return ARCHIVE_WARN;
    }
    if (lie == ASK_AGAIN && status == ARCHIVE_EOF && ask(a, asked, &chunk) != 0)
        abort();
    return status;
}

int
archive_read_data_block(struct archive *a, const void **run, size_t *size,
                        la_int64_t *at)
{
    static uint8_t foreign[65536];
    static const uint8_t *next;
    static la_int64_t next_at;
    static bool left;
    const void *chunk;
    int status;

    if (next) {
        *run = next;
        *size = 16;
        *at = next_at;
        return ARCHIVE_OK;
    }
    status = lib.block(a, run, size, at);

    switch ((int)lie) {
    case OTHER_OFFSET: *at += 1; break;
    case LONG_RUN: *size += 1; break;
    case LONG_LAST_RUN: *size += *at > 0; break;
    case SHORT_RUN: *size -= status == ARCHIVE_OK && *size > 0; break;
    case OTHER_BUFFER: *run = foreign; break;
    case EARLIER_BUFFER: *run = (const uint8_t *)*run - 512; break;
    case FAR_BUFFER: *run = (const uint8_t *)*run + 1; break;
    case READ_AHEAD:
        if (*size > 100000 && status == ARCHIVE_OK &&
            ask(a, asked, &chunk) <= 0)
            abort();
        break;
    case RUN_ACROSS: /* what was left of one chunk, and the next */
        if (left) {
            *run = (const uint8_t *)*run - 512;
            *at -= 512;
        }
        *size = left ? *size + 512 : *size - (*size > 100000 ? 512 : 0);
        left = !left && *size > 100000;
        break;
    case RUN_BEHIND:
        if (*size > 100000)
            next = (const uint8_t *)*run + *size;
        next_at = *at + (la_int64_t)*size;
        break;
    case LATE_ERROR: return status == ARCHIVE_EOF ? ARCHIVE_FATAL : status;
    case BAD_DATA: return ARCHIVE_FATAL;
    case EARLY_DATA_END: return ARCHIVE_EOF;
    default: break;
    }
    return status;
}

const char *
archive_entry_pathname(struct archive_entry *entry)
{
    return lie == OTHER_NAME ? "MANIFESTO"
           : lie == NO_NAME  ? NULL
                             : lib.pathname(entry);
}

la_int64_t
archive_entry_size(struct archive_entry *entry)
{
    return lib.size(entry) + (lie == OTHER_SIZE);
}

int
archive_entry_size_is_set(struct archive_entry *entry)
{
    return lie == NO_SIZE ? 0 : lib.size_is_set(entry);
}

__LA_MODE_T
archive_entry_filetype(struct archive_entry *entry)
{
    return lie == A_FOLDER ? S_IFDIR : lib.filetype(entry);
}

const char *
archive_entry_hardlink(struct archive_entry *entry)
{
    return lie == A_LINK ? "p000001.rpm" : lib.hardlink(entry);
}

la_int64_t
archive_read_header_position(struct archive *a)
{
    return lib.position(a) + 512 * (lie == OTHER_PLACE);
}

int
archive_format(struct archive *a)
{
    return lie == OTHER_FORMAT ? ARCHIVE_FORMAT_TAR_PAX_RESTRICTED
                               : lib.format(a);
}

/* ---- streams --------------------------------------------------------------
 */

static uint8_t stream[2 << 20];
static size_t stream_size;

static void
put(const void *bytes, size_t size)
{
    memcpy(stream + stream_size, bytes, size);
    stream_size += size;
}

static void
put_zero(size_t size)
{
    memset(stream + stream_size, 0, size);
    stream_size += size;
}

static void
put_member(const char *name, size_t size)
{
    sp_tar_header(stream + stream_size, name, size);
    stream_size += SP_TAR_BLOCK;
    for (size_t i = 0; i < size; i++)
        stream[stream_size++] = (uint8_t)(i % 251 + 1);
    put_zero(sp_tar_padding(size));
}

static void
good_bundle(void)
{
    stream_size = 0;
    put_member("MANIFEST", 700);
    put_member("p000001.rpm", 300000);
    put_member("p000002.rpm", 0);
    put_zero((size_t)2 * SP_TAR_BLOCK);
}

static const char *
end_with(const char *framing, const char *end, const char *more)
{
    struct scene scene = {.body = sp_unpack_run,
                          .in = stream,
                          .size = stream_size,
                          .words = {end, more ? more : framing, framing}};

    scene_run(&scene);
    return scene_end();
}

static const char *
bundle(const char *more)
{
    return end_with("framing=bundle", "end=known", more);
}

/* ---- bundles --------------------------------------------------------------
 */

static struct sp_entry
entry_at(size_t at)
{
    struct sp_entry entry;

    memcpy(&entry, outcome.out + at, sizeof(entry));
    return entry;
}

static void
test_bundle(void)
{
    const size_t record = sizeof(struct sp_entry);
    const struct sp_report *said;
    size_t at;

    good_bundle();
    tap_is_str(bundle(NULL), "done", "a bundle");
    tap_is_u64(outcome.out_size, 5 * record + 300700, "comes through");
    at = 0;
    for (uint64_t i = 0; i < 5; i++) {
        struct sp_entry entry = entry_at(at);

        tap_ok(sp_entry_check(&entry) && entry.index == (i > 0 ? i - 1 : 0),
               "record %u and its number", (unsigned)i);
        at += record + (entry.type == SP_ENTRY_FILE ? entry.size : 0);
    }
    tap_is_u64(entry_at(record).size, 700, "size of MANIFEST");
    tap_is_mem(outcome.out + 2 * record, stream + SP_TAR_BLOCK, 700,
               "its bytes");
    tap_is_u64(entry_at(2 * record + 700).size, 300000, "size of a package");
    tap_is_mem(outcome.out + 3 * record + 700,
               stream + (size_t)4 * SP_TAR_BLOCK, 300000, "its bytes");
    tap_ok(entry_at(outcome.out_size - record).index == 3 &&
               entry_at(outcome.out_size - record).size == 300700,
           "the end record adds up");
    said = scene_report(SP_REPORT_JAILED, 0);
    tap_ok(said && said->body.jailed.seccomp == 1, "in its jail");
    said = scene_report(SP_REPORT_DONE, 0);
    tap_is_u64(said ? said->index : 0, 3, "three members");
    said = &outcome.reports[outcome.n_reports - 2];
    tap_ok(said->type == SP_REPORT_PROGRESS &&
               said->body.progress.bytes == stream_size &&
               said->body.progress.entries == 3,
           "and all its bytes are told");
}

static void
test_ends(void)
{
    good_bundle();
    put("x", 1);
    tap_is_str(bundle(NULL), "trailing-data", "a byte behind a known end");
    tap_is_str(end_with("framing=bundle", "end=marker", NULL), "done",
               "a medium goes on");
    stream_size = 0;
    tap_is_str(bundle(NULL), "empty", "nothing");
    good_bundle();
    stream_size -= 600;
    tap_is_str(bundle(NULL), "truncated", "half an end marker");
    stream_size = 2600;
    tap_is_str(bundle(NULL), "truncated", "half a member");
    tap_ok(strstr(outcome.reports[outcome.n_reports - 1].message,
                  "in member p000001.rpm"),
           "which is named");
    stream_size = 1536;
    tap_is_str(bundle(NULL), "truncated", "nothing behind a member");
    tap_ok(!strstr(outcome.reports[outcome.n_reports - 1].message, "in member"),
           "no member is named");
    good_bundle();
    stream[0] ^= 1;
    tap_is_str(bundle(NULL), "noncanonical-header", "the gate refuses");
    for (int last = 0; last <= 1; last++) {
        good_bundle();
        stream[SP_TAR_BLOCK + (last ? 1023 : 700)] = 1;
        tap_is_str(bundle(NULL), "member-padding", "bytes behind MANIFEST");
        good_bundle();
        stream[4 * SP_TAR_BLOCK + (last ? 300031 : 300000)] = 1;
        tap_is_str(bundle(NULL), "member-padding", "bytes behind a package");
    }
}

static void
test_arguments(void)
{
    static const struct {
        const char *word, *want;
    } rows[] = {
        {"max-files=2", "done"},      {"max-files=1", "too-many-files"},
        {"max-file=300000", "done"},  {"max-file=299999", "file-too-large"},
        {"max-bytes=303616", "done"}, {"max-bytes=303615", "too-many-bytes"},
        {"max-files=x", "usage"},     {"framing=what", "usage"},
    };

    good_bundle();
    for (size_t i = 0; i < COUNT(rows); i++)
        tap_is_str(bundle(rows[i].word), rows[i].want, "%s", rows[i].word);
    tap_is_str(end_with("framing=bundle", "end=never", NULL), "usage",
               "end=never");
    tap_is_str(end_with("framing=bundle", "x=y", NULL), "usage", "no end");
    tap_is_str(end_with("x=y", "end=known", NULL), "done", "no framing");
}

/* Instead of the reason, on what the two differ. */
static const char *
lie_shown(const char *reason)
{
    static char text[32];
    const char *on;

    if (strcmp(reason, "parser-disagreement") != 0 || outcome.n_reports == 0)
        return reason;
    on = strstr(outcome.reports[outcome.n_reports - 1].message, "differ on ");
    if (!on)
        return reason;
    on += strlen("differ on ");
    (void)snprintf(text, sizeof(text), "%.*s", (int)(strstr(on, " of") - on),
                   on);
    return text;
}

static void
test_lies(void)
{
    static const struct {
        enum lie lie;
        const char *want, *what;
    } rows[] = {
        {NONE, "done", "no lie"},
        {NO_READER, "status 1", "no reader"},
        {NO_FORMAT, "status 1", "no tar"},
        {CANNOT_OPEN, "the format", "no stream"},
        {OTHER_NAME, "the name", "another name"},
        {NO_NAME, "the name", "no name"},
        {OTHER_SIZE, "the size", "another size"},
        {NO_SIZE, "the size", "no size"},
        {OTHER_PLACE, "the place", "another place"},
        {A_FOLDER, "the type", "a folder"},
        {A_LINK, "the type", "a link"},
        {OTHER_FORMAT, "the type", "another format"},
        {EARLY_END, "the end", "an early end"},
        {BAD_HEADER, "the header", "a warning"},
        {SKIPPED_HEADER, "the place", "a member skipped"},
        {SAME_HEADER, "the place", "a member twice"},
        {SKIPPED_LAST, "the end", "the last member skipped"},
        {READ_AHEAD, "the bytes", "bytes before what it holds"},
        {RUN_ACROSS, "the bytes", "bytes of two chunks"},
        {RUN_BEHIND, "the bytes", "bytes behind what it holds"},
        {EARLY_MARKER, "the end", "an end before its marker"},
        {LATE_ERROR, "the end", "an error behind all data"},
        {OTHER_OFFSET, "the data", "a hole"},
        {LONG_RUN, "the data", "more than the member has"},
        {LONG_LAST_RUN, "the data", "more at its end"},
        {SHORT_RUN, "the end", "less"},
        {OTHER_BUFFER, "the bytes", "bytes of its own"},
        {EARLIER_BUFFER, "the bytes", "earlier bytes"},
        {FAR_BUFFER, "the bytes", "later bytes"},
        {BAD_DATA, "the end", "an error"},
        {EARLY_DATA_END, "the end", "an early end of a member"},
        {ASK_AGAIN, "done", "asked behind the end, there is nothing"},
    };

    good_bundle();
    for (size_t i = 0; i < COUNT(rows); i++) {
        lie = rows[i].lie;
        tap_is_str(lie_shown(bundle(NULL)), rows[i].want, "the library: %s",
                   rows[i].what);
    }
    lie = BAD_HEADER;
    (void)bundle(NULL);
    tap_ok(strstr(outcome.reports[outcome.n_reports - 1].message, "': odd") !=
               NULL,
           "what the library says is said");
    lie = NONE;
}

/* ---- qfile ----------------------------------------------------------------
 */

static void
put_file(const char *name, size_t size)
{
    struct sp_qfile_header header = {
        .name_size = (uint32_t)strlen(name) + 1, .mode = 0100644, .size = size};

    sp_qfile_put_header(stream + stream_size, &header);
    stream_size += SP_QFILE_HEADER_BYTES;
    put(name, strlen(name) + 1);
    for (size_t i = 0; i < size; i++)
        stream[stream_size++] = (uint8_t)(i % 251);
}

static void
good_qfile(void)
{
    stream_size = 0;
    put_file("a.rpm", 10000);
    put_file("b.rpm", 0);
    put_file("c.rpm", 4096);
    put_zero(SP_QFILE_HEADER_BYTES);
}

static const char *
qfile(const char *more)
{
    return end_with("framing=auto", "end=known", more);
}

/* Who shows the progress knows what it is of from the start. */
static bool
was_told_first(enum sp_stream_kind kind)
{
    const struct sp_report *said = scene_report(SP_REPORT_PROGRESS, 0);

    return said && scene_report(SP_REPORT_PROGRESS, 1) &&
           said->body.progress.kind == kind && said->body.progress.entries == 0;
}

/* Each read of the stream gets one byte; all else is the same. */
static void
test_drips(void)
{
    struct scene scene = {.body = sp_unpack_run,
                          .in = stream,
                          .words = {"end=known", "framing=auto"},
                          .drips = true};

    stream_size = 0;
    put_file("a.rpm", 4097);
    put_file("b.rpm", 1);
    put_zero(SP_QFILE_HEADER_BYTES);
    scene.size = stream_size;
    scene_run(&scene);
    tap_is_str(scene_end(), "done", "a qfile stream, byte by byte");
    tap_is_u64(outcome.out_size, 4 * sizeof(struct sp_entry) + 4098,
               "comes through");
    stream_size = 0;
    put_member("MANIFEST", 700);
    put_member("p000001.rpm", 3000);
    put_zero((size_t)2 * SP_TAR_BLOCK);
    scene.size = stream_size;
    scene_run(&scene);
    tap_is_str(scene_end(), "done", "and a bundle");
    tap_is_u64(outcome.out_size, 4 * sizeof(struct sp_entry) + 3700,
               "comes through");
    put("x", 1);
    scene.size = stream_size;
    scene_run(&scene);
    tap_is_str(scene_end(), "trailing-data", "and a byte behind it");
}

static void
test_qfile(void)
{
    const size_t record = sizeof(struct sp_entry);
    const struct sp_report *said;
    struct sp_entry entry;

    good_qfile();
    tap_is_str(qfile(NULL), "done", "a qfile stream");
    tap_is_u64(outcome.out_size, 5 * record + 14096, "comes through");
    tap_is_str(entry_at(record).untrusted_name, "a.rpm", "its first name");
    entry = entry_at(0);
    tap_ok(sp_entry_check(&entry), "behind a start record");
    tap_ok(was_told_first(SP_STREAM_QFILE), "what it is is told first");
    tap_is_mem(outcome.out + 2 * record, stream + 38, 10000, "its bytes");
    said = &outcome.reports[outcome.n_reports - 2];
    tap_ok(said->type == SP_REPORT_PROGRESS &&
               said->body.progress.bytes == stream_size &&
               said->body.progress.entries == 3 &&
               said->body.progress.kind == SP_STREAM_QFILE,
           "and all its bytes are told");
    tap_is_u64(said->body.progress.crc32, sp_qfile_crc(0, stream, stream_size),
               "with their checksum");
    put("what follows", 12);
    tap_is_str(qfile(NULL), "done", "nothing behind the marker is read");
    said = &outcome.reports[outcome.n_reports - 2];
    tap_is_u64(said->body.progress.bytes, stream_size - 12, "not a byte");
    good_bundle();
    tap_is_str(qfile(NULL), "done", "a bundle is known by its first bytes");
    tap_ok(was_told_first(SP_STREAM_BUNDLE), "and is told first");
    stream[2] ^= 1;
    tap_is_str(qfile(NULL), "name-too-long", "what is neither is refused");
    stream[2] ^= 1;
    stream[7] ^= 1;
    tap_is_str(qfile(NULL), "name-too-long", "by the last letter, too");
    stream[7] ^= 1;
    stream[8] ^= 1;
    tap_is_str(qfile(NULL), "noncanonical-header",
               "the byte behind is a gate's");
}

static void
test_qfile_refusals(void)
{
    static const struct {
        const char *word, *want;
    } rows[] = {
        {"max-files=3", "done"},
        {"max-files=2", "too-many-files"},
        {"max-file=10000", "done"},
        {"max-file=9999", "file-too-large"},
        {"max-bytes=14096", "done"},
        {"max-bytes=14095", "too-many-bytes"},
        {"max-bytes=9999", "too-many-bytes"},
    };
    size_t whole;

    good_qfile();
    whole = stream_size;
    for (size_t i = 0; i < COUNT(rows); i++)
        tap_is_str(qfile(rows[i].word), rows[i].want, "%s", rows[i].word);
    for (stream_size = 1; stream_size < whole; stream_size += 97)
        if (strcmp(qfile(NULL), "truncated") != 0)
            break;
    tap_ok(stream_size >= whole, "no truncation is complete");
    stream_size = 0;
    tap_is_str(qfile(NULL), "empty", "nothing");
    put_file("../a.rpm", 1);
    tap_is_str(qfile(NULL), "member-name", "a path as name");
    stream_size = 0;
    put_file("a.rpm", 1);
    stream[4] = 0;
    stream[5] = 0;
    tap_is_str(qfile(NULL), "qfile-header", "not a plain file");
    stream_size = 0;
    for (int i = 0; i <= 4096; i++)
        put_file("a.rpm", 0);
    tap_is_str(qfile(NULL), "too-many-files", "a file above the ceiling");
}

/* ---- descriptors ----------------------------------------------------------
 */

static void
test_faults(void)
{
    struct scene scene = {.body = sp_unpack_run,
                          .in = stream,
                          .words = {"end=known", "framing=bundle"}};

    good_bundle();
    scene.size = stream_size;
    scene.deaf = true;
    scene_run(&scene);
    tap_is_str(scene_end(), "peer-gone", "nobody takes the entries");
    scene.deaf = false;
    scene.gone = true;
    scene_run(&scene);
    tap_is_str(scene_end(), "io", "nobody can");
    scene.gone = false;
    scene.no_in = true;
    scene_run(&scene);
    tap_is_str(scene_end(), "read-error", "nothing can be read");
}

int
main(void)
{
    find_library();
    test_bundle();
    test_ends();
    test_arguments();
    test_lies();
    test_qfile();
    test_drips();
    test_qfile_refusals();
    test_faults();
    return tap_done();
}
