/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bundle/gate.h"

#include <string.h>

#include "base/text.h"
#include "bundle/limits.h"

static bool
zero_from(const uint8_t block[SP_TAR_BLOCK], size_t from)
{
    for (size_t i = from; i < SP_TAR_BLOCK; i++)
        if (block[i] != 0)
            return false;
    return true;
}

static int
pass_data(struct sp_gate *gate, const uint8_t block[SP_TAR_BLOCK],
          struct sp_error *err)
{
    if (gate->left >= SP_TAR_BLOCK) {
        gate->left -= SP_TAR_BLOCK;
        return 0;
    }
    if (!zero_from(block, (size_t)gate->left))
        return sp_fail(err, "member-padding",
                       "the padding behind '%s' is not zero", gate->name);
    gate->left = 0;
    return 0;
}

/* The letter says which member this wants to be; then only one name is right.
 */
static bool
advance(struct sp_gate *gate, const char *untrusted_name)
{
    if (gate->members == 0)
        memcpy(gate->name, SP_MEMBER_MANIFEST, sizeof(SP_MEMBER_MANIFEST));
    else if (untrusted_name[0] == 'e' && gate->packages == 0)
        sp_member_evidence(gate->name, ++gate->evidence);
    else
        sp_member_package(gate->name, ++gate->packages);
    return strcmp(untrusted_name, gate->name) == 0;
}

static int
check_ceilings(const struct sp_gate *gate, uint64_t size, struct sp_error *err)
{
    bool manifest = gate->members == 0;
    uint64_t stored = size + sp_tar_padding(size);

    if (gate->packages > gate->max_packages || gate->evidence > SP_MAX_EVIDENCE)
        return sp_fail(err, "too-many-files", "'%s' is one member too many",
                       gate->name);
    if (manifest && size > SP_MAX_MANIFEST_BYTES)
        return sp_fail(err, "manifest-size", "MANIFEST has %llu bytes",
                       (unsigned long long)size);
    if (!manifest && size > gate->max_member)
        return sp_fail(err, "file-too-large", "'%s' has %llu bytes", gate->name,
                       (unsigned long long)size);
    if (stored > gate->max_bytes - gate->bytes)
        return sp_fail(err, "too-many-bytes",
                       "'%s' goes beyond %llu bytes in all", gate->name,
                       (unsigned long long)gate->max_bytes);
    return 0;
}

static int
pass_header(struct sp_gate *gate, const uint8_t block[SP_TAR_BLOCK],
            struct sp_error *err)
{
    char untrusted_name[SP_TAR_NAME_MAX + 1];
    char shown[SP_SHOWN_MAX];
    uint64_t size;

    if (gate->last == SP_GATE_ZERO)
        return sp_fail(err, "end-marker",
                       "one zero block is followed by something else");
    if (!sp_tar_read(block, untrusted_name, &size)) {
        if (gate->members == 0 && !sp_tar_has_magic(block))
            return sp_fail(err, "not-a-bundle",
                           "this is no bundle: it does not begin with a tar "
                           "header");
        return sp_fail(err, "noncanonical-header",
                       "the header at byte %llu is not canonical",
                       (unsigned long long)(gate->bytes - SP_TAR_BLOCK));
    }
    if (!advance(gate, untrusted_name)) {
        sp_text_show(shown, sizeof(shown), untrusted_name);
        return sp_fail(err, "member-name", "'%s' may not be member %llu", shown,
                       (unsigned long long)gate->members + 1);
    }
    if (check_ceilings(gate, size, err) < 0)
        return -1;
    gate->members++;
    gate->payload += size;
    gate->size = size;
    gate->left = size;
    return 0;
}

static enum sp_gate_block
kind_of(const struct sp_gate *gate, const uint8_t block[SP_TAR_BLOCK])
{
    if (gate->left > 0)
        return SP_GATE_DATA;
    if (!zero_from(block, 0))
        return SP_GATE_HEADER;
    return gate->last == SP_GATE_ZERO ? SP_GATE_END : SP_GATE_ZERO;
}

int
sp_gate_pass(struct sp_gate *gate, const uint8_t untrusted_block[SP_TAR_BLOCK],
             enum sp_gate_block *ret_block, struct sp_error *err)
{
    enum sp_gate_block kind = kind_of(gate, untrusted_block);
    int status = 0;

    if (gate->last == SP_GATE_END)
        SP_BUG("a block behind the end marker");
    if (gate->max_bytes < SP_TAR_BLOCK ||
        gate->bytes > gate->max_bytes - SP_TAR_BLOCK)
        return sp_fail(err, "too-many-bytes", "more than %llu bytes in all",
                       (unsigned long long)gate->max_bytes);
    gate->bytes += SP_TAR_BLOCK;
    if (kind == SP_GATE_DATA)
        status = pass_data(gate, untrusted_block, err);
    else if (kind == SP_GATE_HEADER)
        status = pass_header(gate, untrusted_block, err);
    else if (gate->members == 0)
        status =
            sp_fail(err, "empty", "there is no bundle: zero bytes come first");
    if (status < 0)
        return -1;
    gate->last = kind;
    *ret_block = kind;
    return 0;
}
