/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The conductor: the one file that knows the order of the steps from a
 * carrier to a published repository (docs/ARCHITECTURE.md, "one delivery").
 * It prints nothing; a person hears of it through events and the outcome.
 */
#ifndef SP_INGEST_RECEIVE_H
#define SP_INGEST_RECEIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "bundle/limits.h"
#include "bundle/record.h"
#include "ingest/freshness.h"

/* A list of words from the command line; belongs to the caller. */
struct sp_words {
    const char *const *word;
    size_t n;
};

struct sp_package;
struct sp_outcome;

/* Where things are and what the person allows. NULL paths = defaults. */
struct sp_setup {
    const char *state_dir;   /* /var/lib/sallyport */
    const char *repo_dir;    /* STATE/updates */
    const char *keys_path;   /* /etc/sallyport/keys: file or directory */
    const char *policy_path; /* /etc/sallyport/policy.conf */
    bool keys_given; /* --keys: without a policy exactly these are allowed */
    bool any_request;
    bool yes;
    struct sp_words allow_new;
    struct sp_words allow_downgrade;
    /*
     * Asks the person about packages that nobody asked for; true = take them
     * in. NULL: nobody is there, the answer is no.
     */
    bool (*ask)(void *data, const struct sp_package *const *packages, size_t n);
    void *ask_data;
    /*
     * Told what came, verified and taken for good by all rules, before
     * anything is published. NULL: nobody wants to know.
     */
    void (*show)(void *data, const struct sp_outcome *outcome);
    void *show_data;
    /*
     * Told behind that, out of the verified files: what is new, "" when
     * nothing is known. False stops the delivery: "not-confirmed". NULL:
     * nobody wants to know.
     */
    bool (*changes)(void *data, const struct sp_outcome *outcome,
                    const char *text);
    void *changes_data;
    /*
     * Told last, still before anything is published: dnf's plan, NULL when
     * there is none. False stops the delivery: "not-confirmed". NULL: nobody
     * wants to know.
     */
    bool (*plan)(void *data, const char *text);
    void *plan_data;
    struct sp_words plan_arguments; /* of dnf; none: "upgrade" */
    /*
     * Asked when all is on the disk, directly before the flip: does anybody
     * wait for it still? False takes it back: "not-confirmed". NULL: yes.
     */
    bool (*goes_on)(void *data);
    void *goes_on_data;
    bool rehearse; /* inspect: tells these three as well; stores in /tmp */
};

enum sp_mode {
    SP_MODE_INGEST = 1,  /* decide and publish; stops at the first refusal */
    SP_MODE_INSPECT = 2, /* judge all, publish nothing, leave nothing */
};

enum sp_event_kind {
    SP_EVENT_JAILED = 1,   /* all workers are jailed */
    SP_EVENT_TOTAL = 2,    /* the manifest: packages, bytes to come */
    SP_EVENT_PROGRESS = 3, /* bytes taken from the carrier */
    SP_EVENT_PACKAGE = 4,  /* one package is judged: ->package */
    SP_EVENT_PHASE = 5,    /* ->phase: "receive", "index", "preview", "sync",
                              "publish" */
};

struct sp_package {
    uint64_t index; /* 1 based, as in the bundle */
    struct sp_report_package facts;
    bool checked, judged; /* check reported, verify reported */
    /* What it replaces: the version that is installed, as far as the request
     * tells, else the highest that was published here; "" = neither. */
    char old_evr[SP_VERSION_MAX + SP_RELEASE_MAX + 16];
    bool is_protected;         /* the machine cannot live without it */
    bool is_new;               /* neither installed nor requested */
    struct sp_error error;     /* code SP_OK: accepted by all who looked */
    uint8_t header_sha256[32]; /* by verify */
    char signing_fpr[41];
    char primary_fpr[41];
};

/* One evidence member. What it proves stands in freshness.h. */
struct sp_piece {
    uint64_t index; /* 1 based, as in the bundle */
    struct sp_report_evidence facts;
    bool judged;               /* a signature: verify reported */
    struct sp_error error;     /* of a signature; SP_OK: good so far */
    uint8_t signed_sha256[32]; /* of repomd.xml, by verify */
    char primary_fpr[41];
};

struct sp_event {
    enum sp_event_kind kind;
    const char *phase;
    uint64_t bytes;       /* so far */
    uint64_t total_bytes; /* 0 while unknown */
    uint64_t packages, total_packages;
    const struct sp_package *package;
};

typedef void (*sp_event_fn)(void *data, const struct sp_event *event);

/* The result of a delivery. sp_outcome_release frees what it holds. */
struct sp_outcome {
    struct sp_error error;  /* code SP_OK: done */
    uint64_t refused_index; /* package that error is about, 0 = none */
    bool published;
    bool nothing_to_do;      /* equal to the current generation, or empty */
    bool repository_touched; /* false: byte for byte what it was */
    uint64_t generation;     /* published, or the current one; 0 = none */
    char delivery[33];       /* id of the history record, "" in inspect */
    char source[192];        /* printable */
    bool service;            /* somebody called us and waits for the end */
    uint32_t stream_kind;    /* enum sp_stream_kind; 0 = not known */
    uint32_t crc32;          /* of a qfile stream */
    struct sp_package *packages;
    uint64_t n_packages;
    struct sp_piece *evidence;
    uint64_t n_evidence;
    struct sp_freshness freshness;
    uint64_t bytes;            /* taken from the carrier */
    uint64_t newest_signature; /* time of the newest accepted one, 0 = none */
    char requests[SP_MAX_REQUESTS][33];
    uint64_t n_requests;
    struct sp_group_line *groups; /* what the builder says, names checked */
    size_t n_groups;
    struct sp_report_jailed jails[SP_WORKER_EVIDENCE + 1]; /* by worker kind */
};

void sp_outcome_release(struct sp_outcome *outcome);

/*
 * Receives from `address` ("file:PATH", "-", ...). The outcome is always
 * filled; its error code is the exit status. `event` may be NULL.
 */
void sp_receive(const struct sp_setup *setup, enum sp_mode mode,
                const char *address, sp_event_fn event, void *data,
                struct sp_outcome *ret);

#endif
