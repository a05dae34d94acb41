/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ingest/verifier.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/path.h"
#include "base/spawn.h"
#include "base/text.h"
#include "ingest/clock.h"
#include "ingest/judge.h"
#include "ingest/keyhome.h"
#include "ingest/quarantine.h"

struct sp_verifier {
    const struct sp_setup *setup;
    struct sp_policy policy;
    struct sp_quarantine scratch;
    char home[4200];
    char messages[4300];
};

static int
open_keys(struct sp_verifier *v, struct sp_error *err)
{
    const struct sp_setup *setup = v->setup;
    SP_AUTO_FD dir = sp_path_make_dir(v->scratch.fd, "keyhome", 0700, err);
    char base[4300];

    if (dir < 0)
        return -1;
    (void)snprintf(base, sizeof(base), "%s/keyhome", v->scratch.path);
    (void)snprintf(v->messages, sizeof(v->messages), "%s/messages",
                   v->scratch.path);
    return sp_keyhome_get(
        dir, base, setup->keys_path ? setup->keys_path : SP_DEFAULT_KEYS_PATH,
        &v->policy, v->home, err);
}

int
sp_verifier_open(const struct sp_setup *setup, struct sp_verifier **ret,
                 struct sp_error *err)
{
    struct sp_verifier *v = calloc(1, sizeof(*v));

    if (!v)
        return sp_fail(err, "no-memory", "no memory to verify with");
    v->setup = setup;
    v->scratch.fd = -1;
    sp_engine_catch_signals();
    sp_quarantine_tidy();
    if (sp_spawn_init(err) < 0 ||
        sp_policy_load(setup->policy_path, &v->policy, err) < 0 ||
        sp_quarantine_scratch(&v->scratch, err) < 0 || open_keys(v, err) < 0) {
        sp_verifier_close(v);
        return -1;
    }
    *ret = v;
    return 0;
}

static int
open_file(const char *path, int *ret_fd, struct sp_error *err)
{
    char shown[SP_SHOWN_MAX];
    struct stat st;

    sp_text_show(shown, sizeof(shown), path);
    *ret_fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (*ret_fd < 0)
        return sp_fail_sys(err, errno, errno == ENOENT ? "not-found" : "io",
                           "cannot open '%s'", shown);
    if (fstat(*ret_fd, &st) < 0)
        return sp_fail_sys(err, errno, "io", "cannot stat '%s'", shown);
    if (!S_ISREG(st.st_mode))
        return sp_fail(err, "io", "'%s' is not a regular file", shown);
    if (st.st_size == 0)
        return sp_fail(err, "empty", "'%s' is empty", shown);
    return 0;
}

static void
judge(struct sp_verifier *v, struct sp_outcome *o)
{
    const struct sp_floor no_floor = {0};
    const struct sp_wanted nothing = {0};
    struct sp_package *p = o->packages;

    if (o->n_packages != 1) {
        (void)sp_fail(&o->error, "disagreement", "one file, %u packages",
                      (unsigned)o->n_packages);
        return;
    }
    if (p->error.code == SP_OK)
        (void)sp_judge_package(v->setup, &v->policy, &no_floor, &nothing, false,
                               p, &p->error);
    o->error = p->error;
    if (p->error.code == SP_OK)
        o->newest_signature = p->facts.signature_time;
    else
        o->refused_index = 1;
}

void
sp_verifier_file(struct sp_verifier *v, const char *path,
                 struct sp_outcome *ret)
{
    SP_AUTO_FD fd = -1;
    struct sp_engine_plan plan = {
        .single = true,
        .medium = true,
        .go_on = true,
        .packages_fd = -1,
        .home = v->home,
        .messages = v->messages,
        .now = sp_clock_now(NULL),
        .ceilings = v->policy.ceilings,
        .deadlines = v->policy.deadlines,
    };

    memset(ret, 0, sizeof(*ret));
    sp_text_show(ret->source, sizeof(ret->source), path);
    if (open_file(path, &fd, &ret->error) < 0)
        return;
    plan.source_fd = fd;
    plan.ceilings.space = SP_MAX_BUNDLE_BYTES;
    if (sp_engine_run(&plan, ret, &ret->error) == 0)
        judge(v, ret);
}

void
sp_verifier_close(struct sp_verifier *v)
{
    if (v && v->scratch.fd >= 0)
        sp_quarantine_destroy(&v->scratch);
    free(v);
}
