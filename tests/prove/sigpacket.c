/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any packet of any length. The blob stands at the end of its array: a byte
 * read behind it is an alarm for every length at once.
 */
#include "bundle/sigpacket.c" /* for parse(), which takes a cursor */

enum { ROOM = 2 * SP_SIG_MAX_BYTES };
static uint8_t blob[ROOM];
static uint8_t encoded[SP_SIGPACKET_ENCODED_MAX];

static void
use(const struct sp_sigpacket *packet)
{
    static const uint8_t left16[2];
    struct sp_error err = {0};

    (void)sp_sigpacket_tag(packet, Frama_C_unsigned_int_interval(0, UINT32_MAX),
                           &err);
    (void)sp_sigpacket_time(
        packet, Frama_C_unsigned_long_interval(0, UINT64_MAX), &err);
    (void)sp_sigpacket_encode(packet, left16, encoded, sizeof(encoded));
    (void)sp_sigpacket_encode(packet, left16, encoded, 0);
}

int
main(void)
{
    struct sp_sigpacket packet;
    struct sp_error err = {0};
    struct sp_cursor any = {
        .end = blob + ROOM,
        .left = Frama_C_unsigned_long_interval(0, ROOM),
    };

    Frama_C_make_unknown((char *)blob, sizeof(blob));
    if (parse(any, &packet, &err) == 0)
        use(&packet);
    (void)sp_sigpacket_parse(blob, ROOM, &packet, &err);
    (void)sp_sigpacket_parse(blob + ROOM - SP_SIG_MIN_BYTES, SP_SIG_MIN_BYTES,
                             &packet, &err);
    return 0;
}
