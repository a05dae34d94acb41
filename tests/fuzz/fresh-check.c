/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Check lives for one delivery, so it keeps a little of it in statics. Here
 * they are made new for the next one; the files are taken as they are.
 */
#include "tests/fuzz/fresh-check.h"

#include "ingest/check-evidence.c"

void
fresh_check(void)
{
    current = (struct repository){.fd = -1};
}
