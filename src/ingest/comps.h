/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The groups of a delivery, as dnf reads them. They are written anew from
 * names that were checked: nothing of the text is foreign but names and
 * titles.
 */
#ifndef SP_INGEST_COMPS_H
#define SP_INGEST_COMPS_H

#include "base/lines.h"
#include "bundle/groups.h"

#define SP_COMPS_FILE "comps.xml"

/* Prints the lines, in their order, as a comps.xml. Nothing for none. */
void sp_comps_print(const struct sp_group_line *lines, size_t n,
                    struct sp_text *text);

#endif
