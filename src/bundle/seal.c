/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bundle/seal.h"

#include "base/sha256.h"
#include "base/text.h"

void
sp_seal(struct sp_text *text)
{
    uint8_t digest[SP_SHA256_BYTES];
    char hex[SP_SHA256_HEX];

    if (text->failed)
        return;
    sp_sha256(text->bytes, text->size, digest);
    sp_text_hex(hex, digest, sizeof(digest));
    sp_text_add(text, "end %s\n", hex);
}
