/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_UNIT_ABORTS_H
#define TESTS_UNIT_ABORTS_H

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/tap.h"

/* SP_BUG: our own impossible state ends the process, in a child here. */
static inline bool
tap_aborts(void (*body)(void), const char *about)
{
    int status = 0;
    pid_t child;

    (void)fflush(stdout);
    child = fork();
    if (child == 0) {
        if (!freopen("/dev/null", "w", stderr))
            _exit(1);
        body();
        _exit(0);
    }
    return tap_ok(child > 0 && waitpid(child, &status, 0) == child &&
                      WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT,
                  "%s", about);
}

#endif
