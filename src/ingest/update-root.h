/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The small parent that stays root. It knows one order, "run dnf"; with
 * which words was said on its own command line, before anything from
 * outside was heard.
 */
#ifndef SP_INGEST_UPDATE_ROOT_H
#define SP_INGEST_UPDATE_ROOT_H

#include "ingest/update.h"

/* How dnf ended. */
struct sp_dnf_end {
    int status;      /* of `dnf ACTION`, 128 + signal when one ended it */
    int more;        /* of `dnf check-update` behind it; -1 = not asked */
    int start_errno; /* not 0: it could not be started */
    int lost_errno;  /* not 0: it was, and how it ended is not known */
};

/*
 * Forks. Returns 1 in the child, with *ret_root as its channel; 0 in the
 * parent when the child has ended, with *ret_status, and a fault in *err where
 * that could not be learned; -1 when there is no child. The parent takes no
 * notice of signals: it waits for the child, which does.
 */
int sp_update_split(const struct sp_update *update, int *ret_root,
                    int *ret_status, struct sp_error *err);

/* For the child: has dnf run. */
int sp_update_dnf(int root, struct sp_dnf_end *ret, struct sp_error *err);

/* The lock of the stock command; nothing where that is not installed. */
int sp_update_stock_lock(int *ret_fd, struct sp_error *err);

#endif
