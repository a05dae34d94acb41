/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One entry in systemd's journal for each delivery, with a field for each
 * fact: its native protocol, a plain datagram. Where there is no journal
 * nothing happens, and nothing depends on it: the record in STATE/history is
 * the one that counts. The fields are described in sallyport(1).
 */
#ifndef SP_INGEST_JOURNAL_H
#define SP_INGEST_JOURNAL_H

#include "ingest/receive.h"

#define SP_JOURNAL_SOCKET "/run/systemd/journal/socket"

/* What `journalctl MESSAGE_ID=` finds deliveries by. */
#define SP_JOURNAL_ID "8f1d4bb2b1c6475f9ad0c9b8a2fd3c71"

/* True when the journal has taken it. */
bool sp_journal_delivery(const char *socket_path, const char *command,
                         const char *repository, const struct sp_outcome *o);

#endif
