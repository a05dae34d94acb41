/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one canonical ustar header (sallyport-bundle(5)). A header is right
 * when it equals, byte for byte, what sp_tar_header would have written for
 * the same name and size: writer and gate cannot disagree.
 */
#ifndef SP_BUNDLE_TAR_H
#define SP_BUNDLE_TAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum { SP_TAR_BLOCK = 512, SP_TAR_NAME_MAX = 99, SP_TAR_SIZE_DIGITS = 11 };

/* name: 1 to 99 bytes; size at most SP_MAX_MEMBER_BYTES. */
void sp_tar_header(uint8_t block[SP_TAR_BLOCK], const char *name,
                   uint64_t size);

/*
 * The reverse: true when the block is what sp_tar_header writes for the name
 * and the size that it carries. Says nothing about which names are good.
 */
bool sp_tar_read(const uint8_t untrusted_block[SP_TAR_BLOCK],
                 char ret_name[SP_TAR_NAME_MAX + 1], uint64_t *ret_size);

/* Some tar header, ours or another dialect: for a better message only. */
bool sp_tar_has_magic(const uint8_t untrusted_block[SP_TAR_BLOCK]);

/* Zero bytes behind `size` bytes of data: 0 to 511. */
size_t sp_tar_padding(uint64_t size);

/* Member names in their only order: MANIFEST, e0001..., p000001.rpm... */
#define SP_MEMBER_MANIFEST "MANIFEST"
enum { SP_MEMBER_NAME_MAX = 16 };
void sp_member_evidence(char dst[SP_MEMBER_NAME_MAX], uint64_t number);
void sp_member_package(char dst[SP_MEMBER_NAME_MAX], uint64_t number);

#endif
