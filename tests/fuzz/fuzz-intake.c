/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What reads a carrier, a block device among them (ingest/intake.h): every
 * byte once, in order, and behind a marker none at all. An input is a list of
 * steps, two bytes each: bit 7 of the first grants so many bytes more (of a
 * bounded stream), else so many are wanted and the second says how many of
 * those that wait are taken.
 */
#include "ingest/intake.h"
#include "tests/fuzz/stage.h"

enum { BOUNDED = 1, STREAM = 64 * 1024, WANT_MAX = 4096 };

static uint8_t carrier[STREAM];

struct steps {
    const uint8_t *data;
    size_t size;
    bool bounded;
};

static uint64_t told;

static void
hear(const struct sp_report *report)
{
    FUZZ_CHECK(report->type == SP_REPORT_PROGRESS);
    FUZZ_CHECK(report->body.progress.bytes >= told &&
               report->body.progress.bytes == stage.in_at);
    told = report->body.progress.bytes;
}

static void
run(void *data)
{
    const struct steps *s = data;
    struct sp_intake intake = {.bounded = s->bounded};
    uint64_t granted = 0, taken = 0;

    for (size_t i = 0; i + 1 < s->size; i += 2) {
        size_t want = (size_t)(s->data[i] & 0x7f) * 32 + (s->data[i + 1] & 31U);
        const uint8_t *bytes = NULL;
        size_t n;

        if (s->data[i] & 0x80) {
            intake.granted += want;
            granted += want;
            continue;
        }
        /* What is wanted must be granted, says the interface. */
        if (want > WANT_MAX || (s->bounded && want > granted - taken))
            continue;
        n = sp_intake_ready(&intake, want, &bytes);
        FUZZ_CHECK(n >= want || stage.in_at == stage.in_size);
        FUZZ_CHECK(intake.bytes == stage.in_at && taken + n == stage.in_at);
        FUZZ_CHECK(!s->bounded || stage.in_at <= granted);
        FUZZ_CHECK(memcmp(bytes, carrier + taken, n) == 0);
        n = n < s->data[i + 1] ? n : s->data[i + 1];
        sp_intake_take(&intake, n);
        taken += n;
    }
    sp_intake_report(&intake);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct steps steps;

    if (size < 4)
        return 0;
    if (carrier[1] == 0)
        for (size_t i = 0; i < sizeof(carrier); i++)
            carrier[i] = (uint8_t)(i * 7 + i / 251 + 1);
    steps = (struct steps){data + 4, size - 4, data[0] & BOUNDED};
    told = 0;
    stage_begin(SP_WORKER_UNPACK, carrier, (size_t)data[1] << 8 | data[2],
                16 * (size_t)data[3]);
    stage.hear = hear;
    FUZZ_CHECK(stage_run(run, &steps) == STAGE_DONE);
    return 0;
}
