/* SPDX-License-Identifier: GPL-2.0-or-later */
/* zsh: the tables as specifications for its own _arguments. */
#include "cli/completion.h"

/* What stands for something in the texts of _arguments. */
#define ESCAPED "[]:\\"

static const char addresses[] =
    "# A path, or a carrier; behind the carrier a path again.\n"
    "_~_address() {\n"
    "    if compset -P '*:'; then\n"
    "        _files\n"
    "    else\n"
    "        _alternative 'files:file:_files' \\\n"
    "            \"carriers:carrier:compadd -S '' -- $*\"\n"
    "    fi\n"
    "}\n\n";

static void
print_action(FILE *out, const struct sp_program *program, const char *metavar)
{
    struct sp_value value;

    sp_value_of(metavar, &value);
    switch (value.kind) {
    case SP_VALUE_ANY: (void)fputs("'{false}'", out); break;
    case SP_VALUE_WORDS: (void)fprintf(out, "'(%s)'", value.words); break;
    case SP_VALUE_FILE: (void)fputs("_files", out); break;
    case SP_VALUE_DIR: (void)fputs("'_files -/'", out); break;
    case SP_VALUE_ADDRESS:
        sp_completion_text(out, program, "'_~_address ");
        for (const char *p = value.words; *p; p++)
            (void)fprintf(out, "%s%c", *p == ':' ? "\\" : "", *p);
        (void)fputc('\'', out);
        break;
    }
}

static void
print_option(FILE *out, const struct sp_program *program,
             const struct sp_option *o)
{
    const char *often = o->kind == SP_OPTION_WORDS ? "*" : "";
    const char *join = "";

    if (o->kind == SP_OPTION_OPTIONAL)
        join = "=-";
    else if (o->kind != SP_OPTION_FLAG)
        join = "=";
    (void)fputs(" \\\n            ", out);
    if (o->letter && *often == '\0')
        (void)fprintf(out, "'(-%c --%s)'", o->letter, o->name);
    if (o->letter)
        (void)fprintf(out, "%s{-%c%s,--%s%s}'[", often, o->letter,
                      *join ? "+" : "", o->name, join);
    else
        (void)fprintf(out, "'%s--%s%s[", often, o->name, join);
    sp_completion_quoted(out, o->help, ESCAPED);
    (void)fputs("]'", out);
    if (o->kind == SP_OPTION_FLAG)
        return;
    (void)fputs(o->kind == SP_OPTION_OPTIONAL ? "::value:" : ":value:", out);
    print_action(out, program, o->metavar);
}

static void
print_options(FILE *out, const struct sp_program *program,
              const struct sp_command *command, const struct sp_option *builtin)
{
    const struct sp_option *o;

    for (size_t i = 0; (o = sp_completion_option(program, command, builtin, i));
         i++)
        print_option(out, program, o);
}

static void
print_command(FILE *out, const struct sp_program *program,
              const struct sp_command *c, const struct sp_option *builtin)
{
    char metavar[SP_METAVAR_MAX];
    bool repeats = false;

    (void)fprintf(out, "        %s)\n        _arguments -s -S", c->name);
    print_options(out, program, c, builtin);
    for (size_t i = 0; sp_operand_at(c->operands, i, metavar, &repeats); i++) {
        (void)fputs(" \\\n            ", out);
        if (repeats)
            (void)fprintf(out, "'*:'%s:", metavar);
        else
            (void)fprintf(out, "%zu:%s:", i + 1, metavar);
        print_action(out, program, metavar);
    }
    (void)fputs("\n        ;;\n", out);
}

void
sp_completion_zsh(const struct sp_program *program,
                  const struct sp_option *builtin, FILE *out)
{
    sp_completion_text(out, program,
                       "#compdef %\n"
                       "# zsh completion for %, printed by '% "
                       "--completion=zsh'\n\n");
    sp_completion_text(out, program, addresses);
    sp_completion_text(out, program,
                       "_~() {\n"
                       "    local curcontext=$curcontext state line\n"
                       "    local -a commands\n"
                       "    typeset -A opt_args\n"
                       "    commands=(\n");
    for (const struct sp_command *c = program->commands; c->name; c++) {
        (void)fprintf(out, "        '%s:", c->name);
        sp_completion_quoted(out, c->summary, ESCAPED);
        (void)fputs("'\n", out);
    }
    (void)fputs("    )\n    _arguments -C -s -S", out);
    print_options(out, program, NULL, builtin);
    sp_completion_text(out, program,
                       " \\\n            1:command:'->command' "
                       "'*::operand:->operand'\n"
                       "    case $state in\n"
                       "    command) _describe command commands ;;\n"
                       "    operand)\n"
                       "        curcontext=sallyport:$words[1]:\n"
                       "        case $words[1] in\n");
    for (const struct sp_command *c = program->commands; c->name; c++)
        print_command(out, program, c, builtin);
    sp_completion_text(out, program,
                       "        esac\n"
                       "        ;;\n"
                       "    esac\n"
                       "}\n\n"
                       "if [ \"$funcstack[1]\" = _% ]; then\n"
                       "    _~ \"$@\"\n"
                       "else\n"
                       "    compdef _~ %\n"
                       "fi\n");
}
