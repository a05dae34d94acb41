/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the processes say to each other: four streams of fixed-size records.
 *
 *   entry stream    unpack -> check    sp_entry + exactly `size` bytes each
 *   message stream  check  -> verify   sp_message + header + packet each
 *   index stream    parent -> index    sp_index_entry alone
 *   report stream   worker -> parent   sp_report alone
 *
 * Both ends are the same build on the same machine, so a record is a struct
 * with explicit widths and no padding (asserted below). The reader trusts
 * nothing: magic, type, order, termination of strings and ranges are checked
 * by sp_*_check before any field is used; an unknown or out-of-order record
 * ends the run.
 */
#ifndef SP_BUNDLE_RECORD_H
#define SP_BUNDLE_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "bundle/groups.h"
#include "bundle/limits.h"

/* ---- entry stream ------------------------------------------------------ */

enum sp_entry_type {
    SP_ENTRY_START = 1, /* first record: `kind`; size, index, name zero */
    SP_ENTRY_FILE = 2,  /* `size` bytes follow */
    SP_ENTRY_END = 3,   /* last record: index = files, size = sum of sizes */
};

enum sp_stream_kind {
    SP_STREAM_BUNDLE = 1, /* entry 0 is MANIFEST */
    SP_STREAM_QFILE = 2,  /* packages alone, `name` is the sender's hint */
    SP_STREAM_RPM = 3,    /* exactly one package, written by the parent */
};

struct sp_entry {
    uint32_t magic;
    uint32_t type;
    uint32_t kind;
    uint32_t reserved; /* zero */
    uint64_t index;    /* 0, 1, 2 ... over SP_ENTRY_FILE */
    uint64_t size;
    char untrusted_name[256]; /* qfile only, NUL terminated; else all zero */
};

void sp_entry_init(struct sp_entry *entry, enum sp_entry_type type,
                   enum sp_stream_kind kind, uint64_t index, uint64_t size);
/* False when the record is malformed in itself. */
bool sp_entry_check(const struct sp_entry *untrusted_entry);

/* ---- message stream ---------------------------------------------------- */

enum sp_message_type {
    SP_MESSAGE_PACKAGE = 1,  /* main header, then the canonical packet */
    SP_MESSAGE_END = 2,      /* index = number of messages before it */
    SP_MESSAGE_EVIDENCE = 3, /* repomd.xml, then the canonical packet; these
                                stand before all packages */
};

struct sp_message {
    uint32_t magic;
    uint32_t type;
    uint64_t index; /* of the package, or of the signature among the
                       evidence; strictly rising in each kind */
    uint32_t header_size;
    uint32_t packet_size;
};

void sp_message_init(struct sp_message *message, enum sp_message_type type,
                     uint64_t index, uint32_t header_size,
                     uint32_t packet_size);
bool sp_message_check(const struct sp_message *untrusted_message);

/* ---- index stream ------------------------------------------------------ */

/* A verified package as it lies in stage/rpm, and what is known of it. */
struct sp_index_entry {
    uint32_t magic;
    uint32_t reserved; /* zero */
    uint64_t bytes;    /* of the file */
    uint64_t time;     /* of the file: when the package was built */
    uint8_t sha256[32];
    char name[256]; /* file name, NUL terminated; strictly rising */
};

void sp_index_entry_init(struct sp_index_entry *entry, const char *name,
                         uint64_t bytes, uint64_t time,
                         const uint8_t sha256[32]);
/* False when the record is malformed in itself: the name is no file name. */
bool sp_index_entry_check(const struct sp_index_entry *untrusted_entry);

/* ---- report stream ----------------------------------------------------- */

enum sp_worker_kind {
    SP_WORKER_UNPACK = 1,
    SP_WORKER_CHECK = 2,
    SP_WORKER_VERIFY = 3,
    SP_WORKER_MAKE_HOME = 4,
    SP_WORKER_INDEX = 5,
    SP_WORKER_EVIDENCE = 6, /* check --evidence */
};

enum sp_report_type {
    SP_REPORT_JAILED = 1,   /* first record of every worker: body.jailed */
    SP_REPORT_PROGRESS = 2, /* unpack: body.progress */
    SP_REPORT_MANIFEST = 3, /* check: body.manifest, once, kind bundle only */
    SP_REPORT_REQUEST = 4,  /* check: body.request, one for each request id */
    SP_REPORT_PACKAGE = 5,  /* check: body.package, in order of index */
    SP_REPORT_VERDICT = 6,  /* verify: body.verdict, in order of index */
    SP_REPORT_KEY = 7,      /* make-home: body.key, one for each (sub)key */
    SP_REPORT_FAULT = 8,    /* last record of a worker that refuses */
    SP_REPORT_DONE = 9,     /* last record of a worker that is content */
    /* check: body.evidence, one for each piece, before all packages */
    SP_REPORT_EVIDENCE = 10,
    /* verify: body.verdict on the signature with this index */
    SP_REPORT_EVIDENCE_VERDICT = 11,
    SP_REPORT_REVISION = 12, /* evidence: body.revision, once, at its end */
    SP_REPORT_LISTED = 13,   /* evidence: body.listed, one for each package */
    /* check: body.group, one for each line of the groups, in their order */
    SP_REPORT_GROUP = 14,
};

/* Zero must mean no. */
enum sp_verdict {
    SP_VERDICT_REFUSED = 0,
    SP_VERDICT_ACCEPTED = 1,
};

/* Why the builder says that a package is in the bundle. Untrusted. */
enum sp_why {
    SP_WHY_NONE = 0,
    SP_WHY_LISTED = 1,     /* named in a list */
    SP_WHY_REQUESTED = 2,  /* named in the request */
    SP_WHY_UPDATE = 3,     /* newer version of an installed package */
    SP_WHY_DEPENDENCY = 4, /* required by another one */
    SP_WHY_WEAK = 5,       /* recommended or supplementing */
    SP_WHY_OBSOLETES = 6,  /* replaces an installed package */
    SP_WHY_MIRROR = 7,     /* the newest of a mirrored repository */
};

const char *sp_why_word(enum sp_why why); /* "listed", ...; "-" for none */
bool sp_why_parse(const char *word, size_t len, enum sp_why *ret);

/* Who a package is, from its main header; strings checked by the walker. */
struct sp_nevra {
    char name[SP_NAME_MAX + 1];
    char version[SP_VERSION_MAX + 1];
    char release[SP_RELEASE_MAX + 1];
    char arch[SP_ARCH_MAX + 1];
    uint8_t reserved[5];
    uint32_t epoch; /* 0 when absent: rpm treats both alike */
};

struct sp_report_jailed {
    uint32_t landlock_abi; /* at least 1 */
    uint32_t seccomp;      /* 1 = kill list, 2 = errno list */
};

struct sp_report_progress {
    uint64_t bytes; /* taken from the carrier so far */
    uint64_t entries;
    uint32_t kind;  /* enum sp_stream_kind, 0 while it is not known */
    uint32_t crc32; /* qfile: of what was taken so far */
};

struct sp_report_manifest {
    uint64_t packages;
    uint64_t evidence;
    uint64_t bytes; /* sum of all member sizes, MANIFEST excluded */
    uint64_t requests;
};

/* What an evidence member is: the values of MANIFEST's words. */
enum sp_evidence {
    SP_EVIDENCE_REPOMD = 1,
    SP_EVIDENCE_SIGNATURE = 2,
    SP_EVIDENCE_PRIMARY = 3,
    SP_EVIDENCE_COMPS = 4,
};

/* One piece of signed metadata. Only a signature can be refused. */
struct sp_report_evidence {
    uint32_t verdict; /* enum sp_verdict of check alone */
    uint32_t kind;    /* enum sp_evidence */
    uint64_t bytes;
    uint64_t signature_time; /* of a signature */
    uint8_t sha256[32];
    char label[65]; /* the repository, says the builder */
    uint8_t reserved[7];
};

/* What signed metadata says of itself. */
struct sp_report_revision {
    uint64_t revision;
    uint64_t packages;         /* listed in primary */
    uint8_t repomd_sha256[32]; /* of what was read */
};

/* One package that signed metadata lists. */
struct sp_report_listed {
    struct sp_nevra nevra;
    uint8_t sha256[32]; /* of the package file */
};

struct sp_report_request {
    char id[33]; /* 32 lower-case hex digits */
    uint8_t reserved[7];
};

/* Facts of one package as check read them: true once verify agrees. */
struct sp_report_package {
    uint32_t verdict;      /* enum sp_verdict of check alone */
    uint32_t why;          /* enum sp_why, untrusted for ever */
    struct sp_nevra nevra; /* empty name: refused before it was known */
    uint8_t header_sha256[32];
    uint8_t issuer[8];   /* key id named by the packet; zero if unknown */
    uint64_t file_bytes; /* of the canonical package */
    uint64_t payload_bytes;
    uint64_t installed_bytes; /* as the header says, 0 if it does not */
    uint64_t build_time;
    uint64_t signature_time;
    uint32_t is_source;
    uint32_t name_noted; /* qfile/rpm: hint differs from the NEVRA */
    uint32_t hash_algo;
    uint32_t pubkey_algo;
    uint8_t file_sha256[32];   /* as received; zero when nobody lists it */
    uint8_t stored_sha256[32]; /* of the canonical package; zero when the
                                  parent did not ask for it */
};

struct sp_report_verdict {
    uint32_t verdict;
    uint32_t reserved;
    uint8_t header_sha256[32]; /* computed by verify itself */
    char signing_fpr[41];
    char primary_fpr[41];
    uint8_t issuer[8];
    uint8_t reserved2[6];
};

struct sp_report_key {
    char fpr[41];         /* 40 upper-case hex digits */
    char primary_fpr[41]; /* equal to fpr for a primary key */
    uint8_t can_sign;
    uint8_t revoked;
    uint8_t expired;
    uint8_t reserved[3];
    uint32_t algo; /* OpenPGP number */
    uint32_t bits;
    uint64_t expires; /* 0 = never */
};

struct sp_report {
    uint32_t magic;
    uint16_t type;
    uint16_t worker;
    uint64_t index; /* PACKAGE, VERDICT: which; DONE: how many; else 0 */
    /* PACKAGE, VERDICT that refuse, and FAULT: the reason. Else empty. */
    char reason[SP_DETAIL_MAX]; /* a word of reason.c */
    int32_t sys;
    uint32_t reserved;
    char message[256]; /* printable */
    union {
        struct sp_report_jailed jailed;
        struct sp_report_progress progress;
        struct sp_report_manifest manifest;
        struct sp_report_request request;
        struct sp_report_package package;
        struct sp_report_verdict verdict;
        struct sp_report_key key;
        struct sp_report_evidence evidence;
        struct sp_report_revision revision;
        struct sp_report_listed listed;
        struct sp_group_line group;
    } body;
};

_Static_assert(sizeof(struct sp_entry) == 288, "sp_entry has no padding");
_Static_assert(sizeof(struct sp_message) == 24, "sp_message has no padding");
_Static_assert(sizeof(struct sp_index_entry) == 312, "no padding");
_Static_assert(sizeof(struct sp_nevra) == 432, "sp_nevra has no padding");
_Static_assert(sizeof(struct sp_report_verdict) == 136, "no padding");
_Static_assert(sizeof(struct sp_report_key) == 104, "no padding");
_Static_assert(sizeof(struct sp_report_evidence) == 128, "no padding");
_Static_assert(sizeof(struct sp_report_revision) == 48, "no padding");
_Static_assert(sizeof(struct sp_report_listed) == 464, "no padding");
_Static_assert(sizeof(struct sp_report) ==
                   312 + sizeof(struct sp_report_package),
               "sp_report has no padding");

void sp_report_init(struct sp_report *report, enum sp_worker_kind worker,
                    enum sp_report_type type);
/* Copies class word and text of a fault into the report. */
void sp_report_set_error(struct sp_report *report, const struct sp_error *err);
/* The reverse. The reason must be known: sp_report_check saw to it. */
void sp_report_get_error(const struct sp_report *report, struct sp_error *err);
/*
 * False when the record is malformed in itself: magic, type, worker, strings
 * not terminated or not printable, unknown reason, flags out of range,
 * verdict and reason in disagreement.
 */
bool sp_report_check(const struct sp_report *untrusted_report,
                     enum sp_worker_kind worker);

#endif
