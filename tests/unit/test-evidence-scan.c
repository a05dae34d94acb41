/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Signed metadata: the one shape that is read, and each way to leave it. */
#include "ingest/evidence-scan.h"

#include "base/sha256.h"
#include "base/text.h"
#include "tests/unit/gcrypt.h"
#include "tests/unit/worker.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define XML "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
#define REPOMD XML "<repomd xmlns=\"http://linux.duke.edu/metadata/repo\">\n"
#define OPEN "    <open-checksum type=\"sha256\">"
#define HEX "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define TOO_LONG HEX HEX HEX HEX HEX
#define PRIMARY                                                                \
    XML "<metadata xmlns=\"http://linux.duke.edu/metadata/common\" "           \
        "xmlns:rpm=\"http://linux.duke.edu/metadata/rpm\" packages=\""
#define PACKAGE(name, arch, version)                                           \
    "<package type=\"rpm\">\n  <name>" name "</name>\n  <arch>" arch           \
    "</arch>\n  " version "\n  <checksum type=\"sha256\" pkgid=\"YES\">" HEX   \
    "</checksum>\n"
#define VERSION "<version epoch=\"3\" ver=\"1.2\" rel=\"4.fc41\"/>"
#define BASH PACKAGE("bash", "x86_64", VERSION) "  <summary/>\n</package>\n"

/* DIGEST stands for the one of primary.xml. */
static const char good_repomd[] =
    REPOMD "  <revision>1700000000</revision>\n  <tags>\n    <x/>\n  </tags>\n"
           "  <data type=\"primary\">\n    <size>1</size>\n" OPEN
           "DIGEST</open-checksum>\n  </data>\n  <data type=\"other\">\n" OPEN
           "what it likes</open-checksum>\n  </data>\n</repomd>\n";
static const char good_primary[] = PRIMARY "1\">\n" BASH "</metadata>\n";

/* The text with the first `old` in it made `new`. */
static void
replaced(const char *text, const char *old, const char *new, char *dst,
         size_t size)
{
    const char *at = strstr(text, old);

    if (!at)
        abort();
    (void)snprintf(dst, size, "%.*s%s%s", (int)(at - text), text, new,
                   at + strlen(old));
}

static void (*body)(int argc, char **argv) = sp_evidence_scan;
static bool drips;

/* Why the worker ended that read the three files. */
static const char *
scan(const char *repomd, const char *between, const char *primary)
{
    static char stream[512 * 1024], whole[8192];
    char hex[SP_SHA256_HEX], words[3][32];
    uint8_t digest[SP_SHA256_BYTES];
    struct scene scene = {.body = body, .in = stream, .drips = drips};

    sp_sha256(primary, strlen(primary), digest);
    sp_text_hex(hex, digest, sizeof(digest));
    (void)snprintf(whole, sizeof(whole), "%s", repomd);
    for (char *at; (at = strstr(whole, "DIGEST"));) {
        memmove(at + 64, at + 6, strlen(at + 6) + 1);
        memcpy(at, hex, 64);
    }
    (void)snprintf(stream, sizeof(stream), "%s%s%s", whole, between, primary);
    (void)snprintf(words[0], 32, "repomd=%zu", strlen(whole));
    (void)snprintf(words[1], 32, "skip=%zu", strlen(between));
    (void)snprintf(words[2], 32, "primary=%zu", strlen(primary));
    for (int i = 0; i < 3; i++)
        scene.words[i] = words[i];
    scene.size = strlen(stream);
    scene_run(&scene);
    return scene_end();
}

static void
test_good(void)
{
    const struct sp_report *said;

    tap_is_str(scan(good_repomd, "signature", good_primary), "done",
               "metadata as createrepo_c writes it");
    said = scene_report(SP_REPORT_JAILED, 0);
    tap_ok(said && said->body.jailed.seccomp == 1, "in its jail");
    said = scene_report(SP_REPORT_LISTED, 0);
    if (!tap_ok(said != NULL, "the package is reported"))
        return;
    tap_is_str(said->body.listed.nevra.name, "bash", "name");
    tap_is_u64(said->body.listed.nevra.epoch, 3, "epoch");
    tap_is_str(said->body.listed.nevra.version, "1.2", "version");
    tap_is_str(said->body.listed.nevra.release, "4.fc41", "release");
    tap_is_str(said->body.listed.nevra.arch, "x86_64", "architecture");
    tap_is_u64(said->body.listed.sha256[31], 0xff, "digest");
    said = scene_report(SP_REPORT_REVISION, 0);
    if (!tap_ok(said != NULL, "and the revision"))
        return;
    tap_is_u64(said->body.revision.revision, 1700000000, "its number");
    tap_is_u64(said->body.revision.packages, 1, "its packages");
    tap_ok(sp_report_check(said, SP_WORKER_EVIDENCE), "well formed");
    tap_is_u64(scene_report(SP_REPORT_DONE, 0)->index, 1, "done with one");
}

/* Each read gets one byte: of both files the same is read. */
static void
test_drips(void)
{
    drips = true;
    tap_is_str(scan(good_repomd, "signature", good_primary), "done",
               "metadata that comes byte by byte");
    drips = false;
}

/* What is reported of repomd.xml is the digest of what was read. */
static void
test_digest(void)
{
    uint8_t digest[SP_SHA256_BYTES];
    char hex[SP_SHA256_HEX], whole[8192];

    sp_sha256(good_primary, strlen(good_primary), digest);
    sp_text_hex(hex, digest, sizeof(digest));
    replaced(good_repomd, "DIGEST", hex, whole, sizeof(whole));
    sp_sha256(whole, strlen(whole), digest);
    tap_is_str(scan(whole, "", good_primary), "done", "no signature between");
    tap_is_mem(scene_report(SP_REPORT_REVISION, 0)->body.revision.repomd_sha256,
               digest, sizeof(digest), "the digest of repomd.xml");
}

struct edit {
    const char *old, *new, *want, *what;
};

static void
test_repomd(void)
{
    static const struct edit edits[] = {
        {"UTF-8", "ASCII", "metadata", "another first line"},
        {"<repomd", "<metalink", "metadata", "no repomd.xml"},
        {"<revision>17", "<revision>x", "metadata", "no number"},
        {"<revision>1700000000", "<revision>", "metadata", "no revision"},
        {"  <revision>", "<revision>", "metadata", "less indented"},
        {"  <revision>", "", "metadata", "a number without its element"},
        {"  <revision>1700000000</revision>", "1700000000", "metadata",
         "a number alone"},
        {"1700000000<", "9223372036854775807<", "done", "highest revision"},
        {"1700000000<", "9223372036854775808<", "metadata", "one more"},
        {"1700000000<", "000000000000000000000001<", "metadata",
         "a revision that is too long"},
        {"1700000000<",
         "00000000000000000000000000000000000000000000000000000000000000000"
         "00000000000000000000000000000000000000000000000000000000000000001<",
         "metadata", "a revision that is much too long"},
        {"</revision>", "</revision> ", "metadata", "something behind it"},
        {"  <tags>", "  <what>", "metadata", "an unknown element"},
        {"    <x/>", "  <x/>", "metadata", "a block that does not end"},
        {"DIGEST", HEX, "metadata", "the digest of another primary"},
        {"DIGEST", "0", "metadata", "a digest that is too short"},
        {OPEN "DIGEST</open-checksum>\n",
         OPEN "DIGEST</open-checksum>\n" OPEN HEX "</open-checksum>\n",
         "metadata", "two digests"},
        {OPEN "DIGEST</open-checksum>\n",
         OPEN "DIGEST</open-checksum>\n" OPEN "DIGEST</open-checksum>\n",
         "metadata", "the same digest twice"},
        {"type=\"other\">\n" OPEN "what it likes",
         "type=\"primary\">\n" OPEN "DIGEST", "metadata",
         "the same primary twice"},
        {OPEN "DIGEST</open-checksum>\n", "    <y/>\n", "metadata",
         "no digest"},
        {OPEN "DIGEST</open-checksum>", OPEN "DIGEST</open-checksum> ",
         "metadata", "a digest that is not alone"},
        {"type=\"other\"", "type=\"primary\"", "metadata", "two primaries"},
        {"type=\"primary\"", "type=\"group\"", "metadata", "no primary"},
        {"</repomd>\n", "</repomd>", "done", "no last line feed"},
        {"</repomd>\n", "</repomd>\nx", "metadata", "something behind it"},
        {"</repomd>\n", "", "metadata", "no end"},
        {"</repomd>\n", "  <data type=\"other\">\n", "metadata",
         "no end of the last block"},
    };
    char repomd[4096];

    for (size_t i = 0; i < COUNT(edits); i++) {
        replaced(good_repomd, edits[i].old, edits[i].new, repomd,
                 sizeof(repomd));
        tap_is_str(scan(repomd, "sig", good_primary), edits[i].want,
                   "repomd.xml: %s", edits[i].what);
    }
    tap_is_str(scan("", "", good_primary), "metadata", "no repomd.xml at all");
}

/* The word is the same, so look at what is said. */
static void
test_said(void)
{
    static const struct edit edits[] = {
        {OPEN "DIGEST</open-checksum>\n", "    <y/>\n",
         "no SHA-256 of its uncompressed form", "no digest of primary"},
        {"type=\"primary\"", "type=\"group\"", "there is no primary",
         "no primary"},
        {"</repomd>\n", "</repomd>\nx", "something follows",
         "something behind it"},
        {"  <tags>", "  <what>", "an element that is not known",
         "an unknown element"},
        {"    <x/>", "  <x/>", "a block does not end", "an open block"},
        {"<revision>17", "<revision>x", "line 3 of repomd.xml: the revision",
         "a revision in line 3"},
    };
    char repomd[4096];

    for (size_t i = 0; i < COUNT(edits); i++) {
        replaced(good_repomd, edits[i].old, edits[i].new, repomd,
                 sizeof(repomd));
        (void)scan(repomd, "sig", good_primary);
        tap_ok(strstr(outcome.reports[outcome.n_reports - 1].message,
                      edits[i].want) != NULL,
               "repomd.xml: %s is what is refused", edits[i].what);
    }
    replaced(good_primary, "<name>bash", "<name>&bash", repomd, sizeof(repomd));
    (void)scan(good_repomd, "sig", repomd);
    tap_ok(strstr(outcome.reports[outcome.n_reports - 1].message,
                  "line 4 of primary.xml: this is no name") != NULL,
           "lines are counted from the start of each file");
}

static void
test_primary(void)
{
    static const struct edit edits[] = {
        {"UTF-8", "ASCII", "metadata", "another first line"},
        {"<metadata xmlns", "<metadata ns", "metadata", "no primary.xml"},
        {"packages=\"1", "packages=\"2", "metadata", "a package less"},
        {"packages=\"1", "packages=\"x", "metadata", "no number"},
        {"packages=\"1", "packages=\"4294967296", "metadata", "too many"},
        {"packages=\"1\">", "packages=\"1\" x>", "metadata", "an attribute"},
        {"packages=\"1\">", "packages=\"1\"> ", "metadata", "a blank"},
        {"packages=\"1\">", "packages=\"1<", "metadata", "no quote"},
        {"  <name>bash", "  <name>ba sh", "metadata", "a name with a blank"},
        {"  <name>bash", "  <nam>bash", "metadata", "no name"},
        {"<name>bash<", "<name>&bash<", "metadata", "an entity"},
        {"<name>bash</", "<name>bash</x", "metadata", "another end"},
        {"  <arch>x86_64", "  <arch>x86 64", "metadata", "a blank"},
        {"  <arch>x86_64", "  <ar>x86_64", "metadata", "no architecture"},
        {"epoch=\"3", "epoch=\"-1", "metadata", "an epoch below zero"},
        {"epoch=\"3", "epoch=\"4294967295", "done", "the highest epoch"},
        {"epoch=\"3", "epoch=\"4294967296", "metadata", "one more"},
        {"epoch=\"3", "epoch=\"00000000000000000003", "metadata",
         "an epoch that is too long"},
        {"<version epoch", "<version poch", "metadata", "no epoch"},
        {"\" ver=\"", "\" vet=\"", "metadata", "no version"},
        {"ver=\"1.2", "ver=\"" TOO_LONG, "metadata", "a long version"},
        {"rel=\"4.fc41", "rel=\"" TOO_LONG, "metadata", "a long release"},
        {"packages=\"1", "packages=\"" TOO_LONG, "metadata", "a long number"},
        {"ver=\"1.2", "ver=\"", "metadata", "an empty version"},
        {"ver=\"1.2", "ver=\"1-2", "metadata", "a bad version"},
        {"\" rel=\"", "\" ret=\"", "metadata", "no release"},
        {"rel=\"4.fc41", "rel=\"4<", "metadata", "a release that goes on"},
        {"rel=\"4.fc41", "rel=\"4 1", "metadata", "a bad release"},
        {"fc41\"/>", "fc41\">", "metadata", "a version that stays open"},
        {"fc41\"/>", "fc41\"/>x", "metadata", "something behind it"},
        {"pkgid=\"YES\">00", "pkgid=\"YES\">xx", "metadata", "no digest"},
        {"pkgid=\"YES\">00", "pkgid=\"YES\">000", "metadata", "too long"},
        {"pkgid=\"YES\"", "pkgid=\"NO\"", "metadata", "another digest"},
        {"  <summary/>", "  <!-- x", "metadata", "a comment"},
        {"  <summary/>", "<package type=\"rpm\">", "metadata", "no end"},
        {"  <summary/>", "</metadata>", "metadata", "an end before its end"},
        {"  <summary/>", "  <name>evil</name>", "metadata", "a second name"},
        {"  <summary/>", "  <arch>noarch</arch>", "metadata", "and arch"},
        {"  <summary/>", "  " VERSION, "metadata", "and version"},
        {"  <summary/>", "  <checksum type=\"x\">", "metadata", "and digest"},
        {"  <summary/>", "any prose \xc3\xa4", "done", "prose"},
        {"</package>\n", "", "metadata", "a package that does not end"},
        {"</metadata>", "</package>", "metadata", "another end"},
        {"</metadata>\n", "</metadata>", "done", "no last line feed"},
        {"</metadata>\n", "</metadata>\n\n", "metadata", "a line behind it"},
        {"</metadata>\n", "", "metadata", "no end"},
    };
    char primary[4096];

    for (size_t i = 0; i < COUNT(edits); i++) {
        replaced(good_primary, edits[i].old, edits[i].new, primary,
                 sizeof(primary));
        tap_is_str(scan(good_repomd, "sig", primary), edits[i].want,
                   "primary.xml: %s", edits[i].what);
    }
    replaced(good_primary, "packages=\"1", "packages=\"2", primary,
             sizeof(primary));
    (void)snprintf(primary + strlen(primary) - strlen("</metadata>\n"),
                   sizeof(primary) / 2, "%s",
                   PACKAGE("zsh", "noarch", VERSION) "</package>\n"
                                                     "</metadata>\n");
    tap_is_str(scan(good_repomd, "sig", primary), "done", "two packages");
    tap_is_str(scene_report(SP_REPORT_LISTED, 1)->body.listed.nevra.name, "zsh",
               "the second one");
}

/* The line is cut where no line that matters ends; the rest is not read as a
 * line of its own. */
static void
test_long_lines(void)
{
    static char primary[200 * 1024], prose[128 * 1024];

    for (size_t len = 1022; len <= 1026; len++) {
        memset(prose, 'x', len);
        prose[len] = '\0';
        replaced(good_primary, "  <summary/>", prose, primary, sizeof(primary));
        tap_is_str(scan(good_repomd, "sig", primary), "done",
                   "a line of %zu bytes", len);
    }
    memset(prose, 'x', sizeof(prose) - 1);
    (void)snprintf(prose, sizeof(prose), "%-100000s</package>", "x");
    replaced(good_primary, "  <summary/>", prose, primary, sizeof(primary));
    tap_is_str(scan(good_repomd, "sig", primary), "done",
               "what a long line ends with is no line");
    (void)snprintf(prose, sizeof(prose), "  <name>bash</name>%-2000s", " ");
    replaced(good_primary, "  <name>bash</name>", prose, primary,
             sizeof(primary));
    tap_is_str(scan(good_repomd, "sig", primary), "metadata",
               "a name with a long tail");
}

/* In a line that nobody reads. */
static void
scan_nul(int argc, char **argv)
{
    char byte;

    for (off_t at = 0; pread(SP_FD_IN, &byte, 1, at) == 1; at++)
        if (byte == '@' && pwrite(SP_FD_IN, "", 1, at) != 1)
            abort();
    sp_evidence_scan(argc, argv);
}

static void
test_stream(void)
{
    char primary[4096];
    char nul[sizeof(good_repomd)];
    struct scene scene = {.body = sp_evidence_scan,
                          .in = nul,
                          .size = sizeof(nul),
                          .words = {"repomd=100", "primary=1"}};

    replaced(good_primary, "  <summary/>", "any @ prose", primary,
             sizeof(primary));
    body = scan_nul;
    tap_is_str(scan(good_repomd, "sig", primary), "metadata", "a NUL");
    tap_ok(strstr(outcome.reports[outcome.n_reports - 1].message, "NUL"),
           "is what is refused");
    body = sp_evidence_scan;
    scene.size = 60;
    memcpy(nul, good_repomd, sizeof(nul));
    scene_run(&scene);
    tap_is_str(scene_end(), "io", "a stream that ends early");
    scene.no_in = true;
    scene_run(&scene);
    tap_is_str(scene_end(), "io", "a stream that cannot be read");
    scene.words[0] = "repomd=1048577";
    scene_run(&scene);
    tap_is_str(scene_end(), "usage", "a repomd.xml above its ceiling");
    scene.words[0] = "skip=8193";
    scene_run(&scene);
    tap_is_str(scene_end(), "usage", "a signature above its ceiling");
    scene.words[0] = "primary=67108865";
    scene_run(&scene);
    tap_is_str(scene_end(), "usage", "a primary.xml above its ceiling");
}

/* What is not said is nothing. */
static void
test_defaults(void)
{
    static char whole[8192];
    char hex[SP_SHA256_HEX], words[2][32];
    uint8_t digest[SP_SHA256_BYTES];
    struct scene scene = {.body = sp_evidence_scan, .in = whole};
    size_t size;

    sp_sha256(good_primary, strlen(good_primary), digest);
    sp_text_hex(hex, digest, sizeof(digest));
    replaced(good_repomd, "DIGEST", hex, whole, sizeof(whole));
    size = strlen(whole);
    (void)snprintf(words[0], 32, "repomd=%zu", size);
    (void)snprintf(words[1], 32, "primary=%zu", strlen(good_primary));
    (void)snprintf(whole + size, sizeof(whole) - size, "%s", good_primary);
    scene.size = strlen(whole);
    scene.words[0] = words[0];
    scene.words[1] = words[1];
    scene_run(&scene);
    tap_is_str(scene_end(), "done", "no signature is announced");
    scene.size--;
    scene_run(&scene);
    tap_is_str(scene_end(), "io", "a stream that ends a byte early");
    scene.size++;
    scene.words[1] = NULL;
    scene_run(&scene);
    tap_is_str(scene_end(), "metadata", "no primary.xml either");
}

/* Nothing is read with digests that cannot be trusted. */
static void
test_library(void)
{
    calls_fail("gcry_md_read", 1);
    tap_is_str(scan(good_repomd, "", good_primary), "internal",
               "a libgcrypt that is wrong");
    tap_ok(!scene_report(SP_REPORT_JAILED, 0), "is seen before the jail");
    calls_fault = NULL;
}

int
main(void)
{
    test_defaults();
    test_good();
    test_drips();
    test_digest();
    test_repomd();
    test_said();
    test_primary();
    test_long_lines();
    test_stream();
    test_library();
    return tap_done();
}
