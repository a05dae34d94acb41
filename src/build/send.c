/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build/send.h"

#include <errno.h>
#include <poll.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/io.h"
#include "build/convert.h"
#include "bundle/limits.h"

enum { BUFFER_BYTES = 256 * 1024 };
enum { TICK_MS = 200 }; /* build/hooks.h */

struct relay {
    struct sp_transport *source;
    struct sp_convert convert;
    const struct sp_build_hooks *hooks;
    uint64_t idle_ms; /* 0 = no deadline */
    uint8_t *buf;
};

/* A source without a descriptor cannot be asked: its read may wait. */
static int
wait_for_bytes(const struct relay *r, struct sp_error *err)
{
    struct pollfd polled = {.fd = r->source->fd, .events = POLLIN};
    const uint64_t start = sp_clock_ms();

    while (polled.fd >= 0) {
        int n = poll(&polled, 1, TICK_MS);

        if (n < 0 && errno != EINTR)
            return sp_fail_sys(err, errno, "internal", "cannot poll");
        if (sp_hooks_stopped(r->hooks, err) < 0)
            return -1;
        if (n > 0)
            break;
        if (r->idle_ms > 0 && sp_clock_ms() - start >= r->idle_ms)
            return sp_fail(err, "idle", "nothing came from '%s' for %llu s",
                           r->source->shown,
                           (unsigned long long)(r->idle_ms / 1000));
    }
    return 0;
}

/*
 * Fills the buffer unless the source ends; whole blocks are wanted, but no
 * more is waited for than is there.
 */
static int
read_blocks(const struct relay *r, size_t *ret_len, struct sp_error *err)
{
    size_t len = 0;

    do {
        ssize_t n;

        if (wait_for_bytes(r, err) < 0)
            return -1;
        n = sp_transport_read(r->source, r->buf + len, BUFFER_BYTES - len, err);
        if (n < 0)
            return -1;
        if (n == 0)
            break;
        len += (size_t)n;
    } while (len % SP_TAR_BLOCK != 0);
    *ret_len = len;
    return 0;
}

/* The number of leading bytes that belong to the bundle. */
static int
pass_gate(struct sp_gate *gate, const uint8_t *buf, size_t len, size_t *ret_len,
          struct sp_error *err)
{
    enum sp_gate_block block = SP_GATE_DATA;
    size_t done = 0;

    while (done + SP_TAR_BLOCK <= len && block != SP_GATE_END) {
        if (sp_gate_pass(gate, buf + done, &block, err) < 0)
            return -1;
        done += SP_TAR_BLOCK;
    }
    *ret_len = done;
    return 0;
}

static int
check_end(const struct relay *r, size_t behind, struct sp_error *err)
{
    uint8_t byte;
    ssize_t n = 0;

    if (!(r->source->ops->caps & SP_CAP_KNOWN_END))
        return 0;
    if (behind == 0 && wait_for_bytes(r, err) < 0)
        return -1;
    if (behind == 0)
        n = sp_transport_read(r->source, &byte, 1, err);
    if (n < 0)
        return -1;
    if (behind > 0 || n > 0)
        return sp_fail(err, "trailing-data",
                       "'%s' goes on behind the end of the bundle",
                       r->source->shown);
    return 0;
}

/* The next piece of the source into the outlet; both lengths may be 0. */
static int
carry(struct sp_convert *convert, const uint8_t *buf, size_t len,
      size_t *ret_ours, struct sp_error *err)
{
    if (convert->out->framing == SP_FRAMING_QFILE)
        return sp_convert_blocks(convert, buf, len, ret_ours, err);
    if (pass_gate(convert->gate, buf, len, ret_ours, err) < 0)
        return -1;
    return sp_outlet_data(convert->out, buf, *ret_ours, err);
}

static int
copy(struct relay *r, struct sp_error *err)
{
    struct sp_transport *source = r->source;
    const struct sp_gate *gate = r->convert.gate;
    struct sp_build_progress progress = {.phase = "send",
                                         .total_bytes = source->known_size};

    for (;;) {
        size_t len = 0, ours = 0;

        if (read_blocks(r, &len, err) < 0 ||
            carry(&r->convert, r->buf, len, &ours, err) < 0)
            return -1;
        progress.bytes = r->convert.out->dest->bytes;
        progress.packages = gate->packages;
        sp_hooks_progress(r->hooks, &progress);
        if (gate->last == SP_GATE_END)
            return check_end(r, len - ours, err);
        if (source->ended && source->bytes == 0)
            return sp_fail(err, "empty", "'%s' is empty", source->shown);
        if (ours != len || len == 0)
            return sp_fail(err, "truncated", "'%s' ends inside the bundle",
                           source->shown);
    }
}

/* A bundle ends with its own marker, which was copied. */
static int
carry_all(struct relay *r, struct sp_error *err)
{
    if (sp_transport_start(r->source, err) < 0 || copy(r, err) < 0 ||
        sp_transport_ending(r->source, err) < 0)
        return -1;
    if (r->convert.out->framing == SP_FRAMING_BUNDLE)
        return 0;
    return sp_outlet_end(r->convert.out, err);
}

int
sp_send(struct sp_transport *source, struct sp_outlet *out,
        const struct sp_build_hooks *hooks, unsigned idle_seconds,
        struct sp_error *err)
{
    SP_AUTO_FREE uint8_t *buf = sp_io_buffer(BUFFER_BYTES);
    struct sp_gate gate = {.max_packages = SP_MAX_PACKAGES,
                           .max_member = SP_MAX_MEMBER_BYTES,
                           .max_bytes = SP_MAX_BUNDLE_BYTES};
    struct relay relay = {.source = source,
                          .convert = {.out = out, .gate = &gate},
                          .hooks = hooks,
                          .idle_ms = UINT64_C(1000) * idle_seconds,
                          .buf = buf};
    int status;

    if (!buf)
        return sp_fail(err, "no-memory", "no memory to copy with");
    status = carry_all(&relay, err);
    sp_convert_release(&relay.convert);
    if (status == 0)
        return sp_outlet_finish(out, err);
    /* A medium that is not whole is damaged: another class. */
    if ((source->ops->caps & SP_CAP_MEDIUM) && err &&
        strcmp(err->detail, "truncated") == 0)
        err->code = SP_E_MEDIA;
    return sp_outlet_fault(out, err);
}
