/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ingest/policy.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/lines.h"
#include "base/text.h"
#include "ingest/state.h"
#include "transports/qubes.h"

enum {
    POLICY_BYTES_MAX = 64 * 1024,
    /* Distributions publish something each week; monthly is a slow month. */
    MAX_AGE_DAYS = 60,
};

/* Architectures a machine runs beside its own (rpm's arch_compat). */
static const struct {
    const char *machine;
    const char *also[5];
} compatible[] = {
    {"x86_64", {"i686", "i586", "i486", "i386"}},
    {"aarch64", {NULL}},
    {"ppc64le", {NULL}},
    {"s390x", {NULL}},
};

/* Packages of which several versions stand side by side (dnf's default). */
static const char *const installonly[] = {
    "kernel",          "kernel-core",         "kernel-modules",
    "kernel-devel",    "kernel-modules-core", "kernel-modules-extra",
    "kernel-qubes-vm", "kernel-latest",       "kernel-latest-qubes-vm",
};

/* What starts the machine, what guards it, and what brings its updates. */
static const char *const protected[] = {
    "kernel*", "xen*",     "qubes-core-*",  "grub2*",       "shim*",
    "systemd", "glibc",    "dracut*",       "rpm",          "dnf*",
    "sudo",    "libvirt*", "qubes-release", "qubes-mgmt-*", "sallyport*",
};

static void
add_word(char (*list)[SP_POLICY_WORD_MAX], unsigned *n, unsigned max,
         const char *word)
{
    if (*n < max)
        (void)snprintf(list[(*n)++], SP_POLICY_WORD_MAX, "%s", word);
}

static void
add_machine(struct sp_policy *p)
{
    struct utsname machine;

    add_word(p->arches, &p->n_arches, SP_POLICY_NAMES_MAX, "noarch");
    if (uname(&machine) < 0)
        return;
    add_word(p->arches, &p->n_arches, SP_POLICY_NAMES_MAX, machine.machine);
    for (size_t i = 0; i < sizeof(compatible) / sizeof(*compatible); i++)
        for (size_t j = 0;
             strcmp(compatible[i].machine, machine.machine) == 0 &&
             compatible[i].also[j];
             j++)
            add_word(p->arches, &p->n_arches, SP_POLICY_NAMES_MAX,
                     compatible[i].also[j]);
}

static void
set_defaults(struct sp_policy *p)
{
    memset(p, 0, sizeof(*p));
    add_machine(p);
    for (size_t i = 0; i < sizeof(installonly) / sizeof(*installonly); i++)
        add_word(p->installonly, &p->n_installonly, SP_POLICY_NAMES_MAX,
                 installonly[i]);
    for (size_t i = 0; i < sizeof(protected) / sizeof(*protected); i++)
        add_word(p->protected, &p->n_protected, SP_POLICY_NAMES_MAX,
                 protected[i]);
    p->keep_generations = SP_KEEP_GENERATIONS;
    p->max_age_days = MAX_AGE_DAYS;
    p->ceilings.files = SP_MAX_PACKAGES;
    p->ceilings.bytes = SP_MAX_BUNDLE_BYTES;
    p->ceilings.file_bytes = SP_MAX_MEMBER_BYTES;
    p->ceilings.reserve = SP_RESERVE_BYTES;
    p->deadlines.idle = SP_IDLE_SECONDS;
    p->deadlines.rate_window = SP_RATE_SECONDS;
    p->deadlines.rate_bytes = SP_RATE_BYTES_PER_SECOND;
    p->deadlines.total = SP_TOTAL_SECONDS;
}

/* Numbers of the file: where they go and how large they may be. */
struct number {
    const char *key;
    uint64_t min, max;
    size_t offset;
};

#define FIELD(member) offsetof(struct sp_policy, member)

static const struct number numbers[] = {
    {"keep-generations", 1, 1000, FIELD(keep_generations)},
    {"max-age", 0, 3660, FIELD(max_age_days)},
    {"max-packages", 1, SP_MAX_PACKAGES, FIELD(ceilings.files)},
    {"max-bytes", 1, SP_MAX_BUNDLE_BYTES, FIELD(ceilings.bytes)},
    {"max-file-bytes", 1, SP_MAX_MEMBER_BYTES, FIELD(ceilings.file_bytes)},
    {"reserve-bytes", 0, SP_MAX_BUNDLE_BYTES, FIELD(ceilings.reserve)},
    {"idle-seconds", 1, 86400, FIELD(deadlines.idle)},
    {"rate-seconds", 1, 86400, FIELD(deadlines.rate_window)},
    {"rate-bytes", 0, SP_GIB, FIELD(deadlines.rate_bytes)},
    {"total-seconds", 1, 30 * 86400, FIELD(deadlines.total)},
};

static bool
name_pattern_ok(const char *word)
{
    static const char set[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUV"
                              "WXYZ0123456789._+~-*?";

    return *word && strlen(word) < SP_POLICY_WORD_MAX &&
           word[strspn(word, set)] == '\0';
}

static bool
fingerprint_ok(const char *word)
{
    return strlen(word) == 40 && word[strspn(word, "0123456789ABCDEF")] == '\0';
}

/* "FPR [PATTERN]..." */
static bool
add_key(struct sp_policy *p, char *value)
{
    struct sp_policy_key *key = &p->keys[p->n_keys];
    char *rest = sp_lines_value(value);

    if (p->n_keys == SP_POLICY_KEYS_MAX || !fingerprint_ok(value))
        return false;
    memcpy(key->fpr, value, sizeof(key->fpr));
    key->first_pattern = p->n_patterns;
    while (*rest) {
        char *next = sp_lines_value(rest);

        if (p->n_patterns == SP_POLICY_PATTERNS_MAX || !name_pattern_ok(rest))
            return false;
        add_word(p->patterns, &p->n_patterns, SP_POLICY_PATTERNS_MAX, rest);
        key->n_patterns++;
        rest = next;
    }
    p->n_keys++;
    return true;
}

/* Said once: of two names one would be a mistake. */
static bool
set_updatevm(struct sp_policy *p, const char *value)
{
    if (p->updatevm[0] || !sp_qube_name_ok(value, strlen(value)))
        return false;
    memcpy(p->updatevm, value, strlen(value) + 1);
    return true;
}

/* An absolute path; that it is there is looked at when it is used. */
static bool
set_comps(struct sp_policy *p, const char *value)
{
    if (p->comps[0] || value[0] != '/' || strlen(value) >= sizeof(p->comps))
        return false;
    memcpy(p->comps, value, strlen(value) + 1);
    return true;
}

static bool
set_withheld(struct sp_policy *p, const char *value)
{
    p->refuse_withheld = strcmp(value, "refuse") == 0;
    return p->refuse_withheld || strcmp(value, "warn") == 0;
}

/* A label as bundles have it. */
static bool
label_ok(const char *word)
{
    return *word && strlen(word) < SP_LABEL_MAX &&
           word[strspn(word, "abcdefghijklmnopqrstuvwxyz"
                             "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                             "0123456789._:-")] == '\0';
}

static bool
set_value(struct sp_policy *p, const char *key, char *value)
{
    if (strcmp(key, "allow-key") == 0)
        return add_key(p, value);
    if (strcmp(key, "updatevm") == 0)
        return set_updatevm(p, value);
    if (strcmp(key, "withheld") == 0)
        return set_withheld(p, value);
    if (strcmp(key, "require-evidence") == 0 && label_ok(value) &&
        p->n_evidence < SP_POLICY_NAMES_MAX) {
        add_word(p->evidence, &p->n_evidence, SP_POLICY_NAMES_MAX, value);
        return true;
    }
    if (strcmp(key, "comps") == 0)
        return set_comps(p, value);
    if (strcmp(key, "installonly") == 0 && name_pattern_ok(value) &&
        p->n_installonly < SP_POLICY_NAMES_MAX) {
        add_word(p->installonly, &p->n_installonly, SP_POLICY_NAMES_MAX, value);
        return true;
    }
    if (strcmp(key, "protected") == 0 && name_pattern_ok(value) &&
        p->n_protected < SP_POLICY_NAMES_MAX) {
        add_word(p->protected, &p->n_protected, SP_POLICY_NAMES_MAX, value);
        return true;
    }
    if (strcmp(key, "arch") == 0 && name_pattern_ok(value) &&
        p->n_arches < SP_POLICY_NAMES_MAX) {
        add_word(p->arches, &p->n_arches, SP_POLICY_NAMES_MAX, value);
        return true;
    }
    for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
        uint64_t number;

        if (strcmp(key, numbers[i].key) != 0)
            continue;
        if (!sp_text_u64(value, numbers[i].max, &number) ||
            number < numbers[i].min)
            return false;
        memcpy((char *)p + numbers[i].offset, &number, sizeof(number));
        return true;
    }
    return false;
}

/* "key = value", exactly one space on both sides of the sign. */
static bool
take_line(struct sp_policy *p, char *line)
{
    char *value = strstr(line, " = ");

    if (!value)
        return false;
    *value = '\0';
    return set_value(p, line, value + 3);
}

int
sp_policy_parse(const char *text, size_t size, const char *shown,
                struct sp_policy *ret, struct sp_error *err)
{
    struct sp_lines lines = {.text = text, .size = size};
    char line[SP_LINE_MAX];
    bool bad = false;

    set_defaults(ret);
    ret->from_file = true;
    while (sp_lines_next(&lines, line, &bad)) {
        if (line[0] == '\0' || line[0] == '#')
            continue;
        if (!take_line(ret, line))
            return sp_fail(err, "policy-file",
                           "line %u of '%s' is not understood", lines.number,
                           shown);
    }
    if (bad)
        return sp_fail(err, "policy-file", "line %u of '%s' does not end",
                       lines.number, shown);
    return 0;
}

int
sp_policy_load(const char *path, struct sp_policy *ret, struct sp_error *err)
{
    const char *file = path ? path : SP_DEFAULT_POLICY_PATH;
    struct sp_error why = {0};
    char shown[SP_SHOWN_MAX];
    SP_AUTO_FREE char *text = NULL;
    size_t size;

    sp_text_show(shown, sizeof(shown), file);
    if (sp_read_file(AT_FDCWD, file, POLICY_BYTES_MAX, &text, &size, &why) == 0)
        return sp_policy_parse(text, size, shown, ret, err);
    if (path || why.sys != ENOENT)
        return sp_fail(err, "policy-file", "the policy: %s", why.msg);
    set_defaults(ret);
    return 0;
}

bool
sp_policy_is_installonly(const struct sp_policy *policy, const char *name)
{
    for (unsigned i = 0; i < policy->n_installonly; i++)
        if (fnmatch(policy->installonly[i], name, 0) == 0)
            return true;
    return false;
}

bool
sp_policy_is_protected(const struct sp_policy *policy, const char *name)
{
    for (unsigned i = 0; i < policy->n_protected; i++)
        if (fnmatch(policy->protected[i], name, 0) == 0)
            return true;
    return false;
}

bool
sp_policy_runs_arch(const struct sp_policy *policy, const char *arch)
{
    for (unsigned i = 0; i < policy->n_arches; i++)
        if (strcmp(policy->arches[i], arch) == 0)
            return true;
    return false;
}

static bool
may_sign(const struct sp_policy *policy, const struct sp_policy_key *key,
         const char *name)
{
    for (unsigned i = 0; i < key->n_patterns; i++)
        if (fnmatch(policy->patterns[key->first_pattern + i], name, 0) == 0)
            return true;
    return key->n_patterns == 0;
}

int
sp_policy_check_key(const struct sp_policy *policy, const char *primary_fpr,
                    const char *name, struct sp_error *err)
{
    if (policy->n_keys == 0)
        return 0;
    for (unsigned i = 0; i < policy->n_keys; i++) {
        if (strcmp(policy->keys[i].fpr, primary_fpr) != 0)
            continue;
        if (!name || may_sign(policy, &policy->keys[i], name))
            return 0;
        return sp_fail(err, "key-pattern",
                       "the policy does not let key %s sign '%s'", primary_fpr,
                       name);
    }
    return sp_fail(err, "key-not-allowed", "the policy does not name key %s",
                   primary_fpr);
}
