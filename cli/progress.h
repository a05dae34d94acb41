/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Progress for people and programs: one bar on a terminal, whole lines
 * elsewhere (also for screen readers), JSON lines, or nothing. Commands give
 * it stderr. Used by both sides. Nothing here fails: progress that cannot be
 * shown is not shown.
 */
#ifndef SP_CLI_PROGRESS_H
#define SP_CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/json.h"

enum sp_progress_style {
    SP_PROGRESS_NONE = 0,
    SP_PROGRESS_PLAIN = 1, /* a line at each step and every few seconds */
    SP_PROGRESS_BAR = 2,   /* one line, drawn again */
    SP_PROGRESS_JSON = 3,  /* one object a line */
};

/* How far a phase is. Totals of 0 are unknown; one that is too low is put
 * right: nothing is ever more than complete. */
struct sp_progress_count {
    uint64_t bytes, total_bytes;
    uint64_t packages, total_packages;
};

struct sp_progress {
    FILE *out;
    enum sp_progress_style style;
    unsigned width;           /* columns; 0 = ask the terminal */
    uint64_t (*now_ms)(void); /* a clock that only goes forward */
    char phase[32];           /* "" = between phases */
    struct sp_progress_count count;
    /* Where the rate is measured from, and from where it soon will be. */
    struct sp_progress_mark {
        uint64_t ms, bytes;
        bool set;
    } mark, next_mark;
    uint64_t phase_ms; /* when the phase began */
    uint64_t shown_ms; /* when something was last shown */
    bool drawn;        /* a bar stands on the current line */
};

/* `word` is the value of --progress, NULL = what suits `out`. */
enum sp_progress_style sp_progress_style_for(const char *word, FILE *out);

void sp_progress_init(struct sp_progress *progress,
                      enum sp_progress_style style, FILE *out);
/* A new phase begins ("receive", "index"); counts start again at nothing. */
void sp_progress_phase(struct sp_progress *progress, const char *phase);
/* Call as often as you like; it shows as often as is useful. */
void sp_progress_update(struct sp_progress *progress,
                        const struct sp_progress_count *count);
/* One event in words ("refused kernel-1-1.x86_64"); printable text only. */
void sp_progress_note(struct sp_progress *progress, const char *text);
/* Shows the last state of the phase and leaves the line. Idempotent. */
void sp_progress_finish(struct sp_progress *progress);

/*
 * Style JSON: begins an event of the caller's own on `json`, who adds its
 * fields and closes with sp_progress_event_close. False in other styles.
 */
bool sp_progress_event_open(struct sp_progress *progress, struct sp_json *json,
                            const char *event);
void sp_progress_event_close(struct sp_json *json);

#endif
