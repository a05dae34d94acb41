/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the commands of sallyport-builder share: signals, progress, and how a
 * command that writes to a destination ends.
 */
#ifndef SP_CLI_BUILDER_COMMON_H
#define SP_CLI_BUILDER_COMMON_H

#include "base/json.h"
#include "build/deliver.h"
#include "build/hooks.h"
#include "build/outlet.h"
#include "cli/command.h"
#include "cli/options.h"
#include "transports/transport.h"

/* One command that writes to a carrier. */
struct sp_job {
    const struct sp_args *args;
    const char *destination;
    struct sp_voice voice;
    struct sp_progress progress;
    const char *phase;
    struct sp_transport dest;
    struct sp_outlet out; /* onto dest */
    struct sp_transport_user user;
    struct sp_build_hooks hooks;
    const struct sp_delivered *plans; /* shown in the JSON; may be NULL */
};

/* The option of each command that may write over a device. */
#define SP_OPTION_YES_REALLY                                                   \
    {                                                                          \
        "yes-really", 0, SP_OPTION_TEXT, "SERIAL",                             \
            "write over the device with this serial number, unasked"           \
    }

/* The option of each command that writes packages. */
#define SP_OPTION_FRAMING                                                      \
    {                                                                          \
        "framing", 0, SP_OPTION_CHOICE, "bundle|qfile",                        \
            "what to write; qfile is for a stock dom0 of Qubes OS (bundle)"    \
    }

/*
 * Catches the signals that ask for an end. The job's hooks stop the work on
 * such a signal, or when nobody reads what is written.
 */
void sp_job_begin(struct sp_job *job, const struct sp_args *args,
                  const char *destination);

/*
 * Opens the destination, with a question to the person when it is a device:
 * after all that can be wrong before. Fails with the reasons of the carrier.
 */
int sp_job_open(struct sp_job *job, struct sp_error *err);

/*
 * Closes and tells the end; returns the exit status. `said` is the result in
 * words; more_json adds the fields of the command, when all went well.
 */
int sp_job_end(struct sp_job *job, const struct sp_error *err, const char *said,
               void (*more_json)(struct sp_json *json, const void *data),
               const void *data);

/* Adds the requests of --request. Reasons: those of sp_requests_read. */
int sp_builder_requests(const struct sp_args *args, struct sp_requests *ret,
                        struct sp_error *err);

/* Takes the options below; false has reported a mistake. */
bool sp_builder_fetch_options(const struct sp_args *args,
                              struct sp_fetch_policy *ret, int *ret_status);

/* For people, on stderr: data is the job. */
void sp_plans_show(void *data, const struct sp_delivered *plans);
/* For programs: the field "plans". */
void sp_plans_json(struct sp_json *json, const struct sp_delivered *plans);

/* The carriers that have the capability, for --help. */
void sp_help_carriers(FILE *out, const char *operand, unsigned cap);

int sp_cmd_build(const struct sp_args *args);
int sp_cmd_check(const struct sp_args *args);
int sp_cmd_send(const struct sp_args *args);
int sp_cmd_devices(const struct sp_args *args);
void sp_help_build(FILE *out);
void sp_help_check(FILE *out);
void sp_help_send(FILE *out);
void sp_help_devices(FILE *out);
extern const struct sp_option sp_build_options[];
extern const struct sp_option sp_send_options[];
extern const struct sp_option sp_check_options[];

#define SP_BUILDER_FETCH_OPTIONS                                               \
    {"cache-dir", 0, SP_OPTION_TEXT, "DIR",                                    \
     "where downloads are kept (~/.cache/sallyport)"},                         \
        {"cacert", 0, SP_OPTION_TEXT, "FILE",                                  \
         "certificates to trust instead of the system's"},                     \
        {"proxy", 0, SP_OPTION_TEXT, "URL",                                    \
         "proxy to use instead of the environment's; '' for none"},            \
        {"allow-http", 0, SP_OPTION_FLAG, NULL,                                \
         "take http addresses where nothing proves what comes"},               \
        {"tries", 0, SP_OPTION_TEXT, "N", "tries for each file (6)"},          \
        {"connect-timeout", 0, SP_OPTION_TEXT, "SECONDS",                      \
         "time to reach a server (10)"},                                       \
        {"low-speed-time", 0, SP_OPTION_TEXT, "SECONDS",                       \
         "give up a transfer that is below 1 kB/s for so long (30)"},          \
        {"timeout", 0, SP_OPTION_TEXT, "SECONDS",                              \
         "time for all downloads together (21600)"},                           \
    {                                                                          \
        "max-file-size", 0, SP_OPTION_TEXT, "BYTES",                           \
            "largest file to take; K, M and G are powers of 1024 (8G)"         \
    }

#endif
