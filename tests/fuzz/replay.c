/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A fuzz target without a fuzzer: runs it over files, by any compiler.
 *
 *   replay-NAME [FILE|DIR]...    without one: tests/fuzz/corpus/NAME
 *
 * One TAP line a directory or file. What does not hold ends the program, and
 * with it the plan.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/tap.h"

/* The name is shown first, in case a sanitizer ends the program. */
static bool
replay_file(int dirfd, const char *name)
{
    SP_AUTO_FD fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC);
    SP_AUTO_FREE uint8_t *exact = NULL;
    struct stat st;

    printf("# %s\n", name);
    (void)fflush(stdout);
    if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
        return false;
    /* Not a byte more, so that a sanitizer sees what is read behind them. */
    exact = malloc((size_t)st.st_size + (st.st_size == 0));
    if (!exact || read(fd, exact, (size_t)st.st_size) != st.st_size)
        return false;
    (void)LLVMFuzzerTestOneInput(exact, (size_t)st.st_size);
    return true;
}

static void
replay_dir(const char *path)
{
    SP_AUTO_DIR *dir = opendir(path);
    unsigned good = 0, bad = 0;
    struct dirent *entry;

    while (dir && (entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        if (replay_file(dirfd(dir), entry->d_name))
            good++;
        else
            bad++;
    }
    tap_ok(good > 0 && bad == 0, "%s: %u inputs hold", path, good);
}

int
main(int argc, char **argv)
{
    static const char name[] = "replay-";
    const char *self = strrchr(argv[0], '/');
    char corpus[256];
    struct stat st;

    self = self ? self + 1 : argv[0];
    if (argc == 1 && strncmp(self, name, sizeof(name) - 1) == 0) {
        (void)snprintf(corpus, sizeof(corpus), "tests/fuzz/corpus/%s",
                       self + sizeof(name) - 1);
        replay_dir(corpus);
    }
    for (int i = 1; i < argc; i++) {
        if (stat(argv[i], &st) == 0 && S_ISDIR(st.st_mode))
            replay_dir(argv[i]);
        else
            tap_ok(replay_file(AT_FDCWD, argv[i]), "%s holds", argv[i]);
    }
    return tap_done();
}
