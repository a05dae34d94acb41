/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ingest/keyhome.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/path.h"
#include "base/sha256.h"
#include "base/text.h"
#include "ingest/crew.h"

enum {
    KEY_FILES_MAX = 64,
    KEY_FILE_BYTES_MAX = 1024 * 1024,
    HOMES_KEPT = 4,
    BUILD_SECONDS = 60,
};

/* Part of the digest: a home of an older layout is not used. */
static const char layout[] = "sallyport key home 1\n";

struct key_files {
    char *bytes[KEY_FILES_MAX];
    size_t size[KEY_FILES_MAX];
    char shown[KEY_FILES_MAX][SP_SHOWN_MAX]; /* their names, printable */
    size_t n;
};

static void
release(struct key_files *files)
{
    for (size_t i = 0; i < files->n; i++)
        free(files->bytes[i]);
    files->n = 0;
}

/* Key files may be links: distributions keep them elsewhere. */
static int
read_key_file(int dirfd, const char *name, struct key_files *files,
              struct sp_error *err)
{
    SP_AUTO_FD fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    char shown[SP_SHOWN_MAX];
    struct stat st;
    ssize_t n;

    sp_text_show(shown, sizeof(shown), name);
    if (fd < 0 || fstat(fd, &st) < 0)
        return sp_fail_sys(err, errno, errno == ENOENT ? "no-keys" : "key-file",
                           "cannot read the key file '%s'", shown);
    if (!S_ISREG(st.st_mode) || st.st_size > KEY_FILE_BYTES_MAX)
        return sp_fail(err, "key-file",
                       "'%s' is not a regular file of at most 1 MiB", shown);
    if (files->n == KEY_FILES_MAX)
        return sp_fail(err, "key-file", "there are more than %d key files",
                       KEY_FILES_MAX);
    memcpy(files->shown[files->n], shown, sizeof(shown));
    files->bytes[files->n] = malloc(KEY_FILE_BYTES_MAX);
    if (!files->bytes[files->n])
        return sp_fail(err, "no-memory", "no memory for key files");
    n = sp_read_full(fd, files->bytes[files->n], KEY_FILE_BYTES_MAX);
    files->size[files->n] = n < 0 ? 0 : (size_t)n;
    files->n++;
    return n < 0 ? sp_fail_sys(err, errno, "key-file",
                               "cannot read the key file '%s'", shown)
                 : 0;
}

static int
no_dot_files(const struct dirent *d)
{
    return d->d_name[0] != '.';
}

static int
read_key_dir(int fd, struct key_files *files, struct sp_error *err)
{
    struct dirent **list;
    int n = scandirat(fd, ".", &list, no_dot_files, alphasort);
    int status = 0;

    if (n < 0)
        return sp_fail_sys(err, errno, "key-file",
                           "cannot list the key directory");
    for (int i = 0; i < n; i++) {
        struct stat st;

        if (status == 0 && fstatat(fd, list[i]->d_name, &st, 0) == 0 &&
            !S_ISDIR(st.st_mode))
            status = read_key_file(fd, list[i]->d_name, files, err);
        free(list[i]);
    }
    free(list);
    return status;
}

static int
read_keys(const char *path, struct key_files *files, struct sp_error *err)
{
    SP_AUTO_FD dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    char shown[SP_SHOWN_MAX];
    int status;

    sp_text_show(shown, sizeof(shown), path);
    if (dir < 0 && errno != ENOTDIR)
        return sp_fail_sys(err, errno, errno == ENOENT ? "no-keys" : "key-file",
                           "cannot open the keys '%s'", shown);
    status = dir >= 0 ? read_key_dir(dir, files, err)
                      : read_key_file(AT_FDCWD, path, files, err);
    if (status == 0 && files->n == 0)
        return sp_fail(err, "no-keys", "there is no key file in '%s'", shown);
    return status;
}

/* One allowed primary fingerprint a line; "" when all are. */
static void
allow_list(const struct sp_policy *policy, char *dst, size_t size)
{
    size_t used = 0;

    dst[0] = '\0';
    for (unsigned i = 0; i < policy->n_keys && used + 42 < size; i++)
        used += (size_t)snprintf(dst + used, size - used, "%s\n",
                                 policy->keys[i].fpr);
}

static void
digest_of(const struct key_files *files, const char *allowed, char hex[65])
{
    struct sp_sha256 ctx;
    uint8_t digest[SP_SHA256_BYTES];

    sp_sha256_init(&ctx);
    sp_sha256_update(&ctx, layout, sizeof(layout));
    sp_sha256_update(&ctx, allowed, strlen(allowed) + 1);
    for (size_t i = 0; i < files->n; i++) {
        uint64_t size = files->size[i];

        sp_sha256_update(&ctx, &size, sizeof(size));
        sp_sha256_update(&ctx, files->bytes[i], files->size[i]);
    }
    sp_sha256_final(&ctx, digest);
    sp_text_hex(hex, digest, sizeof(digest));
}

static int
write_file(int dir, const char *name, const char *bytes, size_t size,
           struct sp_error *err)
{
    SP_AUTO_FD fd =
        openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    if (fd < 0 || sp_write_full(fd, bytes, size) < 0)
        return sp_fail_sys(err, errno, "state", "cannot copy a key file");
    return 0;
}

static int
copy_keys(int dir, const struct key_files *files, const char *allowed,
          struct sp_error *err)
{
    for (size_t i = 0; i < files->n; i++) {
        char name[8];

        (void)snprintf(name, sizeof(name), "%03u", (unsigned)i);
        if (write_file(dir, name, files->bytes[i], files->size[i], err) < 0)
            return -1;
    }
    if (*allowed)
        return write_file(dir, "allow", allowed, strlen(allowed), err);
    return 0;
}

static int
run_make_home(const char *dir_path, const char *fresh, size_t count,
              struct sp_error *err)
{
    SP_AUTO_FREE char *home = NULL;
    SP_AUTO_FREE char *keys = NULL;
    char number[32];
    const char *arguments[5] = {"--make-home"};
    struct sp_crew crew = {.n = 0};
    struct sp_error left = {0};
    int status;

    if (asprintf(&home, "home=%s/%s/home", dir_path, fresh) < 0 ||
        asprintf(&keys, "keys=%s/%s/keys", dir_path, fresh) < 0)
        return sp_fail(err, "no-memory", "no memory for a path");
    (void)snprintf(number, sizeof(number), "count=%zu", count);
    arguments[1] = home;
    arguments[2] = keys;
    arguments[3] = number;
    status =
        sp_crew_start(&crew, SP_WORKER_MAKE_HOME, arguments, -1, -1, -1, err);
    if (status == 0)
        status = sp_crew_hear(&crew, BUILD_SECONDS, "engine-error",
                              "building the key home", NULL, NULL, err);
    if (sp_crew_end(&crew, 500, &left) < 0 && status == 0) {
        *err = left;
        status = -1;
    }
    return status;
}

/* Builds in DIGEST.new and renames it when it is whole. */
static int
build(int dir_fd, const char *dir_path, const char *digest,
      const struct key_files *files, const char *allowed, struct sp_error *err)
{
    char fresh[80], home[96];
    SP_AUTO_FD new_fd = -1;
    SP_AUTO_FD home_fd = -1;
    SP_AUTO_FD keys_fd = -1;
    int status = -1;

    (void)snprintf(fresh, sizeof(fresh), "%s.new", digest);
    (void)snprintf(home, sizeof(home), "%s/home", fresh);
    if (sp_path_remove_tree(dir_fd, fresh, err) < 0)
        return -1;
    if ((new_fd = sp_path_make_dir(dir_fd, fresh, 0700, err)) >= 0 &&
        (home_fd = sp_path_make_dir(new_fd, "home", 0700, err)) >= 0 &&
        (keys_fd = sp_path_make_dir(new_fd, "keys", 0700, err)) >= 0 &&
        copy_keys(keys_fd, files, allowed, err) == 0 &&
        run_make_home(dir_path, fresh, files->n, err) == 0) {
        if (renameat2(dir_fd, home, dir_fd, digest, RENAME_NOREPLACE) == 0 ||
            errno == EEXIST)
            status = sp_path_sync_dir(dir_fd, err);
        else
            (void)sp_fail_sys(err, errno, "state", "cannot keep the key home");
    }
    (void)sp_path_remove_tree(dir_fd, fresh, NULL);
    return status;
}

/* make-home knows the files by number; the person knows them by name. */
static void
name_file(const struct key_files *files, struct sp_error *err)
{
    char number[32];

    for (unsigned i = 0; i < files->n; i++) {
        (void)snprintf(number, sizeof(number), "key file '%03u'", i);
        if (strstr(err->msg, number)) {
            (void)sp_fail_prefix(err, "'%s'", files->shown[i]);
            return;
        }
    }
}

/*
 * Homes of earlier keys are of no use: all but this one and a few go. So does
 * what a run that died was building.
 */
static void
forget_others(int dir_fd, const char *digest)
{
    struct dirent **list;
    int n = scandirat(dir_fd, ".", &list, no_dot_files, alphasort);
    int others = 0;

    for (int i = 0; i < n; i++) {
        if (strstr(list[i]->d_name, ".new") ||
            (strcmp(list[i]->d_name, digest) != 0 && ++others > HOMES_KEPT))
            (void)sp_path_remove_tree(dir_fd, list[i]->d_name, NULL);
        free(list[i]);
    }
    if (n >= 0)
        free(list);
}

int
sp_keyhome_get(int dir_fd, const char *dir_path, const char *keys_path,
               const struct sp_policy *policy, char ret_path[4200],
               struct sp_error *err)
{
    SP_AUTO_FREE struct key_files *files = calloc(1, sizeof(*files));
    char allowed[41 * SP_POLICY_KEYS_MAX + 2], digest[65], table[96];
    int status;

    if (!files)
        return sp_fail(err, "no-memory", "no memory for key files");
    status = read_keys(keys_path, files, err);

    if (status == 0) {
        allow_list(policy, allowed, sizeof(allowed));
        digest_of(files, allowed, digest);
        (void)snprintf(table, sizeof(table), "%s/table", digest);
        forget_others(dir_fd, digest);
        if (faccessat(dir_fd, table, R_OK, 0) < 0) {
            status = build(dir_fd, dir_path, digest, files, allowed, err);
            if (status < 0)
                name_file(files, err);
        }
        (void)snprintf(ret_path, 4200, "%s/%s", dir_path, digest);
    }
    release(files);
    return status;
}
