/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ingest/ask.h"

#include <errno.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "base/spawn.h"
#include "base/text.h"
#include "ingest/clock.h"
#include "ingest/floor.h"
#include "ingest/pending.h"
#include "ingest/policy.h"
#include "ingest/pubkeys.h"
#include "ingest/ratchet.h"
#include "ingest/repofiles.h"
#include "ingest/rpmdb.h"
#include "ingest/state.h"

#define DEFAULT_REPOS_DIR "/etc/yum.repos.d"

/* One request in the making. */
struct asking {
    const struct sp_ask *ask;
    struct sp_policy policy;
    struct sp_transport dest;
    struct sp_state state;
    bool has_state;
    struct sp_rpmdb db;
    struct sp_request_writer writer;
    struct sp_asked *asked;
};

static int
make_id(char ret[SP_REQUEST_ID], struct sp_error *err)
{
    uint8_t random[16];

    if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
        return sp_fail_sys(err, errno, "internal", "no random numbers");
    sp_text_hex(ret, random, sizeof(random));
    return 0;
}

/* The architecture by which repositories are named (dnf.rpm.basearch). */
static const char *
base_arch(const char *machine)
{
    static const char *const pairs[][2] = {
        {"i386", "i386"},      {"i486", "i386"},    {"i586", "i386"},
        {"i686", "i386"},      {"amd64", "x86_64"}, {"armv7l", "armhfp"},
        {"armv7hl", "armhfp"},
    };

    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
        if (strcmp(pairs[i][0], machine) == 0)
            return pairs[i][1];
    return machine;
}

static int
write_words(struct sp_request_writer *w, enum sp_request_key key,
            const char *start, const struct sp_words *words,
            struct sp_error *err)
{
    for (size_t i = 0; i < words->n; i++)
        if (sp_request_write_field(w, key, err, "%s%s", start, words->word[i]) <
            0)
            return -1;
    return 0;
}

/* Only the day: the time of day says more than anybody must know. */
static int
write_start(struct asking *a, struct sp_error *err)
{
    struct sp_request_writer *w = &a->writer;
    time_t now = (time_t)sp_clock_now(a->has_state ? &a->state : NULL);
    char day[16];
    struct tm tm;

    if (!gmtime_r(&now, &tm) ||
        strftime(day, sizeof(day), "%Y-%m-%d", &tm) == 0)
        return sp_fail(err, "internal", "the clock of this machine is off");
    if (sp_request_write_begin(w, err) < 0 ||
        sp_request_write_field(w, SP_REQUEST_KEY_ID, err, "%s", a->asked->id) <
            0 ||
        sp_request_write_field(w, SP_REQUEST_KEY_CREATED, err, "%s", day) < 0 ||
        sp_request_write_field(w, SP_REQUEST_KEY_VALID_DAYS, err, "%d",
                               SP_PENDING_DAYS) < 0 ||
        sp_request_write_field(w, SP_REQUEST_KEY_ACTION, err, "%s",
                               sp_action_word(a->ask->action)) < 0)
        return -1;
    return write_words(w, SP_REQUEST_KEY_SPEC, "", &a->ask->specs, err);
}

static int
write_machine(struct asking *a, struct sp_error *err)
{
    static const char *const var_dirs[] = {"/etc/yum/vars", "/etc/dnf/vars",
                                           NULL};
    struct sp_request_writer *w = &a->writer;
    const char *release = a->ask->release_ver;
    char found[SP_VERSION_MAX + 1];
    struct utsname name;

    if (uname(&name) < 0)
        return sp_fail_sys(err, errno, "internal", "cannot name this machine");
    if (!release && sp_rpmdb_releasever(&a->db, found, err) < 0)
        return -1;
    if (sp_request_write_field(w, SP_REQUEST_KEY_ARCH, err, "%s",
                               name.machine) < 0 ||
        sp_request_write_field(w, SP_REQUEST_KEY_BASEARCH, err, "%s",
                               base_arch(name.machine)) < 0 ||
        sp_request_write_field(w, SP_REQUEST_KEY_RELEASEVER, err, "%s",
                               release ? release : found) < 0)
        return -1;
    return sp_repovars_write(var_dirs, w, err);
}

static int
write_options(struct asking *a, struct sp_error *err)
{
    const struct sp_ask *ask = a->ask;
    const enum sp_request_key opt = SP_REQUEST_KEY_OPT;
    struct sp_request_writer *w = &a->writer;
    const struct {
        const char *name;
        bool on;
    } flags[] = {
        {"weakdeps", ask->weak_deps},
        {"best", ask->best},
        {"allowerasing", ask->allow_erasing},
    };

    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
        if (sp_request_write_field(w, opt, err, "%s %s", flags[i].name,
                                   flags[i].on ? "yes" : "no") < 0)
            return -1;
    for (unsigned i = 0; i < a->policy.n_installonly; i++)
        if (sp_request_write_field(w, opt, err, "installonly %s",
                                   a->policy.installonly[i]) < 0)
            return -1;
    if (write_words(w, opt, "exclude ", &ask->exclude, err) < 0 ||
        write_words(w, opt, "disablerepo ", &ask->disable, err) < 0 ||
        write_words(w, opt, "enablerepo ", &ask->enable, err) < 0)
        return -1;
    if (sp_request_write_field(w, SP_REQUEST_KEY_LIMIT, err, "bytes %" PRIu64,
                               a->policy.ceilings.bytes) < 0)
        return -1;
    return sp_request_write_field(w, SP_REQUEST_KEY_LIMIT, err,
                                  "files %" PRIu64, a->policy.ceilings.files);
}

/* Revisions that were proven here: an older mirror is no use to anybody. */
static int
write_seen(struct asking *a, struct sp_error *err)
{
    struct sp_ratchet ratchet = {0};
    int status = 0;

    if (!a->has_state)
        return 0;
    if (sp_ratchet_load(&a->state, &ratchet, err) < 0)
        status = -1;
    for (size_t i = 0; i < ratchet.n && status == 0; i++)
        status = sp_request_write_field(
            &a->writer, SP_REQUEST_KEY_SEEN, err,
            "%s %" PRIu64 " %" PRIu64 " -", ratchet.notches[i].label,
            ratchet.notches[i].revision, ratchet.notches[i].signed_at);
    sp_ratchet_release(&ratchet);
    return status;
}

static bool
is_hidden(const struct sp_ask *ask, const char *name)
{
    for (size_t i = 0; i < ask->hide.n; i++)
        if (fnmatch(ask->hide.word[i], name, 0) == 0)
            return true;
    return false;
}

static void
write_packages(struct asking *a)
{
    for (size_t i = 0; i < a->db.n; i++) {
        const struct sp_request_package *p = &a->db.packages[i];
        struct sp_view value;
        size_t cursor = 0;
        char kind;

        if (is_hidden(a->ask, p->nevra.name)) {
            a->asked->hidden++;
            continue;
        }
        sp_request_write_package(&a->writer, &p->nevra, p->vendor);
        while (sp_request_line(p, &cursor, &kind, &value))
            if (sp_rpmdb_matters(&a->db, kind, value))
                sp_request_write_line(&a->writer, kind, value);
    }
}

static int
write_request(struct asking *a, struct sp_error *err)
{
    const char *dir = a->ask->repos_dir;
    const char *keys = a->ask->setup->keys_path;
    struct sp_request parsed;

    if (write_start(a, err) < 0 || write_machine(a, err) < 0 ||
        write_options(a, err) < 0 || write_seen(a, err) < 0 ||
        sp_repofiles_write(dir ? dir : DEFAULT_REPOS_DIR, dir != NULL,
                           &a->writer, err) < 0 ||
        sp_pubkeys_write(keys ? keys : SP_DEFAULT_KEYS_PATH, &a->writer, err) <
            0)
        return -1;
    write_packages(a);
    if (sp_request_write_end(&a->writer, &a->asked->text, &a->asked->size,
                             err) < 0 ||
        sp_request_parse(a->asked->text, a->asked->size, &parsed, err) < 0)
        return -1;
    a->asked->packages = parsed.packages;
    a->asked->repo_files = parsed.repo_files;
    return 0;
}

static int
open_state(struct asking *a, struct sp_error *err)
{
    a->has_state = sp_state_open(a->ask->setup, true, &a->state, err) == 0;
    return a->has_state ? 0 : -1;
}

static int
note(struct asking *a, struct sp_error *err)
{
    sp_pending_expire(&a->state);
    if (sp_pending_add(&a->state, a->asked->id, a->ask->action, &a->ask->specs,
                       &a->ask->exclude, &a->db, err) == 0)
        return 0;
    (void)sp_pending_remove(&a->state, a->asked->id, NULL);
    return -1;
}

static int
write_out(struct asking *a, struct sp_error *err)
{
    const struct sp_asked *asked = a->asked;

    if (sp_transport_expect(&a->dest, asked->size, err) < 0 ||
        sp_transport_write(&a->dest, asked->text, asked->size, err) < 0 ||
        sp_transport_finish(&a->dest, err) < 0)
        return -1;
    a->asked->written = true;
    return 0;
}

/* Noted first: an answer may be there before the last byte is gone. */
static int
note_and_write(struct asking *a, struct sp_error *err)
{
    if (note(a, err) < 0)
        return -1;
    if (write_out(a, err) == 0)
        return 0;
    (void)sp_pending_remove(&a->state, a->asked->id, NULL);
    return -1;
}

/*
 * Root becomes the owner of the state for good, who may not be allowed to
 * finish what root began to write: so root writes first.
 */
static int
write_and_note(struct asking *a, struct sp_error *err)
{
    if (write_out(a, err) < 0)
        return -1;
    if (open_state(a, err) == 0 && note(a, err) == 0)
        return 0;
    return sp_fail_prefix(err, "the request is written but cannot be noted");
}

static int
run(struct asking *a, const char *address, struct sp_error *err)
{
    bool root = geteuid() == 0;

    if (sp_spawn_init(err) < 0 || make_id(a->asked->id, err) < 0 ||
        sp_policy_load(a->ask->setup->policy_path, &a->policy, err) < 0 ||
        sp_transport_open_write(&a->dest, address, a->ask->user, err) < 0 ||
        (!root && open_state(a, err) < 0))
        return -1;
    if (sp_rpmdb_read(a->ask->db_path, &a->db, err) < 0 ||
        write_request(a, err) < 0)
        return -1;
    return root ? write_and_note(a, err) : note_and_write(a, err);
}

int
sp_ask(const struct sp_ask *ask, const char *address, struct sp_asked *ret,
       struct sp_error *err)
{
    struct asking *a = calloc(1, sizeof(*a));
    int status;

    memset(ret, 0, sizeof(*ret));
    if (!a)
        return sp_fail(err, "no-memory", "no memory for a request");
    a->ask = ask;
    a->asked = ret;
    a->dest.fd = -1;
    status = run(a, address, err);
    ret->harmed = a->dest.harmed;
    sp_request_write_release(&a->writer);
    sp_rpmdb_release(&a->db);
    sp_transport_close(&a->dest);
    if (a->has_state)
        sp_state_close(&a->state);
    free(a);
    return status;
}

void
sp_asked_release(struct sp_asked *asked)
{
    free(asked->text);
    memset(asked, 0, sizeof(*asked));
}
