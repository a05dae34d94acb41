/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/spawn-kept.h"
#include "base/spawn.h"
#include "base/text.h"

enum { TICK_MS = 1, CHILDREN_TEXT_MAX = 4096 };

/*
 * The pids of our direct children, "1 2 3 ": orphans of our children among
 * them, for we are their subreaper. Empty where the kernel or the chroot does
 * not tell; the groups are killed all the same. A list that is too long is
 * cut: the next round sees the rest.
 */
static void
list_children(char dst[CHILDREN_TEXT_MAX])
{
    char path[64];
    SP_AUTO_FD fd = -1;
    ssize_t n;

    dst[0] = '\0';
    (void)snprintf(path, sizeof(path), "/proc/self/task/%d/children",
                   (int)getpid());
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    n = sp_read_full(fd, dst, CHILDREN_TEXT_MAX - 1);
    dst[n > 0 ? n : 0] = '\0';
    /* The last number may be half of one. */
    for (char *end = dst + strlen(dst); end > dst && end[-1] != ' ';)
        *--end = '\0';
}

/* Kills all but the kept ones; true when those are all that is listed. */
static bool
kill_children(void)
{
    char list[CHILDREN_TEXT_MAX];
    char *rest = NULL;
    size_t kept = 0, others = 0;

    list_children(list);
    for (char *word = strtok_r(list, " ", &rest); word;
         word = strtok_r(NULL, " ", &rest)) {
        uint64_t pid;

        if (!sp_text_u64(word, INT32_MAX, &pid))
            continue;
        if (sp_spawn_is_kept((pid_t)pid)) {
            kept++;
            continue;
        }
        others++;
        (void)kill((pid_t)pid, SIGKILL);
    }
    return kept > 0 && others == 0;
}

/* True when no child is left. */
static bool
collect(void)
{
    int status;
    pid_t got;

    do {
        got = waitpid(-1, &status, WNOHANG);
        if (got > 0)
            sp_spawn_kept_ended(got, status);
    } while (got > 0 || (got < 0 && errno == EINTR));
    return got < 0;
}

int
sp_spawn_sweep(const pid_t *pids, size_t n, unsigned seconds,
               struct sp_error *err)
{
    const uint64_t deadline = sp_clock_ms() + UINT64_C(1000) * seconds;
    const struct timespec tick = {.tv_nsec = TICK_MS * 1000000L};
    char left[CHILDREN_TEXT_MAX];

    for (size_t i = 0; i < n; i++)
        sp_spawn_kill(pids[i]);
    for (;;) {
        /* Each death may hand us children of its own. */
        if (collect() || kill_children())
            return 0;
        if (sp_clock_ms() >= deadline)
            break;
        (void)nanosleep(&tick, NULL);
    }
    list_children(left);
    return sp_fail(err, "worker-left", "processes do not end: %.200s",
                   left[0] ? left : "(not listed here)");
}
