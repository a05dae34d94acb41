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

static struct sp_span
span_of(const struct sp_cursor *head, const struct sp_cursor *part)
{
    return (struct sp_span){.offset = head->left - part->left,
                            .size = sp_cursor_size(part)};
}

/* The file ends before its first headers can be read. */
static int
fail_short(struct sp_cursor untrusted_head, struct sp_error *err)
{
    const uint8_t *p = sp_cursor_take(&untrusted_head, sizeof(magic));

    if (!p || memcmp(p, magic, sizeof(magic)) != 0)
        return sp_fail(err, "not-rpm", "this is not an rpm package");
    return sp_fail(err, "truncated", "the package ends inside its head");
}

static int
need(struct sp_cursor untrusted_head, uint64_t file_size, size_t *ret_need,
     struct sp_error *err)
{
    const size_t have = untrusted_head.left;
    const size_t first = SP_RPM_LEAD_BYTES + SP_RPM_INTRO_BYTES;
    struct sp_cursor c = untrusted_head, gap = c;
    const uint8_t *lead = sp_cursor_take(&c, first), *intro;
    size_t size = 0, main_start;

    if (!lead && have == file_size)
        return fail_short(untrusted_head, err);
    if (!lead) {
        *ret_need = file_size < first ? (size_t)file_size : first;
        return 0;
    }
    if (check_lead(lead, err) < 0 ||
        sp_rpm_header_size(lead + SP_RPM_LEAD_BYTES, &sp_rpm_signature_grammar,
                           &size, err) < 0)
        return -1;
    main_start = main_offset(size);
    if (file_size < main_start + SP_RPM_INTRO_BYTES)
        return sp_fail(err, "truncated", "the package ends inside its head");
    if (!sp_cursor_part(&c, main_start - first, &gap) ||
        !(intro = sp_cursor_take(&c, SP_RPM_INTRO_BYTES))) {
        *ret_need = main_start + SP_RPM_INTRO_BYTES;
        return 0;
    }
    if (sp_rpm_header_size(intro, &sp_rpm_main_grammar, &size, err) < 0)
        return -1;
    if (file_size - main_start < size)
        return sp_fail(err, "truncated", "the package ends inside its head");
    *ret_need = main_start + size;
    return 0;
}

int
sp_rpm_need(const uint8_t *untrusted_head, size_t have, uint64_t file_size,
            size_t *ret_need, struct sp_error *err)
{
    return need(sp_cursor_over(untrusted_head, have), file_size, ret_need, err);
}

/* A head taken apart. */
struct head {
    const uint8_t *lead;
    struct sp_rpm_header signature, main;
    struct sp_cursor signature_bytes, padding, main_bytes;
};

/* The main header, behind which nothing stands. */
static int
take_main(struct sp_cursor *c, struct sp_rpm_header *ret, struct sp_error *err)
{
    if (sp_rpm_header_take(c, &sp_rpm_main_grammar, ret, err) < 0)
        return -1;
    if (c->left > 0)
        return sp_fail(err, "trailing-data", "bytes behind the main header");
    return 0;
}

static int
find_headers(struct sp_cursor untrusted_head, struct head *ret,
             struct sp_error *err)
{
    struct sp_cursor c = untrusted_head;
    struct head head = {.padding = c};
    size_t size;

    head.lead = sp_cursor_take(&c, SP_RPM_LEAD_BYTES);
    if (!head.lead)
        return fail_short(untrusted_head, err);
    head.signature_bytes = c;
    if (check_lead(head.lead, err) < 0 ||
        sp_rpm_header_take(&c, &sp_rpm_signature_grammar, &head.signature,
                           err) < 0)
        return -1;
    head.signature_bytes.stop = c.left;
    size = sp_cursor_size(&head.signature_bytes);
    if (!sp_cursor_part(&c, main_offset(size) - SP_RPM_LEAD_BYTES - size,
                        &head.padding))
        return fail_short(untrusted_head, err);
    head.main_bytes = c;
    if (take_main(&c, &head.main, err) < 0)
        return -1;
    *ret = head;
    return 0;
}

static int
check_padding(struct sp_cursor padding, struct sp_error *err)
{
    if (!sp_rpm_is_zero(padding))
        return sp_fail(err, "sig-padding",
                       "bytes hidden behind the signature header");
    return 0;
}

/* rpm v6 says so in its main header, and in the lead (major 4). */
static int
check_format(const uint8_t *lead, const struct sp_rpm_header *header,
             struct sp_error *err)
{
    struct sp_rpm_value format;

    if (sp_rpm_header_find(header, TAG_RPMFORMAT, &format) &&
        sp_rpm_value_u32(&format) != 4)
        return sp_fail(err, "format-unsupported",
                       "rpm format %u is not supported",
                       sp_rpm_value_u32(&format));
    if (lead[4] == 4)
        return sp_fail(err, "format-unsupported",
                       "rpm format 6 is not supported");
    return 0;
}

static int
check_reserved(const struct sp_rpm_header *header, uint32_t tag,
               struct sp_error *err)
{
    struct sp_rpm_value value;

    if (sp_rpm_header_find(header, tag, &value) && !sp_rpm_is_zero(value.data))
        return sp_fail(err, "reserved-nonzero",
                       "bytes hidden in reserved tag %u", tag);
    return 0;
}

/* A lower-case hexadecimal digest of that many digits, as a string. */
static bool
read_digest(const struct sp_rpm_value *value, size_t digits, char *dst)
{
    char hex[SHA256_HEX + 1] = "";

    (void)sp_cursor_copy(value->data, (uint8_t *)hex, SHA256_HEX);
    if (sp_cursor_size(&value->data) != digits + 1 ||
        !sp_text_is_hex(hex, digits))
        return false;
    hex[digits] = '\0';
    memcpy(dst, hex, digits + 1);
    return true;
}

/* The digest that an unsigned tag claims; "" when it is absent. */
static int
copy_digest(const struct sp_rpm_header *header, uint32_t tag, size_t digits,
            char *dst, struct sp_error *err)
{
    struct sp_rpm_value value;

    if (!sp_rpm_header_find(header, tag, &value) ||
        read_digest(&value, digits, dst))
        return 0;
    return sp_fail(err, "header-digest",
                   "tag %u is no lower-case hexadecimal digest", tag);
}

static int
read_signature_tags(struct sp_cursor head, const struct sp_rpm_header *header,
                    struct sp_rpm *rpm, struct sp_error *err)
{
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
    rpm->signature = span_of(&head, &rsa.data);
    if (check_reserved(header, SIG_RESERVED_V6, err) < 0 ||
        check_reserved(header, SIG_RESERVED, err) < 0)
        return -1;
    if (copy_digest(header, SIG_SHA1, SHA1_HEX, rpm->header_sha1, err) < 0)
        return -1;
    return copy_digest(header, SIG_SHA256, SHA256_HEX, rpm->header_sha256, err);
}

static int
parse(struct sp_cursor untrusted_head, struct sp_rpm *ret_rpm,
      struct sp_error *err)
{
    struct sp_rpm rpm = {0};
    struct head head;

    if (find_headers(untrusted_head, &head, err) < 0 ||
        sp_rpm_header_check(&head.signature, err) < 0 ||
        check_padding(head.padding, err) < 0 ||
        sp_rpm_header_check(&head.main, err) < 0 ||
        check_format(head.lead, &head.main, err) < 0 ||
        read_signature_tags(untrusted_head, &head.signature, &rpm, err) < 0)
        return -1;
    rpm.signature_header = span_of(&untrusted_head, &head.signature_bytes);
    rpm.main_header = span_of(&untrusted_head, &head.main_bytes);
    *ret_rpm = rpm;
    return 0;
}

int
sp_rpm_parse(const uint8_t *untrusted_head, size_t size, struct sp_rpm *ret_rpm,
             struct sp_error *err)
{
    return parse(sp_cursor_over(untrusted_head, size), ret_rpm, err);
}

/* What every package says about itself. */
struct required {
    struct sp_rpm_value name, version, release, arch;
};

static int
require(const struct sp_rpm_header *header, uint32_t tag,
        struct sp_rpm_value *ret, struct sp_error *err)
{
    if (!sp_rpm_header_find(header, tag, ret))
        return sp_fail(err, "missing-tag", "the main header has no tag %u",
                       tag);
    return 0;
}

static int
read_payload_digest(const struct sp_rpm_header *header,
                    char dst[SHA256_HEX + 1], struct sp_error *err)
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
        sp_rpm_value_u32(&algo) != DIGEST_ALGO_SHA256)
        return sp_fail(err, "payload-digest-algo",
                       "the payload digest is not SHA-256");
    if (!read_digest(&digest, SHA256_HEX, dst))
        return sp_fail(err, "payload-digest-hex",
                       "the payload digest is not 64 lower-case digits");
    return 0;
}

/* A string of the header into dst, whose size is one more than `is_ok` lets
 * through. */
static int
copy_part(const struct sp_rpm_value *value, bool (*is_ok)(const char *, size_t),
          char *dst, size_t room, const char *what, struct sp_error *err)
{
    char text[SP_SHOWN_MAX + 1] = "", shown[SP_SHOWN_MAX];
    size_t size = sp_cursor_size(&value->data);

    (void)sp_cursor_copy(value->data, (uint8_t *)text, SP_SHOWN_MAX);
    if (size == 0 || size > room || !is_ok(text, size - 1)) {
        sp_text_show(shown, sizeof(shown), text);
        return sp_fail(err, "nevra", "bad %s '%s'", what, shown);
    }
    memcpy(dst, text, size);
    return 0;
}

static int
read_nevra(const struct sp_rpm_header *header, const struct required *required,
           struct sp_nevra *ret, struct sp_error *err)
{
    struct sp_nevra nevra = {0};
    struct sp_rpm_value epoch;
    char filename[SP_FILENAME_MAX + 1];

    if (copy_part(&required->name, sp_nevra_name_ok, nevra.name,
                  sizeof(nevra.name), "name", err) < 0 ||
        copy_part(&required->version, sp_nevra_version_ok, nevra.version,
                  sizeof(nevra.version), "version", err) < 0 ||
        copy_part(&required->release, sp_nevra_version_ok, nevra.release,
                  sizeof(nevra.release), "release", err) < 0 ||
        copy_part(&required->arch, sp_nevra_arch_ok, nevra.arch,
                  sizeof(nevra.arch), "architecture", err) < 0)
        return -1;
    if (sp_rpm_header_find(header, TAG_EPOCH, &epoch))
        nevra.epoch = sp_rpm_value_u32(&epoch);
    if (!sp_nevra_filename(&nevra, filename, sizeof(filename)))
        return sp_fail(err, "nevra", "the file name of '%s' is too long",
                       nevra.name);
    *ret = nevra;
    return 0;
}

static bool
is_linux(const struct sp_rpm_value *value)
{
    static const char name[] = "linux";
    struct sp_cursor data = value->data;
    const uint8_t *p = sp_cursor_take(&data, sizeof(name));

    return p && memcmp(p, name, sizeof(name)) == 0;
}

static int
find_required(const struct sp_rpm_header *header, struct required *ret,
              struct sp_error *err)
{
    struct required found;
    struct sp_rpm_value value;

    if (require(header, TAG_NAME, &found.name, err) < 0 ||
        require(header, TAG_VERSION, &found.version, err) < 0 ||
        require(header, TAG_RELEASE, &found.release, err) < 0 ||
        require(header, TAG_ARCH, &found.arch, err) < 0 ||
        require(header, TAG_OS, &value, err) < 0)
        return -1;
    if (!is_linux(&value))
        return sp_fail(err, "missing-tag", "the package is not for linux");
    if (sp_rpm_header_find(header, TAG_I18NTABLE, &value) &&
        value.type != SP_RPM_STRING_ARRAY)
        return sp_fail(err, "tag-type", "the language table has type %u",
                       value.type);
    *ret = found;
    return 0;
}

static int
facts(struct sp_cursor untrusted_head, struct sp_rpm *rpm, struct sp_error *err)
{
    struct sp_cursor main = untrusted_head, before = main;
    struct sp_rpm_header header;
    struct sp_rpm found = *rpm;
    struct required required;
    struct sp_rpm_value value;

    if (!sp_cursor_part(&main, rpm->main_header.offset, &before) ||
        sp_cursor_size(&main) != rpm->main_header.size)
        return sp_fail(err, "truncated", "these are facts of another head");
    if (take_main(&main, &header, err) < 0 ||
        find_required(&header, &required, err) < 0 ||
        read_payload_digest(&header, found.payload_sha256, err) < 0 ||
        read_nevra(&header, &required, &found.nevra, err) < 0)
        return -1;
    found.is_source = !sp_rpm_header_find(&header, TAG_SOURCERPM, &value) ||
                      sp_rpm_header_find(&header, TAG_SOURCEPACKAGE, &value);
    if (sp_rpm_header_find(&header, TAG_BUILDTIME, &value))
        found.build_time = sp_rpm_value_u32(&value);
    if (sp_rpm_header_find(&header, TAG_LONGSIZE, &value))
        found.installed_bytes = sp_rpm_value_u64(&value);
    else if (sp_rpm_header_find(&header, TAG_SIZE, &value))
        found.installed_bytes = sp_rpm_value_u32(&value);
    *rpm = found;
    return 0;
}

int
sp_rpm_facts(const uint8_t *untrusted_head, size_t size, struct sp_rpm *rpm,
             struct sp_error *err)
{
    return facts(sp_cursor_over(untrusted_head, size), rpm, err);
}
