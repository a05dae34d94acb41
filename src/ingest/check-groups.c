/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ingest/check-groups.h"

#include <string.h>

#include "ingest/digest.h"
#include "ingest/worker.h"

static char untrusted_groups[SP_GROUPS_MAX_BYTES];

static int
report(void *data, const struct sp_group_line *line, struct sp_error *err)
{
    struct sp_report record;

    (void)data;
    (void)err;
    sp_report_init(&record, SP_WORKER_CHECK, SP_REPORT_GROUP);
    record.body.group = *line;
    sp_worker_send(&record);
    return 0;
}

static void
report_piece(uint64_t number, const struct sp_member *member)
{
    struct sp_report record;
    struct sp_report_evidence *facts = &record.body.evidence;

    sp_report_init(&record, SP_WORKER_CHECK, SP_REPORT_EVIDENCE);
    record.index = number;
    facts->verdict = SP_VERDICT_ACCEPTED;
    facts->kind = member->evidence;
    facts->bytes = member->size;
    memcpy(facts->sha256, member->sha256, sizeof(facts->sha256));
    memcpy(facts->label, member->label, sizeof(facts->label));
    sp_worker_send(&record);
}

void
sp_check_groups(struct sp_entries *entries, uint64_t number,
                const struct sp_member *member)
{
    size_t size = (size_t)member->size;
    struct sp_error err = {0};
    int status;

    if (strcmp(member->label, SP_GROUPS_LABEL) != 0) {
        status = sp_fail(&err, "groups", "the groups are under another label");
    } else if (member->size > sizeof(untrusted_groups)) {
        status = sp_fail(&err, "groups", "the groups have more than %zu bytes",
                         sizeof(untrusted_groups));
    } else {
        sp_entries_take(entries, untrusted_groups, size);
        if (memcmp(sp_digest(SP_HASH_SHA256, untrusted_groups, size),
                   member->sha256, sizeof(member->sha256)) != 0)
            status = sp_fail(&err, "evidence-digest",
                             "the groups were damaged on the medium or on "
                             "the way");
        else
            status =
                sp_groups_parse(untrusted_groups, size, report, NULL, &err);
    }
    if (status < 0)
        sp_worker_fault(&err);
    report_piece(number, member);
}
