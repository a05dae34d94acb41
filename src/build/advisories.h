/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What repositories say about the packages of a plan: which faults an update
 * mends. A hint for people: nobody signs it, and it decides nothing.
 */
#ifndef SP_BUILD_ADVISORIES_H
#define SP_BUILD_ADVISORIES_H

#include <stdio.h>

#include "build/plan.h"

/* Fields are words of printable ASCII, "-" for what is not told. */
struct sp_advisory {
    char *id, *type, *severity, *date;
    char *fixes;    /* CVE numbers, one space between; may be empty */
    char *packages; /* NEVRAs of the plan, likewise */
};

struct sp_advisories {
    struct sp_advisory *list; /* in the order of their ids */
    size_t n;
};

/*
 * Adds the advisories of one repository (lines of updateinfo.h) that name a
 * package of the plan, which is sorted. Reasons: metadata, no-memory.
 */
int sp_advisories_add(struct sp_advisories *advisories, FILE *untrusted_lines,
                      const struct sp_plan *plan, struct sp_error *err);

void sp_advisories_sort(struct sp_advisories *advisories);
void sp_advisories_release(struct sp_advisories *advisories);

#endif
