/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One package, from its first byte to its last: judged by the profile of
 * sallyport-package(5), stored in canonical form, handed on to verify.
 */
#ifndef SP_INGEST_CHECK_PACKAGE_H
#define SP_INGEST_CHECK_PACKAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "bundle/manifest.h"
#include "ingest/entries.h"

struct sp_check_plan {
    uint64_t max_files, max_bytes, max_file; /* ceilings */
    uint64_t space;                          /* bytes that may be stored */
    uint64_t now;
    bool store;       /* packages, into the directory on descriptor 4 */
    bool keep;        /* evidence, there */
    bool go_on;       /* behind a refused package */
    bool hash_files;  /* whole, as received: signed metadata may list them */
    bool hash_stored; /* whole, as stored: the index wants it */
};

/*
 * Takes package number `index` (1 based), which is the current file of
 * `entries`. `member` is its line of MANIFEST, NULL when there is none;
 * untrusted_hint is the sender's file name, "" when there is none.
 *
 * Returns 0 when the package was accepted, stored and handed on; -1 when it
 * is refused, which the report says too. Faults that are not the package's
 * (the carrier, the disk, the neighbours) end the process.
 */
int sp_check_package(const struct sp_check_plan *plan,
                     struct sp_entries *entries, uint64_t index,
                     const struct sp_member *member, const char *untrusted_hint,
                     struct sp_report *ret_report, struct sp_error *err);

/* Hands bytes on to verify; the process ends when that fails. */
void sp_check_hand_on(const void *data, size_t len);

#endif
