/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unpack's side of the carrier: descriptor 0 through one buffer, every byte
 * read exactly once, progress reported, nothing understood. Faults end the
 * worker.
 *
 * A stream whose end is marked by its framing alone is bounded: the framing
 * grants what is certain to follow, and nothing behind it is read.
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
    uint32_t kind;     /* for the reports, as soon as it is known */
    uint32_t crc32;    /* for the reports, kept by the framing */
    size_t head, tail; /* what waits in the buffer */
    bool ended;
    bool bounded;
    uint64_t granted; /* bounded: bytes that may still be read */
};

/*
 * The bytes that wait, at least `want` (at most 4096, and granted) of them:
 * reads only when there are fewer. Less than `want`: the stream has ended. They
 * stay in place until the next call.
 */
size_t sp_intake_ready(struct sp_intake *intake, size_t want,
                       const uint8_t **ret_untrusted);

/* Takes n of them away. */
void sp_intake_take(struct sp_intake *intake, size_t n);

/* Tells the parent how far we are. */
void sp_intake_report(struct sp_intake *intake);

#endif
