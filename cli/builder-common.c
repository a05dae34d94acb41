/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/builder-common.h"

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "build/hash.h"
#include "cli/confirm.h"
#include "cli/result.h"

static volatile sig_atomic_t caught;

static void
on_signal(int number)
{
    caught = number;
}

static void
catch_signals(void)
{
    static const int ends[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction action = {.sa_handler = on_signal};

    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
        (void)sigaction(ends[i], &action, NULL);
    /* A reader that goes away is a fault with a name. */
    action.sa_handler = SIG_IGN;
    (void)sigaction(SIGPIPE, &action, NULL);
}

/* On a pipe POLLERR says that the last reader is gone. */
static bool
reader_gone(int fd)
{
    struct pollfd one = {.fd = fd};

    return fd >= 0 && poll(&one, 1, 0) > 0 && (one.revents & POLLERR);
}

/* A terminal may go away: who wants to end with it gets SIGHUP. */
static bool
caller_gone(void)
{
    struct stat st;

    return reader_gone(STDERR_FILENO) && fstat(STDERR_FILENO, &st) == 0 &&
           S_ISFIFO(st.st_mode);
}

static int
stopped(void *data, struct sp_error *err)
{
    const struct sp_job *job = data;

    if (caught)
        return sp_fail(err, "interrupted", "stopped by signal %d (%s)",
                       (int)caught, strsignal((int)caught));
    if (reader_gone(job->dest.fd))
        return sp_fail(err, "peer-gone", "nobody reads '%s' any more",
                       job->dest.shown);
    /* A call from another qube that was given up ends like this alone. */
    if (caller_gone())
        return sp_fail(err, "peer-gone", "who started this is gone");
    return 0;
}

static void
show_progress(void *data, const struct sp_build_progress *progress)
{
    struct sp_job *job = data;
    struct sp_progress_count count = {
        .bytes = progress->bytes,
        .total_bytes = progress->total_bytes,
        .packages = progress->packages,
        .total_packages = progress->total_packages,
    };

    if (!job->phase || strcmp(job->phase, progress->phase) != 0) {
        job->phase = progress->phase;
        sp_progress_phase(&job->progress, progress->phase);
    }
    sp_progress_update(&job->progress, &count);
}

static int
confirm(void *data, const struct sp_overwrite *what, struct sp_error *err)
{
    const struct sp_job *job = data;

    return sp_confirm_overwrite(
        what, sp_args_text(job->args, "yes-really", NULL), err);
}

static int
watch(void *data, const char *phase, uint64_t done, uint64_t total,
      struct sp_error *err)
{
    const struct sp_build_progress progress = {
        .phase = phase, .bytes = done, .total_bytes = total};

    show_progress(data, &progress);
    return stopped(data, err);
}

void
sp_job_begin(struct sp_job *job, const struct sp_args *args,
             const char *destination)
{
    memset(job, 0, sizeof(*job));
    job->args = args;
    job->destination = destination;
    job->dest.fd = -1;
    job->out.dest = &job->dest;
    /* Only what writes packages has a framing. */
    if (destination &&
        strcmp(sp_args_text(args, "framing", "bundle"), "qfile") == 0)
        job->out.framing = SP_FRAMING_QFILE;
    job->user = (struct sp_transport_user){job, confirm, watch};
    job->hooks = (struct sp_build_hooks){job, show_progress, stopped};
    sp_options_voice(args, &job->voice);
    sp_progress_init(&job->progress, job->voice.progress, stderr);
    catch_signals();
}

int
sp_job_open(struct sp_job *job, struct sp_error *err)
{
    if (!job->destination)
        return 0;
    if (job->voice.json && strcmp(job->destination, "-") == 0)
        return sp_fail(err, "usage",
                       "--json and the destination '-' both want standard "
                       "output");
    if (sp_hash_prepare(err) < 0)
        return -1;
    return sp_transport_open_write(&job->dest, job->destination, &job->user,
                                   err);
}

/* The second part of a fault's text. */
static void
describe_destination(const struct sp_job *job, char *dst, size_t size)
{
    char shown[SP_SHOWN_MAX];

    if (!job->destination) {
        (void)snprintf(dst, size, "%s", SP_NOTHING_CHANGED);
        return;
    }
    sp_text_show(shown, sizeof(shown), job->destination);
    if (strcmp(job->destination, "-") == 0)
        (void)snprintf(dst, size,
                       "what came out on standard output is no whole bundle");
    else if (job->dest.harmed)
        (void)snprintf(dst, size,
                       "what was on '%s' is lost, and no bundle is there",
                       shown);
    else
        (void)snprintf(dst, size, "nothing new is in '%s'", shown);
}

int
sp_job_end(struct sp_job *job, const struct sp_error *err, const char *said,
           void (*more_json)(struct sp_json *json, const void *data),
           const void *data)
{
    bool good = err->code == SP_OK || err->code == SP_UPDATES_EXIST;
    char state[2 * SP_SHOWN_MAX] = "";
    struct sp_json json;

    if (job->destination)
        sp_transport_close(&job->dest);
    sp_progress_finish(&job->progress);
    if (!good)
        describe_destination(job, state, sizeof(state));
    if (job->voice.json) {
        sp_result_json_open(&json, job->args);
        if (job->destination)
            sp_json_string(&json, "destination", job->destination);
        if (job->plans)
            sp_plans_json(&json, job->plans);
        if (good)
            more_json(&json, data);
        sp_result_json_close(&json, err, state);
    } else if (!good) {
        sp_result_fault(job->args, err, state);
    } else if (!job->voice.quiet) {
        bool taken = job->destination && strcmp(job->destination, "-") == 0;

        (void)fprintf(taken ? stderr : stdout, "%s\n", said);
    }
    return (int)err->code;
}

int
sp_builder_requests(const struct sp_args *args, struct sp_requests *ret,
                    struct sp_error *err)
{
    size_t n = 0;
    const char *const *sources = sp_args_words(args, "request", &n);

    for (size_t i = 0; i < n; i++)
        if (sp_requests_read(ret, sources[i], err) < 0)
            return -1;
    return 0;
}

void
sp_help_carriers(FILE *out, const char *operand, unsigned cap)
{
    const struct sp_transport_ops *ops;

    (void)fprintf(out, "%s is a path or one of:\n", operand);
    for (size_t i = 0; (ops = sp_transport_at(i)) != NULL; i++)
        if (ops->caps & cap)
            (void)fprintf(out, "  %-10s %s\n", ops->scheme, ops->summary);
}
