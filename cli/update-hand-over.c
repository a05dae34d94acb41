/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/update-hand-over.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/spawn.h"
#include "cli/result.h"

enum { PATH_BYTES = 4096, NOT_STARTED = 127 };

static int
missing(const struct sp_args *args, const struct sp_error *err)
{
    sp_result_fault(args, err, SP_NOTHING_CHANGED);
    return (int)err->code;
}

/* With the person's own environment: it is his program, not ours. */
static int
run(const char *path, const char *const *argv)
{
    int status;
    pid_t pid;

    (void)fflush(stdout);
    pid = fork();
    if (pid == 0) {
        /* execv takes pointers to non-const and does not write there. */
        (void)execv(path, (char *const *)(uintptr_t)argv);
        _exit(NOT_STARTED);
    }
    while (pid > 0 && waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return SP_E_INTERNAL;
    if (pid < 0)
        return SP_E_INTERNAL;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int
sp_hand_over_template(const struct sp_args *args,
                      const struct sp_update_words *words, const char *name)
{
    SP_AUTO_FREE const char **argv = NULL;
    struct sp_error err = {0};
    char path[PATH_BYTES];
    size_t n = 0;

    if (sp_spawn_find_tool("qvm-template", path, sizeof(path), &err) < 0)
        return missing(args, &err);
    argv = calloc(words->templates.n + 4, sizeof(*argv));
    if (!argv)
        return SP_E_INTERNAL;
    argv[n++] = "qvm-template";
    argv[n++] = words->action ? words->action : "install";
    for (size_t i = 0; i < words->templates.n; i++)
        argv[n++] = words->templates.word[i];
    argv[n++] = name;
    return run(path, argv);
}

/* TERMINAL -e sudo PROGRAM WORDS, without --gui. */
static int
open_window(const struct sp_args *args, const char *terminal, const char *path,
            const char *self)
{
    SP_AUTO_FREE const char **argv =
        calloc((size_t)args->argc + 5, sizeof(*argv));
    size_t n = 0;

    if (!argv)
        return SP_E_INTERNAL;
    argv[n++] = terminal;
    argv[n++] = "-e";
    argv[n++] = "sudo";
    argv[n++] = self;
    for (int i = 1; i < args->argc; i++)
        if (strcmp(args->argv[i], "--gui") != 0)
            argv[n++] = args->argv[i];
    return run(path, argv);
}

int
sp_hand_over_gui(const struct sp_args *args)
{
    static const char *const terminals[] = {"xfce4-terminal", "konsole",
                                            "gnome-terminal", "xterm"};
    static const char *const refresh[] = {"pkcon", "refresh", "force", NULL};
    struct sp_error err = {0};
    char path[PATH_BYTES], self[PATH_BYTES];
    ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
    int status;

    self[len > 0 ? len : 0] = '\0';
    for (size_t i = 0; i < sizeof(terminals) / sizeof(*terminals); i++) {
        if (sp_spawn_find_tool(terminals[i], path, sizeof(path), NULL) < 0)
            continue;
        status = open_window(args, terminals[i], path, self);
        if (sp_spawn_find_tool("pkcon", path, sizeof(path), NULL) == 0)
            (void)run(path, refresh);
        return status;
    }
    (void)sp_fail(&err, "not-found",
                  "there is no terminal window to update in (xfce4-terminal, "
                  "konsole, gnome-terminal, xterm)");
    return missing(args, &err);
}

void
sp_hand_over_restart(void)
{
    static const char *const argv[] = {"systemctl", "reboot", NULL};
    char path[PATH_BYTES];

    if (sp_spawn_find_tool("systemctl", path, sizeof(path), NULL) == 0)
        (void)run(path, argv);
}
