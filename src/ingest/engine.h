/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The pipe of workers: started, jailed, told to go, listened to, and brought
 * to one end. The engine knows processes, records and deadlines; it decides
 * nothing about a package but whether the workers agree.
 */
#ifndef SP_INGEST_ENGINE_H
#define SP_INGEST_ENGINE_H

#include <signal.h>

#include "base/error.h"
#include "ingest/receive.h"

/* Seconds; see bundle/limits.h for the defaults. */
struct sp_deadlines {
    uint64_t idle;
    uint64_t rate_window;
    uint64_t rate_bytes; /* at least so many bytes a second over the window */
    uint64_t total;
};

struct sp_ceilings {
    uint64_t files;
    uint64_t bytes;
    uint64_t file_bytes;
    uint64_t space;   /* bytes that may be written to the quarantine */
    uint64_t reserve; /* stop when the file system has less than this */
};

struct sp_engine_plan {
    int source_fd; /* the carrier, or the package file of `single` */
    bool single;   /* no unpack: the parent itself feeds one package */
    bool end_at_marker;
    bool any_framing; /* a qfile stream is taken as well as a bundle */
    bool medium;      /* "truncated" is the medium's fault */
    bool go_on;       /* judge all packages instead of stopping at the first */
    int packages_fd;  /* where check stores evidence; -1 = nowhere */
    bool store;       /* and packages */
    bool hash_stored; /* check tells the digest of each stored package */
    const char *home; /* key home */
    const char *messages; /* private directory of verify */
    uint64_t now;
    struct sp_ceilings ceilings;
    struct sp_deadlines deadlines;
    /* Called once all are jailed, before any may read; NULL allowed. */
    int (*start)(void *start_data, struct sp_error *err);
    /* Called at least four times a second from then on; NULL allowed. */
    void (*tend)(void *start_data);
    void *start_data;
    sp_event_fn event; /* may be NULL */
    void *data;
};

/*
 * Runs one stream through the workers and fills packages, bytes, requests
 * and jails of *outcome. Returns 0 when every worker ended content and their
 * counts and header digests agree (single refused packages are in the
 * outcome, with go_on); -1 with the most telling reason, the index of the
 * package it is about in outcome->refused_index. No process is left either
 * way, or the reason is "worker-left"; behind another reason the message
 * tells what is left.
 */
int sp_engine_run(const struct sp_engine_plan *plan, struct sp_outcome *outcome,
                  struct sp_error *err);

/*
 * From now on SIGINT, SIGTERM and SIGHUP stop a running engine, which cleans
 * up and says "interrupted".
 */
void sp_engine_catch_signals(void);

/* Not zero once such a signal came: for what else runs in a delivery. */
const volatile sig_atomic_t *sp_engine_stop_flag(void);

#endif
