/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every reason word has its advice, every class its sentence. */
#include <string.h>

#include "cli/advice.h"
#include "tap.h"

/* A sentence without its end, as the callers add it. */
static bool
is_sentence(const char *text)
{
    size_t len = strlen(text);

    return len > 8 && text[len - 1] != '.' && text[len - 1] != ' ' &&
           !strstr(text, "  ");
}

static void
check_words(void)
{
    const struct sp_reason *r;

    for (size_t i = 0; (r = sp_reason_at(i)) != NULL; i++) {
        const struct sp_advice *a = sp_advice_find(r->word);

        if (!tap_ok(a != NULL, "'%s' has an entry", r->word))
            continue;
        tap_ok(is_sentence(a->meaning), "'%s': its meaning is told", r->word);
        tap_ok(is_sentence(a->next), "'%s': the next step is told", r->word);
        tap_ok(sp_advice_class(r->code)[0] != '\0', "'%s': class %s is told",
               r->word, sp_code_word(r->code));
    }
}

static void
check_no_others(void)
{
    const struct sp_advice *a;

    for (size_t i = 0; (a = sp_advice_at(i)) != NULL; i++) {
        tap_ok(sp_reason_find(a->word) != NULL, "'%s' is a reason word",
               a->word);
        tap_ok(sp_advice_find(a->word) == a, "'%s' is there once", a->word);
    }
}

int
main(void)
{
    check_words();
    check_no_others();
    tap_ok(sp_advice_find("no-such-word") == NULL, "no advice for nonsense");
    tap_is_str(sp_advice_class((enum sp_code)99), "", "no class 99");
    return tap_done();
}
