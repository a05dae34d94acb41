/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Starting and ending children. A child gets an exact descriptor table, an
 * exact environment, a process group of its own and a death signal; it can
 * be jailed before it executes. Whoever starts children is their subreaper
 * and leaves none behind.
 */
#ifndef SP_BASE_SPAWN_H
#define SP_BASE_SPAWN_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/sandbox.h"

enum { SP_SPAWN_FDS_MAX = 8 };

struct sp_spawn {
    const char *path;        /* absolute */
    const char *const *argv; /* NULL terminated, argv[0] included */
    const char *const *envp; /* NULL terminated; NULL = empty */
    /* fds[i] becomes descriptor i; -1 = /dev/null. The rest is closed. */
    int fds[SP_SPAWN_FDS_MAX];
    size_t n_fds;
    const struct sp_jail *jail; /* entered before execve; may be NULL */
    int dirfd;                  /* working directory, -1 = "/" */
    /* sp_spawn_run ends with "interrupted" once it is not 0; may be NULL */
    const volatile sig_atomic_t *stop;
};

/*
 * Makes this process the subreaper of all it starts and ignores SIGPIPE.
 * Call once, before the first spawn.
 */
int sp_spawn_init(struct sp_error *err);

/*
 * Starts the child. A failure before execve (missing program, a rung that
 * does not hold) is reported here, not as an exit status. Returns its pid,
 * which is also its process group, or -1.
 */
pid_t sp_spawn_start(const struct sp_spawn *plan, struct sp_error *err);

/* How a child ended. */
struct sp_ending {
    bool ended;
    int status; /* exit status, or -1 if a signal ended it */
    int signal; /* 0 when it exited */
};

/* Collects the ending if there is one; with `wait`, waits for it. */
int sp_spawn_reap(pid_t pid, bool wait, struct sp_ending *ret,
                  struct sp_error *err);

/*
 * This child is no worker: a sweep leaves it alone and keeps its ending for
 * sp_spawn_reap. Carriers live longer than the crew. Its owner reaps it.
 */
void sp_spawn_keep(pid_t pid);

/* Kills the group of pid with SIGKILL. Never fails: it may be gone. */
void sp_spawn_kill(pid_t pid);

/*
 * Kills the groups and collects every descendant but those that are kept, for
 * at most `seconds`.
 * Fails with "worker-left", naming the pids, when something remains.
 */
int sp_spawn_sweep(const pid_t *pids, size_t n, unsigned seconds,
                   struct sp_error *err);

/*
 * Runs a program to its end, takes at most max bytes of its stdout (malloc'ed
 * into *ret_out, NUL terminated; NULL allowed), kills it after `seconds`.
 * plan->fds are set here, except fds[0]. Fails unless it exits 0, giving the
 * first line of its stderr in the message, reason `reason`.
 */
int sp_spawn_run(struct sp_spawn *plan, unsigned seconds, size_t max,
                 char **ret_out, size_t *ret_len, const char *reason,
                 struct sp_error *err);

/*
 * Where our own programs lie: the folder of the running executable if the
 * worker is there (build/), else LIBEXECDIR/sallyport. dst gets the path.
 */
int sp_spawn_find(const char *program, char *dst, size_t size,
                  struct sp_error *err);

/*
 * Where a tool of the system lies that is not ours: beside the running
 * executable, or in the folders of the list, /usr/bin first. Those who trust
 * their environment set a list of their own ("DIR:DIR", as PATH), which then
 * counts alone. Reason "not-found".
 */
int sp_spawn_find_tool(const char *tool, char *dst, size_t size,
                       struct sp_error *err);
void sp_spawn_tool_path(const char *list);

#endif
