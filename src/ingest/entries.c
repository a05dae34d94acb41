/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ingest/entries.h"

#include <errno.h>

#include "base/io.h"
#include "ingest/worker.h"

_Noreturn static void
fault_read(ssize_t result)
{
    struct sp_error err = {0};

    if (result < 0)
        (void)sp_fail_sys(&err, errno, "io", "cannot read the entry stream");
    else
        (void)sp_fail(&err, "truncated", "the entry stream ended early");
    sp_worker_fault(&err);
}

_Noreturn static void
fault_protocol(const char *what)
{
    struct sp_error err = {0};

    (void)sp_fail(&err, "protocol", "bad entry stream: %s", what);
    sp_worker_fault(&err);
}

static void
take_record(struct sp_entry *ret)
{
    ssize_t n = sp_read_full(SP_FD_IN, ret, sizeof(*ret));

    if (n != (ssize_t)sizeof(*ret))
        fault_read(n);
    if (!sp_entry_check(ret))
        fault_protocol("malformed record");
}

void
sp_entries_start(struct sp_entries *ret)
{
    struct sp_entry untrusted_entry;

    take_record(&untrusted_entry);
    if (untrusted_entry.type != SP_ENTRY_START)
        fault_protocol("no start record");
    *ret = (struct sp_entries){.kind = untrusted_entry.kind};
}

bool
sp_entries_next(struct sp_entries *entries, struct sp_entry *ret)
{
    static uint8_t skipped[4096];
    struct sp_entry untrusted_entry;

    while (sp_entries_some(entries, skipped, sizeof(skipped)) > 0)
        continue;
    take_record(&untrusted_entry);
    if (untrusted_entry.kind != entries->kind ||
        untrusted_entry.index != entries->files)
        fault_protocol("record out of order");
    if (untrusted_entry.type == SP_ENTRY_END) {
        if (untrusted_entry.size != entries->bytes)
            fault_protocol("the sum of sizes is wrong");
        return false;
    }
    if (untrusted_entry.type != SP_ENTRY_FILE ||
        untrusted_entry.size > SP_MAX_MEMBER_BYTES)
        fault_protocol("no file record");
    entries->files++;
    entries->bytes += untrusted_entry.size;
    entries->left = untrusted_entry.size;
    *ret = untrusted_entry;
    return true;
}

void
sp_entries_take(struct sp_entries *entries, void *buf, size_t len)
{
    ssize_t n;

    if (len > entries->left)
        SP_BUG("more bytes asked for than the file has");
    n = sp_read_full(SP_FD_IN, buf, len);
    if (n != (ssize_t)len)
        fault_read(n);
    entries->left -= len;
}

size_t
sp_entries_some(struct sp_entries *entries, void *buf, size_t size)
{
    size_t want = entries->left < size ? (size_t)entries->left : size;
    ssize_t n = want > 0 ? sp_read_some(SP_FD_IN, buf, want) : 0;

    if (n < 0 || (n == 0 && want > 0))
        fault_read(n);
    entries->left -= (uint64_t)n;
    return (size_t)n;
}
