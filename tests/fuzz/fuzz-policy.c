/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy.conf (ingest/policy.h). Its owner wrote it: a slip must be refused,
 * and nothing that is accepted may be outside its range.
 */
#include <stdlib.h>

#include "base/auto.h"
#include "bundle/limits.h"
#include "ingest/policy.h"
#include "tests/fuzz/fuzz.h"
#include "transports/qubes.h"

static struct sp_policy policy;

static void
check_list(char (*list)[SP_POLICY_WORD_MAX], unsigned n)
{
    FUZZ_CHECK(n <= SP_POLICY_NAMES_MAX);
    for (unsigned i = 0; i < n; i++) {
        size_t len = strnlen(list[i], SP_POLICY_WORD_MAX);

        FUZZ_CHECK(len > 0 && len < SP_POLICY_WORD_MAX);
        for (size_t k = 0; k < len; k++)
            FUZZ_CHECK(list[i][k] > 0x20 && list[i][k] < 0x7f);
    }
}

static void
check_keys(const struct sp_policy *p)
{
    unsigned patterns = 0;

    FUZZ_CHECK(p->n_keys <= SP_POLICY_KEYS_MAX);
    for (unsigned i = 0; i < p->n_keys; i++) {
        FUZZ_CHECK(strspn(p->keys[i].fpr, "0123456789ABCDEF") == 40 &&
                   p->keys[i].fpr[40] == '\0');
        FUZZ_CHECK(p->keys[i].first_pattern == patterns);
        patterns += p->keys[i].n_patterns;
    }
    FUZZ_CHECK(patterns == p->n_patterns);
}

static void
check_numbers(const struct sp_policy *p)
{
    FUZZ_CHECK(p->from_file && p->keep_generations >= 1);
    FUZZ_CHECK(p->ceilings.files >= 1 && p->ceilings.files <= SP_MAX_PACKAGES);
    FUZZ_CHECK(p->ceilings.bytes >= 1 &&
               p->ceilings.bytes <= SP_MAX_BUNDLE_BYTES);
    FUZZ_CHECK(p->ceilings.file_bytes >= 1 &&
               p->ceilings.file_bytes <= SP_MAX_MEMBER_BYTES);
    FUZZ_CHECK(p->deadlines.idle >= 1 && p->deadlines.idle <= 86400);
    FUZZ_CHECK(p->deadlines.rate_window >= 1 && p->deadlines.total >= 1);
    FUZZ_CHECK(p->max_age_days <= 3660);
    FUZZ_CHECK(p->updatevm[0] == '\0' ||
               sp_qube_name_ok(p->updatevm, strlen(p->updatevm)));
    FUZZ_CHECK(p->comps[0] == '\0' || p->comps[0] == '/');
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char fpr[] = "6A59D43AF6DC2B73BFB42CC57ABFE4F0FE3776F3";
    SP_AUTO_FREE char *text = fuzz_text(data, size);
    struct sp_error err = {0};

    if (sp_policy_parse(text, size, "policy.conf", &policy, &err) < 0) {
        fuzz_refused(&err);
        FUZZ_CHECK(strcmp(err.detail, "policy-file") == 0);
        return 0;
    }
    check_keys(&policy);
    check_numbers(&policy);
    check_list(policy.patterns, policy.n_patterns);
    check_list(policy.installonly, policy.n_installonly);
    check_list(policy.protected, policy.n_protected);
    check_list(policy.arches, policy.n_arches);
    check_list(policy.evidence, policy.n_evidence);
    if (policy.n_keys > 0 && !strstr(text, fpr))
        FUZZ_CHECK(sp_policy_check_key(&policy, fpr, "xen", &err) < 0);
    (void)sp_policy_is_protected(&policy, "qubes-core-dom0");
    return 0;
}
