/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The question before a device is written over, on a terminal of its own. */
#include <pty.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "cli/confirm.h"
#include "tests/unit/tap.h"

static const struct sp_overwrite stick = {
    .path = "/dev/sdz",
    .model = "Some Stick",
    .serial = "A B 1",
    .size = UINT64_C(31900000000),
    .phrase = "A B 1",
};

static void
on_signal(int number)
{
    (void)number;
}

/* In the child: asks, and leaves the word of the outcome behind. */
static void
ask(const struct sp_overwrite *what, int result)
{
    struct sigaction action = {.sa_handler = on_signal};
    struct sp_error err = {0};

    (void)sigaction(SIGTERM, &action, NULL);
    if (sp_confirm_overwrite(what, NULL, &err) == 0)
        (void)snprintf(err.detail, sizeof(err.detail), "yes");
    _exit(write(result, err.detail, sizeof(err.detail)) < 0);
}

/* Reads the terminal until the question stands there. */
static void
read_question(int terminal, char *seen, size_t size)
{
    size_t used = 0;

    while (used + 1 < size && !strstr(seen, "type '")) {
        ssize_t n = read(terminal, seen + used, size - 1 - used);

        if (n <= 0)
            return;
        used += (size_t)n;
        seen[used] = '\0';
    }
    /* What is typed before the wait for it is thrown away. */
    (void)usleep(100000);
}

/* Somebody who asks on a terminal of his own; what a hangup does as well. */
static pid_t
asker(const struct sp_overwrite *what, sighandler_t hangup, int *ret_terminal,
      int *ret_result)
{
    int result[2];
    pid_t pid;

    if (pipe(result) < 0)
        return -1;
    pid = forkpty(ret_terminal, NULL, NULL, NULL);
    if (pid == 0) {
        (void)signal(SIGHUP, hangup);
        ask(what, result[1]);
    }
    (void)close(result[1]);
    *ret_result = result[0];
    return pid;
}

/* The word that he ends with. */
static void
hear(pid_t pid, int result, char word[SP_DETAIL_MAX])
{
    (void)alarm(20);
    if (read(result, word, SP_DETAIL_MAX) < 0)
        word[0] = '\0';
    (void)waitpid(pid, NULL, 0);
    (void)alarm(0);
    (void)close(result);
}

/* typed NULL: a signal in place of an answer. */
static void
answered(const char *typed, const char *want, const char *what)
{
    char seen[2048] = "", word[SP_DETAIL_MAX] = "";
    int terminal = -1, result = -1;
    pid_t pid = asker(&stick, SIG_DFL, &terminal, &result);

    read_question(terminal, seen, sizeof(seen));
    if (typed && write(terminal, typed, strlen(typed)) < 0)
        return;
    if (!typed)
        (void)kill(pid, SIGTERM);
    hear(pid, result, word);
    tap_is_str(word, want, "%s", what);
    tap_ok(strstr(seen, "/dev/sdz") && strstr(seen, "Some Stick") &&
               strstr(seen, "A B 1") && strstr(seen, "31.9 GB") &&
               strstr(seen, "All that is on it will be lost"),
           "%s: what will be lost is shown", what);
    (void)close(terminal);
}

static void
test_given(void)
{
    struct sp_error err = {0};
    struct sp_overwrite loop = stick;

    tap_ok(sp_confirm_overwrite(&stick, "A B 1", &err) == 0, "given");
    tap_ok(sp_confirm_overwrite(&stick, "A B", &err) == -1, "given in part");
    tap_is_str(err.detail, "not-confirmed", "its word");
    tap_ok(sp_confirm_overwrite(&stick, "", &err) == -1, "given as nothing");
    loop.never_asked = true;
    tap_ok(sp_confirm_overwrite(&loop, "A B 1", &err) == 0,
           "one that is never asked for, given");
    tap_ok(sp_confirm_overwrite(&loop, NULL, &err) == -1, "and not given");
    tap_is_str(err.detail, "device-unsafe", "its word");
}

static void
test_no_terminal(void)
{
    int result[2], status = 0;
    char word[SP_DETAIL_MAX] = "";
    pid_t pid;

    if (pipe(result) < 0)
        return;
    pid = fork();
    if (pid == 0) {
        (void)setsid();
        ask(&stick, result[1]);
    }
    (void)waitpid(pid, &status, 0);
    tap_ok(read(result[0], word, sizeof(word)) > 0, "no terminal");
    tap_is_str(word, "not-confirmed", "its word");
    (void)close(result[0]);
    (void)close(result[1]);
}

/* Whoever asks and finds that nobody can see it, or that the line is cut. */
static void
not_asked(const struct sp_overwrite *what, bool cut, const char *part)
{
    char seen[2048] = "", word[SP_DETAIL_MAX] = "";
    int terminal = -1, result = -1;
    pid_t pid = asker(what, SIG_IGN, &terminal, &result);

    if (cut) {
        read_question(terminal, seen, sizeof(seen));
        (void)close(terminal);
    }
    hear(pid, result, word);
    tap_is_str(word, "io", "%s", part);
    tap_ok(!cut || (strstr(seen, "model   unknown") &&
                    strstr(seen, "serial  none")),
           "what is not known is called so");
    if (!cut)
        (void)close(terminal);
}

static void
test_broken(void)
{
    char long_path[1100];
    struct sp_overwrite bare = stick, deep = stick;

    memset(long_path, 'x', sizeof(long_path));
    long_path[sizeof(long_path) - 1] = '\0';
    bare.model = bare.serial = "";
    deep.path = long_path;
    not_asked(&bare, true, "a terminal that is cut off");
    not_asked(&deep, false, "a question that has no room");
}

int
main(void)
{
    test_given();
    test_no_terminal();
    test_broken();
    answered("A B 1\n", "yes", "the serial number");
    answered("A B 2\n", "not-confirmed", "another one");
    answered("y\n", "not-confirmed", "y");
    answered("\n", "not-confirmed", "only Enter");
    answered("\x04", "not-confirmed", "Ctrl-D");
    answered("a b 1\n", "not-confirmed", "the wrong case");
    answered(NULL, "interrupted", "a signal");
    return tap_done();
}
