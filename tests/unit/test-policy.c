/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "ingest/policy.h"
#include "tap.h"

#define FPR_A "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define FPR_B "BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB"

static struct sp_policy policy;
static struct sp_error err;

static bool
parses(const char *text)
{
    memset(&err, 0, sizeof(err));
    return sp_policy_parse(text, strlen(text), "policy.conf", &policy, &err) ==
           0;
}

static const char *const refused[] = {
    "idle-seconds=1\n",
    "idle-seconds = 01\n",
    "idle-seconds = -1\n",
    "idle-seconds = 0\n",
    "idle-seconds = 99999999\n",
    "idle-seconds = 5",
    "unknown = 1\n",
    " idle-seconds = 5\n",
    "idle-seconds  = 5\n",
    "idle-seconds =  5\n",
    "idle-seconds = 5 \n",
    "keep-generations = 0\n",
    "allow-key = abc\n",
    "allow-key = aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n",
    "allow-key = " FPR_A "  two-spaces\n",
    "allow-key = " FPR_A " bad/name\n",
    "installonly = \n",
    "skip-verification = yes\n",
    "updatevm = \n",
    "updatevm = -x\n",
    "updatevm = 1qube\n",
    "updatevm = a b\n",
    "updatevm = @adminvm\n",
    "updatevm = aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n",
    "updatevm = one\nupdatevm = two\n",
};

static void
test_defaults(void)
{
    tap_ok(parses(""), "an empty file is all defaults");
    tap_is_u64(policy.keep_generations, 3, "three generations");
    tap_is_str(policy.updatevm, "", "no qube is named");
    tap_ok(parses("updatevm = sys-update_2.a\n"), "a qube");
    tap_is_str(policy.updatevm, "sys-update_2.a", "... has its name");
    tap_ok(parses("updatevm = aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n"),
           "a name of 31 bytes");
    tap_ok(parses(""), "an empty file again");
    tap_is_u64(policy.deadlines.idle, 60, "idle after a minute");
    tap_is_u64(policy.ceilings.files, SP_MAX_PACKAGES, "packages");
    tap_ok(sp_policy_runs_arch(&policy, "noarch"), "noarch runs everywhere");
    tap_ok(!sp_policy_runs_arch(&policy, "vax"), "a vax does not");
    tap_ok(sp_policy_is_installonly(&policy, "kernel"), "kernels stand aside");
    tap_ok(!sp_policy_is_installonly(&policy, "bash"), "bash does not");
}

static void
test_refused(void)
{
    for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
        tap_ok(!parses(refused[i]), "refused: line %zu of the table", i);
        tap_is_str(err.detail, "policy-file", "and named so");
    }
    tap_ok(!parses("# fine\n\nidle-seconds = 5\nwhat\n"), "a bad fourth line");
    tap_ok(strstr(err.msg, "line 4"), "is numbered: %s", err.msg);
}

static void
test_values(void)
{
    tap_ok(parses("# comment\n\nidle-seconds = 5\nmax-packages = 7\n"
                  "installonly = my-kernel*\narch = riscv64\n"),
           "a whole file");
    tap_is_u64(policy.deadlines.idle, 5, "idle");
    tap_is_u64(policy.ceilings.files, 7, "packages");
    tap_ok(sp_policy_is_installonly(&policy, "my-kernel-core"), "a pattern");
    tap_ok(sp_policy_runs_arch(&policy, "riscv64"), "an architecture more");
}

static bool
may(const char *fpr, const char *name)
{
    memset(&err, 0, sizeof(err));
    return sp_policy_check_key(&policy, fpr, name, &err) == 0;
}

static void
test_keys(void)
{
    tap_ok(parses(""), "no key named");
    tap_ok(may(FPR_A, "bash"), "then every key of the directory may sign");
    tap_ok(parses("allow-key = " FPR_A "\nallow-key = " FPR_B " qubes-* xen\n"),
           "two keys");
    tap_ok(may(FPR_A, "bash"), "a key without patterns signs anything");
    tap_ok(may(FPR_B, "qubes-core") && may(FPR_B, "xen"), "patterns match");
    tap_ok(!may(FPR_B, "xen-libs"), "a pattern is the whole name");
    tap_is_str(err.detail, "key-pattern", "and the refusal says so");
    tap_ok(!may("CCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCC", "bash"), "another");
    tap_is_str(err.detail, "key-not-allowed", "is not allowed");
}

static void
test_many(void)
{
    char text[8192] = "";
    size_t used = 0;

    for (int i = 0; i <= SP_POLICY_KEYS_MAX; i++)
        used += (size_t)snprintf(text + used, sizeof(text) - used,
                                 "allow-key = %040d\n", i);
    tap_ok(!parses(text), "more keys than there is room for are a fault");
}

int
main(void)
{
    test_defaults();
    test_refused();
    test_values();
    test_keys();
    test_many();
    return tap_done();
}
