/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where mirrors are: a metalink (build/metalink.h), and the same bytes as a
 * mirror list (build/mirror.h). Every address is one that may be asked.
 */
#include <strings.h>

#include "build/metalink.h"
#include "tests/fuzz/fuzz.h"

static void
check_base(const char *base)
{
    size_t len = strlen(base);
    const char *host = strstr(base, "://");

    FUZZ_CHECK(sp_mirror_base_ok(base));
    FUZZ_CHECK(host && !memchr(host + 3, '@', strcspn(host + 3, "/")));
    FUZZ_CHECK(strncasecmp(base, "http://", 7) == 0 ||
               strncasecmp(base, "https://", 8) == 0);
    FUZZ_CHECK(base[len - 1] == '/' && !strpbrk(base, "?# "));
}

static void
read_list(const uint8_t *data, size_t size)
{
    struct sp_mirrors mirrors = {.n = 0};
    struct sp_error err = {0};

    if (sp_mirrorlist_parse((const char *)data, size, &mirrors, &err) < 0)
        fuzz_refused(&err);
    else
        FUZZ_CHECK(mirrors.n > 0 && mirrors.n <= SP_MIRRORS_MAX);
    for (size_t i = 0; i < mirrors.n; i++)
        check_base(mirrors.list[i].base);
    sp_mirrors_release(&mirrors);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct sp_metalink metalink;
    struct sp_error err = {0};

    if (size == 0 || data[0] != '<') {
        read_list(data, size);
        return 0;
    }
    memset(&metalink, 0, sizeof(metalink));
    if (sp_metalink_parse((const char *)data, size, 1, &metalink, &err) < 0) {
        fuzz_refused(&err);
        return 0;
    }
    FUZZ_CHECK(sp_metalink_check(&metalink, &err) == 0);
    for (size_t i = 0; i < metalink.n_bases; i++)
        check_base(metalink.bases[i]);
    return 0;
}
