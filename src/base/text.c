/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/text.h"

#include <stdio.h>
#include <string.h>

#include "base/banned.h"

static const char digits[] = "0123456789abcdef";

void
sp_text_show_bytes(char *dst, size_t size, const void *untrusted, size_t len)
{
    const unsigned char *p = untrusted;
    const size_t end = size - 4; /* always room for "..." and NUL */
    size_t room = end;

    memset(dst, 0, size);
    for (size_t i = 0; i < len; i++) {
        bool plain = p[i] >= 0x20 && p[i] <= 0x7e && p[i] != '\\';

        if (plain && room >= 1) {
            dst[end - room] = (char)p[i];
            room -= 1;
        } else if (!plain && room >= 4) {
            dst[end - room] = '\\';
            dst[end - room + 1] = 'x';
            dst[end - room + 2] = digits[p[i] >> 4];
            dst[end - room + 3] = digits[p[i] & 15];
            room -= 4;
        } else {
            memset(dst + (end - room), '.', 3);
            return;
        }
    }
}

void
sp_text_show(char *dst, size_t size, const char *untrusted)
{
    sp_text_show_bytes(dst, size, untrusted, strlen(untrusted));
}

bool
sp_text_u64_len(const char *s, size_t len, uint64_t max, uint64_t *ret)
{
    uint64_t value = 0;

    if (len == 0 || len > 20 || (len > 1 && s[0] == '0'))
        return false;
    for (size_t i = 0; i < len; i++) {
        unsigned digit = (unsigned)(unsigned char)s[i] - '0';

        if (digit > 9 || value > (UINT64_MAX - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    if (value > max)
        return false;
    *ret = value;
    return true;
}

bool
sp_text_u64(const char *s, uint64_t max, uint64_t *ret)
{
    return sp_text_u64_len(s, strlen(s), max, ret);
}

void
sp_text_hex(char *dst, const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        dst[2 * i] = digits[bytes[i] >> 4];
        dst[2 * i + 1] = digits[bytes[i] & 15];
    }
    dst[2 * len] = '\0';
}

static int
nibble(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return -1;
}

bool
sp_text_is_hex(const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (nibble(s[i]) < 0)
            return false;
    return true;
}

bool
sp_text_unhex(uint8_t *dst, size_t len, const char *hex)
{
    if (strlen(hex) != 2 * len || !sp_text_is_hex(hex, 2 * len))
        return false;
    for (size_t i = 0; i < len; i++)
        dst[i] = (uint8_t)((unsigned)nibble(hex[2 * i]) << 4 |
                           (unsigned)nibble(hex[2 * i + 1]));
    return true;
}

void
sp_text_size(char *dst, size_t size, uint64_t bytes)
{
    static const char *const units[] = {"kB", "MB", "GB", "TB", "PB", "EB"};
    uint64_t scaled = bytes;
    size_t unit = 0;

    if (bytes < 1000) {
        (void)snprintf(dst, size, "%u B", (unsigned)bytes);
        return;
    }
    while (scaled >= 1000 * 1000 && unit + 1 < sizeof(units) / sizeof(*units)) {
        scaled /= 1000;
        unit++;
    }
    (void)snprintf(dst, size, "%u.%u %s", (unsigned)(scaled / 1000),
                   (unsigned)(scaled % 1000 / 100), units[unit]);
}
