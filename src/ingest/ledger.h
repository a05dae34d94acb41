/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ledger of one run: what check and verify said about each package, in
 * order, and whether they agree. A package counts as accepted only when both
 * said yes and both name the same header SHA-256.
 */
#ifndef SP_INGEST_LEDGER_H
#define SP_INGEST_LEDGER_H

#include "ingest/receive.h"

struct sp_ledger {
    struct sp_outcome *outcome;
    size_t capacity; /* of outcome->packages */
    uint64_t max_files;
    bool has_manifest;
    struct sp_report_manifest manifest;
    uint64_t requests;            /* request records so far */
    uint64_t judged;              /* position behind the last judged package */
    uint64_t signatures;          /* position behind the last judged one */
    struct sp_groups_place place; /* behind the last line of a group */
};

void sp_ledger_init(struct sp_ledger *ledger, struct sp_outcome *outcome,
                    uint64_t max_files);

/* Each takes a report that sp_report_check accepted. "protocol" when it is
 * out of order. */
int sp_ledger_manifest(struct sp_ledger *ledger, const struct sp_report *report,
                       struct sp_error *err);
int sp_ledger_request(struct sp_ledger *ledger, const struct sp_report *report,
                      struct sp_error *err);
int sp_ledger_group(struct sp_ledger *ledger, const struct sp_report *report,
                    struct sp_error *err);
/* *ret: the package's entry, good until the next call. */
int sp_ledger_package(struct sp_ledger *ledger, const struct sp_report *report,
                      struct sp_package **ret, struct sp_error *err);
int sp_ledger_verdict(struct sp_ledger *ledger, const struct sp_report *report,
                      struct sp_package **ret, struct sp_error *err);

int sp_ledger_evidence(struct sp_ledger *ledger, const struct sp_report *report,
                       struct sp_error *err);
int sp_ledger_evidence_verdict(struct sp_ledger *ledger,
                               const struct sp_report *report,
                               struct sp_error *err);

/* At the end: counts of manifest, check and verify agree. */
int sp_ledger_close(struct sp_ledger *ledger, uint64_t checked,
                    uint64_t verified, struct sp_error *err);

#endif
