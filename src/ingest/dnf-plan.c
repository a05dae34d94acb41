/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ingest/dnf-plan.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/lines.h"
#include "base/path.h"
#include "base/spawn.h"
#include "base/text.h"
#include "ingest/engine.h"

enum {
    DNF_SECONDS = 600,
    SAID_MAX = 4 * 1024 * 1024,
    SHOWN_MAX = 256 * 1024, /* of text for a person */
    ARGUMENTS_MAX = 64,
};

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
    if (text.size >= SHOWN_MAX)
        sp_text_add(&text, "... the rest is not shown\n");
    sp_text_add(&text, "%s", "");
    if (text.failed || !text.bytes) {
        sp_text_release(&text);
        return sp_fail(err, "no-memory", "no memory for dnf's plan");
    }
    *ret = text.bytes;
    return 0;
}

/* "--setopt=sallyport.gpgkey=file://A,file://B" */
static int
name_keys(const char *keys, struct sp_text *ret, struct sp_error *err)
{
    SP_AUTO_DIR *dir = opendir(keys);
    const char *comma = "";
    struct dirent *d;
    int left = 0;

    if (!dir && errno != ENOTDIR)
        return sp_fail_sys(err, errno, "io", "cannot list '%.200s'", keys);
    sp_text_add(ret, "--setopt=sallyport.gpgkey=");
    if (!dir)
        sp_text_add(ret, "file://%.900s", keys);
    while (dir && (left = sp_path_next(dir, &d, err)) > 0) {
        if (d->d_name[0] == '.' || strpbrk(d->d_name, ", "))
            continue;
        sp_text_add(ret, "%sfile://%.700s/%s", comma, keys, d->d_name);
        comma = ",";
    }
    if (ret->failed)
        return sp_fail(err, "no-memory", "no memory for dnf's plan");
    return left;
}

int
sp_dnf_plan(const char *const *arguments, const char *repository,
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
    if (name_keys(keys, &key_option, err) < 0) {
        sp_text_release(&key_option);
        return -1;
    }
    argv[n++] = key_option.bytes;
    plan.fds[0] = -1;
    plan.stop = sp_engine_stop_flag();
    status = sp_spawn_run(&plan, DNF_SECONDS, SAID_MAX, &said, NULL, "io", err);
    sp_text_release(&key_option);
    if (status < 0)
        return -1;
    return show_all(said, ret, err);
}
