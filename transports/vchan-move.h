/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The two directions of a delivery over a vchan that is set up, run inside
 * the jail: no file, no memory, no process is asked for here.
 */
#ifndef SP_TRANSPORTS_VCHAN_MOVE_H
#define SP_TRANSPORTS_VCHAN_MOVE_H

#include "transports/vchan-channel.h"

/*
 * Trusted side: frames of the peer to descriptor 1, until the end frame or
 * until the answer is there; then the answer line from descriptor 0 to the
 * peer. No answer before the end of descriptor 0: none is given.
 * `ended` is called once the end frame was seen and descriptor 1 is closed.
 */
int sp_vchan_receive(struct sp_vchan *v, void (*ended)(void),
                     struct sp_error *err);

/*
 * Networked side: descriptor 0 in frames to the peer, its answer line to
 * descriptor 1. The line may come early: then nothing more is sent. The peer
 * may take answer_ms for it.
 */
int sp_vchan_send(struct sp_vchan *v, uint64_t answer_ms, struct sp_error *err);

#endif
