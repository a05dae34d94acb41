/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one canonical ustar header (sallyport-bundle(5)). A header is right
 * when it equals, byte for byte, what sp_tar_header would have written for
 * the same name and size: writer and gate cannot disagree.
 */
#ifndef SP_BUNDLE_TAR_H
#define SP_BUNDLE_TAR_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum { SP_TAR_BLOCK = 512, SP_TAR_NAME_MAX = 99 };

/* name: 1 to 99 bytes; size at most SP_MAX_MEMBER_BYTES. */
void sp_tar_header(uint8_t block[SP_TAR_BLOCK], const char *name,
                   uint64_t size);

/* Zero bytes behind `size` bytes of data: 0 to 511. */
size_t sp_tar_padding(uint64_t size);

/* Member names in their only order: MANIFEST, e0001..., p000001.rpm... */
#define SP_MEMBER_MANIFEST "MANIFEST"
enum { SP_MEMBER_NAME_MAX = 16 };
void sp_member_evidence(char dst[SP_MEMBER_NAME_MAX], uint64_t number);
void sp_member_package(char dst[SP_MEMBER_NAME_MAX], uint64_t number);

#endif
