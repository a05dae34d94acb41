/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ingest/round.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/keep.h"
#include "base/lines.h"
#include "base/lock.h"
#include "base/path.h"
#include "base/text.h"
#include "transports/qubes.h"

enum { OPEN_BYTES_MAX = 64 * 1024, LOCK_TRIES = 4, LOCK_PAUSE_MS = 50 };

static const char lock_name[] = "round.lock";
static const char open_first[] = "round 1";

/* ---- the lock ---- */

/* The service looks whether the lock is held; that takes no time. */
static int
lock_it(int fd)
{
    for (int i = 0; i < LOCK_TRIES; i++) {
        if (flock(fd, LOCK_EX | LOCK_NB) == 0)
            return 0;
        if (errno != EWOULDBLOCK)
            return -1;
        (void)usleep(LOCK_PAUSE_MS * 1000);
    }
    errno = EWOULDBLOCK;
    return -1;
}

static int
take_lock(const struct sp_state *state, int *ret_fd, struct sp_error *err)
{
    SP_AUTO_FD fd = openat(state->state_fd, lock_name,
                           O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    char pid[SP_LOCK_OWNER_MAX];

    if (fd < 0)
        return sp_fail_sys(err, errno, "state", "cannot open '%s/%s'",
                           state->state_path, lock_name);
    if (lock_it(fd) < 0) {
        if (errno != EWOULDBLOCK)
            return sp_fail_sys(err, errno, "state", "cannot lock '%s'",
                               lock_name);
        sp_lock_owner(fd, pid);
        return sp_fail(err, "busy", "process %s is updating this machine",
                       *pid ? pid : "?");
    }
    if (sp_lock_sign(fd) < 0)
        return sp_fail_sys(err, errno, "state", "cannot write '%s'", lock_name);
    *ret_fd = sp_steal_fd(&fd);
    return 0;
}

/* ---- the side that asks ---- */

int
sp_round_take(const struct sp_state *state, struct sp_round_hold *ret,
              struct sp_error *err)
{
    SP_AUTO_FD lock = -1;
    int dir;

    if (take_lock(state, &lock, err) < 0 ||
        sp_path_remove_tree(state->state_fd, "round", err) < 0)
        return -1;
    dir = sp_path_make_dir(state->state_fd, "round", 0700, err);
    if (dir < 0)
        return -1;
    *ret = (struct sp_round_hold){sp_steal_fd(&lock), dir};
    return 0;
}

int
sp_round_open(const struct sp_round_hold *hold, const struct sp_round *round,
              struct sp_error *err)
{
    struct sp_text text = {0};

    sp_text_add(
        &text, "%s\nrequest %s\nqube %s\nstock %d\ndeadline %" PRIu64 "\n",
        open_first, round->id, round->qube, round->stock, round->deadline);
    for (size_t i = 0; i < round->n_allow_new; i++)
        sp_text_add(&text, "allow-new %s\n", round->allow_new[i]);
    return sp_keep_text(hold->dir_fd, "open", &text, err);
}

void
sp_round_shut(const struct sp_round_hold *hold)
{
    (void)unlinkat(hold->dir_fd, "open", 0);
}

void
sp_round_end(const struct sp_state *state, struct sp_round_hold *hold)
{
    if (hold->lock_fd < 0)
        return;
    (void)sp_path_remove_tree(state->state_fd, "round", NULL);
    sp_close_fd(&hold->dir_fd);
    sp_close_fd(&hold->lock_fd);
}

/* ---- the service ---- */

static bool
take_word(struct sp_round *round, const char *key, const char *value)
{
    uint64_t number;

    if (strcmp(key, "request") == 0 && strlen(value) == sizeof(round->id) - 1 &&
        sp_text_is_hex(value, sizeof(round->id) - 1)) {
        memcpy(round->id, value, sizeof(round->id));
        return true;
    }
    if (strcmp(key, "qube") == 0 && sp_qube_name_ok(value, strlen(value))) {
        (void)snprintf(round->qube, sizeof(round->qube), "%s", value);
        return true;
    }
    if (strcmp(key, "stock") == 0 && sp_text_u64(value, 1, &number)) {
        round->stock = number == 1;
        return true;
    }
    if (strcmp(key, "deadline") == 0)
        return sp_text_u64(value, UINT64_MAX, &round->deadline);
    if (strcmp(key, "allow-new") != 0 ||
        round->n_allow_new == SP_ROUND_WORDS_MAX)
        return false;
    round->allow_new[round->n_allow_new++] = value;
    return true;
}

/* Cuts round->text into lines; the words stay where they are. */
static bool
parse_open(struct sp_round *round)
{
    char *rest = round->text;
    char *line = strsep(&rest, "\n");

    if (strcmp(line, open_first) != 0)
        return false;
    while (rest && *rest) {
        line = strsep(&rest, "\n");
        if (!rest || !take_word(round, line, sp_lines_value(line)))
            return false;
    }
    return round->id[0] && round->qube[0] && round->deadline > 0;
}

int
sp_round_find(const struct sp_state *state, struct sp_round *ret,
              bool *ret_found, struct sp_error *err)
{
    struct sp_round round = {0};
    struct sp_error why = {0};
    size_t size;
    int held = sp_lock_is_held(state->state_fd, lock_name);

    *ret_found = false;
    if (held < 0)
        return sp_fail_sys(err, errno, "state", "cannot look at '%s'",
                           lock_name);
    if (held == 0)
        return 0;
    if (sp_read_file(state->state_fd, "round/open", OPEN_BYTES_MAX, &round.text,
                     &size, &why) < 0) {
        if (why.sys == ENOENT)
            return 0;
        if (err)
            *err = why;
        return -1;
    }
    if (strlen(round.text) != size || !parse_open(&round)) {
        sp_round_forget(&round);
        return sp_fail(err, "state", "'round/open' is damaged");
    }
    if (sp_clock_ms() > round.deadline) {
        sp_round_forget(&round);
        return 0;
    }
    *ret = round;
    *ret_found = true;
    return 0;
}

void
sp_round_forget(struct sp_round *round)
{
    free(round->text);
    memset(round, 0, sizeof(*round));
}
