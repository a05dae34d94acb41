/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build/convert.h"

#include <stdlib.h>
#include <string.h>

static int
begin_manifest(struct sp_convert *c, struct sp_error *err)
{
    c->text = malloc((size_t)c->gate->size + 1);
    if (!c->text)
        return sp_fail(err, "no-memory", "no memory for MANIFEST");
    return 0;
}

static int
parse_manifest(struct sp_convert *c, struct sp_error *err)
{
    if (c->parsed)
        return 0;
    if (sp_manifest_parse(c->text, c->have, &c->manifest, err) < 0)
        return -1;
    c->parsed = true;
    return 0;
}

static int
begin_member(struct sp_convert *c, struct sp_error *err)
{
    if (!c->text)
        return begin_manifest(c, err);
    if (parse_manifest(c, err) < 0)
        return -1;
    if (!sp_manifest_next(&c->manifest, &c->member) ||
        c->member.size != c->gate->size)
        return sp_fail(err, "manifest-member",
                       "MANIFEST does not know '%s' as it is", c->gate->name);
    if (c->member.kind != SP_MEMBER_PACKAGE)
        return 0;
    return sp_outlet_package(c->out, ++c->packages, &c->member.nevra,
                             c->member.size, err);
}

static int
take_data(struct sp_convert *c, const uint8_t *data, size_t len,
          struct sp_error *err)
{
    if (!c->parsed) {
        memcpy(c->text + c->have, data, len);
        c->have += len;
        return 0;
    }
    if (c->member.kind != SP_MEMBER_PACKAGE)
        return 0;
    return sp_outlet_data(c->out, data, len, err);
}

static int
check_complete(struct sp_convert *c, struct sp_error *err)
{
    if (parse_manifest(c, err) < 0)
        return -1;
    if (sp_manifest_next(&c->manifest, &c->member))
        return sp_fail(err, "manifest-member",
                       "the bundle has fewer members than its MANIFEST");
    return 0;
}

/* Passes one header or marker, or all data of a member that are here. */
static int
pass(struct sp_convert *c, const uint8_t *buf, size_t len, size_t *ret_len,
     struct sp_error *err)
{
    uint64_t left = c->gate->left;
    size_t done = 0, data;
    enum sp_gate_block block;

    do {
        if (sp_gate_pass(c->gate, buf + done, &block, err) < 0)
            return -1;
        done += SP_TAR_BLOCK;
    } while (block == SP_GATE_DATA && c->gate->left > 0 &&
             len - done >= SP_TAR_BLOCK);
    *ret_len = done;
    if (block == SP_GATE_HEADER)
        return begin_member(c, err);
    if (block == SP_GATE_END)
        return check_complete(c, err);
    data = left < done ? (size_t)left : done;
    return take_data(c, buf, data, err);
}

int
sp_convert_blocks(struct sp_convert *convert, const uint8_t *buf, size_t len,
                  size_t *ret_len, struct sp_error *err)
{
    size_t done = 0;

    while (len - done >= SP_TAR_BLOCK && convert->gate->last != SP_GATE_END) {
        size_t n = 0;

        if (pass(convert, buf + done, len - done, &n, err) < 0)
            return -1;
        done += n;
    }
    *ret_len = done;
    return 0;
}

void
sp_convert_release(struct sp_convert *convert)
{
    free(convert->text);
    convert->text = NULL;
}
