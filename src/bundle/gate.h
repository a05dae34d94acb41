/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The gate between a carrier and the archive library: every 512-byte block of
 * a bundle passes here before the library sees it. A header passes only when
 * it is the one canonical header (tar.h) of the one member that may come
 * next, so the library never meets another dialect, type or name.
 *
 * A pure state machine: no I/O, no allocation; the next block in, what it is
 * out. Its input is hostile.
 */
#ifndef SP_BUNDLE_GATE_H
#define SP_BUNDLE_GATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "bundle/tar.h"

enum sp_gate_block {
    SP_GATE_HEADER = 1, /* a member begins: ->name, ->size */
    SP_GATE_DATA = 2,   /* of that member; its padding passed too */
    SP_GATE_ZERO = 3,   /* the first block of the end marker */
    SP_GATE_END = 4,    /* the second one: the bundle is complete */
};

struct sp_gate {
    /* Set before the first block. */
    uint64_t max_packages;
    uint64_t max_member; /* bytes of one member, MANIFEST apart */
    uint64_t max_bytes;  /* of the whole bundle */

    /* To be read only. */
    enum sp_gate_block last; /* 0 before the first block */
    uint64_t bytes;          /* passed so far */
    uint64_t members;        /* MANIFEST included */
    uint64_t evidence, packages;
    uint64_t payload;              /* sum of the member sizes */
    char name[SP_MEMBER_NAME_MAX]; /* of the member that passes */
    uint64_t size;
    uint64_t left; /* of its data */
};

/*
 * Judges the next block. Nothing may follow SP_GATE_END: calling again is
 * our own fault. Reasons: empty, not-a-bundle, noncanonical-header,
 * member-name, member-padding, end-marker, manifest-size, too-many-files,
 * too-many-bytes, file-too-large.
 */
int sp_gate_pass(struct sp_gate *gate,
                 const uint8_t untrusted_block[SP_TAR_BLOCK],
                 enum sp_gate_block *ret_block, struct sp_error *err);

#endif
