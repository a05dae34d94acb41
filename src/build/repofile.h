/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Repository files (*.repo) by the rules of yum and dnf.conf(5): sections,
 * "key = value", '#' and ';' in the first column, continuation lines that
 * begin with a blank, $name, ${name}, ${name:-default} and ${name:+other}.
 *
 * Keys about TLS and credentials are not taken: certificates are always
 * checked, and no password leaves the machine. Keys that mean nothing here
 * are passed over.
 */
#ifndef SP_BUILD_REPOFILE_H
#define SP_BUILD_REPOFILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

enum {
    SP_REPO_MAX_BYTES = 1024 * 1024, /* of one file */
    SP_REPO_MAX_LINE = 4095,
    SP_REPO_MAX_VALUE = 65535, /* with its continuation lines */
    SP_REPO_MAX_REPOS = 256,
    SP_REPO_MAX_WORDS = 1024, /* of one list */
    SP_REPO_MAX_URL = 2047,
    SP_REPO_DEFAULT_PRIORITY = 99,
    SP_REPO_DEFAULT_COST = 1000,
};

struct sp_repo_words {
    char **words;
    size_t n;
};

struct sp_repo {
    char *id;
    char *name; /* the id when the file has none */
    bool enabled;
    bool gpgcheck;
    bool repo_gpgcheck;
    bool skip_if_unavailable;
    unsigned priority; /* 1 to 99, a low one wins */
    unsigned cost;
    struct sp_repo_words baseurls; /* http and https, end in '/' */
    char *metalink;                /* or NULL, as the next */
    char *mirrorlist;
    struct sp_repo_words gpgkeys;
    struct sp_repo_words excludepkgs; /* "exclude" is the same */
    struct sp_repo_words includepkgs;
    char *proxy; /* NULL = as everywhere; "" = none */
    /* Where it stands: for messages. */
    char *file;
    unsigned line;
};

struct sp_repos {
    struct sp_repo *repos;
    size_t n;
};

struct sp_repo_var {
    const char *name; /* "releasever", "basearch", "arch", ... */
    const char *value;
};

/*
 * Adds the repositories of `size` bytes of text to *repos (zeroed, or filled
 * by earlier files). `file` stands in messages, which name the line. An
 * address with an unknown variable is a fault only where the repository is
 * enabled. A failure leaves *repos to be released. Reasons: repo-file,
 * no-memory.
 */
int sp_repofile_parse(struct sp_repos *repos, const char *untrusted_text,
                      size_t size, const char *file,
                      const struct sp_repo_var *vars, size_t n_vars,
                      struct sp_error *err);

/* NULL when there is none of this id. */
struct sp_repo *sp_repos_find(const struct sp_repos *repos, const char *id);

void sp_repos_release(struct sp_repos *repos);

#endif
