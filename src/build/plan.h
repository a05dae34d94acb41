/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a solve decided: the packages to download and why, what leaves the
 * machine, what stays behind and why. It crosses a pipe from the solver's
 * jail as lines of text, and the reader believes none of it.
 */
#ifndef SP_BUILD_PLAN_H
#define SP_BUILD_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/lines.h"
#include "build/digest.h"
#include "bundle/record.h"

struct sp_plan_package {
    struct sp_nevra nevra;
    enum sp_why why;
    size_t repo; /* number of the repository that was given to the solver */
    uint64_t size;
    struct sp_digest digest;
    char *location; /* beneath a mirror of the repository */
    char *replaces; /* NEVRAs of installed packages, one space between */
};

enum sp_note_kind {
    SP_NOTE_REMOVED = 1, /* an installed package that leaves */
    SP_NOTE_HELD = 2,    /* a newer package that cannot come */
    SP_NOTE_PROBLEM = 3, /* why there is no solution */
    SP_NOTE_UNMET = 4,   /* a path that only file lists can find */
    SP_NOTE_WATCHED = 5, /* a package that a machine cannot live without */
};

struct sp_plan_note {
    enum sp_note_kind kind;
    char *subject; /* NEVRA or path; "" for a problem */
    char *text;    /* the reason, printable */
};

struct sp_plan {
    struct sp_plan_package *packages;
    size_t n;
    struct sp_plan_note *notes;
    size_t n_notes;
};

/* Both copy what they are given. Reason: no-memory. */
int sp_plan_add(struct sp_plan *plan, const struct sp_plan_package *package,
                struct sp_error *err);
int sp_plan_note(struct sp_plan *plan, enum sp_note_kind kind,
                 const char *subject, const char *text, struct sp_error *err);
size_t sp_plan_count(const struct sp_plan *plan, enum sp_note_kind kind);
uint64_t sp_plan_bytes(const struct sp_plan *plan);

/* By the bytes of name, version, arch: the order does not tell the solver's. */
void sp_plan_sort(struct sp_plan *plan);

/* The same packages by name and version? *ret_missing is one that is not. */
bool sp_plan_equal(const struct sp_plan *a, const struct sp_plan *b,
                   const struct sp_nevra **ret_odd);

void sp_plan_print(const struct sp_plan *plan, struct sp_text *text);
/*
 * The reverse; n_repos bounds the repository numbers. *ret is released by the
 * caller, also after a failure. Reasons: protocol, no-memory.
 */
int sp_plan_parse(const char *untrusted_text, size_t size, size_t n_repos,
                  struct sp_plan *ret, struct sp_error *err);

void sp_plan_release(struct sp_plan *plan);

#endif
