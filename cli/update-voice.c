/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/update-voice.h"

#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/lines.h"
#include "cli/consent.h"
#include "cli/present.h"

static void
note(void *data, const char *text)
{
    const struct sp_update_voice *voice = data;

    if (voice->machine)
        (void)printf("dom0:out: %s\n", text);
    else
        (void)fprintf(stderr, "%s\n", text);
    (void)fflush(stdout);
}

static void
said(void *data, bool on_stderr, const char *line)
{
    const struct sp_update_voice *voice = data;

    if (voice->machine)
        (void)printf("dom0:out: %s\n", line);
    else
        (void)fprintf(on_stderr ? stderr : stdout, "%s\n", line);
    (void)fflush(stdout);
}

static void
percent(void *data, unsigned now)
{
    struct sp_update_voice *voice = data;

    if (!voice->machine || now <= voice->percent)
        return;
    voice->percent = now;
    (void)fprintf(stderr, "dom0 updating %u\n", now);
}

static bool
confirm(void *data, const char *question)
{
    const struct sp_update_voice *voice = data;

    return !voice->no && sp_consent_ask(NULL, question);
}

/* Says what is printed, line by line, for programs too. */
static void
say(void *data, void (*print)(const void *what, FILE *out), const void *what)
{
    struct sp_text text = {0};
    FILE *out = sp_text_stream(&text);
    bool failed = !out;

    if (out) {
        print(what, out);
        failed = ferror(out) != 0;
        failed = fclose(out) != 0 || text.failed || failed;
    }
    if (failed)
        note(data, "no memory to show here what came");
    for (char *rest = failed ? NULL : text.bytes; rest && *rest;)
        said(data, false, strsep(&rest, "\n"));
    sp_text_release(&text);
}

static void
print_table(const void *outcome, FILE *out)
{
    sp_present_packages(outcome, (uint64_t)time(NULL), false, out);
}

static void
show(void *data, const struct sp_package *packages, size_t n)
{
    const struct sp_outcome outcome = {
        /* The table changes nothing: it has no const in its outcome. */
        .packages = (struct sp_package *)(uintptr_t)packages,
        .n_packages = n,
    };

    say(data, print_table, &outcome);
}

static void
print_changes(const void *changelogs, FILE *out)
{
    sp_present_changes(changelogs, out);
}

static void
changes(void *data, const char *changelogs)
{
    say(data, print_changes, changelogs);
}

static void
add_item(struct sp_text *list, const struct sp_round_item *item)
{
    sp_text_add(list, "  %s, signed by %s; the builder says: %s\n", item->nevra,
                item->fpr, item->why);
}

/* Every name is there: nobody can agree to what was not shown. */
static bool
accept(void *data, const struct sp_round_item *items, size_t n)
{
    const struct sp_update_voice *voice = data;
    struct sp_text list = {0};
    bool yes = false;

    sp_text_add(&list, "neither installed nor requested:\n");
    for (size_t i = 0; i < n; i++)
        add_item(&list, &items[i]);
    if (list.failed) {
        note(data, "no memory to ask about what came");
    } else if (voice->yes || voice->no) {
        note(data, list.bytes);
        yes = voice->yes;
    } else {
        yes = sp_consent_ask(list.bytes,
                             n == 1 ? "take it in?" : "take them in?");
    }
    sp_text_release(&list);
    return yes;
}

bool
sp_update_voice_begin(struct sp_update_voice *voice,
                      const struct sp_update_words *words,
                      struct sp_update_hooks *hooks)
{
    *voice = (struct sp_update_voice){
        .machine = words->machine_progress,
        .yes = words->yes,
        .no = words->no,
    };
    *hooks = (struct sp_update_hooks){.data = voice,
                                      .note = note,
                                      .said = said,
                                      .percent = percent,
                                      .confirm = confirm,
                                      .show = show,
                                      .changes = changes,
                                      .accept = accept};
    if (words->silent) {
        SP_AUTO_FD null = open("/dev/null", O_WRONLY | O_CLOEXEC);

        if (null < 0 || dup2(null, STDOUT_FILENO) < 0)
            return false;
    }
    if (voice->machine)
        (void)fprintf(stderr, "dom0 updating 0\n");
    return true;
}

void
sp_update_voice_end(struct sp_update_voice *voice, int status)
{
    const char *word = "error";

    if (!voice->machine)
        return;
    if (status == 0)
        word = voice->nothing ? "no_updates" : "success";
    percent(voice, 100);
    (void)fprintf(stderr, "dom0 done %s\n", word);
}
