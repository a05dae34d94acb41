/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Calls to the system that fail when a test says so, and are counted: the
 * n-th one of a name, from faults_begin on. Included by one file a program.
 */
#ifndef TESTS_UNIT_FAULTS_H
#define TESTS_UNIT_FAULTS_H

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/unit/calls.h"

static bool faults_mounted;   /* what is open lies on another disk */
static char faults_order[64]; /* a letter for each call that is noted */

/* The n-th `call` will fail. */
static inline void
faults_begin(const char *call, unsigned n)
{
    memset(faults_order, 0, sizeof(faults_order));
    calls_fail(call, n);
}

/* Whether it did. */
static inline bool
faults_end(void)
{
    calls_fault = NULL;
    return calls_left == 0;
}

/* How many descriptors are open: one more than before has leaked. */
static inline unsigned
faults_open(void)
{
    unsigned n = 0;

    for (int fd = 0; fd < 256; fd++)
        n += fcntl(fd, F_GETFD) >= 0;
    return n;
}

/* Whether nobody closed the standard descriptors. */
static inline bool
faults_standard_open(void)
{
    return fcntl(STDIN_FILENO, F_GETFD) >= 0 &&
           fcntl(STDOUT_FILENO, F_GETFD) >= 0 &&
           fcntl(STDERR_FILENO, F_GETFD) >= 0;
}

static inline void
faults_note(char what)
{
    size_t n = strlen(faults_order);

    if (n + 1 < sizeof(faults_order))
        faults_order[n] = what;
}

#define FAULTS_CALL(name, failed, ...)                                         \
    return calls_hit(name) ? (failed) : call(__VA_ARGS__)

/* The last scratch place that was made; "": the last could not be. */
static char faults_made[128];

/* The first place that was opened without the care that it needs. */
static char faults_careless[128];

/*
 * Nothing is given to programs, no link is followed, what is made is new, a
 * folder is one and a pipe keeps nobody waiting.
 */
static inline void
faults_look(const char *path, int flags, int fd)
{
    struct stat st;
    bool careful = (flags & O_CLOEXEC) != 0;

    if (!calls_fault || fd < 0 || faults_careless[0] || path[0] == '/' ||
        syscall(SYS_newfstatat, fd, "", &st, AT_EMPTY_PATH) < 0)
        return;
    if (strcmp(path, ".") != 0 && !(flags & (O_NOFOLLOW | O_EXCL)))
        careful = false;
    if (S_ISDIR(st.st_mode) && !(flags & O_DIRECTORY))
        careful = false;
    if (!S_ISDIR(st.st_mode) && !(flags & (O_CREAT | O_NONBLOCK)))
        careful = false;
    if (!careful)
        (void)snprintf(faults_careless, sizeof(faults_careless), "%.90s, 0%o",
                       path, (unsigned)flags);
}

int
openat(int dirfd, const char *path, int flags, ...)
{
    va_list args;
    mode_t mode;
    int fd;
    CALLS_TRUE(int, "openat64", int, const char *, int, mode_t);

    va_start(args, flags);
    mode = va_arg(args, mode_t);
    va_end(args);
    if (calls_hit("openat"))
        return -1;
    fd = call(dirfd, path, flags, mode);
    faults_look(path, flags, fd);
    return fd;
}

int
open(const char *path, int flags, ...)
{
    va_list args;
    mode_t mode;
    CALLS_TRUE(int, "open64", const char *, int, mode_t);

    va_start(args, flags);
    mode = va_arg(args, mode_t);
    va_end(args);
    FAULTS_CALL("open", -1, path, flags, mode);
}

DIR *
fdopendir(int fd)
{
    CALLS_TRUE(DIR *, "fdopendir", int);

    FAULTS_CALL("fdopendir", NULL, fd);
}

DIR *
opendir(const char *path)
{
    CALLS_TRUE(DIR *, "opendir", const char *);

    FAULTS_CALL("opendir", NULL, path);
}

struct dirent *
readdir(DIR *dir)
{
    CALLS_TRUE(struct dirent *, "readdir64", DIR *);

    FAULTS_CALL("readdir", NULL, dir);
}

int
mkdirat(int dirfd, const char *path, mode_t mode)
{
    CALLS_TRUE(int, "mkdirat", int, const char *, mode_t);

    FAULTS_CALL("mkdirat", -1, dirfd, path, mode);
}

char *
mkdtemp(char *path)
{
    char *made;
    CALLS_TRUE(char *, "mkdtemp", char *);

    made = calls_hit("mkdtemp") ? NULL : call(path);
    (void)snprintf(faults_made, sizeof(faults_made), "%s", made ? made : "");
    return made;
}

ssize_t
readlinkat(int dirfd, const char *path, char *dst, size_t size)
{
    CALLS_TRUE(ssize_t, "readlinkat", int, const char *, char *, size_t);

    FAULTS_CALL("readlinkat", -1, dirfd, path, dst, size);
}

int
symlinkat(const char *target, int dirfd, const char *path)
{
    CALLS_TRUE(int, "symlinkat", const char *, int, const char *);

    FAULTS_CALL("symlinkat", -1, target, dirfd, path);
}

int
unlinkat(int dirfd, const char *path, int flags)
{
    CALLS_TRUE(int, "unlinkat", int, const char *, int);

    FAULTS_CALL("unlinkat", -1, dirfd, path, flags);
}

/* Noted: r, and c when it makes `current`. */
int
renameat(int from, const char *old, int to, const char *new)
{
    CALLS_TRUE(int, "renameat", int, const char *, int, const char *);

    faults_note(strcmp(new, "current") == 0 ? 'c' : 'r');
    FAULTS_CALL("renameat", -1, from, old, to, new);
}

/* Noted: R. */
int
renameat2(int from, const char *old, int to, const char *new, unsigned flags)
{
    CALLS_TRUE(int, "renameat2", int, const char *, int, const char *,
               unsigned);

    faults_note('R');
    FAULTS_CALL("renameat2", -1, from, old, to, new, flags);
}

int
fstat(int fd, struct stat *ret)
{
    int status;
    CALLS_TRUE(int, "fstat64", int, struct stat *);

    status = calls_hit("fstat") ? -1 : call(fd, ret);
    if (status == 0 && faults_mounted)
        ret->st_dev++;
    return status;
}

int
fstatat(int dirfd, const char *path, struct stat *ret, int flags)
{
    CALLS_TRUE(int, "fstatat64", int, const char *, struct stat *, int);

    FAULTS_CALL("fstatat", -1, dirfd, path, ret, flags);
}

int
fchmod(int fd, mode_t mode)
{
    CALLS_TRUE(int, "fchmod", int, mode_t);

    FAULTS_CALL("fchmod", -1, fd, mode);
}

int
fchmodat(int dirfd, const char *path, mode_t mode, int flags)
{
    CALLS_TRUE(int, "fchmodat", int, const char *, mode_t, int);

    FAULTS_CALL("fchmodat", -1, dirfd, path, mode, flags);
}

int
futimens(int fd, const struct timespec times[2])
{
    CALLS_TRUE(int, "futimens", int, const struct timespec *);

    FAULTS_CALL("futimens", -1, fd, times);
}

int
utimensat(int dirfd, const char *path, const struct timespec times[2],
          int flags)
{
    CALLS_TRUE(int, "utimensat", int, const char *, const struct timespec *,
               int);

    FAULTS_CALL("utimensat", -1, dirfd, path, times, flags);
}

ssize_t
write(int fd, const void *bytes, size_t size)
{
    CALLS_TRUE(ssize_t, "write", int, const void *, size_t);

    FAULTS_CALL("write", -1, fd, bytes, size);
}

ssize_t
getrandom(void *dst, size_t size, unsigned flags)
{
    CALLS_TRUE(ssize_t, "getrandom", void *, size_t, unsigned);

    FAULTS_CALL("getrandom", -1, dst, size, flags);
}

/* Noted: f of a file, d of a folder; nothing is waited for. */
int
fsync(int fd)
{
    struct stat st;

    if (fstat(fd, &st) < 0)
        return -1;
    faults_note(S_ISDIR(st.st_mode) ? 'd' : 'f');
    return calls_hit("fsync") ? -1 : 0;
}

/* Noted: s. */
int
syncfs(int fd)
{
    (void)fd;
    faults_note('s');
    return calls_hit("syncfs") ? -1 : 0;
}

void *
calloc(size_t n, size_t size)
{
    CALLS_TRUE(void *, "calloc", size_t, size_t);

    FAULTS_CALL("calloc", NULL, n, size);
}

void *
realloc(void *bytes, size_t size)
{
    CALLS_TRUE(void *, "realloc", void *, size_t);

    FAULTS_CALL("realloc", NULL, bytes, size);
}

static const char *const faults_calls[] = {
    "openat",     "open",      "fdopendir", "readdir",  "mkdirat",   "mkdtemp",
    "readlinkat", "symlinkat", "unlinkat",  "renameat", "renameat2", "fstat",
    "fstatat",    "fchmod",    "fchmodat",  "futimens", "utimensat", "write",
    "getrandom",  "fsync",     "syncfs",    "calloc",   "realloc",
};

/* Whether a call may fail and nobody is told: it only looks. */
static inline bool
faults_only_looks(const char *call)
{
    return strcmp(call, "openat") == 0 || strcmp(call, "fdopendir") == 0 ||
           strcmp(call, "readdir") == 0 || strcmp(call, "fstat") == 0 ||
           strcmp(call, "fstatat") == 0 || strcmp(call, "readlinkat") == 0;
}

/*
 * Whether what is told is that call. No memory has no number; who cannot look
 * may say what was not to be seen.
 */
static inline bool
faults_is_told(const char *call, const char *word, int sys)
{
    if (strcmp(call, "calloc") == 0 || strcmp(call, "realloc") == 0)
        return strcmp(word, "no-memory") == 0;
    return word[0] != '\0' &&
           (sys == EIO || (sys == 0 && faults_only_looks(call)));
}

/*
 * Runs `body` with each call failing in turn, until all of them have: `body`
 * gets the name and number, makes its place anew, calls faults_begin, does
 * its work, and returns what faults_end says.
 */
static inline unsigned
faults_sweep(bool (*body)(const char *call, unsigned n))
{
    unsigned hits = 0;

    for (size_t i = 0; i < sizeof(faults_calls) / sizeof(*faults_calls); i++)
        for (unsigned n = 1; body(faults_calls[i], n); n++)
            hits++;
    return hits;
}

#endif
