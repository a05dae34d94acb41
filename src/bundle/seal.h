/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The last line of what vouches for itself: requests and MANIFEST. */
#ifndef SP_BUNDLE_SEAL_H
#define SP_BUNDLE_SEAL_H

#include "base/lines.h"

/* Adds "end SHA256", of all that the text has; text->failed tells. */
void sp_seal(struct sp_text *text);

#endif
