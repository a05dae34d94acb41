/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ingest/pubkeys.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/io.h"

enum { FILES_MAX = 64 };

static const char begin[] = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n";
static const char end[] = "-----END PGP PUBLIC KEY BLOCK-----\n";

/* Armored keys, and the names of their files. */
struct pubkeys {
    char *name[FILES_MAX];
    char *text[FILES_MAX]; /* the file */
    const char *block[FILES_MAX];
    size_t size[FILES_MAX];
    size_t n;
    size_t bytes;
};

static void
release(struct pubkeys *keys)
{
    for (size_t i = 0; i < keys->n; i++) {
        free(keys->name[i]);
        free(keys->text[i]);
    }
}

static const char *
find_last(const char *text, const char *word)
{
    const char *last = NULL;

    for (const char *at = text; (at = strstr(at, word)); at++)
        last = at;
    return last;
}

/* Is it that there is none for us, and no fault of the machine? */
static bool
is_not_there(int sys)
{
    return sys == ENOENT || sys == EACCES || sys == ENXIO || sys == ELOOP ||
           sys == EISDIR;
}

/*
 * A key file may be a link: distributions keep them elsewhere. NULL in *ret:
 * there is none that we may read.
 */
static int
read_text(int dirfd, const char *path, char **ret, struct sp_error *err)
{
    SP_AUTO_FD fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    SP_AUTO_FREE char *text = fd < 0 ? NULL : malloc(SP_PUBKEYS_MAX_BYTES + 1);
    ssize_t n = text ? sp_read_full(fd, text, SP_PUBKEYS_MAX_BYTES) : -1;

    *ret = NULL;
    if (fd >= 0 && !text)
        return sp_fail(err, "no-memory", "no memory for the keys");
    if (n < 0 && is_not_there(errno))
        return 0;
    if (n < 0)
        return sp_fail_sys(err, errno, "io", "cannot read the key '%.200s'",
                           path);
    text[n] = '\0';
    *ret = text;
    text = NULL;
    return 0;
}

/* *ret_told is false when it is not armored, or more than a request takes. */
static int
take_file(int dirfd, const char *path, const char *name, struct pubkeys *keys,
          bool *ret_told, struct sp_error *err)
{
    size_t i = keys->n;
    const char *first, *last;

    *ret_told = false;
    if (i == FILES_MAX)
        return 0;
    if (read_text(dirfd, path, &keys->text[i], err) < 0)
        return -1;
    if (!keys->text[i])
        return 0;
    keys->name[i] = strdup(name);
    keys->n++;
    if (!keys->name[i])
        return sp_fail(err, "no-memory", "no memory for the keys");
    first = strstr(keys->text[i], begin);
    last = find_last(keys->text[i], end);
    if (!first || !last || last < first)
        return 0;
    keys->block[i] = first;
    keys->size[i] = (size_t)(last - first) + sizeof(end) - 1;
    keys->bytes += keys->size[i];
    *ret_told = keys->bytes <= SP_PUBKEYS_MAX_BYTES;
    return 0;
}

static int
no_dot_files(const struct dirent *d)
{
    return d->d_name[0] != '.' && d->d_type != DT_DIR;
}

static int
take_directory(int dirfd, const char *path, struct pubkeys *keys,
               bool *ret_told, struct sp_error *err)
{
    struct dirent **entries = NULL;
    int n = scandirat(dirfd, ".", &entries, no_dot_files, alphasort);
    int status = 0;

    *ret_told = n >= 0;
    if (n < 0)
        return sp_fail_sys(err, errno, "io", "cannot list the keys in '%.200s'",
                           path);
    for (int i = 0; i < n; i++) {
        const char *name = entries[i]->d_name;

        if (status == 0 && *ret_told)
            status = take_file(dirfd, name, name, keys, ret_told, err);
        free(entries[i]);
    }
    free(entries);
    return status;
}

static int
take(const char *path, struct pubkeys *keys, bool *ret_told,
     struct sp_error *err)
{
    SP_AUTO_FD dirfd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const char *slash = strrchr(path, '/');

    *ret_told = false;
    if (dirfd >= 0)
        return take_directory(dirfd, path, keys, ret_told, err);
    if (errno == ENOTDIR)
        return take_file(AT_FDCWD, path, slash ? slash + 1 : path, keys,
                         ret_told, err);
    return is_not_there(errno) ? 0
                               : sp_fail_sys(err, errno, "io",
                                             "cannot open the keys in "
                                             "'%.200s'",
                                             path);
}

int
sp_pubkeys_write(const char *path, struct sp_request_writer *writer,
                 struct sp_error *err)
{
    struct pubkeys keys = {.n = 0};
    bool told;
    int status = take(path, &keys, &told, err);

    for (size_t i = 0; status == 0 && told && i < keys.n; i++) {
        status = sp_request_write_field(writer, SP_REQUEST_KEY_PUBKEY, err,
                                        "%s", keys.name[i]);
        if (status == 0)
            sp_request_write_block(writer, keys.block[i], keys.size[i]);
    }
    release(&keys);
    return status;
}
