/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ingest/repofiles.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/text.h"

enum { REPO_FILE_MAX = 1024 * 1024, VAR_FILE_MAX = 4096 };

/* ---- the files of a directory ---- */

/* `text` is writable and NUL terminated behind its `size` bytes. */
typedef int use_file(void *data, const char *name, char *text, size_t size,
                     struct sp_error *err);

static int
is_repo_file(const struct dirent *entry)
{
    const char *dot = strrchr(entry->d_name, '.');

    return entry->d_name[0] != '.' && dot && strcmp(dot, ".repo") == 0;
}

static int
is_variable(const struct dirent *entry)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "abcdefghijklmnopqrstuvwxyz0123456789_";

    return entry->d_name[strspn(entry->d_name, allowed)] == '\0';
}

static int
by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int
use_entry(int dirfd, const char *dir, const char *name, size_t max,
          use_file *use, void *data, struct sp_error *err)
{
    SP_AUTO_FREE char *text = NULL;
    char shown[SP_SHOWN_MAX];
    size_t size;

    if (sp_read_file(dirfd, name, max, &text, &size, err) == 0 &&
        use(data, name, text, size, err) == 0)
        return 0;
    sp_text_show(shown, sizeof(shown), dir);
    return sp_fail_prefix(err, "in '%s'", shown);
}

/* All files that the filter picks, in order of their names. */
static int
each_file(const char *dir, bool asked, size_t max,
          int (*filter)(const struct dirent *), use_file *use, void *data,
          struct sp_error *err)
{
    SP_AUTO_FD dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct dirent **entries = NULL;
    char shown[SP_SHOWN_MAX];
    int n, status = 0;

    if (dirfd < 0 && errno == ENOENT && !asked)
        return 0;
    n = dirfd < 0 ? -1 : scandirat(dirfd, ".", &entries, filter, by_name);
    sp_text_show(shown, sizeof(shown), dir);
    if (n < 0)
        return sp_fail_sys(err, errno, errno == ENOENT ? "not-found" : "io",
                           "cannot read '%s'", shown);
    for (int i = 0; i < n; i++) {
        if (status == 0)
            status =
                use_entry(dirfd, dir, entries[i]->d_name, max, use, data, err);
        free(entries[i]);
    }
    free(entries);
    return status;
}

/* ---- repository files ---- */

/* "key = value", when the line is one; the key in lower case as dnf wants. */
static size_t
key_length(const char *line, size_t len)
{
    size_t n = strcspn(line, "=:\n");

    if (n >= len)
        return 0;
    while (n > 0 && (line[n - 1] == ' ' || line[n - 1] == '\t'))
        n--;
    return n;
}

/* What says how this machine connects, or with which secret. */
static bool
is_private(const char *line, size_t len)
{
    static const char *const names[] = {"username", "password", "cookies",
                                        "user_agent", "http_headers"};
    size_t n = key_length(line, len);

    if (n >= 3 && strncasecmp(line, "ssl", 3) == 0)
        return true;
    if (n >= 5 && strncasecmp(line, "proxy", 5) == 0)
        return true;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (n == strlen(names[i]) && strncasecmp(line, names[i], n) == 0)
            return true;
    return false;
}

static bool
is_one_of(char c, const char *set)
{
    return c != '\0' && strchr(set, c);
}

/* Cuts "USER:PASSWORD@" out of every address of the text. */
static size_t
cut_credentials(char *text, size_t size)
{
    size_t out = 0, at = 0;

    while (at < size) {
        const char *mark = memmem(text + at, size - at, "://", 3);
        size_t head = mark ? (size_t)(mark + 3 - text) : size;
        size_t host = head, end = head;

        while (end < size && !is_one_of(text[end], "/ \t\r\n,?#")) {
            if (text[end] == '@')
                host = end + 1;
            end++;
        }
        memmove(text + out, text + at, head - at);
        out += head - at;
        memmove(text + out, text + host, end - host);
        out += end - host;
        at = end;
    }
    text[out] = '\0';
    return out;
}

/* Keeps the lines that may leave; in place. Returns the new size. */
static size_t
keep_public_lines(char *text, size_t size)
{
    size_t out = 0, at = 0;
    bool dropped = false;

    while (at < size) {
        char *line = text + at;
        const char *end = memchr(line, '\n', size - at);
        size_t len = end ? (size_t)(end + 1 - line) : size - at;
        const bool says = !is_one_of(line[0], "#;\r\n");

        /* An indented line goes on with the value before it, even behind a
         * comment: what reads these files does not agree about that. */
        if (says && line[0] != ' ' && line[0] != '\t')
            dropped = is_private(line, len);
        if (says && !dropped) {
            memmove(text + out, line, len);
            out += len;
        }
        at += len;
    }
    text[out] = '\0';
    return out;
}

static int
write_repo_file(void *data, const char *name, char *text, size_t size,
                struct sp_error *err)
{
    struct sp_request_writer *writer = data;
    size_t kept;

    if (memchr(text, '\0', size))
        return sp_fail(err, "io", "'%s' is no text", name);
    kept = cut_credentials(text, keep_public_lines(text, size));
    if (kept == 0)
        return 0;
    if (sp_request_write_field(writer, SP_REQUEST_KEY_REPO_FILE, err, "%s",
                               name) < 0)
        return -1;
    sp_request_write_block(writer, text, kept);
    return 0;
}

int
sp_repofiles_write(const char *dir, bool asked,
                   struct sp_request_writer *writer, struct sp_error *err)
{
    return each_file(dir, asked, REPO_FILE_MAX, is_repo_file, write_repo_file,
                     writer, err);
}

/* ---- variables ---- */

static int
write_variable(void *data, const char *name, char *text, size_t size,
               struct sp_error *err)
{
    struct sp_request_writer *writer = data;

    (void)size;
    text[strcspn(text, "\r\n")] = '\0';
    if (text[0] == '\0')
        return 0;
    return sp_request_write_field(writer, SP_REQUEST_KEY_VAR, err, "%s %s",
                                  name, text);
}

int
sp_repovars_write(const char *const *dirs, struct sp_request_writer *writer,
                  struct sp_error *err)
{
    for (; *dirs; dirs++)
        if (each_file(*dirs, false, VAR_FILE_MAX, is_variable, write_variable,
                      writer, err) < 0)
            return -1;
    return 0;
}
