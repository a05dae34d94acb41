/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/render-json.h"

#include <time.h>

#include "base/text.h"
#include "cli/freshness.h"
#include "cli/present.h"
#include "cli/result.h"

/* Unix seconds; null while unknown. */
static void
render_time(struct sp_json *json, const char *key, uint64_t when)
{
    if (when == 0)
        sp_json_null(json, key);
    else
        sp_json_u64(json, key, when);
}

static void
render_number(struct sp_json *json, const char *key, uint64_t number)
{
    render_time(json, key, number);
}

static void
render_error(struct sp_json *json, const struct sp_error *err)
{
    sp_json_string(json, "class", sp_code_word(err->code));
    sp_result_json_text(json, "detail", err->detail);
    sp_result_json_text(json, "message", err->msg);
}

static void
render_nevra(struct sp_json *json, const struct sp_nevra *nevra)
{
    bool known = nevra->name[0] != '\0';

    sp_result_json_text(json, "name", nevra->name);
    if (known)
        sp_json_u64(json, "epoch", nevra->epoch);
    else
        sp_json_null(json, "epoch");
    sp_result_json_text(json, "version", nevra->version);
    sp_result_json_text(json, "release", nevra->release);
    sp_result_json_text(json, "arch", nevra->arch);
}

void
sp_render_package(struct sp_json *json, const struct sp_package *p)
{
    const struct sp_report_package *f = &p->facts;
    char sha256[65] = "";
    char issuer[17] = "";

    if (p->checked && f->nevra.name[0]) {
        sp_text_hex(sha256, f->header_sha256, sizeof(f->header_sha256));
        sp_text_hex(issuer, f->issuer, sizeof(f->issuer));
    }
    sp_json_u64(json, "index", p->index);
    sp_json_string(json, "verdict",
                   sp_present_accepted(p) ? "accept" : "refuse");
    render_error(json, &p->error);
    render_nevra(json, &f->nevra);
    sp_json_u64(json, "bytes", f->file_bytes);
    render_number(json, "installed_bytes", f->installed_bytes);
    render_time(json, "build_time", f->build_time);
    render_time(json, "signature_time", f->signature_time);
    sp_result_json_text(json, "header_sha256", sha256);
    sp_result_json_text(json, "issuer_key_id", issuer);
    sp_result_json_text(json, "signing_fingerprint", p->signing_fpr);
    sp_result_json_text(json, "primary_fingerprint", p->primary_fpr);
    sp_result_json_text(json, "old", p->old_evr);
    sp_json_bool(json, "protected", p->is_protected);
    sp_json_bool(json, "new", p->is_new);
    sp_result_json_text(json, "builder_says_why",
                        f->why ? sp_why_word((enum sp_why)f->why) : NULL);
}

static void
render_jails(struct sp_json *json, const struct sp_outcome *o)
{
    static const char *const names[] = {
        [SP_WORKER_UNPACK] = "unpack", [SP_WORKER_CHECK] = "check",
        [SP_WORKER_VERIFY] = "verify", [SP_WORKER_MAKE_HOME] = "make-home",
        [SP_WORKER_INDEX] = "index",   [SP_WORKER_EVIDENCE] = "evidence",
    };

    sp_json_open_array(json, "jails");
    for (size_t i = SP_WORKER_UNPACK; i <= SP_WORKER_EVIDENCE; i++) {
        if (o->jails[i].landlock_abi == 0)
            continue;
        sp_json_open_object(json, NULL);
        sp_json_string(json, "worker", names[i]);
        sp_json_u64(json, "landlock_abi", o->jails[i].landlock_abi);
        sp_json_string(json, "seccomp",
                       o->jails[i].seccomp == 1 ? "kill" : "errno");
        sp_json_close_object(json);
    }
    sp_json_close_array(json);
}

void
sp_render_outcome(struct sp_json *json, const struct sp_outcome *o)
{
    sp_result_json_text(json, "source", o->source);
    sp_result_json_text(json, "delivery", o->delivery);
    sp_json_bool(json, "published", o->published);
    sp_json_bool(json, "nothing_to_do", o->nothing_to_do);
    sp_json_bool(json, "repository_changed", o->repository_touched);
    render_number(json, "generation", o->generation);
    sp_json_u64(json, "bytes", o->bytes);
    render_time(json, "newest_signature", o->newest_signature);
    render_number(json, "refused_index", o->refused_index);
    sp_freshness_render(json, &o->freshness, (uint64_t)time(NULL));
    sp_json_open_array(json, "requests");
    for (uint64_t i = 0; i < o->n_requests; i++)
        sp_json_string(json, NULL, o->requests[i]);
    sp_json_close_array(json);
    render_jails(json, o);
    sp_json_open_array(json, "packages");
    for (uint64_t i = 0; i < o->n_packages; i++) {
        sp_json_open_object(json, NULL);
        sp_render_package(json, &o->packages[i]);
        sp_json_close_object(json);
    }
    sp_json_close_array(json);
}

void
sp_render_status(struct sp_json *json, const struct sp_status *s)
{
    render_number(json, "generation", s->current);
    sp_json_open_array(json, "generations");
    for (size_t i = 0; i < s->n_generations; i++) {
        const struct sp_generation *g = &s->generations[i];

        sp_json_open_object(json, NULL);
        sp_json_u64(json, "generation", g->number);
        sp_json_bool(json, "current", g->current);
        sp_json_u64(json, "packages", g->packages);
        render_time(json, "newest_signature", g->newest_signature);
        render_time(json, "published", g->published);
        sp_json_close_object(json);
    }
    sp_json_close_array(json);
    sp_json_bool(json, "busy", s->busy);
    sp_json_bool(json, "leftover", s->leftover);
    render_time(json, "last_success", s->last_success);
    sp_result_json_text(json, "last_delivery", s->last_id);
    sp_result_json_text(json, "last_class", s->last_class);
    sp_result_json_text(json, "last_detail", s->last_detail);
}

void
sp_render_history(struct sp_json *json, const struct sp_history *h)
{
    sp_json_string(json, "delivery", h->id);
    render_time(json, "time", h->time);
    sp_result_json_text(json, "did", h->command);
    sp_result_json_text(json, "source", h->source);
    sp_result_json_text(json, "result_class", h->class_word);
    sp_result_json_text(json, "result_detail", h->detail);
    sp_result_json_text(json, "result_message", h->message);
    render_number(json, "generation", h->generation);
    render_time(json, "newest", h->newest);
    sp_json_u64(json, "packages", h->packages);
    sp_json_u64(json, "bytes", h->bytes);
}

const char *
sp_finding_word(enum sp_finding_state state)
{
    switch (state) {
    case SP_FINDING_BAD: return "bad";
    case SP_FINDING_GOOD: return "good";
    case SP_FINDING_NOTE: return "note";
    }
    return "bad";
}

void
sp_render_finding(struct sp_json *json, const struct sp_finding *finding)
{
    sp_json_open_object(json, NULL);
    sp_json_string(json, "state", sp_finding_word(finding->state));
    sp_json_string(json, "area", finding->area);
    sp_json_string(json, "what", finding->what);
    sp_result_json_text(json, "result", finding->result);
    sp_result_json_text(json, "fix", finding->fix);
    sp_json_close_object(json);
}
