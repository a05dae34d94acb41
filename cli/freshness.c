/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/freshness.h"

#include <inttypes.h>

#include "base/text.h"
#include "bundle/rpm.h"
#include "cli/present.h"
#include "cli/result.h"

/* Long lists are for JSON. */
enum { WITHHELD_SHOWN_MAX = 20 };

static void
print_time(const char *what, uint64_t when, uint64_t now, FILE *out)
{
    char date[SP_PRESENT_TIME_MAX];
    char age[SP_PRESENT_TIME_MAX];

    sp_present_time(date, when);
    sp_present_age(age, now, when);
    (void)fprintf(out, "%s%s (age: %s)\n", what, date, age);
}

static void
print_repository(const struct sp_repository *r, uint64_t now, FILE *out)
{
    char date[SP_PRESENT_TIME_MAX];
    char age[SP_PRESENT_TIME_MAX];
    char label[SP_SHOWN_MAX];

    sp_text_show(label, sizeof(label), r->label);
    if (r->error.code != SP_OK) {
        (void)fprintf(out, "signed metadata of '%s': none, %s: %s\n", label,
                      r->error.detail, r->error.msg);
        return;
    }
    sp_present_time(date, r->signed_at);
    sp_present_age(age, now, r->signed_at);
    (void)fprintf(out,
                  "signed metadata of '%s': revision %" PRIu64
                  ", signed %s (age: %s)%s\n",
                  label, r->revision, date, age,
                  r->first ? ", seen for the first time" : "");
}

static void
print_withheld(const struct sp_freshness *f, FILE *out)
{
    for (size_t i = 0; i < f->n_withheld && i < WITHHELD_SHOWN_MAX; i++) {
        char nevra[SP_NEVRA_SHOWN_MAX];
        char label[SP_SHOWN_MAX];

        sp_present_nevra(nevra, sizeof(nevra), &f->withheld[i].nevra);
        sp_text_show(label, sizeof(label), f->withheld[i].label);
        (void)fprintf(out, "did not come: %s, listed by '%s'\n", nevra, label);
    }
    if (f->n_withheld > WITHHELD_SHOWN_MAX)
        (void)fprintf(out, "did not come: %zu more\n",
                      f->n_withheld - WITHHELD_SHOWN_MAX);
}

void
sp_freshness_print_known(uint64_t known, uint64_t max_age, uint64_t now,
                         FILE *out)
{
    if (known == 0)
        return;
    print_time("newest known here: ", known, now, out);
    if (sp_freshness_judge(known, max_age, now, NULL) < 0)
        (void)fprintf(out,
                      "this is older than the %" PRIu64
                      " days that the policy allows\n",
                      max_age / 86400);
}

void
sp_freshness_print(const struct sp_freshness *f, uint64_t now, FILE *out)
{
    if (f->newest_build)
        print_time("newest package was built: ", f->newest_build, now, out);
    for (size_t i = 0; i < f->n_repositories; i++)
        print_repository(&f->repositories[i], now, out);
    print_withheld(f, out);
    sp_freshness_print_known(f->known, f->max_age, now, out);
}

static void
render_time(struct sp_json *json, const char *key, uint64_t when)
{
    if (when == 0)
        sp_json_null(json, key);
    else
        sp_json_u64(json, key, when);
}

static void
render_repository(struct sp_json *json, const struct sp_repository *r)
{
    sp_json_open_object(json, NULL);
    sp_json_string(json, "repository", r->label);
    sp_json_bool(json, "evidence", r->error.code == SP_OK);
    sp_result_json_text(json, "detail", r->error.detail);
    sp_result_json_text(json, "message", r->error.msg);
    sp_result_json_text(json, "primary_fingerprint", r->primary_fpr);
    render_time(json, "revision", r->revision);
    render_time(json, "signature_time", r->signed_at);
    sp_json_u64(json, "packages", r->packages);
    sp_json_bool(json, "first", r->first);
    sp_json_close_object(json);
}

static void
render_withheld(struct sp_json *json, const struct sp_withheld *w)
{
    sp_json_open_object(json, NULL);
    sp_json_string(json, "name", w->nevra.name);
    sp_json_u64(json, "epoch", w->nevra.epoch);
    sp_json_string(json, "version", w->nevra.version);
    sp_json_string(json, "release", w->nevra.release);
    sp_json_string(json, "arch", w->nevra.arch);
    sp_json_string(json, "repository", w->label);
    sp_json_close_object(json);
}

void
sp_freshness_render_known(struct sp_json *json, uint64_t known,
                          uint64_t max_age, uint64_t now)
{
    render_time(json, "newest_known", known);
    if (known == 0)
        sp_json_null(json, "age");
    else
        sp_json_u64(json, "age", now > known ? now - known : 0);
    render_time(json, "max_age", max_age);
    sp_json_bool(json, "too_old",
                 sp_freshness_judge(known, max_age, now, NULL) < 0);
}

void
sp_freshness_render(struct sp_json *json, const struct sp_freshness *f,
                    uint64_t now)
{
    sp_json_open_object(json, "freshness");
    render_time(json, "newest_build", f->newest_build);
    render_time(json, "newest_evidence", f->proven);
    sp_freshness_render_known(json, f->known, f->max_age, now);
    sp_json_open_array(json, "repositories");
    for (size_t i = 0; i < f->n_repositories; i++)
        render_repository(json, &f->repositories[i]);
    sp_json_close_array(json);
    sp_json_open_array(json, "withheld");
    for (size_t i = 0; i < f->n_withheld; i++)
        render_withheld(json, &f->withheld[i]);
    sp_json_close_array(json);
    sp_json_close_object(json);
}
