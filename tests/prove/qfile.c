/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any header, any name and any bytes to sum up, of any length. */
#include "bundle/qfile.c" /* for take_name and crc_of, which take a cursor */

static void
headers(void)
{
    uint8_t bytes[SP_QFILE_HEADER_BYTES];
    struct sp_qfile_header header;
    struct sp_error err = {0};

    Frama_C_make_unknown((char *)bytes, sizeof(bytes));
    sp_qfile_get_header(bytes, &header);
    (void)sp_qfile_check_header(&header, &err);
    sp_qfile_put_header(bytes, &header);
}

/* All lengths at once: what is read stands at the end of its array. */
static struct sp_cursor
any(void)
{
    static uint8_t bytes[64 * 1024];

    Frama_C_make_unknown((char *)bytes, sizeof(bytes));
    return (struct sp_cursor){
        .end = bytes + sizeof(bytes),
        .left = Frama_C_unsigned_long_interval(0, sizeof(bytes)),
    };
}

int
main(void)
{
    static uint8_t some[24];
    char name[SP_QFILE_NAME_BYTES];
    struct sp_error err = {0};

    headers();
    (void)take_name(any(), name, &err);
    (void)sp_qfile_take_name(some, sizeof(some), name, &err);
    make_crc_table();
    (void)crc_of(0, any());
    (void)sp_qfile_crc(0, some, sizeof(some));
    return 0;
}
