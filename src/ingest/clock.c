/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ingest/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/path.h"
#include "base/text.h"
#include "ingest/keytable.h"

enum {
    DAY = 86400,
    /* Machines lie in a drawer for months; keys are renewed each year. */
    LEAP = 366 * DAY,
    DATE_MAX = 32,
};

/* False when the file is there and holds no time, or less than one. */
static bool
read_known(const struct sp_state *state, uint64_t *ret)
{
    SP_AUTO_FREE char *text = NULL;
    struct sp_error why = {0};
    size_t size;

    *ret = 0;
    if (sp_read_file(state->state_fd, "clock", 64, &text, &size, &why) < 0)
        return why.sys == ENOENT;
    return size > 0 && text[size - 1] == '\n' &&
           sp_text_u64_len(text, size - 1, INT64_MAX, ret);
}

static int
damaged(const struct sp_state *state, struct sp_error *err)
{
    return sp_fail(err, "state", "'%s/clock' is damaged", state->state_path);
}

uint64_t
sp_clock_known(const struct sp_state *state)
{
    uint64_t stored;

    (void)read_known(state, &stored);
    return stored;
}

int
sp_clock_read(const struct sp_state *state, uint64_t *ret, struct sp_error *err)
{
    return read_known(state, ret) ? 0 : damaged(state, err);
}

static uint64_t
machine_clock(void)
{
    time_t machine = time(NULL);

    return machine > 0 ? (uint64_t)machine : 0;
}

uint64_t
sp_clock_now(const struct sp_state *state)
{
    uint64_t now = machine_clock();
    uint64_t known = state ? sp_clock_known(state) : 0;

    return now > known ? now : known;
}

int
sp_clock_raise(const struct sp_state *state, uint64_t time,
               struct sp_error *err)
{
    char text[32];
    uint64_t known;

    if (!read_known(state, &known))
        return damaged(state, err);
    if (time <= known)
        return 0;
    (void)snprintf(text, sizeof(text), "%" PRIu64 "\n", time);
    return sp_path_replace_file(state->state_fd, "clock", text, strlen(text),
                                0600, err);
}

static void
show_date(char dst[DATE_MAX], uint64_t when)
{
    time_t seconds = (time_t)when;
    struct tm tm;

    if (!gmtime_r(&seconds, &tm) ||
        strftime(dst, DATE_MAX, "%Y-%m-%d", &tm) == 0)
        (void)snprintf(dst, DATE_MAX, "?");
}

int
sp_clock_check(const struct sp_state *state, struct sp_error *err)
{
    uint64_t known, machine = machine_clock();
    char shows[DATE_MAX], at_least[DATE_MAX];

    if (!read_known(state, &known))
        return damaged(state, err);
    if (machine >= known || known - machine <= DAY)
        return 0;
    show_date(shows, machine);
    show_date(at_least, known);
    return sp_fail(err, "clock",
                   "the clock of this machine shows %s, but a signature of %s "
                   "was verified here before",
                   shows, at_least);
}

int
sp_clock_check_keys(const char *home, struct sp_error *err)
{
    SP_AUTO_FD fd = sp_path_open_dir(AT_FDCWD, home, err);
    uint64_t newest = 0, machine = machine_clock();
    char shows[DATE_MAX], at_least[DATE_MAX];
    struct sp_keytable table = {0};

    if (fd < 0 || sp_keytable_read(fd, &table, err) < 0)
        return -1;
    for (size_t i = 0; i < table.n_keys; i++)
        if (table.keys[i].created > newest)
            newest = table.keys[i].created;
    sp_keytable_release(&table);
    if (machine >= newest || newest - machine <= DAY)
        return 0;
    show_date(shows, machine);
    show_date(at_least, newest);
    return sp_fail(err, "clock",
                   "the clock of this machine shows %s, but one of its keys "
                   "was made on %s",
                   shows, at_least);
}

static bool
is_expiry(const char *detail)
{
    return strcmp(detail, "key-expired") == 0 ||
           strcmp(detail, "sig-expired") == 0;
}

void
sp_clock_blame(const struct sp_state *state, struct sp_error *refusal)
{
    uint64_t known = sp_clock_known(state);
    uint64_t machine = machine_clock();
    char shows[DATE_MAX], last[DATE_MAX];
    struct sp_error was = *refusal;

    if (!is_expiry(was.detail) || known == 0 || machine < known ||
        machine - known <= LEAP)
        return;
    show_date(shows, machine);
    show_date(last, known);
    (void)sp_fail(refusal, "clock",
                  "the clock of this machine shows %s, and nothing newer than "
                  "%s is known here; by that clock %.160s",
                  shows, last, was.msg);
}
