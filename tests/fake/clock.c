/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For LD_PRELOAD: the clock of the program that is started, and of nobody
 * else, is CLOCK_OFFSET seconds off, or stands at CLOCK_AT.
 */
#include <stdlib.h>
#include <time.h>

time_t
time(time_t *ret)
{
    const char *offset = getenv("CLOCK_OFFSET");
    const char *at = getenv("CLOCK_AT");
    struct timespec now;

    (void)clock_gettime(CLOCK_REALTIME, &now);
    if (offset)
        now.tv_sec += atol(offset);
    if (at)
        now.tv_sec = atol(at);
    if (ret)
        *ret = now.tv_sec;
    return now.tv_sec;
}
