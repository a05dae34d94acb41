/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ingest/quarantine.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/path.h"
#include "base/text.h"
#include "bundle/rpm.h"

static const char suffix[] = ".UNTRUSTED";
static const char scratch_root[] = "/tmp", scratch_name[] = "sallyport-";

enum { SCRATCH_YOUNG = 60 }; /* seconds */

int
sp_quarantine_id(char ret_id[33], struct sp_error *err)
{
    struct timespec now = {0};
    uint64_t chance;

    (void)clock_gettime(CLOCK_REALTIME, &now);
    if (getrandom(&chance, sizeof(chance), 0) != (ssize_t)sizeof(chance))
        return sp_fail_sys(err, errno, "internal", "no random bytes");
    (void)snprintf(
        ret_id, 33, "%016" PRIx64 "%016" PRIx64,
        (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000, chance);
    return 0;
}

static bool
is_quarantine(const char *name)
{
    size_t len = strlen(name);

    return len == 32 + sizeof(suffix) - 1 && sp_text_is_hex(name, 32) &&
           strcmp(name + 32, suffix) == 0;
}

/* Calls for every quarantine that lies there; stops when it says no, with 1
 * when it is no fault. */
static int
each_leftover(const struct sp_state *state,
              int (*one)(const struct sp_state *, const char *,
                         struct sp_error *),
              struct sp_error *err)
{
    SP_AUTO_DIR *dir = sp_path_list(state->repo_fd, ".");
    struct dirent *d;
    int more, found;

    if (!dir)
        return sp_fail_sys(err, errno, "state", "cannot list '%s'",
                           state->repo_path);
    while ((more = sp_path_next(dir, &d, err)) > 0)
        if (is_quarantine(d->d_name) &&
            (found = one(state, d->d_name, err)) != 0)
            return found;
    return more;
}

static int
remove_one(const struct sp_state *state, const char *name, struct sp_error *err)
{
    return sp_path_remove_tree(state->repo_fd, name, err);
}

int
sp_quarantine_sweep(const struct sp_state *state, struct sp_error *err)
{
    return each_leftover(state, remove_one, err);
}

static int
found_one(const struct sp_state *state, const char *name, struct sp_error *err)
{
    (void)state;
    (void)name;
    (void)err;
    return 1;
}

int
sp_quarantine_leftover(const struct sp_state *state, bool *ret,
                       struct sp_error *err)
{
    int found = each_leftover(state, found_one, err);

    *ret = found > 0;
    return found < 0 ? -1 : 0;
}

static int
make_inside(struct sp_quarantine *q, const char *name, struct sp_error *err)
{
    return sp_path_make_dir(q->fd, name, 0700, err);
}

static int
fill(struct sp_quarantine *q, struct sp_error *err)
{
    SP_AUTO_FD messages = make_inside(q, "messages", err);
    SP_AUTO_FD index = -1;
    SP_AUTO_FD rpm = -1;

    if (messages < 0)
        return -1;
    if ((q->packages_fd = make_inside(q, "packages", err)) < 0 ||
        (index = make_inside(q, "index", err)) < 0 ||
        (q->stage_fd = make_inside(q, "stage", err)) < 0)
        return -1;
    rpm = sp_path_make_dir(q->stage_fd, "rpm", 0755, err);
    return rpm < 0 ? -1 : 0;
}

int
sp_quarantine_make(const struct sp_state *state, const char id[33],
                   struct sp_quarantine *ret, struct sp_error *err)
{
    struct sp_quarantine q = {.fd = -1, .packages_fd = -1, .stage_fd = -1};

    if (sp_quarantine_sweep(state, err) < 0)
        return -1;
    memcpy(q.id, id, sizeof(q.id));
    q.parent_fd = state->repo_fd;
    (void)snprintf(q.name, sizeof(q.name), "%s%s", q.id, suffix);
    (void)snprintf(q.path, sizeof(q.path), "%s/%s", state->repo_path, q.name);
    if (mkdirat(state->repo_fd, q.name, 0700) < 0)
        return sp_fail_sys(err, errno, "state",
                           "cannot make the quarantine '%s'", q.path);
    q.fd = sp_path_open_dir(state->repo_fd, q.name, err);
    if (q.fd < 0 || fill(&q, err) < 0) {
        sp_quarantine_destroy(&q);
        return -1;
    }
    *ret = q;
    return 0;
}

/*
 * A scratch place of ours that a dead run left: nobody holds it. What was made
 * a moment ago is about to be held.
 */
static bool
is_left_scratch(int parent, const char *name)
{
    SP_AUTO_FD fd = -1;
    struct stat st;

    if (strncmp(name, scratch_name, sizeof(scratch_name) - 1) != 0 ||
        strlen(name) != sizeof(scratch_name) - 1 + sizeof("XXXXXX") - 1)
        return false;
    fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return fd >= 0 && fstat(fd, &st) == 0 && st.st_uid == geteuid() &&
           (st.st_mode & 07777) == 0700 &&
           st.st_mtime + SCRATCH_YOUNG < time(NULL) &&
           flock(fd, LOCK_EX | LOCK_NB) == 0;
}

void
sp_quarantine_tidy(void)
{
    SP_AUTO_DIR *dir = opendir(scratch_root);
    int parent = dir ? dirfd(dir) : -1;
    struct dirent *d;

    while (parent >= 0 && sp_path_next(dir, &d, NULL) > 0)
        if (is_left_scratch(parent, d->d_name))
            (void)sp_path_remove_tree(parent, d->d_name, NULL);
}

static int
hold_scratch(const struct sp_quarantine *q, struct sp_error *err)
{
    if (flock(q->fd, LOCK_EX | LOCK_NB) < 0)
        return sp_fail_sys(err, errno, "io", "cannot lock '%s'", q->path);
    return 0;
}

int
sp_quarantine_scratch(struct sp_quarantine *ret, struct sp_error *err)
{
    struct sp_quarantine q = {.fd = -1, .packages_fd = -1, .stage_fd = -1};
    int parent = open(scratch_root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (parent < 0)
        return sp_fail_sys(err, errno, "io", "cannot open '%s'", scratch_root);
    q.parent_fd = parent;
    q.scratch = true;
    (void)snprintf(q.path, sizeof(q.path), "%s/%sXXXXXX", scratch_root,
                   scratch_name);
    if (!mkdtemp(q.path)) {
        (void)close(parent);
        return sp_fail_sys(err, errno, "io", "cannot make a directory in '%s'",
                           scratch_root);
    }
    (void)snprintf(q.name, sizeof(q.name), "%s", strrchr(q.path, '/') + 1);
    q.fd = sp_path_open_dir(parent, q.name, err);
    if (q.fd < 0 || hold_scratch(&q, err) < 0 || fill(&q, err) < 0 ||
        sp_quarantine_id(q.id, err) < 0) {
        sp_quarantine_destroy(&q);
        return -1;
    }
    *ret = q;
    return 0;
}

void
sp_quarantine_destroy(struct sp_quarantine *q)
{
    sp_close_fd(&q->packages_fd);
    sp_close_fd(&q->stage_fd);
    sp_close_fd(&q->fd);
    /* A second try, for what lasts no longer than a moment. */
    if (q->name[0] && sp_path_remove_tree(q->parent_fd, q->name, NULL) < 0)
        (void)sp_path_remove_tree(q->parent_fd, q->name, NULL);
    q->name[0] = '\0';
    if (q->scratch)
        sp_close_fd(&q->parent_fd);
}

static int
settle(int fd, const struct sp_package *p, struct sp_error *err)
{
    const struct timespec times[2] = {
        {.tv_sec = (time_t)p->facts.build_time},
        {.tv_sec = (time_t)p->facts.build_time},
    };
    struct stat st;

    if (fstat(fd, &st) < 0)
        return sp_fail_sys(err, errno, "io", "cannot stat a package");
    if (!S_ISREG(st.st_mode) || st.st_nlink != 1 ||
        (uint64_t)st.st_size != p->facts.file_bytes)
        return sp_fail(err, "disagreement",
                       "package %" PRIu64 " is not the file that check wrote",
                       p->index);
    if (fchmod(fd, 0644) < 0 || futimens(fd, times) < 0)
        return sp_fail_sys(err, errno, "io", "cannot set mode and time");
    return 0;
}

int
sp_quarantine_stage(const struct sp_quarantine *q, const struct sp_package *p,
                    struct sp_error *err)
{
    char from[32], to[SP_FILENAME_MAX + 8], file[SP_FILENAME_MAX + 1];
    SP_AUTO_FD fd = -1;

    (void)snprintf(from, sizeof(from), "%06" PRIu64 ".rpm", p->index);
    fd = openat(q->packages_fd, from,
                O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return sp_fail_sys(err, errno, "disagreement",
                           "package %" PRIu64 " is missing", p->index);
    if (settle(fd, p, err) < 0)
        return -1;
    if (!sp_nevra_filename(&p->facts.nevra, file, sizeof(file)))
        return sp_fail(err, "nevra",
                       "the name of package %" PRIu64 " is too long for a file",
                       p->index);
    (void)snprintf(to, sizeof(to), "rpm/%s", file);
    if (renameat2(q->packages_fd, from, q->stage_fd, to, RENAME_NOREPLACE) < 0)
        return sp_fail_sys(err, errno, "publish", "cannot stage '%s'", file);
    return 0;
}

int
sp_quarantine_empty(const struct sp_quarantine *q, struct sp_error *err)
{
    SP_AUTO_DIR *dir = sp_path_list(q->packages_fd, ".");
    struct dirent *d;
    int more;

    if (!dir)
        return sp_fail_sys(err, errno, "io", "cannot list the quarantine");
    more = sp_path_next(dir, &d, err);
    if (more > 0)
        return sp_fail(err, "disagreement",
                       "the quarantine holds a file nobody reported");
    return more;
}
