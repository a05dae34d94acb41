/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build/send.h"

#include "base/auto.h"
#include "bundle/gate.h"
#include "bundle/limits.h"

enum { BUFFER_BYTES = 256 * 1024 };

/*
 * Fills the buffer unless the source ends; whole blocks are wanted, but no
 * more is waited for than is there.
 */
static int
read_blocks(struct sp_transport *source, uint8_t *buf, size_t *ret_len,
            struct sp_error *err)
{
    size_t len = 0;

    do {
        ssize_t n =
            sp_transport_read(source, buf + len, BUFFER_BYTES - len, err);

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
check_end(struct sp_transport *source, size_t behind, struct sp_error *err)
{
    uint8_t byte;
    ssize_t n = 0;

    if (!(source->ops->caps & SP_CAP_KNOWN_END))
        return 0;
    if (behind == 0)
        n = sp_transport_read(source, &byte, 1, err);
    if (n < 0)
        return -1;
    if (behind > 0 || n > 0)
        return sp_fail(err, "trailing-data",
                       "'%s' goes on behind the end of the bundle",
                       source->shown);
    return 0;
}

static int
copy(struct sp_transport *source, struct sp_transport *dest, uint8_t *buf,
     const struct sp_build_hooks *hooks, struct sp_error *err)
{
    struct sp_gate gate = {.max_packages = SP_MAX_PACKAGES,
                           .max_member = SP_MAX_MEMBER_BYTES,
                           .max_bytes = SP_MAX_BUNDLE_BYTES};
    struct sp_build_progress progress = {.phase = "send",
                                         .total_bytes = source->known_size};

    for (;;) {
        size_t len = 0, ours = 0;

        if (sp_hooks_stopped(hooks, err) < 0 ||
            read_blocks(source, buf, &len, err) < 0 ||
            pass_gate(&gate, buf, len, &ours, err) < 0)
            return -1;
        if (ours > 0 && sp_transport_write(dest, buf, ours, err) < 0)
            return -1;
        progress.bytes = dest->bytes;
        progress.packages = gate.packages;
        sp_hooks_progress(hooks, &progress);
        if (gate.last == SP_GATE_END)
            return check_end(source, len - ours, err);
        if (source->ended && source->bytes == 0)
            return sp_fail(err, "empty", "'%s' is empty", source->shown);
        if (ours != len || len == 0)
            return sp_fail(err, "truncated", "'%s' ends inside the bundle",
                           source->shown);
    }
}

int
sp_send(struct sp_transport *source, struct sp_transport *dest,
        const struct sp_build_hooks *hooks, struct sp_error *err)
{
    SP_AUTO_FREE uint8_t *buf = malloc(BUFFER_BYTES);

    if (!buf)
        return sp_fail(err, "no-memory", "no memory to copy with");
    if (copy(source, dest, buf, hooks, err) < 0) {
        /* A medium that is not whole is damaged: another class. */
        if ((source->ops->caps & SP_CAP_MEDIUM) && err &&
            strcmp(err->detail, "truncated") == 0)
            err->code = SP_E_MEDIA;
        return -1;
    }
    return sp_transport_finish(dest, err);
}
