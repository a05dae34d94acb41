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

static int
pass_zero(struct sp_gate *gate, struct sp_error *err)
{
    if (gate->members == 0)
        return sp_fail(err, "empty",
                       "there is no bundle: zero bytes come first");
    return 0;
}

/* The member that a name means here; false when it may not come next. */
static bool
advance(struct sp_gate *gate, const char *untrusted_name)
{
    char name[SP_MEMBER_NAME_MAX];

    if (gate->members == 0) {
        memcpy(gate->name, SP_MEMBER_MANIFEST, sizeof(SP_MEMBER_MANIFEST));
        return strcmp(untrusted_name, gate->name) == 0;
    }
    sp_member_package(name, gate->packages + 1);
    if (strcmp(untrusted_name, name) == 0) {
        gate->packages++;
        memcpy(gate->name, name, sizeof(name));
        return true;
    }
    sp_member_evidence(name, gate->evidence + 1);
    if (gate->packages > 0 || strcmp(untrusted_name, name) != 0)
        return false;
    gate->evidence++;
    memcpy(gate->name, name, sizeof(name));
    return true;
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

int
sp_gate_pass(struct sp_gate *gate, const uint8_t untrusted_block[SP_TAR_BLOCK],
             enum sp_gate_block *ret_block, struct sp_error *err)
{
    enum sp_gate_block block = SP_GATE_HEADER;
    int status;

    if (gate->last == SP_GATE_END)
        SP_BUG("a block behind the end marker");
    if (gate->max_bytes < SP_TAR_BLOCK ||
        gate->bytes > gate->max_bytes - SP_TAR_BLOCK)
        return sp_fail(err, "too-many-bytes", "more than %llu bytes in all",
                       (unsigned long long)gate->max_bytes);
    gate->bytes += SP_TAR_BLOCK;
    if (gate->left > 0)
        block = SP_GATE_DATA;
    else if (zero_from(untrusted_block, 0))
        block = gate->last == SP_GATE_ZERO ? SP_GATE_END : SP_GATE_ZERO;
    else if (gate->last == SP_GATE_ZERO)
        return sp_fail(err, "end-marker",
                       "one zero block is followed by something else");

    if (block == SP_GATE_DATA)
        status = pass_data(gate, untrusted_block, err);
    else if (block == SP_GATE_HEADER)
        status = pass_header(gate, untrusted_block, err);
    else
        status = pass_zero(gate, err);
    if (status < 0)
        return -1;
    gate->last = block;
    *ret_block = block;
    return 0;
}
