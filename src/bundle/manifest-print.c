/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The writer of MANIFEST: the builder's half of manifest.h. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/lines.h"
#include "base/sha256.h"
#include "base/text.h"
#include "bundle/manifest.h"
#include "bundle/rpm.h"
#include "bundle/seal.h"
#include "bundle/tar.h"

static void
print_evidence(struct sp_text *out, const struct sp_member *m, uint64_t number)
{
    char name[SP_MEMBER_NAME_MAX], hex[SP_SHA256_HEX];

    sp_member_evidence(name, number);
    sp_text_hex(hex, m->sha256, sizeof(m->sha256));
    sp_text_add(out, "evidence %s %" PRIu64 " %s %s %s\n", name, m->size, hex,
                sp_evidence_word(m->evidence), m->label);
}

static void
print_package(struct sp_text *out, const struct sp_member *m, uint64_t number)
{
    char name[SP_MEMBER_NAME_MAX], hex[SP_SHA256_HEX];
    char evr[SP_NEVRA_SHOWN_MAX];

    sp_member_package(name, number);
    sp_text_hex(hex, m->sha256, sizeof(m->sha256));
    sp_nevra_evr(&m->nevra, evr, sizeof(evr));
    sp_text_add(out, "package %s %" PRIu64 " %" PRIu64 " %s %s %s %s %s\n",
                name, m->size, m->head_size, hex, m->nevra.name, evr,
                m->nevra.arch, sp_why_word(m->why));
}

static void
print_body(struct sp_text *out, const char *const *requests, size_t n_requests,
           const struct sp_member *members, size_t n_members)
{
    uint64_t evidence = 0, packages = 0, bytes = 0;

    sp_text_add(out, "bundle 1\n");
    for (size_t i = 0; i < n_requests; i++)
        sp_text_add(out, "request %s\n", requests[i]);
    for (size_t i = 0; i < n_members; i++) {
        if (members[i].kind == SP_MEMBER_EVIDENCE)
            print_evidence(out, &members[i], ++evidence);
        else
            print_package(out, &members[i], ++packages);
        bytes += members[i].size;
    }
    sp_text_add(out, "total %zu %" PRIu64 "\n", n_members, bytes);
}

int
sp_manifest_print(const char *const *requests, size_t n_requests,
                  const struct sp_member *members, size_t n_members,
                  char **ret_text, size_t *ret_size, struct sp_error *err)
{
    struct sp_manifest parsed;
    struct sp_text text = {0};
    int status = 0;

    print_body(&text, requests, n_requests, members, n_members);
    sp_seal(&text);
    if (text.failed)
        status = sp_fail(err, "no-memory", "no memory for MANIFEST");
    if (status == 0)
        status = sp_manifest_parse(text.bytes, text.size, &parsed, err);
    if (status < 0) {
        sp_text_release(&text);
        return -1;
    }
    *ret_text = text.bytes;
    *ret_size = text.size;
    return 0;
}
