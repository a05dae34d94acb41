/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ingest/index.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/path.h"
#include "base/spawn.h"
#include "base/text.h"
#include "bundle/limits.h"
#include "ingest/engine.h"
#include "ingest/index-check.h"
#include "ingest/jails.h"

enum { INDEX_SECONDS = 3600, SAID_MAX = 64 * 1024 };

static const char program[] = "/usr/bin/createrepo_c";

/* The package groups of Qubes OS, from this machine's own package. */
static const char default_comps[] = "/usr/share/qubes/Qubes-comps.xml";

/* What createrepo_c made must be plain files with plain names. */
static int
settle_file(int dir, const char *name, uint64_t revision, struct sp_error *err)
{
    const struct timespec times[2] = {{.tv_sec = (time_t)revision},
                                      {.tv_sec = (time_t)revision}};
    SP_AUTO_FD fd =
        openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    char shown[SP_SHOWN_MAX];
    struct stat st;

    sp_text_show(shown, sizeof(shown), name);
    if (fd < 0 || fstat(fd, &st) < 0)
        return sp_fail_sys(err, errno, "index", "cannot open '%s'", shown);
    if (!S_ISREG(st.st_mode) || st.st_nlink != 1 ||
        name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-._")])
        return sp_fail(err, "index", "the index tool wrote '%s'", shown);
    if (fchmod(fd, 0644) < 0 || futimens(fd, times) < 0)
        return sp_fail_sys(err, errno, "index", "cannot settle '%s'", shown);
    return 0;
}

static int
settle(int index_fd, uint64_t revision, struct sp_error *err)
{
    int fd = sp_path_open_dir(index_fd, "repodata", err);
    SP_AUTO_DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    bool has_repomd = false;
    struct dirent *d;
    int more;

    if (!dir)
        return sp_fail(err, "index", "the index tool wrote no metadata");
    while ((more = sp_path_next(dir, &d, err)) > 0) {
        if (settle_file(fd, d->d_name, revision, err) < 0)
            return -1;
        has_repomd = has_repomd || strcmp(d->d_name, "repomd.xml") == 0;
    }
    if (more < 0)
        return -1;
    if (!has_repomd)
        return sp_fail(err, "index", "the index tool wrote no repomd.xml");
    if (sp_index_check(fd, err) < 0)
        return -1;
    if (fchmod(fd, 0755) < 0)
        return sp_fail_sys(err, errno, "index", "cannot settle repodata");
    return 0;
}

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

static int
run_tool(const char *stage, const char *output, uint64_t number, uint64_t count,
         uint64_t revision, const char *comps, struct sp_error *err)
{
    char location[64], revision_text[24];
    const char *argv[] = {"createrepo_c",
                          "--no-database",
                          "--general-compress-type=gz",
                          "--checksum=sha256",
                          "--revision",
                          revision_text,
                          "--set-timestamp-to-revision",
                          "--location-prefix",
                          location,
                          "--outputdir",
                          output,
                          stage,
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
                   number);
    (void)snprintf(revision_text, sizeof(revision_text), "%" PRIu64, revision);
    if (access(program, X_OK) < 0)
        return sp_fail_sys(err, errno, "index", "cannot run '%s'", program);
    sp_jails_index(program, stage, output, SP_MAX_MEMBER_BYTES, &jail);
    if (comps) {
        argv[sizeof(argv) / sizeof(*argv) - 3] = "--groupfile";
        argv[sizeof(argv) / sizeof(*argv) - 2] = comps;
        sp_jail_require(&jail, comps, SP_JAIL_READ);
    }
    plan.jail = &jail;
    plan.fds[0] = -1;
    plan.stop = sp_engine_stop_flag();
    if (sp_spawn_run(&plan, INDEX_SECONDS, SAID_MAX, &said, NULL, "index",
                     err) < 0)
        return -1;
    return check_count(said, count, err);
}

int
sp_index_run(const struct sp_quarantine *q, uint64_t number, uint64_t count,
             uint64_t revision, const char *comps, struct sp_error *err)
{
    char stage[4300], output[4300];
    SP_AUTO_FD index_fd = sp_path_open_dir(q->fd, "index", err);

    if (index_fd < 0)
        return -1;
    (void)snprintf(stage, sizeof(stage), "%s/stage", q->path);
    (void)snprintf(output, sizeof(output), "%s/index", q->path);
    if (!comps[0])
        comps = access(default_comps, R_OK) == 0 ? default_comps : NULL;
    if (run_tool(stage, output, number, count, revision, comps, err) < 0 ||
        settle(index_fd, revision, err) < 0)
        return -1;
    if (renameat2(index_fd, "repodata", q->stage_fd, "repodata",
                  RENAME_NOREPLACE) < 0)
        return sp_fail_sys(err, errno, "index", "cannot stage the metadata");
    return 0;
}
