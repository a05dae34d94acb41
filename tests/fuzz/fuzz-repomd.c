/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * repomd.xml (build/repomd.h). The reader lives in a jail and the parent
 * checks what comes out of it: what an honest reader accepts must pass.
 */
#include "build/mirror.h"
#include "build/repomd.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct sp_repomd repomd;
    struct sp_error err = {0};

    memset(&repomd, 0, sizeof(repomd));
    if (sp_repomd_parse((const char *)data, size, 1, &repomd, &err) < 0) {
        fuzz_refused(&err);
        return 0;
    }
    FUZZ_CHECK(sp_repomd_check(&repomd, &err) == 0);
    for (size_t i = 0; i < SP_REPOMD_KINDS; i++) {
        const struct sp_metadata_source *s = &repomd.sources[i];

        FUZZ_CHECK(!s->present || sp_mirror_location_ok(s->location));
        FUZZ_CHECK(!s->present || sp_digest_is_set(&s->digest));
        FUZZ_CHECK(!s->present || s->timestamp <= repomd.newest);
    }
    return 0;
}
