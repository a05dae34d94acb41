/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sallyport-vchan: a keeper and a mover. The keeper talks to xenstore alone,
 * sees the peer domain die and takes down what was put up. The mover sets
 * the vchan up (where the library may crash), is jailed, and moves bytes.
 * The keeper takes only records of a fixed size from it.
 */
#ifndef SP_TRANSPORTS_VCHAN_RUN_H
#define SP_TRANSPORTS_VCHAN_RUN_H

#include "transports/vchan-channel.h"

struct sp_vchan_plan {
    bool serve; /* else connect */
    struct sp_vchan_peer peer;
    struct sp_vchan_pace pace;
    uint64_t wait_ms;   /* for a server that offers */
    uint64_t answer_ms; /* for the answer of the server */
};

/*
 * Returns once it is over. When serving, descriptor 1 is closed before that
 * only behind the end frame: after a fault it ends with this process, so
 * that the reason can be told first.
 */
int sp_vchan_run(const struct sp_vchan_plan *plan, struct sp_error *err);

#endif
