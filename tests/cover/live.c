/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Coverage of processes that may not write a file when they end: that are in
 * a jail, or are killed. Before main a file is mapped over the counters, in
 * SP_COVER_DIR by the name of the program, and all its processes count into
 * the same pages. With SP_COVER_WRITE=FILE in the environment a program does
 * nothing but write what was counted, as llvm-profdata reads it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Of clang's profile runtime; defining the last keeps it from writing. */
void __llvm_profile_set_filename(const char *name);
int __llvm_profile_write_file(void);
extern int __llvm_profile_runtime;
int __llvm_profile_runtime;

/* The bounds that pages.ld gives to the counters of lines and conditions. */
extern char __start___llvm_prf_cnts[], __stop___llvm_prf_cnts[];
extern char __start___llvm_prf_bits[], __stop___llvm_prf_bits[];

static void
stop(const char *what)
{
    perror(what);
    _exit(125);
}

static void
map(int fd, char *start, const char *end, off_t at)
{
    size_t size = (size_t)(end - start);

    if (size > 0 && mmap(start, size, PROT_READ | PROT_WRITE,
                         MAP_SHARED | MAP_FIXED, fd, at) == MAP_FAILED)
        stop("coverage: mmap");
}

static int
open_counters(off_t size)
{
    char path[4096], self[4096];
    ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
    int fd;

    /* Not the name it was called by: that may be a link to it. */
    self[n > 0 ? n : 0] = '\0';
    (void)snprintf(path, sizeof(path), "%s/%s.live", SP_COVER_DIR,
                   n > 0 ? basename(self) : program_invocation_short_name);
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0 || ftruncate(fd, size) < 0)
        stop(path);
    (void)fchmod(fd, 0666); /* for the owner that root becomes */
    return fd;
}

static void __attribute__((constructor)) count_into_a_file(void)
{
    off_t lines = __stop___llvm_prf_cnts - __start___llvm_prf_cnts;
    off_t conditions = __stop___llvm_prf_bits - __start___llvm_prf_bits;
    const char *written = getenv("SP_COVER_WRITE");
    int fd = open_counters(lines + conditions);

    map(fd, __start___llvm_prf_cnts, __stop___llvm_prf_cnts, 0);
    map(fd, __start___llvm_prf_bits, __stop___llvm_prf_bits, lines);
    (void)close(fd);
    if (!written)
        return;
    __llvm_profile_set_filename(written);
    _exit(__llvm_profile_write_file() == 0 ? 0 : 125);
}
