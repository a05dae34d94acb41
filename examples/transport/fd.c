/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A worked example of a carrier: "fd:N" is a descriptor that the program
 * inherited, as a shell makes one with 5<FILE. docs/TRANSPORTS.md walks
 * through it; tests/bats/46-example.bats compiles and uses it.
 */
#include <errno.h>
#include <fcntl.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/text.h"
#include "transports/carriers.h"

/* 0 to 2 have an address of their own, "-". */
enum { FD_MIN = 3, FD_MAX = 65535 };

static int
fd_open(struct sp_transport *t, const struct sp_address *address,
        struct sp_error *err)
{
    uint64_t number;
    int mode;

    if (!sp_text_u64(address->rest, FD_MAX, &number) || number < FD_MIN)
        return sp_fail(err, "usage", "'%s': a number from %d is wanted",
                       t->shown, (int)FD_MIN);
    mode = fcntl((int)number, F_GETFL);
    if (mode < 0)
        return sp_fail_sys(err, errno, "usage", "'%s' is not open", t->shown);
    mode &= O_ACCMODE;
    if (mode == (t->direction == SP_DIR_READ ? O_WRONLY : O_RDONLY))
        return sp_fail(err, "usage", "'%s' is open the other way", t->shown);
    t->fd = fcntl((int)number, F_DUPFD_CLOEXEC, FD_MIN);
    if (t->fd < 0)
        return sp_fail_sys(err, errno, "io", "cannot use '%s'", t->shown);
    return 0;
}

static ssize_t
fd_read(struct sp_transport *t, void *buf, size_t len, struct sp_error *err)
{
    ssize_t n = sp_read_some(t->fd, buf, len);

    if (n < 0)
        return sp_fail_sys(err, errno, "io", "cannot read '%s'", t->shown);
    return n;
}

static int
fd_write(struct sp_transport *t, const void *buf, size_t len,
         struct sp_error *err)
{
    if (sp_write_full(t->fd, buf, len) == 0)
        return 0;
    return sp_fail_sys(err, errno, errno == EPIPE ? "peer-gone" : "io",
                       "cannot write '%s'", t->shown);
}

static void
fd_close(struct sp_transport *t)
{
    sp_close_fd(&t->fd);
}

const struct sp_transport_ops sp_carrier_fd = {
    .scheme = "fd",
    .summary = "an inherited descriptor ('fd:N')",
    .caps = SP_CAP_READ | SP_CAP_WRITE | SP_CAP_PLAIN_FD | SP_CAP_KNOWN_END,
    .open = fd_open,
    .read = fd_read,
    .write = fd_write,
    .close = fd_close,
};
