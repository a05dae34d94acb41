/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the other side of a carrier answers, understood. */
#ifndef SP_BUILD_HEAR_H
#define SP_BUILD_HEAR_H

#include "transports/transport.h"

/*
 * Waits for the answer: a line (base/reply.h) or a result (bundle/qfile.h).
 * crc32: of the qfile stream that was sent. 0 = the other side has taken it,
 * or the carrier has no way back.
 */
int sp_hear(struct sp_transport *dest, uint32_t crc32, struct sp_error *err);

#endif
