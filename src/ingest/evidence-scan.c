/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ingest/evidence-scan.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "base/io.h"
#include "base/text.h"
#include "bundle/rpm.h"
#include "ingest/digest.h"
#include "ingest/jails.h"
#include "ingest/worker.h"

/* The lines that matter are short; of the others the start is enough. */
enum { LINE_KEPT = 1024 };

/* One file of the stream, by lines, hashed as it is read. */
static struct reader {
    const char *name; /* for messages */
    uint64_t left;    /* bytes not yet read from the descriptor */
    size_t at, have;  /* of buf */
    uint64_t number;  /* of the line */
    char buf[64 * 1024];
    char line[LINE_KEPT + 1];
    size_t len; /* LINE_KEPT + 1: there is more than was kept */
} in;

_Noreturn static void
refuse(const char *what)
{
    struct sp_error err = {0};

    (void)sp_fail(&err, "metadata", "line %llu of %s: %s",
                  (unsigned long long)in.number, in.name, what);
    sp_worker_fault(&err);
}

static void
open_file(const char *name, uint64_t size)
{
    memset(&in, 0, sizeof(in));
    in.name = name;
    in.left = size;
    sp_digest_begin(SP_HASH_SHA256);
}

/* False at the end of the file. */
static bool
refill(void)
{
    size_t size = in.left < sizeof(in.buf) ? (size_t)in.left : sizeof(in.buf);
    ssize_t n = size ? sp_read_some(SP_FD_IN, in.buf, size) : 0;
    struct sp_error err = {0};

    if (n < 0 || (n == 0 && in.left > 0)) {
        (void)sp_fail_sys(&err, n < 0 ? errno : 0, "io", "cannot read %s",
                          in.name);
        sp_worker_fault(&err);
    }
    in.left -= (uint64_t)n;
    in.at = 0;
    in.have = (size_t)n;
    sp_digest_add(SP_HASH_SHA256, in.buf, in.have);
    return n > 0;
}

/* The next line into in.line, without its LF, which the last one need not
 * have. False behind the last one. */
static bool
next_line(void)
{
    bool any = false;

    in.len = 0;
    in.number++;
    while (in.at < in.have || refill()) {
        char c = in.buf[in.at++];

        any = true;
        if (c == '\n')
            break;
        if (c == '\0')
            refuse("it holds a NUL");
        if (in.len < LINE_KEPT)
            in.line[in.len] = c;
        if (in.len <= LINE_KEPT)
            in.len++;
    }
    in.line[in.len < LINE_KEPT ? in.len : LINE_KEPT] = '\0';
    return any;
}

static void
need_line(void)
{
    if (!next_line())
        refuse("the file ends early");
}

static bool
is(const char *text)
{
    return in.len <= LINE_KEPT && strcmp(in.line, text) == 0;
}

static bool
starts(const char *text)
{
    return strncmp(in.line, text, strlen(text)) == 0;
}

/* Takes `text` at *at. */
static bool
take(const char **at, const char *text)
{
    size_t len = strlen(text);

    if (in.len > LINE_KEPT || strncmp(*at, text, len) != 0)
        return false;
    *at += len;
    return true;
}

/* Takes text up to the next markup into dst; who calls looks at both. */
static bool
take_text(const char **at, char *dst, size_t size)
{
    size_t len = strcspn(*at, "<>\"&");

    if (len >= size)
        return false;
    memcpy(dst, *at, len);
    dst[len] = '\0';
    *at += len;
    return true;
}

/* The line is OPEN value CLOSE and nothing else. */
static bool
value_of(const char *open, const char *close, char *dst, size_t size)
{
    const char *at = in.line;

    return take(&at, open) && take_text(&at, dst, size) && take(&at, close) &&
           *at == '\0';
}

/* ---- repomd.xml ---------------------------------------------------------- */

static const char xml_line[] = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>";

/* A data block: lines of four spaces, up to its end. */
static void
read_block(const char *end, bool primary, uint8_t ret_open[32])
{
    char hex[65];
    bool known = false;

    for (need_line(); !is(end); need_line()) {
        if (!starts("    "))
            refuse("a block does not end");
        if (!primary || !value_of("    <open-checksum type=\"sha256\">",
                                  "</open-checksum>", hex, sizeof(hex)))
            continue;
        if (known || !sp_text_unhex(ret_open, 32, hex))
            refuse("the digest of primary is not clear");
        known = true;
    }
    if (primary && !known)
        refuse("primary has no SHA-256 of its uncompressed form");
}

static void
read_repomd(struct sp_report_revision *ret, uint8_t ret_primary[32])
{
    uint8_t unused[32];
    char revision[24];
    bool known = false;

    need_line();
    if (!is(xml_line))
        refuse("it is not written as createrepo_c writes it");
    need_line();
    if (!starts("<repomd xmlns=\"http://linux.duke.edu/metadata/repo\""))
        refuse("this is no repomd.xml");
    need_line();
    if (!value_of("  <revision>", "</revision>", revision, sizeof(revision)) ||
        !sp_text_u64(revision, INT64_MAX, &ret->revision))
        refuse("the revision is no number");
    for (need_line(); !is("</repomd>"); need_line()) {
        bool primary = is("  <data type=\"primary\">");

        if (primary && known)
            refuse("there is a second primary");
        known = known || primary;
        if (primary)
            read_block("  </data>", true, ret_primary);
        else if (is("  <tags>"))
            read_block("  </tags>", false, unused);
        else if (starts("  <data type=\""))
            read_block("  </data>", false, unused);
        else
            refuse("an element that is not known");
    }
    if (next_line() || !known)
        refuse(known ? "something follows" : "there is no primary");
    memcpy(ret->repomd_sha256, sp_digest_end(SP_HASH_SHA256), 32);
}

/* ---- primary.xml --------------------------------------------------------- */

static bool
read_version(struct sp_nevra *n)
{
    const char *at = in.line;
    char epoch[16];
    uint64_t number;

    if (!take(&at, "  <version epoch=\"") ||
        !take_text(&at, epoch, sizeof(epoch)) || !take(&at, "\" ver=\"") ||
        !take_text(&at, n->version, sizeof(n->version)) ||
        !take(&at, "\" rel=\"") ||
        !take_text(&at, n->release, sizeof(n->release)) || !take(&at, "\"/>") ||
        *at != '\0' || !sp_text_u64(epoch, UINT32_MAX, &number))
        return false;
    n->epoch = (uint32_t)number;
    return sp_nevra_version_ok(n->version, strlen(n->version)) &&
           sp_nevra_version_ok(n->release, strlen(n->release));
}

/* What follows is prose and dependencies; text has no "<" of its own. */
static void
skip_rest(void)
{
    static const char *const only_once[] = {
        "<package", "</metadata",  "  <name>",
        "  <arch>", "  <version ", "  <checksum ",
    };

    for (need_line(); !is("</package>"); need_line()) {
        if (strstr(in.line, "<!"))
            refuse("comments and declarations are not known");
        for (size_t i = 0; i < sizeof(only_once) / sizeof(*only_once); i++)
            if (starts(only_once[i]))
                refuse("a package does not end");
    }
}

static void
read_package(void)
{
    struct sp_report report;
    struct sp_nevra *n = &report.body.listed.nevra;
    char hex[65];

    sp_report_init(&report, SP_WORKER_EVIDENCE, SP_REPORT_LISTED);
    need_line();
    if (!value_of("  <name>", "</name>", n->name, sizeof(n->name)) ||
        !sp_nevra_name_ok(n->name, strlen(n->name)))
        refuse("this is no name of a package");
    need_line();
    if (!value_of("  <arch>", "</arch>", n->arch, sizeof(n->arch)) ||
        !sp_nevra_arch_ok(n->arch, strlen(n->arch)))
        refuse("this is no architecture");
    need_line();
    if (!read_version(n))
        refuse("this is no version");
    need_line();
    if (!value_of("  <checksum type=\"sha256\" pkgid=\"YES\">", "</checksum>",
                  hex, sizeof(hex)) ||
        !sp_text_unhex(report.body.listed.sha256, 32, hex))
        refuse("this is no SHA-256 of a package");
    skip_rest();
    sp_worker_send(&report);
}

static uint64_t
read_packages(void)
{
    const char *at = in.line;
    char count[16];
    uint64_t announced, found = 0;

    need_line();
    if (!is(xml_line))
        refuse("it is not written as createrepo_c writes it");
    need_line();
    if (!take(&at, "<metadata "
                   "xmlns=\"http://linux.duke.edu/metadata/common\" "
                   "xmlns:rpm=\"http://linux.duke.edu/metadata/rpm\" "
                   "packages=\"") ||
        !take_text(&at, count, sizeof(count)) || !take(&at, "\">") ||
        *at != '\0' || !sp_text_u64(count, UINT32_MAX, &announced))
        refuse("this is no primary.xml");
    for (need_line(); is("<package type=\"rpm\">"); need_line()) {
        read_package();
        found++;
    }
    if (!is("</metadata>") || next_line())
        refuse("it does not end as it should");
    if (found != announced)
        refuse("it lists another number of packages than it says");
    return found;
}

/* ---- the process --------------------------------------------------------- */

/* What stands between the two files is of no interest here. */
static void
skip(uint64_t size)
{
    open_file("the signature", size);
    while (refill())
        continue;
}

_Noreturn void
sp_evidence_scan(int argc, char **argv)
{
    uint64_t repomd, between, size;
    uint8_t primary[32];
    struct sp_report report;
    struct sp_error err = {0};
    struct sp_jail jail;

    (void)signal(SIGPIPE, SIG_IGN);
    sp_worker_init(SP_WORKER_EVIDENCE);
    repomd = sp_worker_number(argc, argv, "repomd", SP_MAX_REPOMD_BYTES, 0);
    between = sp_worker_number(argc, argv, "skip", SP_SIG_MAX_BYTES, 0);
    size = sp_worker_number(argc, argv, "primary", SP_MAX_EVIDENCE_BYTES, 0);
    if (sp_digest_init(&err) < 0)
        sp_worker_fault(&err);
    sp_jails_unpack(&jail);
    sp_worker_begin(SP_WORKER_EVIDENCE, &jail);
    sp_report_init(&report, SP_WORKER_EVIDENCE, SP_REPORT_REVISION);
    open_file("repomd.xml", repomd);
    read_repomd(&report.body.revision, primary);
    skip(between);
    open_file("primary.xml", size);
    report.body.revision.packages = read_packages();
    if (memcmp(sp_digest_end(SP_HASH_SHA256), primary, sizeof(primary)) != 0)
        refuse("this is not the primary.xml of that repomd.xml");
    sp_worker_send(&report);
    sp_worker_done(report.body.revision.packages);
}
