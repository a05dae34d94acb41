/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The algorithm of rpm's rpmio/rpmvercmp.c, told by its segments. */
#include "base/evr.h"

#include <stdbool.h>
#include <string.h>

#include "base/banned.h"

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool
is_alpha(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static const char *
skip_separators(const char *s)
{
    while (*s && !is_digit(*s) && !is_alpha(*s) && *s != '~' && *s != '^')
        s++;
    return s;
}

static size_t
run(const char *s, bool (*member)(char))
{
    size_t n = 0;

    while (member(s[n]))
        n++;
    return n;
}

static int
sign(int x)
{
    return (x > 0) - (x < 0);
}

static int
compare_digits(const char *a, size_t len_a, const char *b, size_t len_b)
{
    for (; len_a > 0 && *a == '0'; a++)
        len_a--;
    for (; len_b > 0 && *b == '0'; b++)
        len_b--;
    if (len_a != len_b)
        return len_a < len_b ? -1 : 1;
    return sign(memcmp(a, b, len_a));
}

static int
compare_letters(const char *a, size_t len_a, const char *b, size_t len_b)
{
    int order = sign(memcmp(a, b, len_a < len_b ? len_a : len_b));

    if (order != 0 || len_a == len_b)
        return order;
    return len_a < len_b ? -1 : 1;
}

/*
 * One step at a tilde (older than anything, even the end) or a caret (newer
 * than the end, older than any further segment). True when it decides.
 */
static bool
marks_decide(char a, char b, int *ret_order)
{
    if ((a == '~') != (b == '~')) {
        *ret_order = a == '~' ? -1 : 1;
        return true;
    }
    if ((a == '^') != (b == '^')) {
        bool a_is_newer = a == '^' ? b == '\0' : a != '\0';

        *ret_order = a_is_newer ? 1 : -1;
        return true;
    }
    return false;
}

int
sp_evr_compare_version(const char *a, const char *b)
{
    while (*a || *b) {
        size_t len_a, len_b;
        bool digits;
        int order;

        a = skip_separators(a);
        b = skip_separators(b);
        if (marks_decide(*a, *b, &order))
            return order;
        if (*a == '~' || *a == '^') {
            a++;
            b++;
            continue;
        }
        if (!*a || !*b)
            break;
        digits = is_digit(*a);
        len_a = run(a, digits ? is_digit : is_alpha);
        len_b = run(b, digits ? is_digit : is_alpha);
        if (len_b == 0) /* numbers are newer than letters */
            return digits ? 1 : -1;
        order = digits ? compare_digits(a, len_a, b, len_b)
                       : compare_letters(a, len_a, b, len_b);
        if (order != 0)
            return order;
        a += len_a;
        b += len_b;
    }
    return (*a != '\0') - (*b != '\0');
}

int
sp_evr_compare(uint32_t epoch_a, const char *version_a, const char *release_a,
               uint32_t epoch_b, const char *version_b, const char *release_b)
{
    int order;

    if (epoch_a != epoch_b)
        return epoch_a < epoch_b ? -1 : 1;
    order = sp_evr_compare_version(version_a, version_b);
    return order ? order : sp_evr_compare_version(release_a, release_b);
}
