/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ingest/index-check.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/lines.h"
#include "base/path.h"
#include "base/sha256.h"
#include "base/text.h"

enum { REPOMD_BYTES_MAX = 64 * 1024, NAME_BYTES = 256 };

static const char *const required[] = {"primary", "filelists", "other"};
enum { REQUIRED = sizeof(required) / sizeof(*required) };

/* One <data> of repomd.xml, each element of which has a line of its own. */
struct listed {
    char type[32];
    char sha256[65];
    char name[NAME_BYTES];
    char size[24], open_size[24];
};

struct check {
    int dir;
    struct listed now;
    unsigned n;
    bool seen[REQUIRED];
    bool ended;
};

static int
refuse(const char *name, struct sp_error *err)
{
    char shown[SP_SHOWN_MAX];

    sp_text_show(shown, sizeof(shown), name);
    return sp_fail(err, "index",
                   "the index tool did not write all of '%s'; the disk may be "
                   "full",
                   shown);
}

/* Copies what stands between the two; leaves dst when they do not fit. */
static void
take(const char *line, const char *before, const char *after, char *dst,
     size_t size)
{
    size_t head = strlen(before), tail = strlen(after), len = strlen(line);

    if (len < head + tail || len - head - tail >= size ||
        strncmp(line, before, head) != 0 ||
        strcmp(line + len - tail, after) != 0)
        return;
    memcpy(dst, line + head, len - head - tail);
    dst[len - head - tail] = '\0';
}

static int
hash_file(int fd, char ret_hex[65])
{
    struct sp_sha256 sha256;
    uint8_t bytes[8192], digest[SP_SHA256_BYTES];
    ssize_t n;

    sp_sha256_init(&sha256);
    while ((n = sp_read_full(fd, bytes, sizeof(bytes))) > 0)
        sp_sha256_update(&sha256, bytes, (size_t)n);
    sp_sha256_final(&sha256, digest);
    sp_text_hex(ret_hex, digest, sizeof(digest));
    return n < 0 ? -1 : 0;
}

/* RFC 1952, 2.3.1: ISIZE, the last four bytes, modulo 2^32. */
static bool
is_packed(int fd, off_t size, uint64_t open_size)
{
    uint8_t b[4];

    return size > 4 && pread(fd, b, sizeof(b), size - 4) == sizeof(b) &&
           (uint32_t)open_size == ((uint32_t)b[0] | (uint32_t)b[1] << 8 |
                                   (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24);
}

static bool
ends_with(const char *name, const char *end)
{
    size_t len = strlen(name), tail = strlen(end);

    return len >= tail && strcmp(name + len - tail, end) == 0;
}

static int
check_file(const struct check *c, struct sp_error *err)
{
    const struct listed *l = &c->now;
    SP_AUTO_FD fd =
        openat(c->dir, l->name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    uint64_t size, open_size = 0;
    char sha256[65];
    struct stat st;

    if (fd < 0 || fstat(fd, &st) < 0)
        return sp_fail_sys(err, errno, "index",
                           "cannot open a file of the metadata");
    if (!S_ISREG(st.st_mode) || !sp_text_u64(l->size, INT64_MAX, &size) ||
        (uint64_t)st.st_size != size || strncmp(l->name, l->sha256, 64) != 0)
        return refuse(l->name, err);
    if (hash_file(fd, sha256) < 0)
        return sp_fail_sys(err, errno, "io", "cannot read the metadata");
    if (strcmp(sha256, l->sha256) != 0)
        return refuse(l->name, err);
    if (ends_with(l->name, ".gz") &&
        (!sp_text_u64(l->open_size, INT64_MAX, &open_size) ||
         !is_packed(fd, st.st_size, open_size)))
        return refuse(l->name, err);
    return 0;
}

static int
take_line(struct check *c, const char *line, struct sp_error *err)
{
    struct listed *l = &c->now;

    if (strcmp(line, "  </data>") == 0) {
        for (size_t i = 0; i < REQUIRED; i++)
            c->seen[i] = c->seen[i] || strcmp(l->type, required[i]) == 0;
        c->n++;
        if (check_file(c, err) < 0)
            return -1;
        memset(l, 0, sizeof(*l));
    }
    take(line, "  <data type=\"", "\">", l->type, sizeof(l->type));
    take(line, "    <checksum type=\"sha256\">", "</checksum>", l->sha256,
         sizeof(l->sha256));
    take(line, "    <location href=\"repodata/", "\"/>", l->name,
         sizeof(l->name));
    take(line, "    <size>", "</size>", l->size, sizeof(l->size));
    take(line, "    <open-size>", "</open-size>", l->open_size,
         sizeof(l->open_size));
    c->ended = strcmp(line, "</repomd>") == 0;
    return 0;
}

/* The files that lie there, repomd.xml apart. */
static int
count_files(int dir_fd, unsigned *ret, struct sp_error *err)
{
    SP_AUTO_DIR *dir = sp_path_list(dir_fd, ".");
    struct dirent *entry;
    int more;

    if (!dir)
        return sp_fail_sys(err, errno, "io", "cannot list the metadata");
    *ret = 0;
    while ((more = sp_path_next(dir, &entry, err)) > 0)
        *ret += strcmp(entry->d_name, "repomd.xml") != 0;
    return more;
}

int
sp_index_check(int repodata_fd, struct sp_error *err)
{
    SP_AUTO_FREE char *text = NULL;
    struct sp_lines lines = {0};
    struct check c = {.dir = repodata_fd};
    char line[SP_LINE_MAX];
    bool bad = false;
    unsigned files;

    if (sp_read_file(repodata_fd, "repomd.xml", REPOMD_BYTES_MAX, &text,
                     &lines.size, err) < 0 ||
        count_files(repodata_fd, &files, err) < 0)
        return -1;
    lines.text = text;
    while (sp_lines_next(&lines, line, &bad))
        if (take_line(&c, line, err) < 0)
            return -1;
    if (bad || !c.ended || c.n != files)
        return refuse("repomd.xml", err);
    for (size_t i = 0; i < REQUIRED; i++)
        if (!c.seen[i])
            return refuse(required[i], err);
    return 0;
}
