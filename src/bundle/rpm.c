/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bundle/rpm.h"

#include <string.h>

#include "base/text.h"
#include "bundle/limits.h"
#include "bundle/rpm-header.h"

/* Tags of the signature header. */
enum {
    SIG_DSA = 267,
    SIG_RSA = 268,
    SIG_SHA1 = 269,
    SIG_SHA256 = 273,
    SIG_RESERVED_V6 = 999,
    SIG_RESERVED = 1008,
};

/* Tags of the main header. */
enum {
    TAG_I18NTABLE = 100,
    TAG_NAME = 1000,
    TAG_VERSION = 1001,
    TAG_RELEASE = 1002,
    TAG_EPOCH = 1003,
    TAG_BUILDTIME = 1006,
    TAG_SIZE = 1009,
    TAG_OS = 1021,
    TAG_ARCH = 1022,
    TAG_SOURCERPM = 1044,
    TAG_SOURCEPACKAGE = 1106,
    TAG_LONGSIZE = 5009,
    TAG_PAYLOADDIGEST = 5092,
    TAG_PAYLOADDIGESTALGO = 5093,
    TAG_RPMFORMAT = 5114,
};

enum { DIGEST_ALGO_SHA256 = 8, SHA1_HEX = 40, SHA256_HEX = 64 };

static const struct sp_rpm_known signature_tags[] = {
    {SIG_DSA, SP_RPM_BIN, 0},
    {SIG_RSA, SP_RPM_BIN, 0},
    {SIG_SHA1, SP_RPM_STRING, 0},
    {270, SP_RPM_INT64, 1}, /* LONGSIZE */
    {271, SP_RPM_INT64, 1}, /* LONGARCHIVESIZE */
    {SIG_SHA256, SP_RPM_STRING, 0},
    {274, SP_RPM_STRING_ARRAY, 0}, /* FILESIGNATURES */
    {275, SP_RPM_INT32, 0},        /* FILESIGNATURELENGTH */
    {276, SP_RPM_STRING_ARRAY, 0}, /* VERITYSIGNATURES */
    {277, SP_RPM_INT32, 0},        /* VERITYSIGNATUREALGO */
    {278, SP_RPM_STRING_ARRAY, 0}, /* OPENPGP */
    {279, SP_RPM_STRING, 0},       /* SHA3-256 */
    {SIG_RESERVED_V6, SP_RPM_BIN, 0},
    {1000, SP_RPM_INT32, 1}, /* SIZE */
    {1002, SP_RPM_BIN, 0},   /* PGP, header and payload */
    {1004, SP_RPM_BIN, 16},  /* MD5 */
    {1005, SP_RPM_BIN, 0},   /* GPG, header and payload */
    {1007, SP_RPM_INT32, 1}, /* PAYLOADSIZE */
    {SIG_RESERVED, SP_RPM_BIN, 0},
};

/* The language table and the payload digest are judged in sp_rpm_facts. */
static const struct sp_rpm_known main_tags[] = {
    {TAG_NAME, SP_RPM_STRING, 0},      {TAG_VERSION, SP_RPM_STRING, 0},
    {TAG_RELEASE, SP_RPM_STRING, 0},   {TAG_EPOCH, SP_RPM_INT32, 1},
    {TAG_BUILDTIME, SP_RPM_INT32, 1},  {TAG_SIZE, SP_RPM_INT32, 1},
    {TAG_OS, SP_RPM_STRING, 0},        {TAG_ARCH, SP_RPM_STRING, 0},
    {TAG_SOURCERPM, SP_RPM_STRING, 0}, {TAG_SOURCEPACKAGE, SP_RPM_INT32, 1},
    {TAG_LONGSIZE, SP_RPM_INT64, 1},   {TAG_RPMFORMAT, SP_RPM_INT32, 1},
};

const struct sp_rpm_grammar sp_rpm_signature_grammar = {
    .name = "signature header",
    .region_tag = 62,
    .first_tag = 256,
    .last_tag = 1999,
    .max_index = SP_RPM_MAX_SIG_INDEX,
    .max_data = SP_RPM_MAX_SIG_DATA,
    .ascii = true,
    .known = signature_tags,
    .n_known = sizeof(signature_tags) / sizeof(signature_tags[0]),
};

const struct sp_rpm_grammar sp_rpm_main_grammar = {
    .name = "main header",
    .region_tag = 63,
    .first_tag = 1000,
    .last_tag = 32767,
    .max_index = SP_RPM_MAX_MAIN_INDEX,
    .max_data = SP_RPM_MAX_MAIN_DATA,
    .i18n_tag = TAG_I18NTABLE,
    .known = main_tags,
    .n_known = sizeof(main_tags) / sizeof(main_tags[0]),
};

static const uint8_t magic[4] = {0xED, 0xAB, 0xEE, 0xDB};

/*
 * Magic, major 3 or 4, minor 0, type binary or source, header-style
 * signature. The other fields are not signed and not used: the canonical
 * form writes its own.
 */
static int
check_lead(const uint8_t *lead, struct sp_error *err)
{
    if (memcmp(lead, magic, sizeof(magic)) != 0)
        return sp_fail(err, "not-rpm", "this is not an rpm package");
    if ((lead[4] != 3 && lead[4] != 4) || lead[5] != 0)
        return sp_fail(err, "lead-version", "unknown version %u.%u of the lead",
                       lead[4], lead[5]);
    if (lead[6] != 0 || lead[7] > 1)
        return sp_fail(err, "lead-type", "unknown package type %u in the lead",
                       (unsigned)lead[6] << 8 | lead[7]);
    if (lead[78] != 0 || lead[79] != 5)
        return sp_fail(err, "lead-sigtype",
                       "unknown signature type %u in the lead",
                       (unsigned)lead[78] << 8 | lead[79]);
    return 0;
}

/* The main header starts at a multiple of eight. */
static size_t
main_offset(size_t signature_size)
{
    return (SP_RPM_LEAD_BYTES + signature_size + 7) / 8 * 8;
}

/* The file ends before its first headers can be read. */
static int
fail_short(const uint8_t *untrusted_head, size_t have, struct sp_error *err)
{
    if (have < sizeof(magic) ||
        memcmp(untrusted_head, magic, sizeof(magic)) != 0)
        return sp_fail(err, "not-rpm", "this is not an rpm package");
    return sp_fail(err, "truncated", "the package ends inside its head");
}

int
sp_rpm_need(const uint8_t *untrusted_head, size_t have, uint64_t file_size,
            size_t *ret_need, struct sp_error *err)
{
    const size_t first = SP_RPM_LEAD_BYTES + SP_RPM_INTRO_BYTES;
    size_t size, main_start;

    if (have < first && have == file_size)
        return fail_short(untrusted_head, have, err);
    if (have < first) {
        *ret_need = file_size < first ? (size_t)file_size : first;
        return 0;
    }
    if (check_lead(untrusted_head, err) < 0 ||
        sp_rpm_header_size(untrusted_head + SP_RPM_LEAD_BYTES,
                           &sp_rpm_signature_grammar, &size, err) < 0)
        return -1;
    main_start = main_offset(size);
    if (file_size < main_start + SP_RPM_INTRO_BYTES)
        return sp_fail(err, "truncated", "the package ends inside its head");
    if (have < main_start + SP_RPM_INTRO_BYTES) {
        *ret_need = main_start + SP_RPM_INTRO_BYTES;
        return 0;
    }
    if (sp_rpm_header_size(untrusted_head + main_start, &sp_rpm_main_grammar,
                           &size, err) < 0)
        return -1;
    if (file_size - main_start < size)
        return sp_fail(err, "truncated", "the package ends inside its head");
    *ret_need = main_start + size;
    return 0;
}

/* The spans of both headers, in a head of exactly the right size. */
static int
find_headers(const uint8_t *untrusted_head, size_t size, struct sp_rpm *rpm,
             struct sp_error *err)
{
    size_t need = 0, signature_size, main_start;

    if (sp_rpm_need(untrusted_head, size, size, &need, err) < 0)
        return -1;
    if (need != size)
        return sp_fail(err, "trailing-data", "bytes behind the main header");
    if (sp_rpm_header_size(/* unreached: a refusal; sp_rpm_need asked before */
                           untrusted_head + SP_RPM_LEAD_BYTES,
                           &sp_rpm_signature_grammar, &signature_size, err) < 0)
        return -1; /* unreached: sp_rpm_need has read it */
    main_start = main_offset(signature_size);
    rpm->signature_header = (struct sp_span){SP_RPM_LEAD_BYTES, signature_size};
    rpm->main_header = (struct sp_span){main_start, size - main_start};
    return 0;
}

static int
check_padding(const uint8_t *untrusted_head, const struct sp_rpm *rpm,
              struct sp_error *err)
{
    size_t end = rpm->signature_header.offset + rpm->signature_header.size;

    for (size_t i = end; i < rpm->main_header.offset; i++)
        if (untrusted_head[i] != 0)
            return sp_fail(err, "sig-padding",
                           "bytes hidden behind the signature header");
    return 0;
}

/* rpm v6 says so in its main header, and in the lead (major 4). */
static int
check_format(const uint8_t *untrusted_head, const struct sp_rpm *rpm,
             struct sp_error *err)
{
    const uint8_t *header = untrusted_head + rpm->main_header.offset;
    struct sp_rpm_value format;

    if (sp_rpm_header_find(header, TAG_RPMFORMAT, &format) &&
        sp_rpm_u32(format.data) != 4)
        return sp_fail(err, "format-unsupported",
                       "rpm format %u is not supported",
                       sp_rpm_u32(format.data));
    if (untrusted_head[4] == 4)
        return sp_fail(err, "format-unsupported",
                       "rpm format 6 is not supported");
    return 0;
}

static int
check_reserved(const uint8_t *header, uint32_t tag, struct sp_error *err)
{
    struct sp_rpm_value value;

    if (!sp_rpm_header_find(header, tag, &value))
        return 0;
    for (size_t i = 0; i < value.size; i++)
        if (value.data[i] != 0)
            return sp_fail(err, "reserved-nonzero",
                           "bytes hidden in reserved tag %u", tag);
    return 0;
}

/* Copies the digest that an unsigned tag claims; "" when it is absent. */
static int
copy_digest(const uint8_t *header, uint32_t tag, size_t digits, char *dst,
            struct sp_error *err)
{
    struct sp_rpm_value value;

    if (!sp_rpm_header_find(header, tag, &value))
        return 0;
    if (value.size != digits + 1 ||
        !sp_text_is_hex((const char *)value.data, digits))
        return sp_fail(err, "header-digest",
                       "tag %u is no lower-case hexadecimal digest", tag);
    memcpy(dst, value.data, digits + 1);
    return 0;
}

static int
read_signature_tags(const uint8_t *untrusted_head, struct sp_rpm *rpm,
                    struct sp_error *err)
{
    const uint8_t *header = untrusted_head + rpm->signature_header.offset;
    struct sp_rpm_value dsa, rsa;
    bool has_dsa = sp_rpm_header_find(header, SIG_DSA, &dsa);
    bool has_rsa = sp_rpm_header_find(header, SIG_RSA, &rsa);

    if (!has_dsa && !has_rsa)
        return sp_fail(err, "no-header-signature",
                       "the main header is not signed");
    if (has_dsa && has_rsa)
        return sp_fail(err, "two-header-signatures",
                       "the main header has two signatures");
    if (!has_rsa)
        rsa = dsa;
    rpm->signature_tag = has_rsa ? SIG_RSA : SIG_DSA;
    rpm->signature = (struct sp_span){
        .offset = (size_t)(rsa.data - untrusted_head), .size = rsa.size};
    if (check_reserved(header, SIG_RESERVED_V6, err) < 0 ||
        check_reserved(header, SIG_RESERVED, err) < 0)
        return -1;
    if (copy_digest(header, SIG_SHA1, SHA1_HEX, rpm->header_sha1, err) < 0)
        return -1;
    return copy_digest(header, SIG_SHA256, SHA256_HEX, rpm->header_sha256, err);
}

int
sp_rpm_parse(const uint8_t *untrusted_head, size_t size, struct sp_rpm *ret_rpm,
             struct sp_error *err)
{
    struct sp_rpm rpm = {0};

    if (find_headers(untrusted_head, size, &rpm, err) < 0)
        return -1;
    if (sp_rpm_header_check(untrusted_head + rpm.signature_header.offset,
                            &sp_rpm_signature_grammar, err) < 0 ||
        check_padding(untrusted_head, &rpm, err) < 0 ||
        sp_rpm_header_check(untrusted_head + rpm.main_header.offset,
                            &sp_rpm_main_grammar, err) < 0)
        return -1;
    if (check_format(untrusted_head, &rpm, err) < 0 ||
        read_signature_tags(untrusted_head, &rpm, err) < 0)
        return -1;
    *ret_rpm = rpm;
    return 0;
}

static int
require(const uint8_t *header, uint32_t tag, struct sp_rpm_value *ret,
        struct sp_error *err)
{
    if (!sp_rpm_header_find(header, tag, ret))
        return sp_fail(err, "missing-tag", "the main header has no tag %u",
                       tag);
    return 0;
}

static int
read_payload_digest(const uint8_t *header, char dst[SHA256_HEX + 1],
                    struct sp_error *err)
{
    struct sp_rpm_value digest, algo;

    if (!sp_rpm_header_find(header, TAG_PAYLOADDIGEST, &digest))
        return sp_fail(err, "no-payload-digest",
                       "the signed header says nothing about the payload");
    if (digest.type != SP_RPM_STRING_ARRAY || digest.count != 1)
        return sp_fail(err, "payload-digest-type",
                       "the payload digest is not one string");
    if (!sp_rpm_header_find(header, TAG_PAYLOADDIGESTALGO, &algo) ||
        algo.type != SP_RPM_INT32 || algo.count != 1 ||
        sp_rpm_u32(algo.data) != DIGEST_ALGO_SHA256)
        return sp_fail(err, "payload-digest-algo",
                       "the payload digest is not SHA-256");
    if (digest.size != SHA256_HEX + 1 ||
        !sp_text_is_hex((const char *)digest.data, SHA256_HEX))
        return sp_fail(err, "payload-digest-hex",
                       "the payload digest is not 64 lower-case digits");
    memcpy(dst, digest.data, SHA256_HEX + 1);
    return 0;
}

static int
copy_part(const uint8_t *header, uint32_t tag,
          bool (*is_ok)(const char *, size_t), char *dst, const char *what,
          struct sp_error *err)
{
    struct sp_rpm_value value = {0};
    char shown[SP_SHOWN_MAX];

    (void)sp_rpm_header_find(header, tag, &value); /* one of the required */
    if (!is_ok((const char *)value.data, value.size - 1)) {
        sp_text_show(shown, sizeof(shown), (const char *)value.data);
        return sp_fail(err, "nevra", "bad %s '%s'", what, shown);
    }
    memcpy(dst, value.data, value.size);
    return 0;
}

static int
read_nevra(const uint8_t *header, struct sp_nevra *ret, struct sp_error *err)
{
    struct sp_nevra nevra = {0};
    struct sp_rpm_value epoch;
    char filename[SP_FILENAME_MAX + 1];

    if (copy_part(header, TAG_NAME, sp_nevra_name_ok, nevra.name, "name", err) <
            0 ||
        copy_part(header, TAG_VERSION, sp_nevra_version_ok, nevra.version,
                  "version", err) < 0 ||
        copy_part(header, TAG_RELEASE, sp_nevra_version_ok, nevra.release,
                  "release", err) < 0 ||
        copy_part(header, TAG_ARCH, sp_nevra_arch_ok, nevra.arch,
                  "architecture", err) < 0)
        return -1;
    if (sp_rpm_header_find(header, TAG_EPOCH, &epoch))
        nevra.epoch = sp_rpm_u32(epoch.data);
    if (!sp_nevra_filename(&nevra, filename, sizeof(filename)))
        return sp_fail(err, "nevra", "the file name of '%s' is too long",
                       nevra.name);
    *ret = nevra;
    return 0;
}

static int
check_required(const uint8_t *header, struct sp_error *err)
{
    static const uint32_t required[] = {TAG_NAME, TAG_VERSION, TAG_RELEASE,
                                        TAG_ARCH, TAG_OS};
    struct sp_rpm_value value = {0};

    for (size_t i = 0; i < sizeof(required) / sizeof(required[0]); i++)
        if (require(header, required[i], &value, err) < 0)
            return -1;
    if (strcmp((const char *)value.data, "linux") != 0) /* the last one */
        return sp_fail(err, "missing-tag", "the package is not for linux");
    if (sp_rpm_header_find(header, TAG_I18NTABLE, &value) &&
        value.type != SP_RPM_STRING_ARRAY)
        return sp_fail(err, "tag-type", "the language table has type %u",
                       value.type);
    return 0;
}

int
sp_rpm_facts(const uint8_t *untrusted_head, size_t size, struct sp_rpm *rpm,
             struct sp_error *err)
{
    const uint8_t *header = untrusted_head + rpm->main_header.offset;
    struct sp_rpm facts = *rpm;
    struct sp_rpm_value value;

    if (rpm->main_header.offset + rpm->main_header.size != size)
        SP_BUG("facts of another head");
    if (check_required(header, err) < 0 ||
        read_payload_digest(header, facts.payload_sha256, err) < 0 ||
        read_nevra(header, &facts.nevra, err) < 0)
        return -1;
    facts.is_source = !sp_rpm_header_find(header, TAG_SOURCERPM, &value) ||
                      sp_rpm_header_find(header, TAG_SOURCEPACKAGE, &value);
    if (sp_rpm_header_find(header, TAG_BUILDTIME, &value))
        facts.build_time = sp_rpm_u32(value.data);
    if (sp_rpm_header_find(header, TAG_LONGSIZE, &value))
        facts.installed_bytes = sp_rpm_u64(value.data);
    else if (sp_rpm_header_find(header, TAG_SIZE, &value))
        facts.installed_bytes = sp_rpm_u32(value.data);
    *rpm = facts;
    return 0;
}
