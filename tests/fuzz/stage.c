/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/fuzz/stage.h"

#include <setjmp.h>
#include <stdlib.h>

#include "base/io.h"
#include "ingest/worker.h"

struct stage stage;
static jmp_buf end;

void
stage_begin(enum sp_worker_kind worker, const uint8_t *in, size_t size,
            size_t piece)
{
    stage.in = in;
    stage.in_size = size;
    stage.in_at = stage.out_size = 0;
    stage.piece = piece;
    stage.worker = worker;
    stage.reports = stage.count = 0;
    memset(&stage.err, 0, sizeof(stage.err));
    stage.hear = NULL;
}

enum stage_end
stage_run(void (*body)(void *data), void *data)
{
    switch (setjmp(end)) {
    case 0: body(data); return STAGE_DONE;
    case STAGE_DONE: return STAGE_DONE;
    default: fuzz_refused(&stage.err); return STAGE_FAULT;
    }
}

void
sp_worker_init(enum sp_worker_kind kind)
{
    FUZZ_CHECK(kind == stage.worker);
}

void
sp_worker_begin(enum sp_worker_kind kind, const struct sp_jail *jail)
{
    (void)jail;
    FUZZ_CHECK(kind == stage.worker);
}

void
sp_worker_send(const struct sp_report *report)
{
    FUZZ_CHECK(sp_report_check(report, stage.worker));
    stage.reports++;
    if (stage.hear)
        stage.hear(report);
}

_Noreturn void
sp_worker_fault(const struct sp_error *err)
{
    struct sp_report report;

    sp_report_init(&report, stage.worker, SP_REPORT_FAULT);
    sp_report_set_error(&report, err);
    sp_worker_send(&report);
    stage.err = *err;
    longjmp(end, STAGE_FAULT);
}

_Noreturn void
sp_worker_done(uint64_t count)
{
    stage.count = count;
    longjmp(end, STAGE_DONE);
}

/* ---- what the parent says is not tried here -------------------------------
 */

uint64_t
sp_worker_number(int argc, char **argv, const char *key, uint64_t max,
                 uint64_t otherwise)
{
    (void)argc;
    (void)argv;
    (void)key;
    (void)max;
    return otherwise;
}

const char *
sp_worker_text(int argc, char **argv, const char *key)
{
    (void)argc;
    (void)argv;
    (void)key;
    return NULL;
}

/* ---- descriptors -----------------------------------------------------------
 */

ssize_t
sp_read_some(int fd, void *buf, size_t len)
{
    size_t left = stage.in_size - stage.in_at;
    size_t n = len < left ? len : left;

    FUZZ_CHECK(fd == 0 && len > 0);
    if (stage.piece > 0 && n > stage.piece)
        n = stage.piece;
    if (n > 0)
        memcpy(buf, stage.in + stage.in_at, n);
    stage.in_at += n;
    return (ssize_t)n;
}

ssize_t
sp_read_full(int fd, void *buf, size_t len)
{
    size_t done = 0;

    while (done < len) {
        ssize_t n = sp_read_some(fd, (char *)buf + done, len - done);

        if (n == 0)
            break;
        done += (size_t)n;
    }
    return (ssize_t)done;
}

/* What does not fit is counted alone. */
int
sp_write_full(int fd, const void *buf, size_t len)
{
    FUZZ_CHECK(fd == 1);
    if (len <= sizeof(stage.out) && stage.out_size <= sizeof(stage.out) - len)
        memcpy(stage.out + stage.out_size, buf, len);
    stage.out_size += len;
    return 0;
}

/* ---- nothing on the stage has these ---------------------------------------
 */

int
sp_write_patient(int fd, const void *buf, size_t len)
{
    return sp_write_full(fd, buf, len);
}

int
sp_hold_standard(void)
{
    abort();
}

int
sp_read_file(int dirfd, const char *name, size_t max, char **ret_buf,
             size_t *ret_len, struct sp_error *err)
{
    (void)dirfd;
    (void)max;
    (void)ret_buf;
    (void)ret_len;
    return sp_fail(err, "io", "no files on the stage: '%s'", name);
}
