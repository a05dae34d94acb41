/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Loaded into sallyport by LD_PRELOAD: a staged package becomes one that the
 * index tool cannot read, as a disk or a library may do it.
 */
#include <dlfcn.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int
fchmod(int fd, mode_t mode)
{
    int (*real)(int, mode_t);
    unsigned char magic[4] = {0};

    *(void **)&real = dlsym(RTLD_NEXT, "fchmod");
    (void)!pread(fd, magic, sizeof(magic), 0);
    return real(fd, memcmp(magic, "\xed\xab\xee\xdb", 4) == 0 ? 0 : mode);
}
