/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A bundle into an outlet of the other framing, block by block: MANIFEST
 * tells the names, evidence is left out.
 */
#ifndef SP_BUILD_CONVERT_H
#define SP_BUILD_CONVERT_H

#include "build/outlet.h"
#include "bundle/gate.h"
#include "bundle/manifest.h"

struct sp_convert {
    struct sp_outlet *out;
    struct sp_gate *gate; /* its limits are set */
    char *text;           /* MANIFEST */
    size_t have;
    bool parsed;
    struct sp_manifest manifest;
    struct sp_member member; /* that passes */
    uint64_t packages;
};

/*
 * Takes whole blocks up to the end of the bundle; *ret_len is how much of
 * them belongs to it. Reasons: those of gate, MANIFEST and outlet.
 */
int sp_convert_blocks(struct sp_convert *convert, const uint8_t *buf,
                      size_t len, size_t *ret_len, struct sp_error *err);

void sp_convert_release(struct sp_convert *convert);

#endif
