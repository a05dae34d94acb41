/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The plan as lines, from the solver's jail to the builder:
 *
 *   package WHY REPO SIZE ALGORITHM DIGEST NAME EPOCH VERSION RELEASE ARCH
 *   at LOCATION
 *   replaces NEVRA...
 *   removed|held|problem|unmet|watched SUBJECT|- TEXT
 *   end
 */
#include "build/plan.h"

#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "build/mirror.h"
#include "bundle/limits.h"
#include "bundle/rpm.h"

/* A text longer than this says no more to anybody. */
enum { NOTE_MAX = 600 };

static const char *const note_words[] = {
    [SP_NOTE_REMOVED] = "removed", [SP_NOTE_HELD] = "held",
    [SP_NOTE_PROBLEM] = "problem", [SP_NOTE_UNMET] = "unmet",
    [SP_NOTE_WATCHED] = "watched",
};

static void
print_package(const struct sp_plan_package *p, struct sp_text *text)
{
    char hex[SP_DIGEST_HEX_MAX];

    sp_digest_hex(&p->digest, hex);
    sp_text_add(text, "package %s %zu %" PRIu64 " %s %s %s %u %s %s %s\n",
                sp_why_word(p->why), p->repo, p->size,
                sp_digest_word(p->digest.algo), hex, p->nevra.name,
                p->nevra.epoch, p->nevra.version, p->nevra.release,
                p->nevra.arch);
    sp_text_add(text, "at %s\n", p->location);
    /* Bounded, since a line is: the rest is only for people. */
    sp_text_add(text, "replaces %.*s\n", NOTE_MAX, p->replaces);
}

void
sp_plan_print(const struct sp_plan *plan, struct sp_text *text)
{
    for (size_t i = 0; i < plan->n; i++)
        print_package(&plan->packages[i], text);
    for (size_t i = 0; i < plan->n_notes; i++) {
        const struct sp_plan_note *note = &plan->notes[i];

        sp_text_add(text, "%s %.*s %.*s\n", note_words[note->kind],
                    NOTE_MAX / 2, note->subject[0] ? note->subject : "-",
                    NOTE_MAX, note->text);
    }
    sp_text_add(text, "end\n");
}

/* ---- the reader -------------------------------------------------------- */

/* Cuts the first word off *rest. "" when there is none. */
static const char *
take_word(char **rest)
{
    char *word = *rest;

    *rest = sp_lines_value(word);
    return word;
}

static bool
take_text(char *dst, size_t size, const char *word,
          bool (*ok)(const char *, size_t))
{
    size_t len = strlen(word);

    if (len >= size || !ok(word, len))
        return false;
    memcpy(dst, word, len + 1);
    return true;
}

static bool
take_digest(struct sp_digest *ret, char **rest)
{
    enum sp_digest_algo algo = sp_digest_algo(take_word(rest));

    return sp_digest_unhex(algo, take_word(rest), ret);
}

static bool
read_package(char *rest, size_t n_repos, struct sp_plan_package *ret)
{
    struct sp_nevra *nevra = &ret->nevra;
    const char *why = take_word(&rest);
    uint64_t repo = 0, epoch = 0;

    if (!sp_why_parse(why, strlen(why), &ret->why) || n_repos == 0 ||
        !sp_text_u64(take_word(&rest), n_repos - 1, &repo) ||
        !sp_text_u64(take_word(&rest), SP_MAX_MEMBER_BYTES, &ret->size) ||
        !take_digest(&ret->digest, &rest) ||
        !take_text(nevra->name, sizeof(nevra->name), take_word(&rest),
                   sp_nevra_name_ok) ||
        !sp_text_u64(take_word(&rest), UINT32_MAX, &epoch) ||
        !take_text(nevra->version, sizeof(nevra->version), take_word(&rest),
                   sp_nevra_version_ok) ||
        !take_text(nevra->release, sizeof(nevra->release), take_word(&rest),
                   sp_nevra_version_ok) ||
        !take_text(nevra->arch, sizeof(nevra->arch), take_word(&rest),
                   sp_nevra_arch_ok))
        return false;
    nevra->epoch = (uint32_t)epoch;
    ret->repo = (size_t)repo;
    return rest[0] == '\0';
}

static bool
next_of(struct sp_lines *lines, const char *word, char line[SP_LINE_MAX])
{
    bool bad = false;
    char *value;

    if (!sp_lines_next(lines, line, &bad))
        return false;
    value = sp_lines_value(line);
    if (strcmp(line, word) != 0)
        return false;
    memmove(line, value, strlen(value) + 1);
    return true;
}

static int
parse_package(struct sp_plan *plan, struct sp_lines *lines, char *value,
              size_t n_repos, struct sp_error *err)
{
    struct sp_plan_package package = {0};
    char location[SP_LINE_MAX], replaces[SP_LINE_MAX];

    if (plan->n >= SP_MAX_PACKAGES || !read_package(value, n_repos, &package) ||
        !next_of(lines, "at", location) || !sp_mirror_location_ok(location) ||
        !next_of(lines, "replaces", replaces))
        return sp_fail(err, "protocol", "the solver's line %u is not a plan",
                       lines->number);
    package.location = location;
    package.replaces = replaces;
    return sp_plan_add(plan, &package, err);
}

static int
parse_note(struct sp_plan *plan, const char *word, char *value,
           struct sp_error *err)
{
    const size_t n = sizeof(note_words) / sizeof(note_words[0]);
    char subject[SP_LINE_MAX], text[SP_LINE_MAX];
    const char *first;

    for (size_t i = SP_NOTE_REMOVED; i < n; i++) {
        if (strcmp(note_words[i], word) != 0)
            continue;
        first = take_word(&value);
        sp_text_show(subject, sizeof(subject),
                     strcmp(first, "-") == 0 ? "" : first);
        sp_text_show(text, sizeof(text), value);
        return sp_plan_note(plan, (enum sp_note_kind)i, subject, text, err);
    }
    return sp_fail(err, "protocol", "the solver said an unknown word");
}

int
sp_plan_parse(const char *untrusted_text, size_t size, size_t n_repos,
              struct sp_plan *ret, struct sp_error *err)
{
    struct sp_lines lines = {.text = untrusted_text, .size = size};
    char line[SP_LINE_MAX];
    bool bad = false;

    memset(ret, 0, sizeof(*ret));
    while (sp_lines_next(&lines, line, &bad)) {
        char *value = sp_lines_value(line);
        int status;

        if (strcmp(line, "end") == 0)
            return lines.offset == size
                       ? 0
                       : sp_fail(err, "protocol", "the plan goes on");
        status = strcmp(line, "package") == 0
                     ? parse_package(ret, &lines, value, n_repos, err)
                     : parse_note(ret, line, value, err);
        if (status < 0)
            return -1;
    }
    return sp_fail(err, "protocol", "the solver did not finish its plan");
}
