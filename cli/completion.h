/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Completion for shells, made from the tables that parse the command line:
 * what is in no table is not offered, and what is in one cannot be missing.
 */
#ifndef SP_CLI_COMPLETION_H
#define SP_CLI_COMPLETION_H

#include "cli/command.h"

/* What may stand where a table says FILE, SOURCE, "a|b|c". */
enum sp_value_kind {
    SP_VALUE_ANY = 0, /* nothing can be offered */
    SP_VALUE_WORDS = 1,
    SP_VALUE_FILE = 2,
    SP_VALUE_DIR = 3,
    SP_VALUE_ADDRESS = 4, /* a path, or one of `words`, which end with ':' */
};

enum { SP_VALUE_WORDS_MAX = 8192, SP_METAVAR_MAX = 64 };

struct sp_value {
    enum sp_value_kind kind;
    char words[SP_VALUE_WORDS_MAX]; /* with a space between them */
};

void sp_value_of(const char *metavar, struct sp_value *ret);

/*
 * The metavar of operand i of "SOURCE DEST", "FILE...", "[WORD]", without
 * brackets and dots; false past the last one. *ret_repeats: it is the last
 * one and may stand there often.
 */
bool sp_operand_at(const char *operands, size_t i, char dst[SP_METAVAR_MAX],
                   bool *ret_repeats);

/*
 * Option i of what may stand behind the command, or before it (NULL): its
 * own ones, the common ones, those of every program. NULL past the last.
 */
const struct sp_option *sp_completion_option(const struct sp_program *program,
                                             const struct sp_command *command,
                                             const struct sp_option *builtin,
                                             size_t i);

/* The text for the inside of single quotes; a backslash stands before each
 * byte of `escaped`. */
void sp_completion_quoted(FILE *out, const char *text, const char *escaped);
/* A piece of the script: '~' becomes the name of the program in the form of
 * a function's name, '%' the name itself. */
void sp_completion_text(FILE *out, const struct sp_program *program,
                        const char *text);

/* The whole script; shell is "bash", "zsh" or "fish". `builtin` are the
 * options that every program has. */
void sp_completion_print(const struct sp_program *program,
                         const struct sp_option *builtin, const char *shell,
                         FILE *out);

void sp_completion_bash(const struct sp_program *program,
                        const struct sp_option *builtin, FILE *out);
void sp_completion_zsh(const struct sp_program *program,
                       const struct sp_option *builtin, FILE *out);
void sp_completion_fish(const struct sp_program *program,
                        const struct sp_option *builtin, FILE *out);

#endif
