/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/confirm.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/text.h"

enum { ANSWER_MAX = 256 };

static int
compare_given(const struct sp_overwrite *what, const char *given,
              struct sp_error *err)
{
    char shown[SP_SHOWN_MAX];

    if (strcmp(given, what->phrase) == 0)
        return 0;
    sp_text_show(shown, sizeof(shown), given);
    return sp_fail(err, "not-confirmed",
                   "--yes-really says '%s', but '%s' is '%s'", shown,
                   what->path, what->phrase);
}

static int
show_question(int terminal, const struct sp_overwrite *what,
              struct sp_error *err)
{
    char text[1024], size[16];
    int n;

    sp_text_size(size, sizeof(size), what->size);
    n = snprintf(text, sizeof(text),
                 "This device will be written over. All that is on it will "
                 "be lost.\n"
                 "  device  %s\n"
                 "  model   %s\n"
                 "  serial  %s\n"
                 "  size    %s\n"
                 "To go on, type '%s': ",
                 what->path, *what->model ? what->model : "unknown",
                 *what->serial ? what->serial : "none", size, what->phrase);
    if ((size_t)n >= sizeof(text) ||
        sp_write_full(terminal, text, (size_t)n) < 0)
        return sp_fail_sys(err, errno, "io", "cannot ask on the terminal");
    return 0;
}

/* One line; a signal ends the wait. */
static int
read_answer(int terminal, char answer[ANSWER_MAX], struct sp_error *err)
{
    ssize_t n;

    /* What was typed before the question is no answer to it. */
    (void)tcflush(terminal, TCIFLUSH);
    n = read(terminal, answer, ANSWER_MAX - 1);
    if (n < 0 && errno == EINTR)
        return sp_fail(err, "interrupted", "stopped at the question");
    if (n < 0)
        return sp_fail_sys(err, errno, "io", "cannot read the terminal");
    answer[n] = '\0';
    answer[strcspn(answer, "\n")] = '\0';
    return 0;
}

int
sp_confirm_overwrite(const struct sp_overwrite *what, const char *given,
                     struct sp_error *err)
{
    SP_AUTO_FD terminal = -1;
    char answer[ANSWER_MAX] = "";

    if (given)
        return compare_given(what, given, err);
    if (what->never_asked)
        return sp_fail(err, "device-unsafe",
                       "'%s' is no stick: it is written only with "
                       "--yes-really=%s",
                       what->path, what->phrase);
    terminal = open("/dev/tty", O_RDWR | O_CLOEXEC);
    if (terminal < 0)
        return sp_fail(err, "not-confirmed",
                       "there is no terminal to ask on: '%s' is written "
                       "without one only with --yes-really=SERIAL",
                       what->path);
    if (show_question(terminal, what, err) < 0 ||
        read_answer(terminal, answer, err) < 0)
        return -1;
    if (strcmp(answer, what->phrase) != 0)
        return sp_fail(err, "not-confirmed",
                       "what was typed is not '%s', so that '%s' is left alone",
                       what->phrase, what->path);
    return 0;
}
