/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The last word to the sender, in the language that it spoke: one line for a
 * bundle (base/reply.h), a result record for a qfile stream, and for one that
 * was refused before its framing was known (bundle/qfile.h).
 */
#ifndef SP_INGEST_REPLY_H
#define SP_INGEST_REPLY_H

#include "ingest/receive.h"
#include "transports/transport.h"

int sp_reply_to_sender(struct sp_transport *source,
                       const struct sp_outcome *outcome, struct sp_error *err);

#endif
