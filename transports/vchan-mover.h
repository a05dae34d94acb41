/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The mover process and what it reports to its keeper (vchan-run.h). */
#ifndef SP_TRANSPORTS_VCHAN_MOVER_H
#define SP_TRANSPORTS_VCHAN_MOVER_H

#include "transports/vchan-run.h"

enum sp_mover_news {
    SP_MOVER_READY = 1, /* set up and jailed */
    SP_MOVER_ENDED = 2, /* serve: the end frame was seen */
    SP_MOVER_FAULT = 3, /* ->error says which; the last report */
    SP_MOVER_DONE = 4,  /* all is well; the last report */
};

struct sp_mover_report {
    uint32_t news;
    struct sp_error error;
};

/*
 * Starts it: path is the one in xenstore. Returns its pid, and our end of
 * the report channel, whose records are whole (SOCK_SEQPACKET).
 */
pid_t sp_mover_start(const struct sp_vchan_plan *plan, const char *path,
                     size_t ring_bytes, int *ret_report_fd,
                     struct sp_error *err);

/*
 * The next report, waited for. 0 and *ret, or -1: a fault that it reported
 * or, when it ended without a word, how.
 */
int sp_mover_hear(pid_t pid, int report_fd, enum sp_mover_news *ret,
                  struct sp_error *err);

#endif
