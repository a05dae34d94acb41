/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One header and its signature as an OpenPGP message that gpg can verify
 * beside others (RFC 4880 11.3, "One-Pass Signed Message"):
 *
 *   one-pass signature packet, literal packet with the header, signature
 *
 * A binary signature over the header is, unchanged, the signature of this
 * message. All framing is ours; the parts before the header have a fixed
 * size, so that the header streams to its place before the packet is known.
 */
#ifndef SP_INGEST_MESSAGE_H
#define SP_INGEST_MESSAGE_H

#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "bundle/sigpacket.h"

enum {
    SP_ONE_PASS_BYTES = 2 + 13,
    SP_LITERAL_BYTES = 1 + 5 + 6,
    /* The header starts here. */
    SP_MESSAGE_PREFIX_BYTES = SP_ONE_PASS_BYTES + SP_LITERAL_BYTES,
};

void sp_message_prefix(const struct sp_sigpacket *packet, uint32_t header_size,
                       uint8_t dst[SP_MESSAGE_PREFIX_BYTES]);

/*
 * Makes dirfd/to a copy of dirfd/from with bit `bit` (0 to 7) of byte `at` of
 * its header flipped.
 */
int sp_message_spoil(int dirfd, const char *from, const char *to, uint32_t at,
                     unsigned bit, struct sp_error *err);

#endif
