/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The qfile-copy format of Qubes OS (sallyport-qrexec(7)): what the stock
 * tools of an UpdateVM and of dom0 speak.
 *
 *   forward   header, name, contents; ...; header with name_size 0
 *   backward  one result, after the end or at the first fault
 *
 * Integers are little-endian. Pure functions: memory in, facts out. Only what
 * updates need is known here: regular files, one path component.
 */
#ifndef SP_BUNDLE_QFILE_H
#define SP_BUNDLE_QFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum {
    SP_QFILE_HEADER_BYTES = 32,
    SP_QFILE_NAME_BYTES = 256, /* a name and the NUL behind it */
    SP_QFILE_RESULT_BYTES = 16,
    SP_QFILE_RESULT_MAX = SP_QFILE_RESULT_BYTES + 4 + 255,
    SP_QFILE_EARLY_END = 31415926, /* code of "the stream broke off" */
};

struct sp_qfile_header {
    uint32_t name_size; /* the NUL of the name included; 0 = end */
    uint32_t mode;      /* as st_mode */
    uint64_t size;
    uint32_t atime, atime_nsec, mtime, mtime_nsec;
};

void sp_qfile_get_header(const uint8_t untrusted[SP_QFILE_HEADER_BYTES],
                         struct sp_qfile_header *ret);
void sp_qfile_put_header(uint8_t dst[SP_QFILE_HEADER_BYTES],
                         const struct sp_qfile_header *header);

/*
 * May this record be taken? Reasons: qfile-header, name-too-long. The size is
 * not judged here.
 */
int sp_qfile_check_header(const struct sp_qfile_header *untrusted,
                          struct sp_error *err);

/*
 * Takes the name of a package: [A-Za-z0-9][A-Za-z0-9._+^~-]*.rpm, at most 255
 * bytes, with one NUL behind it or none. Reasons: member-name, name-too-long.
 */
int sp_qfile_take_name(const uint8_t *untrusted_name, size_t size,
                       char ret[SP_QFILE_NAME_BYTES], struct sp_error *err);
bool sp_qfile_name_ok(const char *name, size_t len);

/* CRC-32 of zlib over the whole forward stream; starts with 0. */
uint32_t sp_qfile_crc(uint32_t crc, const void *bytes, size_t len);

/* ---- the way back ------------------------------------------------------- */

/*
 * `text` stands where the stock receiver puts the last name: senders print it
 * beside the error. Ours is empty, or the line of base/reply.h.
 */
struct sp_qfile_result {
    uint32_t error; /* errno of Linux on x86, or SP_QFILE_EARLY_END; 0 = ok */
    uint32_t crc32;
    char text[256];
};

/* Returns the number of bytes; without text it is SP_QFILE_RESULT_BYTES. */
size_t sp_qfile_put_result(uint8_t dst[SP_QFILE_RESULT_MAX],
                           const struct sp_qfile_result *result);

/* False when it is cut. The text is made printable. */
bool sp_qfile_get_result(const uint8_t *untrusted, size_t size,
                         struct sp_qfile_result *ret);

/*
 * The errno that tells a stock sender of this fault, never EDQUOT, which some
 * senders ignore. And back: the class that an errno stands for.
 */
uint32_t sp_qfile_errno(enum sp_code code, const char *detail);
enum sp_code sp_qfile_class(uint32_t error);

#endif
