/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The file `table` of a key home: what is known of each (sub)key, one line
 *
 *   FPR PRIMARY sign revoked expired algo bits expires created
 *
 * FPR and PRIMARY are 40 upper-case hex digits, sign, revoked and expired are
 * 0 or 1, the rest decimal. Written by make-home, read by verify, so that a
 * refusal can be named before gpg is asked.
 */
#ifndef SP_INGEST_KEYTABLE_H
#define SP_INGEST_KEYTABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct sp_key {
    char fpr[41];
    char primary_fpr[41];
    bool can_sign;
    bool revoked;
    bool expired; /* when the home was made; `expires` tells more */
    unsigned algo;
    unsigned bits;
    uint64_t expires; /* 0 = never */
    uint64_t created;
};

struct sp_keytable {
    struct sp_key *keys;
    size_t n_keys;
};

/* Reads `table` in the home. Reasons: no-keys (no line), state, io. */
int sp_keytable_read(int home_fd, struct sp_keytable *ret,
                     struct sp_error *err);
/* The same from memory. */
int sp_keytable_parse(const char *text, size_t len, struct sp_keytable *ret,
                      struct sp_error *err);
void sp_keytable_release(struct sp_keytable *table);

/* One line, its newline included; false if dst is too small. */
enum { SP_KEYTABLE_LINE_MAX = 192 };
bool sp_keytable_line(const struct sp_key *key, char *dst, size_t size);

/* The key with these last 8 bytes of its fingerprint; NULL: none. */
const struct sp_key *sp_keytable_by_id(const struct sp_keytable *table,
                                       const uint8_t key_id[8]);
const struct sp_key *sp_keytable_by_fpr(const struct sp_keytable *table,
                                        const char *fpr);

/* The last 8 bytes of the fingerprint, as 16 digits. */
const char *sp_key_id(const struct sp_key *key);

/* Fails with duplicate-key-id when two keys share their last 8 bytes. */
int sp_keytable_unique(const struct sp_keytable *table, struct sp_error *err);

/*
 * May this key sign packages at the time `now`? It and its primary: not
 * revoked, not expired; it: for signing, of a size that still counts.
 * Reasons: key-revoked, key-expired, key-usage, key-too-small.
 */
int sp_key_usable(const struct sp_keytable *table, const struct sp_key *key,
                  uint64_t now, struct sp_error *err);

#endif
