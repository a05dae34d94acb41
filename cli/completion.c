/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/completion.h"

#include <string.h>

#include "bundle/request.h"
#include "transports/transport.h"

static void
add_word(struct sp_value *value, const char *word, const char *end)
{
    size_t used = strlen(value->words);
    int n = snprintf(value->words + used, sizeof(value->words) - used, "%s%s%s",
                     used ? " " : "", word, end);

    if (n < 0 || (size_t)n >= sizeof(value->words) - used)
        SP_BUG("more words than a completion can hold");
}

static void
add_carriers(struct sp_value *value, unsigned cap)
{
    const struct sp_transport_ops *ops;

    value->kind = SP_VALUE_ADDRESS;
    for (size_t i = 0; (ops = sp_transport_at(i)) != NULL; i++)
        if (ops->caps & cap)
            add_word(value, ops->scheme,
                     strcmp(ops->scheme, "-") == 0 ? "" : ":");
}

static void
add_reasons(struct sp_value *value)
{
    const struct sp_reason *reason;

    value->kind = SP_VALUE_WORDS;
    for (size_t i = 0; (reason = sp_reason_at(i)) != NULL; i++)
        add_word(value, reason->word, "");
}

static void
add_actions(struct sp_value *value)
{
    value->kind = SP_VALUE_WORDS;
    for (unsigned i = SP_ACTION_UPGRADE; i <= SP_ACTION_LIST; i++)
        add_word(value, sp_action_word((enum sp_action)i), "");
}

static void
add_choices(struct sp_value *value, const char *choices)
{
    value->kind = SP_VALUE_WORDS;
    (void)snprintf(value->words, sizeof(value->words), "%s", choices);
    for (char *p = value->words; (p = strchr(p, '|')) != NULL; p++)
        *p = ' ';
}

void
sp_value_of(const char *metavar, struct sp_value *ret)
{
    memset(ret, 0, sizeof(*ret));
    if (strchr(metavar, '|'))
        add_choices(ret, metavar);
    else if (strcmp(metavar, "FILE") == 0 || strcmp(metavar, "PATH") == 0)
        ret->kind = SP_VALUE_FILE;
    else if (strcmp(metavar, "DIR") == 0)
        ret->kind = SP_VALUE_DIR;
    else if (strcmp(metavar, "SOURCE") == 0 || strcmp(metavar, "SRC") == 0)
        add_carriers(ret, SP_CAP_READ);
    else if (strcmp(metavar, "DEST") == 0)
        add_carriers(ret, SP_CAP_WRITE);
    else if (strcmp(metavar, "WORD") == 0)
        add_reasons(ret);
    else if (strcmp(metavar, "ACTION") == 0)
        add_actions(ret);
}

bool
sp_operand_at(const char *operands, size_t i, char dst[SP_METAVAR_MAX],
              bool *ret_repeats)
{
    const char *p = operands ? operands : "";
    size_t len;

    for (;; i--) {
        p += strspn(p, " [");
        len = strcspn(p, " [].");
        if (len == 0 || i == 0)
            break;
        p += len + strspn(p + len, "].");
    }
    if (len == 0 || len >= SP_METAVAR_MAX)
        return false;
    memcpy(dst, p, len);
    dst[len] = '\0';
    *ret_repeats = p[len] == '.';
    return true;
}

const struct sp_option *
sp_completion_option(const struct sp_program *program,
                     const struct sp_command *command,
                     const struct sp_option *builtin, size_t i)
{
    const struct sp_option *lists[] = {
        command ? command->options : NULL,
        command && command->passes_on ? NULL : program->common,
        builtin,
    };

    for (size_t t = 0; t < sizeof(lists) / sizeof(lists[0]); t++)
        for (const struct sp_option *o = lists[t]; o && o->name; o++)
            if (i-- == 0)
                return o;
    return NULL;
}

void
sp_completion_quoted(FILE *out, const char *text, const char *escaped)
{
    for (const char *p = text; *p; p++) {
        if (*p == '\'') {
            (void)fputs("'\\''", out);
            continue;
        }
        if (strchr(escaped, *p))
            (void)fputc('\\', out);
        (void)fputc(*p, out);
    }
}

void
sp_completion_text(FILE *out, const struct sp_program *program,
                   const char *text)
{
    for (const char *p = text; *p; p++) {
        const char *name = program->name;

        if (*p == '%')
            (void)fputs(name, out);
        else if (*p == '~')
            for (; *name; name++)
                (void)fputc(*name == '-' ? '_' : *name, out);
        else
            (void)fputc(*p, out);
    }
}

void
sp_completion_print(const struct sp_program *program,
                    const struct sp_option *builtin, const char *shell,
                    FILE *out)
{
    if (strcmp(shell, "bash") == 0)
        sp_completion_bash(program, builtin, out);
    else if (strcmp(shell, "zsh") == 0)
        sp_completion_zsh(program, builtin, out);
    else
        sp_completion_fish(program, builtin, out);
}
