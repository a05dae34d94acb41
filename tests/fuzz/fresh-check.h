/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For fuzz-check.c alone. */
#ifndef TESTS_FUZZ_FRESH_CHECK_H
#define TESTS_FUZZ_FRESH_CHECK_H

/* As if the process had just begun. */
void fresh_check(void);

#endif
