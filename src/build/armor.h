/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ASCII armor (RFC 4880 6.2) of a detached signature. */
#ifndef SP_BUILD_ARMOR_H
#define SP_BUILD_ARMOR_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/*
 * Decodes the one "PGP SIGNATURE" block of the text, checksum included, into
 * dst. What is not armored, and so begins with a packet, is copied. Reason:
 * sig-packet.
 */
int sp_armor_decode(const char *untrusted, size_t len, uint8_t *dst,
                    size_t size, size_t *ret_len, struct sp_error *err);

#endif
