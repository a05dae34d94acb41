/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bash: two tables as case statements and one function that reads the line.
 * '=' and ':' are words of their own there (COMP_WORDBREAKS).
 */
#include "cli/completion.h"

#include <string.h>

static const char *const kind_words[] = {
    [SP_VALUE_ANY] = "any",         [SP_VALUE_WORDS] = "words",
    [SP_VALUE_FILE] = "file",       [SP_VALUE_DIR] = "dir",
    [SP_VALUE_ADDRESS] = "address",
};

static const char head[] =
    "# bash completion for %, printed by '% --completion=bash'\n\n";

static const char reader[] =
    "_~() {\n"
    "    local cur=${COMP_WORDS[COMP_CWORD]} command='' option='' after='' "
    "n=1\n"
    "    local word want\n"
    "    for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
    "        if [[ $word == :* ]]; then\n"
    "            after=: # what follows is a part of the word before\n"
    "        elif [[ -n $after ]]; then\n"
    "            after=''\n"
    "        elif [[ -n $option ]]; then\n"
    "            [[ $word == = ]] || option=''\n"
    "        elif [[ $word == -* ]]; then\n"
    "            [[ -z $(_~_wants \"$command\" \"$word\") ]] || "
    "option=$word\n"
    "        elif [[ -z $command ]]; then\n"
    "            command=$word\n"
    "        else\n"
    "            ((n++))\n"
    "        fi\n"
    "    done\n"
    "    if [[ $cur == :* ]]; then\n"
    "        after=: cur=''\n"
    "    elif [[ $cur == = ]]; then\n"
    "        cur=''\n"
    "    fi\n"
    "    if [[ -n $after ]]; then\n"
    "        want=file\n"
    "    elif [[ -n $option ]]; then\n"
    "        want=$(_~_wants \"$command\" \"$option\")\n"
    "    elif [[ $cur == -* ]]; then\n"
    "        want=\"words $(_~_options \"$command\")\"\n"
    "    elif [[ -z $command ]]; then\n"
    "        want=\"words $(_~_commands)\"\n"
    "    else\n"
    "        want=$(_~_wants \"$command\" \"$n\")\n"
    "    fi\n"
    "    COMPREPLY=()\n"
    "    case $want in\n"
    "    file | address*)\n"
    "        mapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n"
    "        compopt -o filenames 2>/dev/null\n"
    "        ;;\n"
    "    dir)\n"
    "        mapfile -t COMPREPLY < <(compgen -d -- \"$cur\")\n"
    "        compopt -o filenames 2>/dev/null\n"
    "        ;;\n"
    "    esac\n"
    "    case $want in\n"
    "    words\\ * | address\\ *)\n"
    "        while read -r word; do\n"
    "            COMPREPLY+=(\"$word\")\n"
    "            [[ $word != *: ]] || compopt -o nospace 2>/dev/null\n"
    "        done < <(compgen -W \"${want#* }\" -- \"$cur\")\n"
    "        ;;\n"
    "    esac\n"
    "    return 0\n"
    "}\n";

static void
print_kind(FILE *out, const char *metavar)
{
    struct sp_value value;

    sp_value_of(metavar, &value);
    (void)fprintf(out, " echo '%s%s%s' ;;\n", kind_words[value.kind],
                  value.words[0] ? " " : "", value.words);
}

static void
print_wanting(FILE *out, const char *command, const struct sp_option *table)
{
    for (const struct sp_option *o = table; o && o->name; o++) {
        if (o->kind == SP_OPTION_FLAG || o->kind == SP_OPTION_OPTIONAL)
            continue;
        (void)fprintf(out, "    %s:--%s", command, o->name);
        if (o->letter)
            (void)fprintf(out, " | %s:-%c", command, o->letter);
        (void)fputc(')', out);
        print_kind(out, o->metavar);
    }
}

static void
print_operands(FILE *out, const struct sp_command *c)
{
    char metavar[SP_METAVAR_MAX];
    bool repeats = false;

    for (size_t i = 0; sp_operand_at(c->operands, i, metavar, &repeats); i++) {
        (void)fprintf(out, "    %s:", c->name);
        if (repeats)
            (void)fputs("[1-9]*)", out);
        else
            (void)fprintf(out, "%zu)", i + 1);
        print_kind(out, metavar);
    }
}

static void
print_options(FILE *out, const struct sp_program *program,
              const struct sp_command *command, const struct sp_option *builtin)
{
    const struct sp_option *o;
    size_t i = 0;

    (void)fprintf(out, "    '%s') echo '", command ? command->name : "");
    for (; (o = sp_completion_option(program, command, builtin, i)); i++) {
        (void)fprintf(out, "%s--%s", i ? " " : "", o->name);
        if (o->letter)
            (void)fprintf(out, " -%c", o->letter);
    }
    (void)fputs("' ;;\n", out);
}

void
sp_completion_bash(const struct sp_program *program,
                   const struct sp_option *builtin, FILE *out)
{
    sp_completion_text(out, program, head);
    sp_completion_text(out, program, "_~_commands() {\n    echo '");
    for (const struct sp_command *c = program->commands; c->name; c++)
        (void)fprintf(out, "%s ", c->name);
    sp_completion_text(out, program,
                       "'\n}\n\n# COMMAND OPTION-OR-NUMBER: what may stand "
                       "there\n_~_wants() {\n    case $1:$2 in\n");
    for (const struct sp_command *c = program->commands; c->name; c++) {
        print_wanting(out, c->name, c->options);
        print_operands(out, c);
    }
    print_wanting(out, "*", program->common);
    print_wanting(out, "*", builtin);
    sp_completion_text(out, program,
                       "    esac\n}\n\n_~_options() { # COMMAND\n"
                       "    case $1 in\n");
    print_options(out, program, NULL, builtin);
    for (const struct sp_command *c = program->commands; c->name; c++)
        print_options(out, program, c, builtin);
    (void)fputs("    esac\n}\n\n", out);
    sp_completion_text(out, program, reader);
    sp_completion_text(out, program, "\ncomplete -F _~ %\n");
}
