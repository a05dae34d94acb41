/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The options of qubes-dom0-update: which are ours, which go to dnf, to the
 * update qube, to qvm-template. What is not known goes to dnf and the stock
 * download script, as it always did.
 */
#ifndef SP_CLI_UPDATE_OPTIONS_H
#define SP_CLI_UPDATE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* Words in order; room for all of the command line and a few more. */
struct sp_word_list {
    const char **word; /* malloc'ed, NULL terminated */
    size_t n;
};

struct sp_update_words {
    struct sp_word_list packages;
    struct sp_word_list dnf;       /* options for dnf here */
    struct sp_word_list stock;     /* options and packages, for the script */
    struct sp_word_list templates; /* options for qvm-template */
    struct sp_word_list enable, disable, exclude; /* for the request */
    const char *action;                           /* NULL: not said */
    const char *releasever;                       /* NULL: the installed one */
    const char *audio; /* "pipewire", "pulseaudio" or NULL */
    bool help, gui, silent, machine_progress, check_only, clean;
    bool download_only, force_xen, skip_boot_check, yes, no;
    bool best, allow_erasing, weak_deps;
};

/* Sorts the words. Fails on what no machine should do: "usage". */
int sp_update_words_parse(const char *const *words, size_t n,
                          struct sp_update_words *ret, struct sp_error *err);
void sp_update_words_release(struct sp_update_words *words);

/* The name in "qubes-template-NAME", NULL for any other package. */
const char *sp_update_template(const char *package);

#endif
