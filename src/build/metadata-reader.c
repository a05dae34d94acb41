/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build/metadata-reader.h"

#include <errno.h>
#include <sys/random.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/sandbox.h"
#include "base/text.h"
#include "build/comps.h"
#include "build/filelists.h"
#include "build/metalink.h"
#include "build/repomd.h"
#include "build/unfold.h"
#include "build/updateinfo.h"

enum { IN = 0, OUT = 1, REPORT = 3 };

/* The largest dictionary of xz -9 has 64 MiB, a window of zstd 128 MiB. */
#define READER_MEMORY (512 * SP_MIB)

static int
write_out(void *data, const void *piece, size_t len, struct sp_error *err)
{
    (void)data;
    if (sp_write_full(OUT, piece, len) < 0)
        return sp_fail_sys(err, errno, "io", "cannot hand on metadata");
    return 0;
}

static int
write_text(void *data, const char *text, size_t len, struct sp_error *err)
{
    return write_out(data, text, len, err);
}

/* All of a small file. */
static int
read_all(char **ret, size_t *ret_len, struct sp_error *err)
{
    const size_t max = SP_METALINK_MAX_BYTES;
    char *buf = malloc(max + 1);
    ssize_t n = buf ? sp_read_full(IN, buf, max + 1) : -1;

    *ret = buf;
    if (!buf)
        return sp_fail(err, "no-memory", "no memory for metadata");
    if (n < 0)
        return sp_fail_sys(err, errno, "io", "cannot read metadata");
    if ((size_t)n > max)
        return sp_fail(err, "metadata-size", "more than %zu bytes", max);
    *ret_len = (size_t)n;
    return 0;
}

static int
read_repomd(unsigned long salt, struct sp_error *err)
{
    SP_AUTO_FREE char *text = NULL;
    struct sp_repomd repomd;
    size_t len = 0;

    if (read_all(&text, &len, err) < 0 ||
        sp_repomd_parse(text, len, salt, &repomd, err) < 0)
        return -1;
    return write_out(NULL, &repomd, sizeof(repomd), err);
}

static int
read_metalink(unsigned long salt, struct sp_error *err)
{
    SP_AUTO_FREE struct sp_metalink *metalink = calloc(1, sizeof(*metalink));
    SP_AUTO_FREE char *text = NULL;
    size_t len = 0;

    if (!metalink)
        return sp_fail(err, "no-memory", "no memory for the metalink");
    if (read_all(&text, &len, err) < 0 ||
        sp_metalink_parse(text, len, salt, metalink, err) < 0)
        return -1;
    return write_out(NULL, metalink, sizeof(*metalink), err);
}

static int
feed_lists(void *data, const void *piece, size_t len, struct sp_error *err)
{
    /* No bytes would mean the end. */
    return len == 0 ? 0 : sp_filelists_feed(data, piece, len, err);
}

static int
compare_paths(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int
read_filelists(uint64_t max, char **paths, size_t n, unsigned long salt,
               struct sp_error *err)
{
    struct sp_filelists *lists;
    int status;

    qsort(paths, n, sizeof(paths[0]), compare_paths);
    lists = sp_filelists_open(paths, n, salt, write_text, NULL);
    if (!lists)
        return sp_fail(err, "no-memory", "no memory for file lists");
    status = sp_unfold(IN, max, feed_lists, lists, err);
    if (status == 0)
        status = sp_filelists_feed(lists, "", 0, err);
    sp_filelists_close(lists);
    return status;
}

static int
feed_groups(void *data, const void *piece, size_t len, struct sp_error *err)
{
    return len == 0 ? 0 : sp_comps_feed(data, piece, len, err);
}

/* It was unpacked before, and is known to be no larger than this. */
static int
read_groups(unsigned long salt, struct sp_error *err)
{
    struct sp_comps_reader *reader = sp_comps_open(salt, write_text, NULL);
    int status;

    if (!reader)
        return sp_fail(err, "no-memory", "no memory for groups");
    status = sp_unfold(IN, SP_UNFOLD_MAX_BYTES, feed_groups, reader, err);
    if (status == 0)
        status = sp_comps_feed(reader, "", 0, err);
    sp_comps_close(reader);
    return status;
}

static int
feed_advisories(void *data, const void *piece, size_t len, struct sp_error *err)
{
    return len == 0 ? 0 : sp_updateinfo_feed(data, piece, len, err);
}

static int
read_advisories(unsigned long salt, struct sp_error *err)
{
    struct sp_updateinfo *info = sp_updateinfo_open(salt, write_text, NULL);
    int status;

    if (!info)
        return sp_fail(err, "no-memory", "no memory for advisories");
    status = sp_unfold(IN, SP_UNFOLD_MAX_BYTES, feed_advisories, info, err);
    if (status == 0)
        status = sp_updateinfo_feed(info, "", 0, err);
    sp_updateinfo_close(info);
    return status;
}

static int
enter_jail(unsigned long *ret_salt, struct sp_error *err)
{
    const struct sp_jail jail = {
        .kind = SP_JAIL_UNPACK, .keep_fds = 4, .max_memory = READER_MEMORY};

    if (getrandom(ret_salt, sizeof(*ret_salt), 0) != sizeof(*ret_salt))
        return sp_fail_sys(err, errno, "internal", "no random number");
    *ret_salt |= 1;
    return sp_jail_enter(&jail, NULL, err);
}

static int
run(int argc, char **argv, struct sp_error *err)
{
    const char *what = argc > 1 ? argv[1] : "";
    unsigned long salt = 0;
    uint64_t max = 0;

    if (enter_jail(&salt, err) < 0)
        return -1;
    if (argc == 2 && strcmp(what, "repomd") == 0)
        return read_repomd(salt, err);
    if (argc == 2 && strcmp(what, "metalink") == 0)
        return read_metalink(salt, err);
    if (argc == 2 && strcmp(what, "groups") == 0)
        return read_groups(salt, err);
    if (argc == 2 && strcmp(what, "advisories") == 0)
        return read_advisories(salt, err);
    if (argc < 3 || !sp_text_u64(argv[2], SP_UNFOLD_MAX_BYTES, &max))
        return sp_fail(err, "usage",
                       "this program is started by "
                       "sallyport-builder");
    if (argc == 3 && strcmp(what, "unfold") == 0)
        return sp_unfold(IN, max, write_out, NULL, err);
    if (strcmp(what, "filelists") == 0)
        return read_filelists(max, argv + 3, (size_t)argc - 3, salt, err);
    return sp_fail(err, "usage", "unknown task '%s'", what);
}

void
sp_metadata_reader_run(int argc, char **argv)
{
    char line[SP_DETAIL_MAX + SP_MESSAGE_MAX + 2];
    struct sp_error err = {0};
    int n;

    if (run(argc, argv, &err) == 0)
        _exit(0);
    n = snprintf(line, sizeof(line), "%s %s", err.detail, err.msg);
    if (n > 0)
        (void)sp_write_full(REPORT, line, strnlen(line, sizeof(line)));
    _exit(1);
}
