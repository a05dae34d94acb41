/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The writer of MANIFEST: the builder's half of manifest.h. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/sha256.h"
#include "base/text.h"
#include "bundle/manifest.h"
#include "bundle/rpm.h"
#include "bundle/tar.h"

static void
print_evidence(FILE *out, const struct sp_member *m, uint64_t number)
{
    char name[SP_MEMBER_NAME_MAX], hex[SP_SHA256_HEX];

    sp_member_evidence(name, number);
    sp_text_hex(hex, m->sha256, sizeof(m->sha256));
    (void)fprintf(out, "evidence %s %" PRIu64 " %s %s %s\n", name, m->size, hex,
                  sp_evidence_word(m->evidence), m->label);
}

static void
print_package(FILE *out, const struct sp_member *m, uint64_t number)
{
    char name[SP_MEMBER_NAME_MAX], hex[SP_SHA256_HEX];
    char evr[SP_NEVRA_SHOWN_MAX];

    sp_member_package(name, number);
    sp_text_hex(hex, m->sha256, sizeof(m->sha256));
    sp_nevra_evr(&m->nevra, evr, sizeof(evr));
    (void)fprintf(out, "package %s %" PRIu64 " %" PRIu64 " %s %s %s %s %s\n",
                  name, m->size, m->head_size, hex, m->nevra.name, evr,
                  m->nevra.arch, sp_why_word(m->why));
}

static void
print_body(FILE *out, const char *const *requests, size_t n_requests,
           const struct sp_member *members, size_t n_members)
{
    uint64_t evidence = 0, packages = 0, bytes = 0;

    (void)fputs("bundle 1\n", out);
    for (size_t i = 0; i < n_requests; i++)
        (void)fprintf(out, "request %s\n", requests[i]);
    for (size_t i = 0; i < n_members; i++) {
        if (members[i].kind == SP_MEMBER_EVIDENCE)
            print_evidence(out, &members[i], ++evidence);
        else
            print_package(out, &members[i], ++packages);
        bytes += members[i].size;
    }
    (void)fprintf(out, "total %zu %" PRIu64 "\n", n_members, bytes);
}

int
sp_manifest_print(const char *const *requests, size_t n_requests,
                  const struct sp_member *members, size_t n_members,
                  char **ret_text, size_t *ret_size, struct sp_error *err)
{
    char hex[SP_SHA256_HEX];
    uint8_t digest[SP_SHA256_BYTES];
    struct sp_manifest parsed;
    SP_AUTO_FREE char *text = NULL;
    size_t size = 0;
    SP_AUTO_FILE *out = open_memstream(&text, &size);
    bool failed;

    if (!out)
        return sp_fail(err, "no-memory", "no memory for MANIFEST");
    print_body(out, requests, n_requests, members, n_members);
    failed = fflush(out) != 0;
    if (!failed) {
        sp_sha256(text, size, digest);
        sp_text_hex(hex, digest, sizeof(digest));
        (void)fprintf(out, "end %s\n", hex);
    }
    failed = ferror(out) != 0 || failed;
    failed = fclose(out) != 0 || failed;
    out = NULL;
    if (failed || !text) /* which fclose does not tell */
        return sp_fail(err, "no-memory", "no memory for MANIFEST");
    if (sp_manifest_parse(text, size, &parsed, err) < 0)
        return -1;
    *ret_text = text;
    *ret_size = size;
    text = NULL;
    return 0;
}
