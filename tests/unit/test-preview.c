/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a person is shown in words that are not ours: changelogs, dnf's plan. */
#include <signal.h>

#include "base/spawn.h"
#include "ingest/changelog.h"
#include "ingest/dnf-plan.h"
#include "ingest/engine.h"
#include "tests/unit/repository.h"

enum { MANY = 20 };

static struct sp_error err;
static char tools[4352], scratch[4352], keys[4352];

/* ---- dnf's plan ---- */

static int
plan(const char *lines, char **ret)
{
    static const char *const arguments[] = {"upgrade", NULL};

    memset(&err, 0, sizeof(err));
    *ret = NULL;
    plant_tool(tools, "dnf", lines);
    return sp_dnf_plan(arguments, state.repo_path, keys, scratch, ret, &err);
}

static void
plant_key(const char *name)
{
    char path[64];

    (void)snprintf(path, sizeof(path), "keys/%s", name);
    plant(path, "a key");
}

static void
test_plan(void)
{
    char *text = NULL;
    char want[4600];

    tap_ok(plan("echo 'install a'; printf 'b\\033[2J\\n'; echo why >&2; exit 1",
                &text) == 0,
           "dnf ends with 1 when nobody agrees");
    tap_is_str(text, "install a\nb\\x1b[2J\nwhy\n",
               "what it prints is made printable");
    free(text);
    tap_ok(plan("exit 0", &text) == 0, "it may print nothing");
    tap_is_str(text, "", "which is a plan too");
    free(text);
    tap_ok(plan("exit 2", &text) < 0 && !text, "2 is a fault");
    tap_is_str(err.detail, "io", "its reason");
    tap_ok(plan(NULL, &text) < 0 && !text, "so is no dnf");
    tap_is_str(err.detail, "not-found", "its reason");
    tap_ok(plan("yes 'a line of dnf' | head -n 40000", &text) == 0,
           "a long plan");
    tap_ok(text && strlen(text) < 300000 &&
               strstr(text, "\n... the rest is not shown\n"),
           "is cut, and says so");
    free(text);
    (void)snprintf(want, sizeof(want), "--setopt=cachedir=%s\n", scratch);
    tap_ok(plan("printf '%s\\n' \"$@\"", &text) == 0 && strstr(text, want) &&
               strstr(text, "--assumeno\n--disablerepo=*\n") &&
               strstr(text, "\nupgrade\n"),
           "how it is called");
    free(text);
}

static void
test_plan_keys(void)
{
    char *text = NULL;
    char want[9000];

    plant_key(".hidden");
    plant_key("a,b");
    plant_key("a b");
    plant_key("one.asc");
    tap_ok(plan("printf '%s\\n' \"$@\"", &text) == 0, "a folder of keys");
    (void)snprintf(want, sizeof(want),
                   "--setopt=sallyport.gpgkey=file://%s/one.asc\n", keys);
    tap_ok(text && strstr(text, want),
           "without what is hidden, and what dnf would cut in two");
    free(text);
    plant_key("two.asc");
    tap_ok(plan("printf '%s\\n' \"$@\"", &text) == 0 &&
               strstr(text, ".asc,file://") && strstr(text, "/two.asc"),
           "each of them");
    free(text);
    (void)snprintf(keys, sizeof(keys), "%.4000s/keys/one.asc", state.repo_path);
    (void)snprintf(want, sizeof(want), "--setopt=sallyport.gpgkey=file://%s\n",
                   keys);
    tap_ok(plan("printf '%s\\n' \"$@\"", &text) == 0 && strstr(text, want),
           "a file of keys");
    free(text);
    (void)snprintf(keys, sizeof(keys), "%.4000s/none", state.repo_path);
    tap_ok(plan("exit 0", &text) < 0 && !text, "no keys at all");
    tap_is_str(err.detail, "io", "the reason");
}

static void
test_plan_arguments(void)
{
    const char *arguments[80] = {NULL};
    char *text = NULL;

    (void)snprintf(keys, sizeof(keys), "%.4000s/keys", state.repo_path);
    plant_tool(tools, "dnf", "printf '%s\\n' \"$@\"");
    for (size_t i = 0; i < 60; i++)
        arguments[i] = "word";
    memset(&err, 0, sizeof(err));
    tap_ok(sp_dnf_plan(arguments, state.repo_path, keys, scratch, &text, &err) <
                   0 &&
               !text,
           "more words than there is room for");
    tap_is_str(err.detail, "usage", "the reason");
    arguments[51] = NULL;
    tap_ok(sp_dnf_plan(arguments, state.repo_path, keys, scratch, &text,
                       &err) == 0 &&
               strstr(text, "sallyport.gpgkey="),
           "as many as there is room for, and the keys");
    free(text);
}

/* ---- changelogs that rpm does not read ---- */

/* n packages of which none is there. */
static int
read_changes(size_t n, char **ret, struct sp_error *ret_err)
{
    static struct sp_package packages[MANY];
    struct sp_outcome outcome = {.packages = packages, .n_packages = n};
    char folder[4352];

    memset(packages, 0, sizeof(packages));
    for (size_t i = 0; i < n; i++) {
        struct sp_nevra *nevra = &packages[i].facts.nevra;

        (void)snprintf(nevra->name, sizeof(nevra->name), "p%zu", i);
        (void)snprintf(nevra->version, sizeof(nevra->version), "2");
        (void)snprintf(nevra->release, sizeof(nevra->release), "1");
        (void)snprintf(nevra->arch, sizeof(nevra->arch), "noarch");
        (void)snprintf(packages[i].old_evr, sizeof(packages[i].old_evr),
                       "0:1-1");
    }
    if (n == 1) { /* more than a file name holds */
        memset(packages[0].facts.nevra.name, 'a', SP_NAME_MAX);
        memset(packages[0].facts.nevra.version, '1', SP_VERSION_MAX);
    }
    if (n > 1)
        packages[1].old_evr[0] = '\0'; /* a new one: all is new in it */
    (void)snprintf(folder, sizeof(folder), "%.4000s/rpm", state.repo_path);
    *ret = NULL;
    return sp_changelog_read(&outcome, folder, scratch, ret, ret_err);
}

static void
test_unread(void)
{
    char *text = NULL;

    plant("rpm", NULL);
    tap_ok(read_changes(0, &text, &err) == 0, "no package");
    tap_is_str(text, "", "nothing is new");
    free(text);
    tap_ok(read_changes(3, &text, &err) == 0, "files that rpm cannot read");
    tap_is_str(text,
               "p0 0:1-1 -> 2-1:\n  its changelog could not be read\n"
               "p2 0:1-1 -> 2-1:\n  its changelog could not be read\n",
               "are named, those that replace something");
    free(text);
    tap_ok(read_changes(1, &text, &err) == 0 &&
               strstr(text, "its changelog could not be read"),
           "so is one whose file has no name");
    free(text);
    memset(&err, 0, sizeof(err));
    tap_ok(read_changes(MANY, &text, &err) < 0 && !text,
           "so many that it is rpm that does not work");
    tap_is_str(err.detail, "io", "the reason");
    tap_ok(read_changes(MANY, &text, NULL) < 0 && !text,
           "whether or not somebody hears of it");
}

static void
test_interrupted(void)
{
    char *text = NULL;

    sp_engine_catch_signals();
    (void)raise(SIGTERM);
    memset(&err, 0, sizeof(err));
    tap_ok(read_changes(3, &text, &err) < 0 && !text,
           "a signal ends the reading");
    tap_is_str(err.detail, "interrupted", "the reason");
    tap_ok(plan("sleep 100", &text) < 0 && !text, "and the plan");
    tap_is_str(err.detail, "interrupted", "the reason");
}

int
main(void)
{
    repository_anew();
    (void)snprintf(tools, sizeof(tools), "%s/tools", state.state_path);
    (void)snprintf(scratch, sizeof(scratch), "%s/scratch", state.state_path);
    (void)snprintf(keys, sizeof(keys), "%.4000s/keys", state.repo_path);
    if (mkdirat(state.state_fd, "tools", 0700) < 0 ||
        mkdirat(state.state_fd, "scratch", 0700) < 0)
        printf("Bail out! no folders\n");
    plant("keys", NULL);
    sp_spawn_tool_path(tools);
    test_plan();
    test_plan_keys();
    test_plan_arguments();
    if (access("/usr/bin/rpm", X_OK) == 0)
        test_unread();
    test_interrupted();
    repository_gone();
    return tap_done();
}
