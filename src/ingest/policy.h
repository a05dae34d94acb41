/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the owner of the trusted machine has decided: policy.conf(5). A flat
 * file of "key = value", read by the parent only; the defaults are in code
 * and safe. A file that is named but missing, or that has a line which is
 * not understood, is a fault: nothing is guessed.
 */
#ifndef SP_INGEST_POLICY_H
#define SP_INGEST_POLICY_H

#include <stdbool.h>

#include "base/error.h"
#include "ingest/engine.h"

enum {
    SP_POLICY_KEYS_MAX = 64,
    SP_POLICY_PATTERNS_MAX = 64,
    SP_POLICY_NAMES_MAX = 64,
    SP_POLICY_WORD_MAX = 129,
    SP_POLICY_QUBE_MAX = 32,
    SP_POLICY_PATH_MAX = 256,
};

/* A key that is allowed; without patterns it may sign any name. */
struct sp_policy_key {
    char fpr[41];
    unsigned n_patterns;
    unsigned first_pattern; /* into sp_policy.patterns */
};

struct sp_policy {
    bool from_file;
    struct sp_policy_key keys[SP_POLICY_KEYS_MAX];
    unsigned n_keys; /* 0: every key of the key directory */
    char patterns[SP_POLICY_PATTERNS_MAX][SP_POLICY_WORD_MAX];
    unsigned n_patterns;
    char installonly[SP_POLICY_NAMES_MAX][SP_POLICY_WORD_MAX];
    unsigned n_installonly;
    char arches[SP_POLICY_NAMES_MAX][SP_POLICY_WORD_MAX];
    unsigned n_arches; /* what this machine runs, noarch included */
    char updatevm[SP_POLICY_QUBE_MAX]; /* "" = as the system says */
    char comps[SP_POLICY_PATH_MAX];    /* package groups, "" = Qubes OS's */
    uint64_t keep_generations;
    uint64_t max_age_days; /* 0 = no limit */
    bool refuse_withheld;
    /* Packages that are pointed out: without them a machine may not start. */
    char protected[SP_POLICY_NAMES_MAX][SP_POLICY_WORD_MAX];
    unsigned n_protected;
    /* Repositories whose signed metadata must come with every delivery. */
    char evidence[SP_POLICY_NAMES_MAX][SP_POLICY_WORD_MAX];
    unsigned n_evidence;
    struct sp_ceilings ceilings;
    struct sp_deadlines deadlines;
};

/* path NULL: the default file, which may be missing. */
int sp_policy_load(const char *path, struct sp_policy *ret,
                   struct sp_error *err);

/* Parses `size` bytes of text over the defaults; shown is for messages. */
int sp_policy_parse(const char *text, size_t size, const char *shown,
                    struct sp_policy *ret, struct sp_error *err);

bool sp_policy_is_installonly(const struct sp_policy *policy, const char *name);
bool sp_policy_is_protected(const struct sp_policy *policy, const char *name);
bool sp_policy_runs_arch(const struct sp_policy *policy, const char *arch);

/*
 * May this key sign packages of this name, or metadata (NULL)? Reasons
 * key-not-allowed, key-pattern.
 */
int sp_policy_check_key(const struct sp_policy *policy, const char *primary_fpr,
                        const char *name, struct sp_error *err);

#endif
