/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ingest/check.h"

#include <inttypes.h>
#include <signal.h>
#include <string.h>

#include "base/text.h"
#include "bundle/manifest.h"
#include "bundle/rpm.h"
#include "ingest/check-evidence.h"
#include "ingest/check-groups.h"
#include "ingest/check-package.h"
#include "ingest/digest.h"
#include "ingest/entries.h"
#include "ingest/jails.h"
#include "ingest/worker.h"

static char untrusted_manifest[SP_MAX_MANIFEST_BYTES];

_Noreturn static void
fault_member(const char *what)
{
    struct sp_error err = {0};

    (void)sp_fail(&err, "manifest-member", "%s", what);
    sp_worker_fault(&err);
}

/* Ceilings and room, before a byte is stored. */
static void
admit(const struct sp_check_plan *plan, uint64_t packages, uint64_t bytes,
      uint64_t largest)
{
    char needed[16], there[16];
    struct sp_error err = {0};
    int result = 0;

    sp_text_size(needed, sizeof(needed), bytes);
    sp_text_size(there, sizeof(there), plan->space);
    if (packages > plan->max_files)
        result = sp_fail(&err, "too-many-files",
                         "%" PRIu64 " packages, allowed are %" PRIu64, packages,
                         plan->max_files);
    else if (largest > plan->max_file)
        result = sp_fail(&err, "file-too-large",
                         "a package of %" PRIu64 " bytes, allowed are %" PRIu64,
                         largest, plan->max_file);
    else if (bytes > plan->max_bytes)
        result = sp_fail(&err, "too-many-bytes",
                         "%" PRIu64 " bytes of packages, allowed are %" PRIu64,
                         bytes, plan->max_bytes);
    else if (plan->store && bytes > plan->space)
        result = sp_fail(&err, "space", "not enough space: %s needed, %s free",
                         needed, there);
    if (result < 0)
        sp_worker_fault(&err);
}

static void
judge(const struct sp_check_plan *plan, struct sp_entries *entries,
      uint64_t index, const struct sp_member *member, const char *hint,
      uint64_t *messages)
{
    struct sp_report report;
    struct sp_error err = {0};
    int result =
        sp_check_package(plan, entries, index, member, hint, &report, &err);

    sp_worker_send(&report);
    if (result == 0)
        (*messages)++;
    else if (!plan->go_on)
        sp_worker_fault(&err);
}

/* ---- a bundle ------------------------------------------------------------ */

static void
report_manifest(const struct sp_manifest *manifest)
{
    struct sp_report report;

    sp_report_init(&report, SP_WORKER_CHECK, SP_REPORT_MANIFEST);
    report.body.manifest = (struct sp_report_manifest){
        .packages = manifest->packages,
        .evidence = manifest->evidence,
        .bytes = manifest->bytes,
        .requests = manifest->requests,
    };
    sp_worker_send(&report);
    for (uint64_t i = 0; i < manifest->requests; i++) {
        sp_report_init(&report, SP_WORKER_CHECK, SP_REPORT_REQUEST);
        sp_manifest_request(manifest, i, report.body.request.id);
        sp_worker_send(&report);
    }
}

static void
take_manifest(struct sp_entries *entries, struct sp_manifest *ret)
{
    struct sp_error err = {0};
    struct sp_entry entry;
    int result;

    if (!sp_entries_next(entries, &entry))
        fault_member("the bundle has no MANIFEST");
    if (entry.size > sizeof(untrusted_manifest)) {
        result = sp_fail(&err, "manifest-size",
                         "MANIFEST has %" PRIu64 " bytes", entry.size);
    } else {
        sp_entries_take(entries, untrusted_manifest, (size_t)entry.size);
        result = sp_manifest_parse(untrusted_manifest, (size_t)entry.size, ret,
                                   &err);
    }
    if (result < 0)
        sp_worker_fault(&err);
}

static uint64_t
check_bundle(struct sp_check_plan *plan, struct sp_entries *entries,
             uint64_t *messages)
{
    struct sp_manifest manifest = {0};
    struct sp_member member;
    struct sp_entry entry;
    uint64_t packages = 0, evidence = 0;

    take_manifest(entries, &manifest);
    plan->hash_files = manifest.evidence > 0;
    admit(plan, manifest.packages, manifest.bytes, manifest.max_member);
    report_manifest(&manifest);
    while (sp_manifest_next(&manifest, &member)) {
        if (!sp_entries_next(entries, &entry))
            fault_member("the bundle has fewer members than its MANIFEST");
        if (entry.size != member.size)
            fault_member("a member has another size than MANIFEST says");
        if (member.kind == SP_MEMBER_PACKAGE)
            judge(plan, entries, ++packages, &member, "", messages);
        else if (member.evidence == SP_EVIDENCE_COMPS)
            sp_check_groups(entries, ++evidence, &member);
        else
            *messages += sp_check_evidence(plan, entries, ++evidence, &member);
    }
    if (sp_entries_next(entries, &entry))
        fault_member("the bundle has more members than its MANIFEST");
    return packages;
}

/* ---- packages alone -------------------------------------------------------
 */

static uint64_t
check_files(const struct sp_check_plan *plan, struct sp_entries *entries,
            uint64_t *messages)
{
    struct sp_entry entry;

    while (sp_entries_next(entries, &entry)) {
        if (entries->kind == SP_STREAM_RPM && entries->files > 1)
            fault_member("more than one package where one was announced");
        admit(plan, entries->files, entries->bytes, entry.size);
        judge(plan, entries, entries->files, NULL, entry.untrusted_name,
              messages);
    }
    return entries->files;
}

static struct sp_check_plan
read_arguments(int argc, char **argv)
{
    struct sp_check_plan plan;

    plan.max_files = sp_worker_number(argc, argv, "max-files", SP_MAX_PACKAGES,
                                      SP_MAX_PACKAGES);
    plan.max_bytes = sp_worker_number(argc, argv, "max-bytes",
                                      SP_MAX_BUNDLE_BYTES, SP_MAX_BUNDLE_BYTES);
    plan.max_file = sp_worker_number(argc, argv, "max-file",
                                     SP_MAX_MEMBER_BYTES, SP_MAX_MEMBER_BYTES);
    plan.space = sp_worker_number(argc, argv, "space", UINT64_MAX, 0);
    plan.now = sp_worker_number(argc, argv, "now", UINT64_MAX, 0);
    plan.store = sp_worker_number(argc, argv, "store", 1, 0);
    plan.keep = sp_worker_number(argc, argv, "keep", 1, plan.store);
    plan.hash_files = false;
    plan.hash_stored = sp_worker_number(argc, argv, "hash-stored", 1, 0);
    plan.go_on = sp_worker_number(argc, argv, "go-on", 1, 0);
    return plan;
}

_Noreturn void
sp_check_run(int argc, char **argv)
{
    struct sp_check_plan plan;
    struct sp_message end;
    struct sp_entries entries;
    struct sp_error err = {0};
    struct sp_jail jail;
    uint64_t packages, messages = 0;

    (void)signal(SIGPIPE, SIG_IGN);
    sp_worker_init(SP_WORKER_CHECK);
    plan = read_arguments(argc, argv);
    if (sp_digest_init(&err) < 0)
        sp_worker_fault(&err);
    /* The canonical signature header may be longer than the received one. */
    sp_jails_check(plan.store || plan.keep ? SP_FD_DIR : -1,
                   plan.max_file + SP_RPM_PREFIX_MAX, &jail);
    sp_worker_begin(SP_WORKER_CHECK, &jail);
    sp_entries_start(&entries);
    packages = entries.kind == SP_STREAM_BUNDLE
                   ? check_bundle(&plan, &entries, &messages)
                   : check_files(&plan, &entries, &messages);
    sp_message_init(&end, SP_MESSAGE_END, messages, 0, 0);
    sp_check_hand_on(&end, sizeof(end));
    sp_worker_done(packages);
}
