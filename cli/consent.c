/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/consent.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/text.h"
#include "cli/present.h"
#include "cli/table.h"
#include "ingest/engine.h"

enum { WAIT_SECONDS = 30 * 60, LOOK_MS = 200 };

/* Not standard input: that may be the delivery itself. */
static FILE *
open_terminal(void)
{
    int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    FILE *terminal = fd < 0 ? NULL : fdopen(fd, "r+");

    if (!terminal && fd >= 0)
        (void)close(fd);
    return terminal;
}

static void
list(FILE *terminal, const struct sp_package *const *packages, size_t n)
{
    char nevra[SP_TABLE_CELL_MAX], age[SP_PRESENT_TIME_MAX], size[16];
    uint64_t now = (uint64_t)time(NULL);

    (void)fputs("neither installed nor requested:\n", terminal);
    for (size_t i = 0; i < n; i++) {
        const struct sp_package *p = packages[i];

        sp_present_nevra(nevra, sizeof(nevra), &p->facts.nevra);
        sp_present_age(age, now, p->facts.signature_time);
        sp_text_size(size, sizeof(size), p->facts.file_bytes);
        (void)fprintf(terminal,
                      "  %s, signed by %s (age: %s), %s; the builder says: "
                      "%s\n",
                      nevra, p->primary_fpr, age, size,
                      sp_why_word((enum sp_why)p->facts.why));
    }
}

/*
 * Is there an answer in time? A signal that came before the wait does not end
 * it, so that its flag is looked at again and again.
 */
static bool
is_answered(int fd)
{
    struct pollfd one = {.fd = fd, .events = POLLIN};
    int ready = 0;

    for (int ms = 0; ready == 0 && ms < WAIT_SECONDS * 1000; ms += LOOK_MS) {
        if (*sp_engine_stop_flag())
            return false;
        ready = poll(&one, 1, LOOK_MS);
    }
    return ready == 1;
}

/* One line, or nothing in time. */
static bool
says_yes(int fd)
{
    char answer[16] = {0};

    if (!is_answered(fd) || sp_read_some(fd, answer, sizeof(answer) - 1) <= 0)
        return false;
    answer[strcspn(answer, "\r\n")] = '\0';
    return strcasecmp(answer, "y") == 0 || strcasecmp(answer, "yes") == 0;
}

bool
sp_consent_possible(void)
{
    SP_AUTO_FILE *terminal = open_terminal();

    return terminal != NULL;
}

bool
sp_consent_ask(const char *text, const char *question)
{
    SP_AUTO_FILE *terminal = open_terminal();

    if (!terminal)
        return false;
    (void)fprintf(terminal, "%s%s [y/N] ", text ? text : "", question);
    (void)fflush(terminal);
    return says_yes(fileno(terminal));
}

bool
sp_consent_new(const struct sp_package *const *packages, size_t n)
{
    SP_AUTO_FILE *terminal = open_terminal();

    if (!terminal)
        return false;
    list(terminal, packages, n);
    (void)fprintf(terminal, "take %s in? [y/N] ", n == 1 ? "it" : "them");
    (void)fflush(terminal);
    return says_yes(fileno(terminal));
}
