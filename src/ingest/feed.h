/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The entry stream of one package file, written by the parent itself where
 * there is no unpack. It never blocks: it goes on when the pipe has room.
 */
#ifndef SP_INGEST_FEED_H
#define SP_INGEST_FEED_H

#include <stdbool.h>

#include "bundle/record.h"

struct sp_feed {
    int fd;        /* our end of the pipe, non-blocking; -1 when all is out */
    int source_fd; /* the package file, read from its start */
    struct sp_entry record; /* on its way */
    size_t record_done;     /* bytes of it that are out */
    uint64_t size, offset;  /* of the package */
};

/* Takes over *fd. The size of the file is taken now. */
int sp_feed_init(struct sp_feed *feed, int *fd, int source_fd,
                 struct sp_error *err);

/*
 * Writes what fits. 0, or -1 when the file cannot be read; a closed pipe is
 * no fault here, whoever closed it says why. fd is -1 when it is over.
 */
int sp_feed_go(struct sp_feed *feed, struct sp_error *err);

#endif
