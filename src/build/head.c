/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build/head.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/sha256.h"
#include "base/text.h"
#include "build/hash.h"
#include "bundle/rpm.h"
#include "bundle/sigpacket.h"

/* Puts the name of the package file before the message. */
static int
name_it(const struct sp_pack_source *source, struct sp_error *err)
{
    char shown[SP_SHOWN_MAX];

    sp_text_show(shown, sizeof(shown), source->shown);
    return sp_fail_prefix(err, "'%s'", shown);
}

/* Non-blocking, so that a FIFO is refused instead of waited for. */
static int
open_regular(const struct sp_pack_source *source, uint64_t *ret_size,
             struct sp_error *err)
{
    SP_AUTO_FD fd = openat(source->dirfd, source->path,
                           O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    struct stat st;

    if (fd < 0)
        return sp_fail_sys(err, errno, errno == ENOENT ? "not-found" : "io",
                           "cannot open the package");
    if (fstat(fd, &st) < 0)
        return sp_fail_sys(err, errno, "io", "cannot stat the package");
    if (!S_ISREG(st.st_mode))
        return sp_fail(err, "io", "not a regular file");
    if ((uint64_t)st.st_size > SP_MAX_MEMBER_BYTES)
        return sp_fail(err, "file-too-large",
                       "larger than the %" PRIu64 " bytes of a member",
                       SP_MAX_MEMBER_BYTES);
    *ret_size = (uint64_t)st.st_size;
    return sp_steal_fd(&fd);
}

int
sp_source_open(const struct sp_pack_source *source, uint64_t *ret_size,
               struct sp_error *err)
{
    int fd = open_regular(source, ret_size, err);

    return fd < 0 ? name_it(source, err) : fd;
}

static int
make_room(struct sp_head_buffer *buffer, size_t need, struct sp_error *err)
{
    size_t size = buffer->size ? buffer->size : 64 * 1024;
    void *grown;

    while (size < need)
        size *= 2;
    if (buffer->data && size == buffer->size)
        return 0;
    grown = realloc(buffer->data, size);
    if (!grown)
        return sp_fail(err, "no-memory", "no memory for a head of %zu bytes",
                       need);
    buffer->data = grown;
    buffer->size = size;
    return 0;
}

/* Reads as much as the parser asks for, step by step. */
static int
read_head(int fd, uint64_t file_size, struct sp_head_buffer *buffer,
          size_t *ret_size, struct sp_error *err)
{
    size_t have = 0, need = 0;

    for (;;) {
        ssize_t n;

        if (make_room(buffer, have + 1, err) < 0 ||
            sp_rpm_need(buffer->data, have, file_size, &need, err) < 0)
            return -1;
        if (need == have)
            break;
        if (make_room(buffer, need, err) < 0)
            return -1;
        n = sp_read_full(fd, buffer->data + have, need - have);
        if (n < 0)
            return sp_fail_sys(err, errno, "io", "cannot read the package");
        if ((size_t)n != need - have)
            return sp_fail(err, "io", "the file shrinks while it is read");
        have = need;
    }
    *ret_size = have;
    return 0;
}

static int
hash_head(const uint8_t *head, size_t size, uint8_t ret[SP_SHA256_BYTES],
          struct sp_error *err)
{
    SP_AUTO_HASH hash = {.handle = NULL};
    struct sp_digest digest;

    if (sp_hash_begin(&hash, SP_DIGEST_SHA256, err) < 0)
        return -1;
    sp_hash_add(&hash, head, size);
    sp_hash_end(&hash, &digest);
    memcpy(ret, digest.bytes, SP_SHA256_BYTES);
    return 0;
}

static int
judge_head(const uint8_t *head, size_t size, struct sp_pack_item *item,
           struct sp_error *err)
{
    struct sp_sigpacket packet;
    struct sp_rpm rpm;

    if (sp_rpm_parse(head, size, &rpm, err) < 0 ||
        sp_sigpacket_parse(head + rpm.signature.offset, rpm.signature.size,
                           &packet, err) < 0 ||
        sp_sigpacket_tag(&packet, rpm.signature_tag, err) < 0 ||
        sp_rpm_facts(head, size, &rpm, err) < 0)
        return -1;
    if (rpm.is_source)
        return sp_fail(err, "source-package", "a source package");
    if (!sp_text_unhex(item->payload_sha256, sizeof(item->payload_sha256),
                       rpm.payload_sha256))
        SP_BUG("payload digest that is not hexadecimal");
    item->member.nevra = rpm.nevra;
    item->member.head_size = size;
    return hash_head(head, size, item->member.sha256, err);
}

int
sp_head_read(struct sp_head_buffer *buffer, const struct sp_pack_source *source,
             struct sp_pack_item *ret, struct sp_error *err)
{
    struct sp_pack_item item = {
        .source = source,
        .member = {.kind = SP_MEMBER_PACKAGE, .why = source->why}};
    SP_AUTO_FD fd = sp_source_open(source, &item.member.size, err);
    size_t size = 0;

    if (fd < 0)
        return -1;
    if (read_head(fd, item.member.size, buffer, &size, err) < 0 ||
        judge_head(buffer->data, size, &item, err) < 0)
        return name_it(source, err);
    *ret = item;
    return 0;
}
