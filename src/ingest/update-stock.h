/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The stock way, for an update qube without sallyport-builder: the rpm
 * database, repository files and keys go there, its download script runs,
 * and a qfile stream comes back. It tells that qube more than a request
 * does; what comes back is judged as everything else.
 */
#ifndef SP_INGEST_UPDATE_STOCK_H
#define SP_INGEST_UPDATE_STOCK_H

#include "ingest/update-vm.h"

struct sp_stock {
    struct sp_vm_call call; /* without command and stdin */
    const char *db_path;    /* NULL: rpm's own */
    struct sp_words options;
    bool check_only;
};

/* Sends, then runs the script; *ret is how that ended. */
int sp_stock_run(const struct sp_stock *stock, struct sp_vm_end *ret,
                 struct sp_error *err);

#endif
