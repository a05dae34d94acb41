/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build/outlet.h"

#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "base/text.h"
#include "build/hear.h"
#include "bundle/limits.h"
#include "bundle/qfile.h"
#include "bundle/rpm.h"
#include "bundle/tar.h"

int
sp_outlet_data(struct sp_outlet *out, const void *data, size_t len,
               struct sp_error *err)
{
    if (len == 0)
        return 0;
    if (out->framing == SP_FRAMING_QFILE)
        out->crc32 = sp_qfile_crc(out->crc32, data, len);
    return sp_transport_write(out->dest, data, len, err);
}

ssize_t
sp_outlet_file(struct sp_outlet *out, int file, size_t len,
               struct sp_error *err)
{
    /* A checksum wants to see every byte. */
    if (out->framing == SP_FRAMING_QFILE)
        return 0;
    return sp_transport_write_file(out->dest, file, len, err);
}

static int
put_zeros(struct sp_outlet *out, size_t len, struct sp_error *err)
{
    static const uint8_t zeros[2 * SP_TAR_BLOCK];

    return sp_outlet_data(out, zeros, len, err);
}

static int
put_tar_header(struct sp_outlet *out, const char *name, uint64_t size,
               struct sp_error *err)
{
    uint8_t block[SP_TAR_BLOCK];

    sp_tar_header(block, name, size);
    return sp_outlet_data(out, block, sizeof(block), err);
}

/* No times: the same packages give the same bytes. */
static int
put_qfile_header(struct sp_outlet *out, const struct sp_nevra *nevra,
                 uint64_t size, struct sp_error *err)
{
    char name[SP_FILENAME_MAX + 1], shown[SP_SHOWN_MAX];
    uint8_t block[SP_QFILE_HEADER_BYTES];
    struct sp_qfile_header header = {.mode = S_IFREG | 0644, .size = size};

    if (!sp_nevra_filename(nevra, name, sizeof(name)) ||
        !sp_qfile_name_ok(name, strlen(name))) {
        sp_text_show(shown, sizeof(shown), nevra->name);
        return sp_fail(err, "member-name",
                       "a qfile stream cannot carry the name of '%s'", shown);
    }
    header.name_size = (uint32_t)strlen(name) + 1;
    sp_qfile_put_header(block, &header);
    if (sp_outlet_data(out, block, sizeof(block), err) < 0)
        return -1;
    return sp_outlet_data(out, name, header.name_size, err);
}

int
sp_outlet_manifest(struct sp_outlet *out, const void *text, size_t size,
                   struct sp_error *err)
{
    if (out->framing == SP_FRAMING_QFILE)
        return 0;
    if (put_tar_header(out, SP_MEMBER_MANIFEST, size, err) < 0 ||
        sp_outlet_data(out, text, size, err) < 0)
        return -1;
    return sp_outlet_pad(out, size, err);
}

int
sp_outlet_evidence(struct sp_outlet *out, uint64_t number, uint64_t size,
                   struct sp_error *err)
{
    char name[SP_MEMBER_NAME_MAX];

    sp_member_evidence(name, number);
    return put_tar_header(out, name, size, err);
}

int
sp_outlet_package(struct sp_outlet *out, uint64_t number,
                  const struct sp_nevra *nevra, uint64_t size,
                  struct sp_error *err)
{
    char name[SP_MEMBER_NAME_MAX];

    if (out->framing == SP_FRAMING_BUNDLE) {
        sp_member_package(name, number);
        return put_tar_header(out, name, size, err);
    }
    if (number > SP_MAX_QFILE_FILES)
        return sp_fail(err, "too-many-files",
                       "a qfile stream carries %" PRIu64 " files and no more",
                       SP_MAX_QFILE_FILES);
    return put_qfile_header(out, nevra, size, err);
}

int
sp_outlet_pad(struct sp_outlet *out, uint64_t size, struct sp_error *err)
{
    if (out->framing == SP_FRAMING_QFILE)
        return 0;
    return put_zeros(out, sp_tar_padding(size), err);
}

int
sp_outlet_end(struct sp_outlet *out, struct sp_error *err)
{
    return put_zeros(out,
                     out->framing == SP_FRAMING_QFILE ? SP_QFILE_HEADER_BYTES
                                                      : 2 * SP_TAR_BLOCK,
                     err);
}

uint64_t
sp_outlet_member_bytes(uint64_t size)
{
    return SP_TAR_BLOCK + size + sp_tar_padding(size);
}

int
sp_outlet_finish(struct sp_outlet *out, struct sp_error *err)
{
    if (sp_transport_finish(out->dest, err) < 0)
        return -1;
    return sp_hear(out->dest, out->crc32, err);
}

int
sp_outlet_fault(struct sp_outlet *out, struct sp_error *err)
{
    struct sp_error said = {0};

    if (err && out->dest->failed && out->dest->ops->hear &&
        strcmp(err->detail, "peer-gone") == 0 &&
        sp_hear(out->dest, out->crc32, &said) < 0)
        *err = said;
    return -1;
}
