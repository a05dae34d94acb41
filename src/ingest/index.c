/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ingest/index.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/path.h"
#include "base/text.h"
#include "ingest/index-check.h"
#include "ingest/index-write.h"

/* The package groups of Qubes OS, from this machine's own package. */
static const char default_comps[] = "/usr/share/qubes/Qubes-comps.xml";

static const char *
find_comps(const char *chosen)
{
    if (chosen[0])
        return chosen;
    return access(default_comps, R_OK) == 0 ? default_comps : NULL;
}

/* What was written must be plain files with plain names. */
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

int
sp_index_run(const struct sp_quarantine *q, struct sp_outcome *outcome,
             uint64_t number, uint64_t revision, const char *comps,
             struct sp_error *err)
{
    char stage[4300], output[4300];
    const struct sp_index_plan plan = {
        .stage = stage,
        .output = output,
        .comps = find_comps(comps),
        .outcome = outcome,
        .number = number,
        .revision = revision,
    };
    SP_AUTO_FD index_fd = sp_path_open_dir(q->fd, "index", err);

    if (index_fd < 0)
        return -1;
    (void)snprintf(stage, sizeof(stage), "%s/stage", q->path);
    (void)snprintf(output, sizeof(output), "%s/index", q->path);
    if (sp_index_write(&plan, err) < 0 || settle(index_fd, revision, err) < 0)
        return -1;
    if (renameat2(index_fd, "repodata", q->stage_fd, "repodata",
                  RENAME_NOREPLACE) < 0)
        return sp_fail_sys(err, errno, "index", "cannot stage the metadata");
    return 0;
}
