/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unpack's side of the carrier: descriptor 0 through one buffer, every byte
 * read exactly once, progress reported, nothing understood. Faults end the
 * worker.
 */
#ifndef SP_INGEST_INTAKE_H
#define SP_INGEST_INTAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sp_intake {
    uint64_t bytes;    /* read so far */
    uint64_t reported; /* of those, told to the parent */
    uint64_t entries;  /* for the reports, kept by the framing */
    size_t head, tail; /* what waits in the buffer */
    bool ended;
};

/*
 * The bytes that wait, at least `want` (at most 4096) of them: reads only
 * when there are fewer. Less than `want`: the stream has ended. They stay in
 * place until the next call.
 */
size_t sp_intake_ready(struct sp_intake *intake, size_t want,
                       const uint8_t **ret_untrusted);

/* Takes n of them away. */
void sp_intake_take(struct sp_intake *intake, size_t n);

/* Tells the parent how far we are. */
void sp_intake_report(struct sp_intake *intake);

#endif
