/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Deliveries as people read them: what is inside, who signed it and when,
 * what was judged, what it adds up to. Facts of refused packages are not
 * verified; all text is made printable here.
 */
#ifndef SP_CLI_PRESENT_H
#define SP_CLI_PRESENT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "ingest/receive.h"

enum { SP_PRESENT_TIME_MAX = 32 };

/* "2026-11-23 10:00 UTC"; "-" for 0. dst: SP_PRESENT_TIME_MAX bytes. */
void sp_present_time(char *dst, uint64_t when);
/* "3 days"; "-" for 0. dst: SP_PRESENT_TIME_MAX bytes. */
void sp_present_age(char *dst, uint64_t now, uint64_t when);
/* Printable NEVRA; "-" while unknown. */
void sp_present_nevra(char *dst, size_t size, const struct sp_nevra *nevra);

bool sp_present_accepted(const struct sp_package *package);

void sp_present_packages(const struct sp_outcome *outcome, uint64_t now,
                         bool color, FILE *out);
/* Counts, sizes and the age of the newest signature. */
void sp_present_totals(const struct sp_outcome *outcome, uint64_t now,
                       FILE *out);

/* What is new, out of changelogs (changelog.h); "": nothing is known. */
void sp_present_changes(const char *text, FILE *out);

#endif
