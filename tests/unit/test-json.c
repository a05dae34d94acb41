/* SPDX-License-Identifier: GPL-2.0-or-later */
/* JSON output: commas, nesting, and text that is always valid. */
#include <stdlib.h>

#include "base/json.h"
#include "tests/unit/tap.h"

static char text[4096];

/* Writes one string value and keeps the line, without its end, in `text`. */
static void
write_string(const char *value)
{
    FILE *out = fmemopen(text, sizeof(text), "w");
    struct sp_json json;

    sp_json_init(&json, out);
    sp_json_string(&json, NULL, value);
    sp_json_finish(&json);
    (void)fclose(out);
    text[strcspn(text, "\n")] = '\0';
}

static void
test_structure(void)
{
    FILE *out = fmemopen(text, sizeof(text), "w");
    struct sp_json json;

    sp_json_init(&json, out);
    sp_json_open_object(&json, NULL);
    sp_json_u64(&json, "n", UINT64_MAX);
    sp_json_open_array(&json, "list");
    sp_json_string(&json, NULL, "a");
    sp_json_bool(&json, NULL, true);
    sp_json_open_object(&json, NULL);
    sp_json_close_object(&json);
    sp_json_close_array(&json);
    sp_json_null(&json, "none");
    sp_json_bool(&json, "no", false);
    sp_json_close_object(&json);
    sp_json_finish(&json);
    sp_json_u64(&json, NULL, 1);
    sp_json_finish(&json);
    (void)fclose(out);
    tap_is_str(text,
               "{\"n\":18446744073709551615,\"list\":[\"a\",true,{}],"
               "\"none\":null,\"no\":false}\n1\n",
               "values, nesting and a second line");
}

static void
test_text(void)
{
    static const struct {
        const char *value, *want, *what;
    } cases[] = {
        {"", "\"\"", "empty"},
        {"a\"b\\c/", "\"a\\\"b\\\\c/\"", "quote and backslash"},
        {"\n\t\x1b\x7f", "\"\\u000a\\u0009\\u001b\\u007f\"", "controls"},
        {"\xc3\xa9", "\"\\u00e9\"", "two bytes"},
        {"\xe2\x80\xae", "\"\\u202e\"", "three bytes"},
        {"\xf0\x9f\x98\x80", "\"\\ud83d\\ude00\"", "surrogate pair"},
        {"\xf4\x8f\xbf\xbf", "\"\\udbff\\udfff\"", "the last code point"},
        {"\xf4\x90\x80\x80", "\"\\ufffd\\ufffd\\ufffd\\ufffd\"", "too large"},
        {"\xc0\xaf", "\"\\ufffd\\ufffd\"", "overlong"},
        {"\xe0\x80\x80", "\"\\ufffd\\ufffd\\ufffd\"", "overlong, three bytes"},
        {"\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\"", "a lone surrogate"},
        {"\xff-", "\"\\ufffd-\"", "a byte that is never UTF-8"},
        {"\xe2\x82", "\"\\ufffd\\ufffd\"", "cut short"},
        {"\xe2\x82\"", "\"\\ufffd\\ufffd\\\"\"", "cut short by a quote"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        write_string(cases[i].value);
        tap_is_str(text, cases[i].want, "%s", cases[i].what);
    }
}

int
main(void)
{
    test_structure();
    test_text();
    return tap_done();
}
