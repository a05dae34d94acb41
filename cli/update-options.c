/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/update-options.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/* Who hears an option, beside ourselves. */
enum {
    TO_DNF = 1 << 0,
    TO_STOCK = 1 << 1,
    TO_TEMPLATES = 1 << 2,
    TO_ALL = TO_DNF | TO_STOCK | TO_TEMPLATES,
};

/* Words that we put in front of what was typed. */
enum { WORDS_MORE = 8 };

#define TEMPLATE_START "qubes-template-"
#define NO_TEMPLATES "--exclude=" TEMPLATE_START "*"

#define FIELD(member) offsetof(struct sp_update_words, member)

/* A switch: where it is noted, who hears it besides. */
static const struct {
    const char *name;
    size_t flag;
    unsigned to;
} switches[] = {
    {"--help", FIELD(help), 0},
    {"-h", FIELD(help), 0},
    {"--downloadonly", FIELD(download_only), TO_DNF | TO_TEMPLATES},
    {"--clean", FIELD(clean), TO_STOCK},
    {"--gui", FIELD(gui), 0},
    {"--silent", FIELD(silent), 0},
    {"--just-print-progress", FIELD(machine_progress), 0},
    {"--check-only", FIELD(check_only), 0},
    {"--force-xen-upgrade", FIELD(force_xen), 0},
    {"--skip-boot-check", FIELD(skip_boot_check), 0},
    {"-y", FIELD(yes), TO_ALL},
    {"--assumeyes", FIELD(yes), TO_ALL},
    {"--assumeno", FIELD(no), TO_ALL},
    {"--best", FIELD(best), TO_ALL},
    {"--allowerasing", FIELD(allow_erasing), TO_ALL},
    {"--setopt=install_weak_deps=True", FIELD(weak_deps), TO_ALL},
    {"--setopt=install_weak_deps=1", FIELD(weak_deps), TO_ALL},
};

/* Kept for callers of old: they have no meaning. */
static const char *const ignored[] = {"--console", "--show-output",
                                      "--preserve-terminal", "--doit"};

/* Signatures are looked at whatever anybody says. */
static const char *const refused[] = {"--nogpgcheck", "--no-gpgchecks",
                                      "--nosignature"};

static void
add(struct sp_word_list *list, const char *word)
{
    list->word[list->n++] = word;
}

static void
pass_on(struct sp_update_words *w, const char *word, unsigned to)
{
    if (to & TO_DNF)
        add(&w->dnf, word);
    if (to & TO_STOCK)
        add(&w->stock, word);
    if (to & TO_TEMPLATES)
        add(&w->templates, word);
}

static bool
take_switch(struct sp_update_words *w, const char *word)
{
    for (size_t i = 0; i < sizeof(ignored) / sizeof(*ignored); i++)
        if (strcmp(ignored[i], word) == 0)
            return true;
    for (size_t i = 0; i < sizeof(switches) / sizeof(*switches); i++) {
        if (strcmp(switches[i].name, word) != 0)
            continue;
        *(bool *)((char *)w + switches[i].flag) = true;
        pass_on(w, word, switches[i].to);
        return true;
    }
    return false;
}

/* The value of "NAME=VALUE", else NULL. */
static const char *
value_of(const char *word, const char *name)
{
    size_t len = strlen(name);

    return strncmp(word, name, len) == 0 && word[len] == '=' ? word + len + 1
                                                             : NULL;
}

static bool
take_value(struct sp_update_words *w, const char *word)
{
    const char *value;

    if ((value = value_of(word, "--action"))) {
        w->action = value;
        add(&w->stock, word);
    } else if ((value = value_of(word, "--switch-audio-server-to"))) {
        w->audio = value;
    } else if ((value = value_of(word, "--enablerepo"))) {
        add(&w->enable, value);
        pass_on(w, word, TO_STOCK | TO_TEMPLATES);
    } else if ((value = value_of(word, "--disablerepo"))) {
        add(&w->disable, value);
        pass_on(w, word, TO_STOCK | TO_TEMPLATES);
    } else if ((value = value_of(word, "--exclude"))) {
        add(&w->exclude, value);
        pass_on(w, word, TO_ALL);
    } else if ((value = value_of(word, "--releasever"))) {
        w->releasever = value;
        pass_on(w, word, TO_ALL);
    } else {
        return false;
    }
    return true;
}

/* dnf takes the start of an option for the whole of it. */
static bool
may_mean(const char *word, const char *option)
{
    size_t len = strcspn(word, "=");

    return len > sizeof("--no") - 1 && strncmp(word, option, len) == 0;
}

static int
check_refused(const char *word, struct sp_error *err)
{
    bool set = may_mean(word, "--setopt");
    bool bad = set && strstr(word, "gpgcheck");

    if (set && !strchr(word, '='))
        return sp_fail(err, "usage", "write --setopt=KEY=VALUE as one word");
    for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++)
        bad = bad || may_mean(word, refused[i]);
    return bad ? sp_fail(err, "usage",
                         "no package is installed here without a signature "
                         "that holds")
               : 0;
}

static int
take_word(struct sp_update_words *w, const char *word, bool *behind,
          struct sp_error *err)
{
    char shown[SP_SHOWN_MAX];

    if (strcmp(word, "--") == 0 && !*behind) {
        *behind = true;
        return 0;
    }
    if (word[0] != '-') {
        add(&w->packages, word);
        return 0;
    }
    if (check_refused(word, err) < 0)
        return -1;
    if (!*behind && (take_switch(w, word) || take_value(w, word)))
        return 0;
    sp_text_show(shown, sizeof(shown), word);
    if (strcmp(shown, word) != 0)
        return sp_fail(err, "usage", "the option '%s' is not plain text",
                       shown);
    pass_on(w, word, TO_ALL);
    return 0;
}

/* It stands where dnf looks for options too. */
static int
check_action(const struct sp_update_words *w, struct sp_error *err)
{
    if (!w->action || (w->action[0] && w->action[0] != '-'))
        return 0;
    return sp_fail(err, "usage", "--action takes the name of an action");
}

static int
check_audio(const struct sp_update_words *w, struct sp_error *err)
{
    if (!w->audio || strcmp(w->audio, "pipewire") == 0 ||
        strcmp(w->audio, "pulseaudio") == 0)
        return 0;
    return sp_fail(err, "usage",
                   "--switch-audio-server-to takes 'pipewire' or "
                   "'pulseaudio'");
}

int
sp_update_words_parse(const char *const *words, size_t n,
                      struct sp_update_words *ret, struct sp_error *err)
{
    struct sp_update_words w = {0};
    struct sp_word_list *lists[] = {&w.packages,  &w.dnf,    &w.stock,
                                    &w.templates, &w.enable, &w.disable,
                                    &w.exclude};
    bool behind = false;
    int status = 0;

    for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++) {
        lists[i]->word = calloc(2 * n + WORDS_MORE, sizeof(*lists[i]->word));
        if (!lists[i]->word)
            status = sp_fail(err, "no-memory", "no memory for the words");
    }
    if (status == 0) {
        pass_on(&w, NO_TEMPLATES, TO_DNF | TO_STOCK);
        add(&w.exclude, TEMPLATE_START "*");
    }
    for (size_t i = 0; status == 0 && i < n; i++)
        status = take_word(&w, words[i], &behind, err);
    for (size_t i = 0; status == 0 && i < w.packages.n; i++)
        add(&w.stock, w.packages.word[i]);
    if (status == 0)
        status = check_action(&w, err);
    if (status == 0)
        status = check_audio(&w, err);
    if (status < 0)
        sp_update_words_release(&w);
    else
        *ret = w;
    return status;
}

void
sp_update_words_release(struct sp_update_words *w)
{
    free(w->packages.word);
    free(w->dnf.word);
    free(w->stock.word);
    free(w->templates.word);
    free(w->enable.word);
    free(w->disable.word);
    free(w->exclude.word);
    memset(w, 0, sizeof(*w));
}

const char *
sp_update_template(const char *package)
{
    size_t len = sizeof(TEMPLATE_START) - 1;

    return strncmp(package, TEMPLATE_START, len) == 0 && package[len]
               ? package + len
               : NULL;
}
