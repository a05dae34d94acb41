/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The repositories that a request means. */
#ifndef SP_BUILD_CHOOSE_H
#define SP_BUILD_CHOOSE_H

#include "build/repofile.h"
#include "bundle/request.h"

struct sp_chosen {
    struct sp_repos all;
    const struct sp_repo **repos; /* of all; the enabled ones */
    size_t n;
};

/*
 * Reads the repository files of the request with its variables, and follows
 * its enablerepo, disablerepo and repoid. The caller releases, also after a
 * failure. Reasons: repo-file, no-match (an id that is not there, or no
 * enabled repository), no-memory.
 */
int sp_choose(const struct sp_request *request, struct sp_chosen *ret,
              struct sp_error *err);

/* The same for the *.repo files of a directory, and one id. */
int sp_choose_one(const char *dir, const char *id,
                  const struct sp_repo_var *vars, size_t n_vars,
                  struct sp_chosen *ret, struct sp_error *err);

void sp_chosen_release(struct sp_chosen *chosen);

#endif
