/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Version comparison exactly as rpm does it (rpmvercmp, with ~ and ^). */
#ifndef SP_BASE_EVR_H
#define SP_BASE_EVR_H

#include <stdint.h>

/* <0, 0, >0 as a is older than, equal to, newer than b. */
int sp_evr_compare_version(const char *a, const char *b);

/* Epoch first, then version, then release. */
int sp_evr_compare(uint32_t epoch_a, const char *version_a,
                   const char *release_a, uint32_t epoch_b,
                   const char *version_b, const char *release_b);

#endif
