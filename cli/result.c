/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/result.h"

#include <string.h>

#include "cli/advice.h"

/* Capital first letter, full stop: a sentence for people. */
static void
print_sentence(FILE *out, const char *text)
{
    char first = text[0];

    if (first >= 'a' && first <= 'z')
        first = (char)(first - 'a' + 'A');
    (void)fprintf(out, "%c%s.\n", first, text + 1);
}

static bool
explains(const struct sp_program *program)
{
    for (const struct sp_command *c = program->commands; c->name; c++)
        if (strcmp(c->name, "explain") == 0)
            return true;
    return false;
}

void
sp_result_fault(const struct sp_args *args, const struct sp_error *err,
                const char *state)
{
    (void)fprintf(stderr, "%s %s: %s (%s, %s)\n", args->program->name,
                  args->command->name, err->msg, sp_code_word(err->code),
                  err->detail);
    sp_result_next(args, err, state);
}

void
sp_result_next(const struct sp_args *args, const struct sp_error *err,
               const char *state)
{
    const struct sp_advice *advice = sp_advice_find(err->detail);

    print_sentence(stderr, state);
    if (!advice)
        return;
    (void)fprintf(stderr, "Next: %s.\n", advice->next);
    if (explains(args->program))
        (void)fprintf(stderr, "More: %s explain %s\n", args->program->name,
                      err->detail);
}

void
sp_result_json_text(struct sp_json *json, const char *key, const char *value)
{
    if (value && value[0])
        sp_json_string(json, key, value);
    else
        sp_json_null(json, key);
}

void
sp_result_json_open(struct sp_json *json, const struct sp_args *args)
{
    sp_json_init(json, stdout);
    sp_json_open_object(json, NULL);
    sp_json_u64(json, "sallyport", 1);
    sp_json_string(json, "program", args->program->name);
    sp_result_json_text(json, "command",
                        args->command ? args->command->name : NULL);
}

void
sp_result_json_close(struct sp_json *json, const struct sp_error *err,
                     const char *state)
{
    const struct sp_advice *advice = sp_advice_find(err->detail);

    sp_json_string(json, "class", sp_code_word(err->code));
    sp_json_string(json, "reason", sp_code_word(err->code));
    sp_result_json_text(json, "detail", err->detail);
    sp_json_u64(json, "exit", (uint64_t)err->code);
    sp_result_json_text(json, "message", err->msg);
    sp_result_json_text(json, "state", state);
    sp_result_json_text(json, "next", advice ? advice->next : NULL);
    sp_json_close_object(json);
    sp_json_finish(json);
}

void
sp_result_json(const struct sp_args *args, const struct sp_error *err,
               const char *state)
{
    struct sp_json json;

    sp_result_json_open(&json, args);
    sp_result_json_close(&json, err, state);
}
