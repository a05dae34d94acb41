/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "transports/process.h"

#include <errno.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/auto.h"

int
sp_process_start(struct sp_process *p, const struct sp_spawn *plan,
                 struct sp_error *err)
{
    pid_t pid;

    if (sp_spawn_init(err) < 0)
        return -1;
    pid = sp_spawn_start(plan, err);
    if (pid < 0)
        return -1;
    sp_spawn_keep(pid);
    p->pid = pid;
    p->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    if (p->pidfd < 0)
        return sp_fail_sys(err, errno, "internal", "cannot watch '%s'",
                           plan->argv[0]);
    return 0;
}

int
sp_process_wait(struct sp_process *p, int ms, struct sp_ending *ret,
                struct sp_error *err)
{
    struct pollfd ended = {.fd = p->pidfd, .events = POLLIN};
    int n = poll(&ended, 1, ms);

    *ret = (struct sp_ending){.status = -1};
    if (n < 0 && errno == EINTR)
        return sp_fail(err, "interrupted", "stopped by a signal");
    if (n < 0)
        return sp_fail_sys(err, errno, "internal", "cannot poll");
    if (n == 0)
        return 0;
    if (sp_spawn_reap(p->pid, true, ret, err) < 0)
        return -1;
    p->pid = 0;
    sp_close_fd(&p->pidfd);
    return 0;
}

void
sp_process_end(struct sp_process *p)
{
    struct sp_ending ending;

    if (p->pid <= 0)
        return;
    sp_spawn_kill(p->pid);
    (void)sp_spawn_reap(p->pid, true, &ending, NULL);
    p->pid = 0;
    sp_close_fd(&p->pidfd);
}
