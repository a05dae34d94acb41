/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fish: one "complete" line for each command, option and operand. */
#include "cli/completion.h"

static void
print_value(FILE *out, const char *metavar)
{
    struct sp_value value;

    sp_value_of(metavar, &value);
    switch (value.kind) {
    case SP_VALUE_ANY: (void)fputs(" -x", out); break;
    case SP_VALUE_WORDS: (void)fprintf(out, " -x -a '%s'", value.words); break;
    case SP_VALUE_FILE: (void)fputs(" -r -F", out); break;
    case SP_VALUE_DIR:
        (void)fputs(" -x -a '(__fish_complete_directories)'", out);
        break;
    case SP_VALUE_ADDRESS:
        (void)fprintf(out, " -r -F -a '%s'", value.words);
        break;
    }
}

/* The line's begin: a condition, in quotes. */
static void
begin(FILE *out, const struct sp_program *program, const char *condition,
      const char *command)
{
    (void)fprintf(out, "complete -c %s -n '", program->name);
    sp_completion_text(out, program, condition);
    (void)fprintf(out, "%s'", command);
}

static void
print_options(FILE *out, const struct sp_program *program,
              const char *condition, const char *command,
              const struct sp_option *table)
{
    for (const struct sp_option *o = table; o && o->name; o++) {
        begin(out, program, condition, command);
        (void)fprintf(out, " -l %s", o->name);
        if (o->letter)
            (void)fprintf(out, " -s %c", o->letter);
        if (o->kind != SP_OPTION_FLAG && o->kind != SP_OPTION_OPTIONAL)
            print_value(out, o->metavar);
        (void)fputs(" -d '", out);
        sp_completion_quoted(out, o->help, "\\");
        (void)fputs("'\n", out);
    }
}

static void
print_command(FILE *out, const struct sp_program *program,
              const struct sp_command *c)
{
    char metavar[SP_METAVAR_MAX];
    bool repeats = false;

    (void)fprintf(out, "complete -c %s -n 'not ", program->name);
    sp_completion_text(out, program, "__~_command'");
    (void)fprintf(out, " -x -a %s -d '", c->name);
    sp_completion_quoted(out, c->summary, "\\");
    (void)fputs("'\n", out);
    print_options(out, program, "__~_command ", c->name, c->options);
    for (size_t i = 0; sp_operand_at(c->operands, i, metavar, &repeats); i++) {
        begin(out, program, "__~_command ", c->name);
        print_value(out, metavar);
        (void)fputc('\n', out);
    }
}

void
sp_completion_fish(const struct sp_program *program,
                   const struct sp_option *builtin, FILE *out)
{
    sp_completion_text(out, program,
                       "# fish completion for %, printed by '% "
                       "--completion=fish'\n\n"
                       "# One of these commands, or any, stands on the line.\n"
                       "function __~_command\n"
                       "    set -q argv[1]; or set argv");
    for (const struct sp_command *c = program->commands; c->name; c++)
        (void)fprintf(out, " %s", c->name);
    sp_completion_text(out, program,
                       "\n    __fish_seen_subcommand_from $argv\n"
                       "end\n\n"
                       "# What another program reads.\n"
                       "function __~_own\n");
    for (const struct sp_command *c = program->commands; c->name; c++)
        if (c->passes_on) {
            sp_completion_text(out, program, "    not __~_command ");
            (void)fprintf(out, "%s; or return\n", c->name);
        }
    sp_completion_text(out, program, "    true\nend\n\ncomplete -c % -f\n");
    for (const struct sp_command *c = program->commands; c->name; c++)
        print_command(out, program, c);
    print_options(out, program, "__~_own", "", program->common);
    print_options(out, program, "true", "", builtin);
}
