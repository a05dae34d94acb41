/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ingest/caller.h"

#include <string.h>

#include "base/auto.h"
#include "base/spawn.h"
#include "transports/qubes.h"

enum { PREFS_SECONDS = 20, PREFS_BYTES_MAX = 256, PATH_BYTES = 4096 };

/* The global property of this Qubes system; empty when it has none. */
static int
ask_prefs(char ret[SP_POLICY_QUBE_MAX], struct sp_error *err)
{
    static const char *const argv[] = {"qubes-prefs", "updatevm", NULL};
    static const char *const envp[] = {"PATH=/usr/bin:/bin", "LC_ALL=C", NULL};
    char path[PATH_BYTES];
    struct sp_spawn plan = {
        .path = path, .argv = argv, .envp = envp, .fds = {-1}, .dirfd = -1};
    SP_AUTO_FREE char *out = NULL;
    size_t len = 0;

    ret[0] = '\0';
    if (sp_spawn_find_tool("qubes-prefs", path, sizeof(path), NULL) < 0)
        return 0;
    if (sp_spawn_run(&plan, PREFS_SECONDS, PREFS_BYTES_MAX, &out, &len,
                     "internal", err) < 0)
        return -1;
    if (len > 0 && out[len - 1] == '\n')
        len--;
    if (sp_qube_name_ok(out, len)) {
        memcpy(ret, out, len);
        ret[len] = '\0';
    }
    return 0;
}

int
sp_caller_updatevm(const struct sp_policy *policy, char ret[SP_POLICY_QUBE_MAX],
                   struct sp_error *err)
{
    memcpy(ret, policy->updatevm, SP_POLICY_QUBE_MAX);
    return ret[0] ? 0 : ask_prefs(ret, err);
}

int
sp_caller_check(const struct sp_policy *policy, const char *peer,
                struct sp_error *err)
{
    char wanted[SP_POLICY_QUBE_MAX];

    if (sp_caller_updatevm(policy, wanted, err) < 0)
        return -1;
    if (!wanted[0])
        return sp_fail(err, "foreign-qube",
                       "no qube brings updates here ('updatevm' is not set), "
                       "'%s' called",
                       peer);
    if (strcmp(wanted, peer) != 0)
        return sp_fail(err, "foreign-qube",
                       "'%s' called, updates come from "
                       "'%s'",
                       peer, wanted);
    return 0;
}
