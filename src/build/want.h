/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a request asks the solver for, with the defaults of dnf. */
#ifndef SP_BUILD_WANT_H
#define SP_BUILD_WANT_H

#include "build/repofile.h"
#include "bundle/request.h"

/* dnf keeps three kernels. */
enum { SP_WANT_INSTALLONLY_LIMIT = 3 };

struct sp_want {
    enum sp_action action;
    bool weak_deps;             /* also take what is recommended */
    bool best;                  /* the newest, or nothing */
    bool allow_erasing;         /* remove what is in the way */
    bool vendor_change;         /* take updates of another vendor */
    uint64_t installonly_limit; /* 0 = none */
    struct sp_repo_words specs;
    struct sp_repo_words installonly; /* provided names */
    struct sp_repo_words excludes;
    struct sp_repo_words protects; /* must not be removed */
    struct sp_repo_words watched;  /* besides these: are pointed out */
};

/* Reason: no-memory. The caller releases, also after a failure. */
int sp_want_read(const struct sp_request *request, struct sp_want *ret,
                 struct sp_error *err);
void sp_want_release(struct sp_want *want);

#endif
