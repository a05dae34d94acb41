/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build/unfold.h"

#include <archive.h>
#include <errno.h>
#include <inttypes.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/text.h"

enum { PIECE = 64 * 1024 };

struct source {
    int fd;
    char buf[PIECE];
};

static la_ssize_t
read_source(struct archive *a, void *data, const void **ret_piece)
{
    struct source *source = data;
    ssize_t n = sp_read_some(source->fd, source->buf, sizeof(source->buf));

    if (n < 0)
        archive_set_error(a, errno, "cannot read");
    *ret_piece = source->buf;
    return n;
}

static int
archive_fault(struct archive *a, struct sp_error *err)
{
    const char *said = archive_error_string(a);
    char shown[SP_SHOWN_MAX];

    sp_text_show(shown, sizeof(shown), said ? said : "no reason given");
    return sp_fail(err, "metadata", "cannot unpack the metadata: %s", shown);
}

static int
open_raw(struct archive *a, struct source *source, struct sp_error *err)
{
    struct archive_entry *entry;

    if (archive_read_support_filter_gzip(a) != ARCHIVE_OK ||
        archive_read_support_filter_xz(a) != ARCHIVE_OK ||
        archive_read_support_filter_zstd(a) != ARCHIVE_OK ||
        archive_read_support_filter_bzip2(a) != ARCHIVE_OK ||
        archive_read_support_format_raw(a) != ARCHIVE_OK)
        return archive_fault(a, err);
    if (archive_read_open(a, source, NULL, read_source, NULL) != ARCHIVE_OK ||
        archive_read_next_header(a, &entry) != ARCHIVE_OK)
        return archive_fault(a, err);
    return 0;
}

static int
pump(struct archive *a, uint64_t max,
     int (*sink)(void *data, const void *piece, size_t len,
                 struct sp_error *err),
     void *data, struct sp_error *err)
{
    const void *piece = NULL;
    la_int64_t offset = 0;
    uint64_t total = 0;
    size_t len = 0;
    int status;

    while ((status = archive_read_data_block(a, &piece, &len, &offset)) ==
           ARCHIVE_OK) {
        if (len > max - total)
            return sp_fail(
                err, "metadata-size",
                "the metadata unpacks to more than %" PRIu64 " bytes", max);
        total += len;
        if (sink(data, piece, len, err) < 0)
            return -1;
    }
    return status == ARCHIVE_EOF ? 0 : archive_fault(a, err);
}

int
sp_unfold(int fd, uint64_t max,
          int (*sink)(void *data, const void *piece, size_t len,
                      struct sp_error *err),
          void *data, struct sp_error *err)
{
    SP_AUTO_FREE struct source *source = calloc(1, sizeof(*source));
    struct archive *a = source ? archive_read_new() : NULL;
    int status = -1;

    if (!a)
        return sp_fail(err, "no-memory", "no memory to unpack metadata");
    source->fd = fd;
    if (open_raw(a, source, err) == 0)
        status = pump(a, max, sink, data, err);
    (void)archive_read_free(a);
    return status;
}
