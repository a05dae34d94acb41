/* SPDX-License-Identifier: GPL-2.0-or-later */
/* MANIFEST: printed and parsed, and every way in which it can be wrong. */
#include <stdlib.h>

#include "base/sha256.h"
#include "base/text.h"
#include "bundle/limits.h"
#include "bundle/manifest.h"
#include "tests/unit/aborts.h"
#include "tests/unit/guard.h"
#include "tests/unit/tap.h"

#define ID1 "00112233445566778899aabbccddeeff"
#define ID2 "ffeeddccbbaa99887766554433221100"
#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define P1 "package p000001.rpm 4000 300 " HEX " "
#define P2 "package p000002.rpm 200 200 " HEX " "

/* Adds the end line, so that a test writes only what it is about. */
static size_t
seal(char *dst, size_t room, const char *body)
{
    uint8_t digest[SP_SHA256_BYTES];
    char hex[SP_SHA256_HEX];

    sp_sha256(body, strlen(body), digest);
    sp_text_hex(hex, digest, sizeof(digest));
    return (size_t)snprintf(dst, room, "%send %s\n", body, hex);
}

/* The reason of the refusal, "ok" when there is none. */
static const char *
judge_text(const char *text, size_t size)
{
    static struct sp_error err;
    struct sp_manifest manifest;

    memset(&err, 0, sizeof(err));
    if (sp_manifest_parse(guard_behind(text, size), size, &manifest, &err) == 0)
        (void)snprintf(err.detail, sizeof(err.detail), "ok");
    return err.detail;
}

static const char *
judge(const char *body)
{
    static char text[8192];

    return judge_text(text, seal(text, sizeof(text), body));
}

static const char good_body[] =
    "bundle 1\n"
    "request " ID1 "\n"
    "request " ID2 "\n"
    "evidence e0001 300 " HEX " repomd qubes-dom0\n"
    "evidence e0002 70 " HEX " signature qubes-dom0\n" P1
    "bash 0:5.1-2.fc37 x86_64 update\n" P2 "zsh 12:1~rc1-1^git noarch -\n"
    "total 4 4570\n";

static void
test_walk(void)
{
    static char text[8192];
    size_t size = seal(text, sizeof(text), good_body);
    struct sp_manifest manifest = {0};
    struct sp_member m = {0};
    struct sp_error err = {0};
    char id[33] = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";

    id[32] = 'x';
    tap_ok(sp_manifest_parse(text, size, &manifest, &err) == 0, "parses: %s",
           err.msg);
    tap_is_u64(manifest.requests, 2, "requests");
    tap_is_u64(manifest.evidence, 2, "evidence");
    tap_is_u64(manifest.packages, 2, "packages");
    tap_is_u64(manifest.bytes, 4570, "bytes");
    tap_is_u64(manifest.max_member, 4000, "largest member");
    sp_manifest_request(&manifest, 0, id);
    tap_is_str(id, ID1, "first request");
    sp_manifest_request(&manifest, 1, id);
    tap_is_str(id, ID2, "second request");
    tap_ok(sp_manifest_next(&manifest, &m), "first member");
    tap_is_u64(m.evidence, SP_EVIDENCE_REPOMD, "is repomd");
    tap_is_str(m.label, "qubes-dom0", "of this repository");
    tap_ok(sp_manifest_next(&manifest, &m), "second member");
    tap_ok(sp_manifest_next(&manifest, &m), "third member");
    tap_is_u64(m.kind, SP_MEMBER_PACKAGE, "is a package");
    tap_is_str(m.nevra.name, "bash", "name");
    tap_is_str(m.nevra.version, "5.1", "version");
    tap_is_str(m.nevra.release, "2.fc37", "release");
    tap_is_str(m.nevra.arch, "x86_64", "arch");
    tap_is_u64(m.head_size, 300, "head size");
    tap_is_u64(m.sha256[1], 0x23, "digest");
    tap_is_u64(m.why, SP_WHY_UPDATE, "why");
    tap_ok(sp_manifest_next(&manifest, &m), "fourth member");
    tap_is_u64(m.nevra.epoch, 12, "epoch");
    tap_is_u64(m.why, SP_WHY_NONE, "no reason given");
    tap_ok(!sp_manifest_next(&manifest, &m), "no fifth member");
}

static void
test_print(void)
{
    static char text[8192];
    static const char *const ids[] = {ID1, ID2};
    size_t size = seal(text, sizeof(text), good_body), printed_size = 0;
    struct sp_manifest manifest = {0};
    struct sp_member members[5];
    struct sp_error err = {0};
    char *printed = NULL;
    size_t n = 0;

    (void)sp_manifest_parse(text, size, &manifest, &err);
    while (n < 5 && sp_manifest_next(&manifest, &members[n]))
        n++;
    tap_ok(sp_manifest_print(ids, 2, members, n, &printed, &printed_size,
                             &err) == 0,
           "prints");
    tap_is_str(printed, text, "what was parsed");
    tap_is_u64(printed_size, size, "its size");
    free(printed);
    members[4] = members[3];
    members[3] = members[2];
    members[2] = members[4];
    tap_ok(sp_manifest_print(ids, 2, members, n, &printed, &printed_size,
                             &err) < 0,
           "does not print what the parser refuses");
    tap_is_str(err.detail, "manifest-order", "and says why");
}

/* The vectors of sallyport-bundle(5), not sealed by this test. */
static void
test_vectors(void)
{
    static const char none[] =
        "bundle 1\n"
        "total 0 0\n"
        "end "
        "b88c225efa7d22357a69a0086374f753d3f0c307e49b9016351afec6ccbbd748\n";
    static const char one[] =
        "bundle 1\n"
        "request 00112233445566778899aabbccddeeff\n"
        "package p000001.rpm 2019 1917 "
        "c5151d70ed78e2616b9709e0ed3c1b350573beb5a5e41f0321c80ec7dea489bd "
        "hello 0:1.0-1 noarch update\n"
        "total 1 2019\n"
        "end "
        "a513fec7746d5d7043dbb36d4a1f2d94213c34ca3c7e9398df68091bdd789e49\n";

    tap_is_str(judge_text(none, sizeof(none) - 1), "ok", "no package");
    tap_is_str(judge_text(one, sizeof(one) - 1), "ok", "one package");
}

static void
test_damage(void)
{
    static char text[8192];
    size_t size = seal(text, sizeof(text), good_body);
    unsigned passed = 0, media = 0, flips = 0;

    for (size_t cut = 0; cut < size; cut++)
        if (strcmp(judge_text(text, cut), "ok") == 0)
            passed++;
    tap_is_u64(passed, 0, "no truncation passes");
    for (size_t at = 0; at < size; at++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            const char *reason;

            text[at] = (char)(text[at] ^ (1 << bit));
            reason = judge_text(text, size);
            passed += strcmp(reason, "ok") == 0;
            media += strcmp(reason, "manifest-digest") == 0;
            text[at] = (char)(text[at] ^ (1 << bit));
            flips++;
        }
    }
    tap_is_u64(passed, 0, "no bit flip passes");
    tap_ok(media >= (size - 69) * 8, "%u of %u flips are called damage", media,
           flips);
    (void)memmove(text + 1, text, size);
    tap_is_str(judge_text(text + 1, size), "ok", "the text itself is good");
    tap_is_str(judge_text(text, size + 1), "manifest-digest", "a byte before");
    text[size + 1] = '\n';
    tap_is_str(judge_text(text + 1, size + 1), "manifest-syntax",
               "a byte behind");
}

struct row {
    const char *body, *want, *about;
};

static void
run_rows(const struct row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++)
        tap_is_str(judge(rows[i].body), rows[i].want, "%s", rows[i].about);
}
#define RUN(rows) run_rows(rows, sizeof(rows) / sizeof(*(rows)))

static void
test_lines(void)
{
    static const struct row rows[] = {
        {"bundle 1\ntotal 0 0\n", "ok", "no members"},
        {"", "manifest-syntax", "no line at all"},
        {"bundle 2\ntotal 0 0\n", "manifest-version", "another version"},
        {"bundle 1 \ntotal 0 0\n", "manifest-version", "space at the end"},
        {"Bundle 1\ntotal 0 0\n", "manifest-syntax", "other case"},
        {"bundle 1\r\ntotal 0 0\n", "manifest-version", "CR LF"},
        {"bundle 1\n", "manifest-syntax", "no total"},
        {"bundle 1\ntotal 0 0", "manifest-syntax", "no line end"},
        {"bundle 1\ntotal 0 0\n\n", "manifest-syntax", "empty line"},
        {"bundle 1\n\ntotal 0 0\n", "manifest-syntax", "empty line inside"},
        {"bundle 1\ntotal 0 0\ntotal 0 0\n", "manifest-syntax", "two totals"},
        {"bundle 1\ntotal 0 1\n", "manifest-total", "wrong bytes"},
        {"bundle 1\ntotal 1 0\n", "manifest-total", "wrong members"},
        {"bundle 1\ntotal 00 0\n", "manifest-syntax", "leading zero"},
        {"bundle 1\ntotal +0 0\n", "manifest-syntax", "sign"},
        {"bundle 1\ntotal 0  0\n", "manifest-syntax", "two spaces"},
        {"bundle 1\ntotal 0\t0\n", "manifest-syntax", "tab"},
        {"bundle 1\nnote x\ntotal 0 0\n", "manifest-syntax", "unknown line"},
        {"bundle 1\nrequest " ID2 "\nrequest " ID1 "\ntotal 0 0\n",
         "manifest-order", "requests out of order"},
        {"bundle 1\nrequest " ID1 "\nrequest " ID1 "\ntotal 0 0\n",
         "manifest-order", "a request twice"},
        {"bundle 1\nrequest 0" ID1 "\ntotal 0 0\n", "manifest-syntax",
         "long request id"},
        {"bundle 1\nrequest 0011223344556677889900AABBCCDDEE\ntotal 0 0\n",
         "manifest-syntax", "request id in upper case"},
        {"bundle 1\ntotal 0 0\nrequest " ID1 "\n", "manifest-syntax",
         "request behind the total"},
    };

    RUN(rows);
}

#define PKG(rest) "bundle 1\n" P1 rest "\ntotal 1 4000\n"
#define TWO(a, b) "bundle 1\n" P1 a "\n" P2 b "\ntotal 2 4200\n"

static void
test_packages(void)
{
    static const struct row rows[] = {
        {PKG("a 0:1-1 noarch -"), "ok", "one package"},
        {PKG("a 4294967295:1-1 noarch -"), "ok", "largest epoch"},
        {PKG("a 4294967296:1-1 noarch -"), "manifest-syntax", "epoch + 1"},
        {PKG("a 1-1 noarch -"), "manifest-syntax", "no epoch"},
        {PKG("a :1-1 noarch -"), "manifest-syntax", "empty epoch"},
        {PKG("a 00:1-1 noarch -"), "manifest-syntax", "epoch 00"},
        {PKG("a 0:11 noarch -"), "manifest-syntax", "no release"},
        {PKG("a 0:1- noarch -"), "manifest-syntax", "empty release"},
        {PKG("a 0:-1 noarch -"), "manifest-syntax", "empty version"},
        {PKG("a 0:1-1-1 noarch -"), "manifest-syntax", "two dashes"},
        {PKG("a 1-0:1 noarch -"), "manifest-syntax", "dash before colon"},
        {PKG("a 0:1:1-1 noarch -"), "manifest-syntax", "two colons"},
        {PKG("../a 0:1-1 noarch -"), "manifest-syntax", "slash in a name"},
        {PKG("-a 0:1-1 noarch -"), "manifest-syntax", "dash before a name"},
        {PKG(".a 0:1-1 noarch -"), "manifest-syntax", "hidden name"},
        {PKG("\303\244 0:1-1 noarch -"), "manifest-syntax", "not ASCII"},
        {PKG("a 0:1-1 no-arch -"), "manifest-syntax", "dash in an arch"},
        {PKG("a 0:1-1 noarch"), "manifest-syntax", "no reason"},
        {PKG("a 0:1-1 noarch because"), "manifest-syntax", "odd reason"},
        {PKG("a 0:1-1 noarch - x"), "manifest-syntax", "one field more"},
        {PKG("a"), "manifest-syntax", "no version"},
        {PKG("a "), "manifest-syntax", "an empty version"},
        {PKG("a 0:1-1"), "manifest-syntax", "no arch"},
        {PKG(" 0:1-1 noarch -"), "manifest-syntax", "an empty name"},
        {PKG("a 0:1-1  -"), "manifest-syntax", "an empty arch"},
        {PKG("a 0:1-1 noarch "), "manifest-syntax", "an empty reason"},
        {PKG("a 0:1-1 noarch -\x7f"), "manifest-syntax", "DEL"},
        {"bundle 1\npackage\ntotal 0 0\n", "manifest-syntax", "no field"},
        {"bundle 1\npackage p000001.rpm\ntotal 0 0\n", "manifest-syntax",
         "a name alone"},
        {"bundle 1\npackage p000001.rpm x\ntotal 0 0\n", "manifest-syntax",
         "no size"},
        {"bundle 1\npackage p000001.rpm 200 x\ntotal 0 0\n", "manifest-syntax",
         "no head size"},
        {"bundle 1\npackage p000001.rpm 200 200 x\ntotal 0 0\n",
         "manifest-syntax", "no digest"},
        {"bundle 1\nevidence e0001 5 x\ntotal 0 0\n", "manifest-syntax",
         "evidence without digest"},
        {"bundle 1\nevidence e0002 x\ntotal 0 0\n", "manifest-syntax",
         "evidence without size, of another name"},
        {"bundle 1\nevidence e0001 5 " HEX "\ntotal 0 0\n", "manifest-syntax",
         "evidence without kind"},
        {"bundle 1\nevidence e0001 5 " HEX " repomd\ntotal 0 0\n",
         "manifest-syntax", "evidence without label"},
        {"bundle 1\nevidence e0001 5 " HEX " repomd \ntotal 1 5\n",
         "manifest-syntax", "an empty label"},
        {"bundle 1\nevidence e0001 5 " HEX " repomd a b\ntotal 1 5\n",
         "manifest-syntax", "a label with a blank"},
        {"bundle 1\nevidence e0001 5 " HEX "  label\ntotal 1 5\n",
         "manifest-syntax", "an empty kind"},
        {"bundle 1\npackage  200 200 " HEX " a 0:1-1 noarch -\n"
         "total 1 200\n",
         "manifest-syntax", "an empty member name"},
        {"bundle 1\npackage p000001.rp 200 200 " HEX " a 0:1-1 noarch -\n"
         "total 1 200\n",
         "member-name", "a member name cut short"},
        {"bundle 1\npackage p000001.rpm 200 200 " HEX "0 a 0:1-1 noarch -\n"
         "total 1 200\n",
         "manifest-syntax", "a digest of 65 digits"},
        {"bundle 1\npackage p000001.rpm 200 200 abc a 0:1-1 noarch -\n"
         "total 1 200\n",
         "manifest-syntax", "a digest of 3 digits"},
        {"bundle 1\npackage p000001.rpm 200 200 "
         "0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef"
         " a 0:1-1 noarch -\ntotal 1 200\n",
         "manifest-syntax", "a digest in upper case"},
        {"bundle 1\nrequest \ntotal 0 0\n", "manifest-syntax",
         "an empty request id"},
        {"bundle 1\nrequest " ID1 " \ntotal 0 0\n", "manifest-syntax",
         "a request id and a blank"},
        {TWO("a 0:1-1 noarch -", "b 0:1-1 noarch -"), "ok", "by name"},
        {TWO("a 0:1-1 noarch -", "a-b 0:1-1 noarch -"), "ok", "by length"},
        {TWO("a 0:10-1 noarch -", "a 0:9-1 noarch -"), "ok",
         "by bytes of the version, not by its meaning"},
        {TWO("a 10:1-1 noarch -", "a 9:1-1 noarch -"), "ok", "epoch too"},
        {TWO("a 0:1-1 i686 -", "a 0:1-1 x86_64 -"), "ok", "by arch"},
        {TWO("Z 0:1-1 noarch -", "a 0:1-1 noarch -"), "ok", "upper case first"},
        {TWO("b 0:1-1 noarch -", "a 0:1-1 noarch -"), "manifest-order",
         "names out of order"},
        {TWO("a 0:9-1 noarch -", "a 0:10-1 noarch -"), "manifest-order",
         "versions out of order"},
        {TWO("a 0:1-1 x86_64 -", "a 0:1-1 i686 -"), "manifest-order",
         "arches out of order"},
        {TWO("a 0:1-1 noarch -", "a 0:1-1 noarch -"), "duplicate-nevra",
         "a package twice"},
        {TWO("a 0:1-1 noarch -", "a 0:1-1 noarch update"), "duplicate-nevra",
         "a package twice, for two reasons"},
    };

    RUN(rows);
}

#define EV(rest) "bundle 1\nevidence e0001 5 " HEX " " rest "\ntotal 1 5\n"
#define SIZED(size, head, total)                                               \
    "bundle 1\npackage p000001.rpm " size " " head " " HEX                     \
    " a 0:1-1 noarch -\ntotal 1 " total "\n"
#define NAMED(name)                                                            \
    "bundle 1\npackage " name " 200 200 " HEX " a 0:1-1 noarch -\ntotal 1 "    \
    "200\n"

static void
test_members(void)
{
    static const struct row rows[] = {
        {EV("repomd x"), "ok", "one piece of evidence"},
        {EV("repomd 1234567890123456789012345678901234567890123456789012345678"
            "901234"),
         "ok", "label of 64 bytes"},
        {EV("repomd 1234567890123456789012345678901234567890123456789012345678"
            "9012345"),
         "manifest-syntax", "label of 65 bytes"},
        {EV("repomd a/b"), "manifest-syntax", "slash in a label"},
        {EV("repomd /a"), "manifest-syntax", "slash before a label"},
        {EV("repomd a/"), "manifest-syntax", "slash behind a label"},
        {EV("other x"), "manifest-syntax", "unknown kind"},
        {EV("repo x"), "manifest-syntax", "a kind cut short"},
        {EV("comps x"), "ok", "the last kind"},
        {EV("repomd"), "manifest-syntax", "no label"},
        {"bundle 1\nevidence e0001 5 " HEX " primary x\nevidence e0002 5 " HEX
         " repomd x\ntotal 2 10\n",
         "manifest-order", "kinds out of order"},
        {"bundle 1\nevidence e0001 5 " HEX " repomd x\nevidence e0002 5 " HEX
         " repomd x\ntotal 2 10\n",
         "manifest-order", "the same evidence twice"},
        {"bundle 1\npackage p000001.rpm 200 200 " HEX
         " a 0:1-1 noarch -\nevidence e0001 5 " HEX " repomd x\ntotal 2 205\n",
         "manifest-order", "evidence behind a package"},
        {"bundle 1\nevidence e0001 67108865 " HEX " primary x\n",
         "file-too-large", "evidence above its ceiling"},
        {SIZED("128", "128", "128"), "ok", "smallest package"},
        {SIZED("127", "127", "127"), "manifest-syntax", "smaller"},
        {SIZED("200", "201", "200"), "manifest-syntax", "head beyond file"},
        {SIZED("8589934591", "200", "8589934591"), "ok", "largest package"},
        {SIZED("8589934592", "200", "8589934592"), "file-too-large",
         "one byte larger"},
        {SIZED("18446744073709551615", "200", "1"), "file-too-large",
         "largest number"},
        {SIZED("18446744073709551616", "200", "1"), "manifest-syntax",
         "a number beyond 64 bits"},
        {SIZED("-1", "200", "1"), "manifest-syntax", "negative"},
        {SIZED("0200", "200", "200"), "manifest-syntax", "octal"},
        {SIZED("8589934591", "13632120", "8589934591"), "ok", "largest head"},
        {SIZED("8589934591", "13632121", "8589934591"), "manifest-syntax",
         "one byte larger"},
        {NAMED("p000002.rpm"), "member-name", "name of the next one"},
        {NAMED("p1.rpm"), "member-name", "short number"},
        {NAMED("../p000001.rpm"), "member-name", "path"},
        {NAMED("p\x7f"), "manifest-syntax", "DEL in a name"},
        {NAMED("p~"), "member-name", "the last visible character"},
        {NAMED("!"), "member-name", "the first visible character"},
        {"bundle 1\nevidence e0001 5 " HEX " repomd a\nevidence e0002 5 " HEX
         " repomd b\nevidence e0003 5 " HEX " other c\ntotal 3 15\n",
         "manifest-syntax", "an unknown kind behind known ones"},
    };

    _Static_assert(SP_RPM_MAX_HEAD_BYTES == 13632120, "as in the rows");
    RUN(rows);
}

/* A manifest with n members of one size each; size 0 = too long for it. */
static const char *
judge_many(unsigned n, bool package, unsigned long long size)
{
    const size_t room = (size_t)n * 160 + 4096;
    char *body = malloc(room), *text = malloc(room);
    const char *verdict = "no memory";
    size_t used = 0;

    if (body && text) {
        used += (size_t)snprintf(body, room, "bundle 1\n");
        for (unsigned i = 1; i <= n; i++)
            used += (size_t)snprintf(body + used, room - used,
                                     package ? "package p%06u.rpm %llu 200 " HEX
                                               " a%06u 0:1-1 noarch -\n"
                                             : "evidence e%04u %llu " HEX
                                               " repomd a%06u\n",
                                     i, size, i);
        (void)snprintf(body + used, room - used, "total %u %llu\n", n,
                       n * size);
        verdict = judge_text(text, seal(text, room, body));
    }
    free(body);
    free(text);
    return verdict;
}

static void
test_ceilings(void)
{
    tap_is_str(judge_many(SP_MAX_PACKAGES, true, 200), "ok",
               "as many packages as allowed");
    tap_is_str(judge_many(SP_MAX_PACKAGES + 1, true, 200), "too-many-files",
               "and one more");
    tap_is_str(judge_many(SP_MAX_EVIDENCE, false, 5), "ok",
               "as much evidence as allowed");
    tap_is_str(judge_many(SP_MAX_EVIDENCE + 1, false, 5), "too-many-files",
               "and one more");
    tap_is_str(judge_many(128, true, 8589934591), "ok", "almost 1 TiB");
    tap_is_str(judge_many(129, true, 8589934591), "too-many-bytes",
               "more than 1 TiB");
}

/* So short that the end line would begin before the text. */
static void
test_short(void)
{
    static char huge[SP_MAX_MANIFEST_BYTES + 1];
    struct sp_manifest manifest;
    struct sp_error err = {0};
    unsigned refused = 0;

    for (size_t size = 0; size < 80; size++) {
        memset(&err, 0, sizeof(err));
        refused += sp_manifest_parse(guard_before(good_body, size), size,
                                     &manifest, &err) < 0 &&
                   err.detail[0] != '\0';
    }
    tap_is_u64(refused, 80, "no short text is one");
    tap_is_str(judge_text(huge, sizeof(huge)), "manifest-size",
               "a text above its ceiling");
    tap_is_str(judge_text(huge, sizeof(huge) - 1), "manifest-syntax",
               "a text of as much as may be");
}

/* Fields around the longest one that is kept. */
static void
test_long_fields(void)
{
    static char name[1024], evr[1024], dash[1024], huge[7400];

    for (int n = 318; n <= 322; n++) {
        (void)snprintf(name, sizeof(name), PKG("%0*d 0:1-1 noarch -"), n, 0);
        tap_is_str(judge(name), "manifest-syntax", "a name of %d bytes", n);
        (void)snprintf(evr, sizeof(evr), PKG("a %0*d noarch -"), n, 0);
        tap_is_str(judge(evr), "manifest-syntax", "an epoch of %d bytes", n);
        (void)snprintf(dash, sizeof(dash), PKG("a 0:1-%0*d noarch -"), n - 4,
                       0);
        tap_is_str(judge(dash), "manifest-syntax", "an EVR of %d bytes", n);
    }
    (void)snprintf(huge, sizeof(huge), PKG("%07000d 0:1-1 noarch -"), 0);
    tap_is_str(judge(huge), "manifest-syntax", "a name of 7000 bytes");
    (void)snprintf(evr, sizeof(evr), PKG("a 4294967295:%0128d-%0128d noarch -"),
                   0, 0);
    tap_is_str(judge(evr), "ok", "the longest EVR that can be right");
    (void)snprintf(evr, sizeof(evr), PKG("a 4294967295:%0128d-%0129d noarch -"),
                   0, 0);
    tap_is_str(judge(evr), "manifest-syntax", "and one byte more");
}

static void
test_requests_ceiling(void)
{
    static char body[16384], text[16384];

    for (unsigned n = SP_MAX_REQUESTS; n <= SP_MAX_REQUESTS + 1; n++) {
        int at = snprintf(body, 16, "bundle 1\n");

        for (unsigned i = 0; i < n; i++)
            at += snprintf(body + at, 64, "request %032x\n", i);
        (void)snprintf(body + at, 16, "total 0 0\n");
        tap_is_str(judge_text(text, seal(text, sizeof(text), body)),
                   n > SP_MAX_REQUESTS ? "too-many-files" : "ok", "%u requests",
                   n);
    }
}

static void
walk_what_changed(void)
{
    static char text[8192];
    struct sp_manifest manifest;
    struct sp_member member;
    struct sp_error err = {0};
    size_t size = seal(text, sizeof(text), good_body);

    (void)sp_manifest_parse(text, size, &manifest, &err);
    *strstr(text, " repomd ") = 'x';
    while (sp_manifest_next(&manifest, &member))
        continue;
}

static void
ask_beyond(void)
{
    static char text[8192];
    struct sp_manifest manifest;
    struct sp_error err = {0};
    size_t size = seal(text, sizeof(text), good_body);
    char id[33];

    (void)sp_manifest_parse(text, size, &manifest, &err);
    sp_manifest_request(&manifest, 1000, id);
}

/* Evidence before packages, by label and kind; what is equal is equal. */
static void
test_compare(void)
{
    static const struct {
        struct sp_member a, b;
        int order;
    } pairs[] = {
        {{.kind = SP_MEMBER_EVIDENCE}, {.kind = SP_MEMBER_PACKAGE}, -1},
        {{.kind = SP_MEMBER_PACKAGE}, {.kind = SP_MEMBER_EVIDENCE}, 1},
        {{.kind = SP_MEMBER_EVIDENCE,
          .evidence = SP_EVIDENCE_REPOMD,
          .label = "a"},
         {.kind = SP_MEMBER_EVIDENCE,
          .evidence = SP_EVIDENCE_REPOMD,
          .label = "a"},
         0},
        {{.kind = SP_MEMBER_EVIDENCE,
          .evidence = SP_EVIDENCE_REPOMD,
          .label = "a"},
         {.kind = SP_MEMBER_EVIDENCE,
          .evidence = SP_EVIDENCE_SIGNATURE,
          .label = "a"},
         -1},
        {{.kind = SP_MEMBER_EVIDENCE,
          .evidence = SP_EVIDENCE_SIGNATURE,
          .label = "a"},
         {.kind = SP_MEMBER_EVIDENCE,
          .evidence = SP_EVIDENCE_REPOMD,
          .label = "b"},
         -1},
        {{.kind = SP_MEMBER_EVIDENCE,
          .evidence = SP_EVIDENCE_REPOMD,
          .label = "b"},
         {.kind = SP_MEMBER_EVIDENCE,
          .evidence = SP_EVIDENCE_SIGNATURE,
          .label = "a"},
         1},
        {{.kind = SP_MEMBER_PACKAGE, .nevra = {.name = "a"}},
         {.kind = SP_MEMBER_PACKAGE, .nevra = {.name = "a"}},
         0},
    };

    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        int there = sp_member_compare(&pairs[i].a, &pairs[i].b);
        int back = sp_member_compare(&pairs[i].b, &pairs[i].a);

        tap_ok((there > 0) - (there < 0) == pairs[i].order, "pair %zu", i);
        tap_ok((back > 0) - (back < 0) == -pairs[i].order, "turned round");
    }
}

/* 1 TiB to the byte: 128 packages of the largest size and 128 bytes more. */
static void
test_bytes_ceiling(void)
{
    static char body[64 * 1024], text[64 * 1024];

    for (unsigned last = 128; last <= 129; last++) {
        size_t used = (size_t)snprintf(body, sizeof(body), "bundle 1\n");
        uint64_t size = SP_MAX_MEMBER_BYTES;

        for (unsigned i = 1; i <= 129; i++) {
            if (i == 129)
                size = last;
            used += (size_t)snprintf(body + used, sizeof(body) - used,
                                     "package p%06u.rpm %" PRIu64 " 128 " HEX
                                     " a%06u 0:1-1 noarch -\n",
                                     i, size, i);
        }
        (void)snprintf(body + used, sizeof(body) - used,
                       "total 129 %" PRIu64 "\n",
                       128 * SP_MAX_MEMBER_BYTES + last);
        tap_is_str(judge_text(text, seal(text, sizeof(text), body)),
                   last == 128 ? "ok" : "too-many-bytes", "1 TiB and %u bytes",
                   last - 128);
    }
}

static void
test_message(void)
{
    static char text[8192];
    struct sp_manifest manifest;
    struct sp_error err = {0};
    size_t size = seal(text, sizeof(text),
                       TWO("bash 3:5.1-2 x86_64 -", "bash 3:5.1-2 x86_64 -"));

    (void)sp_manifest_parse(text, size, &manifest, &err);
    tap_is_str(err.msg, "MANIFEST has 'bash-3:5.1-2.x86_64' twice",
               "a refusal names the package");
}

int
main(void)
{
    test_bytes_ceiling();
    test_message();
    test_compare();
    tap_aborts(ask_beyond, "there is no such request");
    test_short();
    test_requests_ceiling();
    test_long_fields();
    tap_aborts(walk_what_changed, "the text stays as it was");
    test_walk();
    test_print();
    test_vectors();
    test_damage();
    test_lines();
    test_packages();
    test_members();
    test_ceilings();
    return tap_done();
}
