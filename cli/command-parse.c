/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/command-parse.h"

#include <getopt.h>
#include <string.h>

#include "base/text.h"

/* getopt_long numbers our options from here, above all short letters. */
enum { FIRST_VALUE = 256, OPTIONS_MAX = 48 };

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
init_tables(struct tables *t, const struct sp_args *args,
            const struct sp_option *builtin)
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

static bool
names_place(const struct sp_option *option)
{
    static const char *const places[] = {"DIR", "FILE", "PATH"};

    for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++)
        if (option->metavar && strcmp(option->metavar, places[i]) == 0)
            return true;
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
    /* What a script says whose variable is not set. */
    if (value && *value == '\0' && names_place(option))
        return sp_args_mistake(args, "option '--%s' wants a value",
                               option->name);
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

int
sp_parse(struct sp_args *args, const struct sp_option *builtin, int *at)
{
    bool passes_on = args->command && args->command->passes_on;
    char **argv = args->argv + *at - 1; /* getopt begins at index 1 */
    int argc = args->argc - *at + 1;
    struct tables t;

    init_tables(&t, args, builtin);
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

void
sp_parse_group(struct sp_args *args)
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
