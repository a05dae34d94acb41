/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ingest/worker.h"

#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/text.h"

/* A worker is one kind for all its life. */
static enum sp_worker_kind this_worker;

void
sp_worker_init(enum sp_worker_kind kind)
{
    this_worker = kind;
}

void
sp_worker_begin(enum sp_worker_kind kind, const struct sp_jail *jail)
{
    struct sp_jail_state state;
    struct sp_report report;
    struct sp_error err = {0};
    char go = 0;

    this_worker = kind;
    if (sp_jail_enter(jail, &state, &err) < 0)
        sp_worker_fault(&err);
    sp_report_init(&report, kind, SP_REPORT_JAILED);
    report.body.jailed.landlock_abi = state.landlock_abi;
    report.body.jailed.seccomp = state.seccomp;
    sp_worker_send(&report);
    if (sp_read_some(SP_FD_REPORT, &go, 1) != 1 || go != SP_GO)
        _exit(SP_E_INTERNAL);
}

void
sp_worker_send(const struct sp_report *report)
{
    if (sp_write_full(SP_FD_REPORT, report, sizeof(*report)) < 0)
        _exit(SP_E_INTERNAL);
}

_Noreturn void
sp_worker_fault(const struct sp_error *err)
{
    struct sp_report report;

    sp_report_init(&report, this_worker, SP_REPORT_FAULT);
    sp_report_set_error(&report, err);
    sp_worker_send(&report);
    _exit((int)err->code);
}

_Noreturn void
sp_worker_done(uint64_t count)
{
    struct sp_report report;

    sp_report_init(&report, this_worker, SP_REPORT_DONE);
    report.index = count;
    sp_worker_send(&report);
    _exit(0);
}

const char *
sp_worker_text(int argc, char **argv, const char *key)
{
    size_t len = strlen(key);

    for (int i = 1; i < argc; i++)
        if (strncmp(argv[i], key, len) == 0 && argv[i][len] == '=')
            return argv[i] + len + 1;
    return NULL;
}

uint64_t
sp_worker_number(int argc, char **argv, const char *key, uint64_t max,
                 uint64_t otherwise)
{
    const char *text = sp_worker_text(argc, argv, key);
    struct sp_error err = {0};
    uint64_t number;

    if (!text)
        return otherwise;
    if (sp_text_u64(text, max, &number))
        return number;
    (void)sp_fail(&err, "usage", "argument '%s' is not a number in its range",
                  key);
    sp_worker_fault(&err);
}
