/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a round is about to take in, for the person who waits for it. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/keep.h"
#include "base/lines.h"
#include "base/path.h"
#include "base/text.h"
#include "bundle/rpm.h"
#include "ingest/round-lines.h"
#include "ingest/round.h"

enum { SHOWN_BYTES_MAX = 16 * 1024 * 1024 };

static const char show_name[] = "packages"; /* of the file and its heading */
static const char changes_name[] = "changes";

/* The words of a line, behind its key. */
enum word {
    NAME,
    EPOCH,
    VERSION,
    RELEASE,
    ARCH,
    OLD, /* "E:V-R", "-" when it replaces nothing */
    BYTES,
    SIGNED, /* when, 0 = not told */
    SIGNER,
    WHY,
    PROTECTED,
    N_WORDS,
};

/* ---- the service ---- */

static void
add_package(struct sp_text *text, const struct sp_package *p)
{
    const struct sp_report_package *f = &p->facts;

    sp_text_add(text, "package %s %" PRIu32 " %s %s %s ", f->nevra.name,
                f->nevra.epoch, f->nevra.version, f->nevra.release,
                f->nevra.arch);
    sp_text_add(text, "%s %" PRIu64 " %" PRIu64 " %s %s %d\n",
                p->old_evr[0] ? p->old_evr : "-", f->file_bytes,
                f->signature_time, p->primary_fpr,
                sp_why_word((enum sp_why)f->why), p->is_protected);
}

int
sp_round_show(const struct sp_state *state, const struct sp_outcome *outcome,
              struct sp_error *err)
{
    SP_AUTO_FD dir = sp_path_open_dir(state->state_fd, "round", err);
    struct sp_text text = {0};

    if (dir < 0)
        return -1;
    sp_round_put_heading(&text, show_name, outcome->delivery);
    for (uint64_t i = 0; i < outcome->n_packages; i++)
        add_package(&text, &outcome->packages[i]);
    return sp_keep_text(dir, show_name, &text, err);
}

int
sp_round_show_changes(const struct sp_state *state,
                      const struct sp_outcome *outcome, const char *changes,
                      struct sp_error *err)
{
    SP_AUTO_FD dir = sp_path_open_dir(state->state_fd, "round", err);
    struct sp_text text = {0};

    if (dir < 0)
        return -1;
    sp_round_put_heading(&text, changes_name, outcome->delivery);
    sp_text_add_bytes(&text, changes, strlen(changes));
    return sp_keep_text(dir, changes_name, &text, err);
}

/* ---- the side that asks ---- */

static bool
take_text(char *dst, size_t size, const char *word)
{
    size_t len = strlen(word);

    if (len == 0 || len >= size)
        return false;
    memcpy(dst, word, len + 1);
    return true;
}

static bool
take_numbers(char *const words[N_WORDS], struct sp_package *ret)
{
    struct sp_report_package *f = &ret->facts;
    uint64_t epoch, is_protected;

    if (!sp_text_u64(words[EPOCH], UINT32_MAX, &epoch) ||
        !sp_text_u64(words[BYTES], UINT64_MAX, &f->file_bytes) ||
        !sp_text_u64(words[SIGNED], UINT64_MAX, &f->signature_time) ||
        !sp_text_u64(words[PROTECTED], 1, &is_protected))
        return false;
    f->nevra.epoch = (uint32_t)epoch;
    ret->is_protected = is_protected == 1;
    return true;
}

static bool
parse_package(char *value, struct sp_package *ret)
{
    struct sp_nevra *nevra = &ret->facts.nevra;
    char *words[N_WORDS] = {value};
    enum sp_why why;

    for (size_t i = 1; i < N_WORDS; i++)
        words[i] = sp_lines_value(words[i - 1]);
    if (!take_text(nevra->name, sizeof(nevra->name), words[NAME]) ||
        !take_text(nevra->version, sizeof(nevra->version), words[VERSION]) ||
        !take_text(nevra->release, sizeof(nevra->release), words[RELEASE]) ||
        !take_text(nevra->arch, sizeof(nevra->arch), words[ARCH]) ||
        !take_text(ret->old_evr, sizeof(ret->old_evr), words[OLD]) ||
        !take_text(ret->primary_fpr, sizeof(ret->primary_fpr), words[SIGNER]) ||
        !sp_why_parse(words[WHY], strlen(words[WHY]), &why) ||
        !take_numbers(words, ret))
        return false;
    if (strcmp(ret->old_evr, "-") == 0)
        ret->old_evr[0] = '\0';
    ret->facts.why = why;
    ret->checked = ret->judged = true;
    return true;
}

static bool
parse(struct sp_lines *lines, struct sp_round_shown *shown)
{
    char line[SP_LINE_MAX];
    bool bad = false;
    char *value;

    if (!sp_round_heading(lines, show_name, shown->delivery))
        return false;
    /* No line is shorter than two bytes for each of its words. */
    shown->packages =
        calloc(lines->size / (2 * N_WORDS) + 1, sizeof(*shown->packages));
    while (shown->packages && sp_lines_next(lines, line, &bad)) {
        value = sp_lines_value(line);
        if (strcmp(line, "package") != 0 ||
            !parse_package(value, &shown->packages[shown->n]))
            return false;
        shown->n++;
    }
    return shown->n > 0 && !bad;
}

bool
sp_round_shown(const struct sp_round_hold *hold, struct sp_round_shown *ret)
{
    SP_AUTO_FREE char *text = NULL;
    struct sp_lines lines = {0};

    *ret = (struct sp_round_shown){.n = 0};
    if (sp_read_file(hold->dir_fd, show_name, SHOWN_BYTES_MAX, &text,
                     &lines.size, NULL) < 0)
        return false;
    lines.text = text;
    if (parse(&lines, ret))
        return true;
    free(ret->packages);
    ret->packages = NULL;
    return false;
}

bool
sp_round_changes(const struct sp_round_hold *hold, const char delivery[33],
                 char **ret)
{
    SP_AUTO_FREE char *text = NULL;
    struct sp_lines lines = {0};
    char of[33];

    if (sp_read_file(hold->dir_fd, changes_name, SHOWN_BYTES_MAX, &text,
                     &lines.size, NULL) < 0)
        return false;
    lines.text = text;
    if (!sp_round_heading(&lines, changes_name, of) ||
        strcmp(of, delivery) != 0)
        return false;
    *ret = strdup(text + lines.offset);
    return *ret != NULL;
}
