/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A state directory and its repository, in a scratch place, for the tests. */
#ifndef TESTS_UNIT_REPOSITORY_H
#define TESTS_UNIT_REPOSITORY_H

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/lines.h"
#include "base/path.h"
#include "base/text.h"
#include "ingest/state.h"
#include "tests/unit/tap.h"

static int repository_parent = -1;
static char repository_name[] = "sp-repository-XXXXXX";
static struct sp_state state = {-1, -1, -1, "", ""};

static inline void
repository_gone(void)
{
    sp_close_fd(&state.state_fd);
    sp_close_fd(&state.repo_fd);
    sp_close_fd(&state.lock_fd);
    if (repository_parent >= 0)
        (void)sp_path_remove_tree(repository_parent, repository_name, NULL);
}

/* An empty one, below TMPDIR. */
static inline void
repository_anew(void)
{
    const char *parent = getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp";
    struct sp_error err = {0};

    repository_gone();
    if (repository_parent < 0) {
        (void)snprintf(state.state_path, sizeof(state.state_path), "%s/%s",
                       parent, repository_name);
        if (!mkdtemp(state.state_path))
            printf("Bail out! no scratch folder\n");
        (void)snprintf(repository_name, sizeof(repository_name), "%s",
                       strrchr(state.state_path, '/') + 1);
        repository_parent = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        (void)snprintf(state.repo_path, sizeof(state.repo_path), "%.4000s/%s",
                       state.state_path, "updates");
    }
    state.state_fd =
        sp_path_make_dir(repository_parent, repository_name, 0700, &err);
    state.repo_fd = sp_path_make_dir(state.state_fd, "updates", 0755, &err);
    if (state.repo_fd < 0)
        printf("Bail out! %s\n", err.msg);
}

/* A file in place of what is there; NULL: it goes. */
static inline void
plant_at(int dirfd, const char *path, const char *text, mode_t mode)
{
    SP_AUTO_FD fd = -1;

    (void)unlinkat(dirfd, path, 0);
    if (!text)
        return;
    fd = openat(dirfd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    if (fd < 0 || sp_write_full(fd, text, strlen(text)) < 0)
        tap_ok(false, "writing '%s'", path);
}

/* A program in a folder that runs these lines of shell; NULL: there is none. */
static inline void
plant_tool(const char *folder, const char *name, const char *lines)
{
    char path[4500];
    struct sp_text text = {0};

    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    sp_text_add(&text, "#!/bin/sh\n%s\n", lines ? lines : "");
    plant_at(AT_FDCWD, path, lines ? text.bytes : NULL, 0700);
    sp_text_release(&text);
}

/* Makes a file below the repository, and its folders; NULL: a folder. */
static inline void
plant(const char *path, const char *text)
{
    char parent[4352];
    char *slash;

    (void)snprintf(parent, sizeof(parent), "%s/%s%s", state.repo_path, path,
                   text ? "" : "/");
    slash = strrchr(parent, '/');
    *slash = '\0';
    if (sp_path_make_dirs(parent, 0755, NULL) < 0)
        tap_ok(false, "making '%s'", parent);
    if (text)
        plant_at(state.repo_fd, path, text, 0644);
}

static inline bool
is_there(const char *path)
{
    struct stat st;

    return fstatat(state.repo_fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

/* Where a link points; "" when there is none. */
static inline const char *
points_to(const char *path)
{
    static char target[128];
    ssize_t n = readlinkat(state.repo_fd, path, target, sizeof(target) - 1);

    target[n < 0 ? 0 : n] = '\0';
    return target;
}

/* The bytes of a file below `dirfd`; "(none)" when there is none. */
static inline const char *
content(int dirfd, const char *path)
{
    static char bytes[4096];
    SP_AUTO_FREE char *text = NULL;
    size_t size;

    (void)snprintf(bytes, sizeof(bytes), "(none)");
    if (sp_read_file(dirfd, path, sizeof(bytes) - 1, &text, &size, NULL) == 0)
        (void)snprintf(bytes, sizeof(bytes), "%s", text);
    return bytes;
}

static struct sp_text *snapshot_of;

static inline int
snapshot_entry(const char *path, const struct stat *st, int kind,
               struct FTW *where)
{
    char target[128] = "";

    (void)kind;
    if (where->level == 0 || strcmp(path + where->base, ".lock") == 0)
        return 0;
    if (S_ISLNK(st->st_mode) && readlink(path, target, sizeof(target) - 1) < 0)
        return -1;
    sp_text_add(snapshot_of, "%s %o %zu %s %s\n",
                path + strlen(state.repo_path), st->st_mode,
                S_ISREG(st->st_mode) ? (size_t)st->st_size : 0, target,
                S_ISREG(st->st_mode) ? content(AT_FDCWD, path) : "");
    return 0;
}

static inline int
by_line(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Names, kinds, modes, targets and bytes of all that lies there, sorted. */
static inline void
snapshot(struct sp_text *ret)
{
    struct sp_text all = {0};
    char *lines[64], *rest = NULL;
    size_t n = 0;

    sp_text_release(ret);
    memset(ret, 0, sizeof(*ret));
    snapshot_of = &all;
    (void)nftw(state.repo_path, snapshot_entry, 8, FTW_PHYS);
    if (all.bytes)
        for (char *line = strtok_r(all.bytes, "\n", &rest); line && n < 64;
             line = strtok_r(NULL, "\n", &rest))
            lines[n++] = line;
    if (n > 0)
        qsort(lines, n, sizeof(*lines), by_line);
    for (size_t i = 0; i < n; i++)
        sp_text_add(ret, "%s\n", lines[i]);
    sp_text_release(&all);
}

/* Is all that lies there as it was? */
static inline bool
is_as(const struct sp_text *before)
{
    struct sp_text now = {0};
    bool same;

    snapshot(&now);
    same = before->size == now.size &&
           (now.size == 0 || memcmp(before->bytes, now.bytes, now.size) == 0);
    if (!same)
        printf("# was:\n%s# is:\n%s", before->bytes ? before->bytes : "",
               now.bytes ? now.bytes : "");
    sp_text_release(&now);
    return same;
}

#endif
