/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ingest/intake.h"

#include <errno.h>
#include <string.h>

#include "base/io.h"
#include "bundle/limits.h"
#include "ingest/worker.h"

/* Large enough that system calls cost nothing beside the bytes; on a page,
 * so that the kernel copies whole pages. */
enum { BUFFER_BYTES = 256 * 1024, MAX_WANT = 4096 };
static _Alignas(4096) uint8_t untrusted_buffer[BUFFER_BYTES];

void
sp_intake_report(struct sp_intake *intake)
{
    struct sp_report report;

    sp_report_init(&report, SP_WORKER_UNPACK, SP_REPORT_PROGRESS);
    report.body.progress.bytes = intake->bytes;
    report.body.progress.entries = intake->entries;
    report.body.progress.kind = intake->kind;
    report.body.progress.crc32 = intake->crc32;
    sp_worker_send(&report);
    intake->reported = intake->bytes;
}

static size_t
readable(const struct sp_intake *intake)
{
    size_t room = BUFFER_BYTES - intake->tail;

    if (!intake->bounded || intake->granted >= room)
        return room;
    if (intake->granted == 0)
        SP_BUG("a framing wants what it did not grant");
    return (size_t)intake->granted;
}

static void
read_more(struct sp_intake *intake)
{
    size_t room = readable(intake);
    ssize_t n = sp_read_some(SP_FD_IN, untrusted_buffer + intake->tail, room);
    struct sp_error err = {0};
    uint64_t news;

    if (n < 0) {
        (void)sp_fail_sys(&err, errno, "read-error", "cannot read byte %llu",
                          (unsigned long long)intake->bytes);
        sp_worker_fault(&err);
    }
    intake->ended = n == 0;
    intake->tail += (size_t)n;
    intake->bytes += (uint64_t)n;
    if (intake->bounded)
        intake->granted -= (uint64_t)n;
    news = intake->bytes - intake->reported;
    if (news >= SP_PROGRESS_BYTES ||
        (news >= SP_PROGRESS_SLOW_BYTES && (size_t)n < room))
        sp_intake_report(intake);
}

size_t
sp_intake_ready(struct sp_intake *intake, size_t want,
                const uint8_t **ret_untrusted)
{
    size_t waiting = intake->tail - intake->head;

    if (want > MAX_WANT)
        SP_BUG("more wanted than the buffer promises");
    if (waiting < want) {
        memmove(untrusted_buffer, untrusted_buffer + intake->head, waiting);
        intake->head = 0;
        intake->tail = waiting;
    }
    while (intake->tail - intake->head < want && !intake->ended)
        read_more(intake);
    *ret_untrusted = untrusted_buffer + intake->head;
    return intake->tail - intake->head;
}

void
sp_intake_take(struct sp_intake *intake, size_t n)
{
    intake->head += n;
}
