/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>

_Noreturn void
fuzz_broken(const char *file, int line, const char *what)
{
    (void)fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
    abort();
}

void
fuzz_refused(const struct sp_error *err)
{
    const struct sp_reason *reason;
    size_t len = strnlen(err->msg, sizeof(err->msg));

    FUZZ_CHECK(strnlen(err->detail, sizeof(err->detail)) < sizeof(err->detail));
    reason = sp_reason_find(err->detail);
    FUZZ_CHECK(reason && reason->code == err->code && err->code != SP_OK);
    FUZZ_CHECK(len > 0 && len < sizeof(err->msg));
    for (size_t i = 0; i < len; i++)
        FUZZ_CHECK(err->msg[i] >= 0x20 && err->msg[i] <= 0x7e);
}

void
fuzz_fix_checksum(uint8_t block[512])
{
    enum { CHECKSUM = 148, WIDTH = 8, DIGITS = 6 };
    unsigned sum = 0;

    memset(block + CHECKSUM, ' ', WIDTH);
    for (size_t i = 0; i < 512; i++)
        sum += block[i];
    for (size_t i = DIGITS; i > 0; i--, sum /= 8)
        block[CHECKSUM + i - 1] = (uint8_t)('0' + sum % 8);
    block[CHECKSUM + DIGITS] = '\0';
}

char *
fuzz_text(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);

    if (!text)
        abort();
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    return text;
}
