/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build/send.h"

#include "base/auto.h"
#include "build/convert.h"
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
copy(struct sp_transport *source, struct sp_convert *convert, uint8_t *buf,
     const struct sp_build_hooks *hooks, struct sp_error *err)
{
    const struct sp_gate *gate = convert->gate;
    struct sp_build_progress progress = {.phase = "send",
                                         .total_bytes = source->known_size};

    for (;;) {
        size_t len = 0, ours = 0;

        if (sp_hooks_stopped(hooks, err) < 0 ||
            read_blocks(source, buf, &len, err) < 0 ||
            carry(convert, buf, len, &ours, err) < 0)
            return -1;
        progress.bytes = convert->out->dest->bytes;
        progress.packages = gate->packages;
        sp_hooks_progress(hooks, &progress);
        if (gate->last == SP_GATE_END)
            return check_end(source, len - ours, err);
        if (source->ended && source->bytes == 0)
            return sp_fail(err, "empty", "'%s' is empty", source->shown);
        if (ours != len || len == 0)
            return sp_fail(err, "truncated", "'%s' ends inside the bundle",
                           source->shown);
    }
}

/* A bundle ends with its own marker, which was copied. */
static int
carry_all(struct sp_transport *source, struct sp_convert *convert, uint8_t *buf,
          const struct sp_build_hooks *hooks, struct sp_error *err)
{
    if (sp_transport_start(source, err) < 0 ||
        copy(source, convert, buf, hooks, err) < 0 ||
        sp_transport_ending(source, err) < 0)
        return -1;
    if (convert->out->framing == SP_FRAMING_BUNDLE)
        return 0;
    return sp_outlet_end(convert->out, err);
}

int
sp_send(struct sp_transport *source, struct sp_outlet *out,
        const struct sp_build_hooks *hooks, struct sp_error *err)
{
    SP_AUTO_FREE uint8_t *buf = malloc(BUFFER_BYTES);
    struct sp_gate gate = {.max_packages = SP_MAX_PACKAGES,
                           .max_member = SP_MAX_MEMBER_BYTES,
                           .max_bytes = SP_MAX_BUNDLE_BYTES};
    struct sp_convert convert = {.out = out, .gate = &gate};
    int status;

    if (!buf)
        return sp_fail(err, "no-memory", "no memory to copy with");
    status = carry_all(source, &convert, buf, hooks, err);
    sp_convert_release(&convert);
    if (status == 0)
        return sp_outlet_finish(out, err);
    /* A medium that is not whole is damaged: another class. */
    if ((source->ops->caps & SP_CAP_MEDIUM) && err &&
        strcmp(err->detail, "truncated") == 0)
        err->code = SP_E_MEDIA;
    return sp_outlet_fault(out, err);
}
