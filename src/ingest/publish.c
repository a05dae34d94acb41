/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ingest/publish.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/lines.h"
#include "base/path.h"
#include "ingest/clock.h"
#include "ingest/comps.h"
#include "ingest/floor.h"
#include "ingest/generation.h"
#include "ingest/index.h"
#include "ingest/quarantine.h"
#include "ingest/tell.h"

/* A line of 290 bytes becomes one of 400. */
#define SP_GENERATION_COMPS_MAX (4 * SP_MIB)

struct publication {
    struct sp_state *state;
    const struct sp_policy *policy;
    const struct sp_quarantine *quarantine;
    struct sp_outcome *outcome;
    sp_event_fn event;
    void *data;
    const struct sp_setup *setup;
    struct sp_text packages; /* content of generations/N/packages */
    struct sp_text groups;   /* content of generations/N/comps.xml */
    uint64_t number;
    uint64_t revision; /* newest build time */
};

static void
phase(const struct publication *p, const char *name)
{
    const struct sp_event event = {
        .kind = SP_EVENT_PHASE,
        .phase = name,
        .bytes = p->outcome->bytes,
        .packages = p->outcome->n_packages,
        .total_packages = p->outcome->n_packages,
    };

    if (p->event)
        p->event(p->data, &event);
}

static int
by_file_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* One line a package, in the order of arrival. */
static void
print_packages(struct publication *p, struct sp_text *text)
{
    char line[SP_LINE_MAX];

    for (uint64_t i = 0; i < p->outcome->n_packages; i++) {
        const struct sp_package *package = &p->outcome->packages[i];

        sp_generation_print(package, line, sizeof(line));
        sp_text_add(text, "%s\n", line);
        if (package->facts.build_time > p->revision)
            p->revision = package->facts.build_time;
    }
}

/* Sorts the lines, so that the order of arrival does not show. */
static int
list_packages(struct publication *p, struct sp_error *err)
{
    uint64_t n = 0;
    SP_AUTO_FREE char **lines =
        calloc(p->outcome->n_packages + 1, sizeof(*lines));
    struct sp_text text = {0};
    char *rest = NULL;

    print_packages(p, &text);
    if (lines && text.bytes)
        for (char *line = strtok_r(text.bytes, "\n", &rest); line;
             line = strtok_r(NULL, "\n", &rest))
            lines[n++] = line;
    if (n > 0)
        qsort(lines, n, sizeof(*lines), by_file_name);
    for (uint64_t i = 0; i < n; i++)
        sp_text_add(&p->packages, "%s\n", lines[i]);
    sp_text_release(&text);
    /* The groups that the owner has chosen go before those of a delivery. */
    if (!p->policy || !p->policy->comps[0])
        sp_comps_print(p->outcome->groups, p->outcome->n_groups, &p->groups);
    if (n != p->outcome->n_packages || p->packages.failed || p->groups.failed)
        return sp_fail(err, "no-memory", "no memory for the package list");
    return 0;
}

static int
write_file(const struct publication *p, const char *name,
           const struct sp_text *text, struct sp_error *err)
{
    SP_AUTO_FD fd = openat(p->quarantine->stage_fd, name,
                           O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

    if (fd < 0 ||
        sp_write_full(fd, text->bytes ? text->bytes : "", text->size) < 0)
        return sp_fail_sys(err, errno, "publish", "cannot write '%s'", name);
    return 0;
}

static int
write_lists(const struct publication *p, struct sp_error *err)
{
    if (write_file(p, "packages", &p->packages, err) < 0)
        return -1;
    return p->groups.size > 0 ? write_file(p, SP_COMPS_FILE, &p->groups, err)
                              : 0;
}

/* Mode and time of what lies in a generation depend on the packages alone. */
static int
settle(int dirfd, const char *name, mode_t mode, uint64_t when,
       struct sp_error *err)
{
    const struct timespec times[2] = {{.tv_sec = (time_t)when},
                                      {.tv_sec = (time_t)when}};

    if (fchmodat(dirfd, name, mode, 0) < 0 ||
        utimensat(dirfd, name, times, AT_SYMLINK_NOFOLLOW) < 0)
        return sp_fail_sys(err, errno, "publish", "cannot settle '%s'", name);
    return 0;
}

static int
stage(struct publication *p, struct sp_error *err)
{
    const struct sp_quarantine *q = p->quarantine;
    const char *comps = p->policy->comps;
    char groups[sizeof(q->path) + 32];

    (void)snprintf(groups, sizeof(groups), "%s/stage/" SP_COMPS_FILE, q->path);
    if (p->groups.size > 0)
        comps = groups;
    for (uint64_t i = 0; i < p->outcome->n_packages; i++)
        if (sp_quarantine_stage(q, &p->outcome->packages[i], err) < 0)
            return -1;
    if (sp_quarantine_empty(q, err) < 0 || write_lists(p, err) < 0)
        return -1;
    phase(p, "index");
    if (sp_index_run(q, p->outcome, p->number, p->revision, comps, err) < 0)
        return -1;
    if (settle(q->stage_fd, "packages", 0644, p->revision, err) < 0 ||
        (p->groups.size > 0 &&
         settle(q->stage_fd, SP_COMPS_FILE, 0644, p->revision, err) < 0) ||
        settle(q->stage_fd, "repodata", 0755, p->revision, err) < 0 ||
        settle(q->stage_fd, "rpm", 0755, p->revision, err) < 0 ||
        settle(q->stage_fd, ".", 0755, p->revision, err) < 0)
        return -1;
    return 0;
}

static int
tell(const struct publication *p, struct sp_error *err)
{
    if (sp_tell_is_long(p->setup))
        phase(p, "preview");
    return sp_tell(p->quarantine, p->outcome, p->setup, err);
}

/* The staged generation under its number, on the disk, not yet current. */
static int
place(struct publication *p, struct sp_error *err)
{
    char name[64];
    SP_AUTO_FD generations =
        sp_path_make_dir(p->state->repo_fd, "generations", 0755, err);

    if (generations < 0)
        return -1;
    /* The umask of who runs us decides nothing about who may read. */
    if (fchmod(generations, 0755) < 0)
        return sp_fail_sys(err, errno, "publish",
                           "cannot open 'generations' to readers");
    (void)snprintf(name, sizeof(name), "%" PRIu64, p->number);
    if (renameat2(p->quarantine->fd, "stage", generations, name,
                  RENAME_NOREPLACE) < 0)
        return sp_fail_sys(err, errno, "publish",
                           "cannot place generation %" PRIu64, p->number);
    phase(p, "sync");
    /* One sync for everything: dearer files of others beat fsync of each. */
    if (syncfs(p->state->repo_fd) < 0)
        return sp_fail_sys(err, errno, "publish", "cannot sync the repository");
    return 0;
}

/* What must be remembered. The repository is already new: faults are told,
 * and the next run mends what is missing (sp_floor_load, generation_next). */
static int
remember(struct publication *p, struct sp_error *err)
{
    struct sp_floor floor;
    int status = 0;

    if (sp_floor_load(p->state, &floor, err) < 0)
        return -1;
    for (uint64_t i = 0; status == 0 && i < p->outcome->n_packages; i++)
        status = sp_floor_raise(&floor, &p->outcome->packages[i].facts.nevra,
                                false, err);
    if (status == 0)
        status = sp_floor_save(p->state, &floor, err);
    sp_floor_release(&floor);
    if (status == 0)
        status = sp_clock_raise(p->state, p->outcome->newest_signature, err);
    if (status == 0)
        status =
            sp_generation_prune(p->state, p->policy->keep_generations, err);
    return status;
}

/* A generation that will not become current: as if it had never been. */
static void
withdraw(struct publication *p)
{
    char name[64];

    (void)snprintf(name, sizeof(name), "generations/%" PRIu64, p->number);
    (void)sp_path_remove_tree(p->state->repo_fd, name, NULL);
    if (p->outcome->generation != 0)
        return;
    (void)unlinkat(p->state->repo_fd, "generations", AT_REMOVEDIR);
    (void)unlinkat(p->state->repo_fd, "rpm", 0);
    (void)unlinkat(p->state->repo_fd, "repodata", 0);
}

static void
note_published(struct publication *p)
{
    p->outcome->repository_touched = true;
    p->outcome->published = true;
    p->outcome->generation = p->number;
}

/* The flip, or everything as it was. */
static int
commit(struct publication *p, struct sp_error *err)
{
    uint64_t current = 0;

    if (place(p, err) == 0 && sp_tell_goes_on(p->setup, err) == 0) {
        phase(p, "publish");
        if (sp_generation_flip(p->state, p->number, err) == 0)
            return 0;
    }
    /* Who cannot tell must not remove what may be current. */
    if (sp_generation_current(p->state, &current, NULL) == 0 &&
        current != p->number)
        withdraw(p);
    else
        note_published(p);
    return -1;
}

/* Groups are part of what a generation is: they alone may be what is new. */
static bool
holds(const struct publication *p, uint64_t number)
{
    const char *packages = p->packages.bytes ? p->packages.bytes : "";
    SP_AUTO_FD dir = -1;
    SP_AUTO_FREE char *text = NULL;
    size_t size = 0;

    if (!sp_generation_holds(p->state, number, packages, p->packages.size))
        return false;
    dir = sp_generation_open(p->state, number, NULL);
    if (dir < 0 || sp_read_file(dir, SP_COMPS_FILE, SP_GENERATION_COMPS_MAX,
                                &text, &size, NULL) < 0)
        size = 0;
    return size == p->groups.size &&
           (size == 0 || memcmp(text, p->groups.bytes, size) == 0);
}

static int
publish(struct publication *p, struct sp_error *err)
{
    struct sp_outcome *o = p->outcome;

    if (list_packages(p, err) < 0 ||
        sp_generation_current(p->state, &o->generation, err) < 0)
        return -1;
    if (o->n_packages == 0 || holds(p, o->generation)) {
        o->nothing_to_do = true;
        return 0;
    }
    if (sp_generation_next(p->state, &p->number, err) < 0 || stage(p, err) < 0)
        return -1;
    if (tell(p, err) < 0 || commit(p, err) < 0)
        return -1;
    note_published(p);
    return remember(p, err);
}

int
sp_publish(struct sp_state *state, const struct sp_policy *policy,
           const struct sp_quarantine *quarantine, struct sp_outcome *outcome,
           sp_event_fn event, void *data, const struct sp_setup *setup,
           struct sp_error *err)
{
    struct publication p = {
        .state = state,
        .policy = policy,
        .quarantine = quarantine,
        .outcome = outcome,
        .event = event,
        .data = data,
        .setup = setup,
    };
    int status = publish(&p, err);

    sp_text_release(&p.packages);
    sp_text_release(&p.groups);
    return status;
}

int
sp_publish_rehearse(const struct sp_policy *policy,
                    const struct sp_quarantine *quarantine,
                    struct sp_outcome *outcome, sp_event_fn event, void *data,
                    const struct sp_setup *setup, struct sp_error *err)
{
    struct publication p = {
        .policy = policy,
        .quarantine = quarantine,
        .outcome = outcome,
        .event = event,
        .data = data,
        .setup = setup,
    };
    int status = 0;

    if (outcome->n_packages > 0 &&
        (list_packages(&p, err) < 0 || stage(&p, err) < 0 || tell(&p, err) < 0))
        status = -1;
    sp_text_release(&p.packages);
    sp_text_release(&p.groups);
    return status;
}

bool
sp_publish_is_current(struct sp_state *state, struct sp_outcome *outcome)
{
    struct publication p = {.state = state, .outcome = outcome};
    uint64_t current;
    bool same = outcome->n_packages > 0 && list_packages(&p, NULL) == 0 &&
                sp_generation_current(state, &current, NULL) == 0 &&
                holds(&p, current);

    sp_text_release(&p.packages);
    sp_text_release(&p.groups);
    return same;
}

/* The newest generation below the current one. */
static uint64_t
before(const uint64_t *list, size_t n, uint64_t current)
{
    uint64_t found = 0;

    for (size_t i = 0; i < n; i++)
        if (list[i] < current)
            found = list[i];
    return found;
}

static bool
contains(const uint64_t *list, size_t n, uint64_t number)
{
    for (size_t i = 0; i < n; i++)
        if (list[i] == number)
            return true;
    return false;
}

/* Noted first: nothing changes without a record. */
static int
note_and_flip(struct sp_state *state, uint64_t from, uint64_t to,
              struct sp_error *err)
{
    char id[33], source[48], message[64];

    (void)snprintf(source, sizeof(source), "generation %" PRIu64, to);
    (void)snprintf(message, sizeof(message), "instead of generation %" PRIu64,
                   from);
    if (sp_quarantine_id(id, err) < 0 ||
        sp_history_note(state, "rollback", id, source, message, err) < 0)
        return -1;
    return sp_generation_flip(state, to, err);
}

int
sp_rollback(struct sp_state *state, uint64_t generation,
            uint64_t *ret_generation, struct sp_error *err)
{
    SP_AUTO_FREE uint64_t *list = NULL;
    uint64_t current, wanted;
    size_t n;

    if (sp_state_lock(state, err) < 0 ||
        sp_generation_recover(state, err) < 0 ||
        sp_quarantine_sweep(state, err) < 0 || sp_floor_mend(state, err) < 0 ||
        sp_generation_current(state, &current, err) < 0 ||
        sp_generation_list(state, &list, &n, err) < 0)
        return -1;
    wanted = generation ? generation : before(list, n, current);
    if (wanted == 0)
        return sp_fail(err, "no-generation",
                       "there is no generation before the current one");
    if (!contains(list, n, wanted))
        return sp_fail(err, "no-generation",
                       "generation %" PRIu64 " is not there", wanted);
    if (wanted != current && note_and_flip(state, current, wanted, err) < 0) {
        /* It may be current by now: who cannot tell must not deny it. */
        if (sp_generation_current(state, &current, NULL) < 0 ||
            current == wanted)
            *ret_generation = wanted;
        return -1;
    }
    *ret_generation = wanted;
    return 0;
}
