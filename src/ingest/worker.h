/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the jailed workers share: their descriptors, the report channel and
 * the way they end. A worker ends at its first fault: one FAULT report, then
 * exit with the class of the fault.
 *
 * Descriptors of a worker: 0 what it reads, 1 what it hands on, 2 /dev/null,
 * 3 the report channel (a stream socket), 4 and up directories.
 * Life: enter the jail, report JAILED, wait for one "go" byte on 3, work,
 * report DONE, exit 0.
 */
#ifndef SP_INGEST_WORKER_H
#define SP_INGEST_WORKER_H

#include "base/sandbox.h"
#include "bundle/record.h"

enum {
    SP_FD_IN = 0,
    SP_FD_OUT = 1,
    SP_FD_ERR = 2,
    SP_FD_REPORT = 3,
    SP_FD_DIR = 4,
};

/* The byte that the parent sends when all workers are jailed. */
enum { SP_GO = 'g' };

/* Names the worker; before anything that can fault. */
void sp_worker_init(enum sp_worker_kind kind);

/* Enters the jail, reports it, waits for go. Ends the process on a fault. */
void sp_worker_begin(enum sp_worker_kind kind, const struct sp_jail *jail);

/* Sends one report; a parent that is gone ends the process. */
void sp_worker_send(const struct sp_report *report);

/* FAULT, then _exit(err->code). */
_Noreturn void sp_worker_fault(const struct sp_error *err);

/* DONE with a count, then _exit(0). */
_Noreturn void sp_worker_done(uint64_t count);

/*
 * "key=value" argument of a worker: a strict number between 0 and max. The
 * parent wrote it, so a bad one is a fault "usage". Missing: `otherwise`.
 */
uint64_t sp_worker_number(int argc, char **argv, const char *key, uint64_t max,
                          uint64_t otherwise);
/* The text of "key=value", NULL when missing. */
const char *sp_worker_text(int argc, char **argv, const char *key);

#endif
