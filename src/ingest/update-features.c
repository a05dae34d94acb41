/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ingest/update-features.h"

#include <time.h>

#include "base/spawn.h"

enum { PATH_BYTES = 4096, TOOL_SECONDS = 60, TOOL_BYTES_MAX = 4096 };

static int
set_feature(const char *name, const char *value, struct sp_error *err)
{
    static const char *const envp[] = {"PATH=/usr/bin:/bin", "LC_ALL=C", NULL};
    const char *const argv[] = {"qvm-features", "dom0", name, value, NULL};
    char path[PATH_BYTES];
    struct sp_spawn plan = {
        .path = path, .argv = argv, .envp = envp, .fds = {-1}, .dirfd = -1};

    if (sp_spawn_find_tool("qvm-features", path, sizeof(path), err) < 0)
        return -1;
    return sp_spawn_run(&plan, TOOL_SECONDS, TOOL_BYTES_MAX, NULL, NULL, "io",
                        err);
}

/* In the form that the stock tools read. */
static int
set_now(const char *name, struct sp_error *err)
{
    time_t now = time(NULL);
    char text[32];
    struct tm tm;

    if (!localtime_r(&now, &tm) ||
        strftime(text, sizeof(text), "%Y-%m-%d %T", &tm) == 0)
        return sp_fail(err, "internal", "the clock of this machine is off");
    return set_feature(name, text, err);
}

int
sp_features_checked(bool available, struct sp_error *err)
{
    if (set_feature("updates-available", available ? "1" : "", err) < 0)
        return -1;
    return set_now("last-updates-check", err);
}

int
sp_features_updated(struct sp_error *err)
{
    return set_now("last-update", err);
}
