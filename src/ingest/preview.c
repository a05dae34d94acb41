/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ingest/preview.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/evr.h"
#include "base/lines.h"
#include "base/spawn.h"
#include "base/text.h"
#include "bundle/limits.h"
#include "bundle/rpm.h"
#include "ingest/engine.h"
#include "ingest/jails.h"

enum {
    RPM_SECONDS = 120,
    DNF_SECONDS = 600,
    SAID_MAX = 4 * 1024 * 1024,
    SHOWN_MAX = 256 * 1024, /* of text for a person */
    ENTRIES_MAX = 5,        /* of a package whose entries name no version */
    ARGUMENTS_MAX = 64,
};

/* One line of marks and text; a changelog holds no such byte. */
#define MARK "\001"
#define FORMAT                                                                 \
    MARK "P %{NAME}\n[" MARK "T %{CHANGELOGTIME} %{CHANGELOGNAME}\n"           \
         "%{CHANGELOGTEXT}\n]"

/* ---- changelog ----------------------------------------------------------- */

struct log {
    const struct sp_outcome *outcome;
    const struct sp_package *package; /* whose entries come now */
    unsigned entries;                 /* of it, so far */
    bool over;                        /* the others are known here */
    bool titled;
    struct sp_text text;
};

static const struct sp_package *
find(const struct sp_outcome *o, const char *name)
{
    for (uint64_t i = 0; i < o->n_packages; i++)
        if (strcmp(o->packages[i].facts.nevra.name, name) == 0)
            return &o->packages[i];
    return NULL;
}

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

static void
add_shown(struct log *log, const char *before, const char *line)
{
    char shown[1024];

    sp_text_show(shown, sizeof(shown), line);
    if (log->text.size < SHOWN_MAX)
        sp_text_add(&log->text, "%s%s\n", before, shown);
}

static void
begin_entry(struct log *log, char *rest)
{
    const char *title = sp_lines_value(rest); /* behind the time */

    if (log->over || !log->package)
        return;
    log->over = is_known(log->package, title) || ++log->entries > ENTRIES_MAX;
    if (log->over)
        return;
    if (!log->titled)
        sp_text_add(&log->text, "%s %s -> %s-%s:\n",
                    log->package->facts.nevra.name, log->package->old_evr,
                    log->package->facts.nevra.version,
                    log->package->facts.nevra.release);
    log->titled = true;
    add_shown(log, "  ", title);
}

static void
take_line(struct log *log, char *line)
{
    if (strncmp(line, MARK "P ", 3) == 0) {
        log->package = find(log->outcome, line + 3);
        if (log->package && !log->package->old_evr[0])
            log->package = NULL; /* all of it is new */
        log->entries = 0;
        log->over = log->titled = false;
    } else if (strncmp(line, MARK "T ", 3) == 0) {
        begin_entry(log, line + 3);
    } else if (log->package && log->titled && !log->over && *line) {
        add_shown(log, "    ", line);
    }
}

static int
run_rpm(const struct sp_outcome *o, const char *packages, const char *scratch,
        char **ret, struct sp_error *err)
{
    static const char program[] = "/usr/bin/rpm";
    const char *const envp[] = {"PATH=/usr/bin:/bin", "LC_ALL=C", "HOME=/",
                                NULL};
    SP_AUTO_FREE char *files = calloc(o->n_packages + 1, 4096);
    SP_AUTO_FREE const char **argv = calloc(o->n_packages + 16, sizeof(*argv));
    struct sp_spawn plan = {.path = program, .envp = envp, .dirfd = -1};
    char dbpath[4300];
    struct sp_jail jail;
    size_t n = 0;

    if (!files || !argv)
        return sp_fail(err, "no-memory", "no memory for the changelogs");
    (void)snprintf(dbpath, sizeof(dbpath), "%s/none", scratch);
    argv[n++] = "rpm";
    argv[n++] = "-qp";
    argv[n++] = "--nosignature"; /* verified; here is no key */
    argv[n++] = "--dbpath";
    argv[n++] = dbpath;
    argv[n++] = "--queryformat";
    argv[n++] = FORMAT;
    for (uint64_t i = 0; i < o->n_packages; i++) {
        char *file = files + 4096 * i;
        char name[SP_FILENAME_MAX + 1];

        if (!sp_nevra_filename(&o->packages[i].facts.nevra, name, sizeof(name)))
            return sp_fail(err, "nevra", "a file name is too long");
        (void)snprintf(file, 4096, "%.3700s/%s", packages, name);
        argv[n++] = file;
    }
    sp_jails_tool(program, packages, scratch, NULL, SP_MIB, &jail);
    plan.argv = argv;
    plan.jail = &jail;
    plan.fds[0] = -1;
    plan.stop = sp_engine_stop_flag();
    return sp_spawn_run(&plan, RPM_SECONDS, SAID_MAX, ret, NULL, "io", err);
}

int
sp_preview_changelog(const struct sp_outcome *outcome, const char *packages,
                     const char *scratch, char **ret, struct sp_error *err)
{
    SP_AUTO_FREE char *said = NULL;
    struct log log = {.outcome = outcome};
    char *rest = NULL;

    if (outcome->n_packages > 0 &&
        run_rpm(outcome, packages, scratch, &said, err) < 0)
        return -1;
    if (said)
        for (char *line = strtok_r(said, "\n", &rest); line;
             line = strtok_r(NULL, "\n", &rest))
            take_line(&log, line);
    sp_text_add(&log.text, "%s", "");
    if (log.text.failed || !log.text.bytes) {
        sp_text_release(&log.text);
        return sp_fail(err, "no-memory", "no memory for the changelogs");
    }
    *ret = log.text.bytes;
    return 0;
}

/* ---- dnf's plan ---------------------------------------------------------- */

/* With --assumeno dnf ends with 1, as it does after a fault. */
static const char wrapper[] = "\"$@\" 2>&1; test $? -le 1";

static int
show_all(const char *said, char **ret, struct sp_error *err)
{
    struct sp_lines lines = {.text = said, .size = strlen(said)};
    struct sp_text text = {0};
    char line[SP_LINE_MAX], shown[SP_LINE_MAX];
    bool bad = false;

    while (text.size < SHOWN_MAX && sp_lines_next(&lines, line, &bad)) {
        sp_text_show(shown, sizeof(shown), line);
        sp_text_add(&text, "%s\n", shown);
    }
    sp_text_add(&text, "%s", "");
    if (text.failed || !text.bytes) {
        sp_text_release(&text);
        return sp_fail(err, "no-memory", "no memory for dnf's plan");
    }
    *ret = text.bytes;
    return 0;
}

/* "--setopt=sallyport.gpgkey=file://A,file://B" */
static void
name_keys(const char *keys, struct sp_text *ret)
{
    SP_AUTO_DIR *dir = opendir(keys);
    const char *comma = "";

    sp_text_add(ret, "--setopt=sallyport.gpgkey=");
    if (!dir)
        sp_text_add(ret, "file://%.900s", keys);
    for (struct dirent *d; dir && (d = readdir(dir));) {
        if (d->d_name[0] == '.' || strpbrk(d->d_name, ", "))
            continue;
        sp_text_add(ret, "%sfile://%.700s/%s", comma, keys, d->d_name);
        comma = ",";
    }
}

int
sp_preview_plan(const char *const *arguments, const char *repository,
                const char *keys, const char *scratch, char **ret,
                struct sp_error *err)
{
    const char *const envp[] = {"PATH=/usr/bin:/bin", "LC_ALL=C", "HOME=/",
                                NULL};
    SP_AUTO_FREE char *source = NULL;
    SP_AUTO_FREE char *cache = NULL;
    SP_AUTO_FREE char *log = NULL;
    char dnf[512];
    const char *argv[ARGUMENTS_MAX] = {"sh", "-c", wrapper, "sh", dnf};
    struct sp_text key_option = {0};
    int status;
    struct sp_spawn plan = {
        .path = "/bin/sh", .argv = argv, .envp = envp, .dirfd = -1};
    SP_AUTO_FREE char *said = NULL;
    size_t n = 5;

    if (sp_spawn_find_tool("dnf", dnf, sizeof(dnf), err) < 0)
        return -1;
    if (asprintf(&source, "--repofrompath=sallyport,file://%s", repository) <
            0 ||
        asprintf(&cache, "--setopt=cachedir=%s", scratch) < 0 ||
        asprintf(&log, "--setopt=logdir=%s", scratch) < 0)
        return sp_fail(err, "no-memory", "no memory for dnf's plan");
    argv[n++] = "--assumeno";
    argv[n++] = "--disablerepo=*";
    argv[n++] = source;
    argv[n++] = "--enablerepo=sallyport";
    argv[n++] = cache;
    argv[n++] = log;
    for (size_t i = 0; arguments[i]; i++) {
        if (n + 2 >= ARGUMENTS_MAX)
            return sp_fail(err, "usage", "too many arguments for dnf");
        argv[n++] = arguments[i];
    }
    name_keys(keys, &key_option);
    argv[n++] = key_option.bytes;
    plan.fds[0] = -1;
    plan.stop = sp_engine_stop_flag();
    status = sp_spawn_run(&plan, DNF_SECONDS, SAID_MAX, &said, NULL, "io", err);
    sp_text_release(&key_option);
    if (status < 0)
        return -1;
    return show_all(said, ret, err);
}
