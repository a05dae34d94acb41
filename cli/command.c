/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/command.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/text.h"
#include "cli/command-help.h"

#ifndef SP_VERSION
#define SP_VERSION "unknown"
#endif

/* getopt_long numbers our options from here, above all short letters. */
enum { FIRST_VALUE = 256, OPTIONS_MAX = 48 };

static const struct sp_option builtin[] = {
    {"help", 'h', SP_OPTION_FLAG, NULL, "show this help"},
    {"version", 0, SP_OPTION_FLAG, NULL, "show the version"},
    {0},
};

/* The tables of one parse, flattened for getopt_long. */
struct tables {
    const struct sp_option *option[OPTIONS_MAX];
    struct option longs[OPTIONS_MAX + 1];
    char letters[2 * OPTIONS_MAX + 3];
    size_t n, n_letters;
};

static void
add_table(struct tables *t, const struct sp_option *table)
{
    for (const struct sp_option *o = table; o && o->name; o++) {
        struct option *l = &t->longs[t->n];

        if (t->n == OPTIONS_MAX)
            SP_BUG("too many options");
        *l = (struct option){o->name, required_argument, NULL,
                             FIRST_VALUE + (int)t->n};
        if (o->kind == SP_OPTION_FLAG)
            l->has_arg = no_argument;
        else if (o->kind == SP_OPTION_OPTIONAL)
            l->has_arg = optional_argument;
        if (o->letter) {
            t->letters[t->n_letters++] = o->letter;
            if (l->has_arg == required_argument)
                t->letters[t->n_letters++] = ':';
        }
        t->option[t->n++] = o;
    }
}

/* "-" hands out operands in their place, ":" tells a missing value apart. */
static void
init_tables(struct tables *t, const struct sp_args *args)
{
    memset(t, 0, sizeof(*t));
    memcpy(t->letters, "-:", 2);
    t->n_letters = 2;
    if (args->command)
        add_table(t, args->command->options);
    if (!args->command || !args->command->passes_on)
        add_table(t, args->program->common);
    add_table(t, builtin);
}

static const struct sp_option *
option_of(const struct tables *t, int code)
{
    if (code >= FIRST_VALUE && code < FIRST_VALUE + (int)t->n)
        return t->option[code - FIRST_VALUE];
    for (size_t i = 0; code > 0 && i < t->n; i++)
        if (t->option[i]->letter == code)
            return t->option[i];
    return NULL;
}

static const char *
option_name_at(const void *data, size_t i)
{
    const struct tables *t = data;

    return i < t->n ? t->option[i]->name : NULL;
}

/* "--name" of a word of the command line, without "=value". */
static void
show_name(char *dst, size_t size, const char *word)
{
    sp_text_show_bytes(dst, size, word, strcspn(word, "="));
}

static int
unknown_option(const struct sp_args *args, const struct tables *t,
               const char *word)
{
    char shown[SP_SHOWN_MAX];
    char name[SP_SHOWN_MAX];
    const char *near;

    show_name(shown, sizeof(shown), word);
    (void)snprintf(name, sizeof(name), "%s", shown + strspn(shown, "-"));
    near = sp_nearest_word(name, option_name_at, t);
    if (near)
        return sp_args_mistake(
            args, "unknown option '%s', did you mean '--%s'?", shown, near);
    return sp_args_mistake(args, "unknown option '%s'", shown);
}

static bool
is_choice(const char *choices, const char *value)
{
    size_t len = strlen(value);

    for (const char *p = choices; len > 0; p++) {
        size_t n = strcspn(p, "|");

        if (n == len && memcmp(p, value, n) == 0)
            return true;
        p += n;
        if (*p == '\0')
            break;
    }
    return false;
}

static int
take(struct sp_args *args, const struct sp_option *option, const char *value)
{
    char shown[SP_SHOWN_MAX];

    if (option->kind == SP_OPTION_CHOICE &&
        !is_choice(option->metavar, value)) {
        sp_text_show(shown, sizeof(shown), value);
        return sp_args_mistake(args, "option '--%s' wants %s, not '%s'",
                               option->name, option->metavar, shown);
    }
    if (option->kind == SP_OPTION_OPTIONAL && !value)
        value = "";
    args->given[args->n_given++] = (struct sp_given){option, value};
    return 0;
}

/*
 * What getopt_long found in `word`: an option, or one of the mistakes.
 * Abbreviations are mistakes: a script that uses one breaks when the next
 * version has a second option with that beginning.
 */
static int
found(struct sp_args *args, const struct tables *t, int code, const char *word)
{
    const struct sp_option *option = option_of(t, code);
    bool is_long = strncmp(word, "--", 2) == 0;
    char shown[SP_SHOWN_MAX];

    show_name(shown, sizeof(shown), word);
    if (code == ':')
        return sp_args_mistake(args, "option '%s' wants a value", shown);
    if (!option && is_long && option_of(t, optopt))
        return sp_args_mistake(args, "option '%s' takes no value", shown);
    if (!option && !is_long) {
        char letter = (char)optopt;

        sp_text_show_bytes(shown, sizeof(shown), &letter, 1);
        return sp_args_mistake(args, "unknown option '-%s'", shown);
    }
    if (!option || (is_long && strcmp(shown + 2, option->name) != 0))
        return unknown_option(args, t, word);
    return take(args, option, optarg);
}

/*
 * Reads argv from *at on. Without a command it stops at the first operand,
 * which names the command, and leaves its index in *at.
 */
static int
parse(struct sp_args *args, int *at)
{
    bool passes_on = args->command && args->command->passes_on;
    char **argv = args->argv + *at - 1; /* getopt begins at index 1 */
    int argc = args->argc - *at + 1;
    struct tables t;

    init_tables(&t, args);
    optind = 0; /* GNU: start afresh */
    opterr = 0;
    for (;;) {
        int here = optind ? optind : 1;
        int code = getopt_long(argc, argv, t.letters, t.longs, NULL);
        int status;

        if (code == -1)
            break;
        if ((code == 1 && (!args->command || passes_on)) ||
            (passes_on && !option_of(&t, code))) {
            optind = here;
            break;
        }
        if (code == 1) {
            args->operands[args->n_operands++] = optarg;
            continue;
        }
        status = found(args, &t, code, argv[here]);
        if (status != 0)
            return status;
    }
    *at += optind - 1;
    while (args->command && *at < args->argc)
        args->operands[args->n_operands++] = args->argv[(*at)++];
    return 0;
}

/* Brings all values of one option together, in the order given. */
static void
group(struct sp_args *args)
{
    size_t done = 0;

    while (done < args->n_given) {
        const struct sp_option *option = args->given[done].option;
        size_t to = done + 1;

        for (size_t i = to; i < args->n_given; i++) {
            struct sp_given moved = args->given[i];

            if (moved.option != option)
                continue;
            memmove(args->given + to + 1, args->given + to,
                    (i - to) * sizeof(moved));
            args->given[to++] = moved;
        }
        done = to;
    }
    for (size_t i = 0; i < args->n_given; i++)
        args->values[i] = args->given[i].value;
}

static const char *
command_name_at(const void *data, size_t i)
{
    const struct sp_program *program = data;

    return program->commands[i].name;
}

static int
find_command(struct sp_args *args, const char *word)
{
    const struct sp_program *program = args->program;
    char shown[SP_SHOWN_MAX];
    const char *near;

    for (const struct sp_command *c = program->commands; c->name; c++)
        if (strcmp(c->name, word) == 0) {
            args->command = c;
            return 0;
        }
    sp_text_show(shown, sizeof(shown), word);
    near = sp_nearest_word(word, command_name_at, program);
    if (near)
        return sp_args_mistake(args, "unknown command '%s', did you mean '%s'?",
                               shown, near);
    return sp_args_mistake(args, "unknown command '%s'", shown);
}

static int
check_operands(const struct sp_args *args)
{
    const struct sp_command *c = args->command;

    if (args->n_operands < (size_t)c->min_operands)
        return sp_args_mistake(args, "%s is missing", c->operands);
    if (c->max_operands >= 0 && args->n_operands > (size_t)c->max_operands) {
        char shown[SP_SHOWN_MAX];

        sp_text_show(shown, sizeof(shown), args->operands[c->max_operands]);
        return sp_args_mistake(args, "too many arguments: '%s'", shown);
    }
    return 0;
}

static void
print_version(const struct sp_program *program)
{
#ifdef SP_TEST_BUILD
    (void)printf("%s %s TEST BUILD\n", program->name, SP_VERSION);
#else
    (void)printf("%s %s\n", program->name, SP_VERSION);
#endif
}

static int
run(struct sp_args *args)
{
    int at = 1;
    int status = parse(args, &at);

    if (status == 0 && at < args->argc) {
        status = find_command(args, args->argv[at]);
        at++;
        if (status == 0)
            status = parse(args, &at);
    }
    if (status != 0)
        return status;
    group(args);
    if (sp_args_flag(args, "help")) {
        sp_help_print(args, builtin, stdout);
        return SP_OK;
    }
    if (sp_args_flag(args, "version")) {
        print_version(args->program);
        return SP_OK;
    }
    if (!args->command)
        return sp_args_mistake(args, "a command is missing");
    status = check_operands(args);
    return status != 0 ? status : args->command->run(args);
}

int
sp_program_run(const struct sp_program *program, int argc, char **argv)
{
    size_t words = (size_t)(argc > 0 ? argc : 0) + 1;
    SP_AUTO_FREE struct sp_given *given = calloc(words, sizeof(*given));
    SP_AUTO_FREE const char **values = calloc(words, sizeof(*values));
    SP_AUTO_FREE const char **operands = calloc(words, sizeof(*operands));
    struct sp_args args = {.program = program,
                           .argc = argc,
                           .argv = argv,
                           .given = given,
                           .values = values,
                           .operands = operands};
    int status;

    if (!given || !values || !operands) {
        (void)fprintf(stderr, "%s: no memory\n", program->name);
        return SP_E_INTERNAL;
    }
    status = run(&args);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        (void)fprintf(stderr, "%s: cannot write to standard output\n",
                      program->name);
        return SP_E_IO;
    }
    return status;
}

static const struct sp_option *
option_named(const struct sp_option *table, const char *name)
{
    for (const struct sp_option *o = table; o && o->name; o++)
        if (strcmp(o->name, name) == 0)
            return o;
    return NULL;
}

static const struct sp_option *
known_option(const struct sp_args *args, const char *name)
{
    const struct sp_option *o = option_named(builtin, name);

    if (!o && args->command)
        o = option_named(args->command->options, name);
    if (!o)
        o = option_named(args->program->common, name);
    if (!o)
        SP_BUG("asked for an option that is in no table");
    return o;
}

const char *const *
sp_args_words(const struct sp_args *args, const char *name, size_t *ret_n)
{
    const struct sp_option *option = known_option(args, name);
    size_t first = 0;
    size_t n = 0;

    while (first < args->n_given && args->given[first].option != option)
        first++;
    while (first + n < args->n_given && args->given[first + n].option == option)
        n++;
    *ret_n = n;
    return args->values + first;
}

bool
sp_args_flag(const struct sp_args *args, const char *name)
{
    size_t n;

    (void)sp_args_words(args, name, &n);
    return n > 0;
}

const char *
sp_args_text(const struct sp_args *args, const char *name,
             const char *otherwise)
{
    size_t n;
    const char *const *values = sp_args_words(args, name, &n);

    return n > 0 ? values[n - 1] : otherwise;
}

int
sp_args_mistake(const struct sp_args *args, const char *fmt, ...)
{
    const char *program = args->program->name;
    const char *space = args->command ? " " : "";
    const char *command = args->command ? args->command->name : "";
    char text[SP_MESSAGE_MAX];
    struct sp_error err;
    va_list list;

    va_start(list, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, list);
    va_end(list);
    (void)sp_fail(&err, "usage", "%s", text);
    if (args->program->usage_fault && args->program->usage_fault(args, &err))
        return SP_E_USAGE;
    (void)fprintf(stderr, "%s%s%s: %s\ntry '%s%s%s --help'\n", program, space,
                  command, text, program, space, command);
    return SP_E_USAGE;
}
