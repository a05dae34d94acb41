/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ingest/gpg.h"

#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/io.h"
#include "base/text.h"
#include "bundle/limits.h"

/* gpgme_op_spawn is from 1.5; older releases are no longer repaired. */
static const char min_gpgme[] = "1.13.0";

/* gpg's own log for one chunk: about 250 bytes a file were seen. */
#define MAX_LOG_BYTES SP_MIB

int
sp_gpg_prepare(struct sp_error *err)
{
    /* LC_ALL: fewer files opened, one language. PATH: gpgme looks there. */
    if (clearenv() != 0 || setenv("LC_ALL", "C", 1) < 0 ||
        setenv("PATH", "/usr/bin:/bin", 1) < 0)
        return sp_fail(err, "no-memory", "cannot set the environment");
    if (signal(SIGCHLD, SIG_DFL) == SIG_ERR ||
        prctl(PR_SET_CHILD_SUBREAPER, 1UL, 0UL, 0UL, 0UL) < 0)
        return sp_fail_sys(err, errno, "internal", "cannot become subreaper");
    return 0;
}

/* Collects all children. Returns their number and the last one's status. */
static unsigned
collect_children(int *ret_status)
{
    unsigned n = 0;

    for (;;) {
        if (waitpid(-1, ret_status, 0) > 0)
            n++;
        else if (errno != EINTR)
            return n;
    }
}

int
sp_gpg_begin(const char *path, struct sp_error *err)
{
    char shown[SP_SHOWN_MAX];
    int status;

    sp_text_show(shown, sizeof(shown), path);
    if (access(path, X_OK) < 0)
        return sp_fail_sys(err, errno, "engine-missing",
                           "cannot run '%s' (install gnupg2, or gpg on Debian)",
                           shown);
    (void)setlocale(LC_ALL, "C");
    /* Must come first: it saves three helper processes. */
    if (gpgme_set_global_flag("disable-gpgconf", "1") != 0 ||
        !gpgme_check_version(min_gpgme))
        return sp_fail(err, "engine-error", "gpgme is older than %s",
                       min_gpgme);
    /* The first question makes gpgme run the engines once. */
    (void)gpgme_engine_check_version(GPGME_PROTOCOL_OpenPGP);
    (void)collect_children(&status);
    return 0;
}

int
sp_gpg_fail(struct sp_error *err, gpgme_error_t fault, const char *reason,
            const char *what)
{
    char text[128];
    char shown[SP_SHOWN_MAX];

    (void)gpgme_strerror_r(fault, text, sizeof(text));
    sp_text_show(shown, sizeof(shown), text);
    return sp_fail(err, reason, "%s: %s", what, shown);
}

int
sp_gpg_open(const char *path, const char *home, gpgme_ctx_t *ret,
            struct sp_error *err)
{
    gpgme_ctx_t ctx;
    gpgme_error_t fault = gpgme_new(&ctx);

    if (fault)
        return sp_gpg_fail(err, fault, "engine-error", "cannot use gpgme");
    fault = gpgme_ctx_set_engine_info(ctx, GPGME_PROTOCOL_OpenPGP, path, home);
    if (fault) {
        gpgme_release(ctx);
        return sp_gpg_fail(err, fault, "engine-error", "cannot use gpg");
    }
    gpgme_set_offline(ctx, 1);
    *ret = ctx;
    return 0;
}

/* ---- one run ----------------------------------------------------------- */

/* What flows to and from gpg. */
struct run {
    struct sp_status *status;
    size_t next_file; /* whose name gpg has not read yet */
    size_t log_bytes;
    char log[SP_SHOWN_MAX / 2]; /* its beginning, untrusted */
    gpgme_data_t in, out, logger;
};

/* One name a line, one line a read. */
static ssize_t
give_names(void *handle, void *buffer, size_t size)
{
    struct run *run = handle;
    const struct sp_status_file *file;
    int n;

    if (run->next_file == run->status->n_files)
        return 0;
    file = &run->status->files[run->next_file++];
    n = snprintf(buffer, size, "%s\n", file->name);
    if (n < 0 || (size_t)n >= size) {
        errno = EIO;
        return -1;
    }
    return n;
}

static ssize_t
take_status(void *handle, const void *buffer, size_t size)
{
    struct run *run = handle;

    if (sp_status_feed(run->status, buffer, size) < 0) {
        errno = EIO;
        return -1;
    }
    return (ssize_t)size;
}

/* The log is for people: kept is what fits into a message. */
static ssize_t
take_log(void *handle, const void *buffer, size_t size)
{
    struct run *run = handle;

    if (size > MAX_LOG_BYTES - run->log_bytes) {
        errno = EIO;
        return -1;
    }
    if (run->log_bytes < sizeof(run->log) - 1) {
        size_t room = sizeof(run->log) - 1 - run->log_bytes;

        memcpy(run->log + run->log_bytes, buffer, size < room ? size : room);
    }
    run->log_bytes += size;
    return (ssize_t)size;
}

static gpgme_error_t
open_streams(struct run *run)
{
    static struct gpgme_data_cbs in = {.read = give_names};
    static struct gpgme_data_cbs out = {.write = take_status};
    static struct gpgme_data_cbs logger = {.write = take_log};
    gpgme_error_t fault = gpgme_data_new_from_cbs(&run->in, &in, run);

    if (!fault)
        fault = gpgme_data_new_from_cbs(&run->out, &out, run);
    if (!fault)
        fault = gpgme_data_new_from_cbs(&run->logger, &logger, run);
    return fault;
}

static gpgme_error_t
spawn(struct run *run, const char *path, const char *home)
{
    /*
     * Never --batch: with it gpg ends at the first bad signature. Never
     * --verbose, and a log apart from the status: CVE-2018-12020.
     */
    const char *argv[] = {path,          "--homedir",   home,
                          "--no-tty",    "--quiet",     "--disable-dirmngr",
                          "--status-fd", "1",           "--logger-fd",
                          "2",           "--multifile", "--verify",
                          NULL};
    gpgme_ctx_t ctx;
    gpgme_error_t fault = gpgme_new(&ctx);

    if (fault)
        return fault;
    fault = gpgme_set_protocol(ctx, GPGME_PROTOCOL_SPAWN);
    if (!fault)
        fault = open_streams(run);
    if (!fault)
        fault =
            gpgme_op_spawn(ctx, path, argv, run->in, run->out, run->logger, 0);
    gpgme_data_release(run->in);
    gpgme_data_release(run->out);
    gpgme_data_release(run->logger);
    gpgme_release(ctx);
    return fault;
}

static int
fail_run(const struct run *run, struct sp_error *err, const char *what)
{
    char shown[SP_SHOWN_MAX];

    sp_text_show(shown, sizeof(shown), run->log);
    return sp_fail(err, "engine-error", "%s; its log begins '%s'", what, shown);
}

/*
 * gpg ends with 1 after a bad signature and with 2 after another fault, of
 * which its status lines must have told. 0 would be a lie: one signature is
 * always bad.
 */
static bool
is_honest_exit(const struct sp_status *status, int exit_status)
{
    if (exit_status != 2 || status->failure)
        return exit_status == 1 || exit_status == 2;
    for (size_t i = 0; i < status->n_files; i++)
        if (!status->files[i].good &&
            strcmp(status->files[i].reason, "bad-signature") != 0)
            return true;
    return false;
}

int
sp_gpg_verify(const char *path, const char *home, struct sp_status *status,
              struct sp_error *err)
{
    struct run run = {.status = status};
    gpgme_error_t fault = spawn(&run, path, home);
    int ending = 0;

    if (status->broken)
        return fail_run(&run, err, "gpg's status lines are not understood");
    if (fault)
        return sp_gpg_fail(err, fault, "engine-error", "cannot run gpg");
    if (collect_children(&ending) != 1)
        return fail_run(&run, err, "gpg was not seen to end");
    if (!sp_status_complete(status))
        return fail_run(&run, err, "gpg did not answer for every file");
    if (!WIFEXITED(ending) || !is_honest_exit(status, WEXITSTATUS(ending)))
        return fail_run(&run, err, "gpg did not come to its end");
    return 0;
}
