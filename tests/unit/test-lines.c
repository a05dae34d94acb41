/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "base/lines.h"
#include "tap.h"

static struct sp_lines
over(const char *text, size_t size)
{
    return (struct sp_lines){.text = text, .size = size};
}

static void
test_walk(void)
{
    struct sp_lines lines = over("one 1\n\ntwo\n", 11);
    char line[SP_LINE_MAX];
    bool bad = false;

    tap_ok(sp_lines_next(&lines, line, &bad), "first line");
    tap_is_str(sp_lines_value(line), "1", "its value");
    tap_is_str(line, "one", "its key");
    tap_ok(sp_lines_next(&lines, line, &bad) && line[0] == '\0', "empty line");
    tap_ok(sp_lines_next(&lines, line, &bad), "third line");
    tap_is_str(sp_lines_value(line), "", "no value");
    tap_is_u64(lines.number, 3, "the number is that of the line");
    tap_ok(!sp_lines_next(&lines, line, &bad) && !bad, "the end is clean");
}

static void
test_bad(void)
{
    static const char nul[] = "a\0b\n";
    char longest[SP_LINE_MAX + 1];
    char line[SP_LINE_MAX];
    struct sp_lines lines = over("no end", 6);
    bool bad = false;

    tap_ok(!sp_lines_next(&lines, line, &bad) && bad, "no LF at the end");
    bad = false;
    lines = over(nul, sizeof(nul) - 1);
    tap_ok(!sp_lines_next(&lines, line, &bad) && bad, "a NUL in a line");
    memset(longest, 'x', sizeof(longest));
    longest[SP_LINE_MAX] = '\n';
    bad = false;
    lines = over(longest, sizeof(longest));
    tap_ok(!sp_lines_next(&lines, line, &bad) && bad, "a line too long");
    longest[SP_LINE_MAX - 1] = '\n';
    bad = false;
    lines = over(longest, SP_LINE_MAX);
    tap_ok(sp_lines_next(&lines, line, &bad) && !bad, "the longest line");
}

static void
test_text(void)
{
    struct sp_text text = {0};
    char wide[2 * SP_LINE_MAX + 1];

    for (int i = 0; i < 5000; i++)
        sp_text_add(&text, "%d\n", i % 10);
    tap_ok(!text.failed && text.size == 10000, "it grows");
    tap_ok(strncmp(text.bytes, "0\n1\n2\n", 6) == 0, "in order");
    memset(wide, 'x', sizeof(wide) - 1);
    wide[sizeof(wide) - 1] = '\0';
    sp_text_add(&text, "%s", wide);
    tap_ok(text.failed && text.size == 10000, "what is cut off is a fault");
    sp_text_release(&text);
    tap_ok(!text.bytes, "released");
}

/* More than any buffer of stdio holds. */
static void
test_stream(void)
{
    struct sp_text text = {0};
    FILE *out = sp_text_stream(&text);

    for (int i = 0; i < 50000; i++)
        (void)fprintf(out, "%d\n", i % 10);
    tap_ok(fclose(out) == 0 && text.size == 100000, "a stream adds all of it");
    tap_ok(strncmp(text.bytes + 99994, "7\n8\n9\n", 6) == 0, "in order");
    out = sp_text_stream(&text);
    text.failed = true; /* as where no memory is left */
    (void)fputs("lost", out);
    tap_ok(fclose(out) != 0, "and says it when something is lost");
    sp_text_release(&text);
}

int
main(void)
{
    test_walk();
    test_bad();
    test_text();
    test_stream();
    return tap_done();
}
