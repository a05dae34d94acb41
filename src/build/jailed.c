/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build/jailed.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/spawn.h"
#include "base/text.h"
#include "build/hash.h"
#include "build/unfold.h"

enum { TURN_MS = 200, END_TURNS = 500, PIECE = 64 * 1024 };

/* The name of a file that has no digest yet. */
static const char new_name[] = "url-unfolding.part";

/* One run of the program. */
struct run {
    pid_t pid;
    int out_fd, report_fd; /* -1 behind their end */
    char said[SP_DETAIL_MAX + SP_MESSAGE_MAX];
    size_t said_len;

    /* Where the output goes: a file, or memory of this size. */
    int file;
    char *memory;
    uint64_t max;
    uint64_t len;
    struct sp_hash *hash; /* of the file */
    char piece[PIECE];
};

static int
keep(struct run *run, const void *piece, size_t len, struct sp_error *err)
{
    if (len > run->max - run->len)
        return sp_fail(err, "metadata-size",
                       "the metadata unpacks to more than %" PRIu64 " bytes",
                       run->max);
    if (run->memory) {
        memcpy(run->memory + run->len, piece, len);
    } else {
        if (sp_write_full(run->file, piece, len) < 0)
            return sp_fail_sys(err, errno, "io",
                               "cannot write metadata to the cache");
        sp_hash_add(run->hash, piece, len);
    }
    run->len += len;
    return 0;
}

static int
take_out(struct run *run, struct sp_error *err)
{
    ssize_t n = sp_read_some(run->out_fd, run->piece, sizeof(run->piece));

    if (n < 0)
        return sp_fail_sys(err, errno, "io", "cannot read metadata");
    if (n == 0)
        sp_close_fd(&run->out_fd);
    return n > 0 ? keep(run, run->piece, (size_t)n, err) : 0;
}

/* What does not fit is not a fault of ours. */
static int
take_report(struct run *run, struct sp_error *err)
{
    char rest[256];
    ssize_t n = sp_read_some(run->report_fd, rest, sizeof(rest));
    size_t room = sizeof(run->said) - 1 - run->said_len;

    if (n < 0)
        return sp_fail_sys(err, errno, "io", "cannot read a report");
    if (n == 0)
        sp_close_fd(&run->report_fd);
    if ((size_t)n < room)
        room = (size_t)n;
    memcpy(run->said + run->said_len, rest, room);
    run->said_len += room;
    return 0;
}

static int
pump(struct run *run, const struct sp_build_hooks *hooks, struct sp_error *err)
{
    uint64_t deadline = sp_clock_ms() + UINT64_C(1000) * SP_JAILED_SECONDS;

    while (run->out_fd >= 0 || run->report_fd >= 0) {
        struct pollfd polled[] = {{.fd = run->out_fd, .events = POLLIN},
                                  {.fd = run->report_fd, .events = POLLIN}};
        int n = poll(polled, 2, TURN_MS);

        if (n < 0 && errno != EINTR)
            return sp_fail_sys(err, errno, "internal", "cannot poll");
        if (sp_hooks_stopped(hooks, err) < 0)
            return -1;
        if (sp_clock_ms() > deadline)
            return sp_fail(err, "too-slow",
                           "metadata is not read after %d seconds",
                           SP_JAILED_SECONDS);
        if (n > 0 && polled[0].revents && take_out(run, err) < 0)
            return -1;
        if (n > 0 && polled[1].revents && take_report(run, err) < 0)
            return -1;
    }
    return 0;
}

/* The jail may say some words only; others are no better than silence. */
static int
judge(struct run *run, const struct sp_ending *ending, struct sp_error *err)
{
    static const char *const words[] = {"metadata", "metadata-size",
                                        "no-memory", "sandbox", "usage"};
    char *space = memchr(run->said, ' ', run->said_len);
    char shown[SP_SHOWN_MAX];

    if (ending->status == 0 && run->said_len == 0)
        return 0;
    run->said[run->said_len] = '\0';
    for (size_t i = 0; space && i < sizeof(words) / sizeof(words[0]); i++) {
        if (strlen(words[i]) != (size_t)(space - run->said) ||
            strncmp(run->said, words[i], strlen(words[i])) != 0)
            continue;
        sp_text_show(shown, sizeof(shown), space + 1);
        return sp_fail(err, words[i], "%s", shown);
    }
    return sp_fail(err, "worker-died",
                   "sallyport-metadata ended with status %d, signal %d",
                   ending->status, ending->signal);
}

static int
start(struct run *run, const char *const *argv, int input, struct sp_error *err)
{
    char path[4096];
    struct sp_spawn plan = {.path = path, .argv = argv, .dirfd = -1};
    int out[2], report[2];

    if (sp_spawn_find("sallyport-metadata", path, sizeof(path), err) < 0)
        return -1;
    if (pipe2(out, O_CLOEXEC) < 0)
        return sp_fail_sys(err, errno, "internal", "cannot make a pipe");
    SP_AUTO_FD out_write = out[1];
    run->out_fd = out[0];
    if (pipe2(report, O_CLOEXEC) < 0)
        return sp_fail_sys(err, errno, "internal", "cannot make a pipe");
    SP_AUTO_FD report_write = report[1];
    run->report_fd = report[0];
    plan.fds[0] = input;
    plan.fds[1] = out_write;
    plan.fds[2] = -1;
    plan.fds[3] = report_write;
    plan.n_fds = 4;
    run->pid = sp_spawn_start(&plan, err);
    return run->pid < 0 ? -1 : 0;
}

/* Its pipes are closed: it ends now, or it is ended. */
static int
end_it(const struct run *run, struct sp_ending *ret, struct sp_error *err)
{
    const struct timespec turn = {.tv_nsec = 10 * 1000 * 1000};

    for (unsigned i = 0; i < END_TURNS; i++) {
        if (sp_spawn_reap(run->pid, false, ret, err) < 0)
            return -1;
        if (ret->ended)
            return 0;
        (void)nanosleep(&turn, NULL);
    }
    sp_spawn_kill(run->pid);
    return sp_spawn_reap(run->pid, true, ret, err);
}

/* Runs the program to its end, whatever happens. */
static int
go(struct run *run, const struct sp_cache *cache, const char *name,
   const char *const *argv, const struct sp_build_hooks *hooks,
   struct sp_error *err)
{
    SP_AUTO_FD input =
        openat(cache->dirfd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    struct sp_ending ending = {0};
    int status;

    run->pid = -1;
    run->out_fd = -1;
    run->report_fd = -1;
    if (input < 0)
        return sp_fail_sys(err, errno, "io", "cannot open a file in cache '%s'",
                           cache->shown);
    status = start(run, argv, input, err);
    if (status == 0)
        status = pump(run, hooks, err);
    sp_close_fd(&run->out_fd);
    sp_close_fd(&run->report_fd);
    if (run->pid < 0)
        return -1;
    if (status < 0)
        sp_spawn_kill(run->pid);
    if (end_it(run, &ending, status < 0 ? NULL : err) < 0)
        return -1;
    return status < 0 ? -1 : judge(run, &ending, err);
}

/* The result is one structure. */
static int
read_structure(const struct sp_cache *cache, const char *name, const char *task,
               const struct sp_build_hooks *hooks, void *dst, size_t size,
               struct sp_error *err)
{
    const char *const argv[] = {"sallyport-metadata", task, NULL};
    SP_AUTO_FREE struct run *run = calloc(1, sizeof(*run));

    if (!run)
        return sp_fail(err, "no-memory", "no memory for metadata");
    run->file = -1;
    run->memory = dst;
    run->max = size;
    if (go(run, cache, name, argv, hooks, err) < 0)
        return -1;
    if (run->len != size)
        return sp_fail(err, "worker-died",
                       "sallyport-metadata says less than it should");
    return 0;
}

int
sp_jailed_repomd(const struct sp_cache *cache, const char *name,
                 const struct sp_build_hooks *hooks, struct sp_repomd *ret,
                 struct sp_error *err)
{
    struct sp_repomd untrusted;

    if (read_structure(cache, name, "repomd", hooks, &untrusted,
                       sizeof(untrusted), err) < 0 ||
        sp_repomd_check(&untrusted, err) < 0)
        return -1;
    *ret = untrusted;
    return 0;
}

int
sp_jailed_metalink(const struct sp_cache *cache, const char *name,
                   const struct sp_build_hooks *hooks, struct sp_metalink *ret,
                   struct sp_error *err)
{
    SP_AUTO_FREE struct sp_metalink *untrusted = calloc(1, sizeof(*untrusted));

    if (!untrusted)
        return sp_fail(err, "no-memory", "no memory for the metalink");
    if (read_structure(cache, name, "metalink", hooks, untrusted,
                       sizeof(*untrusted), err) < 0 ||
        sp_metalink_check(untrusted, err) < 0)
        return -1;
    *ret = *untrusted;
    return 0;
}

/* The result is a file, which gets its name when its digest is known. */
static int
read_file(const struct sp_cache *cache, const char *name,
          const char *const *argv, uint64_t max,
          const struct sp_build_hooks *hooks, struct sp_metadata_file *ret,
          struct sp_error *err)
{
    SP_AUTO_FREE struct run *run = calloc(1, sizeof(*run));
    struct sp_metadata_file file = {.present = true};
    SP_AUTO_HASH hash = {.handle = NULL};
    struct sp_digest digest;
    SP_AUTO_FD fd = -1;
    int status;

    if (!run)
        return sp_fail(err, "no-memory", "no memory for metadata");
    if (sp_hash_begin(&hash, SP_DIGEST_SHA256, err) < 0)
        return -1;
    (void)unlinkat(cache->dirfd, new_name, 0);
    fd = openat(cache->dirfd, new_name,
                O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return sp_fail_sys(err, errno, "io", "cannot write to cache '%s'",
                           cache->shown);
    run->file = fd;
    run->max = max;
    run->hash = &hash;
    status = go(run, cache, name, argv, hooks, err);
    if (status == 0) {
        sp_hash_end(&hash, &digest);
        memcpy(file.sha256, digest.bytes, sizeof(file.sha256));
        file.size = run->len;
        sp_cache_name_digest(file.name, &digest);
        if (renameat(cache->dirfd, new_name, cache->dirfd, file.name) < 0)
            status = sp_fail_sys(err, errno, "io", "cannot write to cache '%s'",
                                 cache->shown);
    }
    if (status < 0) {
        (void)unlinkat(cache->dirfd, new_name, 0);
        return -1;
    }
    *ret = file;
    return 0;
}

int
sp_jailed_unfold(const struct sp_cache *cache, const char *name, uint64_t max,
                 const struct sp_build_hooks *hooks,
                 struct sp_metadata_file *ret, struct sp_error *err)
{
    char number[24];
    const char *const argv[] = {"sallyport-metadata", "unfold", number, NULL};

    (void)snprintf(number, sizeof(number), "%" PRIu64, max);
    return read_file(cache, name, argv, max, hooks, ret, err);
}

int
sp_jailed_filelists(const struct sp_cache *cache, const char *name,
                    uint64_t max, const char *const *paths, size_t n,
                    const struct sp_build_hooks *hooks,
                    struct sp_metadata_file *ret, struct sp_error *err)
{
    const char *argv[SP_JAILED_PATHS + 4] = {"sallyport-metadata", "filelists"};
    char number[24];

    if (n > SP_JAILED_PATHS)
        return sp_fail(err, "internal", "file lists for %zu paths", n);
    (void)snprintf(number, sizeof(number), "%" PRIu64, max);
    argv[2] = number;
    memcpy(argv + 3, paths, n * sizeof(paths[0]));
    return read_file(cache, name, argv, SP_UNFOLD_MAX_BYTES, hooks, ret, err);
}

int
sp_jailed_groups(const struct sp_cache *cache, const char *name,
                 const struct sp_build_hooks *hooks,
                 struct sp_metadata_file *ret, struct sp_error *err)
{
    const char *const argv[] = {"sallyport-metadata", "groups", NULL};

    return read_file(cache, name, argv, SP_JAILED_GROUPS_BYTES, hooks, ret,
                     err);
}

int
sp_jailed_advisories(const struct sp_cache *cache, const char *name,
                     const struct sp_build_hooks *hooks,
                     struct sp_metadata_file *ret, struct sp_error *err)
{
    const char *const argv[] = {"sallyport-metadata", "advisories", NULL};

    return read_file(cache, name, argv, SP_JAILED_ADVISORIES_BYTES, hooks, ret,
                     err);
}
