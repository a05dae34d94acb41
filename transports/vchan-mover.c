/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "transports/vchan-mover.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/text.h"
#include "transports/vchan-move.h"

enum { REPORT_FD = 3 };

/* ---- in the mover ------------------------------------------------------ */

static void
report(enum sp_mover_news news, const struct sp_error *err)
{
    struct sp_mover_report record;

    memset(&record, 0, sizeof(record));
    record.news = news;
    if (err)
        record.error = *err;
    if (sp_write_full(REPORT_FD, &record, sizeof(record)) < 0)
        _exit(SP_E_INTERNAL);
}

static void
report_ended(void)
{
    report(SP_MOVER_ENDED, NULL);
}

/* Descriptors 0 to 2 and the report channel; nothing of the keeper's. */
static int
close_others(int report_fd, struct sp_error *err)
{
    if (dup2(report_fd, REPORT_FD) < 0 ||
        close_range(REPORT_FD + 1, ~0u, 0) < 0)
        return sp_fail_sys(err, errno, "internal", "cannot set descriptors");
    return 0;
}

static int
move(const struct sp_vchan_plan *plan, const char *path, size_t ring_bytes,
     struct sp_error *err)
{
    const uint16_t domid = plan->peer.domid;
    struct sp_vchan vchan;

    if (plan->serve
            ? sp_vchan_serve(&vchan, domid, path, ring_bytes, err) < 0
            : sp_vchan_connect(&vchan, domid, path, plan->wait_ms, err) < 0)
        return -1;
    if (sp_vchan_jail(&vchan, err) < 0)
        return -1;
    report(SP_MOVER_READY, NULL);
    sp_vchan_set_pace(&vchan, &plan->pace);
    if (plan->serve)
        return sp_vchan_receive(&vchan, report_ended, err);
    return sp_vchan_send(&vchan, plan->answer_ms, err);
}

/* The kernel closes the vchan: the library would go to xenstore for it. */
static _Noreturn void
live(const struct sp_vchan_plan *plan, const char *path, size_t ring_bytes,
     int report_fd, pid_t keeper)
{
    struct sp_error err = {0};

    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 || getppid() != keeper)
        _exit(SP_E_INTERNAL);
    if (close_others(report_fd, &err) < 0 ||
        move(plan, path, ring_bytes, &err) < 0)
        report(SP_MOVER_FAULT, &err);
    else
        report(SP_MOVER_DONE, NULL);
    _exit((int)err.code);
}

/* ---- in the keeper ----------------------------------------------------- */

pid_t
sp_mover_start(const struct sp_vchan_plan *plan, const char *path,
               size_t ring_bytes, int *ret_report_fd, struct sp_error *err)
{
    const pid_t keeper = getpid();
    int ends[2];
    pid_t pid;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        return sp_fail_sys(err, errno, "internal", "cannot make a channel");
    SP_AUTO_FD ours = ends[0];
    SP_AUTO_FD theirs = ends[1];
    pid = fork();
    if (pid < 0)
        return sp_fail_sys(err, errno, "internal", "cannot fork");
    if (pid == 0)
        live(plan, path, ring_bytes, theirs, keeper);
    *ret_report_fd = sp_steal_fd(&ours);
    return pid;
}

/* A mover that was taken over may write anything into its fault. */
static int
pass_fault(const struct sp_error *untrusted, struct sp_error *err)
{
    const size_t detail_len =
        strnlen(untrusted->detail, sizeof(untrusted->detail));
    const size_t msg_len = strnlen(untrusted->msg, sizeof(untrusted->msg));
    char detail[SP_DETAIL_MAX] = "";
    char shown[SP_MESSAGE_MAX];

    if (detail_len < sizeof(detail))
        memcpy(detail, untrusted->detail, detail_len);
    if (!sp_reason_find(detail))
        return sp_fail(err, "protocol", "the mover sent a malformed report");
    sp_text_show_bytes(shown, sizeof(shown), untrusted->msg, msg_len);
    return sp_fail(err, sp_reason_find(detail)->word, "%s", shown);
}

/* It is not reaped here: its number stays its own. */
static int
explain_death(pid_t pid, struct sp_error *err)
{
    siginfo_t how = {.si_code = 0};
    int result;

    do
        result = waitid(P_PID, (id_t)pid, &how, WEXITED | WNOWAIT);
    while (result < 0 && errno == EINTR);
    if (result < 0 || how.si_code == CLD_EXITED)
        return sp_fail(err, "worker-died", "the mover ended without a word");
    if (how.si_status == SIGSYS)
        return sp_fail(err, "forbidden-call",
                       "the mover tried what its jail forbids and was killed");
    return sp_fail(err, "worker-died", "the mover was killed by signal %d",
                   how.si_status);
}

int
sp_mover_hear(pid_t pid, int report_fd, enum sp_mover_news *ret,
              struct sp_error *err)
{
    struct sp_mover_report untrusted;
    ssize_t n = sp_read_some(report_fd, &untrusted, sizeof(untrusted));

    if (n == 0)
        return explain_death(pid, err);
    if (n != (ssize_t)sizeof(untrusted))
        return sp_fail(err, "protocol", "the mover sent a malformed report");
    switch (untrusted.news) {
    case SP_MOVER_READY:
    case SP_MOVER_ENDED:
    case SP_MOVER_DONE: *ret = (enum sp_mover_news)untrusted.news; return 0;
    case SP_MOVER_FAULT: return pass_fault(&untrusted.error, err);
    default: break;
    }
    return sp_fail(err, "protocol", "the mover sent a malformed report");
}
