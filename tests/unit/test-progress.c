/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Progress in its four styles, with a clock of our own. */
#include <stdlib.h>
#include <string.h>

#include "cli/progress.h"
#include "tap.h"

static uint64_t clock_ms;

static uint64_t
test_clock(void)
{
    return clock_ms;
}

/* A run of ten seconds over 10 MB and 100 packages, in `style`. */
static char *
record(enum sp_progress_style style, unsigned width)
{
    struct sp_progress_count count = {0, 10000000, 0, 100};
    struct sp_progress progress;
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    sp_progress_init(&progress, style, out);
    progress.width = width;
    progress.now_ms = test_clock;
    clock_ms = 1000000;
    sp_progress_phase(&progress, "receive");
    for (unsigned i = 0; i < 1000; i++) {
        clock_ms += 10;
        count.bytes += 10000;
        count.packages = i / 10;
        sp_progress_update(&progress, &count);
        if (i == 500)
            sp_progress_note(&progress, "a \"note\"");
    }
    sp_progress_phase(&progress, "publish");
    sp_progress_finish(&progress);
    sp_progress_finish(&progress);
    (void)fclose(out);
    return text;
}

static size_t
count_of(const char *text, const char *what)
{
    size_t n = 0;

    for (; (text = strstr(text, what)) != NULL; text += strlen(what))
        n++;
    return n;
}

static void
check_none(void)
{
    char *text = record(SP_PROGRESS_NONE, 80);

    tap_is_str(text, "", "none: silence");
    free(text);
}

static void
check_plain(void)
{
    char *text = record(SP_PROGRESS_PLAIN, 80);

    tap_ok(!strchr(text, '\r') && !strchr(text, '\033'),
           "plain: nothing is drawn again");
    tap_ok(strncmp(text, "receive\n", 8) == 0, "plain: the phase is named");
    tap_ok(strstr(text, "receive: 50 %, 5.0 MB of 10.0 MB, 49 of 100 "
                        "packages, 1.0 MB/s, about 6 s left\n") != NULL,
           "plain: a whole sentence in the middle");
    tap_ok(strstr(text, "\na \"note\"\n") != NULL, "plain: the note");
    tap_ok(count_of(text, "\n") <= 7, "plain: few lines in ten seconds");
    tap_ok(strstr(text, "publish\n") != NULL, "plain: the next phase");
    free(text);
}

static void
check_bar(unsigned width)
{
    char *text = record(SP_PROGRESS_BAR, width);
    size_t longest = 0;

    for (const char *p = text; *p;) {
        size_t len = strcspn(p, "\r\n\033");

        longest = len > longest ? len : longest;
        p += len + (p[len] ? 1 : 0);
    }
    tap_ok(longest < width, "bar: no line reaches column %u", width);
    tap_ok(count_of(text, "\r") > 80, "bar: drawn about ten times a second");
    tap_ok(strstr(text, "\033[Ka \"note\"\n") != NULL,
           "bar: a note takes the line for itself");
    tap_ok(text[strlen(text) - 1] == '\n', "bar: the line is left at the end");
    free(text);
}

static void
check_json(void)
{
    char *text = record(SP_PROGRESS_JSON, 80);

    tap_ok(count_of(text, "\n") == count_of(text, "{\"sallyport\":1,"),
           "json: one object a line");
    tap_ok(strstr(text, "{\"sallyport\":1,\"event\":\"note\",\"text\":"
                        "\"a \\\"note\\\"\"}\n") != NULL,
           "json: the note");
    tap_ok(strstr(text,
                  "\"phase\":\"receive\",\"bytes\":10000000,"
                  "\"total_bytes\":10000000,\"packages\":99,"
                  "\"total_packages\":100,\"elapsed_ms\":10000,"
                  "\"bytes_per_second\":1000000,\"seconds_left\":null}\n") !=
               NULL,
           "json: the end of a phase is told");
    free(text);
}

/* One phase told as a list of moments; the JSON lines that came of it. */
struct moment {
    uint64_t ms, bytes, total;
};

static char *
tell(const struct moment *moments, size_t n, enum sp_progress_style style)
{
    struct sp_progress progress;
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    sp_progress_init(&progress, style, out);
    progress.now_ms = test_clock;
    clock_ms = 1000000;
    sp_progress_phase(&progress, "download");
    for (size_t i = 0; i < n; i++) {
        const struct sp_progress_count count = {moments[i].bytes,
                                                moments[i].total, 0, 0};

        clock_ms = 1000000 + moments[i].ms;
        sp_progress_update(&progress, &count);
    }
    sp_progress_finish(&progress);
    (void)fclose(out);
    return text;
}

static void
check_more_than_all(void)
{
    const struct moment moments[] = {
        {0, 0, 1000}, {10000, 900, 1000}, {20000, 1100, 1000}};
    char *text = tell(moments, 3, SP_PROGRESS_PLAIN);

    tap_ok(strstr(text, "100 %, 1.1 kB of 1.1 kB") != NULL,
           "more than was announced: the total was too low");
    tap_ok(!strstr(text, "1.1 kB of 1.0 kB"), "never more than the total");
    free(text);
}

/* 900 MB are there from the last run; then 1 MB comes each second. */
static void
check_kept_bytes(void)
{
    const struct moment moments[] = {{0, 900000000, 1000000000},
                                     {1000, 901000000, 1000000000},
                                     {2000, 902000000, 1000000000}};
    char *text = tell(moments, 3, SP_PROGRESS_JSON);

    tap_ok(strstr(text, "\"bytes\":902000000,\"total_bytes\":1000000000,"
                        "\"packages\":0,\"total_packages\":0,"
                        "\"elapsed_ms\":2000,\"bytes_per_second\":1000000,"
                        "\"seconds_left\":99}\n") != NULL,
           "what was there before is no speed");
    free(text);
}

/* 100 kB/s for 100 s, then 1 kB/s: the rate follows within ten seconds. */
static void
check_slower(void)
{
    struct moment moments[120];
    char *text;

    for (uint64_t i = 0; i < 120; i++)
        moments[i] = (struct moment){
            i * 1000, i < 100 ? i * 100000 : 9900000 + (i - 99) * 1000,
            20000000};
    text = tell(moments, 120, SP_PROGRESS_JSON);
    tap_ok(strstr(text, "\"elapsed_ms\":90000,\"bytes_per_second\":100000,") !=
               NULL,
           "fast as long as it is");
    tap_ok(strstr(text, "\"elapsed_ms\":119000,\"bytes_per_second\":1000,") !=
               NULL,
           "slow when it is slow");
    free(text);
}

/* Nothing moves any more: no rate, and no end is promised. */
static void
check_stall(void)
{
    struct moment moments[60];
    char *text;

    for (uint64_t i = 0; i < 60; i++)
        moments[i] =
            (struct moment){i * 1000, i < 30 ? i * 1000 : 29000, 1000000};
    text = tell(moments, 60, SP_PROGRESS_JSON);
    tap_ok(strstr(text, "\"elapsed_ms\":59000,\"bytes_per_second\":null,"
                        "\"seconds_left\":null}\n") != NULL,
           "a stall has no rate");
    free(text);
}

/* A count that goes back, and an end that is days away. */
static void
check_odd(void)
{
    const struct moment back[] = {
        {0, 5000, 10000}, {2000, 7000, 10000}, {4000, 1000, 10000}};
    const struct moment far[] = {
        {0, 0, 1000000000}, {2000, 2000, 1000000000}, {4000, 4000, 1000000000}};
    const struct sp_progress_count count = {.bytes = 7, .total_bytes = 9};
    struct sp_progress progress;
    char *text = tell(back, 3, SP_PROGRESS_JSON);
    size_t size;
    FILE *out;

    tap_ok(strstr(text, "\"bytes\":1000,\"total_bytes\":10000,\"packages\":0,"
                        "\"total_packages\":0,\"elapsed_ms\":4000,"
                        "\"bytes_per_second\":null,"
                        "\"seconds_left\":null}\n") != NULL,
           "a count that goes back has no rate");
    free(text);
    text = tell(far, 3, SP_PROGRESS_JSON);
    tap_ok(strstr(text, "\"elapsed_ms\":4000,\"bytes_per_second\":1000,"
                        "\"seconds_left\":null}\n") != NULL,
           "an end that is days away is not promised");
    free(text);
    out = open_memstream(&text, &size);
    sp_progress_init(&progress, SP_PROGRESS_PLAIN, out);
    progress.now_ms = test_clock;
    sp_progress_update(&progress, &count);
    sp_progress_finish(&progress);
    (void)fclose(out);
    tap_is_str(text, "", "before the first phase nothing is shown");
    free(text);
}

static void
check_styles(void)
{
    FILE *file = tmpfile();

    tap_ok(sp_progress_style_for(NULL, file) == SP_PROGRESS_PLAIN,
           "no terminal: plain");
    tap_ok(sp_progress_style_for("bar", file) == SP_PROGRESS_BAR, "bar");
    tap_ok(sp_progress_style_for("plain", file) == SP_PROGRESS_PLAIN, "plain");
    tap_ok(sp_progress_style_for("json", file) == SP_PROGRESS_JSON, "json");
    tap_ok(sp_progress_style_for("none", file) == SP_PROGRESS_NONE, "none");
    (void)fclose(file);
}

int
main(void)
{
    check_none();
    check_plain();
    check_bar(80);
    check_bar(40);
    check_json();
    check_more_than_all();
    check_kept_bytes();
    check_slower();
    check_stall();
    check_odd();
    check_styles();
    return tap_done();
}
