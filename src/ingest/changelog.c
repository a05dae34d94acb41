/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ingest/changelog.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/evr.h"
#include "base/lines.h"
#include "base/spawn.h"
#include "base/text.h"
#include "bundle/limits.h"
#include "bundle/rpm.h"
#include "ingest/engine.h"
#include "ingest/jails.h"
#include "ingest/quarantine.h"

enum {
    RPM_SECONDS = 120,
    BATCH = 16, /* packages that one rpm reads: it prints whole changelogs */
    SAID_MAX = 16 * 1024 * 1024, /* by one rpm */
    UNREAD_MAX = 16,             /* then it is rpm that does not work */
    ENTRIES_MAX = 5,        /* of a package whose entries name no version */
    SHOWN_MAX = 256 * 1024, /* of text for a person */
    PACKAGE_SHOWN_MAX = 16 * 1024,
    PATH_BYTES = 4096,
};

static const char program[] = "/usr/bin/rpm";

/* One reading. */
struct log {
    const char *packages, *scratch;       /* folders */
    const struct sp_package *const *next; /* whose entries come next */
    const struct sp_package *package;     /* whose entries come now */
    unsigned entries;                     /* of it, so far */
    bool over;                            /* nothing more of it is shown */
    bool titled;
    size_t begun; /* where its text does */
    unsigned unread, unshown;
    /* Begins the lines that we have rpm print. No packager can know it. */
    char mark[40];
    struct sp_text text;
};

/* "E:V-R" or "V-R" in its parts; false when it is none. */
static bool
split(char *evr, uint32_t *ret_epoch, char **ret_version, char **ret_release)
{
    char *colon = strchr(evr, ':');
    char *dash = strrchr(evr, '-');
    uint64_t epoch = 0;

    if (!dash || dash == evr || !dash[1] || (colon && colon > dash))
        return false;
    if (colon) {
        *colon = '\0';
        if (!sp_text_u64(evr, UINT32_MAX, &epoch))
            return false;
        evr = colon + 1;
    }
    *dash = '\0';
    *ret_epoch = (uint32_t)epoch;
    *ret_version = evr;
    *ret_release = dash + 1;
    return *evr != '\0';
}

/*
 * Is this entry, "NAME <MAIL> - VERSION-RELEASE", of what was there before?
 * Entries often leave the epoch and the end of the release out.
 */
static bool
is_known(const struct sp_package *p, const char *title)
{
    const char *last = strrchr(title, ' ');
    char entry[SP_NEVRA_SHOWN_MAX], old[SP_NEVRA_SHOWN_MAX];
    char *version, *release, *old_version, *old_release;
    uint32_t epoch, old_epoch;

    (void)snprintf(entry, sizeof(entry), "%s", last ? last + 1 : title);
    (void)snprintf(old, sizeof(old), "%s", p->old_evr);
    if (!split(entry, &epoch, &version, &release) ||
        !split(old, &old_epoch, &old_version, &old_release) ||
        strspn(version, "0123456789") == 0)
        return false;
    return sp_evr_compare(0, version, release, 0, old_version, old_release) <=
           0;
}

/* ---- the text ---- */

static void
title(struct log *log)
{
    const struct sp_package *p = log->package;

    log->begun = log->text.size;
    sp_text_add(&log->text, "%s %s -> %s-%s:\n", p->facts.nevra.name,
                p->old_evr, p->facts.nevra.version, p->facts.nevra.release);
    log->titled = true;
}

static void
add_shown(struct log *log, const char *before, const char *line)
{
    char shown[1024];

    if (log->over)
        return;
    if (log->text.size - log->begun >= PACKAGE_SHOWN_MAX) {
        sp_text_add(&log->text, "    ...\n");
        log->over = true;
        return;
    }
    sp_text_show(shown, sizeof(shown), line);
    sp_text_add(&log->text, "%s%s\n", before, shown);
}

static void
begin_package(struct log *log)
{
    log->package = *log->next++;
    log->entries = 0;
    log->over = log->titled = false;
}

static void
begin_entry(struct log *log, const char *entry)
{
    if (log->over)
        return;
    log->over = is_known(log->package, entry) || ++log->entries > ENTRIES_MAX;
    if (!log->over && !log->titled && log->text.size >= SHOWN_MAX) {
        log->unshown++;
        log->over = true;
    }
    if (log->over)
        return;
    if (!log->titled)
        title(log);
    add_shown(log, "  ", entry);
}

static void
take_line(struct log *log, char *line)
{
    size_t len = strlen(log->mark);

    if (strncmp(line, log->mark, len) != 0) {
        if (log->titled)
            add_shown(log, "    ", line);
    } else if (line[len] == 'T') {
        begin_entry(log, line + len + 2);
    } else {
        begin_package(log);
    }
}

/* ---- rpm ---- */

static int
run_rpm(const struct log *log, size_t n, char **ret, struct sp_error *err)
{
    const char *const envp[] = {"PATH=/usr/bin:/bin", "LC_ALL=C", "HOME=/",
                                NULL};
    SP_AUTO_FREE char *files = calloc(BATCH, PATH_BYTES);
    const char *argv[BATCH + 8] = {"rpm", "-qp", "--nosignature", /* verified */
                                   "--dbpath"};
    struct sp_spawn plan = {
        .path = program, .argv = argv, .envp = envp, .dirfd = -1};
    char dbpath[PATH_BYTES + 8], format[256];
    struct sp_jail jail;
    size_t used = 4;

    if (!files)
        return sp_fail(err, "no-memory", "no memory for the changelogs");
    (void)snprintf(dbpath, sizeof(dbpath), "%.4000s/none", log->scratch);
    (void)snprintf(format, sizeof(format),
                   "%sP\n[%sT %%{CHANGELOGNAME}\n%%{CHANGELOGTEXT}\n]",
                   log->mark, log->mark);
    argv[used++] = dbpath;
    argv[used++] = "--queryformat";
    argv[used++] = format;
    for (size_t i = 0; i < n; i++) {
        char *file = files + PATH_BYTES * i;
        char name[SP_FILENAME_MAX + 1];

        if (!sp_nevra_filename(&log->next[i]->facts.nevra, name, sizeof(name)))
            return sp_fail(err, "nevra", "a file name is too long");
        (void)snprintf(file, PATH_BYTES, "%.3700s/%s", log->packages, name);
        argv[used++] = file;
    }
    sp_jails_tool(program, log->packages, log->scratch, NULL, SP_MIB, &jail);
    plan.jail = &jail;
    plan.fds[0] = -1;
    plan.stop = sp_engine_stop_flag();
    return sp_spawn_run(&plan, RPM_SECONDS, SAID_MAX, ret, NULL, "io", err);
}

static size_t
count_packages(const struct log *log, const char *said)
{
    size_t n = 0, len = strlen(log->mark);

    for (const char *at = said; (at = strstr(at, log->mark)); at += len)
        n += at[len] == 'P';
    return n;
}

/* The next n packages; what was read before stays as it is on a fault. */
static int
read_next(struct log *log, size_t n, struct sp_error *err)
{
    SP_AUTO_FREE char *said = NULL;
    char *rest = NULL;

    if (run_rpm(log, n, &said, err) < 0)
        return -1;
    if (count_packages(log, said) != n)
        return sp_fail(err, "io", "rpm passed a package over");
    for (char *line = strtok_r(said, "\n", &rest); line;
         line = strtok_r(NULL, "\n", &rest))
        take_line(log, line);
    return 0;
}

static int
read_one(struct log *log, struct sp_error *err)
{
    struct sp_error why = {0};

    if (read_next(log, 1, &why) == 0)
        return 0;
    if (*sp_engine_stop_flag() || ++log->unread > UNREAD_MAX) {
        if (err)
            *err = why;
        return -1;
    }
    begin_package(log);
    title(log);
    add_shown(log, "  ", "its changelog could not be read");
    return 0;
}

/* One whose changelog is too long must not hide those beside it. */
static int
read_batch(struct log *log, size_t n, struct sp_error *err)
{
    if (read_next(log, n, NULL) == 0)
        return 0;
    for (size_t i = 0; i < n; i++)
        if (read_one(log, err) < 0)
            return -1;
    return 0;
}

static int
read_all(struct log *log, size_t n, struct sp_error *err)
{
    char id[33];

    if (access(program, X_OK) < 0)
        return sp_fail(err, "not-found", "'%s' is not there", program);
    if (sp_quarantine_id(id, err) < 0)
        return -1;
    (void)snprintf(log->mark, sizeof(log->mark), "\001%s", id);
    for (size_t now; n > 0; n -= now) {
        now = n < BATCH ? n : BATCH;
        if (read_batch(log, now, err) < 0)
            return -1;
    }
    if (log->unshown > 0)
        sp_text_add(&log->text, "... %u more packages are not shown\n",
                    log->unshown);
    return 0;
}

int
sp_changelog_read(const struct sp_outcome *outcome, const char *packages,
                  const char *scratch, char **ret, struct sp_error *err)
{
    SP_AUTO_FREE const struct sp_package **old =
        calloc(outcome->n_packages + 1, sizeof(*old));
    struct log log = {.packages = packages, .scratch = scratch, .next = old};
    size_t n = 0;

    /* Of what replaces nothing all is new. */
    for (uint64_t i = 0; old && i < outcome->n_packages; i++)
        if (outcome->packages[i].old_evr[0])
            old[n++] = &outcome->packages[i];
    if (n > 0 && read_all(&log, n, err) < 0) {
        sp_text_release(&log.text);
        return -1;
    }
    sp_text_add(&log.text, "%s", "");
    if (!old || log.text.failed || !log.text.bytes) {
        sp_text_release(&log.text);
        return sp_fail(err, "no-memory", "no memory for the changelogs");
    }
    *ret = log.text.bytes;
    return 0;
}
