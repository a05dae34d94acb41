/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What doctor finds on machines that are not fit, and what it makes of acts
 * that end in another way than they must. It looks for our programs beside
 * itself: this one goes on as a copy, beside a stand-in for sallyport-escape.
 */
#include <errno.h>
#include <limits.h>
#include <sys/file.h>
#include <time.h>

#include "ingest/doctor.h"
#include "tests/unit/repository.h"

static struct sp_error err;
static char here[PATH_MAX]; /* where the copy lies */
static struct sp_finding findings[256];
static size_t n_findings;

static void
keep(void *data, const struct sp_finding *finding)
{
    (void)data;
    if (n_findings < sizeof(findings) / sizeof(*findings))
        findings[n_findings++] = *finding;
}

/* The finding about this, as "STATE: RESULT"; the last when there are more. */
static const char *
found(const char *what)
{
    static const char *const states[] = {"bad", "good", "note"};
    static char text[256];

    (void)snprintf(text, sizeof(text), "(nothing is found)");
    for (size_t i = 0; i < n_findings; i++)
        if (strcmp(findings[i].what, what) == 0)
            (void)snprintf(text, sizeof(text), "%s: %s",
                           states[findings[i].state], findings[i].result);
    return text;
}

/* ---- acts ---- */

/* sallyport-escape lists the acts of the jail unpack with these lines of shell,
 * and an act is these lines. */
static void
doctor_with(const char *lists, const char *acts)
{
    char path[PATH_MAX];
    FILE *out;

    (void)snprintf(path, sizeof(path), "%.4000s/sallyport-escape", here);
    (void)unlink(path);
    out = fopen(path, "we");
    if (!out) {
        tap_ok(false, "writing '%s'", path);
        return;
    }
    (void)fprintf(out,
                  "#!/bin/sh\nif [ \"$1\" = --list ]; then\n"
                  "[ \"$2\" = unpack ] || exit 0\n%s\nexit\nfi\n%s\n",
                  lists, acts);
    (void)fchmod(fileno(out), 0700);
    (void)fclose(out);
    n_findings = 0;
    memset(&err, 0, sizeof(err));
    (void)sp_doctor(NULL, true, keep, NULL, &err);
}

/* What is found about an act that must end so and does this. */
static const char *
act(const char *must, unsigned error, const char *does)
{
    char lists[128];

    (void)snprintf(lists, sizeof(lists),
                   "printf 'act\\t%s\\t%u\\tto act\\tit must\\n'", must, error);
    doctor_with(lists, does);
    return found("to act");
}

static void
test_acts(void)
{
    static const struct {
        const char *must;
        unsigned error;
        const char *does, *finding, *word;
    } rows[] = {
        {"killed", 0, "kill -SYS $$", "good: ended by the kernel", ""},
        {"ended", 0, "kill -SYS $$", "good: ended by the kernel", ""},
        {"ended", 0, "kill -SEGV $$",
         "good: ended by the processor: it has no such gate", ""},
        {"refused", 0, "exit 1", "good: refused: Operation not permitted", ""},
        {"refused", 0, "exit 13", "good: refused: Permission denied", ""},
        {"refused", 0, "exit 38", "good: refused: Function not implemented",
         ""},
        {"refused", 2, "exit 2", "good: refused: No such file or directory",
         ""},
        {"granted", 0, "exit 0", "good: allowed: it must", ""},
        {"stopped", 0, "printf b >&3; exec sleep 30",
         "good: stopped: ended by its parent; processes: 1", ""},
        {"stopped", 0, "printf b >&3; sh -c 'printf b >&3; sleep 30' & wait",
         "good: stopped: ended by its parent; processes: 2", ""},
        {"stopped", 0, "printf b >&3; exit 0", "bad: it got through", "escape"},
        {"stopped", 0, "exit 1",
         "bad: must be stopped, but: Operation not permitted", "sandbox"},
        {"stopped", 0, "exec sleep 30 3>&-", "bad: did not begin", "sandbox"},
        {"killed", 0, "exit 0", "bad: it got through", "escape"},
        {"ended", 0, "exit 0", "bad: it got through", "escape"},
        {"refused", 0, "exit 0", "bad: it got through", "escape"},
        {"refused", 0, "exit 2",
         "bad: must be refused, but: No such file or directory", "sandbox"},
        {"refused", 2, "exit 1",
         "bad: must be refused, but: Operation not permitted", "sandbox"},
        {"killed", 0, "exit 1",
         "bad: must be killed, but: Operation not permitted", "sandbox"},
        {"granted", 0, "exit 1",
         "bad: must be granted, but: Operation not permitted", "sandbox"},
        {"killed", 0, "kill -SEGV $$",
         "bad: must be killed, but ended with status -1, signal 11", "sandbox"},
        {"refused", 0, "kill -SYS $$",
         "bad: must be refused, but ended with status -1, signal 31",
         "sandbox"},
        {"refused", 0, "exit 200",
         "bad: must be refused, but ended with status 200, signal 0",
         "sandbox"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        tap_is_str(act(rows[i].must, rows[i].error, rows[i].does),
                   rows[i].finding, "must be %s, does '%s'", rows[i].must,
                   rows[i].does);
        tap_is_str(err.detail, rows[i].word, "the word of it");
    }
}

static void
test_lists(void)
{
    static const char *const bad[] = {
        "echo act",
        "printf 'act\\tkilled\\t0\\tto act\\n'",
        "printf 'act\\tkilled\\tx\\tto act\\twhy\\n'",
        "printf 'act\\tkilled\\t-1\\tto act\\twhy\\n'",
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        doctor_with(bad[i], "exit 0");
        tap_is_str(found("list of acts"), "bad: a line is not understood",
                   "list %zu", i);
        tap_is_str(err.detail, "protocol", "its word");
    }
    doctor_with("exit 3", "exit 0");
    tap_ok(strncmp(found("list of acts"), "bad: ", 5) == 0 &&
               strcmp(err.detail, "sandbox") == 0,
           "a list that fails is a fault");
    doctor_with("printf 'act\\tkilled\\t0\\tto act\\twhy\\n'; rm \"$0\"",
                "exit 0");
    tap_ok(strncmp(found("to act"), "bad: ", 5) == 0,
           "so is an act that cannot be started: %s", found("to act"));
    doctor_with("printf 'a\\tkilled\\t0\\tone\\twhy\\n"
                "b\\tkilled\\t0\\tother\\twhy\\n'",
                "exit 0");
    tap_ok(strstr(err.msg, "jail unpack: one: it got through"),
           "the first of two is the fault");
    tap_is_str(found("other"), "bad: it got through", "and both are found");
    tap_ok(sp_doctor(NULL, true, NULL, NULL, NULL) < 0,
           "whether or not somebody hears of it");
}

static void
test_no_battery(void)
{
    char path[PATH_MAX];

    (void)snprintf(path, sizeof(path), "%.4000s/sallyport-escape", here);
    (void)unlink(path);
    n_findings = 0;
    (void)sp_doctor(NULL, true, keep, NULL, &err);
    tap_ok(strncmp(found("escape battery"), "bad: program 'sallyport-escape'",
                   31) == 0 ||
               access(SP_LIBEXECDIR "/sallyport/sallyport-escape", X_OK) == 0,
           "jails that cannot be tried are a fault");
    doctor_with("exit 0", "exit 0");
}

/* ---- the machine ---- */

static struct sp_setup setup;
static char keys[PATH_MAX];

static void
look(void)
{
    n_findings = 0;
    memset(&err, 0, sizeof(err));
    (void)sp_doctor(&setup, false, keep, NULL, &err);
}

static void
test_programs(void)
{
    look();
    tap_ok(strncmp(found("sallyport-unpack"), "bad: program 'sallyport-unpack'",
                   31) == 0 ||
               strncmp(found("sallyport-unpack"), "good: ", 6) == 0,
           "a worker that is nowhere: %s", found("sallyport-unpack"));
    tap_ok(strncmp(found("/usr/bin/dnf"), "note: ", 6) == 0 ||
               access("/usr/bin/dnf", X_OK) == 0,
           "dnf need not be there");
}

static void
test_key_files(void)
{
    (void)snprintf(keys, sizeof(keys), "%.4000s/keys", state.repo_path);
    setup.keys_path = keys;
    look();
    tap_is_str(found(keys), "bad: cannot be read", "no keys");
    plant("keys", NULL);
    look();
    tap_is_str(found(keys), "bad: holds no key file", "an empty folder");
    plant("keys/.hidden", "key");
    plant("keys/one", "key");
    look();
    tap_is_str(found(keys), "good: 1 key files", "a key");
    if (symlinkat("nothing", state.repo_fd, "keys/two") < 0)
        tap_ok(false, "a link");
    look();
    tap_is_str(found(keys), "bad: 1 of 2 key files cannot be read",
               "one that leads nowhere");
    (void)snprintf(keys, sizeof(keys), "%.4000s/keys/one", state.repo_path);
    look();
    tap_is_str(found(keys), "good: 1 key files", "a file instead of a folder");
    setup.keys_path = NULL;
    look();
    tap_ok(strcmp(found(SP_DEFAULT_KEYS_PATH), "(nothing is found)") != 0,
           "without a word the keys of the machine are looked at");
}

static void
put_clock(const char *text)
{
    (void)unlinkat(state.state_fd, "clock", 0);
    if (text && sp_path_replace_file(state.state_fd, "clock", text,
                                     strlen(text), 0600, NULL) < 0)
        tap_ok(false, "writing the clock");
}

static void
test_clock(void)
{
    char text[32], want[128];

    look();
    tap_is_str(found("clock"), "good: not behind any signature seen here",
               "nothing was seen");
    put_clock("1\n");
    look();
    tap_is_str(found("clock"), "good: not behind any signature seen here",
               "an old one was seen");
    (void)snprintf(text, sizeof(text), "%lld\n", (long long)time(NULL) + 5000);
    put_clock(text);
    look();
    (void)snprintf(want, sizeof(want),
                   " seconds behind the newest signature seen");
    tap_ok(strncmp(found("clock"), "bad: ", 5) == 0 &&
               strstr(found("clock"), want),
           "one of the future: %s", found("clock"));
    put_clock("soon\n");
    look();
    (void)snprintf(want, sizeof(want), "bad: '%.60s/clock' is damaged",
                   state.state_path);
    tap_is_str(found("clock"), want, "a clock that nobody can read");
    put_clock(NULL);
}

static void
test_state(void)
{
    SP_AUTO_FD other = -1;

    look();
    tap_is_str(found("repository"), "good: no leftovers", "a repository");
    tap_is_str(found(state.state_path), "good: owner and mode 0700 are fine",
               "its state");
    (void)fchmod(state.state_fd, 0770);
    look();
    tap_is_str(found(state.state_path),
               "bad: others may write to it (mode 0770)", "an open state");
    (void)fchmod(state.state_fd, 0700);
    plant("00112233445566778899aabbccddeeff.UNTRUSTED", NULL);
    look();
    tap_is_str(found("repository"),
               "note: holds a quarantine of a run that died", "a dead run");
    other = openat(state.repo_fd, ".lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    (void)flock(other, LOCK_EX | LOCK_NB);
    look();
    tap_is_str(found("repository"), "note: in use right now", "one at work");
    sp_close_fd(&other);
    plant("generations/1/packages", "damaged\n");
    look();
    tap_is_str(found("repository"), "bad: the list of a generation is damaged",
               "a damaged one");
    setup.state_dir = "/nowhere/at/all";
    look();
    tap_ok(strncmp(found("directories"), "note: ", 6) == 0,
           "no state is no fault: %s", found("directories"));
    setup.state_dir = keys;
    look();
    tap_ok(strncmp(found("directories"), "bad: ", 5) == 0,
           "a file in its place is: %s", found("directories"));
}

/* Goes on as a copy of itself in a scratch place. */
static int
go_there(void)
{
    SP_AUTO_FREE char *self = realpath("/proc/self/exe", NULL);
    SP_AUTO_FREE char *bytes = NULL;
    char name[] = "test-doctor", path[PATH_MAX];
    char *argv[] = {name, state.state_path, NULL};
    size_t size;

    (void)snprintf(path, sizeof(path), "%.4000s/%s", state.state_path, name);
    if (!self ||
        sp_read_file(AT_FDCWD, self, 256 * 1024 * 1024, &bytes, &size, &err) <
            0 ||
        sp_path_replace_file(state.state_fd, name, bytes, size, 0700, &err) < 0)
        printf("Bail out! %s\n", err.msg);
    (void)execv(path, argv);
    printf("Bail out! no copy of this program\n");
    return 1;
}

int
main(int argc, char **argv)
{
    repository_anew();
    if (argc < 2)
        return go_there();
    (void)snprintf(here, sizeof(here), "%s", argv[1]);
    setup.state_dir = state.state_path;
    setup.policy_path = "/nowhere/policy.conf";
    test_acts();
    test_lists();
    test_no_battery();
    test_programs();
    test_key_files();
    test_clock();
    test_state();
    (void)sp_path_remove_tree(AT_FDCWD, here, NULL);
    repository_gone();
    return tap_done();
}
