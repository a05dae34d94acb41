/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ingest/unpack-out.h"

#include <errno.h>
#include <stdio.h>

#include "base/io.h"
#include "ingest/worker.h"

void
sp_unpack_put(const void *bytes, size_t len)
{
    struct sp_error err = {0};

    if (sp_write_full(SP_FD_OUT, bytes, len) == 0)
        return;
    (void)sp_fail_sys(&err, errno, errno == EPIPE ? "peer-gone" : "io",
                      "cannot write the entry stream");
    sp_worker_fault(&err);
}

void
sp_unpack_put_entry(enum sp_entry_type type, enum sp_stream_kind kind,
                    uint64_t index, uint64_t size, const char *name)
{
    struct sp_entry entry;

    sp_entry_init(&entry, type, kind, index, size);
    (void)snprintf(entry.untrusted_name, sizeof(entry.untrusted_name), "%s",
                   name);
    sp_unpack_put(&entry, sizeof(entry));
}
