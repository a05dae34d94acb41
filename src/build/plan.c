/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build/plan.h"

#include <stdlib.h>
#include <string.h>

#include "bundle/request.h"
#include "bundle/rpm.h"

/* Room for one more, grown by doubling: at 0, 1, 2, 4 ... elements. */
static int
make_room(void **array, size_t n, size_t size, struct sp_error *err)
{
    void *grown;

    if ((n & (n - 1)) != 0)
        return 0;
    grown = reallocarray(*array, n ? 2 * n : 1, size);
    if (!grown)
        return sp_fail(err, "no-memory", "no memory for the plan");
    *array = grown;
    return 0;
}

int
sp_plan_add(struct sp_plan *plan, const struct sp_plan_package *package,
            struct sp_error *err)
{
    void *array = plan->packages;
    int status = make_room(&array, plan->n, sizeof(*package), err);
    struct sp_plan_package copy = *package;

    plan->packages = array;
    if (status < 0)
        return -1;
    copy.location = strdup(package->location);
    copy.replaces = strdup(package->replaces ? package->replaces : "");
    if (!copy.location || !copy.replaces) {
        free(copy.location);
        free(copy.replaces);
        return sp_fail(err, "no-memory", "no memory for the plan");
    }
    plan->packages[plan->n++] = copy;
    return 0;
}

int
sp_plan_note(struct sp_plan *plan, enum sp_note_kind kind, const char *subject,
             const char *text, struct sp_error *err)
{
    struct sp_plan_note note = {.kind = kind};
    void *array = plan->notes;
    int status = make_room(&array, plan->n_notes, sizeof(note), err);

    plan->notes = array;
    if (status < 0)
        return -1;
    note.subject = strdup(subject);
    note.text = strdup(text);
    if (!note.subject || !note.text) {
        free(note.subject);
        free(note.text);
        return sp_fail(err, "no-memory", "no memory for the plan");
    }
    plan->notes[plan->n_notes++] = note;
    return 0;
}

size_t
sp_plan_count(const struct sp_plan *plan, enum sp_note_kind kind)
{
    size_t n = 0;

    for (size_t i = 0; i < plan->n_notes; i++)
        n += plan->notes[i].kind == kind;
    return n;
}

uint64_t
sp_plan_bytes(const struct sp_plan *plan)
{
    uint64_t bytes = 0;

    for (size_t i = 0; i < plan->n; i++)
        bytes += plan->packages[i].size;
    return bytes;
}

static int
compare_packages(const void *a, const void *b)
{
    const struct sp_plan_package *x = a;
    const struct sp_plan_package *y = b;

    return sp_request_order(&x->nevra, &y->nevra);
}

static int
compare_notes(const void *a, const void *b)
{
    const struct sp_plan_note *x = a;
    const struct sp_plan_note *y = b;
    int order = (int)x->kind - (int)y->kind;

    if (order == 0)
        order = strcmp(x->subject, y->subject);
    return order ? order : strcmp(x->text, y->text);
}

void
sp_plan_sort(struct sp_plan *plan)
{
    if (plan->n > 0)
        qsort(plan->packages, plan->n, sizeof(plan->packages[0]),
              compare_packages);
    if (plan->n_notes > 0)
        qsort(plan->notes, plan->n_notes, sizeof(plan->notes[0]),
              compare_notes);
}

bool
sp_plan_equal(const struct sp_plan *a, const struct sp_plan *b,
              const struct sp_nevra **ret_odd)
{
    size_t n = a->n > b->n ? a->n : b->n;

    for (size_t i = 0; i < n; i++) {
        int order = i == a->n ? 1
                    : i == b->n
                        ? -1
                        : compare_packages(&a->packages[i], &b->packages[i]);

        if (order == 0)
            continue;
        *ret_odd = order < 0 ? &a->packages[i].nevra : &b->packages[i].nevra;
        return false;
    }
    return true;
}

void
sp_plan_release(struct sp_plan *plan)
{
    for (size_t i = 0; i < plan->n; i++) {
        free(plan->packages[i].location);
        free(plan->packages[i].replaces);
    }
    for (size_t i = 0; i < plan->n_notes; i++) {
        free(plan->notes[i].subject);
        free(plan->notes[i].text);
    }
    free(plan->packages);
    free(plan->notes);
    memset(plan, 0, sizeof(*plan));
}
