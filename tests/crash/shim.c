/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Makes one call of one program fail, or be short: linked into the programs
 * of a build with FAULT=1, so that it is there inside of the jails too,
 * where no tracer and no environment reaches.
 *
 * The control block (inject.py writes it) is the file "faults" beside the
 * program, mapped before any jail closes; after that the shim makes no call
 * of its own. Without the file nothing fails. Every call is counted.
 */
#undef _FILE_OFFSET_BITS
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <grp.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>
#include <utime.h>

/*
 * inject.py reads this table. ALLOC stands for all that allocates, fread and
 * fwrite for all that reads and writes files of the C library. calls.py says
 * which call of a program may be missing here, and why.
 */
/* clang-format off */
#define CALLS(X) \
    X(ALLOC) X(read) X(write) X(open) X(openat) X(lseek) X(fstat) X(fstatat) \
    X(stat) X(faccessat) X(mkdirat) X(mkdir) X(unlinkat) X(renameat) \
    X(renameat2) X(symlinkat) X(readlinkat) X(fchmod) X(fchmodat) \
    X(utimensat) X(futimens) X(fsync) X(syncfs) X(poll) X(pipe2) X(fork) \
    X(waitpid) X(fcntl) X(dup3) X(prctl) X(syscall) X(fdopendir) X(readdir) \
    X(getrandom) X(flock) X(pread) X(pwrite) X(ftruncate) X(fstatvfs) \
    X(posix_fadvise) X(setrlimit) X(socketpair) X(close_range) X(kill) \
    X(setpgid) X(sendfile) X(rename) X(utime) X(fopen) X(fread) \
    X(fwrite) X(fclose) X(fflush) X(fdopen) X(close) X(closedir) X(opendir) \
    X(scandir) X(scandirat) X(glob) X(access) X(readlink) X(realpath) \
    X(chdir) X(fchdir) X(fchown) X(mkdtemp) X(memfd_create) X(mmap) \
    X(munmap) X(sync_file_range) X(dup2) X(ioctl) X(posix_openpt) X(tcflush) \
    X(execv) X(execve) X(sigaction) X(signal) X(sigprocmask) X(getrlimit) \
    X(setgroups) X(setresgid) X(setresuid) X(clearenv) X(setenv) \
    X(setlocale) X(socket) X(send) X(sendto) X(recv) X(shutdown) \
    X(clock_gettime) X(nanosleep) X(usleep) X(uname)
/* clang-format on */

#define NAMED(name) CALL_##name,
enum { CALLS(NAMED) CALL_COUNT };
#undef NAMED

enum { SHORT = -1, LIE = -2, KILL = -3, PROGRAMS = 7 };

struct control {
    int32_t program, call; /* which fails; call -1 = none */
    int32_t error;         /* errno; or SHORT: one byte, LIE: nothing written,
                              KILL: the program ends */
    int32_t at;            /* which of its calls, from 1; 0 = each */
    _Atomic int32_t failed;
    _Atomic int32_t count[PROGRAMS][CALL_COUNT];
};

static struct control *control;
static int program;

#define EXPORT __attribute__((visibility("default")))

/* What the linker would have chosen without us. */
#define REAL(name)                                                             \
    static __typeof__(name) *real;                                             \
    if (!real)                                                                 \
    *(void **)&real = dlsym(RTLD_NEXT, #name)

static bool
counts(int call)
{
    int32_t n;

    if (!control)
        return false;
    n = atomic_fetch_add(&control->count[program][call], 1) + 1;
    if (control->program != program || control->call != call ||
        (control->at != 0 && control->at != n))
        return false;
    atomic_fetch_add(&control->failed, 1);
    if (control->error == KILL)
        (void)raise(SIGKILL);
    return true;
}

/* Does this call fail? */
static bool
fails(int call)
{
    if (!counts(call) || control->error == SHORT)
        return false;
    errno = control->error;
    return true;
}

/* The size that is left of it; or -1 if it fails. */
static ssize_t
shorter(int call, size_t size)
{
    if (!counts(call))
        return (ssize_t)size;
    if (control->error == SHORT)
        return size > 1 ? 1 : (ssize_t)size;
    errno = control->error;
    return -1;
}

__attribute__((constructor)) static void
map_control(void)
{
    static const char *const names[PROGRAMS] = {
        "sallyport",         "sallyport-unpack", "sallyport-check",
        "sallyport-verify",  "sallyport-index",  "sallyport-builder",
        "sallyport-metadata"};
    char path[4096 + 8];
    ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 8);
    char *name;
    void *map;
    int fd;

    path[n > 0 ? n : 0] = '\0';
    name = strrchr(path, '/');
    if (!name)
        return;
    while (program < PROGRAMS && strcmp(names[program], name + 1) != 0)
        program++;
    memcpy(name + 1, "faults", sizeof("faults"));
    fd = program < PROGRAMS ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (fd < 0)
        return;
    map =
        mmap(NULL, sizeof(*control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    (void)close(fd);
    if (map != MAP_FAILED)
        control = map;
}

/* ---- memory ---- */

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t to, size_t size);

EXPORT void *
malloc(size_t size)
{
    return fails(CALL_ALLOC) ? NULL : __libc_malloc(size);
}

EXPORT void *
calloc(size_t n, size_t size)
{
    return fails(CALL_ALLOC) ? NULL : __libc_calloc(n, size);
}

EXPORT void *
realloc(void *old, size_t size)
{
    return fails(CALL_ALLOC) ? NULL : __libc_realloc(old, size);
}

EXPORT void *
aligned_alloc(size_t to, size_t size)
{
    return fails(CALL_ALLOC) ? NULL : __libc_memalign(to, size);
}

EXPORT int
posix_memalign(void **ret, size_t to, size_t size)
{
    void *p = fails(CALL_ALLOC) ? NULL : __libc_memalign(to, size);

    if (!p)
        return ENOMEM;
    *ret = p;
    return 0;
}

/* ---- calls with a size ---- */

/* `size` is of the parameters; what is left of it is n, of the arguments. */
#define SOME(name, call, parameters, arguments)                                \
    EXPORT ssize_t name parameters                                             \
    {                                                                          \
        ssize_t n = shorter(CALL_##call, size);                                \
        REAL(name);                                                            \
        return n < 0 ? -1 : real arguments;                                    \
    }

SOME(read, read, (int fd, void *data, size_t size), (fd, data, (size_t)n))
SOME(pread, pread, (int fd, void *data, size_t size, off_t at),
     (fd, data, (size_t)n, at))
SOME(pread64, pread, (int fd, void *data, size_t size, off64_t at),
     (fd, data, (size_t)n, at))
SOME(pwrite64, pwrite, (int fd, const void *data, size_t size, off64_t at),
     (fd, data, (size_t)n, at))
SOME(sendfile64, sendfile, (int out, int in, off64_t *at, size_t size),
     (out, in, at, (size_t)n))
SOME(send, send, (int fd, const void *data, size_t size, int flags),
     (fd, data, (size_t)n, flags))
SOME(sendto, sendto,
     (int fd, const void *data, size_t size, int flags, __CONST_SOCKADDR_ARG to,
      socklen_t to_size),
     (fd, data, (size_t)n, flags, to, to_size))
SOME(recv, recv, (int fd, void *data, size_t size, int flags),
     (fd, data, (size_t)n, flags))

EXPORT ssize_t
write(int fd, const void *data, size_t size)
{
    ssize_t n = shorter(CALL_write, size);
    REAL(write);

    if (n < 0)
        return control->error == LIE ? (ssize_t)size : -1;
    return real(fd, data, (size_t)n);
}

/* ---- calls that open ---- */

#define MODE_OF(flags, last)                                                   \
    mode_t mode = 0;                                                           \
    va_list list;                                                              \
    va_start(list, last);                                                      \
    if ((flags) & (O_CREAT | __O_TMPFILE))                                     \
        mode = va_arg(list, mode_t);                                           \
    va_end(list)

#define OPEN(name)                                                             \
    EXPORT int name(const char *path, int flags, ...)                          \
    {                                                                          \
        MODE_OF(flags, flags);                                                 \
        REAL(name);                                                            \
        return fails(CALL_open) ? -1 : real(path, flags, mode);                \
    }
OPEN(open)
OPEN(open64)

#define OPENAT(name)                                                           \
    EXPORT int name(int dir, const char *path, int flags, ...)                 \
    {                                                                          \
        MODE_OF(flags, flags);                                                 \
        REAL(name);                                                            \
        return fails(CALL_openat) ? -1 : real(dir, path, flags, mode);         \
    }
OPENAT(openat)
OPENAT(openat64)

#define CONTROL(name)                                                          \
    EXPORT int name(int fd, int command, ...)                                  \
    {                                                                          \
        va_list list;                                                          \
        long value;                                                            \
        REAL(name);                                                            \
        va_start(list, command);                                               \
        value = va_arg(list, long);                                            \
        va_end(list);                                                          \
        return fails(CALL_fcntl) ? -1 : real(fd, command, value);              \
    }
CONTROL(fcntl)
CONTROL(fcntl64)

EXPORT int
ioctl(int fd, unsigned long request, ...)
{
    va_list list;
    void *value;
    REAL(ioctl);

    va_start(list, request);
    value = va_arg(list, void *);
    va_end(list);
    return fails(CALL_ioctl) ? -1 : real(fd, request, value);
}

EXPORT int
prctl(int what, ...)
{
    unsigned long a[4];
    va_list list;
    REAL(prctl);

    va_start(list, what);
    for (int i = 0; i < 4; i++)
        a[i] = va_arg(list, unsigned long);
    va_end(list);
    return fails(CALL_prctl) ? -1 : real(what, a[0], a[1], a[2], a[3]);
}

EXPORT long
syscall(long number, ...)
{
    long a[6];
    va_list list;
    REAL(syscall);

    va_start(list, number);
    for (int i = 0; i < 6; i++)
        a[i] = va_arg(list, long);
    va_end(list);
    return fails(CALL_syscall)
               ? -1
               : real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

/* ---- the others: all return `bad` when they fail ---- */

#define PLAIN(type, name, call, bad, parameters, arguments)                    \
    EXPORT type name parameters                                                \
    {                                                                          \
        REAL(name);                                                            \
        return fails(CALL_##call) ? bad : real arguments;                      \
    }

PLAIN(off64_t, lseek64, lseek, -1, (int fd, off64_t at, int from),
      (fd, at, from))
PLAIN(off_t, lseek, lseek, -1, (int fd, off_t at, int from), (fd, at, from))
PLAIN(int, fstat64, fstat, -1, (int fd, struct stat64 *st), (fd, st))
PLAIN(int, fstat, fstat, -1, (int fd, struct stat *st), (fd, st))
PLAIN(int, stat64, stat, -1, (const char *path, struct stat64 *st), (path, st))
PLAIN(int, stat, stat, -1, (const char *path, struct stat *st), (path, st))
PLAIN(int, fstatat64, fstatat, -1,
      (int dir, const char *name, struct stat64 *st, int flags),
      (dir, name, st, flags))
PLAIN(int, faccessat, faccessat, -1,
      (int dir, const char *name, int mode, int flags),
      (dir, name, mode, flags))
PLAIN(int, mkdirat, mkdirat, -1, (int dir, const char *name, mode_t mode),
      (dir, name, mode))
PLAIN(int, mkdir, mkdir, -1, (const char *path, mode_t mode), (path, mode))
PLAIN(int, unlinkat, unlinkat, -1, (int dir, const char *name, int flags),
      (dir, name, flags))
PLAIN(int, renameat, renameat, -1,
      (int from, const char *a, int to, const char *b), (from, a, to, b))
PLAIN(int, renameat2, renameat2, -1,
      (int from, const char *a, int to, const char *b, unsigned flags),
      (from, a, to, b, flags))
PLAIN(int, rename, rename, -1, (const char *a, const char *b), (a, b))
PLAIN(int, symlinkat, symlinkat, -1,
      (const char *to, int dir, const char *name), (to, dir, name))
PLAIN(ssize_t, readlinkat, readlinkat, -1,
      (int dir, const char *name, char *data, size_t size),
      (dir, name, data, size))
PLAIN(int, fchmod, fchmod, -1, (int fd, mode_t mode), (fd, mode))
PLAIN(int, fchmodat, fchmodat, -1,
      (int dir, const char *name, mode_t mode, int flags),
      (dir, name, mode, flags))
PLAIN(int, utimensat, utimensat, -1,
      (int dir, const char *name, const struct timespec times[2], int flags),
      (dir, name, times, flags))
PLAIN(int, futimens, futimens, -1, (int fd, const struct timespec times[2]),
      (fd, times))
PLAIN(int, utime, utime, -1, (const char *path, const struct utimbuf *times),
      (path, times))
PLAIN(int, fsync, fsync, -1, (int fd), (fd))
PLAIN(int, syncfs, syncfs, -1, (int fd), (fd))
PLAIN(int, poll, poll, -1, (struct pollfd * fds, nfds_t n, int wait),
      (fds, n, wait))
PLAIN(int, pipe2, pipe2, -1, (int fds[2], int flags), (fds, flags))
PLAIN(pid_t, fork, fork, -1, (void), ())
PLAIN(pid_t, waitpid, waitpid, -1, (pid_t pid, int *status, int flags),
      (pid, status, flags))
PLAIN(int, dup3, dup3, -1, (int from, int to, int flags), (from, to, flags))
PLAIN(DIR *, fdopendir, fdopendir, NULL, (int fd), (fd))
PLAIN(struct dirent64 *, readdir64, readdir, NULL, (DIR * dir), (dir))
PLAIN(ssize_t, getrandom, getrandom, -1,
      (void *data, size_t size, unsigned flags), (data, size, flags))
PLAIN(int, flock, flock, -1, (int fd, int how), (fd, how))
PLAIN(int, ftruncate64, ftruncate, -1, (int fd, off64_t size), (fd, size))
PLAIN(int, fstatvfs64, fstatvfs, -1, (int fd, struct statvfs64 *st), (fd, st))
PLAIN(int, posix_fadvise64, posix_fadvise, errno,
      (int fd, off64_t at, off64_t size, int how), (fd, at, size, how))
PLAIN(int, setrlimit64, setrlimit, -1,
      (__rlimit_resource_t what, const struct rlimit64 *limit), (what, limit))
PLAIN(int, socketpair, socketpair, -1,
      (int family, int type, int protocol, int fds[2]),
      (family, type, protocol, fds))
PLAIN(int, close_range, close_range, -1,
      (unsigned first, unsigned last, int flags), (first, last, flags))
PLAIN(int, kill, kill, -1, (pid_t pid, int number), (pid, number))
PLAIN(int, setpgid, setpgid, -1, (pid_t pid, pid_t group), (pid, group))

PLAIN(DIR *, opendir, opendir, NULL, (const char *path), (path))
PLAIN(int, scandir64, scandir, -1,
      (const char *path, struct dirent64 ***list,
       int (*picks)(const struct dirent64 *),
       int (*order)(const struct dirent64 **, const struct dirent64 **)),
      (path, list, picks, order))
PLAIN(int, scandirat64, scandirat, -1,
      (int dir, const char *name, struct dirent64 ***list,
       int (*picks)(const struct dirent64 *),
       int (*order)(const struct dirent64 **, const struct dirent64 **)),
      (dir, name, list, picks, order))
PLAIN(int, glob64, glob, errno == ENOMEM ? GLOB_NOSPACE : GLOB_ABORTED,
      (const char *pattern, int flags, int (*fault)(const char *, int),
       glob64_t *found),
      (pattern, flags, fault, found))
PLAIN(int, access, access, -1, (const char *path, int mode), (path, mode))
PLAIN(ssize_t, readlink, readlink, -1,
      (const char *path, char *data, size_t size), (path, data, size))
PLAIN(char *, realpath, realpath, NULL, (const char *path, char *resolved),
      (path, resolved))
PLAIN(int, chdir, chdir, -1, (const char *path), (path))
PLAIN(int, fchdir, fchdir, -1, (int fd), (fd))
PLAIN(int, fchown, fchown, -1, (int fd, uid_t user, gid_t group),
      (fd, user, group))
PLAIN(char *, mkdtemp, mkdtemp, NULL, (char *pattern), (pattern))
PLAIN(int, memfd_create, memfd_create, -1, (const char *name, unsigned flags),
      (name, flags))
PLAIN(void *, mmap, mmap, MAP_FAILED,
      (void *to, size_t size, int how, int flags, int fd, off_t at),
      (to, size, how, flags, fd, at))
PLAIN(void *, mmap64, mmap, MAP_FAILED,
      (void *to, size_t size, int how, int flags, int fd, off64_t at),
      (to, size, how, flags, fd, at))
PLAIN(int, munmap, munmap, -1, (void *at, size_t size), (at, size))
PLAIN(int, sync_file_range, sync_file_range, -1,
      (int fd, off64_t at, off64_t size, unsigned flags), (fd, at, size, flags))
PLAIN(int, dup2, dup2, -1, (int from, int to), (from, to))
PLAIN(int, posix_openpt, posix_openpt, -1, (int flags), (flags))
PLAIN(int, tcflush, tcflush, -1, (int fd, int which), (fd, which))
PLAIN(int, execv, execv, -1, (const char *path, char *const words[]),
      (path, words))
PLAIN(int, execve, execve, -1,
      (const char *path, char *const words[], char *const names[]),
      (path, words, names))
PLAIN(int, sigaction, sigaction, -1,
      (int number, const struct sigaction *action, struct sigaction *old),
      (number, action, old))
PLAIN(sighandler_t, signal, signal, SIG_ERR, (int number, sighandler_t handler),
      (number, handler))
PLAIN(int, sigprocmask, sigprocmask, -1,
      (int how, const sigset_t *set, sigset_t *old), (how, set, old))
PLAIN(int, getrlimit64, getrlimit, -1,
      (__rlimit_resource_t what, struct rlimit64 *limit), (what, limit))
PLAIN(int, setgroups, setgroups, -1, (size_t n, const gid_t *list), (n, list))
PLAIN(int, setresgid, setresgid, -1, (gid_t real_one, gid_t now, gid_t saved),
      (real_one, now, saved))
PLAIN(int, setresuid, setresuid, -1, (uid_t real_one, uid_t now, uid_t saved),
      (real_one, now, saved))
PLAIN(int, clearenv, clearenv, -1, (void), ())
PLAIN(int, setenv, setenv, -1, (const char *name, const char *value, int over),
      (name, value, over))
PLAIN(char *, setlocale, setlocale, NULL, (int what, const char *name),
      (what, name))
PLAIN(int, socket, socket, -1, (int family, int type, int protocol),
      (family, type, protocol))
PLAIN(int, shutdown, shutdown, -1, (int fd, int how), (fd, how))
PLAIN(int, clock_gettime, clock_gettime, -1,
      (clockid_t clock, struct timespec *time), (clock, time))
PLAIN(int, nanosleep, nanosleep, -1,
      (const struct timespec *time, struct timespec *left), (time, left))
PLAIN(int, usleep, usleep, -1, (useconds_t time), (time))
PLAIN(int, uname, uname, -1, (struct utsname * name), (name))

/* What is closed is closed, whatever is said of it. */
#define CLOSE(name, what)                                                      \
    EXPORT int name(what thing)                                                \
    {                                                                          \
        bool bad = fails(CALL_##name);                                         \
        int status;                                                            \
        REAL(name);                                                            \
        status = real(thing);                                                  \
        if (!bad)                                                              \
            return status;                                                     \
        errno = control->error;                                                \
        return -1;                                                             \
    }
CLOSE(close, int)
CLOSE(closedir, DIR *)
CLOSE(fclose, FILE *)

/* ---- files of the C library ---- */

PLAIN(FILE *, fdopen, fdopen, NULL, (int fd, const char *how), (fd, how))

PLAIN(FILE *, fopen, fopen, NULL, (const char *path, const char *how),
      (path, how))
PLAIN(FILE *, fopen64, fopen, NULL, (const char *path, const char *how),
      (path, how))

/* As the C library: it notes an error in the file. */
static bool
file_fails(int call, FILE *file)
{
    if (!fails(call))
        return false;
    if (file)
        file->_flags |= _IO_ERR_SEEN;
    return true;
}

#define STREAM(type, name, call, file, bad, parameters, arguments)             \
    EXPORT type name parameters                                                \
    {                                                                          \
        REAL(name);                                                            \
        return file_fails(CALL_##call, file) ? bad : real arguments;           \
    }

STREAM(size_t, fread, fread, file, 0,
       (void *data, size_t size, size_t n, FILE *file), (data, size, n, file))
STREAM(char *, fgets, fread, file, NULL, (char *line, int size, FILE *file),
       (line, size, file))
STREAM(ssize_t, __getdelim, fread, file, -1,
       (char **line, size_t *size, int end, FILE *file),
       (line, size, end, file))
STREAM(size_t, fwrite, fwrite, file, 0,
       (const void *data, size_t size, size_t n, FILE *file),
       (data, size, n, file))
STREAM(int, fputs, fwrite, file, EOF, (const char *text, FILE *file),
       (text, file))
STREAM(int, puts, fwrite, stdout, EOF, (const char *text), (text))
STREAM(int, vfprintf, fwrite, file, -1,
       (FILE * file, const char *format, va_list list), (file, format, list))
STREAM(int, fflush, fflush, file, EOF, (FILE * file), (file))

EXPORT int
fprintf(FILE *file, const char *format, ...)
{
    va_list list;
    int n;

    va_start(list, format);
    n = vfprintf(file, format, list);
    va_end(list);
    return n;
}

EXPORT int
printf(const char *format, ...)
{
    va_list list;
    int n;

    va_start(list, format);
    n = vfprintf(stdout, format, list);
    va_end(list);
    return n;
}
