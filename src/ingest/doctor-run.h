/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One run of the doctor: who hears the findings, what the first fault was. */
#ifndef SP_INGEST_DOCTOR_RUN_H
#define SP_INGEST_DOCTOR_RUN_H

#include "ingest/doctor.h"

struct sp_doctor_run {
    sp_finding_fn finding;
    void *data;
    struct sp_error first; /* code SP_OK while nothing is bad */
};

void sp_doctor_good(struct sp_doctor_run *run, const char *area,
                    const char *what, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* fix: what to do, "" when there is nothing to do. */
void sp_doctor_note(struct sp_doctor_run *run, const char *area,
                    const char *what, const char *fix, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));

/* reason: a word of reason.c. */
void sp_doctor_bad(struct sp_doctor_run *run, const char *reason,
                   const char *area, const char *what, const char *fix,
                   const char *fmt, ...) __attribute__((format(printf, 6, 7)));

/* The escape battery, one finding an act. */
void sp_doctor_jails(struct sp_doctor_run *run);

#endif
