/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build/advisories.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/lines.h"
#include "bundle/request.h"
#include "bundle/rpm.h"

/* A plan of a thousand packages has some hundreds. */
enum { ADVISORIES_MAX = 16384, TEXT_MAX = 4096 };

/* The advisory whose lines are read. */
struct reader {
    struct sp_advisories *all;
    const struct sp_plan *plan;
    char words[4][SP_LINE_MAX]; /* id, type, severity, date */
    bool open;
    struct sp_text fixes, packages;
};

static int
no_memory(struct sp_error *err)
{
    return sp_fail(err, "no-memory", "no memory for advisories");
}

static void
release_one(struct sp_advisory *one)
{
    free(one->id);
    free(one->type);
    free(one->severity);
    free(one->date);
    free(one->fixes);
    free(one->packages);
}

static int
keep(struct sp_advisories *all, struct sp_advisory *one, struct sp_error *err)
{
    bool whole = one->id && one->type && one->severity && one->date &&
                 one->fixes && one->packages;
    void *grown = all->list;

    if (whole && (all->n & (all->n - 1)) == 0)
        grown = reallocarray(all->list, all->n ? 2 * all->n : 1, sizeof(*one));
    if (!whole || !grown) {
        release_one(one);
        return no_memory(err);
    }
    all->list = grown;
    all->list[all->n++] = *one;
    return 0;
}

/* Only what concerns the plan is kept. */
static int
end_advisory(struct reader *r, struct sp_error *err)
{
    struct sp_advisory one;

    if (!r->open || r->packages.size == 0)
        return 0;
    if (r->all->n == ADVISORIES_MAX)
        return sp_fail(err, "metadata", "more than %d advisories for the plan",
                       (int)ADVISORIES_MAX);
    one = (struct sp_advisory){
        .id = strdup(r->words[0]),
        .type = strdup(r->words[1]),
        .severity = strdup(r->words[2]),
        .date = strdup(r->words[3]),
        .fixes = strdup(r->fixes.bytes ? r->fixes.bytes : ""),
        .packages = strdup(r->packages.bytes),
    };
    return keep(r->all, &one, err);
}

static bool
is_printable(const char *s)
{
    for (; *s; s++)
        if (*s < 0x20 || *s > 0x7e)
            return false;
    return true;
}

static void
begin_advisory(struct reader *r, char *value)
{
    sp_text_release(&r->fixes);
    sp_text_release(&r->packages);
    r->open = is_printable(value);
    for (size_t i = 0; i < 4; i++) {
        char *rest = sp_lines_value(value);

        (void)snprintf(r->words[i], sizeof(r->words[i]), "%s", value);
        r->open = r->open && value[0];
        value = rest;
    }
}

static void
add_word(struct sp_text *text, const char *word)
{
    if (text->size + strlen(word) < TEXT_MAX && is_printable(word))
        sp_text_add(text, "%s%s", text->size ? " " : "", word);
}

static int
by_order(const void *key, const void *package)
{
    return sp_request_order(key,
                            &((const struct sp_plan_package *)package)->nevra);
}

static void
take_package(struct reader *r, const char *value)
{
    const struct sp_plan_package *found;
    char shown[SP_NEVRA_SHOWN_MAX];
    struct sp_nevra nevra;

    if (r->plan->n == 0 ||
        !sp_request_nevra((struct sp_view){value, strlen(value)}, &nevra))
        return;
    found = bsearch(&nevra, r->plan->packages, r->plan->n,
                    sizeof(r->plan->packages[0]), by_order);
    if (!found)
        return;
    sp_nevra_show(&nevra, shown, sizeof(shown));
    add_word(&r->packages, shown);
}

static int
take_line(struct reader *r, char *line, struct sp_error *err)
{
    char *value = sp_lines_value(line);

    if (strcmp(line, "advisory") == 0) {
        if (end_advisory(r, err) < 0)
            return -1;
        begin_advisory(r, value);
    } else if (strcmp(line, "fixes") == 0) {
        add_word(&r->fixes, value);
    } else if (strcmp(line, "package") == 0) {
        take_package(r, value);
    }
    return r->fixes.failed || r->packages.failed ? no_memory(err) : 0;
}

int
sp_advisories_add(struct sp_advisories *advisories, FILE *untrusted_lines,
                  const struct sp_plan *plan, struct sp_error *err)
{
    SP_AUTO_FREE struct reader *r = calloc(1, sizeof(*r));
    char line[SP_LINE_MAX];
    int status = 0;

    if (!r)
        return no_memory(err);
    r->all = advisories;
    r->plan = plan;
    while (status == 0 && fgets(line, sizeof(line), untrusted_lines)) {
        line[strcspn(line, "\n")] = '\0';
        status = take_line(r, line, err);
    }
    if (status == 0)
        status = end_advisory(r, err);
    sp_text_release(&r->fixes);
    sp_text_release(&r->packages);
    return status;
}

static int
compare(const void *a, const void *b)
{
    const struct sp_advisory *x = a;
    const struct sp_advisory *y = b;
    int order = strcmp(x->id, y->id);

    return order ? order : strcmp(x->packages, y->packages);
}

void
sp_advisories_sort(struct sp_advisories *advisories)
{
    if (advisories->n > 0)
        qsort(advisories->list, advisories->n, sizeof(advisories->list[0]),
              compare);
}

void
sp_advisories_release(struct sp_advisories *advisories)
{
    for (size_t i = 0; i < advisories->n; i++)
        release_one(&advisories->list[i]);
    free(advisories->list);
    advisories->list = NULL;
    advisories->n = 0;
}
