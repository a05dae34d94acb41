/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/command.h"

#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "base/text.h"
#include "cli/command-help.h"
#include "cli/command-parse.h"
#include "cli/completion.h"

#ifndef SP_VERSION
#define SP_VERSION "unknown"
#endif

/* The first one stands before a command only. */
static const struct sp_option whole[] = {
    {"completion", 0, SP_OPTION_CHOICE, "bash|zsh|fish",
     "print what this shell needs to complete the line"},
    {"help", 'h', SP_OPTION_FLAG, NULL, "show this help"},
    {"version", 0, SP_OPTION_FLAG, NULL, "show the version"},
    {0},
};
static const struct sp_option *const builtin = whole + 1;

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
    int status = sp_parse(args, whole, &at);
    const char *shell;

    if (status == 0 && at < args->argc) {
        status = find_command(args, args->argv[at]);
        at++;
        if (status == 0)
            status = sp_parse(args, builtin, &at);
    }
    if (status != 0)
        return status;
    sp_parse_group(args);
    if (sp_args_flag(args, "help")) {
        sp_help_print(args, args->command ? builtin : whole, stdout);
        return SP_OK;
    }
    shell = sp_args_text(args, "completion", NULL);
    if (shell) {
        sp_completion_print(args->program, builtin, shell, stdout);
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

/* No table can grow longer than argv. */
static bool
make_room(struct sp_args *args)
{
    size_t words = (size_t)(args->argc > 0 ? args->argc : 0) + 1;

    args->given = calloc(words, sizeof(*args->given));
    args->values = calloc(words, sizeof(*args->values));
    args->operands = calloc(words, sizeof(*args->operands));
    return args->given && args->values && args->operands;
}

static void
release(struct sp_args *args)
{
    free(args->given);
    free(args->values);
    free(args->operands);
}

int
sp_program_end(const struct sp_program *program, int status)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return status;
    (void)fprintf(stderr,
                  "%s: cannot write to standard output; what the command did "
                  "stands (io, io)\n",
                  program->name);
    return status == SP_OK || status == SP_UPDATES_EXIST ? SP_E_IO : status;
}

int
sp_program_run(const struct sp_program *program, int argc, char **argv)
{
    struct sp_args args = {.program = program, .argc = argc, .argv = argv};
    int status = SP_E_INTERNAL;

    (void)signal(SIGPIPE, SIG_IGN); /* so that a closed stdout is a fault */
    if (sp_hold_standard() < 0)
        return SP_E_IO;
    if (make_room(&args))
        status = run(&args);
    else
        (void)sp_args_no_memory(&args);
    release(&args);
    return sp_program_end(program, status);
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
    const struct sp_option *o = option_named(whole, name);

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
sp_args_no_memory(const struct sp_args *args)
{
    const char *command = args->command ? args->command->name : "";

    (void)fprintf(stderr, "%s%s%s: no memory (internal, no-memory)\n",
                  args->program->name, args->command ? " " : "", command);
    return SP_E_INTERNAL;
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
