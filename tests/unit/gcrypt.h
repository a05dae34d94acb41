/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A libgcrypt that is old, wrong, or without memory, by calls_fail of its
 * functions. Included by one file a program.
 */
#ifndef TESTS_UNIT_GCRYPT_H
#define TESTS_UNIT_GCRYPT_H

#include <gcrypt.h>
#include <stdint.h>

#include "tests/unit/calls.h"

const char *
gcry_check_version(const char *wanted)
{
    CALLS_TRUE(const char *, "gcry_check_version", const char *);

    return calls_hit("gcry_check_version") ? NULL : call(wanted);
}

gcry_error_t
gcry_md_open(gcry_md_hd_t *ret, int algo, unsigned flags)
{
    CALLS_TRUE(gcry_error_t, "gcry_md_open", gcry_md_hd_t *, int, unsigned);

    return calls_hit("gcry_md_open") ? gcry_error(GPG_ERR_ENOMEM)
                                     : call(ret, algo, flags);
}

static unsigned gcrypt_wrong_at; /* the byte of a digest that is wrong */

unsigned char *
gcry_md_read(gcry_md_hd_t hd, int algo)
{
    unsigned char *digest;
    CALLS_TRUE(unsigned char *, "gcry_md_read", gcry_md_hd_t, int);

    digest = call(hd, algo);
    if (calls_hit("gcry_md_read"))
        digest[gcrypt_wrong_at] ^= 1;
    return digest;
}

#endif
