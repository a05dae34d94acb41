/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ingest/keytable.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/text.h"
#include "bundle/limits.h"
#include "bundle/sigpacket.h"

enum { FPR_DIGITS = 40, FIELDS = 9 };
enum { MIN_RSA_BITS = 2048, MIN_ECC_BITS = 255 };
/* 8192 lines; a key directory holds a few dozen (sub)keys. */
#define MAX_TABLE_BYTES SP_MIB

static bool
take_fpr(const char *field, size_t len, char dst[41])
{
    if (len != FPR_DIGITS ||
        strspn(field, "0123456789ABCDEF") < (size_t)FPR_DIGITS)
        return false;
    memcpy(dst, field, FPR_DIGITS);
    dst[FPR_DIGITS] = '\0';
    return true;
}

/* Exactly FIELDS fields, one space between them, a newline at the end. */
static size_t
split_line(const char *line, const char *end, const char *fields[FIELDS],
           size_t lens[FIELDS])
{
    const char *p = line;

    for (size_t i = 0; i < FIELDS; i++) {
        char stop = i == FIELDS - 1 ? '\n' : ' ';

        fields[i] = p;
        while (p < end && *p != ' ' && *p != '\n')
            p++;
        if (p == end || *p != stop)
            return 0;
        lens[i] = (size_t)(p - fields[i]);
        p++;
    }
    return (size_t)(p - line);
}

/* Returns the length of the line, 0 when it is malformed. */
static size_t
parse_line(const char *line, const char *end, struct sp_key *key)
{
    static const uint64_t max[FIELDS] = {
        0, 0, 1, 1, 1, UINT8_MAX, UINT16_MAX, UINT64_MAX, UINT64_MAX};
    const char *fields[FIELDS];
    size_t lens[FIELDS];
    uint64_t number[FIELDS] = {0};
    size_t size = split_line(line, end, fields, lens);

    if (size == 0 || !take_fpr(fields[0], lens[0], key->fpr) ||
        !take_fpr(fields[1], lens[1], key->primary_fpr))
        return 0;
    for (size_t i = 2; i < FIELDS; i++)
        if (!sp_text_u64_len(fields[i], lens[i], max[i], &number[i]))
            return 0;
    key->can_sign = number[2] == 1;
    key->revoked = number[3] == 1;
    key->expired = number[4] == 1;
    key->algo = (unsigned)number[5];
    key->bits = (unsigned)number[6];
    key->expires = number[7];
    key->created = number[8];
    return size;
}

static size_t
count_lines(const char *text, size_t len)
{
    size_t n = 0;

    for (size_t i = 0; i < len; i++)
        n += text[i] == '\n';
    return n;
}

int
sp_keytable_parse(const char *text, size_t len, struct sp_keytable *ret,
                  struct sp_error *err)
{
    struct sp_keytable table = {NULL, 0};
    size_t lines = count_lines(text, len);
    const char *end = text + len;

    if (len == 0)
        return sp_fail(err, "no-keys", "the key table is empty");
    table.keys = calloc(lines + 1, sizeof(*table.keys));
    if (!table.keys)
        return sp_fail(err, "no-memory", "no memory for the key table");
    while (text < end) {
        size_t size = 0;

        if (table.n_keys < lines)
            size = parse_line(text, end, &table.keys[table.n_keys]);
        if (size == 0) {
            sp_keytable_release(&table);
            return sp_fail(err, "state", "the key table is malformed");
        }
        table.n_keys++;
        text += size;
    }
    *ret = table;
    return 0;
}

int
sp_keytable_read(int home_fd, struct sp_keytable *ret, struct sp_error *err)
{
    SP_AUTO_FREE char *text = NULL;
    size_t len;

    if (sp_read_file(home_fd, "table", MAX_TABLE_BYTES, &text, &len, err) < 0)
        return -1;
    return sp_keytable_parse(text, len, ret, err);
}

void
sp_keytable_release(struct sp_keytable *table)
{
    free(table->keys);
    table->keys = NULL;
    table->n_keys = 0;
}

bool
sp_keytable_line(const struct sp_key *key, char *dst, size_t size)
{
    int n = snprintf(
        dst, size, "%s %s %d %d %d %u %u %" PRIu64 " %" PRIu64 "\n", key->fpr,
        key->primary_fpr, key->can_sign, key->revoked, key->expired, key->algo,
        key->bits, key->expires, key->created);

    return n > 0 && (size_t)n < size;
}

const char *
sp_key_id(const struct sp_key *key)
{
    return key->fpr + FPR_DIGITS - 16;
}

const struct sp_key *
sp_keytable_by_id(const struct sp_keytable *table, const uint8_t key_id[8])
{
    char id[17];

    for (size_t i = 0; i < 8; i++)
        (void)snprintf(id + 2 * i, 3, "%02X", key_id[i]);
    for (size_t i = 0; i < table->n_keys; i++)
        if (strcmp(sp_key_id(&table->keys[i]), id) == 0)
            return &table->keys[i];
    return NULL;
}

const struct sp_key *
sp_keytable_by_fpr(const struct sp_keytable *table, const char *fpr)
{
    for (size_t i = 0; i < table->n_keys; i++)
        if (strcmp(table->keys[i].fpr, fpr) == 0)
            return &table->keys[i];
    return NULL;
}

int
sp_keytable_unique(const struct sp_keytable *table, struct sp_error *err)
{
    for (size_t i = 0; i < table->n_keys; i++)
        for (size_t k = 0; k < i; k++)
            if (strcmp(sp_key_id(&table->keys[i]),
                       sp_key_id(&table->keys[k])) == 0)
                return sp_fail(err, "duplicate-key-id",
                               "keys '%s' and '%s' share a key id",
                               table->keys[k].fpr, table->keys[i].fpr);
    return 0;
}

static int
check_alive(const struct sp_key *key, uint64_t now, struct sp_error *err)
{
    if (key->revoked)
        return sp_fail(err, "key-revoked", "key '%s' is revoked", key->fpr);
    if (key->expired || (key->expires != 0 && key->expires <= now))
        return sp_fail(err, "key-expired", "key '%s' has expired", key->fpr);
    return 0;
}

int
sp_key_usable(const struct sp_keytable *table, const struct sp_key *key,
              uint64_t now, struct sp_error *err)
{
    const struct sp_key *primary = sp_keytable_by_fpr(table, key->primary_fpr);
    unsigned min = key->algo == SP_PK_RSA ? MIN_RSA_BITS : MIN_ECC_BITS;

    if (!primary)
        return sp_fail(err, "no-key", "the primary key of '%s' is missing",
                       key->fpr);
    if (check_alive(primary, now, err) < 0 || check_alive(key, now, err) < 0)
        return -1;
    if (!key->can_sign)
        return sp_fail(err, "key-usage", "key '%s' is not for signing",
                       key->fpr);
    if (key->bits < min)
        return sp_fail(err, "key-too-small", "key '%s' has %u bits", key->fpr,
                       key->bits);
    return 0;
}
