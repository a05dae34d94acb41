/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of keys (ingest/keytable.h): what is accepted, printed again,
 * gives the same bytes, and no key is usable that is revoked or expired.
 */
#include <stdlib.h>

#include "base/auto.h"
#include "ingest/keytable.h"
#include "tests/fuzz/fuzz.h"

enum { NOW = 1700000000 };

static void
check_key(const struct sp_keytable *table, const struct sp_key *key)
{
    struct sp_error err = {0};

    FUZZ_CHECK(sp_keytable_by_fpr(table, key->fpr) != NULL);
    if (sp_key_usable(table, key, NOW, &err) < 0) {
        fuzz_refused(&err);
        return;
    }
    FUZZ_CHECK(key->can_sign && !key->revoked && !key->expired);
    FUZZ_CHECK(key->expires == 0 || key->expires > NOW);
    FUZZ_CHECK(key->bits >= (key->algo == 1 ? 2048U : 255U));
    FUZZ_CHECK(sp_keytable_by_fpr(table, key->primary_fpr) != NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    SP_AUTO_FREE char *text = fuzz_text(data, size);
    struct sp_keytable table = {NULL, 0};
    struct sp_error err = {0};
    char line[SP_KEYTABLE_LINE_MAX];
    size_t at = 0;

    if (sp_keytable_parse(text, size, &table, &err) < 0) {
        fuzz_refused(&err);
        return 0;
    }
    for (size_t i = 0; i < table.n_keys; i++) {
        FUZZ_CHECK(sp_keytable_line(&table.keys[i], line, sizeof(line)));
        FUZZ_CHECK(strlen(line) <= size - at &&
                   memcmp(text + at, line, strlen(line)) == 0);
        at += strlen(line);
        check_key(&table, &table.keys[i]);
    }
    FUZZ_CHECK(at == size);
    if (sp_keytable_unique(&table, &err) < 0)
        fuzz_refused(&err);
    sp_keytable_release(&table);
    return 0;
}
