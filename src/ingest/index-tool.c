/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The metadata by the program createrepo_c, which reads every package. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/spawn.h"
#include "bundle/limits.h"
#include "ingest/engine.h"
#include "ingest/index-write.h"
#include "ingest/jails.h"

enum { INDEX_SECONDS = 3600, SAID_MAX = 64 * 1024 };

static const char program[] = "/usr/bin/createrepo_c";

const bool sp_index_is_worker = false;

/*
 * The tool leaves out what it cannot read, and ends well. A package that is
 * not listed would be withheld without a word; so it must say that it took
 * them all.
 */
static int
check_count(const char *said, uint64_t count, struct sp_error *err)
{
    char found[64];

    (void)snprintf(found, sizeof(found),
                   "\nDirectory walk done - %" PRIu64 " packages\n", count);
    if (!strstr(said, found) || !strstr(said, "\nPool finished\n"))
        return sp_fail(err, "index",
                       "'%s' does not say that it took all %" PRIu64
                       " packages",
                       program, count);
    return 0;
}

int
sp_index_write(const struct sp_index_plan *p, struct sp_error *err)
{
    char location[64], revision[24];
    const char *argv[] = {"createrepo_c",
                          "--no-database",
                          "--general-compress-type=gz",
                          "--checksum=sha256",
                          "--revision",
                          revision,
                          "--set-timestamp-to-revision",
                          "--location-prefix",
                          location,
                          "--outputdir",
                          p->output,
                          p->stage,
                          NULL,
                          NULL,
                          NULL};
    const char *const envp[] = {"PATH=/usr/bin:/bin", "LC_ALL=C", "TZ=UTC",
                                NULL};
    struct sp_spawn plan = {
        .path = program, .argv = argv, .envp = envp, .dirfd = -1};
    struct sp_jail jail;
    SP_AUTO_FREE char *said = NULL;

    (void)snprintf(location, sizeof(location), "generations/%" PRIu64 "/",
                   p->number);
    (void)snprintf(revision, sizeof(revision), "%" PRIu64, p->revision);
    if (access(program, X_OK) < 0)
        return sp_fail_sys(err, errno, "index", "cannot run '%s'", program);
    sp_jails_tool(program, p->stage, p->output, p->comps, SP_MAX_MEMBER_BYTES,
                  &jail);
    if (p->comps) {
        argv[sizeof(argv) / sizeof(*argv) - 3] = "--groupfile";
        argv[sizeof(argv) / sizeof(*argv) - 2] = p->comps;
    }
    plan.jail = &jail;
    plan.fds[0] = -1;
    plan.stop = sp_engine_stop_flag();
    if (sp_spawn_run(&plan, INDEX_SECONDS, SAID_MAX, &said, NULL, "index",
                     err) < 0)
        return -1;
    return check_count(said, p->outcome->n_packages, err);
}
