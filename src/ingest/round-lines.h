/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How the files of a round begin, for the two sides that read them. */
#ifndef SP_INGEST_ROUND_LINES_H
#define SP_INGEST_ROUND_LINES_H

#include "base/lines.h"

/* The value of the next line, when that is "KEY VALUE" of this key; it lies in
 * `line`. NULL: it is another one. */
char *sp_round_value(struct sp_lines *lines, char line[SP_LINE_MAX],
                     const char *key);

/* The two lines "KIND 1" and "delivery ID". */
void sp_round_put_heading(struct sp_text *text, const char *kind,
                          const char delivery[33]);
bool sp_round_heading(struct sp_lines *lines, const char *kind,
                      char ret_delivery[33]);

#endif
