/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ingest/pending.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/keep.h"
#include "base/lines.h"
#include "base/path.h"
#include "base/text.h"
#include "bundle/rpm.h"
#include "ingest/clock.h"

enum { PENDING_BYTES_MAX = 4 * 1024 * 1024 };

static const char first_line[] = "pending 1";

static int
open_pending(const struct sp_state *state, struct sp_error *err)
{
    return sp_path_make_dir(state->state_fd, "pending", 0700, err);
}

/* ---- writing ---- */

/* The db is sorted: the versions of a name stand together. */
static void
add_names(struct sp_text *text, const struct sp_rpmdb *db)
{
    struct sp_floor highest = {0};

    for (size_t i = 0; i < db->n; i++)
        if (sp_floor_raise(&highest, &db->packages[i].nevra, false, NULL) < 0)
            text->failed = true;
    for (size_t i = 0; i < highest.n; i++)
        sp_text_add(text, "name %s %" PRIu32 ":%s-%s\n",
                    highest.entries[i].name, highest.entries[i].epoch,
                    highest.entries[i].version, highest.entries[i].release);
    sp_floor_release(&highest);
}

int
sp_pending_add(const struct sp_state *state, const char *id,
               enum sp_action action, const struct sp_words *specs,
               const struct sp_words *exclude, const struct sp_rpmdb *db,
               struct sp_error *err)
{
    struct sp_text text = {0};
    SP_AUTO_FD dir = open_pending(state, err);

    if (dir < 0)
        return -1;
    sp_text_add(&text, "%s\ncreated %" PRIu64 "\naction %s\n", first_line,
                sp_clock_now(state), sp_action_word(action));
    for (size_t i = 0; i < specs->n; i++)
        sp_text_add(&text, "spec %s\n", specs->word[i]);
    for (size_t i = 0; i < exclude->n; i++)
        sp_text_add(&text, "exclude %s\n", exclude->word[i]);
    add_names(&text, db);
    return sp_keep_text(dir, id, &text, err);
}

int
sp_pending_remove(const struct sp_state *state, const char *id,
                  struct sp_error *err)
{
    SP_AUTO_FD dir = openat(state->state_fd, "pending",
                            O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

    if (dir < 0 && errno == ENOENT)
        return 0;
    if (dir < 0 || (unlinkat(dir, id, 0) < 0 && errno != ENOENT))
        return sp_fail_sys(err, errno, "state", "cannot remove 'pending/%s'",
                           id);
    return sp_path_sync_dir(dir, err);
}

/* ---- reading ---- */

static int
damaged(const char *id, unsigned line, struct sp_error *err)
{
    return sp_fail(err, "state", "'pending/%s' is damaged at line %u", id,
                   line);
}

static bool
too_old(const struct sp_state *state, uint64_t created)
{
    const uint64_t age = UINT64_C(86400) * SP_PENDING_DAYS;
    uint64_t now = sp_clock_now(state);

    return now > created && now - created > age;
}

/* May what this action names be older than what was here? */
static bool
goes_back(const char *word)
{
    return strcmp(word, sp_action_word(SP_ACTION_DOWNGRADE)) == 0 ||
           strcmp(word, sp_action_word(SP_ACTION_REINSTALL)) == 0;
}

/* "NAME EVR" */
static bool
add_installed(struct sp_wanted *wanted, char *value)
{
    const char *evr = sp_lines_value(value);

    return sp_floor_take(&wanted->installed, value, evr, NULL) == 0;
}

static bool
follows(const char *action)
{
    return strcmp(action, sp_action_word(SP_ACTION_DISTRO_SYNC)) == 0;
}

static bool
updates_all(const char *action)
{
    return strcmp(action, sp_action_word(SP_ACTION_UPGRADE)) == 0 ||
           follows(action);
}

/* One pending request into *wanted; *ret_created is always read. */
static int
parse_pending(const char *id, const char *text, size_t size,
              struct sp_wanted *wanted, uint64_t *ret_created,
              struct sp_error *err)
{
    struct sp_lines lines = {.text = text, .size = size};
    char line[SP_LINE_MAX];
    bool bad = false, dated = false, older = false, all = false;
    bool sync = false;

    if (!sp_lines_next(&lines, line, &bad) || strcmp(line, first_line) != 0)
        return damaged(id, 1, err);
    while (sp_lines_next(&lines, line, &bad)) {
        char *value = sp_lines_value(line);
        bool held = true;

        if (strcmp(line, "created") == 0)
            dated = sp_text_u64(value, UINT64_MAX, ret_created);
        else if (strcmp(line, "name") == 0)
            held = add_installed(wanted, value);
        else if (strcmp(line, "exclude") == 0)
            held = sp_wordlist_add(&wanted->excludes, value);
        else if (strcmp(line, "spec") == 0) {
            all = false;
            held = sp_wordlist_add(&wanted->specs, value) &&
                   (!older || sp_wordlist_add(&wanted->older, value)) &&
                   (!sync || sp_wordlist_add(&wanted->synced, value));
        } else if (strcmp(line, "action") == 0) {
            older = goes_back(value);
            all = updates_all(value);
            sync = follows(value);
        } else
            return damaged(id, lines.number, err);
        if (!held)
            return damaged(id, lines.number, err);
    }
    if (bad || !dated)
        return damaged(id, lines.number, err);
    wanted->all = wanted->all || all;
    wanted->sync = wanted->sync || (all && sync);
    return 0;
}

/* Success with *ret_found false when it is not pending, or too old. */
static int
load_one(const struct sp_state *state, int dir, const char *id,
         struct sp_wanted *wanted, bool *ret_found, struct sp_error *err)
{
    SP_AUTO_FREE char *text = NULL;
    struct sp_error why = {0};
    uint64_t created = 0;
    size_t size;

    *ret_found = false;
    if (sp_read_file(dir, id, PENDING_BYTES_MAX, &text, &size, &why) < 0) {
        if (why.sys == ENOENT)
            return 0;
        if (err)
            *err = why;
        return -1;
    }
    if (parse_pending(id, text, size, wanted, &created, err) < 0)
        return -1;
    *ret_found = !too_old(state, created);
    return 0;
}

void
sp_pending_expire(const struct sp_state *state)
{
    SP_AUTO_DIR *dir = sp_path_list(state->state_fd, "pending");
    const struct dirent *entry;
    int fd = dir ? dirfd(dir) : -1;

    while (dir && (entry = readdir(dir)) != NULL) {
        struct sp_wanted ignored = {0};
        bool found;

        if (entry->d_name[0] == '.')
            continue;
        if (load_one(state, fd, entry->d_name, &ignored, &found, NULL) == 0 &&
            !found)
            (void)unlinkat(fd, entry->d_name, 0);
        sp_wanted_release(&ignored);
    }
}

int
sp_wanted_load(const struct sp_state *state, char (*ids)[33], uint64_t n,
               struct sp_wanted *ret, struct sp_error *err)
{
    SP_AUTO_FD dir = sp_path_open_dir(state->state_fd, "pending", NULL);
    struct sp_wanted wanted = {0};

    for (uint64_t i = 0; dir >= 0 && i < n; i++) {
        struct sp_wanted one = {0};
        bool found;

        /* Read apart: what is too old must leave nothing behind. */
        if (load_one(state, dir, ids[i], &one, &found, err) < 0 ||
            (found && load_one(state, dir, ids[i], &wanted, &found, err) < 0)) {
            sp_wanted_release(&one);
            sp_wanted_release(&wanted);
            return -1;
        }
        sp_wanted_release(&one);
        wanted.pending += found;
    }
    *ret = wanted;
    return 0;
}

void
sp_wanted_release(struct sp_wanted *wanted)
{
    sp_floor_release(&wanted->installed);
    sp_wordlist_release(&wanted->excludes);
    sp_wordlist_release(&wanted->specs);
    sp_wordlist_release(&wanted->older);
    sp_wordlist_release(&wanted->synced);
    memset(wanted, 0, sizeof(*wanted));
}

/* ---- matching ---- */

/* The forms in which dnf takes a package (hawkey's list of forms). */
static bool
spec_matches(const char *spec, const struct sp_nevra *n)
{
    char form[SP_NEVRA_SHOWN_MAX];

    for (unsigned i = 0; i < 8; i++) {
        const char *arch = i & 1 ? n->arch : "";
        const char *dot = i & 1 ? "." : "";

        if (i / 2 == 0)
            (void)snprintf(form, sizeof(form), "%s%s%s", n->name, dot, arch);
        else if (i / 2 == 1)
            (void)snprintf(form, sizeof(form), "%s-%s%s%s", n->name, n->version,
                           dot, arch);
        else if (i / 2 == 2)
            (void)snprintf(form, sizeof(form), "%s-%s-%s%s%s", n->name,
                           n->version, n->release, dot, arch);
        else
            (void)snprintf(form, sizeof(form), "%s-%" PRIu32 ":%s-%s%s%s",
                           n->name, n->epoch, n->version, n->release, dot,
                           arch);
        if (fnmatch(spec, form, 0) == 0)
            return true;
    }
    return false;
}

static bool
any_matches(const struct sp_wordlist *specs, const struct sp_nevra *nevra)
{
    const char *spec;
    size_t cursor = 0;

    while ((spec = sp_wordlist_next(specs, &cursor)) != NULL)
        if (spec_matches(spec, nevra))
            return true;
    return false;
}

bool
sp_wanted_has(const struct sp_wanted *wanted, const struct sp_nevra *nevra)
{
    if (sp_floor_find(&wanted->installed, nevra->name))
        return true;
    return any_matches(&wanted->specs, nevra);
}

bool
sp_wanted_newest(const struct sp_wanted *wanted, const struct sp_nevra *nevra)
{
    if (any_matches(&wanted->excludes, nevra) || sp_wanted_older(wanted, nevra))
        return false;
    return (wanted->all && sp_floor_find(&wanted->installed, nevra->name)) ||
           any_matches(&wanted->specs, nevra);
}

bool
sp_wanted_follows(const struct sp_wanted *wanted, const struct sp_nevra *nevra)
{
    return wanted->sync || any_matches(&wanted->synced, nevra);
}

bool
sp_wanted_older(const struct sp_wanted *wanted, const struct sp_nevra *nevra)
{
    return any_matches(&wanted->older, nevra);
}
