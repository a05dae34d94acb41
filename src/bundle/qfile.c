/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bundle/qfile.h"

#include <string.h>
#include <sys/stat.h>

#include "base/text.h"
#include "bundle/cursor.h"

/* The stock receiver's own ceiling of a name. */
enum { NAME_CEILING = 16383, NSEC_MAX = 999999999 };

static uint32_t
get_u32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
           (uint32_t)p[3] << 24;
}

static void
put_u32(uint8_t *p, uint32_t value)
{
    for (unsigned i = 0; i < 4; i++)
        p[i] = (uint8_t)(value >> (8 * i));
}

void
sp_qfile_get_header(const uint8_t untrusted[SP_QFILE_HEADER_BYTES],
                    struct sp_qfile_header *ret)
{
    *ret = (struct sp_qfile_header){
        .name_size = get_u32(untrusted),
        .mode = get_u32(untrusted + 4),
        .size = get_u32(untrusted + 8) | (uint64_t)get_u32(untrusted + 12)
                                             << 32,
        .atime = get_u32(untrusted + 16),
        .atime_nsec = get_u32(untrusted + 20),
        .mtime = get_u32(untrusted + 24),
        .mtime_nsec = get_u32(untrusted + 28),
    };
}

void
sp_qfile_put_header(uint8_t dst[SP_QFILE_HEADER_BYTES],
                    const struct sp_qfile_header *header)
{
    put_u32(dst, header->name_size);
    put_u32(dst + 4, header->mode);
    put_u32(dst + 8, (uint32_t)header->size);
    put_u32(dst + 12, (uint32_t)(header->size >> 32));
    put_u32(dst + 16, header->atime);
    put_u32(dst + 20, header->atime_nsec);
    put_u32(dst + 24, header->mtime);
    put_u32(dst + 28, header->mtime_nsec);
}

int
sp_qfile_check_header(const struct sp_qfile_header *untrusted,
                      struct sp_error *err)
{
    if (untrusted->name_size > NAME_CEILING)
        return sp_fail(err, "name-too-long",
                       "a file name of %u bytes: this is neither a bundle nor "
                       "a qfile stream",
                       (unsigned)untrusted->name_size);
    if (untrusted->name_size > SP_QFILE_NAME_BYTES)
        return sp_fail(err, "name-too-long", "a file name of %u bytes",
                       (unsigned)untrusted->name_size);
    if (!S_ISREG(untrusted->mode))
        return sp_fail(err, "qfile-header", "not a regular file: mode %o",
                       (unsigned)untrusted->mode);
    if (untrusted->atime_nsec > NSEC_MAX || untrusted->mtime_nsec > NSEC_MAX)
        return sp_fail(err, "qfile-header", "a file time that is none");
    return 0;
}

bool
sp_qfile_name_ok(const char *name, size_t len)
{
    static const char set[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                              "abcdefghijklmnopqrstuvwxyz._+^~-";
    static const char suffix[] = ".rpm";
    const size_t suffix_len = sizeof(suffix) - 1;

    if (len <= suffix_len || len >= SP_QFILE_NAME_BYTES ||
        memcmp(name + len - suffix_len, suffix, suffix_len) != 0)
        return false;
    for (size_t i = 0; i < len; i++)
        if (!memchr(set, name[i], sizeof(set) - 1))
            return false;
    return strchr("._+^~-", name[0]) == NULL;
}

static int
take_name(struct sp_cursor untrusted_name, char ret[SP_QFILE_NAME_BYTES],
          struct sp_error *err)
{
    char name[SP_QFILE_NAME_BYTES + 1] = "", shown[SP_SHOWN_MAX];
    size_t len =
        sp_cursor_copy(untrusted_name, (uint8_t *)name, SP_QFILE_NAME_BYTES);

    if (len > 0 && name[len - 1] == '\0')
        len--;
    if (sp_qfile_name_ok(name, len)) {
        memcpy(ret, name, len);
        ret[len] = '\0';
        return 0;
    }
    sp_text_show_bytes(shown, sizeof(shown), name, len);
    if (len >= SP_QFILE_NAME_BYTES)
        return sp_fail(err, "name-too-long", "file name '%s'", shown);
    return sp_fail(err, "member-name", "'%s' is no file name of a package",
                   shown);
}

int
sp_qfile_take_name(const uint8_t *untrusted_name, size_t size,
                   char ret[SP_QFILE_NAME_BYTES], struct sp_error *err)
{
    return take_name(sp_cursor_over(untrusted_name, size), ret, err);
}

/* ---- the checksum ------------------------------------------------------- */

/*
 * Eight bytes a step: table[k][b] is the effect of byte b when k more bytes
 * follow it. The polynomial is that of IEEE 802.3, reflected.
 */
enum { STEP = 8 };
static uint32_t crc_table[STEP][256];

static void
make_crc_table(void)
{
    for (uint32_t b = 0; b < 256; b++) {
        uint32_t crc = b;

        for (unsigned bit = 0; bit < 8; bit++)
            crc = crc & 1 ? crc >> 1 ^ UINT32_C(0xEDB88320) : crc >> 1;
        crc_table[0][b] = crc;
    }
    for (unsigned k = 1; k < STEP; k++)
        for (uint32_t b = 0; b < 256; b++)
            crc_table[k][b] = crc_table[k - 1][b] >> 8 ^
                              crc_table[0][crc_table[k - 1][b] & 0xff];
}

static uint32_t
crc_of(uint32_t crc, struct sp_cursor bytes)
{
    const uint8_t *p;

    crc = ~crc;
    while ((p = sp_cursor_take(&bytes, STEP)) != NULL) {
        uint32_t low = crc ^ get_u32(p);

        crc = crc_table[7][low & 0xff] ^ crc_table[6][low >> 8 & 0xff] ^
              crc_table[5][low >> 16 & 0xff] ^ crc_table[4][low >> 24] ^
              crc_table[3][p[4]] ^ crc_table[2][p[5]] ^ crc_table[1][p[6]] ^
              crc_table[0][p[7]];
    }
    while ((p = sp_cursor_take(&bytes, 1)) != NULL)
        crc = crc >> 8 ^ crc_table[0][(crc ^ *p) & 0xff];
    return ~crc;
}

uint32_t
sp_qfile_crc(uint32_t crc, const void *bytes, size_t len)
{
    if (crc_table[0][1] == 0)
        make_crc_table();
    return crc_of(crc, sp_cursor_over(bytes, len));
}
