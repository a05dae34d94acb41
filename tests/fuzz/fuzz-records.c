/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Records of other processes (bundle/record.h). The first byte of an input
 * says which: 0 entry, 7 message, 1 to 6 the report of this worker; bit 7 puts
 * the magic number right. The rest is the record, zero where it ends early.
 * What is accepted has ended strings and known words.
 */
#include "bundle/record.h"

#include "tests/fuzz/fuzz.h"

static void
is_ended(const char *text, size_t size)
{
    size_t len = strnlen(text, size);

    FUZZ_CHECK(len < size);
    for (size_t i = 0; i < len; i++)
        FUZZ_CHECK(text[i] >= 0x20 && text[i] <= 0x7e);
}

static void
check_nevra(const struct sp_nevra *n)
{
    is_ended(n->name, sizeof(n->name));
    is_ended(n->version, sizeof(n->version));
    is_ended(n->release, sizeof(n->release));
    is_ended(n->arch, sizeof(n->arch));
}

static void
check_body(const struct sp_report *r)
{
    switch (r->type) {
    case SP_REPORT_PACKAGE:
        check_nevra(&r->body.package.nevra);
        FUZZ_CHECK(r->body.package.verdict <= SP_VERDICT_ACCEPTED);
        FUZZ_CHECK((r->body.package.verdict == SP_VERDICT_ACCEPTED) ==
                   (r->reason[0] == '\0'));
        break;
    case SP_REPORT_VERDICT:
    case SP_REPORT_EVIDENCE_VERDICT:
        is_ended(r->body.verdict.signing_fpr, 41);
        is_ended(r->body.verdict.primary_fpr, 41);
        FUZZ_CHECK((r->body.verdict.verdict == SP_VERDICT_ACCEPTED) ==
                   (r->reason[0] == '\0'));
        break;
    case SP_REPORT_KEY:
        is_ended(r->body.key.fpr, 41);
        is_ended(r->body.key.primary_fpr, 41);
        break;
    case SP_REPORT_REQUEST: is_ended(r->body.request.id, 33); break;
    case SP_REPORT_EVIDENCE: is_ended(r->body.evidence.label, 65); break;
    case SP_REPORT_LISTED: check_nevra(&r->body.listed.nevra); break;
    case SP_REPORT_GROUP: FUZZ_CHECK(sp_group_line_ok(&r->body.group)); break;
    default: break;
    }
}

static void
check_report(const struct sp_report *untrusted, enum sp_worker_kind worker)
{
    struct sp_error err = {0};
    struct sp_report again;

    if (!sp_report_check(untrusted, worker))
        return;
    is_ended(untrusted->message, sizeof(untrusted->message));
    is_ended(untrusted->reason, sizeof(untrusted->reason));
    check_body(untrusted);
    if (untrusted->reason[0] == '\0')
        return;
    sp_report_get_error(untrusted, &err);
    FUZZ_CHECK(err.code != SP_OK && sp_reason_find(err.detail));
    again = *untrusted;
    sp_report_set_error(&again, &err);
    FUZZ_CHECK(sp_report_check(&again, worker));
}

static void
judge_entry(const uint8_t *data, size_t size, bool mend)
{
    struct sp_entry entry = {.magic = 0}, good;

    memcpy(&entry, data, size < sizeof(entry) ? size : sizeof(entry));
    sp_entry_init(&good, SP_ENTRY_START, SP_STREAM_RPM, 0, 0);
    if (mend)
        entry.magic = good.magic;
    if (sp_entry_check(&entry))
        FUZZ_CHECK(
            memchr(entry.untrusted_name, '\0', sizeof(entry.untrusted_name)));
}

static void
judge_message(const uint8_t *data, size_t size, bool mend)
{
    struct sp_message message = {.magic = 0}, good;

    memcpy(&message, data, size < sizeof(message) ? size : sizeof(message));
    sp_message_init(&good, SP_MESSAGE_END, 0, 0, 0);
    if (mend)
        message.magic = good.magic;
    if (sp_message_check(&message))
        FUZZ_CHECK(message.packet_size <= SP_SIG_MAX_BYTES + 32 &&
                   message.header_size <= SP_RPM_MAX_HEAD_BYTES);
}

static void
judge_report(const uint8_t *data, size_t size, bool mend, unsigned worker)
{
    static struct sp_report report, good;

    memset(&report, 0, sizeof(report));
    memcpy(&report, data, size < sizeof(report) ? size : sizeof(report));
    sp_report_init(&good, (enum sp_worker_kind)worker, SP_REPORT_DONE);
    if (mend) {
        report.magic = good.magic;
        report.worker = good.worker;
    }
    check_report(&report, (enum sp_worker_kind)worker);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bool mend;

    if (size < 1)
        return 0;
    mend = data[0] >= 128;
    if (data[0] % 8 == 0)
        judge_entry(data + 1, size - 1, mend);
    else if (data[0] % 8 == 7)
        judge_message(data + 1, size - 1, mend);
    else
        judge_report(data + 1, size - 1, mend, data[0] % 8U);
    return 0;
}
