/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/terminal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/banned.h"

enum { USUAL_WIDTH = 80 };

bool
sp_terminal_can_draw(FILE *out)
{
    const char *term = secure_getenv("TERM");

    return isatty(fileno(out)) && term && term[0] != '\0' &&
           strcmp(term, "dumb") != 0;
}

unsigned
sp_terminal_width(FILE *out)
{
    struct winsize size;

    if (ioctl(fileno(out), TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return size.ws_col;
    return USUAL_WIDTH;
}

bool
sp_terminal_color(const char *word, FILE *out)
{
    const char *no_color;

    if (word && strcmp(word, "always") == 0)
        return true;
    if (word && strcmp(word, "never") == 0)
        return false;
    no_color = secure_getenv("NO_COLOR");
    return (!no_color || no_color[0] == '\0') && sp_terminal_can_draw(out);
}
