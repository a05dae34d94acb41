/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A worker's world in memory, so that its body runs as it is and as often as
 * one likes: descriptor 0 is the input, descriptor 1 a buffer, reports are
 * checked and counted, and a fault or the end comes back instead of ending
 * the process. Stands in for base/io.h and ingest/worker.h.
 */
#ifndef TESTS_FUZZ_STAGE_H
#define TESTS_FUZZ_STAGE_H

#include "bundle/record.h"
#include "tests/fuzz/fuzz.h"

enum { STAGE_OUT_MAX = 1024 * 1024 };

enum stage_end { STAGE_DONE = 1, STAGE_FAULT = 2 };

struct stage {
    const uint8_t *in;
    size_t in_size, in_at;
    size_t piece; /* the most that one read gives; 0 = all */

    uint8_t out[STAGE_OUT_MAX];
    size_t out_size; /* of all that was written */

    enum sp_worker_kind worker;
    uint64_t reports;    /* accepted by sp_report_check */
    struct sp_error err; /* STAGE_FAULT */
    uint64_t count;      /* STAGE_DONE */
    /* Called for each report, when set. */
    void (*hear)(const struct sp_report *report);
};

extern struct stage stage;

/* Sets it up for `worker` with this input; what is above is zero again. */
void stage_begin(enum sp_worker_kind worker, const uint8_t *in, size_t size,
                 size_t piece);

/*
 * Runs until it faults, is done, or returns (which is DONE too). A fault is
 * checked as a refusal is.
 */
enum stage_end stage_run(void (*body)(void *data), void *data);

#endif
