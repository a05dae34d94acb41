/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One end of a vchan, never blocking: whoever is at the other end can write
 * anything into the shared page at any time. Bytes are copied out of the
 * ring once; what libxenvchan says about it is a number within the ring or
 * nothing. Time is counted only while we wait for the peer, and only bytes
 * are progress: neither events nor a changing index keep a session alive.
 */
#ifndef SP_TRANSPORTS_VCHAN_CHANNEL_H
#define SP_TRANSPORTS_VCHAN_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "transports/vchan-peer.h"

/* Zero turns one off. */
struct sp_vchan_pace {
    uint64_t idle_ms;  /* the longest wait for a byte */
    uint64_t rate_ms;  /* after so much waiting in all ... */
    uint64_t rate_bps; /* ... at least so many bytes a second of it */
};

struct libxenvchan;

struct sp_vchan {
    struct libxenvchan *ring;
    uint16_t domid; /* of the peer, for messages */
    struct sp_vchan_pace pace;
    uint64_t waits_since; /* 0 while it does not wait */
    uint64_t waited_ms;   /* in this window */
    uint64_t window_bytes;
};

/*
 * Offers a vchan below `path`; ring_bytes is the size of the ring that the
 * peer writes to. libxenvchan may crash here instead of failing: call it in
 * a process that may.
 */
int sp_vchan_serve(struct sp_vchan *ret, uint16_t domid, const char *path,
                   size_t ring_bytes, struct sp_error *err);

/* Attaches to what a server offers, for at most wait_ms: else "peer-gone". */
int sp_vchan_connect(struct sp_vchan *ret, uint16_t domid, const char *path,
                     uint64_t wait_ms, struct sp_error *err);

/* Enters the jail SP_JAIL_VCHAN: descriptors 0 to 3 and those of the vchan. */
int sp_vchan_jail(const struct sp_vchan *v, struct sp_error *err);

/* A new pace from now on. */
void sp_vchan_set_pace(struct sp_vchan *v, const struct sp_vchan_pace *pace);

/* Bytes moved, 0 when none can be now, -1 when the peer has closed it. */
ssize_t sp_vchan_read(struct sp_vchan *v, void *buf, size_t len);
ssize_t sp_vchan_write(struct sp_vchan *v, const void *buf, size_t len);

/* True when bytes of the peer are there. */
bool sp_vchan_has_bytes(const struct sp_vchan *v);

/*
 * Sleeps until something may have changed on the vchan, or `fd` (-1: none)
 * can be read; spurious ends are normal. *ret_fd tells about the latter.
 * Fails when the peer has used up its time: "idle", "too-slow".
 */
int sp_vchan_sleep(struct sp_vchan *v, int fd, bool *ret_fd,
                   struct sp_error *err);
/* The same while nothing is wanted of the peer: its time stands still. */
int sp_vchan_doze(struct sp_vchan *v, int fd, bool *ret_fd,
                  struct sp_error *err);

#endif
