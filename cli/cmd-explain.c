/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sallyport explain: the words of refusal, their classes and next steps. */
#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "cli/advice.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "cli/result.h"

enum { CLASS_MAX = SP_UPDATES_EXIST };

/* "signature" or "10"; false when it is neither a class nor its number. */
static bool
find_class(const char *word, enum sp_code *ret)
{
    uint64_t number;

    if (sp_text_u64(word, CLASS_MAX, &number)) {
        *ret = (enum sp_code)number;
        return sp_advice_class(*ret)[0] != '\0';
    }
    for (unsigned i = 0; i <= CLASS_MAX; i++)
        if (sp_advice_class((enum sp_code)i)[0] &&
            strcmp(sp_code_word((enum sp_code)i), word) == 0) {
            *ret = (enum sp_code)i;
            return true;
        }
    return false;
}

static void
print_word(const struct sp_reason *reason)
{
    const struct sp_advice *a = sp_advice_find(reason->word);

    (void)printf("%s: %s.\nclass: %s, exit status %u: %s.\nnext: %s.\n",
                 reason->word, a->meaning, sp_code_word(reason->code),
                 (unsigned)reason->code, sp_advice_class(reason->code),
                 a->next);
}

static void
print_class(enum sp_code code)
{
    const struct sp_reason *r;

    (void)printf("%s, exit status %u: %s.\n", sp_code_word(code),
                 (unsigned)code, sp_advice_class(code));
    for (size_t i = 0; (r = sp_reason_at(i)) != NULL; i++)
        if (r->code == code)
            (void)printf("  %-24s  %s\n", r->word,
                         sp_advice_find(r->word)->meaning);
}

static void
render_word(struct sp_json *json, const struct sp_reason *reason)
{
    const struct sp_advice *a = sp_advice_find(reason->word);

    sp_json_open_object(json, NULL);
    sp_json_string(json, "word", reason->word);
    sp_json_string(json, "class", sp_code_word(reason->code));
    sp_json_u64(json, "exit", (uint64_t)reason->code);
    sp_json_string(json, "meaning", a->meaning);
    sp_json_string(json, "next", a->next);
    sp_json_close_object(json);
}

/* What was asked for: one word, the words of a class, or all. */
struct selection {
    const struct sp_reason *word;
    bool has_class;
    enum sp_code code;
};

static bool
is_selected(const struct selection *s, const struct sp_reason *reason)
{
    if (s->word)
        return reason == s->word;
    return !s->has_class || reason->code == s->code;
}

static void
render(const struct sp_args *args, const struct selection *selection)
{
    const struct sp_error done = {0};
    const struct sp_reason *r;
    struct sp_json json;

    sp_result_json_open(&json, args);
    sp_json_open_array(&json, "words");
    for (size_t i = 0; (r = sp_reason_at(i)) != NULL; i++)
        if (is_selected(selection, r))
            render_word(&json, r);
    sp_json_close_array(&json);
    sp_result_json_close(&json, &done, SP_NOTHING_CHANGED);
}

static void
print(const struct selection *selection)
{
    if (selection->word)
        print_word(selection->word);
    if (selection->has_class && selection->word)
        (void)putchar('\n');
    if (selection->has_class)
        print_class(selection->code);
    if (selection->word || selection->has_class)
        return;
    for (unsigned i = 0; i <= CLASS_MAX; i++)
        if (sp_advice_class((enum sp_code)i)[0])
            print_class((enum sp_code)i);
}

static const char *
word_at(const void *data, size_t i)
{
    const struct sp_reason *reason = sp_reason_at(i);

    (void)data;
    return reason ? reason->word : NULL;
}

int
sp_cmd_explain(const struct sp_args *args)
{
    const char *word = args->operands[0];
    struct selection selection = {0};
    struct sp_voice voice;
    char shown[SP_SHOWN_MAX];

    sp_options_voice(args, &voice);
    if (word) {
        const char *near = sp_nearest_word(word, word_at, NULL);

        selection.word = sp_reason_find(word);
        selection.has_class = find_class(word, &selection.code);
        sp_text_show(shown, sizeof(shown), word);
        if (!selection.word && !selection.has_class && near)
            return sp_args_mistake(
                args, "unknown word '%s', did you mean '%s'?", shown, near);
        if (!selection.word && !selection.has_class)
            return sp_args_mistake(args, "unknown word '%s'", shown);
    }
    if (voice.json)
        render(args, &selection);
    else
        print(&selection);
    return SP_OK;
}
