/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of a key home: its grammar, look-ups, and who may sign when. */
#include <stdlib.h>
#include <string.h>

#include "ingest/keytable.h"
#include "tap.h"

#define A "AAAAAAAAAAAAAAAAAAAAAAAA0102030405060708"
#define B "BBBBBBBBBBBBBBBBBBBBBBBB1112131415161718"
#define C "CCCCCCCCCCCCCCCCCCCCCCCC0102030405060708"
#define GOOD A " " A " 1 0 0 1 4096 0 1700000000\n"

static struct sp_error err;

static const struct {
    const char *what;
    const char *text;
    const char *reason;
} bad[] = {
    {"empty", "", "no-keys"},
    {"no newline", A " " A " 1 0 0 1 4096 0 17", "state"},
    {"an empty line", GOOD "\n", "state"},
    {"too few fields", A " " A " 1 0 0 1 4096 0\n", "state"},
    {"too many fields", A " " A " 1 0 0 1 4096 0 17 5\n", "state"},
    {"two spaces", A "  " A " 1 0 0 1 4096 0 17\n", "state"},
    {"lower case", "a" A " 1 0 0 1 4096 0 17\n", "state"},
    {"a short fingerprint", "AA " A " 1 0 0 1 4096 0 17\n", "state"},
    {"a flag of 2", A " " A " 2 0 0 1 4096 0 17\n", "state"},
    {"a sign", A " " A " 1 0 0 1 +4096 0 17\n", "state"},
    {"a leading zero", A " " A " 1 0 0 01 4096 0 17\n", "state"},
    {"algorithm 256", A " " A " 1 0 0 256 4096 0 17\n", "state"},
    {"a good line, then a bad one", GOOD "x\n", "state"},
};

static void
test_grammar(void)
{
    struct sp_keytable table;

    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        tap_ok(sp_keytable_parse(bad[i].text, strlen(bad[i].text), &table,
                                 &err) < 0,
               "%s: refused", bad[i].what);
        tap_is_str(err.detail, bad[i].reason, "%s: reason", bad[i].what);
    }
    tap_ok(sp_keytable_parse(GOOD "\0", strlen(GOOD) + 1, &table, &err) < 0,
           "a NUL behind the last line: refused");
}

static void
test_round_trip(void)
{
    static const struct sp_key key = {.fpr = A,
                                      .primary_fpr = B,
                                      .can_sign = true,
                                      .expired = true,
                                      .algo = 22,
                                      .bits = 255,
                                      .expires = 1800000000,
                                      .created = 1700000000};
    char line[SP_KEYTABLE_LINE_MAX];
    struct sp_keytable table;

    tap_ok(sp_keytable_line(&key, line, sizeof(line)), "a line is written");
    tap_is_str(line, A " " B " 1 0 1 22 255 1800000000 1700000000\n", "so");
    tap_ok(!sp_keytable_line(&key, line, 60), "too small a buffer is noticed");
    tap_ok(sp_keytable_line(&key, line, sizeof(line)) &&
               sp_keytable_parse(line, strlen(line), &table, &err) == 0 &&
               table.n_keys == 1,
           "it is read back");
    tap_ok(strcmp(table.keys->fpr, A) == 0 &&
               strcmp(table.keys->primary_fpr, B) == 0 &&
               table.keys->can_sign && !table.keys->revoked &&
               table.keys->expired && table.keys->algo == 22 &&
               table.keys->bits == 255 && table.keys->expires == 1800000000 &&
               table.keys->created == 1700000000,
           "and is the same");
    sp_keytable_release(&table);
}

static void
test_look_up(void)
{
    static const uint8_t id_b[8] = {0x11, 0x12, 0x13, 0x14,
                                    0x15, 0x16, 0x17, 0x18};
    static const uint8_t id_none[8] = {0x11, 0x12, 0x13, 0x14,
                                       0x15, 0x16, 0x17, 0x19};
    static const char two[] = GOOD B " " A " 1 0 0 1 4096 0 17\n";
    static const char clash[] = GOOD C " " C " 0 0 0 18 255 0 17\n";
    struct sp_keytable table;
    const struct sp_key *key;

    tap_ok(sp_keytable_parse(two, strlen(two), &table, &err) == 0, "two keys");
    key = sp_keytable_by_id(&table, id_b);
    tap_ok(key && strcmp(key->fpr, B) == 0, "found by its id");
    tap_ok(!sp_keytable_by_id(&table, id_none), "another id is not found");
    tap_ok(sp_keytable_by_fpr(&table, A) == &table.keys[0] &&
               !sp_keytable_by_fpr(&table, C),
           "found by fingerprint, or not");
    tap_ok(sp_keytable_unique(&table, &err) == 0, "their ids differ");
    sp_keytable_release(&table);

    tap_ok(sp_keytable_parse(clash, strlen(clash), &table, &err) == 0 &&
               sp_keytable_unique(&table, &err) < 0,
           "two keys with one id");
    tap_is_str(err.detail, "duplicate-key-id", "reason");
    sp_keytable_release(&table);
}

/* Line of the primary key A, line of its subkey B. */
static const struct {
    const char *what;
    const char *primary, *subkey;
    const char *reason; /* of B at the time 1000 */
} usable[] = {
    {"a good one", "1 0 0 1 4096 0 17", "1 0 0 1 2048 0 17", NULL},
    {"not expired yet", "1 0 0 1 4096 0 17", "1 0 0 1 2048 1001 17", NULL},
    {"primary that only certifies", "0 0 0 1 4096 0 17", "1 0 0 1 2048 0 17",
     NULL},
    {"Ed25519", "1 0 0 1 4096 0 17", "1 0 0 22 255 0 17", NULL},
    {"revoked", "1 0 0 1 4096 0 17", "1 1 0 1 2048 0 17", "key-revoked"},
    {"primary revoked", "1 1 0 1 4096 0 17", "1 0 0 1 2048 0 17",
     "key-revoked"},
    {"expired when the home was made", "1 0 0 1 4096 0 17", "1 0 1 1 2048 0 17",
     "key-expired"},
    {"expired now", "1 0 0 1 4096 0 17", "1 0 0 1 2048 1000 17", "key-expired"},
    {"primary expired", "1 0 0 1 4096 999 17", "1 0 0 1 2048 0 17",
     "key-expired"},
    {"not for signing", "1 0 0 1 4096 0 17", "0 0 0 1 2048 0 17", "key-usage"},
    {"RSA too small", "1 0 0 1 4096 0 17", "1 0 0 1 2047 0 17",
     "key-too-small"},
    {"curve too small", "1 0 0 1 4096 0 17", "1 0 0 19 224 0 17",
     "key-too-small"},
    {"revoked and expired and not for signing", "1 0 0 1 4096 0 17",
     "0 1 1 1 1024 1 17", "key-revoked"},
};

static void
test_usable(void)
{
    for (size_t i = 0; i < sizeof(usable) / sizeof(*usable); i++) {
        struct sp_keytable table;
        char text[512];
        int result;

        (void)snprintf(text, sizeof(text), A " " A " %s\n" B " " A " %s\n",
                       usable[i].primary, usable[i].subkey);
        if (sp_keytable_parse(text, strlen(text), &table, &err) < 0)
            abort();
        result = sp_key_usable(&table, &table.keys[1], 1000, &err);
        tap_ok((result == 0) == !usable[i].reason, "%s", usable[i].what);
        if (usable[i].reason)
            tap_is_str(err.detail, usable[i].reason, "%s: reason",
                       usable[i].what);
        sp_keytable_release(&table);
    }
}

static void
test_orphan(void)
{
    static const char text[] = B " " A " 1 0 0 1 4096 0 17\n";
    struct sp_keytable table;

    tap_ok(sp_keytable_parse(text, strlen(text), &table, &err) == 0 &&
               sp_key_usable(&table, table.keys, 1000, &err) < 0,
           "a subkey without its primary signs nothing");
    tap_is_str(err.detail, "no-key", "reason");
    sp_keytable_release(&table);
}

int
main(void)
{
    test_grammar();
    test_round_trip();
    test_look_up();
    test_usable();
    test_orphan();
    return tap_done();
}
