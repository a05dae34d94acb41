/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The escape battery: what every jail must hold, tried on this machine. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/spawn.h"
#include "base/text.h"
#include "bundle/limits.h"
#include "ingest/doctor-run.h"
#include "ingest/escape.h"
#include "ingest/index-write.h"
#include "ingest/quarantine.h"

enum { ACT_SECONDS = 10, LIST_BYTES_MAX = 65536 };

/*
 * An act that its parent must stop has this long once it has begun, and is
 * gone so soon: both together before it would end by itself.
 */
enum { STOP_AFTER_MS = 200, STOP_SECONDS = 5 };

static const char report_it[] = "bring no delivery to this machine; report "
                                "the kernel version and this finding";

/* One line of `sallyport-escape --list`. */
struct act {
    const char *name, *end, *what, *why;
    int error;
};

struct battery {
    struct sp_doctor_run *run;
    const char *program; /* sallyport-escape */
    const char *scratch;
    const char *jail;
    char area[24];
};

/* Cuts the line at its tabs. */
static bool
parse_act(char *line, struct act *ret)
{
    char *rest = NULL;
    const char *error;
    uint64_t number;

    ret->name = strtok_r(line, "\t", &rest);
    ret->end = strtok_r(NULL, "\t", &rest);
    error = strtok_r(NULL, "\t", &rest);
    ret->what = strtok_r(NULL, "\t", &rest);
    ret->why = strtok_r(NULL, "\t", &rest);
    if (!ret->why || !sp_text_u64(error, INT_MAX, &number))
        return false;
    ret->error = (int)number;
    return true;
}

static bool
refusal_fits(const struct act *act, int error)
{
    if (act->error != 0)
        return error == act->error;
    return error == EPERM || error == EACCES || error == ENOSYS;
}

static void
judge(const struct battery *b, const struct act *act,
      const struct sp_ending *ending)
{
    const bool killed = ending->signal == SIGSYS;
    const bool faulted = ending->signal == SIGSEGV;
    const bool may_fault = strcmp(act->end, "ended") == 0;
    const bool through = ending->status == 0;
    const bool refused = ending->status > 0 && ending->status < SP_ESCAPE_SETUP;

    if ((strcmp(act->end, "killed") == 0 || may_fault) && killed)
        sp_doctor_good(b->run, b->area, act->what, "ended by the kernel");
    else if (may_fault && faulted)
        sp_doctor_good(b->run, b->area, act->what,
                       "ended by the processor: it has no such gate");
    else if (strcmp(act->end, "refused") == 0 && refused &&
             refusal_fits(act, ending->status))
        sp_doctor_good(b->run, b->area, act->what, "refused: %s",
                       strerror(ending->status));
    else if (strcmp(act->end, "granted") == 0 && through)
        sp_doctor_good(b->run, b->area, act->what, "allowed: %s", act->why);
    else if (through)
        sp_doctor_bad(b->run, "escape", b->area, act->what, report_it,
                      "it got through");
    else if (refused)
        sp_doctor_bad(b->run, "sandbox", b->area, act->what, report_it,
                      "must be %s, but: %s", act->end,
                      strerror(ending->status));
    else
        sp_doctor_bad(b->run, "sandbox", b->area, act->what, report_it,
                      "must be %s, but ended with status %d, signal %d",
                      act->end, ending->status, ending->signal);
}

/* False when it did not end by itself in that time. */
static bool
wait_for(pid_t pid, uint64_t ms, struct sp_ending *ret)
{
    const uint64_t deadline = sp_clock_ms() + ms;
    const struct timespec tick = {.tv_nsec = 500000};

    *ret = (struct sp_ending){0};
    while (sp_clock_ms() < deadline) {
        if (sp_spawn_reap(pid, false, ret, NULL) < 0)
            return false;
        if (ret->ended)
            return true;
        (void)nanosleep(&tick, NULL);
    }
    return false;
}

/* begun_fd: where the act tells that it has begun; -1 = nowhere. */
static pid_t
start_act(const struct battery *b, const struct act *act, int begun_fd)
{
    const char *const argv[] = {"sallyport-escape", b->jail, act->name,
                                b->scratch, NULL};
    const struct sp_spawn plan = {
        .path = b->program,
        .argv = argv,
        .fds = {-1, -1, -1, [SP_ESCAPE_BEGUN_FD] = begun_fd},
        .n_fds = SP_ESCAPE_BEGUN_FD + 1,
        .dirfd = -1,
    };
    struct sp_error err = {0};
    pid_t pid = sp_spawn_start(&plan, &err);

    if (pid < 0)
        sp_doctor_bad(b->run, err.detail, b->area, act->what, "", "%s",
                      err.msg);
    return pid;
}

/* Waits until it has begun, and on; how many processes it has become. */
static bool
watch_endless(pid_t pid, int begun_fd, struct sp_ending *ret, ssize_t *ret_n)
{
    struct pollfd begun = {.fd = begun_fd, .events = POLLIN};
    char bytes[256];
    bool ended;

    (void)poll(&begun, 1, ACT_SECONDS * 1000);
    ended = wait_for(pid, STOP_AFTER_MS, ret);
    *ret_n = begun.revents & POLLIN ? read(begun_fd, bytes, sizeof(bytes)) : 0;
    return ended;
}

/* An act that goes on until its parent ends it, with all that it started. */
static void
try_endless(const struct battery *b, const struct act *act)
{
    struct sp_error err = {0};
    struct sp_ending ending;
    ssize_t n;
    int ends[2];
    bool ended;
    pid_t pid;

    if (pipe2(ends, O_CLOEXEC) < 0) {
        sp_doctor_bad(b->run, "internal", b->area, act->what, "", "%s",
                      strerror(errno));
        return;
    }
    SP_AUTO_FD read_end = ends[0];
    SP_AUTO_FD write_end = ends[1];

    pid = start_act(b, act, write_end);
    sp_close_fd(&write_end);
    if (pid < 0)
        return;
    ended = watch_endless(pid, read_end, &ending, &n);
    if (sp_spawn_sweep(&pid, 1, STOP_SECONDS, &err) < 0)
        sp_doctor_bad(b->run, err.detail, b->area, act->what, report_it, "%s",
                      err.msg);
    else if (ended)
        judge(b, act, &ending);
    else if (n <= 0)
        sp_doctor_bad(b->run, "sandbox", b->area, act->what, report_it,
                      "did not begin");
    else
        sp_doctor_good(b->run, b->area, act->what,
                       "stopped: ended by its parent; processes: %zd", n);
}

static void
try_act(const struct battery *b, const struct act *act)
{
    struct sp_error err = {0};
    struct sp_ending ending;
    pid_t pid = start_act(b, act, -1);
    bool ended;

    if (pid < 0)
        return;
    ended = wait_for(pid, ACT_SECONDS * UINT64_C(1000), &ending);
    if (sp_spawn_sweep(&pid, 1, SP_REAP_SECONDS, &err) < 0)
        sp_doctor_bad(b->run, err.detail, b->area, act->what, report_it, "%s",
                      err.msg);
    else if (!ended)
        sp_doctor_bad(b->run, "sandbox", b->area, act->what, report_it,
                      "did not end in %d seconds", ACT_SECONDS);
    else
        judge(b, act, &ending);
}

static int
list_acts(const struct battery *b, char **ret, struct sp_error *err)
{
    const char *const argv[] = {"sallyport-escape", "--list", b->jail, NULL};
    struct sp_spawn plan = {
        .path = b->program, .argv = argv, .fds = {-1}, .dirfd = -1};

    return sp_spawn_run(&plan, ACT_SECONDS, LIST_BYTES_MAX, ret, NULL,
                        "sandbox", err);
}

static void
try_jail(struct battery *b, const char *jail)
{
    SP_AUTO_FREE char *list = NULL;
    struct sp_error err = {0};
    char *rest = NULL;

    b->jail = jail;
    (void)snprintf(b->area, sizeof(b->area), "jail %s", jail);
    if (list_acts(b, &list, &err) < 0) {
        sp_doctor_bad(b->run, err.detail, b->area, "list of acts", "", "%s",
                      err.msg);
        return;
    }
    for (char *line = strtok_r(list, "\n", &rest); line;
         line = strtok_r(NULL, "\n", &rest)) {
        struct act act;

        if (!parse_act(line, &act))
            sp_doctor_bad(b->run, "protocol", b->area, "list of acts", "",
                          "a line is not understood");
        else if (strcmp(act.end, "stopped") == 0)
            try_endless(b, &act);
        else
            try_act(b, &act);
    }
}

static void
look_for_terminal(struct sp_doctor_run *run)
{
    SP_AUTO_FD fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);

    if (fd < 0)
        sp_doctor_note(run, "jails", "pseudo-terminal",
                       "mount devpts on /dev/pts",
                       "none here: typing into one is tried on /dev/null");
}

void
sp_doctor_jails(struct sp_doctor_run *run)
{
    const char *const jails[] = {"unpack", "check", "verify",
                                 sp_index_is_worker ? "index" : "createrepo_c",
                                 "vchan"};
    struct sp_quarantine scratch;
    struct sp_error err = {0};
    char program[PATH_MAX];
    struct battery battery = {.run = run, .program = program};

    if (sp_spawn_find("sallyport-escape", program, sizeof(program), &err) < 0 ||
        sp_quarantine_scratch(&scratch, &err) < 0) {
        sp_doctor_bad(run, err.detail, "jails", "escape battery",
                      "install sallyport whole; /tmp must be writable", "%s",
                      err.msg);
        return;
    }
    look_for_terminal(run);
    battery.scratch = scratch.path;
    for (size_t i = 0; i < sizeof(jails) / sizeof(jails[0]); i++)
        try_jail(&battery, jails[i]);
    sp_quarantine_destroy(&scratch);
}
