/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ingest/generation.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
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
#include "bundle/rpm.h"

enum { PACKAGES_BYTES_MAX = 16 * 1024 * 1024, LINK_MAX_BYTES = 64 };

static const char prefix[] = "generations/";
/* What is being removed; the next run goes on with it. */
static const char removed[] = "generations/.removed";
/* Links through `current`; first the one that dnf reads first. */
static const char *const fixed[] = {"repodata", "rpm"};
enum { FIXED = sizeof(fixed) / sizeof(*fixed) };

int
sp_generation_current(const struct sp_state *state, uint64_t *ret,
                      struct sp_error *err)
{
    char target[LINK_MAX_BYTES];
    ssize_t n =
        readlinkat(state->repo_fd, "current", target, sizeof(target) - 1);

    if (n < 0 && errno == ENOENT) {
        *ret = 0;
        return 0;
    }
    if (n < 0)
        return sp_fail_sys(err, errno, "state", "cannot read '%s/current'",
                           state->repo_path);
    target[n] = '\0';
    if (strncmp(target, prefix, sizeof(prefix) - 1) != 0 ||
        !sp_text_u64(target + sizeof(prefix) - 1, UINT64_MAX / 2, ret) ||
        *ret == 0)
        return sp_fail(err, "state", "'%s/current' points outside",
                       state->repo_path);
    return 0;
}

static int
ascending(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

int
sp_generation_list(const struct sp_state *state, uint64_t **ret, size_t *ret_n,
                   struct sp_error *err)
{
    SP_AUTO_DIR *dir = sp_path_list(state->repo_fd, "generations");
    uint64_t *list = NULL;
    struct dirent *d;
    size_t n = 0;
    int left;

    *ret = NULL;
    *ret_n = 0;
    if (!dir && errno == ENOENT)
        return 0;
    if (!dir)
        return sp_fail_sys(err, errno, "state", "cannot list '%s/generations'",
                           state->repo_path);
    while ((left = sp_path_next(dir, &d, err)) > 0) {
        uint64_t number;
        uint64_t *more;

        if (!sp_text_u64(d->d_name, UINT64_MAX / 2, &number) || number == 0)
            continue;
        more = realloc(list, (n + 1) * sizeof(*list));
        if (!more) {
            free(list);
            return sp_fail(err, "no-memory", "no memory for generations");
        }
        list = more;
        list[n++] = number;
    }
    if (left < 0) {
        free(list);
        return -1;
    }
    if (n > 0)
        qsort(list, n, sizeof(*list), ascending);
    *ret = list;
    *ret_n = n;
    return 0;
}

/*
 * First out of sight, in one step: half a generation must not be something
 * to roll back to.
 */
static int
remove_generation(const struct sp_state *state, uint64_t number,
                  struct sp_error *err)
{
    char name[LINK_MAX_BYTES];

    (void)snprintf(name, sizeof(name), "%s%" PRIu64, prefix, number);
    if (sp_path_remove_tree(state->repo_fd, removed, err) < 0)
        return -1;
    if (renameat(state->repo_fd, name, state->repo_fd, removed) < 0)
        return sp_fail_sys(err, errno, "io",
                           "cannot remove generation %" PRIu64, number);
    return sp_path_remove_tree(state->repo_fd, removed, err);
}

/*
 * STATE/highest: the highest number that was ever published, 0 when it is not
 * there or damaged. One that cannot be read is no 0: a lower one in its place
 * would take the newer generations away.
 */
static int
read_highest(const struct sp_state *state, uint64_t *ret, struct sp_error *err)
{
    SP_AUTO_FREE char *text = NULL;
    struct sp_error why = {0};
    size_t size;

    *ret = 0;
    if (sp_read_file(state->state_fd, "highest", 64, &text, &size, &why) < 0) {
        if (why.sys == ENOENT)
            return 0;
        if (err)
            *err = why;
        return -1;
    }
    /* Cut short it would be another number. */
    if (size > 0 && text[size - 1] == '\n')
        (void)sp_text_u64_len(text, size - 1, UINT64_MAX / 2, ret);
    return 0;
}

static int
write_highest(const struct sp_state *state, uint64_t number,
              struct sp_error *err)
{
    char text[32];

    (void)snprintf(text, sizeof(text), "%" PRIu64 "\n", number);
    return sp_path_replace_file(state->state_fd, "highest", text, strlen(text),
                                0600, err);
}

/* The highest number that was ever published, as far as anybody knows, and
 * what is noted of it. */
static int
highest_published(const struct sp_state *state, const uint64_t *list, size_t n,
                  uint64_t *ret, uint64_t *ret_noted, struct sp_error *err)
{
    uint64_t current, noted, highest;

    if (read_highest(state, &noted, err) < 0 ||
        sp_generation_current(state, &current, err) < 0)
        return -1;
    highest = noted;
    /* A state that was lost knows nothing: then all that lies there counts. */
    if (highest == 0 && n > 0 && current != 0)
        highest = list[n - 1];
    *ret = current > highest ? current : highest;
    *ret_noted = noted;
    return 0;
}

/* Other tools keep a repository in real directories: a stock dom0 does. */
static bool
is_real(const struct sp_state *state, const char *name)
{
    struct stat st;

    return fstatat(state->repo_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
           S_ISDIR(st.st_mode);
}

/* Somebody's own folder of that name is none of a repository. */
static bool
is_of_repository(const struct sp_state *state, const char *name)
{
    int fd = openat(state->repo_fd, name,
                    O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    SP_AUTO_DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    struct dirent *d = NULL;
    bool packages = strcmp(name, "rpm") == 0;
    int more = -1;

    while (dir && (more = sp_path_next(dir, &d, NULL)) > 0) {
        const char *end = strrchr(d->d_name, '.');
        struct stat st;

        if (fstatat(fd, d->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
            !S_ISREG(st.st_mode) ||
            (packages && (!end || strcmp(end, ".rpm") != 0)))
            return false;
    }
    return more == 0;
}

/*
 * The link takes the place of such a directory in one step, when `current`
 * is there already: whoever looks finds the old packages or the new ones.
 */
static int
take_over(const struct sp_state *state, const char *name, struct sp_error *err)
{
    char half[LINK_MAX_BYTES], target[LINK_MAX_BYTES];
    int fd = state->repo_fd;

    (void)snprintf(half, sizeof(half), ".%s.new", name);
    (void)snprintf(target, sizeof(target), "current/%s", name);
    if (sp_path_remove_tree(fd, half, err) < 0)
        return -1;
    if (symlinkat(target, fd, half) < 0 ||
        renameat2(fd, half, fd, name, RENAME_EXCHANGE) < 0) {
        (void)sp_fail_sys(err, errno, "publish", "cannot replace '%s/%s'",
                          state->repo_path, name);
        (void)sp_path_remove_tree(fd, half, NULL);
        return -1;
    }
    return sp_path_remove_tree(fd, half, err);
}

static int
take_over_all(const struct sp_state *state, struct sp_error *err)
{
    for (size_t i = 0; i < FIXED; i++)
        if (is_real(state, fixed[i]) && is_of_repository(state, fixed[i]) &&
            take_over(state, fixed[i], err) < 0)
            return -1;
    return 0;
}

int
sp_generation_recover(const struct sp_state *state, struct sp_error *err)
{
    static const char *const halves[] = {".current.new", ".rpm.new",
                                         ".repodata.new"};
    SP_AUTO_FREE uint64_t *list = NULL;
    uint64_t current, highest, noted;
    size_t n;

    if (sp_path_remove_tree(state->repo_fd, removed, err) < 0)
        return -1;
    for (size_t i = 0; i < sizeof(halves) / sizeof(*halves); i++)
        if (sp_path_remove_tree(state->repo_fd, halves[i], err) < 0)
            return -1;
    if (sp_generation_list(state, &list, &n, err) < 0 ||
        highest_published(state, list, n, &highest, &noted, err) < 0)
        return -1;
    for (size_t i = 0; i < n; i++)
        if (list[i] > highest && remove_generation(state, list[i], err) < 0)
            return -1;
    if (sp_generation_current(state, &current, err) < 0 ||
        (current != 0 && take_over_all(state, err) < 0))
        return -1;
    /* The run that published it may have died before it noted that. */
    return highest > noted ? write_highest(state, highest, err) : 0;
}

int
sp_generation_next(const struct sp_state *state, uint64_t *ret,
                   struct sp_error *err)
{
    SP_AUTO_FREE uint64_t *list = NULL;
    uint64_t highest, noted;
    size_t n;

    if (sp_generation_list(state, &list, &n, err) < 0 ||
        highest_published(state, list, n, &highest, &noted, err) < 0)
        return -1;
    *ret = highest + 1;
    return 0;
}

int
sp_generation_open(const struct sp_state *state, uint64_t number,
                   struct sp_error *err)
{
    char name[LINK_MAX_BYTES];
    int fd;

    (void)snprintf(name, sizeof(name), "%s%" PRIu64, prefix, number);
    fd = openat(state->repo_fd, name,
                O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return sp_fail_sys(err, errno, "no-generation",
                           "cannot open generation %" PRIu64, number);
    return fd;
}

/* Made once. */
static int
make_fixed_link(const struct sp_state *state, const char *name,
                struct sp_error *err)
{
    char wanted[LINK_MAX_BYTES], target[LINK_MAX_BYTES];
    ssize_t n = readlinkat(state->repo_fd, name, target, sizeof(target) - 1);

    (void)snprintf(wanted, sizeof(wanted), "current/%s", name);
    if (n >= 0) {
        target[n] = '\0';
        if (strcmp(target, wanted) == 0)
            return 0;
    }
    return sp_path_flip_link(state->repo_fd, name, wanted, err);
}

static int
prepare_fixed(const struct sp_state *state, const char *name,
              struct sp_error *err)
{
    if (!is_real(state, name))
        return make_fixed_link(state, name, err);
    if (!is_of_repository(state, name))
        return sp_fail(err, "publish",
                       "'%s/%s' is a real directory with other files in it",
                       state->repo_path, name);
    return 0;
}

int
sp_generation_flip(const struct sp_state *state, uint64_t number,
                   struct sp_error *err)
{
    char target[LINK_MAX_BYTES];
    uint64_t highest;

    if (read_highest(state, &highest, err) < 0)
        return -1;
    for (size_t i = 0; i < FIXED; i++)
        if (prepare_fixed(state, fixed[i], err) < 0)
            return -1;
    (void)snprintf(target, sizeof(target), "%s%" PRIu64, prefix, number);
    if (sp_path_flip_link(state->repo_fd, "current", target, err) < 0 ||
        take_over_all(state, err) < 0 ||
        sp_path_sync_dir(state->repo_fd, err) < 0)
        return -1;
    return number > highest ? write_highest(state, number, err) : 0;
}

int
sp_generation_prune(const struct sp_state *state, uint64_t keep,
                    struct sp_error *err)
{
    SP_AUTO_FREE uint64_t *list = NULL;
    uint64_t current;
    size_t n, left;

    if (sp_generation_current(state, &current, err) < 0 ||
        sp_generation_list(state, &list, &n, err) < 0)
        return -1;
    left = n;
    for (size_t i = 0; i < n && left > keep; i++) {
        if (list[i] == current)
            continue;
        if (remove_generation(state, list[i], err) < 0)
            return -1;
        left--;
    }
    return 0;
}

int
sp_generation_packages(const struct sp_state *state, uint64_t number,
                       char **ret_text, size_t *ret_size, struct sp_error *err)
{
    SP_AUTO_FD dir = sp_generation_open(state, number, err);

    if (dir < 0)
        return -1;
    return sp_read_file(dir, "packages", PACKAGES_BYTES_MAX, ret_text, ret_size,
                        err);
}

void
sp_generation_print(const struct sp_package *package, char *dst, size_t size)
{
    const struct sp_report_package *f = &package->facts;
    char file[SP_FILENAME_MAX + 1] = "", evr[300], sha256[65];

    (void)sp_nevra_filename(&f->nevra, file, sizeof(file));
    sp_nevra_evr(&f->nevra, evr, sizeof(evr));
    sp_text_hex(sha256, f->header_sha256, 32);
    (void)snprintf(dst, size, "%s %s %s %s %" PRIu64 " %" PRIu64, file,
                   f->nevra.name, evr, sha256, f->file_bytes,
                   f->signature_time);
}

bool
sp_generation_parse(char *line, struct sp_generation_line *ret)
{
    char *name = sp_lines_value(line);
    char *evr = sp_lines_value(name);
    char *sha256 = sp_lines_value(evr);
    char *bytes = sp_lines_value(sha256);
    char *signed_at = sp_lines_value(bytes);

    if (strlen(line) > SP_FILENAME_MAX || strlen(name) > SP_NAME_MAX ||
        strlen(evr) >= sizeof(ret->evr) || strlen(sha256) != 64 ||
        !sp_text_u64(bytes, UINT64_MAX, &ret->bytes) ||
        !sp_text_u64(signed_at, UINT64_MAX, &ret->signed_at))
        return false;
    (void)snprintf(ret->file, sizeof(ret->file), "%s", line);
    (void)snprintf(ret->name, sizeof(ret->name), "%s", name);
    (void)snprintf(ret->evr, sizeof(ret->evr), "%s", evr);
    (void)snprintf(ret->sha256, sizeof(ret->sha256), "%s", sha256);
    return true;
}

static bool
files_complete(int dir, const char *text, size_t size)
{
    struct sp_lines lines = {.text = text, .size = size};
    char line[SP_LINE_MAX];
    bool bad = false;
    struct stat st;

    if (fstatat(dir, "repodata/repomd.xml", &st, AT_SYMLINK_NOFOLLOW) < 0)
        return false;
    while (sp_lines_next(&lines, line, &bad)) {
        struct sp_generation_line entry;
        char path[SP_FILENAME_MAX + 8];

        if (!sp_generation_parse(line, &entry))
            return false;
        (void)snprintf(path, sizeof(path), "rpm/%s", entry.file);
        if (fstatat(dir, path, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
            !S_ISREG(st.st_mode) || (uint64_t)st.st_size != entry.bytes)
            return false;
    }
    return !bad;
}

bool
sp_generation_holds(const struct sp_state *state, uint64_t number,
                    const char *packages, size_t size)
{
    SP_AUTO_FD dir = -1;
    SP_AUTO_FREE char *text = NULL;
    size_t have;

    if (number == 0 ||
        sp_generation_packages(state, number, &text, &have, NULL) < 0)
        return false;
    if (have != size || memcmp(text, packages, size) != 0)
        return false;
    dir = sp_generation_open(state, number, NULL);
    return dir >= 0 && files_complete(dir, text, have);
}
