/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any head of a package, of any length up to the ceiling, and one that is
 * longer than every ceiling. It stands at the end of its array: a byte read
 * behind it is an alarm for every length at once.
 */
#include "bundle/rpm.c" /* for need, parse and facts, which take a cursor */

enum { ROOM = SP_RPM_MAX_HEAD_BYTES + 4096 };
static uint8_t bytes[ROOM];

static struct sp_cursor
any(void)
{
    return (struct sp_cursor){
        .end = bytes + ROOM,
        .left = Frama_C_unsigned_long_interval(0, ROOM),
    };
}

static void
write_prefix(const struct sp_rpm *rpm)
{
    static uint8_t packet[SP_SIG_MAX_BYTES + 32], digest[32];
    static uint8_t prefix[SP_RPM_PREFIX_MAX];

    (void)sp_rpm_prefix(
        rpm, packet, Frama_C_unsigned_long_interval(0, UINT64_MAX), digest,
        Frama_C_unsigned_long_interval(0, UINT64_MAX), prefix, sizeof(prefix));
    (void)sp_rpm_prefix(rpm, packet, sizeof(packet), digest, 0, prefix, 0);
}

/* The functions around the three. */
static void
few_bytes(void)
{
    static const uint8_t few[8];
    struct sp_rpm rpm = {0};
    struct sp_error err = {0};
    size_t wanted;

    (void)sp_rpm_need(few, sizeof(few), sizeof(few), &wanted, &err);
    (void)sp_rpm_parse(few, sizeof(few), &rpm, &err);
    (void)sp_rpm_facts(few, sizeof(few), &rpm, &err);
}

int
main(void)
{
    struct sp_rpm rpm;
    struct sp_error err = {0};
    size_t wanted;

    few_bytes();

    Frama_C_make_unknown((char *)bytes, sizeof(bytes));
    (void)need(any(), Frama_C_unsigned_long_interval(0, UINT64_MAX), &wanted,
               &err);
    if (parse(any(), &rpm, &err) == 0 && facts(any(), &rpm, &err) == 0)
        write_prefix(&rpm);
    return 0;
}
