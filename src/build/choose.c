/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build/choose.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <string.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/text.h"

enum { VARS_MAX = 64 };

/* Variables need terminated text; the views of a request have none. */
struct vars {
    struct sp_repo_var list[VARS_MAX];
    char *owned[2 * VARS_MAX];
    size_t n;
};

static int
add_var(struct vars *vars, struct sp_view name, struct sp_view value,
        struct sp_error *err)
{
    char *n = strndup(name.bytes, name.size);
    char *v = strndup(value.bytes, value.size);

    if (!n || !v || vars->n == VARS_MAX) {
        bool full = n && v;

        free(n);
        free(v);
        if (full)
            return sp_fail(err, "repo-file", "more than %d variables",
                           (int)VARS_MAX);
        return sp_fail(err, "no-memory", "no memory for variables");
    }
    vars->owned[2 * vars->n] = n;
    vars->owned[2 * vars->n + 1] = v;
    vars->list[vars->n++] = (struct sp_repo_var){n, v};
    return 0;
}

static struct sp_view
view(const char *s)
{
    return (struct sp_view){s, strlen(s)};
}

static int
read_vars(const struct sp_request *request, struct vars *vars,
          struct sp_error *err)
{
    struct sp_request_field field;
    struct sp_view name, value;
    size_t cursor = 0;

    if (add_var(vars, view("arch"), request->arch, err) < 0 ||
        add_var(vars, view("basearch"), request->basearch, err) < 0 ||
        add_var(vars, view("releasever"), request->releasever, err) < 0)
        return -1;
    while (sp_request_next(request, SP_REQUEST_KEY_VAR, &cursor, &field))
        if (sp_view_split(field.value, &name, &value) &&
            add_var(vars, name, value, err) < 0)
            return -1;
    return 0;
}

static int
read_file(const struct sp_request_field *field, const struct vars *vars,
          struct sp_repos *repos, struct sp_error *err)
{
    size_t size = 0;
    SP_AUTO_FREE char *text = sp_request_block(field->block, &size);
    SP_AUTO_FREE char *name = strndup(field->value.bytes, field->value.size);

    if (!text || !name)
        return sp_fail(err, "no-memory", "no memory for a repository file");
    return sp_repofile_parse(repos, text, size, name, vars->list, vars->n, err);
}

static int
read_files(const struct sp_request *request, struct sp_repos *repos,
           struct sp_error *err)
{
    struct vars vars = {.n = 0};
    struct sp_request_field field;
    size_t cursor = 0;
    int status = read_vars(request, &vars, err);

    while (status == 0 &&
           sp_request_next(request, SP_REQUEST_KEY_REPO_FILE, &cursor, &field))
        status = read_file(&field, &vars, repos, err);
    for (size_t i = 0; i < 2 * vars.n; i++)
        free(vars.owned[i]);
    return status;
}

static int
switch_repos(struct sp_repos *repos, struct sp_view pattern, bool enabled,
             struct sp_error *err)
{
    SP_AUTO_FREE char *glob = strndup(pattern.bytes, pattern.size);
    char shown[SP_SHOWN_MAX];
    size_t found = 0;

    if (!glob)
        return sp_fail(err, "no-memory", "no memory for a repository id");
    for (size_t i = 0; i < repos->n; i++) {
        if (fnmatch(glob, repos->repos[i].id, 0) != 0)
            continue;
        repos->repos[i].enabled = enabled;
        found++;
    }
    if (found || !enabled)
        return 0;
    sp_text_show(shown, sizeof(shown), glob);
    return sp_fail(err, "no-match", "the request has no repository '%s'",
                   shown);
}

/* In the order in which they were given, as dnf does. */
static int
follow_options(const struct sp_request *request, struct sp_repos *repos,
               struct sp_error *err)
{
    struct sp_request_field field;
    struct sp_view name, value;
    bool only = false;
    size_t cursor = 0;

    while (sp_request_next(request, SP_REQUEST_KEY_OPT, &cursor, &field)) {
        bool repoid, enable;

        if (!sp_view_split(field.value, &name, &value))
            continue;
        repoid = sp_view_is(name, "repoid");
        enable = repoid || sp_view_is(name, "enablerepo");
        if (!enable && !sp_view_is(name, "disablerepo"))
            continue;
        for (size_t i = 0; repoid && !only && i < repos->n; i++)
            repos->repos[i].enabled = false;
        only = only || repoid;
        if (switch_repos(repos, value, enable, err) < 0)
            return -1;
    }
    return 0;
}

static int
list_enabled(struct sp_chosen *chosen, struct sp_error *err)
{
    const struct sp_repos *all = &chosen->all;

    chosen->repos = calloc(all->n + 1, sizeof(chosen->repos[0]));
    if (!chosen->repos)
        return sp_fail(err, "no-memory", "no memory for repositories");
    for (size_t i = 0; i < all->n; i++)
        if (all->repos[i].enabled)
            chosen->repos[chosen->n++] = &all->repos[i];
    if (chosen->n > 0)
        return 0;
    return sp_fail(err, "no-match", "no repository is enabled");
}

int
sp_choose(const struct sp_request *request, struct sp_chosen *ret,
          struct sp_error *err)
{
    memset(ret, 0, sizeof(*ret));
    if (read_files(request, &ret->all, err) < 0 ||
        follow_options(request, &ret->all, err) < 0)
        return -1;
    return list_enabled(ret, err);
}

static bool
is_repo_file(const char *name)
{
    size_t len = strlen(name);

    return len > 5 && strcmp(name + len - 5, ".repo") == 0;
}

static int
read_directory(const char *path, const struct sp_repo_var *vars, size_t n_vars,
               struct sp_repos *repos, struct sp_error *err)
{
    SP_AUTO_DIR *dir = opendir(path);
    const struct dirent *entry;
    char shown[SP_SHOWN_MAX];

    if (!dir) {
        sp_text_show(shown, sizeof(shown), path);
        return sp_fail_sys(err, errno, errno == ENOENT ? "not-found" : "io",
                           "cannot read directory '%s'", shown);
    }
    while ((entry = readdir(dir))) {
        SP_AUTO_FREE char *text = NULL;
        size_t size = 0;

        if (!is_repo_file(entry->d_name))
            continue;
        if (sp_read_file(dirfd(dir), entry->d_name, SP_REPO_MAX_BYTES, &text,
                         &size, err) < 0 ||
            sp_repofile_parse(repos, text, size, entry->d_name, vars, n_vars,
                              err) < 0)
            return -1;
    }
    return 0;
}

int
sp_choose_one(const char *dir, const char *id, const struct sp_repo_var *vars,
              size_t n_vars, struct sp_chosen *ret, struct sp_error *err)
{
    memset(ret, 0, sizeof(*ret));
    if (read_directory(dir, vars, n_vars, &ret->all, err) < 0)
        return -1;
    for (size_t i = 0; i < ret->all.n; i++)
        ret->all.repos[i].enabled = false;
    if (switch_repos(&ret->all, view(id), true, err) < 0)
        return -1;
    return list_enabled(ret, err);
}

void
sp_chosen_release(struct sp_chosen *chosen)
{
    free(chosen->repos);
    sp_repos_release(&chosen->all);
    memset(chosen, 0, sizeof(*chosen));
}
