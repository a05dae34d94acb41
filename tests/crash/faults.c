/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Faults that power.py must find, and late-place sweep.py too: each a mistake
 * that a publisher could make. Loaded into sallyport by LD_PRELOAD; SEED_FAULT
 * names the one:
 *
 *   no-sync         nothing is ever synced
 *   no-syncfs       the staged generation is not synced
 *   no-fsync        files and directories that are replaced are not synced
 *   no-file-fsync   files that are replaced are not synced
 *   no-dir-fsync    directories are not synced: a rename may be lost
 *   early-flip      the new generation is current before it is synced
 *   late-place      it is current before it is in its place
 *   in-place        files are rewritten where they are, not renamed
 *   no-recovery     the half generation of a dead run is not removed
 *   seen-removal    a generation is removed where all can see it
 *   die             none: the run ends by SIGKILL before the flip
 *   die-late        none: it does right behind the flip
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool
is(const char *fault)
{
    const char *seeded = getenv("SEED_FAULT");

    return seeded && strcmp(seeded, fault) == 0;
}

int
syncfs(int fd)
{
    int (*real)(int);

    *(void **)&real = dlsym(RTLD_NEXT, "syncfs");
    return is("no-sync") || is("no-syncfs") ? 0 : real(fd);
}

int
fsync(int fd)
{
    int (*real)(int);
    struct stat st;

    *(void **)&real = dlsym(RTLD_NEXT, "fsync");
    if (is("no-sync") || is("no-fsync"))
        return 0;
    if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode) ? is("no-dir-fsync")
                                                   : is("no-file-fsync"))
        return 0;
    return real(fd);
}

static void
flip_early(int generations, const char *number)
{
    int repo = openat(generations, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    char target[64];

    if (faccessat(repo, "rpm", F_OK, AT_SYMLINK_NOFOLLOW) < 0)
        return; /* the first one has no names to be seen by */
    (void)snprintf(target, sizeof(target), "generations/%s", number);
    (void)symlinkat(target, repo, ".early");
    (void)renameat(repo, ".early", repo, "current");
    (void)fsync(repo);
    (void)close(repo);
}

int
renameat2(int from_fd, const char *from, int to_fd, const char *to,
          unsigned flags)
{
    int (*real)(int, const char *, int, const char *, unsigned);
    bool places = strcmp(from, "stage") == 0;
    int status;

    *(void **)&real = dlsym(RTLD_NEXT, "renameat2");
    if (places && is("late-place"))
        flip_early(to_fd, to);
    status = real(from_fd, from, to_fd, to, flags);
    if (places && is("early-flip"))
        flip_early(to_fd, to);
    if (places && is("die"))
        (void)raise(SIGKILL);
    return status;
}

/* Over what is there: what a crash leaves may be half of each. */
static int
rewrite(int dir, const char *from, const char *to)
{
    char bytes[65536];
    int in = openat(dir, from, O_RDONLY | O_CLOEXEC);
    ssize_t n = read(in, bytes, sizeof(bytes));
    int out;

    (void)unlinkat(dir, from, 0);
    out = openat(dir, to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    (void)fsync(out);
    (void)!write(out, bytes, n > 0 ? (size_t)n : 0);
    (void)fsync(out);
    (void)close(in);
    return close(out);
}

static void
remove_seen(int repo, const char *generation)
{
    int dir = openat(repo, generation, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    (void)unlinkat(dir, "packages", 0);
    (void)fsync(dir);
    (void)close(dir);
}

int
renameat(int from_fd, const char *from, int to_fd, const char *to)
{
    int (*real)(int, const char *, int, const char *);
    struct stat st;
    int status;

    *(void **)&real = dlsym(RTLD_NEXT, "renameat");
    if (is("no-recovery") && strcmp(to, "generations/.removed") == 0)
        return 0;
    if (is("seen-removal") && strcmp(to, "generations/.removed") == 0)
        remove_seen(from_fd, from);
    if (is("in-place") &&
        fstatat(from_fd, from, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
        S_ISREG(st.st_mode))
        return rewrite(to_fd, from, to);
    status = real(from_fd, from, to_fd, to);
    if (is("die-late") && strcmp(to, "current") == 0)
        (void)raise(SIGKILL);
    return status;
}
