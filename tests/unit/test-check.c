/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sallyport-check in its jail, under a parent and an unpack of our own: each
 * way a stream can break, each call that can fail.
 */
#include "ingest/check.h"

#include "base/auto.h"
#include "base/io.h"
#include "base/sha256.h"
#include "base/text.h"
#include "bundle/manifest.h"
#include "bundle/rpm.h"
#include "bundle/sigpacket.h"
#include "ingest/check-package.h"
#include "ingest/digest.h"
#include "tests/unit/gcrypt.h"
#include "tests/unit/worker.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define HELLO                                                                  \
    "tests/corpus/rpms/rpm-software-management__rpm/"                          \
    "hello-2.0-1.x86_64-signed.rpm"
#define ID "abababababababababababababababab"
#define OTHER_ID "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd"

enum { MAX_FILES = 4 };

static char directory[] = "/tmp/test-check.XXXXXX";
static int directory_fd;

static struct file {
    uint8_t bytes[64 * 1024];
    size_t size;
} hello;

static void
read_package(const char *path, struct file *ret)
{
    SP_AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, ret->bytes, sizeof(ret->bytes));

    if (n <= 0)
        abort();
    ret->size = (size_t)n;
}

/* ---- the library ----------------------------------------------------------
 */

/* Spoils what is known of a signature, as soon as its digest is made. */
static bool spoils;

/* What the digest of a version 4 signature ends with (RFC 4880 5.2.4). */
static bool
is_trailer(const uint8_t *bytes, size_t size)
{
    return size > 6 && size < 256 && bytes[size - 6] == 4 &&
           bytes[size - 5] == 0xff && bytes[size - 1] == size - 6;
}

void
gcry_md_write(gcry_md_hd_t hd, const void *bytes, size_t size)
{
    CALLS_TRUE(void, "gcry_md_write", gcry_md_hd_t, const void *, size_t);

    call(hd, bytes, size);
    if (spoils && is_trailer(bytes, size)) {
        struct sp_sigpacket *packet =
            (void *)((uintptr_t)bytes - offsetof(struct sp_sigpacket, trailer));

        packet->signed_size = SP_SIG_MAX_BYTES;
        packet->mpis_size = SP_SIG_MPIS_MAX;
    }
}

/* What was written into the stream; the text of MANIFEST stands apart. */
static uint8_t stream[12 << 20];
static size_t stream_size;

static void
put(const void *bytes, size_t size)
{
    memcpy(stream + stream_size, bytes, size);
    stream_size += size;
}

static void
put_record(enum sp_entry_type type, enum sp_stream_kind kind, uint64_t index,
           uint64_t size, const char *name)
{
    struct sp_entry entry;

    sp_entry_init(&entry, type, kind, index, size);
    (void)snprintf(entry.untrusted_name, sizeof(entry.untrusted_name), "%s",
                   name);
    put(&entry, sizeof(entry));
}

static void
begin(enum sp_stream_kind kind)
{
    stream_size = 0;
    put_record(SP_ENTRY_START, kind, 0, 0, "");
}

/* ---- a bundle from its members --------------------------------------------
 */

struct bundle {
    struct sp_member members[MAX_FILES];
    const void *bytes[MAX_FILES];
    size_t n;
};

static struct sp_member *
add(struct bundle *b, const void *bytes, size_t size)
{
    struct sp_member *m = &b->members[b->n];

    memset(m, 0, sizeof(*m));
    m->size = size;
    b->bytes[b->n++] = bytes;
    return m;
}

static struct sp_member *
add_evidence(struct bundle *b, enum sp_evidence kind, const char *label,
             const void *bytes, size_t size)
{
    struct sp_member *m = add(b, bytes, size);

    m->kind = SP_MEMBER_EVIDENCE;
    m->evidence = kind;
    (void)snprintf(m->label, sizeof(m->label), "%s", label);
    sp_sha256(bytes, size, m->sha256);
    return m;
}

static struct sp_member *
add_hello(struct bundle *b)
{
    struct sp_member *m = add(b, hello.bytes, hello.size);
    struct sp_error err = {0};
    size_t need = 0, have;

    do {
        have = need;
        if (sp_rpm_need(hello.bytes, have, hello.size, &need, &err) < 0)
            abort();
    } while (need > have);
    m->kind = SP_MEMBER_PACKAGE;
    m->why = SP_WHY_UPDATE;
    m->head_size = need;
    memcpy(m->nevra.name, "hello", 6);
    memcpy(m->nevra.version, "2.0", 4);
    memcpy(m->nevra.release, "1", 2);
    memcpy(m->nevra.arch, "x86_64", 7);
    sp_sha256(hello.bytes, need, m->sha256);
    return m;
}

/* A package that is text. */
static void
add_text(struct bundle *b)
{
    static const uint8_t text[500] = "text";
    struct sp_member *m = add_hello(b);

    b->bytes[b->n - 1] = text;
    m->size = sizeof(text);
    m->head_size = 400;
    sp_sha256(text, 400, m->sha256);
}

static void
write_bundle(const struct bundle *b)
{
    static const char *const ids[] = {ID, OTHER_ID};
    SP_AUTO_FREE char *text = NULL;
    struct sp_error err = {0};
    uint64_t sum;
    size_t size;

    if (sp_manifest_print(ids, 2, b->members, b->n, &text, &size, &err) < 0) {
        printf("# %s\n", err.msg);
        abort();
    }
    begin(SP_STREAM_BUNDLE);
    put_record(SP_ENTRY_FILE, SP_STREAM_BUNDLE, 0, size, "");
    put(text, size);
    sum = size;
    for (size_t i = 0; i < b->n; i++) {
        put_record(SP_ENTRY_FILE, SP_STREAM_BUNDLE, i + 1, b->members[i].size,
                   "");
        put(b->bytes[i], b->members[i].size);
        sum += b->members[i].size;
    }
    put_record(SP_ENTRY_END, SP_STREAM_BUNDLE, b->n + 1, sum, "");
}

/* ---- running it -----------------------------------------------------------
 */

static struct scene
storing(void)
{
    return (struct scene){
        .body = sp_check_run,
        .in = stream,
        .size = stream_size,
        .dir = directory_fd,
        .words = {"store=1", "keep=0", "now=2000000000", "space=1000000000"}};
}

static void
forget_files(void)
{
    static const char *const names[] = {"000001.rpm", "000002.rpm", "e0001",
                                        "e0002", "e0003"};

    for (size_t i = 0; i < COUNT(names); i++)
        (void)unlinkat(directory_fd, names[i], 0);
}

static const char *
end_of(const struct scene *scene)
{
    forget_files();
    scene_run(scene);
    return scene_end();
}

static const char *
end_with(const char *word)
{
    struct scene scene = storing();

    scene.words[4] = word;
    return end_of(&scene);
}

static const char *
end_without_store(void)
{
    struct scene scene = storing();

    scene.words[0] = "store=0"; /* the first word counts */
    return end_of(&scene);
}

static const char *
end_at(const char *now)
{
    struct scene scene = storing();

    scene.words[2] = now;
    return end_of(&scene);
}

/* How many messages the last one counts. */
static uint64_t
messages(void)
{
    struct sp_message end;

    memcpy(&end, outcome.out + outcome.out_size - sizeof(end), sizeof(end));
    return end.type == SP_MESSAGE_END ? end.index : UINT64_MAX;
}

static size_t
stored(const char *name)
{
    struct stat st;

    return fstatat(directory_fd, name, &st, 0) == 0 ? (size_t)st.st_size : 0;
}

/* ---- packages -------------------------------------------------------------
 */

static void
test_good(void)
{
    struct bundle b = {.n = 0};
    const struct sp_report *said;
    struct scene scene;

    (void)add_hello(&b);
    write_bundle(&b);
    tap_is_str(end_with(NULL), "done", "a bundle of one package");
    said = scene_report(SP_REPORT_JAILED, 0);
    tap_ok(said && said == outcome.reports && said->body.jailed.seccomp == 1,
           "in its jail from the start");
    said = scene_report(SP_REPORT_PACKAGE, 0);
    if (!tap_ok(said != NULL, "it is reported"))
        return;
    tap_is_u64(said->body.package.verdict, SP_VERDICT_ACCEPTED, "accepted");
    tap_is_u64(said->body.package.why, SP_WHY_UPDATE, "why");
    tap_is_u64(said->body.package.file_bytes, stored("000001.rpm"), "stored");
    tap_ok(!said->body.package.name_noted, "no hint");
    said = scene_report(SP_REPORT_MANIFEST, 0);
    tap_ok(said && said->body.manifest.packages == 1 &&
               said->body.manifest.bytes == hello.size,
           "what MANIFEST says");
    said = scene_report(SP_REPORT_REQUEST, 0);
    tap_is_str(said ? said->body.request.id : NULL, ID, "and its request");
    said = scene_report(SP_REPORT_REQUEST, 1);
    tap_is_str(said ? said->body.request.id : NULL, OTHER_ID, "the second");
    tap_ok(!scene_report(SP_REPORT_REQUEST, 2), "there is no third");
    tap_ok(!scene_report(SP_REPORT_EVIDENCE, 0), "no evidence");
    tap_is_str(end_without_store(), "done", "judged and not stored");
    tap_is_u64(stored("000001.rpm"), 0, "there is no file");
    scene = (struct scene){.body = sp_check_run,
                           .in = stream,
                           .size = stream_size,
                           .words = {"now=2000000000"}};
    tap_is_str(end_of(&scene), "done", "who says nothing gets no file");
    b.n = 0;
    add_text(&b);
    write_bundle(&b);
    tap_is_str(end_with(NULL), "not-rpm", "a package that is none");
}

/* What is said of a package, and what is handed on. */
static void
test_facts(void)
{
    static const uint8_t none[32];
    struct bundle b = {.n = 0};
    struct sp_rpm rpm = {0};
    static struct sp_sigpacket packet;
    struct sp_error err = {0};
    struct sp_message message;
    const struct sp_report_package *said;
    size_t head = add_hello(&b)->head_size, at = 0;
    uint8_t digest[32];
    struct stat st;

    write_bundle(&b);
    if (sp_rpm_parse(hello.bytes, head, &rpm, &err) < 0 ||
        sp_rpm_facts(hello.bytes, head, &rpm, &err) < 0)
        abort();
    tap_is_str(end_with(NULL), "done", "a package");
    tap_is_u64(scene_report(SP_REPORT_PACKAGE, 0)->index, 1, "the first");
    said = &scene_report(SP_REPORT_PACKAGE, 0)->body.package;
    sp_sha256(hello.bytes + rpm.main_header.offset, rpm.main_header.size,
              digest);
    tap_is_mem(said->header_sha256, digest, 32, "the digest of its header");
    tap_ok(!said->is_source, "it is no source");
    tap_is_str(said->nevra.name, "hello", "its name");
    tap_is_str(said->nevra.version, "2.0", "its version");
    tap_is_str(said->nevra.release, "1", "its release");
    tap_is_str(said->nevra.arch, "x86_64", "its architecture");
    tap_is_u64(said->build_time, rpm.build_time, "its build time");
    tap_is_u64(said->installed_bytes, rpm.installed_bytes, "its size");
    tap_ok(rpm.build_time > 0 && rpm.installed_bytes > 0, "which are known");
    tap_is_u64(said->payload_bytes, hello.size - head, "its payload");
    if (sp_sigpacket_parse(hello.bytes + rpm.signature.offset,
                           rpm.signature.size, &packet, &err) < 0)
        abort();
    tap_is_mem(said->issuer, packet.issuer, sizeof(said->issuer),
               "the issuer of its signature");
    tap_is_u64(said->signature_time, packet.created, "its time");
    tap_is_u64(said->hash_algo, packet.hash_algo, "its hash algorithm");
    tap_is_u64(said->pubkey_algo, packet.pubkey_algo, "and that of the key");
    tap_is_mem(said->file_sha256, none, 32, "nobody asked for its digest");
    tap_is_mem(said->stored_sha256, none, 32, "nor of the stored one");
    tap_ok(fstatat(directory_fd, "000001.rpm", &st, 0) == 0 &&
               (st.st_mode & 07777) == 0600,
           "nobody else can read it");
    memcpy(&message, outcome.out, sizeof(message));
    tap_ok(message.type == SP_MESSAGE_PACKAGE && message.index == 1 &&
               message.header_size == rpm.main_header.size,
           "it is handed on");
    at = sizeof(message);
    tap_is_mem(outcome.out + at, hello.bytes + rpm.main_header.offset,
               rpm.main_header.size, "with its header");
    at += rpm.main_header.size;
    tap_is_u64(outcome.out[at], 0xc2, "and a packet");
    tap_is_u64(outcome.out_size, at + message.packet_size + sizeof(message),
               "and the end, and no more");
    memcpy(&message, outcome.out + outcome.out_size - sizeof(message),
           sizeof(message));
    tap_ok(message.type == SP_MESSAGE_END && message.header_size == 0 &&
               message.packet_size == 0,
           "which has nothing behind it");
}

/* The index is told what it finds in the file. */
static void
test_stored_digest(void)
{
    struct bundle b = {.n = 0};
    static uint8_t bytes[sizeof(hello.bytes)];
    const struct sp_report *said;
    SP_AUTO_FD fd = -1;
    uint8_t digest[32];
    ssize_t n;

    (void)add_hello(&b);
    write_bundle(&b);
    tap_is_str(end_with("hash-stored=1"), "done", "a package for the index");
    fd = openat(directory_fd, "000001.rpm", O_RDONLY | O_CLOEXEC);
    n = fd < 0 ? -1 : read(fd, bytes, sizeof(bytes));
    said = scene_report(SP_REPORT_PACKAGE, 0);
    if (!tap_ok(n > 0 && said, "is stored and reported"))
        return;
    sp_sha256(bytes, (size_t)n, digest);
    tap_is_mem(said->body.package.stored_sha256, digest, 32,
               "with the digest of the file");
}

static void
test_names(void)
{
    struct bundle b = {.n = 0};
    struct sp_member *m = add_hello(&b);
    struct sp_nevra *n = &m->nevra;
    const struct sp_nevra good = *n;

    n->epoch = 1;
    write_bundle(&b);
    tap_is_str(end_with(NULL), "filename-mismatch", "another epoch");
    *n = good;
    n->version[0] = '3';
    write_bundle(&b);
    tap_is_str(end_with(NULL), "filename-mismatch", "another version");
    *n = good;
    n->release[0] = '3';
    write_bundle(&b);
    tap_is_str(end_with(NULL), "filename-mismatch", "another release");
    *n = good;
    n->arch[0] = 'y';
    write_bundle(&b);
    tap_is_str(end_with(NULL), "filename-mismatch", "another arch");
    *n = good;
    n->name[0] = 'j';
    write_bundle(&b);
    tap_is_str(end_with(NULL), "filename-mismatch", "another name");
    tap_is_str(outcome.reports[outcome.n_reports - 1].message,
               "MANIFEST calls it 'jello-2.0-1.x86_64'", "is said");
    tap_is_u64(stored("000001.rpm"), 0, "of which nothing is stored");
}

static const char *
hinted(const char *hint)
{
    begin(SP_STREAM_QFILE);
    put_record(SP_ENTRY_FILE, SP_STREAM_QFILE, 0, hello.size, hint);
    put(hello.bytes, hello.size);
    put_record(SP_ENTRY_END, SP_STREAM_QFILE, 1, hello.size, "");
    return end_with(NULL);
}

static bool
was_noted(void)
{
    const struct sp_report *said = scene_report(SP_REPORT_PACKAGE, 0);

    return said && said->body.package.name_noted;
}

static void
test_hints(void)
{
    tap_is_str(hinted("hello-2.0-1.x86_64.rpm"), "done", "the right name");
    tap_ok(!was_noted(), "is not noted");
    tap_is_str(hinted("other.rpm"), "done", "another name");
    tap_ok(was_noted(), "is noted");
    tap_is_str(hinted(""), "done", "no name");
    tap_ok(!was_noted(), "is not noted");
}

/* Why the package is refused with one byte changed at this place. */
static const char *
spoiled(size_t at, uint8_t byte)
{
    uint8_t good = hello.bytes[at];
    const char *word;

    hello.bytes[at] = byte;
    word = hinted("x.rpm");
    hello.bytes[at] = good;
    return word;
}

/* One byte in each part of the head: what looks at it says so. */
static void
spoil_parts(void)
{
    struct sp_rpm rpm = {0};
    struct sp_sigpacket packet = {0};
    struct sp_error err = {0};
    struct bundle b = {.n = 0};
    size_t size = add_hello(&b)->head_size, at;
    bool bad_signature = false, named = false;
    static const uint8_t none[8];
    const struct sp_report_package *said;

    if (sp_rpm_parse(hello.bytes, size, &rpm, &err) < 0 ||
        sp_sigpacket_parse(hello.bytes + rpm.signature.offset,
                           rpm.signature.size, &packet, &err) < 0)
        abort();
    for (at = rpm.signature.offset + rpm.signature.size - packet.mpis_size - 2;
         at < rpm.signature.offset + rpm.signature.size; at++)
        bad_signature |= strcmp(spoiled(at, (uint8_t)(hello.bytes[at] ^ 1)),
                                "bad-signature") == 0;
    tap_ok(bad_signature, "the first bytes of the signed digest are compared");
    tap_is_str(spoiled(rpm.signature.offset, 0), "sig-packet", "no packet");
    said = &scene_report(SP_REPORT_PACKAGE, 0)->body.package;
    tap_is_mem(said->issuer, none, sizeof(none), "so nobody issued it");
    for (at = 112; memcmp(hello.bytes + at, "\0\0\1\x0c", 4) != 0;)
        at += 16;
    tap_is_str(spoiled(at + 3, 0x0b), "sig-tag-algo", "the tag of DSA");
    tap_is_str(spoiled(115, 0), "region", "no region");
    /* Nothing that is signed asks for the digests of the header. */
    for (at = 112; memcmp(hello.bytes + at, "\0\0\1\x0d", 4) != 0;)
        at += 16;
    tap_is_str(spoiled(at + 3, 0x10), "done", "no SHA-1");
    for (at = 112; memcmp(hello.bytes + at, "\0\0\1\x11", 4) != 0;)
        at += 16;
    tap_is_str(spoiled(at + 3, 0x17), "done", "no SHA-256");
    for (at = 96; at + 64 < size; at++) {
        if (rpm.header_sha256[0] &&
            memcmp(hello.bytes + at, rpm.header_sha256, 64) == 0)
            tap_is_str(spoiled(at, hello.bytes[at] == '0' ? '1' : '0'),
                       "header-digest", "another SHA-256");
        if (rpm.header_sha1[0] &&
            memcmp(hello.bytes + at, rpm.header_sha1, 40) == 0)
            tap_is_str(spoiled(at, hello.bytes[at] == '0' ? '1' : '0'),
                       "header-digest", "another SHA-1");
        if (!named && at > rpm.main_header.offset &&
            memcmp(hello.bytes + at, "hello", 6) == 0) {
            tap_is_str(spoiled(at, '/'), "nevra", "a name that is none");
            tap_is_str(spoiled(at, 'j'), "header-digest", "another name");
            named = true;
        }
    }
    for (at = rpm.main_header.offset;
         memcmp(hello.bytes + at, "\0\0\4\x14", 4) != 0;)
        at += 16;
    tap_is_str(spoiled(at + 3, 0x13), "header-digest", "no source is named");
    said = &scene_report(SP_REPORT_PACKAGE, 0)->body.package;
    tap_ok(said->is_source && strcmp(said->nevra.name, "hello") == 0,
           "so it would be one itself");
    (void)hinted("x.rpm");
    tap_is_str(end_at("now=1"), "sig-future", "an old clock");
}

/* Each byte of the package changed in turn, a few of many. */
static void
test_damage(void)
{
    static struct file good;
    struct bundle b = {.n = 0};
    size_t head = add_hello(&b)->head_size;
    unsigned accepted = 0;

    good = hello;
    write_bundle(&b);
    stream[stream_size - sizeof(struct sp_entry) - 1] ^= 1;
    tap_is_str(end_with(NULL), "payload-digest-mismatch", "the last byte");
    stream[stream_size - sizeof(struct sp_entry) - hello.size + 300] ^= 1;
    tap_is_str(end_with(NULL), "head-digest", "a byte of the head");
    for (size_t at = 0; at < head; at += 97) {
        hello.bytes[at] ^= 0x40;
        if (strcmp(hinted("x.rpm"), "done") == 0 && at >= 96 &&
            stored("000001.rpm") == 0)
            accepted++;
        hello = good;
    }
    tap_is_u64(accepted, 0, "nothing is accepted that is not stored");
    spoil_parts();
    hello = good;
}

/* ---- ceilings and room ----------------------------------------------------
 */

static void
test_ceilings(void)
{
    struct bundle b = {.n = 0};
    static const struct {
        const char *word, *want;
    } rows[] = {
        {"max-files=1", "done"},
        {"max-files=0", "too-many-files"},
        {"max-file=16777216", "done"},
        {"max-file=100", "file-too-large"},
        {"max-bytes=100", "too-many-bytes"},
        {"store=2", "usage"},
        {"go-on=1", "done"},
        {"go-on=x", "usage"},
        {"go-on=2", "usage"},
        {"hash-stored=2", "usage"},
    };
    char word[32];
    struct scene scene;

    (void)add_hello(&b);
    write_bundle(&b);
    for (size_t i = 0; i < COUNT(rows); i++) {
        scene = storing();
        scene.words[0] = rows[i].word;
        scene.words[4] = "store=1";
        tap_is_str(end_of(&scene), rows[i].want, "%s", rows[i].word);
    }
    for (int less = 0; less < 2; less++) {
        (void)snprintf(word, sizeof(word), "space=%zu",
                       hello.size - (size_t)less);
        scene = storing();
        scene.words[3] = word;
        tap_is_str(end_of(&scene), less ? "space" : "done", "%s", word);
        (void)snprintf(word, sizeof(word), "max-file=%zu",
                       hello.size - (size_t)less);
        tap_is_str(end_with(word), less ? "file-too-large" : "done", "%s",
                   word);
        (void)snprintf(word, sizeof(word), "max-bytes=%zu",
                       hello.size - (size_t)less);
        tap_is_str(end_with(word), less ? "too-many-bytes" : "done", "%s",
                   word);
    }
    scene = storing();
    scene.words[3] = "space=1000";
    tap_is_str(end_of(&scene), "space", "no room");
    tap_ok(strstr(outcome.reports[outcome.n_reports - 1].message,
                  "needed, 1.0 kB free") != NULL,
           "is said: %s", outcome.reports[outcome.n_reports - 1].message);
    scene.words[1] = "keep=2";
    tap_is_str(end_of(&scene), "usage", "kept twice");
    (void)hinted("");
    tap_is_str(end_with("max-files=0"), "too-many-files", "a file alone");
    tap_is_str(end_with("max-file=100"), "file-too-large", "which is large");
    tap_is_str(end_with("max-bytes=100"), "too-many-bytes", "by itself");
    write_bundle(&b);
    scene = storing();
    scene.words[0] = "store=0";
    scene.words[3] = "space=1";
    tap_is_str(end_of(&scene), "done", "what is not stored needs no room");
}

/* ---- calls that fail ------------------------------------------------------
 */

static const char *
failing(const char *keep, int call, int fd, int sys)
{
    struct scene scene = storing();

    scene.words[1] = keep;
    scene.call = call;
    scene.fd = fd;
    scene.sys = sys;
    return end_of(&scene);
}

static void
test_store_faults(void)
{
    static const char repomd[] = "<repomd/>";
    static const struct {
        int call, fd, sys;
        const char *want, *what;
    } rows[] = {
        {SYS_openat, SP_FD_DIR, ENOSPC, "space", "no room for the file"},
        {SYS_openat, SP_FD_DIR, EDQUOT, "space", "no quota for it"},
        {SYS_openat, SP_FD_DIR, EACCES, "io", "no right to make it"},
        {SYS_write, SP_FD_DIR + 1, ENOSPC, "space", "no room for its bytes"},
        {SYS_write, SP_FD_DIR + 1, EDQUOT, "space", "no quota for them"},
        {SYS_write, SP_FD_DIR + 1, EIO, "io", "a disk that is broken"},
    };
    struct bundle b = {.n = 0};
    struct scene scene;

    (void)add_hello(&b);
    write_bundle(&b);
    for (size_t i = 0; i < COUNT(rows); i++)
        tap_is_str(failing("keep=0", rows[i].call, rows[i].fd, rows[i].sys),
                   rows[i].want, "package: %s", rows[i].what);
    tap_is_str(failing("keep=0", SYS_close, ANY_FD, EIO), "io",
               "package: not on the disk in the end");
    scene = storing();
    scene.deaf = true;
    tap_is_str(end_of(&scene), "peer-gone", "nobody takes the messages");
    scene.deaf = false;
    scene.gone = true;
    tap_is_str(end_of(&scene), "io", "nobody can");
    b.n = 0;
    (void)add_evidence(&b, SP_EVIDENCE_REPOMD, "r", repomd, sizeof(repomd));
    write_bundle(&b);
    for (size_t i = 0; i < COUNT(rows); i++)
        tap_is_str(failing("keep=1", rows[i].call, rows[i].fd, rows[i].sys),
                   rows[i].want, "evidence: %s", rows[i].what);
}

/* ---- a package that is written back while it comes ------------------------
 */

enum { LARGE = 9 << 20 };

/* Another tag than the one of an unsigned digest, which is not right now. */
static void
rename_tag(uint8_t *head, const char *tag, uint8_t last)
{
    size_t at = 112;

    while (memcmp(head + at, tag, 4) != 0)
        at += 16;
    head[at + 3] = last;
}

/* What the main header and the signature say of a payload of zeros. */
static void
say_zeros(uint8_t *head, size_t size)
{
    static const uint8_t zeros[LARGE];
    static struct sp_sigpacket packet;
    struct sp_rpm rpm = {0};
    struct sp_error err = {0};
    struct sp_sha256 state;
    uint8_t digest[32];
    char hex[65];
    uint8_t *blob, *claimed;

    if (sp_rpm_parse(head, size, &rpm, &err) < 0 ||
        sp_rpm_facts(head, size, &rpm, &err) < 0)
        abort();
    sp_sha256(zeros, sizeof(zeros), digest);
    sp_text_hex(hex, digest, sizeof(digest));
    claimed = memmem(head, size, rpm.payload_sha256, 64);
    blob = head + rpm.signature.offset;
    if (!claimed ||
        sp_sigpacket_parse(blob, rpm.signature.size, &packet, &err) < 0 ||
        packet.hash_algo != SP_HASH_SHA256)
        abort();
    memcpy(claimed, hex, 64);
    sp_sha256_init(&state);
    sp_sha256_update(&state, head + rpm.main_header.offset,
                     rpm.main_header.size);
    sp_sha256_update(&state, packet.trailer, packet.trailer_size);
    sp_sha256_final(&state, digest);
    memcpy(blob + rpm.signature.size - packet.mpis_size - 2, digest, 2);
    rename_tag(head, "\0\0\1\x0d", 0x10);
    rename_tag(head, "\0\0\1\x11", 0x17);
}

static void
test_write_back(void)
{
    struct bundle b = {.n = 0};
    size_t head = add_hello(&b)->head_size, whole;
    const struct sp_report *said;
    uint8_t *copy;

    begin(SP_STREAM_RPM);
    put_record(SP_ENTRY_FILE, SP_STREAM_RPM, 0, head + LARGE, "");
    copy = stream + stream_size;
    put(hello.bytes, head);
    say_zeros(copy, head);
    memset(stream + stream_size, 0, LARGE);
    stream_size += LARGE;
    put_record(SP_ENTRY_END, SP_STREAM_RPM, 1, head + LARGE, "");
    tap_is_str(end_with(NULL), "done", "a package of more than 8 MiB");
    said = scene_report(SP_REPORT_PACKAGE, 0);
    whole = stored("000001.rpm");
    tap_ok(whole > LARGE && said && said->body.package.file_bytes == whole,
           "is stored whole");
    tap_is_str(failing("keep=0", SYS_sync_file_range, SP_FD_DIR + 1, EIO),
               "done", "and when the disk cannot begin yet");
    tap_is_u64(stored("000001.rpm"), whole, "too");
    tap_is_str(end_without_store(), "done", "and judged without a file");
    tap_is_u64(stored("000001.rpm"), 0, "that nobody wants");
}

/* ---- the stream -----------------------------------------------------------
 */

static void
lone_record(enum sp_entry_type type, enum sp_stream_kind kind, uint64_t index,
            uint64_t size, const char *want, const char *what)
{
    begin(SP_STREAM_RPM);
    put_record(type, kind, index, size, "");
    tap_is_str(end_with(NULL), want, "%s", what);
}

static void
test_stream(void)
{
    struct scene scene;

    stream_size = 0;
    tap_is_str(end_with(NULL), "truncated", "nothing");
    put_record(SP_ENTRY_FILE, SP_STREAM_RPM, 0, 0, "");
    tap_is_str(end_with(NULL), "protocol", "no start");
    stream[0] ^= 1;
    tap_is_str(end_with(NULL), "protocol", "no record");
    begin(SP_STREAM_RPM);
    put_record(SP_ENTRY_END, SP_STREAM_RPM, 0, 0, "");
    ((struct sp_entry *)(void *)stream)[1].reserved = 1;
    tap_is_str(end_with(NULL), "protocol", "a record that is malformed");
    scene = storing();
    scene.no_in = true;
    tap_is_str(end_of(&scene), "io", "nothing can be read");
    lone_record(SP_ENTRY_END, SP_STREAM_RPM, 0, 0, "done", "no file");
    lone_record(SP_ENTRY_END, SP_STREAM_RPM, 0, 1, "protocol", "wrong sum");
    lone_record(SP_ENTRY_END, SP_STREAM_RPM, 1, 0, "protocol", "wrong count");
    lone_record(SP_ENTRY_END, SP_STREAM_QFILE, 0, 0, "protocol", "other kind");
    lone_record(SP_ENTRY_START, SP_STREAM_RPM, 0, 0, "protocol",
                "a second start");
    lone_record(SP_ENTRY_FILE, SP_STREAM_RPM, 1, 0, "protocol", "other index");
    lone_record(SP_ENTRY_FILE, SP_STREAM_RPM, 0, SP_MAX_MEMBER_BYTES + 1,
                "protocol", "a file beyond its ceiling");
    lone_record(SP_ENTRY_FILE, SP_STREAM_RPM, 0, 1000, "truncated",
                "no bytes of the file");
    lone_record(SP_ENTRY_FILE, SP_STREAM_RPM, 0, 0, "not-rpm", "an empty file");
    begin(SP_STREAM_RPM);
    put_record(SP_ENTRY_FILE, SP_STREAM_RPM, 0, hello.size, "");
    put(hello.bytes, hello.size - 1);
    tap_is_str(end_with(NULL), "truncated", "a byte less than announced");
    scene = storing();
    scene.breaks = true;
    tap_is_str(end_of(&scene), "io", "a byte that cannot be read");
    (void)hinted("");
    scene = storing();
    scene.drips = true;
    tap_is_str(end_of(&scene), "done", "bytes that come one by one");
    tap_is_u64(stored("000001.rpm"),
               scene_report(SP_REPORT_PACKAGE, 0)->body.package.file_bytes,
               "are all stored");
    begin(SP_STREAM_RPM);
    for (uint64_t i = 0; i < 2; i++) {
        put_record(SP_ENTRY_FILE, SP_STREAM_RPM, i, hello.size, "");
        put(hello.bytes, hello.size);
    }
    put_record(SP_ENTRY_END, SP_STREAM_RPM, 2, 2 * hello.size, "");
    tap_is_str(end_with(NULL), "manifest-member", "two where one may be");
}

/* A record need not stand at a multiple of eight. */
struct anywhere {
    struct sp_entry entry;
} __attribute__((packed, aligned(1)));

static void
test_against_manifest(void)
{
    struct bundle b = {.n = 0};
    struct sp_member *m = add_hello(&b);
    struct anywhere *end;

    begin(SP_STREAM_BUNDLE);
    put_record(SP_ENTRY_END, SP_STREAM_BUNDLE, 0, 0, "");
    tap_is_str(end_with(NULL), "manifest-member", "no MANIFEST");
    begin(SP_STREAM_BUNDLE);
    put_record(SP_ENTRY_FILE, SP_STREAM_BUNDLE, 0, SP_MAX_MANIFEST_BYTES + 1,
               "");
    tap_is_str(end_with(NULL), "manifest-size", "a MANIFEST too large");
    begin(SP_STREAM_BUNDLE);
    put_record(SP_ENTRY_FILE, SP_STREAM_BUNDLE, 0, SP_MAX_MANIFEST_BYTES, "");
    tap_is_str(end_with(NULL), "truncated", "one as large as may be");
    begin(SP_STREAM_BUNDLE);
    put_record(SP_ENTRY_FILE, SP_STREAM_BUNDLE, 0, 5, "");
    put("bundl", 5);
    tap_is_str(end_with(NULL), "manifest-syntax", "no text of one");
    write_bundle(&b);
    end = (struct anywhere *)(void *)(stream + stream_size - sizeof(*end));
    end->entry.type = SP_ENTRY_FILE;
    tap_is_str(end_with(NULL), "manifest-member", "a member more");
    end->entry.type = SP_ENTRY_END;
    memmove(stream + stream_size - 2 * sizeof(*end) - hello.size, end,
            sizeof(*end));
    stream_size -= sizeof(*end) + hello.size;
    end = (struct anywhere *)(void *)(stream + stream_size - sizeof(*end));
    end->entry.index--;
    end->entry.size -= hello.size;
    tap_is_str(end_with(NULL), "manifest-member", "a member less");
    write_bundle(&b);
    end = (struct anywhere *)(void *)(stream + stream_size - sizeof(*end));
    ((struct anywhere *)(void *)((uint8_t *)end - hello.size - sizeof(*end)))
        ->entry.size--;
    tap_is_str(end_with(NULL), "manifest-member", "a member of another size");
    for (int change = -8; change <= 8; change += 16) {
        m->head_size = (uint64_t)((int64_t)m->head_size + change);
        sp_sha256(hello.bytes, m->head_size, m->sha256);
        write_bundle(&b);
        tap_is_str(end_with(NULL), "manifest-member",
                   "a head that is %d bytes longer", change);
        m->head_size = (uint64_t)((int64_t)m->head_size - change);
    }
}

/* ---- bodies of our own: what a parser before has seen to ------------------
 */

static struct sp_member impossible;

static void
take_impossible(int argc, char **argv)
{
    const struct sp_check_plan plan = {.now = 2000000000};
    struct sp_entries entries;
    struct sp_entry entry;
    struct sp_report report;
    struct sp_error err = {0};

    (void)argc;
    (void)argv;
    sp_worker_init(SP_WORKER_CHECK);
    if (sp_digest_init(&err) < 0)
        abort();
    sp_entries_start(&entries);
    (void)sp_entries_next(&entries, &entry);
    (void)sp_check_package(&plan, &entries, 1, &impossible, "", &report, &err);
}

static void
take_too_much(int argc, char **argv)
{
    struct sp_entries entries;
    struct sp_entry entry;

    (void)argc;
    (void)argv;
    if (!freopen("/dev/null", "w", stderr))
        _exit(1);
    sp_worker_init(SP_WORKER_CHECK);
    sp_entries_start(&entries);
    (void)sp_entries_next(&entries, &entry);
    sp_entries_take(&entries, stream, hello.size + 1);
}

static void
test_bounds(void)
{
    struct scene scene;

    (void)hinted("");
    scene = storing();
    scene.body = take_impossible;
    impossible.head_size = hello.size + 1;
    tap_is_str(end_of(&scene), "manifest-member", "a head above the file");
    impossible.head_size = hello.size;
    tap_is_str(end_of(&scene), "head-digest", "a head that is all of it");
    begin(SP_STREAM_QFILE);
    put_record(SP_ENTRY_FILE, SP_STREAM_QFILE, 0, SP_MAX_MEMBER_BYTES, "");
    scene.size = stream_size;
    impossible.head_size = SP_RPM_MAX_HEAD_BYTES + 1;
    tap_is_str(end_of(&scene), "manifest-member", "a head above its ceiling");
    impossible.head_size--;
    tap_is_str(end_of(&scene), "truncated", "one that is as large as may be");
    (void)hinted("");
    scene = storing();
    scene.body = take_too_much;
    tap_is_str(end_of(&scene), "status -6", "more than the file has");
}

/* ---- signed metadata ------------------------------------------------------
 */

static const char repomd[] = "<repomd>of this repository</repomd>\n";

/* A version 4 RSA packet over `text`: its form and first digest bytes. */
static size_t
sign(const char *text, uint32_t created, uint8_t *dst)
{
    static const uint8_t packet[] =
        "\xc2\x21\4\0\1\x8\0\6\5\2....\0\x0a\x09\x10ISSUERIDLR\0\x09\1\xff";
    struct sp_sigpacket parsed;
    struct sp_error err = {0};
    struct sp_sha256 state;
    uint8_t digest[32];

    memcpy(dst, packet, sizeof(packet) - 1);
    dst[1] = sizeof(packet) - 3;
    for (int i = 0; i < 4; i++)
        dst[10 + i] = (uint8_t)(created >> (24 - 8 * i));
    if (sp_sigpacket_parse(dst, sizeof(packet) - 1, &parsed, &err) < 0) {
        printf("# %s\n", err.msg);
        abort();
    }
    sp_sha256_init(&state);
    sp_sha256_update(&state, text, strlen(text));
    sp_sha256_update(&state, parsed.trailer, parsed.trailer_size);
    sp_sha256_final(&state, digest);
    memcpy(dst + 26, digest, 2);
    return sizeof(packet) - 1;
}

/* The reason of the n-th piece of evidence; "accepted"; NULL: none. */
static const char *
evidence_word(size_t n)
{
    const struct sp_report *said = scene_report(SP_REPORT_EVIDENCE, n);

    if (!said || !sp_report_check(said, SP_WORKER_CHECK))
        return NULL;
    return said->body.evidence.verdict == SP_VERDICT_ACCEPTED ? "accepted"
                                                              : said->reason;
}

static const char *
judge_evidence(const struct bundle *b)
{
    struct scene scene;

    write_bundle(b);
    scene = storing();
    scene.words[1] = "keep=1";
    return end_of(&scene);
}

static void
test_signature(void)
{
    struct scene scene;
    struct bundle b = {.n = 0};
    uint8_t packet[64];
    size_t size = sign(repomd, 1600000000, packet);
    const struct sp_report *said;
    const struct sp_message *message = (const void *)outcome.out;
    static struct sp_sigpacket parsed;
    struct sp_message next;
    struct sp_error err = {0};
    struct stat st;
    size_t at;

    (void)add_evidence(&b, SP_EVIDENCE_REPOMD, "r", repomd, strlen(repomd));
    (void)add_evidence(&b, SP_EVIDENCE_SIGNATURE, "r", packet, size);
    (void)add_evidence(&b, SP_EVIDENCE_PRIMARY, "r", "primary", 7);
    (void)add_hello(&b);
    tap_is_str(judge_evidence(&b), "done", "signed metadata");
    scene = storing();
    scene.words[0] = "store=0";
    scene.words[1] = "keep=1";
    tap_is_str(end_of(&scene), "done", "that alone is kept");
    tap_ok(stored("e0001") > 0 && stored("000001.rpm") == 0, "no package");
    tap_is_str(judge_evidence(&b), "done", "and with packages");
    for (size_t i = 0; i < 3; i++)
        tap_is_str(evidence_word(i), "accepted", "piece %zu", i + 1);
    tap_is_u64(messages(), 2, "a signature and a package are handed on");
    said = scene_report(SP_REPORT_EVIDENCE, 1);
    tap_ok(said && said->index == 2 &&
               said->body.evidence.signature_time == 1600000000 &&
               said->body.evidence.bytes == size,
           "the time of the signature");
    tap_is_u64(stored("e0001"), strlen(repomd) + size + 7, "kept as it came");
    tap_ok(fstatat(directory_fd, "e0001", &st, 0) == 0 &&
               (st.st_mode & 07777) == 0600,
           "for nobody else");
    tap_ok(message->type == SP_MESSAGE_EVIDENCE && message->index == 2 &&
               message->header_size == strlen(repomd),
           "and handed on");
    tap_is_mem(outcome.out + sizeof(*message), repomd, strlen(repomd),
               "with what is signed");
    at = sizeof(*message) + strlen(repomd) + message->packet_size;
    memcpy(&next, outcome.out + at, sizeof(next));
    tap_ok(sp_sigpacket_parse(outcome.out + at - message->packet_size,
                              message->packet_size, &parsed, &err) == 0 &&
               sp_message_check(&next) && next.type == SP_MESSAGE_PACKAGE,
           "and its packet, before the package");
    for (size_t i = 0; i < 3; i++) {
        said = scene_report(SP_REPORT_EVIDENCE, i);
        tap_is_mem(said->body.evidence.sha256, b.members[i].sha256, 32,
                   "the digest of piece %zu", i + 1);
        tap_ok((said->body.evidence.signature_time != 0) == (i == 1),
               "of which only a signature has a time");
    }
    scene = storing();
    scene.words[1] = "keep=1";
    scene.drips = true;
    tap_is_str(end_of(&scene), "done", "byte by byte");
    tap_is_str(evidence_word(1), "accepted", "it is the same");
    tap_is_str(judge_evidence(&b), "done", "and once more");
    said = scene_report(SP_REPORT_PACKAGE, 0);
    tap_ok(said && said->body.package.file_sha256[0] != 0,
           "packages are hashed whole");
    tap_is_str(end_with(NULL), "done", "and not kept");
    tap_is_str(evidence_word(1), "accepted", "it is judged all the same");
    tap_is_u64(stored("e0001"), 0, "no file");
    tap_is_str(end_without_store(), "done", "and packages are not");
    tap_is_u64(stored("000001.rpm"), 0, "no file of a package either");
    packet[27] ^= 1;
    sp_sha256(packet, size, b.members[1].sha256);
    tap_is_str(judge_evidence(&b), "done", "another digest in the packet");
    tap_is_str(evidence_word(1), "bad-signature", "is no signature of this");
    tap_is_u64(
        scene_report(SP_REPORT_EVIDENCE, 1)->body.evidence.signature_time, 0,
        "and has no time");
    tap_ok(message->type == SP_MESSAGE_PACKAGE, "and not handed on");
    tap_is_u64(messages(), 1, "nor counted");
    (void)sign(repomd, 2100000000, packet);
    sp_sha256(packet, size, b.members[1].sha256);
    tap_is_str(judge_evidence(&b), "done", "a signature");
    tap_is_str(evidence_word(1), "sig-future", "from the future");
    packet[0] = 0;
    sp_sha256(packet, size, b.members[1].sha256);
    tap_is_str(judge_evidence(&b), "done", "no signature");
    tap_is_str(evidence_word(1), "sig-packet", "is refused as such");
}

/* A signature belongs to the repomd.xml just before it, of its label. */
static void
test_repositories(void)
{
    static uint8_t large[SP_MAX_REPOMD_BYTES + 1];
    struct bundle b = {.n = 0};
    static uint8_t packet[SP_SIG_MAX_BYTES + 1];
    size_t size = sign(repomd, 1600000000, packet);

    (void)add_evidence(&b, SP_EVIDENCE_SIGNATURE, "r", packet, size);
    tap_is_str(judge_evidence(&b), "done", "a signature");
    tap_is_str(evidence_word(0), "metadata", "of nothing");
    b.n = 0;
    (void)add_evidence(&b, SP_EVIDENCE_REPOMD, "a", repomd, strlen(repomd));
    (void)add_evidence(&b, SP_EVIDENCE_SIGNATURE, "b", packet, size);
    tap_is_str(judge_evidence(&b), "done", "a signature");
    tap_is_str(evidence_word(1), "metadata", "of another repository");
    tap_is_u64(stored("e0001"), strlen(repomd), "is not kept beside it");
    b.n = 0;
    (void)add_evidence(&b, SP_EVIDENCE_REPOMD, "a", repomd, strlen(repomd));
    (void)add_evidence(&b, SP_EVIDENCE_REPOMD, "b", "x", 1);
    (void)add_evidence(&b, SP_EVIDENCE_SIGNATURE, "b", packet, size);
    tap_is_str(judge_evidence(&b), "done", "two repositories");
    tap_is_str(evidence_word(2), "bad-signature", "the second one counts");
    tap_ok(stored("e0001") == strlen(repomd) && stored("e0002") == 1 + size,
           "each in its file");
    b.n = 0;
    (void)add_evidence(&b, SP_EVIDENCE_REPOMD, "r", large, sizeof(large));
    (void)add_evidence(&b, SP_EVIDENCE_SIGNATURE, "r", packet, size);
    tap_is_str(judge_evidence(&b), "done", "a repomd.xml above its ceiling");
    tap_is_str(evidence_word(1), "metadata", "nothing is signed");
    b.members[0].size--;
    sp_sha256(large, sizeof(large) - 1, b.members[0].sha256);
    tap_is_str(judge_evidence(&b), "done", "a repomd.xml as large as may be");
    tap_is_str(evidence_word(1), "bad-signature", "can be signed");
    b.n = 0;
    (void)add_evidence(&b, SP_EVIDENCE_REPOMD, "r", repomd, strlen(repomd));
    (void)add_evidence(&b, SP_EVIDENCE_SIGNATURE, "r", packet, sizeof(packet));
    tap_is_str(judge_evidence(&b), "done", "a signature above its ceiling");
    tap_is_str(evidence_word(1), "sig-size", "is none");
    b.members[1].sha256[0] ^= 1;
    tap_is_str(judge_evidence(&b), "evidence-digest", "damaged metadata");
}

/* Each file is closed before the next one is made. */
static void
check_with_few_descriptors(int argc, char **argv)
{
    const struct rlimit few = {8, 8};

    if (setrlimit(RLIMIT_NOFILE, &few) < 0)
        _exit(1);
    sp_check_run(argc, argv);
}

static void
test_many_repositories(void)
{
    struct bundle b = {.n = 0};
    struct scene scene;
    char name[8];

    for (int i = 0; i < MAX_FILES; i++) {
        const char label[] = {(char)('a' + i), '\0'};

        (void)add_evidence(&b, SP_EVIDENCE_REPOMD, label, repomd,
                           strlen(repomd));
    }
    write_bundle(&b);
    scene = storing();
    scene.words[1] = "keep=1";
    scene.body = check_with_few_descriptors;
    tap_is_str(end_of(&scene), "done", "many repositories");
    for (int i = 1; i <= MAX_FILES; i++) {
        (void)snprintf(name, sizeof(name), "e%04d", i);
        if (stored(name) != strlen(repomd))
            tap_ok(false, "%s is not whole", name);
        (void)unlinkat(directory_fd, name, 0);
    }
}

static void
test_groups(void)
{
    static const char text[] = "groups 1\ngroup a A\nmandatory b\nend\n";
    static char large[SP_GROUPS_MAX_BYTES + 1];
    struct bundle b = {.n = 0};
    struct sp_member *m = add_evidence(&b, SP_EVIDENCE_COMPS, SP_GROUPS_LABEL,
                                       text, sizeof(text) - 1);
    const struct sp_report *said;
    uint8_t digest[32];

    tap_is_str(judge_evidence(&b), "done", "groups");
    tap_is_str(evidence_word(0), "accepted", "are reported");
    tap_ok(scene_report(SP_REPORT_GROUP, 1) &&
               !scene_report(SP_REPORT_GROUP, 2),
           "line by line");
    said = scene_report(SP_REPORT_EVIDENCE, 0);
    tap_is_mem(said->body.evidence.sha256, m->sha256, 32, "with their digest");
    tap_ok(said->index == 1 && said->body.evidence.bytes == sizeof(text) - 1 &&
               said->body.evidence.kind == SP_EVIDENCE_COMPS,
           "as the first piece");
    tap_is_str(said->body.evidence.label, SP_GROUPS_LABEL, "with their label");
    (void)add_hello(&b);
    tap_is_str(judge_evidence(&b), "done", "groups and a package");
    sp_sha256(hello.bytes, hello.size, digest);
    tap_is_mem(scene_report(SP_REPORT_PACKAGE, 0)->body.package.file_sha256,
               digest, 32, "which is hashed whole beside evidence");
    b.n--;
    m->label[0] = 'x';
    tap_is_str(judge_evidence(&b), "groups", "groups of another label");
    m->label[0] = SP_GROUPS_LABEL[0];
    m->sha256[0] ^= 1;
    tap_is_str(judge_evidence(&b), "evidence-digest", "damaged groups");
    b.n = 0;
    (void)add_evidence(&b, SP_EVIDENCE_COMPS, SP_GROUPS_LABEL, "x", 1);
    tap_is_str(judge_evidence(&b), "groups", "no groups");
    b.n = 0;
    (void)add_evidence(&b, SP_EVIDENCE_COMPS, SP_GROUPS_LABEL, large,
                       sizeof(large));
    tap_is_str(judge_evidence(&b), "groups", "more than may be");
    tap_ok(strstr(outcome.reports[outcome.n_reports - 1].message, "more than"),
           "and nothing of it is taken");
    b.members[0].size--;
    sp_sha256(large, sizeof(large) - 1, b.members[0].sha256);
    tap_is_str(judge_evidence(&b), "groups", "as much as may be");
    tap_ok(!strstr(outcome.reports[outcome.n_reports - 1].message, "more than"),
           "is taken, and is none");
}

/* ---- refusals one after the other -----------------------------------------
 */

static void
test_go_on(void)
{
    static const uint8_t text[10000] = "text";
    struct scene scene;

    begin(SP_STREAM_QFILE);
    put_record(SP_ENTRY_FILE, SP_STREAM_QFILE, 0, sizeof(text), "a.rpm");
    put(text, sizeof(text));
    put_record(SP_ENTRY_FILE, SP_STREAM_QFILE, 1, hello.size, "b.rpm");
    put(hello.bytes, hello.size);
    put_record(SP_ENTRY_END, SP_STREAM_QFILE, 2, sizeof(text) + hello.size, "");
    tap_is_str(end_with(NULL), "not-rpm", "the first refusal ends it");
    tap_ok(!scene_report(SP_REPORT_PACKAGE, 1), "there");
    tap_is_str(end_with("go-on=1"), "done", "or all are judged");
    tap_is_str(scene_report(SP_REPORT_PACKAGE, 0)->reason, "not-rpm", "no");
    tap_is_u64(scene_report(SP_REPORT_PACKAGE, 1)->body.package.verdict,
               SP_VERDICT_ACCEPTED, "yes");
    tap_is_u64(scene_report(SP_REPORT_DONE, 0)->index, 2, "two of them");
    scene = storing();
    scene.words[4] = "go-on=1";
    scene.drips = true;
    tap_is_str(end_of(&scene), "done", "what is left of the first is skipped");
    tap_is_u64(scene_report(SP_REPORT_DONE, 0)->index, 2, "byte by byte");
}

/* By its own signal, or by that of the jail, which forbids it to send one. */
static bool
died(const char *end)
{
    return strcmp(end, "status -6") == 0 || strcmp(end, "status -31") == 0;
}

/* What cannot be is a bug, and nothing of it is handed on. */
static void
test_library(void)
{
    struct bundle b = {.n = 0};
    uint8_t packet[64];
    size_t size = sign(repomd, 1600000000, packet);

    (void)add_hello(&b);
    write_bundle(&b);
    calls_fail("gcry_md_read", 1);
    tap_is_str(end_with(NULL), "internal", "a libgcrypt that is wrong");
    tap_ok(!scene_report(SP_REPORT_JAILED, 0), "is seen before the jail");
    calls_fault = NULL;
    spoils = true;
    tap_ok(died(end_with(NULL)), "a packet for which there is no room");
    tap_is_u64(outcome.out_size, 0, "is not handed on");
    b.n = 0;
    (void)add_evidence(&b, SP_EVIDENCE_REPOMD, "r", repomd, strlen(repomd));
    (void)add_evidence(&b, SP_EVIDENCE_SIGNATURE, "r", packet, size);
    tap_ok(died(judge_evidence(&b)), "nor one of signed metadata");
    tap_is_u64(outcome.out_size, 0, "is");
    spoils = false;
    tap_is_str(judge_evidence(&b), "done", "it is one that is well");
}

int
main(void)
{
    if (!mkdtemp(directory))
        abort();
    read_package(HELLO, &hello);
    directory_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    test_good();
    test_facts();
    test_stored_digest();
    test_names();
    test_hints();
    test_damage();
    test_ceilings();
    test_store_faults();
    test_write_back();
    test_stream();
    test_against_manifest();
    test_bounds();
    test_signature();
    test_repositories();
    test_many_repositories();
    test_groups();
    test_go_on();
    test_library();
    forget_files();
    (void)rmdir(directory);
    return tap_done();
}
