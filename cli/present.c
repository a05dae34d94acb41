/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/present.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "bundle/rpm.h"
#include "cli/table.h"

void
sp_present_time(char *dst, uint64_t when)
{
    time_t seconds = (time_t)when;
    struct tm tm;

    if (when == 0 || !gmtime_r(&seconds, &tm) ||
        strftime(dst, SP_PRESENT_TIME_MAX, "%Y-%m-%d %H:%M UTC", &tm) == 0)
        (void)snprintf(dst, SP_PRESENT_TIME_MAX, "-");
}

static void
count_of(char *dst, uint64_t n, const char *unit)
{
    (void)snprintf(dst, SP_PRESENT_TIME_MAX, "%" PRIu64 " %s%s", n, unit,
                   n == 1 ? "" : "s");
}

void
sp_present_age(char *dst, uint64_t now, uint64_t when)
{
    uint64_t age = now > when ? now - when : 0;

    if (when == 0)
        (void)snprintf(dst, SP_PRESENT_TIME_MAX, "-");
    else if (when > now)
        (void)snprintf(dst, SP_PRESENT_TIME_MAX, "in the future");
    else if (age >= 2 * 86400)
        count_of(dst, age / 86400, "day");
    else if (age >= 3600)
        count_of(dst, age / 3600, "hour");
    else
        count_of(dst, age / 60, "minute");
}

void
sp_present_nevra(char *dst, size_t size, const struct sp_nevra *nevra)
{
    char untrusted_nevra[SP_NEVRA_SHOWN_MAX];

    if (nevra->name[0] == '\0') {
        (void)snprintf(dst, size, "-");
        return;
    }
    sp_nevra_show(nevra, untrusted_nevra, sizeof(untrusted_nevra));
    sp_text_show(dst, size, untrusted_nevra);
}

bool
sp_present_accepted(const struct sp_package *package)
{
    return package->checked && package->judged && package->error.code == SP_OK;
}

enum {
    VERDICT,
    NAME,
    VERSION,
    SIZE,
    SIGNER,
    SIGNED,
    WHY,
    N_COLUMNS,
};

static const struct sp_column columns[N_COLUMNS] = {
    [VERDICT] = {"VERDICT", false},
    [NAME] = {"PACKAGE", false},
    [VERSION] = {"VERSION", false},
    [SIZE] = {"SIZE", true},
    [SIGNER] = {"SIGNED BY", false},
    [SIGNED] = {"SIGNED AGO", false},
    [WHY] = {"WHY (says the builder)", false},
};

struct rows {
    const struct sp_outcome *outcome;
    uint64_t now;
};

static void
show_name(char *dst, const struct sp_package *p)
{
    const struct sp_nevra *n = &p->facts.nevra;
    char name[SP_NAME_MAX + SP_ARCH_MAX + 6];

    (void)snprintf(name, sizeof(name), "%s.%s%s", n->name, n->arch,
                   p->is_protected ? " (!)" : "");
    if (n->name[0])
        sp_text_show(dst, SP_TABLE_CELL_MAX, name);
    else
        (void)snprintf(dst, SP_TABLE_CELL_MAX, "number %" PRIu64, p->index);
}

/* "old -> new", without epochs that are 0. */
static void
show_version(char *dst, const struct sp_package *p)
{
    const struct sp_nevra *n = &p->facts.nevra;
    char evr[SP_NEVRA_SHOWN_MAX];
    char change[2 * SP_NEVRA_SHOWN_MAX];
    const char *new_evr, *old_evr = p->old_evr;

    if (n->name[0] == '\0') {
        (void)snprintf(dst, SP_TABLE_CELL_MAX, "-");
        return;
    }
    sp_nevra_evr(n, evr, sizeof(evr));
    new_evr = n->epoch == 0 ? strchr(evr, ':') + 1 : evr;
    if (strncmp(old_evr, "0:", 2) == 0)
        old_evr += 2;
    if (old_evr[0] && strcmp(p->old_evr, evr) != 0)
        (void)snprintf(change, sizeof(change), "%s -> %s", old_evr, new_evr);
    else
        (void)snprintf(change, sizeof(change), "%s", new_evr);
    sp_text_show(dst, SP_TABLE_CELL_MAX, change);
}

/* The last 16 digits, as gpg shows long key ids. */
static void
show_signer(char *dst, const struct sp_package *p)
{
    size_t len = strlen(p->primary_fpr);

    if (len == 0)
        (void)snprintf(dst, SP_TABLE_CELL_MAX, "-");
    else
        sp_text_show(dst, SP_TABLE_CELL_MAX,
                     p->primary_fpr + (len > 16 ? len - 16 : 0));
}

static void
show_verdict(char *dst, const struct sp_package *p)
{
    if (sp_present_accepted(p))
        (void)snprintf(dst, SP_TABLE_CELL_MAX, "accept");
    else if (p->error.code == SP_OK)
        (void)snprintf(dst, SP_TABLE_CELL_MAX, "not judged");
    else
        (void)snprintf(dst, SP_TABLE_CELL_MAX, "refuse: %s", p->error.detail);
}

static void
package_cell(const void *data, size_t row, size_t column, char *dst)
{
    const struct rows *rows = data;
    const struct sp_package *p = &rows->outcome->packages[row];
    char age[SP_PRESENT_TIME_MAX];

    switch (column) {
    case VERDICT: show_verdict(dst, p); break;
    case NAME: show_name(dst, p); break;
    case VERSION: show_version(dst, p); break;
    case SIZE: sp_text_size(dst, SP_TABLE_CELL_MAX, p->facts.file_bytes); break;
    case SIGNER: show_signer(dst, p); break;
    case SIGNED:
        sp_present_age(age, rows->now, p->facts.signature_time);
        (void)snprintf(dst, SP_TABLE_CELL_MAX, "%s", age);
        break;
    default:
        (void)snprintf(dst, SP_TABLE_CELL_MAX, "%s",
                       sp_why_word((enum sp_why)p->facts.why));
    }
}

static enum sp_tone
package_tone(const void *data, size_t row)
{
    const struct rows *rows = data;
    const struct sp_package *p = &rows->outcome->packages[row];

    if (sp_present_accepted(p))
        return SP_TONE_GOOD;
    return p->error.code == SP_OK ? SP_TONE_NOTE : SP_TONE_BAD;
}

void
sp_present_packages(const struct sp_outcome *outcome, uint64_t now, bool color,
                    FILE *out)
{
    const struct rows rows = {outcome, now};
    const struct sp_table table = {
        .columns = columns,
        .n_columns = N_COLUMNS,
        .n_rows = (size_t)outcome->n_packages,
        .data = &rows,
        .cell = package_cell,
        .tone = package_tone,
    };

    bool any = false;

    for (uint64_t i = 0; i < outcome->n_packages; i++)
        any = any || outcome->packages[i].is_protected;
    if (outcome->n_packages > 0)
        sp_table_print(&table, color, out);
    if (any)
        (void)fputs("(!) the machine cannot do without it\n", out);
}

void
sp_present_totals(const struct sp_outcome *outcome, uint64_t now, FILE *out)
{
    uint64_t accepted = 0;
    uint64_t bytes = 0;
    char size[SP_PRESENT_TIME_MAX];
    char when[SP_PRESENT_TIME_MAX];
    char age[SP_PRESENT_TIME_MAX];

    for (uint64_t i = 0; i < outcome->n_packages; i++) {
        const struct sp_package *p = &outcome->packages[i];

        accepted += sp_present_accepted(p) ? 1 : 0;
        bytes += p->facts.file_bytes;
    }
    sp_text_size(size, sizeof(size), bytes);
    (void)fprintf(out,
                  "%" PRIu64 " package%s, %s; %" PRIu64 " accepted, %" PRIu64
                  " not accepted\n",
                  outcome->n_packages, outcome->n_packages == 1 ? "" : "s",
                  size, accepted, outcome->n_packages - accepted);
    sp_present_time(when, outcome->newest_signature);
    sp_present_age(age, now, outcome->newest_signature);
    if (outcome->newest_signature == 0)
        (void)fputs("newest accepted signature: none\n", out);
    else
        (void)fprintf(out, "newest accepted signature: %s (age: %s)\n", when,
                      age);
}

void
sp_present_changes(const char *text, FILE *out)
{
    (void)fprintf(out, "changes, from the verified packages:\n%s",
                  *text ? text : "none are known\n");
}
