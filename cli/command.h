/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command line as data. A program is a table of commands, a command has
 * a table of options; parsing, `--help` on every level, the hints after a
 * typing mistake and the tests of the manual pages all read these tables.
 *
 *     sallyport [common options] COMMAND [options] [operands]
 *
 * Every program has --help (-h) and --version without listing them.
 */
#ifndef SP_CLI_COMMAND_H
#define SP_CLI_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/error.h"

enum sp_option_kind {
    SP_OPTION_FLAG = 1,     /* --name */
    SP_OPTION_TEXT = 2,     /* --name VALUE; given twice, the last counts */
    SP_OPTION_WORDS = 3,    /* --name VALUE, as often as wanted */
    SP_OPTION_CHOICE = 4,   /* --name VALUE, one of "a|b|c" in metavar */
    SP_OPTION_OPTIONAL = 5, /* --name or --name=VALUE */
};

struct sp_option {
    const char *name; /* without the dashes */
    char letter;      /* short form, 0 = none */
    enum sp_option_kind kind;
    const char *metavar; /* NULL for a flag */
    const char *help;    /* one line, lower case, no full stop */
};

struct sp_args;

struct sp_command {
    const char *name;
    const char *summary;  /* one line for the list of commands */
    const char *operands; /* "SOURCE", "[ID]", "FILE..."; NULL = none */
    int min_operands;
    int max_operands;                /* -1 = any number */
    const struct sp_option *options; /* ends with an entry without name */
    /*
     * The command takes options of another program: what follows the first
     * word that is not an option of `options` is handed over as operands,
     * and common options stand before the command's name.
     */
    bool passes_on;
    /* Printed below the options by --help; may be NULL. */
    void (*more_help)(FILE *out);
    /* Returns the exit status. */
    int (*run)(const struct sp_args *args);
};

struct sp_program {
    const char *name;
    const char *summary;
    const struct sp_command *commands; /* ends with an entry without name */
    const struct sp_option *common;    /* as sp_command.options */
    /*
     * Told of every usage error before the text for people is printed; true
     * when it has reported the error itself (as JSON). May be NULL.
     */
    bool (*usage_fault)(const struct sp_args *args, const struct sp_error *err);
};

/* One option as it was given. */
struct sp_given {
    const struct sp_option *option;
    const char *value; /* NULL for a flag */
};

struct sp_args {
    const struct sp_program *program;
    const struct sp_command *command; /* NULL before it is known */
    int argc;
    char **argv;
    struct sp_given *given; /* grouped by option, in order of argv */
    size_t n_given;
    const char **values;   /* ->value of each, for sp_args_words */
    const char **operands; /* NULL terminated */
    size_t n_operands;
};

/*
 * The whole of main(): parses, answers --help and --version, runs the
 * command. Returns the exit status; SP_E_IO when stdout could not take what
 * a command printed that did well.
 */
int sp_program_run(const struct sp_program *program, int argc, char **argv);
/* Its end alone, for a child that ends by itself: `status`, or SP_E_IO. */
int sp_program_end(const struct sp_program *program, int status);

/* True when the option was given. The name must be in a table. */
bool sp_args_flag(const struct sp_args *args, const char *name);
/* The last value given, else `otherwise`. */
const char *sp_args_text(const struct sp_args *args, const char *name,
                         const char *otherwise);
/* All values in order; *ret_n may be 0. They live as long as args. */
const char *const *sp_args_words(const struct sp_args *args, const char *name,
                                 size_t *ret_n);

/* Tells that there is no memory, and returns the exit status. */
int sp_args_no_memory(const struct sp_args *args);

/*
 * For commands that find a mistake themselves: reports it as the parser
 * would (one line, and where the help is) and returns the exit status.
 */
int sp_args_mistake(const struct sp_args *args, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * The word of a list that is nearest to a mistyped one, NULL when none is
 * near. next(data, i) gives word i, NULL past the end.
 */
typedef const char *(*sp_word_fn)(const void *data, size_t i);
const char *sp_nearest_word(const char *typed, sp_word_fn next,
                            const void *data);

#endif
