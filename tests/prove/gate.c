/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any number of any blocks, under any ceilings. */
#include "bundle/gate.h"
#include "bundle/limits.h"

int
main(void)
{
    struct sp_gate gate = {
        .max_packages = Frama_C_unsigned_long_interval(0, SP_MAX_PACKAGES),
        .max_member = Frama_C_unsigned_long_interval(0, SP_MAX_MEMBER_BYTES),
        .max_bytes = Frama_C_unsigned_long_interval(0, SP_MAX_BUNDLE_BYTES),
    };
    struct sp_error err = {0};
    enum sp_gate_block block;
    uint8_t bytes[SP_TAR_BLOCK];

    while (gate.last != SP_GATE_END) {
        Frama_C_make_unknown((char *)bytes, sizeof(bytes));
        if (sp_gate_pass(&gate, bytes, &block, &err) < 0)
            return 1;
    }
    return 0;
}
