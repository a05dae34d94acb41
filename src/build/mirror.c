/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build/mirror.h"

#include <strings.h>

/* Below this much nothing is known about the speed of a mirror. */
enum { ENOUGH_BYTES = 1024 * 1024, LOCATION_MAX = 1023 };
/* A mirror this many times slower than the fastest waits for its turn. */
enum { SLOW_FACTOR = 4, COMPARED = 3, PATIENCE_MS = 5000 };

int
sp_mirrors_add(struct sp_mirrors *mirrors, const char *base,
               struct sp_error *err)
{
    size_t len = strlen(base);
    struct sp_mirror *mirror = &mirrors->list[mirrors->n];
    char *copy = NULL;

    if (mirrors->n >= SP_MIRRORS_MAX)
        return 0;
    if (asprintf(&copy, "%s%s", base,
                 len > 0 && base[len - 1] == '/' ? "" : "/") < 0)
        return sp_fail(err, "no-memory", "no memory for the mirrors");
    for (size_t i = 0; i < mirrors->n; i++) {
        if (strcmp(mirrors->list[i].base, copy) == 0) {
            free(copy);
            return 0;
        }
    }
    *mirror = (struct sp_mirror){
        .base = copy, .is_https = strncasecmp(copy, "https:", 6) == 0};
    mirrors->n++;
    return 0;
}

/* Bytes a second, 0 = not known. */
static uint64_t
speed(const struct sp_mirror *mirror)
{
    if (mirror->bytes < ENOUGH_BYTES)
        return 0;
    return mirror->bytes / (mirror->ms / 1000 + 1);
}

static uint64_t
best_speed(const struct sp_mirrors *mirrors)
{
    uint64_t best = 0;

    for (size_t i = 0; i < mirrors->n; i++)
        if (speed(&mirrors->list[i]) > best)
            best = speed(&mirrors->list[i]);
    return best;
}

/* What is not known is not slow: it gets its chance. */
static bool
is_slow(const struct sp_mirror *mirror, uint64_t best)
{
    uint64_t own = speed(mirror);

    return own > 0 && own < best / SLOW_FACTOR;
}

int
sp_mirrors_choose(const struct sp_mirrors *mirrors, uint64_t tried)
{
    uint64_t best = best_speed(mirrors);
    int chosen = SP_MIRROR_NONE;

    for (size_t i = 0; i < mirrors->n; i++) {
        const struct sp_mirror *m = &mirrors->list[i];
        const struct sp_mirror *c = chosen < 0 ? NULL : &mirrors->list[chosen];

        if (tried & (UINT64_C(1) << i))
            continue;
        if (!c || m->faults < c->faults ||
            (m->faults == c->faults && is_slow(c, best) && !is_slow(m, best)))
            chosen = (int)i;
    }
    return chosen;
}

int
sp_mirrors_spread(struct sp_mirrors *mirrors, uint64_t tried, uint64_t size)
{
    int chosen = sp_mirrors_choose(mirrors, tried);

    if (chosen == SP_MIRROR_NONE || size < ENOUGH_BYTES)
        return chosen;
    for (size_t i = 0; i < mirrors->n && i < COMPARED; i++) {
        struct sp_mirror *m = &mirrors->list[i];

        if (m->is_asked || (tried & (UINT64_C(1) << i)) ||
            m->faults > mirrors->list[chosen].faults)
            continue;
        m->is_asked = true;
        return (int)i;
    }
    return chosen;
}

bool
sp_mirrors_lags(const struct sp_mirrors *mirrors, int which, uint64_t tried,
                uint64_t bytes, uint64_t ms)
{
    uint64_t own = bytes * 1000 / (ms + 1);

    if (ms < PATIENCE_MS)
        return false;
    for (size_t i = 0; i < mirrors->n; i++) {
        const struct sp_mirror *other = &mirrors->list[i];

        if ((int)i != which && !(tried & (UINT64_C(1) << i)) &&
            other->faults <= mirrors->list[which].faults &&
            own < speed(other) / SLOW_FACTOR)
            return true;
    }
    return false;
}

void
sp_mirrors_fault(struct sp_mirrors *mirrors, int which)
{
    mirrors->list[which].faults++;
}

void
sp_mirrors_sent(struct sp_mirrors *mirrors, int which, uint64_t bytes,
                uint64_t ms)
{
    mirrors->list[which].bytes += bytes;
    mirrors->list[which].ms += ms;
}

char *
sp_mirrors_url(const struct sp_mirrors *mirrors, int which,
               const char *location)
{
    char *url = NULL;

    if (asprintf(&url, "%s%s", mirrors->list[which].base, location) < 0)
        return NULL;
    return url;
}

/* The component begins at s: ".", ".." and "" are none. */
static bool
component_ok(const char *s)
{
    size_t len = strcspn(s, "/");

    return len > 0 && !(len == 1 && s[0] == '.') &&
           !(len == 2 && s[0] == '.' && s[1] == '.');
}

/* "%2e%2e" and "%2f" say the same to many servers. */
static bool
hides_a_path(const char *s)
{
    return s[0] == '%' && s[1] == '2' && s[2] && strchr("eEfF", s[2]);
}

bool
sp_mirror_location_ok(const char *untrusted_location)
{
    const char *s = untrusted_location;
    bool begins = true;

    if (!*s || strlen(s) > LOCATION_MAX)
        return false;
    for (; *s; s++) {
        if (*s <= 0x20 || *s >= 0x7f || strchr("\\?#\"<>", *s) ||
            hides_a_path(s) || (begins && !component_ok(s)))
            return false;
        begins = *s == '/';
    }
    /* A scheme has its colon before the first slash. */
    if (strcspn(untrusted_location, ":") < strcspn(untrusted_location, "/"))
        return false;
    return !begins;
}

bool
sp_mirror_base_ok(const char *untrusted_base)
{
    const char *s = untrusted_base;
    const char *host = strstr(s, "://");
    size_t len = host ? strcspn(host + 3, "/") : 0;

    if (strncasecmp(s, "http://", 7) != 0 && strncasecmp(s, "https://", 8) != 0)
        return false;
    if (len == 0 || memchr(host + 3, '@', len) || strpbrk(s, "?#\"<>\\"))
        return false;
    for (const char *p = s; *p; p++)
        if (*p <= 0x20 || *p >= 0x7f)
            return false;
    return s[strlen(s) - 1] == '/';
}

void
sp_mirrors_release(struct sp_mirrors *mirrors)
{
    for (size_t i = 0; i < mirrors->n; i++)
        free(mirrors->list[i].base);
    *mirrors = (struct sp_mirrors){0};
}
