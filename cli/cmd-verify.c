/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sallyport verify: one line of fixed form for each package file. */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/text.h"
#include "bundle/rpm.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "cli/present.h"
#include "cli/render-json.h"
#include "cli/result.h"
#include "ingest/verifier.h"

/*
 * The name of the first member, with its NUL: how every bundle begins. This
 * only chooses a hint, nothing is decided by it.
 */
static const char bundle_begin[] = "MANIFEST";

static bool
looks_like_bundle(const char *path)
{
    SP_AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    char begin[sizeof(bundle_begin)] = "";

    return fd >= 0 &&
           sp_read_full(fd, begin, sizeof(begin)) == (ssize_t)sizeof(begin) &&
           memcmp(begin, bundle_begin, sizeof(begin)) == 0;
}

static const char *
or_dash(const char *text)
{
    return text[0] ? text : "-";
}

/* Piece by piece: a line without its file is none. */
static void
print_path(const char *path)
{
    char shown[8];

    for (; *path; path++) {
        sp_text_show_bytes(shown, sizeof(shown), path, 1);
        (void)fputs(shown, stdout);
    }
}

static void
print_line(const char *path, const struct sp_error *err,
           const struct sp_package *package)
{
    char nevra[SP_NEVRA_SHOWN_MAX] = "-";
    bool good = err->code == SP_OK;

    if (package)
        sp_present_nevra(nevra, sizeof(nevra), &package->facts.nevra);
    (void)fputs(good ? "accept\t" : "refuse\t", stdout);
    print_path(path);
    (void)printf("\t%s\t%s\t%s\t%s\n", good ? "-" : sp_code_word(err->code),
                 or_dash(err->detail), nevra,
                 package ? or_dash(package->primary_fpr) : "-");
}

static void
render_file(struct sp_json *json, const char *path, const struct sp_error *err,
            const struct sp_package *package)
{
    const struct sp_package nothing = {0};
    struct sp_package shown = package ? *package : nothing;

    shown.error = *err;
    sp_json_open_object(json, NULL);
    sp_json_string(json, "file", path);
    sp_render_package(json, &shown);
    sp_json_close_object(json);
}

struct run {
    const struct sp_args *args;
    struct sp_setup setup;
    struct sp_verifier *verifier;
    struct sp_voice voice;
    struct sp_json json;
    struct sp_error first; /* refused; code SP_OK while there is none */
};

static void
tell(struct run *run, const char *path, const struct sp_outcome *o)
{
    const struct sp_package *package = o->n_packages > 0 ? o->packages : NULL;
    const struct sp_error *err = &o->error;

    if (run->voice.json)
        render_file(&run->json, path, err, package);
    else if (err->code != SP_OK || !run->voice.quiet)
        print_line(path, err, package);
}

static void
verify_one(struct run *run, const char *path)
{
    struct sp_outcome outcome = {0};
    struct sp_error *err = &outcome.error;
    char shown[SP_SHOWN_MAX];

    sp_verifier_file(run->verifier, path, &outcome);
    if (err->code == SP_E_FORMAT && looks_like_bundle(path)) {
        sp_text_show(shown, sizeof(shown), path);
        (void)sp_fail(err, "not-rpm",
                      "'%s' is a bundle; look at it with 'sallyport inspect'",
                      shown);
    }
    tell(run, path, &outcome);
    if (err->code != SP_OK && !run->voice.json)
        (void)fprintf(stderr, "sallyport verify: %s\n", err->msg);
    if (run->first.code == SP_OK)
        run->first = *err;
    sp_outcome_release(&outcome);
}

int
sp_cmd_verify(const struct sp_args *args)
{
    struct run run = {.args = args};
    bool opened;

    sp_options_setup(args, &run.setup);
    sp_options_voice(args, &run.voice);
    if (run.voice.json) {
        sp_result_json_open(&run.json, args);
        sp_json_open_array(&run.json, "files");
    }
    opened = sp_verifier_open(&run.setup, &run.verifier, &run.first) == 0;
    for (size_t i = 0; opened && i < args->n_operands; i++) {
        verify_one(&run, args->operands[i]);
        if (!run.voice.json)
            (void)fflush(stdout);
    }
    sp_verifier_close(run.verifier);
    if (run.voice.json) {
        sp_json_close_array(&run.json);
        sp_result_json_close(&run.json, &run.first, SP_NOTHING_CHANGED);
    } else if (!opened) {
        sp_result_fault(args, &run.first, SP_NOTHING_CHANGED);
    } else if (run.first.code != SP_OK) {
        sp_result_next(args, &run.first, SP_NOTHING_CHANGED);
    }
    return (int)run.first.code;
}
