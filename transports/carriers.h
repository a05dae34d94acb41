/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The carriers: one line each, in the order that help texts show. NAME stands
 * for `const struct sp_transport_ops sp_carrier_NAME` in transports/NAME.c.
 */
#ifndef SP_TRANSPORTS_CARRIERS_H
#define SP_TRANSPORTS_CARRIERS_H

#include "transports/transport.h"

/* clang-format off */
#define SP_CARRIERS(CARRIER) \
    CARRIER(file)  \
    CARRIER(stdio) \
    CARRIER(block) \
    CARRIER(qrexec) \
    CARRIER(qube) \
    CARRIER(vchan)
/* clang-format on */

#define SP_CARRIER_DECLARE(name)                                               \
    extern const struct sp_transport_ops sp_carrier_##name;
SP_CARRIERS(SP_CARRIER_DECLARE)
#undef SP_CARRIER_DECLARE

#endif
