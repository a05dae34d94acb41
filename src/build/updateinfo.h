/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * updateinfo.xml to lines (build/advisories.h reads them): runs in the jail of
 * sallyport-metadata.
 *
 *   advisory ID TYPE SEVERITY DATE      "-" for what is not told
 *   fixes CVE
 *   package NAME EPOCH VERSION RELEASE ARCH
 */
#ifndef SP_BUILD_UPDATEINFO_H
#define SP_BUILD_UPDATEINFO_H

#include <stddef.h>

#include "base/error.h"

struct sp_updateinfo;

/* `emit` gets lines. NULL without memory. */
struct sp_updateinfo *sp_updateinfo_open(
    unsigned long salt,
    int (*emit)(void *data, const char *text, size_t len, struct sp_error *err),
    void *data);
void sp_updateinfo_close(struct sp_updateinfo *info);

/* len 0: the end. Reasons: metadata, no-memory, and those of emit. */
int sp_updateinfo_feed(struct sp_updateinfo *info, const void *untrusted,
                       size_t len, struct sp_error *err);

#endif
