/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sallyport update: the whole round, with the options of qubes-dom0-update. */

#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/spawn.h"
#include "cli/commands.h"
#include "cli/consent.h"
#include "cli/options.h"
#include "cli/result.h"
#include "cli/update-hand-over.h"
#include "cli/update-options.h"
#include "cli/update-voice.h"
#include "ingest/update-root.h"

const struct sp_option sp_update_options[] = {
    {"dbpath", 0, SP_OPTION_TEXT, "DIR", "rpm database to read"},
    {"reposdir", 0, SP_OPTION_TEXT, "DIR",
     "where the repository files are (/etc/yum.repos.d)"},
    {"hide", 0, SP_OPTION_WORDS, "GLOB",
     "do not tell of installed packages of this name"},
    {"allow-new", 0, SP_OPTION_WORDS, "NAME",
     "take a package of this name that nobody asked for"},
    {"stock", 0, SP_OPTION_FLAG, NULL,
     "use the stock programs of the update qube"},
    {0},
};

void
sp_help_update(FILE *out)
{
    (void)fputs(
        "Behind these stand packages, @GROUPs and the options of\n"
        "qubes-dom0-update: --enablerepo=ID, --disablerepo=ID,\n"
        "with --exclude=GLOB, --releasever=V, --action=ACTION, "
        "--downloadonly,\n"
        "or --clean, --check-only, --gui, --silent, --just-print-progress,\n"
        "and --force-xen-upgrade, --skip-boot-check,\n"
        "also --switch-audio-server-to=pipewire|pulseaudio.\n"
        "What follows -- goes to dnf and the update qube, and so does any "
        "other\noption. sallyport-update(1) tells more.\n"
        "Exit status: that of dnf; with --check-only 100 there are updates, "
        "0 there\nare none.\n",
        out);
}

/* What the rounds of one command have come to: each is a child of its own. */
struct so_far {
    bool something; /* at least one had something to do */
    unsigned percent;
    bool restart;
    char restart_for[sizeof(((struct sp_update_end *)NULL)->restart_for)];
};

/* One command in the making. */
struct command {
    const struct sp_args *args;
    struct sp_setup setup;
    struct sp_update_words words;
    struct sp_update update;
    struct sp_update_hooks hooks;
    struct sp_update_voice voice;
    const char **groups;   /* "@NAME" of `group install NAME`, malloc'ed */
    bool more;             /* another round comes behind a good one */
    struct so_far *so_far; /* shared with the children */
};

static bool
is_old_name(const struct command *c)
{
    return strcmp(c->args->program->name, SP_OLD_NAME) == 0;
}

/* ---- what is wanted ---- */

/* dnf's actions, by what has to be brought for them. */
static const struct {
    const char *word;
    enum sp_update_kind kind;
    enum sp_action action;
} actions[] = {
    {"upgrade", SP_UPDATE_FETCH, SP_ACTION_UPGRADE},
    {"update", SP_UPDATE_FETCH, SP_ACTION_UPGRADE},
    {"up", SP_UPDATE_FETCH, SP_ACTION_UPGRADE},
    {"upgrade-minimal", SP_UPDATE_FETCH, SP_ACTION_UPGRADE},
    {"install", SP_UPDATE_FETCH, SP_ACTION_INSTALL},
    {"in", SP_UPDATE_FETCH, SP_ACTION_INSTALL},
    {"reinstall", SP_UPDATE_FETCH, SP_ACTION_REINSTALL},
    {"downgrade", SP_UPDATE_FETCH, SP_ACTION_DOWNGRADE},
    {"distro-sync", SP_UPDATE_FETCH, SP_ACTION_DISTRO_SYNC},
    {"dsync", SP_UPDATE_FETCH, SP_ACTION_DISTRO_SYNC},
    {"download", SP_UPDATE_FETCH, SP_ACTION_DOWNLOAD},
    {"list", SP_UPDATE_REMOTE, SP_ACTION_LIST},
    {"search", SP_UPDATE_REMOTE, SP_ACTION_CHECK},
};

static void
choose_action(struct command *c)
{
    const char *word = c->words.action;

    if (!word)
        word = c->words.packages.n > 0 ? "install" : "upgrade";
    c->update.dnf_action = word;
    c->update.kind = SP_UPDATE_LOCAL;
    for (size_t i = 0; i < sizeof(actions) / sizeof(*actions); i++)
        if (strcmp(actions[i].word, word) == 0) {
            c->update.kind = actions[i].kind;
            c->update.ask.action = actions[i].action;
        }
    if (c->words.check_only)
        c->update.kind = SP_UPDATE_CHECK;
}

static struct sp_words
words_of(const struct sp_word_list *list)
{
    return (struct sp_words){list->word, list->n};
}

static void
take_ask(struct command *c)
{
    const struct sp_update_words *w = &c->words;
    const struct sp_args *args = c->args;
    struct sp_ask *ask = &c->update.ask;

    ask->setup = &c->setup;
    ask->specs = words_of(&w->packages);
    if (ask->action == SP_ACTION_CHECK)
        ask->specs.n = 0; /* what is searched for is no package */
    ask->exclude = words_of(&w->exclude);
    ask->enable = words_of(&w->enable);
    ask->disable = words_of(&w->disable);
    ask->hide.word = sp_args_words(args, "hide", &ask->hide.n);
    ask->best = w->best;
    ask->allow_erasing = w->allow_erasing;
    ask->weak_deps = w->weak_deps;
    ask->db_path = sp_args_text(args, "dbpath", NULL);
    ask->repos_dir = sp_args_text(args, "reposdir", NULL);
    ask->release_ver = w->releasever;
}

static void
take_update(struct command *c)
{
    struct sp_update *u = &c->update;
    const struct sp_update_words *w = &c->words;

    sp_options_setup(c->args, &c->setup);
    choose_action(c);
    take_ask(c);
    u->allow_new.word = sp_args_words(c->args, "allow-new", &u->allow_new.n);
    u->stock_options = words_of(&w->stock);
    u->dnf_options = words_of(&w->dnf);
    u->packages = words_of(&w->packages);
    u->stock = sp_args_flag(c->args, "stock");
    u->clean = w->clean;
    u->download_only = w->download_only;
    u->force_xen = w->force_xen;
    u->skip_boot_check = w->skip_boot_check;
    u->hooks = &c->hooks;
}

/* ---- how it ends ---- */

/* The fault, and what is known of the repository behind it. */
static int
report_fault(struct command *c, const struct sp_update_end *end,
             const struct sp_error *err)
{
    char state[SP_STATE_TEXT_MAX];

    if (end->delivered || end->found)
        sp_options_changed(
            &c->setup, end->delivered ? end->generation : end->found, state);
    else if (end->unsettled)
        (void)snprintf(state, sizeof(state),
                       "something still works on the repository: 'sallyport "
                       "history' will tell what became of a delivery");
    else if (c->update.kind == SP_UPDATE_FETCH)
        sp_options_unchanged(&c->setup, state);
    else
        (void)snprintf(state, sizeof(state), "%s", SP_NOTHING_CHANGED);
    sp_result_fault(c->args, err, state);
    return (int)err->code;
}

/* Before any round, which could have changed something. */
static int
report_no_round(struct command *c, const struct sp_error *err)
{
    const struct sp_update_end none = {0};
    int status = report_fault(c, &none, err);

    sp_update_voice_end(&c->voice, status);
    return status;
}

static void
report_end(struct command *c, const struct sp_update_end *end)
{
    c->so_far->something |= !end->nothing_to_do;
    c->voice.nothing = !c->so_far->something;
    if (c->update.kind == SP_UPDATE_CHECK && end->status == 0)
        (void)printf("there are no updates\n");
    else if (c->update.kind == SP_UPDATE_FETCH && c->voice.nothing && !c->more)
        (void)printf("nothing to do: there are no updates for this machine\n");
    else if (end->delivered && end->status != 0)
        (void)fprintf(stderr,
                      "dnf ended with status %d; what was delivered stays in "
                      "the repository, and the same command installs it "
                      "later\n",
                      end->status);
}

/* Once, behind the last round, whichever of them wants it. */
static void
offer_restart(struct command *c, const struct sp_update_end *end)
{
    struct so_far *so_far = c->so_far;

    if (end->restart && !so_far->restart) {
        so_far->restart = true;
        memcpy(so_far->restart_for, end->restart_for,
               sizeof(so_far->restart_for));
    }
    if (!so_far->restart || c->more)
        return;
    (void)printf("restart this machine: '%s' works only then\n",
                 so_far->restart_for);
    (void)fflush(stdout);
    if (!c->words.yes && !c->voice.machine &&
        sp_consent_ask(NULL, "Restart it now?"))
        sp_hand_over_restart();
}

static int
run_round(struct command *c, int root)
{
    struct sp_update_end end;
    struct sp_error err = {0};
    int status;

    c->voice.percent = c->so_far->percent;
    if (sp_update_run(&c->update, root, &end, &err) == 0) {
        report_end(c, &end);
        status = end.status;
    } else {
        status = report_fault(c, &end, &err);
        /* Who calls the stock command knows no "installed, but old". */
        if (end.delivered && err.code == SP_E_STALE && is_old_name(c))
            status = end.status;
    }
    c->so_far->percent = c->voice.percent;
    if (status != 0 || !c->more)
        sp_update_voice_end(&c->voice, status);
    if (status == 0)
        offer_restart(c, &end);
    return status;
}

/* ---- the two processes ---- */

static bool
needs_root(const struct command *c)
{
    return c->update.kind == SP_UPDATE_FETCH ||
           c->update.kind == SP_UPDATE_LOCAL;
}

static int
run_split(struct command *c)
{
    struct sp_error err = {0};
    int root = -1, status = SP_E_INTERNAL;
    int side;

    (void)fflush(stdout); /* so that it is not there twice */
    side = sp_update_split(&c->update, &root, &status, &err);

    if (side < 0)
        return report_no_round(c, &err);
    if (side == 0) {
        if (err.code != SP_OK) {
            sp_result_fault(c->args, &err,
                            "'sallyport history' tells what was taken in");
            sp_update_voice_end(&c->voice, status);
        }
        return status;
    }
    _exit(sp_program_end(c->args->program, run_round(c, root)));
}

static int
run(struct command *c)
{
    struct sp_error err = {0};
    int lock_fd = -1;

    if (needs_root(c) && geteuid() != 0)
        return sp_args_mistake(c->args, "only root may install packages here");
    if (sp_update_stock_lock(&lock_fd, &err) < 0)
        return report_no_round(c, &err);
    SP_AUTO_FD lock = lock_fd;
    (void)lock;
    return needs_root(c) ? run_split(c) : run_round(c, -1);
}

/*
 * Another sound server is another set of packages: brought and installed in
 * a round of its own, behind the first.
 */
static int
switch_audio(struct command *c)
{
    static const char *const pipewire[] = {"pipewire-pulseaudio", NULL};
    static const char *const pulseaudio[] = {"pulseaudio", NULL};
    static const char erasing[] = "--allowerasing";
    bool to_pipewire = strcmp(c->words.audio, "pipewire") == 0;

    c->words.dnf.word[c->words.dnf.n++] = erasing;
    c->update.dnf_options = words_of(&c->words.dnf);
    c->update.dnf_action = "install";
    c->update.packages =
        (struct sp_words){to_pipewire ? pipewire : pulseaudio, 1};
    c->update.ask.specs = c->update.packages;
    c->update.ask.action = SP_ACTION_INSTALL;
    c->update.ask.allow_erasing = true;
    c->update.clean = false;
    c->more = false;
    return run(c);
}

/* Whose names say so are no packages of this machine. */
static int
hand_over(struct command *c, bool *ret_done)
{
    const struct sp_word_list *packages = &c->words.packages;
    size_t templates = 0;

    for (size_t i = 0; i < packages->n; i++)
        templates += sp_update_template(packages->word[i]) != NULL;
    *ret_done = templates > 0 || c->words.gui;
    if (templates > 0 && packages->n != 1)
        return sp_args_mistake(c->args, "one template at a time, and nothing "
                                        "beside it");
    if (templates > 0)
        return sp_hand_over_template(c->args, &c->words,
                                     sp_update_template(packages->word[0]));
    if (c->words.gui && packages->n > 0)
        return sp_args_mistake(c->args, "--gui takes no packages");
    return c->words.gui ? sp_hand_over_gui(c->args) : 0;
}

static int
update(struct command *c)
{
    bool done;
    int status = hand_over(c, &done);

    if (done)
        return status;
    take_update(c);
    if (!sp_update_voice_begin(&c->voice, &c->words, &c->hooks))
        return SP_E_IO;
    c->more = c->words.audio && c->update.kind == SP_UPDATE_FETCH;
    status = run(c);
    if (status == 0 && c->more)
        status = switch_audio(c);
    return status;
}

/*
 * Under the old name callers know 0, 1, 2 for a misused template, 100, and
 * what dnf says.
 */
static int
old_status(const struct command *c, int status)
{
    if (!is_old_name(c) || status == 0 || status == SP_UPDATES_EXIST)
        return status;
    for (size_t i = 0; status == SP_E_USAGE && i < c->words.packages.n; i++)
        if (sp_update_template(c->words.packages.word[i]))
            return status;
    return status <= SP_E_PUBLISH ? 1 : status;
}

static int
update_args(const struct sp_args *args, struct so_far *so_far)
{
    SP_AUTO_FREE struct command *c = calloc(1, sizeof(*c));
    struct sp_error err = {0};
    int status;

    if (!c)
        return sp_args_no_memory(args);
    c->args = args;
    c->so_far = so_far;
    if (sp_update_words_parse(args->operands, args->n_operands, &c->words,
                              &err) < 0)
        status = err.code == SP_E_USAGE ? sp_args_mistake(args, "%s", err.msg)
                                        : sp_args_no_memory(args);
    else if (c->words.help)
        status = (sp_help_update(stdout), 0);
    else if (sp_args_flag(args, "json"))
        status = sp_args_mistake(args, "what update prints is dnf's, not JSON; "
                                       "'sallyport --json history' tells "
                                       "what came of a round");
    else
        status = update(c);
    status = old_status(c, status);
    sp_update_words_release(&c->words);
    return status;
}

int
sp_cmd_update(const struct sp_args *args)
{
    struct so_far *so_far = mmap(NULL, sizeof(*so_far), PROT_READ | PROT_WRITE,
                                 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int status;

    if (so_far == MAP_FAILED)
        return sp_args_no_memory(args);
    status = update_args(args, so_far);
    (void)munmap(so_far, sizeof(*so_far));
    return status;
}
