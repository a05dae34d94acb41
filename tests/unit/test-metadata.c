/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The readers of metadata, without their jail. With arguments this is a
 * driver for the bats suite, with all of it:
 *
 *   test-metadata CACHE REPO-FILE [-x] [-t TRIES] [-k KEY-FILE]
 *       [-s ID REVISION] [-c CA-FILE] [-f PATH]
 *
 * fetches the metadata of all repositories in the file and prints what came;
 * -x allows http, -f asks the first one for file lists too.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/text.h"
#include "build/armor.h"
#include "build/metadata.h"
#include "build/metalink.h"
#include "build/repomd.h"
#include "build/unfold.h"
#include "tests/unit/memory.h"
#include "tests/unit/tap.h"

#define HEX62 "112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define A "00" HEX62
#define B "01" HEX62

static struct sp_error err;

static void
refused(int status, const char *word, const char *part, const char *what)
{
    tap_ok(status == -1 && strcmp(err.detail, word) == 0 &&
               strstr(err.msg, part),
           "%s: %s", what, err.msg);
    memset(&err, 0, sizeof(err));
}

/* ---- repomd.xml -------------------------------------------------------- */

#define REPOMD(revision, data)                                                 \
    "<?xml version=\"1.0\"?>\n"                                                \
    "<repomd xmlns=\"http://linux.duke.edu/metadata/repo\""                    \
    " xmlns:rpm=\"http://linux.duke.edu/metadata/rpm\">"                       \
    "<revision> " revision " </revision>" data "</repomd>\n"
#define DATA(type, href, more)                                                 \
    "<data type=\"" type "\"><checksum type=\"sha256\">" A "</checksum>"       \
    "<location href=\"" href "\"/>" more "</data>"
#define TEN(s) s s s s s s s s s s
#define PRIMARY DATA("primary", "repodata/p.xml.gz", "")

static int
repomd(const char *xml, struct sp_repomd *ret)
{
    SP_AUTO_FREE char *copy = malloc(strlen(xml) + 1);

    if (!copy)
        return -1;
    memcpy(copy, xml, strlen(xml));
    return sp_repomd_parse(copy, strlen(xml), 1, ret, &err);
}

static void
test_repomd(void)
{
    static const char good[] =
        REPOMD("1700000000",
               DATA("primary_zck", "repodata/p.zck", "<timestamp>9</timestamp>")
                   DATA("primary", "repodata/p.xml.zst",
                        "<size>10</size><open-size>100</open-size>"
                        "<open-checksum type=\"sha256\">" B "</open-checksum>"
                        "<timestamp>1700000001.5</timestamp>")
                       DATA("group_gz", "repodata/c.xml.gz", "")
                           DATA("group", "repodata/c.xml", "")
                               DATA("filelists", "repodata/f.xml.gz",
                                    "<timestamp>5</timestamp>"));
    struct sp_repomd md;
    uint64_t revision = 0;

    if (!tap_ok(repomd(good, &md) == 0, "a whole repomd.xml: %s", err.msg))
        return;
    tap_is_str(md.revision, "1700000000", "revision");
    tap_ok(sp_repomd_revision(md.revision, &revision), "which is a number");
    tap_is_u64(md.newest, 1700000001, "newest time of what is of use");
    tap_is_str(md.sources[SP_REPOMD_PRIMARY].location, "repodata/p.xml.zst",
               "primary, not zchunk");
    tap_is_u64(md.sources[SP_REPOMD_PRIMARY].size, 10, "size");
    tap_is_u64(md.sources[SP_REPOMD_PRIMARY].open_size, 100, "open size");
    tap_is_u64(md.sources[SP_REPOMD_PRIMARY].open_digest.bytes[0], 1,
               "open digest");
    tap_is_str(md.sources[SP_REPOMD_GROUP].location, "repodata/c.xml",
               "plain groups before packed ones");
    tap_ok(!md.sources[SP_REPOMD_UPDATEINFO].present, "no updateinfo");
}

static void
test_bad_repomd(void)
{
    static const struct {
        const char *xml, *word, *part;
    } cases[] = {
        {"", "metadata", "well-formed"},
        {"<html>", "metadata", "well-formed"},
        {"<html></html>", "metadata", "no repomd.xml"},
        {"<!DOCTYPE html><html></html>", "metadata", "document type"},
        {"<!DOCTYPE x [<!ENTITY a \"b\">]><repomd>&a;</repomd>", "metadata",
         "document type"},
        {REPOMD("1", ""), "metadata", "no primary"},
        {REPOMD("1", DATA("primary", "../p.xml", "")), "metadata", "leaves"},
        {REPOMD("1", DATA("primary", "a/../../p.xml", "")), "metadata",
         "leaves"},
        {REPOMD("1", DATA("primary", "a/%2e%2e/p.xml", "")), "metadata",
         "leaves"},
        {REPOMD("1", DATA("primary", "/etc/passwd", "")), "metadata", "leaves"},
        {REPOMD("1", DATA("primary", "//host/p.xml", "")), "metadata",
         "leaves"},
        {REPOMD("1", DATA("primary", "https://host/p.xml", "")), "metadata",
         "leaves"},
        {REPOMD("1", DATA("primary", "file:p.xml", "")), "metadata", "leaves"},
        {REPOMD("1", DATA("primary", "p.xml?x", "")), "metadata", "leaves"},
        {REPOMD("1", DATA("primary", "a b.xml", "")), "metadata", "leaves"},
        {REPOMD("1", DATA("primary", "", "")), "metadata", "leaves"},
        {REPOMD("1", "<data type=\"primary\"><location href=\"p\" "
                     "xml:base=\"https://other/\"/></data>"),
         "metadata", "another base"},
        {REPOMD("1", DATA("primary", "p.zck", "")), "metadata", "zchunk"},
        {REPOMD("1", DATA("primary", "p", "<size>-1</size>")), "metadata",
         "no number"},
        {REPOMD("1", DATA("primary", "p", "<size>9999999999</size>")),
         "metadata-size", "more than is taken"},
        {REPOMD("1", DATA("primary", "p", "<open-size>1073741825</open-size>")),
         "metadata-size", "more than is taken"},
        {REPOMD("1", "<data type=\"primary\"><checksum type=\"sha\">" A
                     "</checksum></data>"),
         "metadata", "of type 'sha'"},
        {REPOMD("1", "<data type=\"primary\"><checksum type=\"md5\">" A
                     "</checksum></data>"),
         "metadata", "of type 'md5'"},
        {REPOMD("1", "<data type=\"primary\"><checksum type=\"sha512\">" A
                     "</checksum></data>"),
         "metadata", "no SHA-512"},
        {REPOMD("1", "<data type=\"primary\"><checksum type=\"sha256\">zz"
                     "</checksum></data>"),
         "metadata", "no SHA-256"},
        {REPOMD("1", "<data type=\"primary\"><location href=\"p\"/></data>"),
         "metadata", "no digest"},
        {REPOMD("1", "<data type=\"primary\"><location/></data>"), "metadata",
         "leaves"},
        {REPOMD("1", "<data type=\"primary\"><checksum type=\"sha256\">" A
                     "</checksum></data>"),
         "metadata", "no location"},
        {REPOMD("1",
                "<data type=\"primary\"><checksum>" A "</checksum></data>"),
         "metadata", "of type ''"},
        {REPOMD("1", DATA("primary", "p",
                          "<timestamp>1000000000000000000000000</timestamp>")),
         "metadata", "timestamp in repomd.xml is no number"},
        {REPOMD("1", DATA("primary", "p", "<timestamp>x.5</timestamp>")),
         "metadata", "timestamp in repomd.xml is no number"},
        {REPOMD("1", DATA("primary", "p",
                          "<open-checksum type=\"sha256\">0"
                          "</open-checksum>")),
         "metadata", "no SHA-256"},
        {REPOMD("1", DATA("primary", TEN(TEN("0123456789")) TEN("0123"), "")),
         "metadata", "leaves"},
        {REPOMD("1", DATA("primary", "a/./p", "")), "metadata", "leaves"},
        {REPOMD("1", DATA("primary", "a/\xc3\xa9", "")), "metadata", "leaves"},
        {REPOMD("1", DATA("primary", "a%2Fb", "")), "metadata", "leaves"},
    };
    struct sp_repomd md;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        refused(repomd(cases[i].xml, &md), cases[i].word, cases[i].part,
                cases[i].part);
}

/* Odd, but of no harm. */
static void
test_odd_repomd(void)
{
    struct sp_repomd md;

    if (tap_ok(repomd(REPOMD("\xc3\xa9 b&#x7f;" TEN("0123456789"),
                             "<data><location href=\"/x\"/></data>" DATA(
                                 "primary", "..a/%2/b.%20/%", "")),
                      &md) == 0,
               "no type, a revision of other letters: %s", err.msg)) {
        tap_ok(strncmp(md.revision, "___b_0123", 9) == 0 &&
                   strlen(md.revision) == SP_REVISION_MAX - 1,
               "one word of it, cut: %s", md.revision);
        tap_is_str(md.sources[SP_REPOMD_PRIMARY].location, "..a/%2/b.%20/%",
                   "names that only begin like others");
    }
    tap_ok(!sp_repomd_revision("1x", &md.newest), "no number");
}

static void
test_deep(void)
{
    static char xml[16 * 1024];
    struct sp_repomd md;
    size_t used = 0;

    while (used < sizeof(xml) - 8)
        used += (size_t)snprintf(xml + used, sizeof(xml) - used, "<abcd>");
    refused(repomd(xml, &md), "metadata", "too deep", "depth");
    used = (size_t)snprintf(xml, sizeof(xml), "<repomd><revision>");
    memset(xml + used, 'x', 8192);
    used += 8192;
    (void)snprintf(xml + used, sizeof(xml) - used, "</revision></repomd>");
    refused(repomd(xml, &md), "metadata", "a text of more than", "long text");
}

/* What a jail that was taken over might say. */
static void
test_lies(void)
{
    struct sp_repomd md, good;

    if (!tap_ok(repomd(REPOMD("1", PRIMARY), &good) == 0, "a short one"))
        return;
    tap_ok(sp_repomd_check(&good, &err) == 0, "it holds");
    md = good;
    memset(md.revision, 'x', sizeof(md.revision));
    refused(sp_repomd_check(&md, &err), "metadata", "revision", "no end");
    md = good;
    memset(md.sources[0].location, 'x', sizeof(md.sources[0].location));
    refused(sp_repomd_check(&md, &err), "metadata", "leaves", "no end");
    md = good;
    memset(&md.sources[1].present, 2, 1);
    refused(sp_repomd_check(&md, &err), "metadata", "out of range", "bool");
    md = good;
    md = good;
    memset(&md.sources[0].open_digest.algo, 4, 1);
    refused(sp_repomd_check(&md, &err), "metadata", "out of range",
            "algorithm of what is packed");
    md = good;
    md.revision[0] = '\x7f';
    refused(sp_repomd_check(&md, &err), "metadata", "revision", "no word");
    md.revision[0] = ' ';
    refused(sp_repomd_check(&md, &err), "metadata", "revision", "no word");
    md = good;
    memset(&md.sources[0].digest.algo, 4, 1);
    refused(sp_repomd_check(&md, &err), "metadata", "out of range",
            "algorithm");
    md.sources[0].digest.algo = SP_DIGEST_NONE;
    refused(sp_repomd_check(&md, &err), "metadata", "no digest", "no digest");
    md = good;
    memcpy(md.sources[0].location, "../x", 5);
    refused(sp_repomd_check(&md, &err), "metadata", "leaves", "location");
}

/* ---- metalink ---------------------------------------------------------- */

static const char version3[] =
    "<metalink version=\"3.0\" xmlns=\"http://www.metalinker.org/\""
    " xmlns:mm0=\"http://fedorahosted.org/mirrormanager\"><files>"
    "<file name=\"repomd.xml\"><mm0:timestamp>1700000000</mm0:timestamp>"
    "<size>4000</size><verification><hash type=\"md5\">00</hash>"
    "<hash type=\"sha256\">" A "</hash></verification>"
    "<mm0:alternates><mm0:alternate><mm0:timestamp>1600000000</mm0:timestamp>"
    "<size>3000</size><verification><hash type=\"sha256\">" B
    "</hash></verification></mm0:alternate></mm0:alternates>"
    "<resources maxconnections=\"1\">"
    "<url protocol=\"rsync\" preference=\"100\">"
    "rsync://a.example/r/repodata/repomd.xml</url>"
    "<url protocol=\"http\" preference=\"100\">"
    "http://a.example/r/repodata/repomd.xml</url>"
    "<url protocol=\"https\" preference=\"98\">"
    "https://b.example/r/repodata/repomd.xml</url>"
    "<url protocol=\"https\" preference=\"99\">"
    "https://c.example/r/repodata/repomd.xml</url>"
    "<url protocol=\"ftp\">ftp://d.example/r/repodata/repomd.xml</url>"
    "<url>https://me:x@e.example/r/repodata/repomd.xml</url>"
    "<url>https://f.example/other.xml</url>"
    "</resources></file></files></metalink>";

static const char version4[] =
    "<metalink xmlns=\"urn:ietf:params:xml:ns:metalink\">"
    "<file name=\"other\"><hash type=\"sha-256\">" B "</hash>"
    "<url>https://x.example/repodata/repomd.xml</url></file>"
    "<file name=\"repodata/repomd.xml\"><size>7</size>"
    "<url priority=\"2\">https://two.example/repodata/repomd.xml</url>"
    "<url priority=\"1\">https://one.example/repodata/repomd.xml</url>"
    "<hash type=\"sha-256\">" A "</hash></file></metalink>";

/* The strongest hash counts, wherever it stands. */
static const char several[] =
    "<metalink><files><file name=\"repomd.xml\"><verification>"
    "<hash type=\"sha1\">00</hash><hash type=\"sha512\">" B B "</hash>"
    "<hash type=\"sha256\">" A "</hash></verification><resources>"
    "<url>https://a.example/repodata/repomd.xml</url></resources>"
    "</file></files></metalink>";
static const char weak[] =
    "<metalink><files><file name=\"repomd.xml\"><verification>"
    "<hash type=\"sha1\">00</hash></verification><resources>"
    "<url>https://a.example/repodata/repomd.xml</url></resources>"
    "</file></files></metalink>";

static void
test_metalink(void)
{
    static struct sp_metalink m;

    memset(&err, 0, sizeof(err));
    tap_ok(sp_metalink_parse(version3, strlen(version3), 1, &m, &err) == 0,
           "version 3: %s", err.msg);
    if (!tap_is_u64(m.n_bases, 3, "mirrors of http and https"))
        return;
    tap_is_str(m.bases[0], "https://c.example/r/", "the best https first");
    tap_is_str(m.bases[1], "https://b.example/r/", "then the other");
    tap_is_str(m.bases[2], "http://a.example/r/", "http last");
    tap_is_u64(m.n_versions, 2, "versions");
    tap_is_u64(m.versions[0].timestamp, 1700000000, "time of the current one");
    tap_is_u64(m.versions[0].size, 4000, "its size");
    tap_is_u64(m.versions[0].digest.bytes[0], 0, "its digest");
    tap_is_u64(m.versions[1].timestamp, 1600000000, "time of the older one");
    tap_is_u64(m.versions[1].digest.bytes[0], 1, "its digest");
    tap_ok(sp_metalink_parse(version4, strlen(version4), 1, &m, &err) == 0,
           "version 4: %s", err.msg);
    tap_is_u64(m.n_bases, 2, "mirrors of the right file");
    tap_is_str(m.bases[0], "https://one.example/", "priority");
    tap_is_u64(m.n_versions, 1, "one version");
    tap_is_u64(m.versions[0].digest.bytes[0], 0, "of the right file");
    tap_ok(sp_metalink_parse(several, strlen(several), 1, &m, &err) == 0,
           "several hashes: %s", err.msg);
    tap_is_u64(m.versions[0].digest.algo, SP_DIGEST_SHA512, "the strongest");
    tap_is_u64(m.versions[0].digest.bytes[63], m.versions[0].digest.bytes[31],
               "all of it");
}

#define URL(attributes, host)                                                  \
    "<url " attributes ">https://" host ".example/repodata/repomd.xml</url>"
#define ALTERNATE "<alternate><hash type=\"sha-256\">" B "</hash></alternate>"
#define METALINK(more)                                                         \
    "<metalink><file><hash type=\"sha-256\">" B "</hash></file>"               \
    "<file name=\"repomd.xml\"><hash type=\"sha-256\">" A "</hash>" more       \
    "</file></metalink>"

static int
metalink(const char *xml, struct sp_metalink *ret)
{
    memset(&err, 0, sizeof(err));
    return sp_metalink_parse(xml, strlen(xml), 1, ret, &err);
}

static void
test_odd_metalink(void)
{
    static const char odd[] = METALINK(
        URL("preference=\"101\"", "worst") URL("priority=\"x\"", "as-bad")
            URL("priority=\"5\"", "good") URL("preference=\"99\"", "best")
                URL("priority=\"1\"", "good")
                    URL("", TEN(TEN("0123456789")) "0123456789"));
    static const char alternates[] = METALINK(
        URL("", "a") "<alternates><alternate><size>1</size></alternate>" TEN(
            ALTERNATE)
            ALTERNATE ALTERNATE ALTERNATE ALTERNATE ALTERNATE ALTERNATE
        "</alternates>");
    static struct sp_metalink m;

    if (tap_ok(metalink(odd, &m) == 0, "odd addresses: %s", err.msg) &&
        tap_is_u64(m.n_bases, 4, "each once, none that is too long")) {
        tap_is_str(m.bases[0], "https://best.example/", "preference");
        tap_is_str(m.bases[1], "https://good.example/", "the first one counts");
        tap_is_str(m.bases[2], "https://worst.example/", "no number is last");
        tap_is_str(m.bases[3], "https://as-bad.example/", "in either form");
    }
    tap_ok(metalink(alternates, &m) == 0, "alternates: %s", err.msg);
    tap_is_u64(m.n_versions, SP_METALINK_VERSIONS, "as many as there is room");
    tap_is_u64(m.versions[1].digest.bytes[0], 1, "none without a digest");
    refused(metalink(METALINK("<size>x</size>"), &m), "metadata", "no number",
            "size");
    refused(metalink(METALINK("<timestamp>-1</timestamp>"), &m), "metadata",
            "no number", "time");
    refused(metalink(METALINK("<hash type=\"sha-256\">0</hash>"), &m),
            "metadata", "no SHA-256", "hash");
    refused(metalink(METALINK(""), &m), "metadata", "names no mirror", "alone");
    refused(metalink("<metalink>", &m), "metadata", "metalink: not well-formed",
            "no XML");
}

static void
test_no_memory(void)
{
    static const char text[] = METALINK(URL("", "a"));
    static struct sp_metalink m;
    struct sp_mirrors mirrors = {0};
    struct sp_repomd md;

    memory_end_at(1);
    refused(metalink(text, &m), "no-memory", "metalink", "the metalink");
    memory_end_at(2);
    refused(metalink(text, &m), "no-memory", "metalink", "its reader");
    memory_end_at(1);
    refused(repomd(REPOMD("1", PRIMARY), &md), "no-memory", "repomd.xml",
            "repomd.xml");
    memory_end_at(1);
    refused(sp_mirrors_add(&mirrors, "http://h/", &err), "no-memory", "mirrors",
            "a mirror");
    memory_end_at(1);
    refused(sp_mirrorlist_parse("http://h/\n", 10, &mirrors, &err), "no-memory",
            "mirrors", "a list");
    tap_ok(sp_mirrors_add(&mirrors, "http://h/", &err) == 0, "now it is");
    memory_end_at(1);
    tap_ok(!sp_mirrors_url(&mirrors, 0, "x"), "no address");
    memory_end_at(0);
    sp_mirrors_release(&mirrors);
}

static void
test_bad_metalink(void)
{
    static const char none[] = "<metalink><files/></metalink>";
    static const char page[] = "<html></html>";
    static struct sp_metalink m;

    refused(sp_metalink_parse(none, strlen(none), 1, &m, &err), "metadata",
            "no digest", "empty");
    refused(sp_metalink_parse(weak, strlen(weak), 1, &m, &err), "metadata",
            "no digest", "SHA-1 alone");
    refused(sp_metalink_parse(page, strlen(page), 1, &m, &err), "metadata",
            "no metalink", "page");
    tap_ok(sp_metalink_parse(version3, strlen(version3), 1, &m, &err) == 0,
           "parsed");
    m.n_bases = SP_MIRRORS_MAX + 1;
    refused(sp_metalink_check(&m, &err), "metadata", "is wrong", "count");
    m.n_bases = 1;
    m.versions[0].digest.algo = SP_DIGEST_NONE;
    refused(sp_metalink_check(&m, &err), "metadata", "digest", "no digest");
    memset(&m.versions[0].digest.algo, 4, 1);
    refused(sp_metalink_check(&m, &err), "metadata", "digest", "algorithm");
    (void)snprintf(m.bases[0], sizeof(m.bases[0]), "https://h");
    refused(sp_metalink_check(&m, &err), "metadata", "address", "no slash");
    memset(m.bases[0], 'x', sizeof(m.bases[0]));
    refused(sp_metalink_check(&m, &err), "metadata", "is wrong", "no end");
    m.n_bases = 0;
    refused(sp_metalink_check(&m, &err), "metadata", "no mirror", "none");
    m.n_versions = SP_METALINK_VERSIONS + 1;
    refused(sp_metalink_check(&m, &err), "metadata", "is wrong", "versions");
    m.n_versions = 0;
    refused(sp_metalink_check(&m, &err), "metadata", "is wrong", "no version");
}

/* More mirrors than there are places: the best stay. */
static void
test_many_mirrors(void)
{
    static struct sp_metalink m;
    static char xml[64 * 1024];
    size_t used = (size_t)snprintf(
        xml, sizeof(xml),
        "<metalink><file name=\"repomd.xml\"><hash type=\"sha-256\">" A
        "</hash>");

    for (unsigned i = 1; i <= 201; i++)
        used += (size_t)snprintf(xml + used, sizeof(xml) - used,
                                 "<url priority=\"%u\">https://m%u.example/"
                                 "repodata/repomd.xml</url>",
                                 i <= 200 ? 201 - i : 500, i);
    (void)snprintf(xml + used, sizeof(xml) - used, "</file></metalink>");
    tap_ok(sp_metalink_parse(xml, strlen(xml), 1, &m, &err) == 0, "200: %s",
           err.msg);
    tap_is_u64(m.n_bases, SP_MIRRORS_MAX, "some of them");
    tap_is_str(m.bases[0], "https://m200.example/", "the best");
    tap_is_str(m.bases[SP_MIRRORS_MAX - 1], "https://m137.example/",
               "the last one");
}

/* ---- mirrors ----------------------------------------------------------- */

static void
test_mirrors(void)
{
    static const char text[] = "# list\nhttps://a.example/r\r\n\n"
                               "rsync://b.example/r/\nhttp://c.example/r/\n"
                               "https://a.example/r/\nhttps://d e/\n";
    char line[2000];
    struct sp_mirrors m = {0};

    tap_ok(sp_mirrorlist_parse(text, strlen(text), &m, &err) == 0, "a list");
    tap_is_u64(m.n, 2, "two of them");
    tap_is_str(m.list[0].base, "https://a.example/r/", "with a slash");
    tap_ok(m.list[0].is_https && !m.list[1].is_https, "https is known");
    tap_ok(sp_mirrors_choose(&m, 0) == 0, "the first is first");
    sp_mirrors_fault(&m, 0);
    tap_ok(sp_mirrors_choose(&m, 0) == 1, "a fault puts it behind");
    tap_ok(sp_mirrors_choose(&m, 2) == 0, "unless the other was tried");
    tap_ok(sp_mirrors_choose(&m, 3) == SP_MIRROR_NONE, "then there is none");
    sp_mirrors_fault(&m, 1);
    sp_mirrors_sent(&m, 0, 10000000, 20000);
    sp_mirrors_sent(&m, 1, 10000000, 1000);
    tap_ok(sp_mirrors_choose(&m, 0) == 1, "the fast before the slow");
    tap_ok(sp_mirrorlist_parse("https://a.example/r", 19, &m, &err) == 0,
           "one that is known, without a line end");
    tap_is_u64(m.n, 2, "it is there once");
    sp_mirrors_release(&m);
    refused(sp_mirrorlist_parse("<html>\n", 7, &m, &err), "metadata",
            "names no mirror", "a page");
    memset(line, 'x', sizeof(line));
    memcpy(line, "https://", 8);
    refused(sp_mirrorlist_parse(line, sizeof(line), &m, &err), "metadata",
            "names no mirror", "a line without end");
    for (unsigned i = 0; i < SP_MIRRORS_MAX + 1; i++) {
        (void)snprintf(line, sizeof(line), "http://h%u", i);
        tap_ok(sp_mirrors_add(&m, line, &err) == 0, "mirror %u", i);
    }
    tap_is_u64(m.n, SP_MIRRORS_MAX, "no more than there is room for");
    sp_mirrors_release(&m);
}

/* Large files show how fast the first three are. */
static void
test_spread(void)
{
    const uint64_t large = 16 * 1024 * 1024;
    struct sp_mirrors m = {0};

    tap_ok(sp_mirrors_spread(&m, 0, large) == SP_MIRROR_NONE, "no mirror");
    for (char c = 'a'; c < 'e'; c++) {
        char base[] = "http://h?/";

        base[8] = c;
        tap_ok(sp_mirrors_add(&m, base, &err) == 0, "%s", base);
    }
    tap_ok(sp_mirrors_spread(&m, 0, 1000) == 0, "a small file: the first");
    tap_ok(sp_mirrors_spread(&m, 1, large) == 1, "one that was not tried");
    tap_ok(sp_mirrors_spread(&m, 0, large) == 0, "the first");
    sp_mirrors_fault(&m, 2);
    tap_ok(sp_mirrors_spread(&m, 0, large) == 0, "none with a fault");
    tap_ok(sp_mirrors_spread(&m, 15, large) == SP_MIRROR_NONE, "none is left");
    tap_ok(!sp_mirrors_lags(&m, 0, 0, 1000, 4999), "patience");
    tap_ok(!sp_mirrors_lags(&m, 0, 0, 1000, 60000), "the others are not known");
    sp_mirrors_sent(&m, 1, 100000000, 5000);
    sp_mirrors_sent(&m, 0, 10000000, 50000);
    tap_ok(sp_mirrors_lags(&m, 0, 0, 1000, 60000), "another is faster");
    tap_ok(!sp_mirrors_lags(&m, 0, 2, 1000, 60000), "but was tried");
    tap_ok(!sp_mirrors_lags(&m, 1, 0, 100000000, 5000), "the fastest does not");
    sp_mirrors_fault(&m, 1);
    tap_ok(!sp_mirrors_lags(&m, 0, 0, 1000, 60000),
           "one that fails is no help");
    sp_mirrors_fault(&m, 0);
    tap_ok(sp_mirrors_choose(&m, 12) == 1, "the fast of two with a fault");
    sp_mirrors_sent(&m, 2, 10000000, 50000);
    tap_ok(sp_mirrors_choose(&m, 10) == 0, "of two slow ones the first");
    sp_mirrors_release(&m);
    tap_ok(sp_mirrors_add(&m, "http://h/", &err) == 0, "a single one");
    tap_ok(sp_mirrors_spread(&m, 0, large) == 0, "is asked");
    tap_ok(sp_mirrors_spread(&m, 0, large) == 0, "each time");
    sp_mirrors_release(&m);
}

static void
test_places(void)
{
    static const char *const bad[] = {
        "ftp://h/",       "http://",
        "https:///x/",    "http://u@h/",
        "http://h/?x/",   "http://h",
        "http://h/\x7f/", "http://h/\xc3\xa9/",
        "http://h/ /",    "https://h/a\\b/",
        "http://h#x/",    "hTTp:/h/",
    };
    static const char *const bad_locations[] = {
        "",      "a/",    ".",     "a/..", "..", "a//b",
        "a\x7f", "a:b/c", "a%2fb", "a#b",  "/a", "a\\b",
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        tap_ok(!sp_mirror_base_ok(bad[i]), "no repository: %zu", i);
    tap_ok(sp_mirror_base_ok("hTTps://h:8/a%20b/"), "a repository");
    for (size_t i = 0; i < sizeof(bad_locations) / sizeof(bad_locations[0]);
         i++)
        tap_ok(!sp_mirror_location_ok(bad_locations[i]), "no location: %zu", i);
    tap_ok(sp_mirror_location_ok("a/b:c%2") && sp_mirror_location_ok(".a") &&
               sp_mirror_location_ok("a%2g/...") &&
               sp_mirror_location_ok("a.."),
           "locations");
}

/* ---- armor ------------------------------------------------------------- */

#define BLOCK(text)                                                            \
    "-----BEGIN PGP SIGNATURE-----\n\n" text "\n-----END PGP SIGNATURE-----\n"

static void
test_armor(void)
{
    /* "hello", CRC-24 0x47f58a */
    static const char good[] = "text\n-----BEGIN PGP SIGNATURE-----\r\n"
                               "Version: x\n\naGVs\nbG8=\n=R/WK\n"
                               "-----END PGP SIGNATURE-----\n";
    static const char *const bad[] = {
        "",
        "hello",
        "-----BEGIN PGP SIGNATURE-----\n\naGVsbG8=\n",
        "-----BEGIN PGP SIGNATURE-----\n\naGVs!G8=\n"
        "-----END PGP SIGNATURE-----\n",
        "-----BEGIN PGP SIGNATURE-----\n\naGVsbG8=\n=AAAA\n"
        "-----END PGP SIGNATURE-----\n",
        "-----BEGIN PGP SIGNATURE-----\nx\n\naGVsbG8=\n"
        "-----END PGP SIGNATURE-----\n",
        "-----BEGIN PGP SIGNATURE-----\na: b\n",
        "-----BEGIN PGP PUBLIC KEY----\n\naGVsbG8=\n",
        BLOCK("aGVs=G8=\n"),
        BLOCK("aGVsbG8=\n=AAA\n"),
        BLOCK("aGVsbG8=\n=AA=A\n"),
        BLOCK("aGVsbG8=\n=AA==\n"),
        BLOCK("aGVsbG8=\n=A!AA\n"),
        BLOCK("aGVsbG8=\n=R/WK\n=R/WK\n"),
        BLOCK(""),
        BLOCK("\n"),
    };
    static const char spaced[] = BLOCK("aGVs\n\nbG8=\n=R/WK");
    static const char bare[] = BLOCK("aGVsbG8=");
    static const char nothing[] = BLOCK("=twTO");
    static const char with_nul[] = BLOCK("aGVs\0G8=\n");
    uint8_t out[8];
    size_t len = 0;

    tap_ok(sp_armor_decode(good, strlen(good), out, sizeof(out), &len, &err) ==
               0,
           "armor: %s", err.msg);
    tap_ok(len == 5 && memcmp(out, "hello", 5) == 0, "its bytes");
    refused(sp_armor_decode(good, strlen(good), out, 4, &len, &err),
            "sig-packet", "too large", "room");
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        refused(sp_armor_decode(bad[i], strlen(bad[i]), out, sizeof(out), &len,
                                &err),
                "sig-packet", "the armor", "bad armor");
    tap_ok(sp_armor_decode(spaced, strlen(spaced), out, sizeof(out), &len,
                           &err) == 0 &&
               len == 5,
           "a blank line between");
    tap_ok(sp_armor_decode(bare, strlen(bare), out, sizeof(out), &len, &err) ==
                   0 &&
               len == 5,
           "no checksum");
    tap_ok(sp_armor_decode(nothing, strlen(nothing), out, sizeof(out), &len,
                           &err) == 0 &&
               len == 0,
           "nothing, with its checksum");
    refused(sp_armor_decode(with_nul, sizeof(with_nul) - 1, out, sizeof(out),
                            &len, &err),
            "sig-packet", "not base64", "a NUL");
    refused(sp_armor_decode("\x89\x01", 2, out, 1, &len, &err), "sig-packet",
            "too large", "a packet without armor");
    tap_ok(sp_armor_decode("\x89\x01", 2, out, sizeof(out), &len, &err) == 0 &&
               len == 2,
           "a packet without armor");
}

static void
test_ceiling(void)
{
    tap_is_u64(sp_unfold_ceiling(1000, 5000), 5000, "what was told");
    tap_is_u64(sp_unfold_ceiling(1000, 0), SP_UNFOLD_HEAD_START + 200000,
               "the ratio");
    tap_is_u64(sp_unfold_ceiling(1000, SP_GIB), SP_UNFOLD_HEAD_START + 200000,
               "whatever was told");
    tap_is_u64(sp_unfold_ceiling(1, SP_UNFOLD_HEAD_START / 2),
               SP_UNFOLD_HEAD_START / 2, "below where the ratio begins");
    tap_is_u64(sp_unfold_ceiling(SP_GIB, 2 * SP_GIB), SP_UNFOLD_MAX_BYTES,
               "never more");
}

/* ---- the driver -------------------------------------------------------- */

struct driver {
    struct sp_metadata_policy policy;
    struct sp_metadata_seen seen;
    const char *keys[1];
    const char *path; /* of the file lists */
};

static int
take_options(int argc, char **argv, struct driver *d)
{
    static char key[64 * 1024];
    int fd;

    for (int i = 3; i < argc; i++) {
        char option = argv[i][0] == '-' ? argv[i][1] : '?';

        if (option == 'x') {
            d->policy.allow_http = true;
        } else if (option == 't') {
            d->policy.fetch.tries = (unsigned)strtoul(argv[++i], NULL, 10);
        } else if (option == 'c') {
            d->policy.fetch.cacert = argv[++i];
        } else if (option == 'f') {
            d->path = argv[++i];
        } else if (option == 's') {
            d->seen.repo = argv[++i];
            d->seen.revision = strtoul(argv[++i], NULL, 10);
            d->policy.seen = &d->seen;
            d->policy.n_seen = 1;
        } else if (option == 'k') {
            fd = open(argv[++i], O_RDONLY | O_CLOEXEC);
            if (fd < 0 || sp_read_full(fd, key, sizeof(key) - 1) < 0)
                return -1;
            (void)close(fd);
            d->keys[0] = key;
            d->policy.keys = d->keys;
            d->policy.n_keys = 1;
        } else {
            return -1;
        }
    }
    return 0;
}

static void
show_file(const char *what, const struct sp_metadata_file *file)
{
    if (file->present)
        printf("%s %s %" PRIu64 "\n", what, file->name, file->size);
}

static void
show(const struct sp_metadata *m)
{
    printf("repo %s %s\n", m->repo->id, m->available ? "available" : "missing");
    if (!m->available) {
        printf("problem %s %s\n", m->problem.detail, m->problem.msg);
        return;
    }
    printf("revision %s\nnewest %" PRIu64 "\nmirror %s\nfresh %d\n",
           m->revision, m->newest, m->mirror, m->is_fresh_claim);
    show_file("repomd", &m->repomd);
    show_file("signature", &m->signature);
    show_file("primary", &m->primary);
    show_file("group", &m->group);
    show_file("updateinfo", &m->updateinfo);
}

static int
fetch_all(const struct sp_repos *repos, const struct sp_cache *cache,
          struct driver *d)
{
    static const struct sp_repo *wanted[SP_REPO_MAX_REPOS];
    static struct sp_metadata metadata[SP_REPO_MAX_REPOS];
    struct sp_metadata_file lists = {0};
    int status;

    for (size_t i = 0; i < repos->n; i++)
        wanted[i] = &repos->repos[i];
    d->policy.fetch.session = sp_session_open(&err);
    status = sp_metadata_fetch(cache, &d->policy, wanted, repos->n, NULL,
                               metadata, &err);
    for (size_t i = 0; status == 0 && i < repos->n; i++)
        show(&metadata[i]);
    if (status == 0 && d->path) {
        const char *const paths[] = {d->path};

        status = sp_metadata_filelists(cache, &d->policy, &metadata[0], paths,
                                       1, NULL, &lists, &err);
        show_file("filelists", &lists);
    }
    sp_metadata_release(metadata, repos->n);
    sp_session_close(d->policy.fetch.session);
    return status;
}

static int
drive(int argc, char **argv)
{
    static const struct sp_repo_var vars[] = {{"releasever", "9"},
                                              {"basearch", "x86_64"}};
    struct sp_cache cache = {.dirfd = -1, .lock_fd = -1};
    struct sp_repos repos = {0};
    SP_AUTO_FREE char *text = NULL;
    struct driver d = {0};
    size_t len = 0;
    int status = -1;

    if (argc < 3 || take_options(argc, argv, &d) < 0)
        return 2;
    if (sp_read_file(AT_FDCWD, argv[2], SP_REPO_MAX_BYTES, &text, &len, &err) ==
            0 &&
        sp_repofile_parse(&repos, text, len, argv[2], vars, 2, &err) == 0 &&
        sp_cache_open(&cache, argv[1], &err) == 0)
        status = fetch_all(&repos, &cache, &d);
    if (status < 0)
        (void)fprintf(stderr, "%s: %s\n", err.detail, err.msg);
    sp_cache_close(&cache);
    sp_repos_release(&repos);
    return (int)err.code;
}

int
main(int argc, char **argv)
{
    if (argc > 1)
        return drive(argc, argv);
    test_repomd();
    test_bad_repomd();
    test_odd_repomd();
    test_deep();
    test_lies();
    test_metalink();
    test_bad_metalink();
    test_odd_metalink();
    test_no_memory();
    test_many_mirrors();
    test_mirrors();
    test_spread();
    test_places();
    test_armor();
    test_ceiling();
    return tap_done();
}
