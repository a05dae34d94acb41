/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line: what the parser takes, and what it says to mistakes. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/completion.h"
#include "tap.h"

/* What the command below saw in its last run; "" when it did not run. */
static char seen[512];
static char mistake[SP_MESSAGE_MAX];

static void __attribute__((format(printf, 1, 2))) saw(const char *fmt, ...)
{
    size_t used = strlen(seen);
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(seen + used, sizeof(seen) - used, fmt, args);
    va_end(args);
}

static void
see_operands(const struct sp_args *args)
{
    for (size_t i = 0; i < args->n_operands; i++)
        saw(" <%s>", args->operands[i]);
    tap_ok(args->operands[args->n_operands] == NULL, "operands end with NULL");
}

static int
run_take(const struct sp_args *args)
{
    size_t n;
    const char *const *words = sp_args_words(args, "word", &n);

    saw("take json=%d dir=%s sure=%s mode=%s words=",
        sp_args_flag(args, "json"), sp_args_text(args, "dir", "-"),
        sp_args_text(args, "sure", "-"), sp_args_text(args, "mode", "-"));
    for (size_t i = 0; i < n; i++)
        saw("%s,", words[i]);
    see_operands(args);
    return 7;
}

static int
run_pass(const struct sp_args *args)
{
    saw("pass json=%d mine=%d", sp_args_flag(args, "json"),
        sp_args_flag(args, "mine"));
    see_operands(args);
    return 0;
}

static const struct sp_option take_options[] = {
    {"word", 'w', SP_OPTION_WORDS, "WORD", "a word"},
    {"sure", 0, SP_OPTION_OPTIONAL, "HOW", "sure"},
    {"mode", 0, SP_OPTION_CHOICE, "fast|slow", "a choice"},
    {0},
};

static const struct sp_option pass_options[] = {
    {"mine", 0, SP_OPTION_FLAG, NULL, "an option of our own"},
    {0},
};

static const struct sp_option common_options[] = {
    {"json", 0, SP_OPTION_FLAG, NULL, "JSON"},
    {"dir", 'd', SP_OPTION_TEXT, "DIR", "a directory"},
    {0},
};

static const struct sp_command commands[] = {
    {.name = "take",
     .summary = "take it",
     .operands = "THING...",
     .min_operands = 1,
     .max_operands = 2,
     .options = take_options,
     .run = run_take},
    {.name = "pass",
     .summary = "pass it on",
     .max_operands = -1,
     .options = pass_options,
     .passes_on = true,
     .run = run_pass},
    {0},
};

static bool
note_mistake(const struct sp_args *args, const struct sp_error *err)
{
    (void)args;
    (void)snprintf(mistake, sizeof(mistake), "%s", err->msg);
    return true;
}

static const struct sp_program program = {
    .name = "test",
    .summary = "A test.",
    .commands = commands,
    .common = common_options,
    .usage_fault = note_mistake,
};

/* Runs a line that is split at its spaces. */
static int
run_line(const char *line)
{
    char copy[256];
    char *argv[32] = {NULL};
    int argc = 0;
    char name[] = "test";

    seen[0] = mistake[0] = '\0';
    (void)snprintf(copy, sizeof(copy), "%s", line);
    argv[argc++] = name;
    for (char *p = copy; *p && argc < 31;) {
        argv[argc++] = p;
        p += strcspn(p, " ");
        if (*p)
            *p++ = '\0';
    }
    return sp_program_run(&program, argc, argv);
}

struct row {
    const char *line;
    const char *seen;    /* or NULL, then */
    const char *mistake; /* this and status 2 */
};

static const struct row rows[] = {
    {"take a", "take json=0 dir=- sure=- mode=- words= <a>", NULL},
    {"--json take a", "take json=1 dir=- sure=- mode=- words= <a>", NULL},
    {"take a --json", "take json=1 dir=- sure=- mode=- words= <a>", NULL},
    {"-d x take a -d y", "take json=0 dir=y sure=- mode=- words= <a>", NULL},
    {"--dir=x take --dir y a b",
     "take json=0 dir=y sure=- mode=- words= <a> <b>", NULL},
    {"take --word=1 a --json -w 2 --word 3",
     "take json=1 dir=- sure=- mode=- words=1,2,3, <a>", NULL},
    {"take --sure a", "take json=0 dir=- sure= mode=- words= <a>", NULL},
    {"take --sure=x a", "take json=0 dir=- sure=x mode=- words= <a>", NULL},
    {"take --mode slow a", "take json=0 dir=- sure=- mode=slow words= <a>",
     NULL},
    {"take -- --json -", "take json=0 dir=- sure=- mode=- words= <--json> <->",
     NULL},
    {"take -", "take json=0 dir=- sure=- mode=- words= <->", NULL},
    {"pass", "pass json=0 mine=0", NULL},
    {"pass --mine --json x", "pass json=0 mine=1 <--json> <x>", NULL},
    {"pass x --mine", "pass json=0 mine=0 <x> <--mine>", NULL},
    {"--json pass --help-me -y", "pass json=1 mine=0 <--help-me> <-y>", NULL},

    {"", NULL, "a command is missing"},
    {"--json", NULL, "a command is missing"},
    {"tkae", NULL, "unknown command 'tkae', did you mean 'take'?"},
    {"xyzzy", NULL, "unknown command 'xyzzy'"},
    {"take", NULL, "THING... is missing"},
    {"take a b c", NULL, "too many arguments: 'c'"},
    {"take --jsno a", NULL, "unknown option '--jsno', did you mean '--json'?"},
    {"take --js a", NULL, "unknown option '--js', did you mean '--json'?"},
    {"take --zebra=1 a", NULL, "unknown option '--zebra'"},
    {"take -z a", NULL, "unknown option '-z'"},
    {"take --json=1 a", NULL, "option '--json' takes no value"},
    {"take a --word", NULL, "option '--word' wants a value"},
    {"take --dir= a", NULL, "option '--dir' wants a value"},
    {"--dir= take a", NULL, "option '--dir' wants a value"},
    {"take --mode quick a", NULL,
     "option '--mode' wants fast|slow, not 'quick'"},
    {"take --mode= a", NULL, "option '--mode' wants fast|slow, not ''"},
    {"take --mode fast|slow a", NULL,
     "option '--mode' wants fast|slow, not 'fast|slow'"},
    {"--mode fast take a", NULL, "unknown option '--mode'"},
    {"ta\033ke a", NULL, "unknown command 'ta\\x1bke', did you mean 'take'?"},
};

static void
check_rows(void)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct row *r = &rows[i];
        int status = run_line(r->line);

        if (r->seen)
            tap_is_str(seen, r->seen, "row %zu is understood", i);
        else
            tap_is_str(mistake, r->mistake, "row %zu is a mistake", i);
        if (!r->seen)
            tap_ok(status == SP_E_USAGE && seen[0] == '\0',
                   "row %zu: status 2, nothing ran", i);
    }
    tap_ok(run_line("take a") == 7, "the command's status is the program's");
}

/* What goes to stdout is looked at in a file. */
static void
check_help(void)
{
    char path[] = "/tmp/sp-test-command.XXXXXX";
    int fd = mkstemp(path);
    int out = dup(STDOUT_FILENO);
    char text[4096] = "";
    int status;

    (void)unlink(path);
    (void)dup2(fd, STDOUT_FILENO);
    status = run_line("take --help");
    (void)fflush(stdout);
    (void)dup2(out, STDOUT_FILENO);
    (void)close(out);
    tap_ok(pread(fd, text, sizeof(text) - 1, 0) > 0, "help is on stdout");
    (void)close(fd);
    tap_ok(status == 0 && seen[0] == '\0', "help is no mistake");
    for (const struct sp_option *o = take_options; o->name; o++)
        tap_ok(strstr(text, o->name) && strstr(text, o->help),
               "help tells of --%s", o->name);
    for (const struct sp_option *o = common_options; o->name; o++)
        tap_ok(strstr(text, o->name) && strstr(text, o->help),
               "help tells of --%s", o->name);
}

/* ---- mistakes without a hook of the program ---- */

static bool
leave_it(const struct sp_args *args, const struct sp_error *fault)
{
    (void)args;
    (void)fault;
    return false;
}

/* What goes to stderr when this line runs in a program with that hook. */
static const char *
complaint(const char *word,
          bool (*hook)(const struct sp_args *args, const struct sp_error *err))
{
    static char text[1024];
    struct sp_program other = program;
    char path[] = "/tmp/sp-test-command.XXXXXX";
    char name[] = "test", command[16];
    char *argv[] = {name, *word ? command : NULL, NULL};
    int fd = mkstemp(path);
    int saved = dup(STDERR_FILENO);

    (void)unlink(path);
    (void)snprintf(command, sizeof(command), "%s", word);
    other.usage_fault = hook;
    (void)dup2(fd, STDERR_FILENO);
    tap_is_u64((uint64_t)sp_program_run(&other, *word ? 2 : 1, argv),
               SP_E_USAGE, "a mistake");
    (void)dup2(saved, STDERR_FILENO);
    (void)close(saved);
    memset(text, 0, sizeof(text));
    tap_ok(pread(fd, text, sizeof(text) - 1, 0) > 0, "it is said");
    (void)close(fd);
    return text;
}

static void
check_complaints(void)
{
    tap_is_str(complaint("", NULL),
               "test: a command is missing\ntry 'test --help'\n",
               "said on stderr, with the help of the program");
    tap_is_str(complaint("take", NULL),
               "test take: THING... is missing\ntry 'test take --help'\n",
               "or with that of the command");
    tap_is_str(complaint("take", leave_it),
               "test take: THING... is missing\ntry 'test take --help'\n",
               "also where the program's own hook leaves it");
}

/* ---- completion ---- */

static const char *
completion(const char *shell)
{
    static const struct sp_option none[] = {{0}};
    static char text[16384];
    FILE *out = fmemopen(text, sizeof(text), "w");

    sp_completion_print(&program, none, shell, out);
    (void)fclose(out);
    return text;
}

static void
check_completion(void)
{
    const char *text = completion("bash");

    tap_ok(strstr(text, "take:--mode)") &&
               strstr(text, "take:--word | take:-w)"),
           "bash: options that want a value");
    tap_ok(!strstr(text, "take:--sure") && strstr(text, "--sure"),
           "bash: one that may do without asks for none");
    text = completion("zsh");
    tap_ok(strstr(text, "'--sure=-[sure]'::value:"),
           "zsh: the value of that one stands behind =");
    tap_ok(strstr(text, "*{-w+,--word=}'[a word]':value:"),
           "zsh: one that may come again, by both names");
    tap_ok(strstr(text, "'(-d --dir)'{-d+,--dir=}'[a directory]':value:'_files "
                        "-/'"),
           "zsh: one that may not");
    text = completion("fish");
    tap_ok(strstr(text, " -l sure -d 'sure'\n"), "fish: nothing behind it");
    tap_ok(strstr(text, " -l mode -x -a 'fast slow' -d 'a choice'\n"),
           "fish: the choices");
}

static const char *
word_at(const void *data, size_t i)
{
    return ((const char *const *)data)[i];
}

static void
check_nearest(void)
{
    static const char *const words[] = {"history", "rollback", "status", "a",
                                        NULL};

    tap_is_str(sp_nearest_word("hsitory", word_at, words), "history",
               "two letters swapped");
    tap_is_str(sp_nearest_word("stat", word_at, words), "status",
               "the beginning of a word");
    tap_is_str(sp_nearest_word("rolback", word_at, words), "rollback",
               "a letter left out");
    tap_is_str(sp_nearest_word("zzzzzz", word_at, words), NULL,
               "nothing is near");
    tap_is_str(sp_nearest_word("", word_at, words), NULL,
               "nothing is near to nothing");
}

int
main(void)
{
    check_rows();
    check_help();
    check_complaints();
    check_completion();
    check_nearest();
    return tap_done();
}
