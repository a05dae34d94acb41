/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Questions to the person at the terminal. */
#ifndef SP_CLI_CONSENT_H
#define SP_CLI_CONSENT_H

#include "ingest/receive.h"

/*
 * May these packages come in, which nobody asked for? Lists them with signer
 * and why, and waits for an answer. Without a terminal, without an answer in
 * half an hour, and for anything but "y" or "yes" it is no.
 */
bool sp_consent_new(const struct sp_package *const *packages, size_t n);

/* Is there a terminal to ask at? */
bool sp_consent_possible(void);

/* Any question; `text`, which may be NULL, is what it is about. */
bool sp_consent_ask(const char *text, const char *question);

#endif
