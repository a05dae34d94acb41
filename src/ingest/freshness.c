/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ingest/freshness.h"

#include <inttypes.h>

enum { DAY = 86400 };

int
sp_freshness_judge(uint64_t known, uint64_t max_age, uint64_t now,
                   struct sp_error *err)
{
    if (max_age == 0 || known == 0 || now <= known || now - known <= max_age)
        return 0;
    return sp_fail(err, "too-old",
                   "the newest thing known here is %" PRIu64
                   " days old, the policy allows %" PRIu64,
                   (now - known) / DAY, max_age / DAY);
}
