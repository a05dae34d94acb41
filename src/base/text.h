/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Untrusted bytes made printable, numbers parsed strictly, hexadecimal.
 * No locale: a byte is printable when it is 0x20 to 0x7e.
 */
#ifndef SP_BASE_TEXT_H
#define SP_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Room for anything that sp_text_show puts into a message. */
enum { SP_SHOWN_MAX = 160 };

/*
 * Copies `untrusted` into dst as printable ASCII: other bytes, and the
 * backslash, become \xNN; what does not fit ends in "...". dst is always
 * terminated. size must be at least 8.
 */
void sp_text_show(char *dst, size_t size, const char *untrusted);
void sp_text_show_bytes(char *dst, size_t size, const void *untrusted,
                        size_t len);

/*
 * Decimal, digits only, no leading zero (except "0" itself), no sign, at most
 * max. The len form needs exactly len digits. False leaves *ret alone.
 */
bool sp_text_u64(const char *s, uint64_t max, uint64_t *ret);
bool sp_text_u64_len(const char *s, size_t len, uint64_t max, uint64_t *ret);

/* Lower-case hexadecimal of len bytes; dst has room for 2 * len + 1. */
void sp_text_hex(char *dst, const uint8_t *bytes, size_t len);

/* The reverse: exactly 2 * len lower-case digits; false leaves dst alone. */
bool sp_text_unhex(uint8_t *dst, size_t len, const char *hex);

/* True when the len bytes are lower-case hexadecimal digits. */
bool sp_text_is_hex(const char *s, size_t len);

/* "12.3 MB" (powers of 1000); size of dst at least 16. */
void sp_text_size(char *dst, size_t size, uint64_t bytes);

#endif
