/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * MANIFEST (bundle/manifest.h). The digest of the last line is put right
 * first, where there is a place for it: otherwise nothing would be reached
 * behind it. What is accepted, printed again, gives the same bytes.
 */
#include <stdlib.h>

#include "base/auto.h"
#include "base/sha256.h"
#include "base/text.h"
#include "bundle/manifest.h"
#include "bundle/rpm.h"
#include "tests/fuzz/fuzz.h"

enum { END_LINE = 4 + 64 + 1, MEMBERS_MAX = 256, REQUESTS_MAX = 64 };

static struct sp_member members[MEMBERS_MAX];
static char ids[REQUESTS_MAX][33];
static const char *requests[REQUESTS_MAX];

/* "end " and what stands behind it are the last 69 bytes. */
static void
seal(char *text, size_t size)
{
    uint8_t digest[SP_SHA256_BYTES];
    char hex[SP_SHA256_HEX];
    char *end = text + size - END_LINE;

    if (size < END_LINE || memcmp(end, "end ", 4) != 0)
        return;
    sp_sha256(text, size - END_LINE, digest);
    sp_text_hex(hex, digest, sizeof(digest));
    memcpy(end + 4, hex, 64);
}

static void
check_member(const struct sp_manifest *manifest, const struct sp_member *m,
             const struct sp_member *before)
{
    FUZZ_CHECK(m->size <= manifest->max_member);
    if (before)
        FUZZ_CHECK(sp_member_compare(before, m) < 0);
    if (m->kind == SP_MEMBER_EVIDENCE)
        return;
    FUZZ_CHECK(m->head_size <= m->size);
    FUZZ_CHECK(sp_nevra_name_ok(m->nevra.name, strlen(m->nevra.name)));
    FUZZ_CHECK(sp_nevra_version_ok(m->nevra.version, strlen(m->nevra.version)));
    FUZZ_CHECK(sp_nevra_version_ok(m->nevra.release, strlen(m->nevra.release)));
    FUZZ_CHECK(sp_nevra_arch_ok(m->nevra.arch, strlen(m->nevra.arch)));
}

static void
print_again(struct sp_manifest *manifest, const char *given, size_t given_size)
{
    SP_AUTO_FREE char *text = NULL;
    struct sp_error err = {0};
    size_t n = 0, size = 0;
    uint64_t bytes = 0;

    if (manifest->requests > REQUESTS_MAX ||
        manifest->evidence + manifest->packages > MEMBERS_MAX)
        return;
    for (size_t i = 0; i < manifest->requests; i++) {
        sp_manifest_request(manifest, i, ids[i]);
        requests[i] = ids[i];
    }
    while (sp_manifest_next(manifest, &members[n])) {
        check_member(manifest, &members[n], n > 0 ? &members[n - 1] : NULL);
        bytes += members[n++].size;
        FUZZ_CHECK(n < MEMBERS_MAX ||
                   n == manifest->evidence + manifest->packages);
        if (n == MEMBERS_MAX)
            break;
    }
    FUZZ_CHECK(n == manifest->evidence + manifest->packages);
    FUZZ_CHECK(bytes == manifest->bytes);
    FUZZ_CHECK(sp_manifest_print(requests, (size_t)manifest->requests, members,
                                 n, &text, &size, &err) == 0);
    FUZZ_CHECK(size == given_size && memcmp(text, given, size) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sp_manifest manifest = {0};
    struct sp_error err = {0};
    char *text = malloc(size ? size : 1);

    if (!text)
        abort();
    memcpy(text, data, size);
    seal(text, size);
    if (sp_manifest_parse(text, size, &manifest, &err) < 0)
        fuzz_refused(&err);
    else
        print_again(&manifest, text, size);
    free(text);
    return 0;
}
