/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/progress.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "cli/terminal.h"

/* Milliseconds between two showings: the eye, a reader, a program. */
enum { BAR_MS = 100, PLAIN_MS = 5000, JSON_MS = 250 };
/* A rate from less time than this says nothing. */
enum { RATE_MS = 1000 };
/* The rate is that of the last one or two of these: what was there before the
 * phase, or how fast it was a minute ago, says nothing about now. */
enum { MARK_MS = 5000 };
/* More seconds than a person wants to hear of. */
enum { ETA_MAX = 99 * 3600 };
enum { BAR_CELLS = 24, ROOM = 256 };

enum sp_progress_style
sp_progress_style_for(const char *word, FILE *out)
{
    if (!word)
        return sp_terminal_can_draw(out) ? SP_PROGRESS_BAR : SP_PROGRESS_PLAIN;
    if (strcmp(word, "bar") == 0)
        return SP_PROGRESS_BAR;
    if (strcmp(word, "plain") == 0)
        return SP_PROGRESS_PLAIN;
    return strcmp(word, "json") == 0 ? SP_PROGRESS_JSON : SP_PROGRESS_NONE;
}

void
sp_progress_init(struct sp_progress *progress, enum sp_progress_style style,
                 FILE *out)
{
    memset(progress, 0, sizeof(*progress));
    progress->out = out;
    progress->style = style;
    progress->now_ms = sp_clock_ms;
}

/* Adds text to a line that is cut, never overrun. */
static void __attribute__((format(printf, 2, 3)))
add(char *line, const char *fmt, ...)
{
    size_t used = strlen(line);
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(line + used, ROOM - used, fmt, args);
    va_end(args);
}

static uint64_t
elapsed_ms(const struct sp_progress *p)
{
    return p->now_ms() - p->phase_ms;
}

static void
move_marks(struct sp_progress *p)
{
    const struct sp_progress_mark here = {p->now_ms(), p->count.bytes, true};

    if (!p->mark.set)
        p->mark = p->next_mark = here;
    if (here.ms - p->next_mark.ms >= MARK_MS) {
        p->mark = p->next_mark;
        p->next_mark = here;
    }
}

/* 0 = unknown. */
static uint64_t
bytes_per_second(const struct sp_progress *p)
{
    uint64_t ms = p->now_ms() - p->mark.ms;

    if (!p->mark.set || ms < RATE_MS || p->count.bytes < p->mark.bytes)
        return 0;
    return (p->count.bytes - p->mark.bytes) * 1000 / ms;
}

/* 0 = unknown, or nothing is left. */
static uint64_t
seconds_left(const struct sp_progress *p)
{
    const struct sp_progress_count *c = &p->count;
    uint64_t rate = bytes_per_second(p);
    uint64_t left;

    if (rate == 0 || c->total_bytes <= c->bytes)
        return 0;
    left = (c->total_bytes - c->bytes) / rate + 1;
    return left <= ETA_MAX ? left : 0;
}

static unsigned
percent(const struct sp_progress_count *c)
{
    if (c->total_bytes > 0 && c->bytes < c->total_bytes)
        return (unsigned)((double)c->bytes * 100 / (double)c->total_bytes);
    if (c->total_bytes == 0 && c->total_packages > c->packages)
        return (unsigned)(c->packages * 100 / c->total_packages);
    return 100;
}

static bool
has_total(const struct sp_progress_count *c)
{
    return c->total_bytes > 0 || c->total_packages > 0;
}

static void
add_bytes(char *line, const struct sp_progress *p)
{
    const struct sp_progress_count *c = &p->count;
    char size[24];

    if (c->bytes == 0 && c->total_bytes == 0)
        return;
    sp_text_size(size, sizeof(size), c->bytes);
    add(line, ", %s", size);
    if (c->total_bytes > 0) {
        sp_text_size(size, sizeof(size), c->total_bytes);
        add(line, " of %s", size);
    }
}

static void
add_packages(char *line, const struct sp_progress *p)
{
    const struct sp_progress_count *c = &p->count;

    if (c->total_packages > 0)
        add(line, ", %" PRIu64 " of %" PRIu64 " packages", c->packages,
            c->total_packages);
    else if (c->packages > 0)
        add(line, ", %" PRIu64 " packages", c->packages);
}

static void
add_rate(char *line, const struct sp_progress *p)
{
    uint64_t rate = bytes_per_second(p);
    uint64_t left = seconds_left(p);
    char size[24];

    if (rate == 0)
        return;
    sp_text_size(size, sizeof(size), rate);
    add(line, ", %s/s", size);
    if (left >= 60)
        add(line, ", about %" PRIu64 " min left", (left + 59) / 60);
    else if (left > 0)
        add(line, ", about %" PRIu64 " s left", left);
}

static void
describe(char *line, const struct sp_progress *p)
{
    add_bytes(line, p);
    add_packages(line, p);
    add_rate(line, p);
}

/* Leaves out the last parts until the rest is at most `width` long. */
static void
fit(char *line, size_t width)
{
    while (strlen(line) > width) {
        char *part = strrchr(line, ',');

        line[part ? (size_t)(part - line) : width] = '\0';
    }
}

/* One line of the terminal and never more: a wrapped bar cannot be redrawn. */
static void
draw_bar(struct sp_progress *p)
{
    unsigned width = p->width ? p->width : sp_terminal_width(p->out);
    char line[ROOM] = "";

    add(line, "%s", p->phase);
    if (has_total(&p->count)) {
        unsigned done = percent(&p->count);
        unsigned cells = done * BAR_CELLS / 100;

        if (width >= 60)
            add(line, " [%.*s%.*s]", (int)cells, "########################",
                BAR_CELLS - (int)cells, "........................");
        add(line, " %u %%", done);
    }
    describe(line, p);
    fit(line, width - 1);
    (void)fprintf(p->out, "\r%s\033[K", line);
    p->drawn = true;
}

static void
print_line(const struct sp_progress *p)
{
    char line[ROOM] = "";

    if (has_total(&p->count))
        add(line, ", %u %%", percent(&p->count));
    describe(line, p);
    if (line[0])
        (void)fprintf(p->out, "%s: %s\n", p->phase, line + 2);
}

bool
sp_progress_event_open(struct sp_progress *p, struct sp_json *json,
                       const char *event)
{
    if (p->style != SP_PROGRESS_JSON)
        return false;
    sp_json_init(json, p->out);
    sp_json_open_object(json, NULL);
    sp_json_u64(json, "sallyport", 1);
    sp_json_string(json, "event", event);
    return true;
}

void
sp_progress_event_close(struct sp_json *json)
{
    sp_json_close_object(json);
    sp_json_finish(json);
    (void)fflush(json->out);
}

static void
number_or_null(struct sp_json *json, const char *key, uint64_t value)
{
    if (value > 0)
        sp_json_u64(json, key, value);
    else
        sp_json_null(json, key);
}

static void
print_json(struct sp_progress *p)
{
    const struct sp_progress_count *c = &p->count;
    struct sp_json json;

    if (!sp_progress_event_open(p, &json, "progress"))
        return;
    sp_json_string(&json, "phase", p->phase);
    sp_json_u64(&json, "bytes", c->bytes);
    sp_json_u64(&json, "total_bytes", c->total_bytes);
    sp_json_u64(&json, "packages", c->packages);
    sp_json_u64(&json, "total_packages", c->total_packages);
    sp_json_u64(&json, "elapsed_ms", elapsed_ms(p));
    number_or_null(&json, "bytes_per_second", bytes_per_second(p));
    number_or_null(&json, "seconds_left", seconds_left(p));
    sp_progress_event_close(&json);
}

static void
show(struct sp_progress *p)
{
    switch (p->style) {
    case SP_PROGRESS_NONE: return;
    case SP_PROGRESS_PLAIN: print_line(p); break;
    case SP_PROGRESS_BAR: draw_bar(p); break;
    case SP_PROGRESS_JSON: print_json(p); break;
    }
    (void)fflush(p->out);
    p->shown_ms = p->now_ms();
}

static uint64_t
interval_ms(const struct sp_progress *p)
{
    if (p->style == SP_PROGRESS_BAR)
        return BAR_MS;
    return p->style == SP_PROGRESS_JSON ? JSON_MS : PLAIN_MS;
}

void
sp_progress_phase(struct sp_progress *p, const char *phase)
{
    sp_progress_finish(p);
    memset(&p->count, 0, sizeof(p->count));
    (void)snprintf(p->phase, sizeof(p->phase), "%s", phase);
    p->phase_ms = p->now_ms();
    p->mark = p->next_mark = (struct sp_progress_mark){0};
    if (p->style == SP_PROGRESS_PLAIN)
        (void)fprintf(p->out, "%s\n", p->phase);
    show(p);
}

/* Carriers wrap what is announced, and senders may lie. */
static void
raise_total(uint64_t *total, uint64_t count)
{
    if (*total > 0 && *total < count)
        *total = count;
}

void
sp_progress_update(struct sp_progress *p, const struct sp_progress_count *count)
{
    p->count = *count;
    raise_total(&p->count.total_bytes, count->bytes);
    raise_total(&p->count.total_packages, count->packages);
    move_marks(p);
    if (p->phase[0] && p->now_ms() - p->shown_ms >= interval_ms(p))
        show(p);
}

void
sp_progress_note(struct sp_progress *p, const char *text)
{
    struct sp_json json;

    if (sp_progress_event_open(p, &json, "note")) {
        sp_json_string(&json, "text", text);
        sp_progress_event_close(&json);
    } else if (p->style != SP_PROGRESS_NONE) {
        (void)fprintf(p->out, "%s%s\n", p->drawn ? "\r\033[K" : "", text);
        p->drawn = false;
        (void)fflush(p->out);
    }
}

void
sp_progress_finish(struct sp_progress *p)
{
    if (!p->phase[0])
        return;
    show(p);
    if (p->drawn)
        (void)fputc('\n', p->out);
    (void)fflush(p->out);
    p->drawn = false;
    p->phase[0] = '\0';
}
