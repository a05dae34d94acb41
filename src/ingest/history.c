/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The records of deliveries: STATE/history/ID, one "key value" file each. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/keep.h"
#include "base/lines.h"
#include "base/path.h"
#include "base/text.h"
#include "bundle/rpm.h"
#include "ingest/state.h"

enum { HISTORY_BYTES_MAX = 32 * 1024 * 1024, ID_LENGTH = 32 };

static void
add_package(struct sp_text *text, const struct sp_package *p)
{
    char nevra[SP_NEVRA_SHOWN_MAX], sha256[65];

    sp_nevra_show(&p->facts.nevra, nevra, sizeof(nevra));
    sp_text_hex(sha256, p->facts.header_sha256, 32);
    sp_text_add(text, "package %s %s %s %s\n",
                p->facts.nevra.name[0] ? nevra : "-", p->checked ? sha256 : "-",
                p->primary_fpr[0] ? p->primary_fpr : "-",
                p->error.code == SP_OK ? "accepted" : p->error.detail);
}

static void
add_freshness(struct sp_text *text, const struct sp_freshness *f)
{
    if (sp_freshness_time(f) > 0)
        sp_text_add(text, "newest %" PRIu64 "\n", sp_freshness_time(f));
    for (size_t i = 0; i < f->n_repositories; i++) {
        const struct sp_repository *r = &f->repositories[i];

        sp_text_add(text, "evidence %s %" PRIu64 " %" PRIu64 " %s\n", r->label,
                    r->revision, r->signed_at,
                    r->error.code == SP_OK ? r->primary_fpr : r->error.detail);
    }
    for (size_t i = 0; i < f->n_withheld; i++) {
        char nevra[SP_NEVRA_SHOWN_MAX];

        sp_nevra_show(&f->withheld[i].nevra, nevra, sizeof(nevra));
        sp_text_add(text, "withheld %s %s\n", nevra, f->withheld[i].label);
    }
}

/* What a run that died was about to write. */
static void
remove_halves(int dir_fd)
{
    SP_AUTO_DIR *dir = sp_path_list(dir_fd, ".");

    for (struct dirent *d; dir && (d = readdir(dir));)
        if (d->d_name[0] == '.' && sp_text_is_hex(d->d_name + 1, ID_LENGTH) &&
            strcmp(d->d_name + 1 + ID_LENGTH, ".new") == 0)
            (void)unlinkat(dir_fd, d->d_name, 0);
}

int
sp_history_note(struct sp_state *state, const char *command, const char *id,
                const char *source, const char *message, struct sp_error *err)
{
    struct sp_text text = {0};
    SP_AUTO_FD dir = sp_path_make_dir(state->state_fd, "history", 0700, err);

    if (dir < 0)
        return -1;
    remove_halves(dir);
    sp_text_add(&text, "delivery 1\ntime %" PRIu64 "\ncommand %s\n",
                (uint64_t)time(NULL), command);
    sp_text_add(&text, "source %s\nclass %s\ndetail recorded\nmessage %s\n",
                source, sp_code_word(SP_OK), message);
    return sp_keep_text(dir, id, &text, err);
}

int
sp_history_add(struct sp_state *state, const char *command,
               const struct sp_outcome *o, struct sp_error *err)
{
    struct sp_text text = {0};
    SP_AUTO_FD dir = sp_path_make_dir(state->state_fd, "history", 0700, err);

    if (dir < 0)
        return -1;
    remove_halves(dir);
    sp_text_add(&text, "delivery 1\ntime %" PRIu64 "\ncommand %s\n",
                (uint64_t)time(NULL), command);
    sp_text_add(&text, "source %s\n", o->source);
    sp_text_add(&text, "class %s\ndetail %s\n", sp_code_word(o->error.code),
                o->error.code == SP_OK
                    ? (o->nothing_to_do ? "nothing-to-do" : "published")
                    : o->error.detail);
    sp_text_add(&text, "message %s\n", o->error.msg);
    sp_text_add(&text,
                "generation %" PRIu64 "\npackages %" PRIu64 "\nbytes %" PRIu64
                "\n",
                o->generation, o->n_packages, o->bytes);
    add_freshness(&text, &o->freshness);
    for (uint64_t i = 0; i < o->n_requests; i++)
        sp_text_add(&text, "request %s\n", o->requests[i]);
    for (uint64_t i = 0; i < o->n_packages; i++)
        add_package(&text, &o->packages[i]);
    return sp_keep_text(dir, o->delivery, &text, err);
}

static void
copy(char *dst, size_t size, const char *value)
{
    (void)snprintf(dst, size, "%s", value);
}

static void
take_line(struct sp_history *h, const char *key, const char *value)
{
    if (strcmp(key, "time") == 0)
        (void)sp_text_u64(value, UINT64_MAX, &h->time);
    else if (strcmp(key, "command") == 0)
        copy(h->command, sizeof(h->command), value);
    else if (strcmp(key, "source") == 0)
        copy(h->source, sizeof(h->source), value);
    else if (strcmp(key, "class") == 0)
        copy(h->class_word, sizeof(h->class_word), value);
    else if (strcmp(key, "detail") == 0)
        copy(h->detail, sizeof(h->detail), value);
    else if (strcmp(key, "message") == 0)
        copy(h->message, sizeof(h->message), value);
    else if (strcmp(key, "generation") == 0)
        (void)sp_text_u64(value, UINT64_MAX, &h->generation);
    else if (strcmp(key, "packages") == 0)
        (void)sp_text_u64(value, UINT64_MAX, &h->packages);
    else if (strcmp(key, "bytes") == 0)
        (void)sp_text_u64(value, UINT64_MAX, &h->bytes);
    else if (strcmp(key, "newest") == 0)
        (void)sp_text_u64(value, UINT64_MAX, &h->newest);
}

static int
read_record(int dir, const char *id, struct sp_history *ret, char **ret_text,
            struct sp_error *err)
{
    SP_AUTO_FREE char *text = NULL;
    char line[SP_LINE_MAX];
    struct sp_lines lines = {0};
    bool bad = false;

    if (sp_read_file(dir, id, HISTORY_BYTES_MAX, &text, &lines.size, err) < 0)
        return -1;
    lines.text = text;
    memset(ret, 0, sizeof(*ret));
    copy(ret->id, sizeof(ret->id), id);
    while (sp_lines_next(&lines, line, &bad)) {
        const char *value = sp_lines_value(line);

        take_line(ret, line, value);
    }
    if (bad)
        return sp_fail(err, "state", "the history record '%s' is damaged", id);
    if (ret_text) {
        *ret_text = text;
        text = NULL;
    }
    return 0;
}

static int
is_id(const struct dirent *entry)
{
    return strlen(entry->d_name) == ID_LENGTH &&
           sp_text_is_hex(entry->d_name, ID_LENGTH);
}

/*
 * Up to max records of those that are named. What is damaged or gone is left
 * out; what is there and cannot be read is a fault: without it the list would
 * be another one.
 */
static int
read_records(int dir, struct dirent **names, size_t n, size_t max,
             struct sp_history *list, size_t *ret_n, struct sp_error *err)
{
    size_t taken = 0;

    for (size_t i = 0; i < n && taken < max; i++) {
        struct sp_error why = {0};

        if (read_record(dir, names[i]->d_name, &list[taken], NULL, &why) == 0) {
            taken++;
        } else if (strcmp(why.detail, "state") != 0 &&
                   strcmp(why.detail, "not-found") != 0) {
            *err = why;
            return -1;
        }
    }
    *ret_n = taken;
    return 0;
}

/* Ids begin with the time, so that their order is the order of time. */
static int
newest_first(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*b)->d_name, (*a)->d_name);
}

static void
free_names(struct dirent **names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        free(names[i]);
    free(names);
}

static int
list_ids(int dir_fd, struct dirent ***ret, size_t *ret_n, struct sp_error *err)
{
    int n = scandirat(dir_fd, ".", ret, is_id, newest_first);

    if (n < 0)
        return sp_fail_sys(err, errno, "state", "cannot list the history");
    *ret_n = (size_t)n;
    return 0;
}

int
sp_history_list(struct sp_state *state, size_t max, struct sp_history **ret,
                size_t *ret_n, struct sp_error *err)
{
    SP_AUTO_FD dir =
        openat(state->state_fd, "history", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct sp_history *list;
    struct dirent **names;
    size_t n;
    int status;

    *ret = NULL;
    *ret_n = 0;
    if (dir < 0 && errno == ENOENT)
        return 0;
    if (dir < 0)
        return sp_fail_sys(err, errno, "state", "cannot open the history");
    if (list_ids(dir, &names, &n, err) < 0)
        return -1;
    list = calloc(n ? n : 1, sizeof(*list));
    status = list ? read_records(dir, names, n, max, list, ret_n, err)
                  : sp_fail(err, "no-memory", "no memory for the history");
    free_names(names, n);
    if (status < 0)
        free(list);
    else
        *ret = list;
    return status;
}

int
sp_history_show(struct sp_state *state, const char *id, struct sp_history *ret,
                char **ret_text, struct sp_error *err)
{
    SP_AUTO_FD dir =
        openat(state->state_fd, "history", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    size_t len = strlen(id);
    struct dirent **names;
    const char *found = NULL;
    size_t n, matches = 0;
    int status;

    if (len == 0 || len > ID_LENGTH || !sp_text_is_hex(id, len))
        return sp_fail(err, "usage", "an id is up to 32 hexadecimal digits");
    if (dir < 0)
        return sp_fail(err, "not-found", "there is no history yet");
    if (list_ids(dir, &names, &n, err) < 0)
        return -1;
    for (size_t i = 0; i < n; i++)
        if (strncmp(names[i]->d_name, id, len) == 0) {
            found = names[i]->d_name;
            matches++;
        }
    if (matches == 1)
        status = read_record(dir, found, ret, ret_text, err);
    else
        status = sp_fail(err, "not-found", "%zu deliveries have the id '%s'",
                         matches, id);
    free_names(names, n);
    return status;
}
