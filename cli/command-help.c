/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/command-help.h"

#include <string.h>

/* Where the explaining text begins; a longer left side gets its own line. */
enum { HELP_COLUMN = 28, LEFT_MAX = 80 };

static void
print_pair(FILE *out, const char *left, const char *text)
{
    if (strlen(left) + 2 > HELP_COLUMN)
        (void)fprintf(out, "%s\n%*s%s\n", left, HELP_COLUMN, "", text);
    else
        (void)fprintf(out, "%-*s%s\n", HELP_COLUMN, left, text);
}

static void
print_option(FILE *out, const struct sp_option *o)
{
    char letter[8] = "    ";
    char left[LEFT_MAX];
    const char *join = " ";
    const char *close = "";

    if (o->letter)
        (void)snprintf(letter, sizeof(letter), "-%c, ", o->letter);
    if (o->kind == SP_OPTION_OPTIONAL) {
        join = "[=";
        close = "]";
    }
    (void)snprintf(left, sizeof(left), "  %s--%s%s%s%s", letter, o->name,
                   o->metavar ? join : "", o->metavar ? o->metavar : "", close);
    print_pair(out, left, o->help);
}

static void
print_options(FILE *out, const char *title, const struct sp_option *table)
{
    if (!table || !table->name)
        return;
    (void)fprintf(out, "\n%s:\n", title);
    for (const struct sp_option *o = table; o->name; o++)
        print_option(out, o);
}

static void
print_command_help(const struct sp_args *args, FILE *out)
{
    const struct sp_command *c = args->command;

    (void)fprintf(out, "usage: %s %s%s%s%s\n\n%s\n", args->program->name,
                  c->name, c->options && c->options->name ? " [options]" : "",
                  c->operands ? " " : "", c->operands ? c->operands : "",
                  c->summary);
    print_options(out, "options", c->options);
    print_options(out,
                  c->passes_on ? "common options, before the command"
                               : "common options",
                  args->program->common);
}

static void
print_program_help(const struct sp_program *program, FILE *out)
{
    (void)fprintf(out, "usage: %s COMMAND [options]\n\n%s\n\ncommands:\n",
                  program->name, program->summary);
    for (const struct sp_command *c = program->commands; c->name; c++) {
        char left[LEFT_MAX];

        (void)snprintf(left, sizeof(left), "  %s%s%s", c->name,
                       c->operands ? " " : "", c->operands ? c->operands : "");
        print_pair(out, left, c->summary);
    }
    print_options(out, "common options", program->common);
}

void
sp_help_print(const struct sp_args *args, const struct sp_option *builtin,
              FILE *out)
{
    if (args->command)
        print_command_help(args, out);
    else
        print_program_help(args->program, out);
    for (const struct sp_option *o = builtin; o->name; o++)
        print_option(out, o);
    if (args->command && args->command->more_help) {
        (void)fputc('\n', out);
        args->command->more_help(out);
    }
    if (!args->command)
        (void)fprintf(out, "\n'%s COMMAND --help' tells more about one.\n",
                      args->program->name);
}
