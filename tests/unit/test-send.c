/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A bundle on its way into another carrier and another framing, and what is
 * answered there. Both carriers are made of memory.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/reply.h"
#include "build/convert.h"
#include "build/head.h"
#include "build/hear.h"
#include "build/pack.h"
#include "build/send.h"
#include "bundle/limits.h"
#include "bundle/qfile.h"
#include "bundle/tar.h"
#include "tests/unit/memory.h"
#include "tests/unit/tap.h"

#define CORPUS "tests/corpus/rpms/"
static const char lua[] =
    CORPUS "QubesOS__qubes-rpm-oxide/lua-5.4.2-1.fc33.x86_64.rpm";
static const char hello[] =
    CORPUS "rpm-software-management__rpm/hello-2.0-1.x86_64-signed.rpm";

enum { ROOM = 512 * 1024, PIECE = 700, END = 2 * SP_TAR_BLOCK };

static struct sp_error err;

/* ---- carriers ---------------------------------------------------------- */

static struct {
    uint8_t bytes[ROOM];
    size_t size, at, piece;
    unsigned starts_badly, ends_badly, breaks;
} from;

static struct {
    uint8_t bytes[ROOM];
    size_t size;
    unsigned writes; /* until one fails; 0: none does */
    const char *word;
    char answer[1024];
    ssize_t answer_size; /* -1: it cannot be heard */
    const char *ending;
} to;

static ssize_t
from_read(struct sp_transport *t, void *buf, size_t len, struct sp_error *ret)
{
    size_t left = from.size - from.at;
    size_t n = left < from.piece ? left : from.piece;

    (void)t;
    if (from.breaks > 0 && --from.breaks == 0)
        return sp_fail(ret, "read-error", "it breaks");
    n = n < len ? n : len;
    memcpy(buf, from.bytes + from.at, n);
    from.at += n;
    return (ssize_t)n;
}

static int
from_start(struct sp_transport *t, struct sp_error *ret)
{
    (void)t;
    return from.starts_badly ? sp_fail(ret, "unreachable", "no start") : 0;
}

static int
from_ending(struct sp_transport *t, struct sp_error *ret)
{
    (void)t;
    return from.ends_badly ? sp_fail(ret, "peer-gone", "no end") : 0;
}

static int
to_write(struct sp_transport *t, const void *buf, size_t len,
         struct sp_error *ret)
{
    (void)t;
    if (to.writes > 0 && --to.writes == 0)
        return sp_fail(ret, to.word, "nobody takes it");
    memcpy(to.bytes + to.size, buf, len);
    to.size += len;
    return 0;
}

static int
to_finish(struct sp_transport *t, struct sp_error *ret)
{
    (void)t;
    (void)ret;
    return 0;
}

static ssize_t
to_hear(struct sp_transport *t, void *untrusted, size_t size,
        struct sp_error *ret)
{
    (void)t;
    (void)size;
    if (to.answer_size < 0)
        return sp_fail(ret, "io", "it cannot be heard");
    memcpy(untrusted, to.answer, (size_t)to.answer_size);
    return to.answer_size;
}

static int
to_ending(struct sp_transport *t, struct sp_error *ret)
{
    (void)t;
    return to.ending ? sp_fail(ret, to.ending, "it ends badly") : 0;
}

static struct sp_transport_ops source_ops = {
    .scheme = "from",
    .caps = SP_CAP_READ | SP_CAP_KNOWN_END,
    .read = from_read,
    .start = from_start,
    .ending = from_ending,
};
static struct sp_transport_ops dest_ops = {
    .scheme = "to",
    .caps = SP_CAP_WRITE,
    .write = to_write,
    .finish = to_finish,
    .hear = to_hear,
    .ending = to_ending,
};

static struct sp_transport source, dest;
static struct sp_outlet out;

static void
anew(enum sp_framing framing)
{
    memset(&err, 0, sizeof(err));
    from.at = from.starts_badly = from.ends_badly = from.breaks = 0;
    from.piece = PIECE;
    memset(&to, 0, sizeof(to));
    to.word = "peer-gone";
    source_ops.caps = SP_CAP_READ | SP_CAP_KNOWN_END;
    dest_ops.hear = NULL;
    source = (struct sp_transport){.ops = &source_ops,
                                   .direction = SP_DIR_READ,
                                   .fd = -1,
                                   .shown = "from:x"};
    dest = (struct sp_transport){
        .ops = &dest_ops, .direction = SP_DIR_WRITE, .fd = -1, .shown = "to:y"};
    out = (struct sp_outlet){.dest = &dest, .framing = framing};
}

static bool no_buffer;

void *
aligned_alloc(size_t align, size_t size)
{
    CALLS_TRUE(void *, "aligned_alloc", size_t, size_t);

    return no_buffer ? NULL : call(align, size);
}

/* ---- bundles ----------------------------------------------------------- */

static uint8_t two[ROOM], one[ROOM], other[ROOM];
static size_t two_size, one_size, other_size;

static size_t
pack(uint8_t *dst, const char *first, const char *second)
{
    const struct sp_pack_source sources[] = {
        {.shown = "a", .dirfd = AT_FDCWD, .path = first, .why = SP_WHY_LISTED},
        {.shown = "b", .dirfd = AT_FDCWD, .path = second, .why = SP_WHY_LISTED},
    };
    const struct sp_pack_load load = {.sources = sources, .n = second ? 2 : 1};
    struct sp_pack_result result = {0};

    anew(SP_FRAMING_BUNDLE);
    if (sp_pack(&load, &out, NULL, &result, &err) < 0)
        printf("Bail out! %s\n", err.msg);
    memcpy(dst, to.bytes, to.size);
    return to.size;
}

static void
make_bundles(void)
{
    two_size = pack(two, hello, lua);
    one_size = pack(one, hello, NULL);
    other_size = pack(other, lua, NULL);
}

/* Where the first member behind MANIFEST begins. */
static size_t
behind_manifest(const uint8_t *bundle)
{
    size_t size = (size_t)strtoul((const char *)bundle + 124, NULL, 8);

    return SP_TAR_BLOCK + size + sp_tar_padding(size);
}

/* The MANIFEST of one and the members of another. */
static void
mix(const uint8_t *manifest, const uint8_t *members, size_t size)
{
    size_t head = behind_manifest(manifest), from_at = behind_manifest(members);

    memcpy(from.bytes, manifest, head);
    memcpy(from.bytes + head, members + from_at, size - from_at);
    from.size = head + size - from_at;
}

static void
load(const uint8_t *bundle, size_t size)
{
    memcpy(from.bytes, bundle, size);
    from.size = size;
}

/* ---- sending ----------------------------------------------------------- */

static void
sends(const char *want, const char *part, const char *what)
{
    int status = sp_send(&source, &out, NULL, 0, &err);

    tap_ok(want ? status < 0 && strcmp(err.detail, want) == 0 &&
                      strstr(err.msg, part)
                : status == 0,
           "%s: '%s' %s", what, err.detail, err.msg);
}

static void
test_good(void)
{
    static const uint8_t zeros[SP_QFILE_HEADER_BYTES];
    SP_AUTO_FREE char *rpm = NULL;
    size_t size = 0;

    load(two, two_size);
    anew(SP_FRAMING_BUNDLE);
    sends(NULL, NULL, "as it is");
    tap_ok(to.size == two_size && memcmp(to.bytes, two, two_size) == 0,
           "byte for byte");
    anew(SP_FRAMING_QFILE);
    sends(NULL, NULL, "as files");
    (void)sp_read_file(AT_FDCWD, hello, ROOM, &rpm, &size, &err);
    tap_is_str((char *)to.bytes + 32, "hello-2.0-1.x86_64.rpm", "its name");
    tap_ok(memcmp(to.bytes + 32 + 23, rpm, size) == 0, "and its bytes");
    tap_ok(memcmp(to.bytes + to.size - 32, zeros, 32) == 0, "then the end");
    tap_is_u64(out.crc32, sp_qfile_crc(0, to.bytes, to.size), "the checksum");
}

static void
test_bad_bundles(void)
{
    static const enum sp_framing framings[] = {SP_FRAMING_BUNDLE,
                                               SP_FRAMING_QFILE};
    size_t at = behind_manifest(two);

    for (size_t i = 0; i < 2; i++) {
        load(two, two_size - 1);
        anew(framings[i]);
        sends("truncated", "ends inside", "its last byte is missing");
        load(two, at + SP_TAR_BLOCK + 100);
        anew(framings[i]);
        sends("truncated", "ends inside", "it ends in a package");
        anew(framings[i]);
        source_ops.caps |= SP_CAP_MEDIUM;
        sends("truncated", "ends inside", "the same on a medium");
        tap_is_u64(err.code, SP_E_MEDIA, "is of another class");
        anew(framings[i]);
        source_ops.caps |= SP_CAP_MEDIUM;
        tap_ok(sp_send(&source, &out, NULL, 0, NULL) < 0,
               "or nobody wants to know");
        load(two, at + SP_TAR_BLOCK);
        anew(framings[i]);
        from.piece = from.size;
        sends("truncated", "ends inside", "it ends in front of one");
        load(two, 0);
        anew(framings[i]);
        sends("empty", "is empty", "nothing");
        load(two, two_size + 1);
        anew(framings[i]);
        sends("trailing-data", "goes on", "a byte behind it");
        anew(framings[i]);
        from.piece = two_size;
        sends("trailing-data", "goes on", "a byte that comes later");
        load(two, two_size);
        memset(from.bytes + at, 'x', 100);
        anew(framings[i]);
        sends("noncanonical-header", "", "a header that is none");
        load(two, two_size);
        anew(framings[i]);
        from.starts_badly = 1;
        sends("unreachable", "no start", "a source that does not start");
        anew(framings[i]);
        from.ends_badly = 1;
        sends("peer-gone", "no end", "or does not end well");
        anew(framings[i]);
        from.breaks = 20;
        sends("read-error", "it breaks", "or breaks");
        anew(framings[i]);
        from.breaks = (unsigned)(two_size / PIECE + 2);
        sends("read-error", "it breaks", "even behind the end");
        anew(framings[i]);
        source_ops.caps &= ~(unsigned)SP_CAP_KNOWN_END;
        from.breaks = (unsigned)(two_size / PIECE + 2);
        sends(NULL, NULL, "where nobody looks");
    }
}

/* Files have no MANIFEST: what it does not know is not sent. */
static void
test_bad_manifests(void)
{
    size_t head = behind_manifest(two);

    load(two, two_size);
    memset(from.bytes + SP_TAR_BLOCK, 'x', 10);
    anew(SP_FRAMING_QFILE);
    sends("manifest-digest", "", "no MANIFEST");
    tap_is_u64(to.size, 0, "nothing is sent");
    memset(from.bytes + head, 0, END);
    from.size = head + END;
    anew(SP_FRAMING_QFILE);
    sends("manifest-digest", "", "nor one with no package behind it");
    load(two, two_size);
    memset(from.bytes + head, 0, END);
    from.size = head + END;
    anew(SP_FRAMING_QFILE);
    sends("manifest-member", "fewer members", "no package behind it");
    mix(two, one, one_size);
    anew(SP_FRAMING_QFILE);
    sends("manifest-member", "fewer members", "a package is missing");
    mix(one, two, two_size);
    anew(SP_FRAMING_QFILE);
    sends("manifest-member", "does not know", "there is one more");
    mix(one, other, other_size);
    anew(SP_FRAMING_QFILE);
    sends("manifest-member", "does not know", "it is another one");
    load(two, two_size);
    anew(SP_FRAMING_QFILE);
    no_buffer = true;
    sends("no-memory", "to copy with", "no buffer");
    no_buffer = false;
}

/* Each write fails in turn. */
static void
test_takers(void)
{
    for (unsigned framing = 0; framing < 2; framing++) {
        unsigned failed = 0, wrong = 0;

        load(one, one_size);
        for (unsigned n = 1; n < 1000; n++) {
            anew((enum sp_framing)framing);
            to.writes = n;
            if (sp_send(&source, &out, NULL, 0, &err) == 0)
                break;
            failed++;
            wrong += strcmp(err.detail, "peer-gone") != 0;
        }
        tap_ok(failed > 0 && wrong == 0, "each of %u writes may fail", failed);
    }
    load(one, one_size);
    anew(SP_FRAMING_QFILE);
    to.writes = 3;
    dest_ops.hear = to_hear;
    to.answer_size = (ssize_t)sp_reply_print(to.answer, SP_E_SPACE, "space");
    sends("space", "refused", "who stopped taking says why");
    anew(SP_FRAMING_QFILE);
    to.writes = 3;
    dest_ops.hear = to_hear;
    to.answer_size = (ssize_t)sp_reply_print(to.answer, SP_OK, "-");
    sends("peer-gone", "nobody takes it", "or was done with it");
    anew(SP_FRAMING_QFILE);
    to.writes = 3;
    to.word = "io";
    dest_ops.hear = to_hear;
    to.answer_size = (ssize_t)sp_reply_print(to.answer, SP_E_SPACE, "space");
    sends("io", "nobody takes it", "of another fault nobody is asked");
    tap_ok(sp_outlet_fault(&out, NULL) < 0, "nor when nobody wants to know");
}

/* ---- answers ----------------------------------------------------------- */

static void
hears(const char *want, const char *part, const char *what)
{
    int status = sp_hear(&dest, 7, &err);

    tap_ok(want ? status < 0 && strcmp(err.detail, want) == 0 &&
                      strstr(err.msg, part)
                : status == 0,
           "%s: '%s' %s", what, err.detail, err.msg);
    tap_ok((sp_hear(&dest, 7, NULL) < 0) == (want != NULL),
           "the same when nobody wants to know");
}

static void
answered(const char *text)
{
    anew(SP_FRAMING_QFILE);
    dest_ops.hear = to_hear;
    to.answer_size = (ssize_t)strlen(text);
    memcpy(to.answer, text, strlen(text));
}

static void
answered_result(uint32_t error, uint32_t crc32, const char *text)
{
    struct sp_qfile_result result = {.error = error, .crc32 = crc32};

    answered("");
    (void)snprintf(result.text, sizeof(result.text), "%s", text);
    to.answer_size =
        (ssize_t)sp_qfile_put_result((uint8_t *)to.answer, &result);
}

static void
test_answers(void)
{
    anew(SP_FRAMING_QFILE);
    hears(NULL, NULL, "where nobody answers");
    answered("sallyport 1 ok -\n");
    hears(NULL, NULL, "a line");
    to.ending = "unreachable";
    hears("unreachable", "then were refused", "that is taken back");
    answered("sallyport 1 space space\n");
    hears("space", "'to:y' refused", "a refusal");
    answered("sallyport 1 x y");
    hears("peer-gone", "something unknown", "a class that nobody knows");
    answered("what?");
    hears("peer-gone", "something unknown", "no line");
    answered("");
    hears("peer-gone", "without an answer", "nothing");
    to.ending = "unreachable";
    hears("unreachable", "ends badly", "for a reason");
    answered("");
    to.answer_size = -1;
    hears("io", "cannot be heard", "it is not to be had");
    answered_result(0, 7, "");
    hears(NULL, NULL, "a result");
    answered_result(0, 8, "");
    hears("truncated", "other bytes", "of other bytes");
    answered_result(28, 7, "x.rpm");
    hears("peer-gone", "No space left on device, last file x.rpm", "a fault");
    answered_result(SP_QFILE_EARLY_END, 7, "");
    hears("peer-gone", "the stream broke off", "an early end");
    answered_result(13, 7, "sallyport 1 space space");
    hears("space", "refused", "a fault that is a line");
    answered_result(13, 7, "sallyport 1 ok -");
    hears("peer-gone", "Permission denied",
          "a fault that says that all is well");
}

/* ---- outlets ----------------------------------------------------------- */

static void
test_outlets(void)
{
    struct sp_nevra nevra = {.version = "1", .release = "1", .arch = "noarch"};

    anew(SP_FRAMING_QFILE);
    (void)snprintf(nevra.name, sizeof(nevra.name), "a");
    tap_ok(sp_outlet_package(&out, SP_MAX_QFILE_FILES, &nevra, 1, &err) == 0,
           "as many files as may be");
    tap_ok(sp_outlet_package(&out, SP_MAX_QFILE_FILES + 1, &nevra, 1, &err) <
                   0 &&
               strcmp(err.detail, "too-many-files") == 0,
           "and no more: %s", err.msg);
    memset(nevra.name, 'a', sizeof(nevra.name) - 1);
    memset(nevra.version, '1', sizeof(nevra.version) - 1);
    tap_ok(sp_outlet_package(&out, 1, &nevra, 1, &err) < 0 &&
               strcmp(err.detail, "member-name") == 0,
           "a name that is too long: %s", err.msg);
    tap_ok(sp_outlet_file(&out, -1, 1, &err) == 0,
           "a checksum wants to see every byte");
    tap_ok(sp_outlet_data(&out, "", 0, &err) == 0, "no bytes");
}

/* ---- heads ------------------------------------------------------------- */

static int
head_of(const char *path)
{
    const struct sp_pack_source given = {
        .shown = "x.rpm", .dirfd = AT_FDCWD, .path = path};
    struct sp_head_buffer buffer = {0};
    struct sp_pack_item item;
    int status;

    memset(&err, 0, sizeof(err));
    status = sp_head_read(&buffer, &given, &item, &err);
    if (status == 0)
        tap_is_u64(item.member.kind, SP_MEMBER_PACKAGE, "%s",
                   item.member.nevra.name);
    free(buffer.data);
    return status;
}

/* Whatever the trusted machine would refuse is refused here. */
static void
test_heads(void)
{
    static const struct {
        const char *path, *word;
    } bad[] = {
        {CORPUS "Katello__katello/trout-0.12-1.noarch.rpm", "sig-hash-algo"},
        {CORPUS
         "aboutcode-org__scancode-toolkit/fping-2.4b2-10.fc12.x86_64.rpm",
         "truncated"},
        {CORPUS "aboutcode-org__scancode-toolkit/"
                "perl-Crypt-IDEA-1.08-2.fc10.src.rpm",
         "sig-pubkey-algo"},
        {CORPUS "artipie__rpm-adapter/time-1.7-45.el7.x86_64.rpm",
         "no-payload-digest"},
        {CORPUS "rpm-software-management__rpm/hello-1.0-1.src.rpm",
         "no-header-signature"},
        {CORPUS "rpm-software-management__rpm/hello-2.0-1.x86_64-corrupted.rpm",
         "tag-order"},
        {CORPUS "rpm-software-management__rpmlint/"
                "hello-2.0-1.x86_64-signed.rpm",
         "sig-no-time"},
        {CORPUS "pulp__pulp-fixtures/rpm-with-non-utf-8-1-1.fc25.noarch.rpm",
         "string-encoding"},
    };
    char large[] = "/tmp/sp-send.XXXXXX";
    SP_AUTO_FD fd = mkstemp(large);

    memory_end_at(1);
    tap_ok(head_of(hello) < 0 && strcmp(err.detail, "no-memory") == 0,
           "no memory: %s", err.msg);
    memory_end_at(0);
    tap_ok(head_of(hello) == 0, "a head %s", err.msg);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        tap_ok(head_of(bad[i].path) < 0 &&
                   strcmp(err.detail, bad[i].word) == 0 &&
                   strncmp(err.msg, "'x.rpm': ", 9) == 0,
               "%s: '%s' %s", bad[i].word, err.detail, err.msg);
    (void)!ftruncate(fd, (off_t)SP_MAX_MEMBER_BYTES + 1);
    tap_ok(head_of(large) < 0 && strcmp(err.detail, "file-too-large") == 0,
           "larger than a member may be: %s", err.msg);
    (void)unlink(large);
}

int
main(void)
{
    make_bundles();
    test_good();
    test_bad_bundles();
    test_bad_manifests();
    test_takers();
    test_answers();
    test_outlets();
    test_heads();
    return tap_done();
}
