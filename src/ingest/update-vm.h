/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A command in another qube, through qvm-run. What it prints is bounded,
 * made printable and passed on line by line; nothing of it is believed.
 */
#ifndef SP_INGEST_UPDATE_VM_H
#define SP_INGEST_UPDATE_VM_H

#include "base/error.h"
#include "base/lines.h"
#include "ingest/update.h"

struct sp_vm_call {
    const char *qube;
    const char *user;           /* NULL = its default user */
    const char *const *command; /* NULL terminated; one word: a shell line */
    int in_fd;                  /* -1 = /dev/null */
    bool no_start;              /* a halted qube stays halted */
    bool quiet;                 /* nothing of what it prints is passed on */
    uint64_t deadline;          /* sp_clock_ms */
    const struct sp_update_hooks *hooks;
    /* Called a few times a second; -1 ends the call. May be NULL. */
    int (*tend)(void *tend_data, struct sp_error *err);
    void *tend_data;
};

struct sp_vm_end {
    int status;            /* of the command; 128 + signal */
    struct sp_error fault; /* what it said last that is one of our words */
    char last[160];        /* the last line of its stderr, printable */
};

/* 0 when the command came to its end, whatever its status. */
int sp_vm_run(const struct sp_vm_call *call, struct sp_vm_end *ret,
              struct sp_error *err);

/* A word for a shell line over there: 'word'. */
void sp_vm_quote(struct sp_text *line, const char *word);

/* Is the qube running? -1 when that cannot be found out. */
int sp_vm_is_running(const char *qube, struct sp_error *err);

#endif
