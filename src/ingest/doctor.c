/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ingest/doctor.h"

#include <dirent.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/evr.h"
#include "base/spawn.h"
#include "base/text.h"
#include "bundle/limits.h"
#include "ingest/clock.h"
#include "ingest/doctor-run.h"
#include "ingest/floor.h"
#include "ingest/index-write.h"

/* dnf, from a slow disk, on a machine that has much else to do. */
enum { PROGRAM_SECONDS = 60, VERSION_BYTES_MAX = 16384 };

/* ---- findings ---------------------------------------------------------- */

__attribute__((format(printf, 6, 0))) static void
tell(struct sp_doctor_run *run, enum sp_finding_state state, const char *area,
     const char *what, const char *fix, const char *fmt, va_list args)
{
    struct sp_finding finding = {.state = state};

    (void)snprintf(finding.area, sizeof(finding.area), "%s", area);
    (void)snprintf(finding.what, sizeof(finding.what), "%s", what);
    (void)vsnprintf(finding.result, sizeof(finding.result), fmt, args);
    (void)snprintf(finding.fix, sizeof(finding.fix), "%s", fix);
    if (run->finding)
        run->finding(run->data, &finding);
}

void
sp_doctor_good(struct sp_doctor_run *run, const char *area, const char *what,
               const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    tell(run, SP_FINDING_GOOD, area, what, "", fmt, args);
    va_end(args);
}

void
sp_doctor_note(struct sp_doctor_run *run, const char *area, const char *what,
               const char *fix, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    tell(run, SP_FINDING_NOTE, area, what, fix, fmt, args);
    va_end(args);
}

void
sp_doctor_bad(struct sp_doctor_run *run, const char *reason, const char *area,
              const char *what, const char *fix, const char *fmt, ...)
{
    char text[sizeof(((struct sp_finding *)NULL)->result)];
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    if (run->first.code == SP_OK)
        (void)sp_fail(&run->first, reason, "%s: %s: %s", area, what, text);
    va_start(args, fmt);
    tell(run, SP_FINDING_BAD, area, what, fix, fmt, args);
    va_end(args);
}

/* ---- kernel ------------------------------------------------------------ */

static void
look_at_kernel(struct sp_doctor_run *run)
{
    struct sp_jail_state state;
    struct sp_error err = {0};

    if (sp_jail_probe(&state, &err) < 0) {
        sp_doctor_bad(run, "sandbox", "kernel", "Landlock and seccomp",
                      "boot a kernel of 5.13 or newer with landlock in its "
                      "lsm= list and seccomp filters",
                      "%s", err.msg);
        return;
    }
    sp_doctor_good(run, "kernel", "Landlock", "ABI %" PRIu32,
                   state.landlock_abi);
    sp_doctor_good(run, "kernel", "seccomp", "filters that kill and refuse");
}

/* ---- programs ---------------------------------------------------------- */

struct program {
    const char *path;
    const char *least;  /* oldest version that will do */
    const char *reason; /* NULL: optional */
    const char *fix;
};

/* The first word of the first line that starts with a digit. */
static bool
find_version(char *text, char dst[32])
{
    char *rest = NULL;
    char *line = strtok_r(text, "\n", &rest);

    if (!line)
        return false;
    for (char *word = strtok_r(line, " ", &rest); word;
         word = strtok_r(NULL, " ", &rest))
        if (word[0] >= '0' && word[0] <= '9') {
            sp_text_show(dst, 32, word);
            return true;
        }
    return false;
}

static void
look_at_program(struct sp_doctor_run *run, const struct program *program)
{
    const char *const argv[] = {program->path, "--version", NULL};
    const char *const envp[] = {"PATH=/usr/bin:/bin", "LC_ALL=C", NULL};
    struct sp_spawn plan = {.path = program->path,
                            .argv = argv,
                            .envp = envp,
                            .fds = {-1},
                            .dirfd = -1};
    const char *reason = program->reason ? program->reason : "not-found";
    SP_AUTO_FREE char *text = NULL;
    struct sp_error err = {0};
    char version[32] = "";

    if (access(program->path, X_OK) < 0 && !program->reason)
        sp_doctor_note(run, "programs", program->path, program->fix,
                       "not here; only 'update' needs it");
    else if (sp_spawn_run(&plan, PROGRAM_SECONDS, VERSION_BYTES_MAX, &text,
                          NULL, reason, &err) < 0)
        sp_doctor_bad(run, reason, "programs", program->path, program->fix,
                      "%s", err.msg);
    else if (!find_version(text, version))
        sp_doctor_bad(run, reason, "programs", program->path, program->fix,
                      "does not tell its version");
    else if (sp_evr_compare_version(version, program->least) < 0)
        sp_doctor_bad(run, reason, "programs", program->path, program->fix,
                      "version %s, needed is %s", version, program->least);
    else
        sp_doctor_good(run, "programs", program->path, "version %s", version);
}

static void
look_at_worker(struct sp_doctor_run *run, const char *worker)
{
    char path[PATH_MAX];
    struct sp_error err = {0};

    if (sp_spawn_find(worker, path, sizeof(path), &err) < 0)
        sp_doctor_bad(run, err.detail, "programs", worker,
                      "install sallyport whole", "%s", err.msg);
    else
        sp_doctor_good(run, "programs", worker, "%.120s", path);
}

static void
look_at_workers(struct sp_doctor_run *run)
{
    static const struct program createrepo = {
        "/usr/bin/createrepo_c", "0.17", "index",
        "install createrepo-c (Debian) or createrepo_c (Fedora)"};

    look_at_worker(run, "sallyport-unpack");
    look_at_worker(run, "sallyport-check");
    look_at_worker(run, "sallyport-verify");
    if (sp_index_is_worker)
        look_at_worker(run, "sallyport-index");
    else
        look_at_program(run, &createrepo);
}

static void
look_at_programs(struct sp_doctor_run *run)
{
    static const struct program programs[] = {
        {"/usr/bin/gpg", "2.2", "engine-missing",
         "install gnupg (Debian) or gnupg2 (Fedora)"},
        {"/usr/bin/rpm", "4.14", "not-found", "install rpm"},
        {"/usr/bin/dnf", "4", NULL, "install dnf"},
    };

    look_at_workers(run);
    for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++)
        look_at_program(run, &programs[i]);
}

/* ---- keys -------------------------------------------------------------- */

static int
visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/* How many files there are, and how many of them can be read. */
static bool
count_keys(const char *path, unsigned *ret_all, unsigned *ret_readable)
{
    struct dirent **names;
    struct stat st;
    char file[PATH_MAX];
    int n;

    if (stat(path, &st) < 0)
        return false;
    *ret_all = *ret_readable = 1;
    if (!S_ISDIR(st.st_mode))
        return access(path, R_OK) == 0;
    *ret_all = *ret_readable = 0;
    n = scandir(path, &names, visible, alphasort);
    if (n < 0)
        return false;
    for (int i = 0; i < n; i++) {
        (void)snprintf(file, sizeof(file), "%s/%s", path, names[i]->d_name);
        (*ret_all)++;
        if (access(file, R_OK) == 0)
            (*ret_readable)++;
        free(names[i]);
    }
    free(names);
    return true;
}

static void
look_at_keys(struct sp_doctor_run *run, const struct sp_setup *setup)
{
    static const char fix[] = "put the public keys of the distribution there, "
                              "readable for sallyport's user";
    const char *path =
        setup->keys_path ? setup->keys_path : SP_DEFAULT_KEYS_PATH;
    unsigned all, readable;
    char shown[80];

    sp_text_show(shown, sizeof(shown), path);
    if (!count_keys(path, &all, &readable))
        sp_doctor_bad(run, "no-keys", "keys", shown, fix, "cannot be read");
    else if (all == 0)
        sp_doctor_bad(run, "no-keys", "keys", shown, fix, "holds no key file");
    else if (readable < all)
        sp_doctor_bad(run, "key-file", "keys", shown, fix,
                      "%u of %u key files cannot be read", all - readable, all);
    else
        sp_doctor_good(run, "keys", shown, "%u key files", all);
}

/* ---- state and repository ---------------------------------------------- */

static void
look_at_owner(struct sp_doctor_run *run, int fd, const char *path)
{
    char shown[80];
    struct stat st;

    sp_text_show(shown, sizeof(shown), path);
    if (fstat(fd, &st) < 0)
        sp_doctor_bad(run, "state", "state", shown, "", "cannot be looked at");
    else if (st.st_uid != geteuid())
        sp_doctor_bad(run, "state", "state", shown,
                      "run sallyport as its owner, or give it to one user",
                      "belongs to user %u, this is user %u",
                      (unsigned)st.st_uid, (unsigned)geteuid());
    else if (st.st_mode & (S_IWGRP | S_IWOTH))
        sp_doctor_bad(run, "state", "state", shown, "chmod go-w",
                      "others may write to it (mode %04o)",
                      (unsigned)st.st_mode & 07777);
    else
        sp_doctor_good(run, "state", shown, "owner and mode %04o are fine",
                       (unsigned)st.st_mode & 07777);
}

static void
look_at_space(struct sp_doctor_run *run, int fd)
{
    struct statvfs fs;
    uint64_t bytes, reserve;
    char free_text[16], reserve_text[16];

    if (fstatvfs(fd, &fs) < 0) {
        sp_doctor_bad(run, "space", "state", "free space", "",
                      "cannot be looked at");
        return;
    }
    bytes = (uint64_t)fs.f_bavail * fs.f_frsize;
    reserve = (uint64_t)fs.f_blocks * fs.f_frsize / 20;
    if (reserve < SP_RESERVE_BYTES)
        reserve = SP_RESERVE_BYTES;
    sp_text_size(free_text, sizeof(free_text), bytes);
    sp_text_size(reserve_text, sizeof(reserve_text), reserve);
    if (bytes <= reserve)
        sp_doctor_bad(run, "space", "state", "free space",
                      "make room on the file system of the repository",
                      "%s, of which %s are kept free", free_text, reserve_text);
    else
        sp_doctor_good(run, "state", "free space",
                       "%s, of which %s are kept "
                       "free",
                       free_text, reserve_text);
}

static void
look_at_clock(struct sp_doctor_run *run, const struct sp_state *state)
{
    const time_t machine = time(NULL);
    const uint64_t now = machine > 0 ? (uint64_t)machine : 0;
    struct sp_error err = {0};
    uint64_t seen;

    if (sp_clock_read(state, &seen, &err) < 0) {
        sp_doctor_bad(run, err.detail, "state", "clock",
                      "have it forgotten: sallyport state reset clock", "%s",
                      err.msg);
        return;
    }
    if (seen > now)
        sp_doctor_bad(
            run, "clock", "state", "clock", "set the clock of this machine",
            "%" PRIu64 " seconds behind the newest signature seen", seen - now);
    else
        sp_doctor_good(run, "state", "clock",
                       "not behind any signature seen here");
}

static void
look_at_leftovers(struct sp_doctor_run *run, struct sp_state *state)
{
    struct sp_status status;
    struct sp_error err = {0};

    if (sp_status_read(state, &status, &err) < 0) {
        sp_doctor_bad(run, err.detail, "state", "repository", "", "%s",
                      err.msg);
        return;
    }
    if (status.busy)
        sp_doctor_note(run, "state", "repository", "", "in use right now");
    else if (status.leftover)
        sp_doctor_note(run, "state", "repository",
                       "nothing: the next delivery removes it",
                       "holds a quarantine of a run that died");
    else
        sp_doctor_good(run, "state", "repository", "no leftovers");
    sp_status_release(&status);
}

/*
 * Ends as the user that the workers run as (sp_state_open sees to it), so
 * that what follows is tried with the rights of that user.
 */
static void
look_at_state(struct sp_doctor_run *run, const struct sp_setup *setup)
{
    struct sp_state state;
    struct sp_error err = {0};

    if (sp_state_open(setup, false, &state, &err) < 0) {
        if (strcmp(err.detail, "not-found") == 0)
            sp_doctor_note(run, "state", "directories",
                           "nothing: the first delivery makes them", "%s",
                           err.msg);
        else
            sp_doctor_bad(run, err.detail, "state", "directories",
                          "only the owner may use them", "%s", err.msg);
        return;
    }
    look_at_owner(run, state.state_fd, state.state_path);
    look_at_owner(run, state.repo_fd, state.repo_path);
    look_at_space(run, state.repo_fd);
    look_at_clock(run, &state);
    look_at_leftovers(run, &state);
    sp_state_close(&state);
}

int
sp_doctor(const struct sp_setup *setup, bool only_jails, sp_finding_fn finding,
          void *data, struct sp_error *err)
{
    struct sp_doctor_run run = {.finding = finding, .data = data};

    if (sp_spawn_init(err) < 0)
        return -1;
    if (!only_jails) {
        look_at_kernel(&run);
        look_at_programs(&run);
        look_at_state(&run, setup);
        look_at_keys(&run, setup);
    }
    sp_doctor_jails(&run);
    if (run.first.code == SP_OK)
        return 0;
    if (err)
        *err = run.first;
    return -1;
}
