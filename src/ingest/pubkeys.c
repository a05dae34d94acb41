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

/* A key file may be a link: distributions keep them elsewhere. */
static char *
read_text(int dirfd, const char *path)
{
    SP_AUTO_FD fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    char *text = fd < 0 ? NULL : malloc(SP_PUBKEYS_MAX_BYTES + 1);
    ssize_t n = text ? sp_read_full(fd, text, SP_PUBKEYS_MAX_BYTES) : -1;

    if (n < 0) {
        free(text);
        return NULL;
    }
    text[n] = '\0';
    return text;
}

/* False: it is not armored, or more than a request can take. */
static bool
take_file(int dirfd, const char *path, const char *name, struct pubkeys *keys)
{
    size_t i = keys->n;
    const char *first, *last;

    if (i == FILES_MAX || !(keys->text[i] = read_text(dirfd, path)))
        return false;
    keys->name[i] = strdup(name);
    keys->n++;
    first = strstr(keys->text[i], begin);
    last = find_last(keys->text[i], end);
    if (!keys->name[i] || !first || !last || last < first)
        return false;
    keys->block[i] = first;
    keys->size[i] = (size_t)(last - first) + sizeof(end) - 1;
    keys->bytes += keys->size[i];
    return keys->bytes <= SP_PUBKEYS_MAX_BYTES;
}

static int
no_dot_files(const struct dirent *d)
{
    return d->d_name[0] != '.' && d->d_type != DT_DIR;
}

static bool
take_directory(int dirfd, struct pubkeys *keys)
{
    struct dirent **entries = NULL;
    int n = scandirat(dirfd, ".", &entries, no_dot_files, alphasort);
    bool good = n >= 0;

    for (int i = 0; i < n; i++) {
        const char *name = entries[i]->d_name;

        good = good && take_file(dirfd, name, name, keys);
        free(entries[i]);
    }
    free(entries);
    return good;
}

static bool
take(const char *path, struct pubkeys *keys)
{
    SP_AUTO_FD dirfd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const char *slash = strrchr(path, '/');

    if (dirfd >= 0)
        return take_directory(dirfd, keys);
    return errno == ENOTDIR &&
           take_file(AT_FDCWD, path, slash ? slash + 1 : path, keys);
}

int
sp_pubkeys_write(const char *path, struct sp_request_writer *writer,
                 struct sp_error *err)
{
    struct pubkeys keys = {.n = 0};
    bool good = take(path, &keys);
    int status = 0;

    for (size_t i = 0; good && i < keys.n && status == 0; i++) {
        status = sp_request_write_field(writer, SP_REQUEST_KEY_PUBKEY, err,
                                        "%s", keys.name[i]);
        if (status == 0)
            sp_request_write_block(writer, keys.block[i], keys.size[i]);
    }
    release(&keys);
    return status;
}
