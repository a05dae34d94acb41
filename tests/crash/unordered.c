/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The fault that the sweep must find: a publisher that makes a generation
 * current before it is in its place. Loaded into sallyport by LD_PRELOAD.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int
renameat2(int from_fd, const char *from, int to_fd, const char *to,
          unsigned flags)
{
    int (*real)(int, const char *, int, const char *, unsigned);
    char target[64];

    *(void **)&real = dlsym(RTLD_NEXT, "renameat2");
    if (strcmp(from, "stage") == 0) {
        int repo = openat(to_fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        (void)snprintf(target, sizeof(target), "generations/%s", to);
        (void)symlinkat(target, repo, ".early");
        (void)renameat(repo, ".early", repo, "current");
        (void)close(repo);
    }
    return real(from_fd, from, to_fd, to, flags);
}
