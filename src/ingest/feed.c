/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ingest/feed.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"

enum { STEP_BYTES = 1 << 20 };

/* How a step ended. */
enum step { STEP_FAULT = -2, STEP_CLOSED = -1, STEP_FULL = 0, STEP_OUT = 1 };

int
sp_feed_init(struct sp_feed *feed, int *fd, int source_fd, struct sp_error *err)
{
    struct stat st;

    if (fstat(source_fd, &st) < 0)
        return sp_fail_sys(err, errno, "io", "cannot stat the package");
    if (fcntl(*fd, F_SETFL, O_NONBLOCK) < 0)
        return sp_fail_sys(err, errno, "internal", "cannot set up a pipe");
    *feed = (struct sp_feed){.fd = sp_steal_fd(fd), .source_fd = source_fd};
    feed->size = (uint64_t)st.st_size;
    sp_entry_init(&feed->record, SP_ENTRY_START, SP_STREAM_RPM, 0, 0);
    return 0;
}

static enum step
put_record(struct sp_feed *feed)
{
    const char *record = (const char *)&feed->record;

    while (feed->record_done < sizeof(feed->record)) {
        ssize_t n = write(feed->fd, record + feed->record_done,
                          sizeof(feed->record) - feed->record_done);

        if (n < 0)
            return errno == EAGAIN || errno == EINTR ? STEP_FULL : STEP_CLOSED;
        feed->record_done += (size_t)n;
    }
    return STEP_OUT;
}

static enum step
put_bytes(struct sp_feed *feed, struct sp_error *err)
{
    while (feed->offset < feed->size) {
        uint64_t left = feed->size - feed->offset;
        ssize_t n = sendfile(feed->fd, feed->source_fd, NULL,
                             left < STEP_BYTES ? (size_t)left : STEP_BYTES);

        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            return STEP_FULL;
        if (n < 0 && errno == EPIPE)
            return STEP_CLOSED;
        if (n < 0) {
            (void)sp_fail_sys(err, errno, "read-error",
                              "cannot read the package at byte %" PRIu64,
                              feed->offset);
            return STEP_FAULT;
        }
        if (n == 0) {
            (void)sp_fail(err, "truncated",
                          "the package became shorter while it was read");
            return STEP_FAULT;
        }
        feed->offset += (uint64_t)n;
    }
    return STEP_OUT;
}

/* START, then FILE with its bytes, then END. */
static void
next_record(struct sp_feed *feed)
{
    enum sp_entry_type type =
        feed->record.type == SP_ENTRY_START ? SP_ENTRY_FILE : SP_ENTRY_END;

    sp_entry_init(&feed->record, type, SP_STREAM_RPM, type == SP_ENTRY_END,
                  feed->size);
    feed->record_done = 0;
}

int
sp_feed_go(struct sp_feed *feed, struct sp_error *err)
{
    enum step step = STEP_OUT;

    while (step == STEP_OUT) {
        step = put_record(feed);
        if (step == STEP_OUT && feed->record.type == SP_ENTRY_FILE)
            step = put_bytes(feed, err);
        if (step == STEP_OUT && feed->record.type == SP_ENTRY_END)
            step = STEP_CLOSED;
        if (step == STEP_OUT)
            next_record(feed);
    }
    if (step != STEP_FULL)
        sp_close_fd(&feed->fd);
    return step == STEP_FAULT ? -1 : 0;
}
