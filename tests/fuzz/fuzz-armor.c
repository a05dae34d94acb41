/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ASCII armor of a signature (build/armor.h), and a list of packages
 * (build/list.h): the same bytes, since both are short. */
#include "build/armor.h"
#include "build/list.h"
#include "tests/fuzz/fuzz.h"

enum { ROOM = 8192 };

static void
read_armor(const char *text, size_t size)
{
    static uint8_t packet[ROOM], again[ROOM];
    struct sp_error err = {0};
    size_t len = 0, len_again = 0;

    if (sp_armor_decode(text, size, packet, sizeof(packet), &len, &err) < 0) {
        fuzz_refused(&err);
        return;
    }
    FUZZ_CHECK(len > 0 && len <= sizeof(packet));
    if (!(packet[0] & 0x80))
        return;
    /* What begins with a packet is copied. */
    FUZZ_CHECK(sp_armor_decode((const char *)packet, len, again, sizeof(again),
                               &len_again, &err) == 0);
    FUZZ_CHECK(len == len_again && memcmp(packet, again, len) == 0);
}

static void
read_list(const char *text, size_t size)
{
    struct sp_list list = {NULL, 0};
    struct sp_error err = {0};

    if (sp_list_parse(&list, text, size, "list", &err) < 0 ||
        sp_list_check_unique(&list, &err) < 0)
        fuzz_refused(&err);
    for (size_t i = 0; i < list.n; i++) {
        const struct sp_list_entry *e = &list.entries[i];

        FUZZ_CHECK(e->location && e->location[0] && e->line > 0);
        FUZZ_CHECK(!e->is_url || strncasecmp(e->location, "http", 4) == 0);
        FUZZ_CHECK(e->is_url || !e->is_https);
    }
    sp_list_release(&list);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    read_armor((const char *)data, size);
    read_list((const char *)data, size);
    return 0;
}
