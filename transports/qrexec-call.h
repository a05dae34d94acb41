/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The calling side of qrexec.c: "qrexec:QUBE[/SERVICE]", through
 * qrexec-client-vm. For qrexec.c alone. */
#ifndef SP_TRANSPORTS_QREXEC_CALL_H
#define SP_TRANSPORTS_QREXEC_CALL_H

#include "transports/transport.h"

int sp_qrexec_call_open(struct sp_transport *t, const char *target,
                        struct sp_error *err);
int sp_qrexec_call_write(struct sp_transport *t, const void *buf, size_t len,
                         struct sp_error *err);
int sp_qrexec_call_finish(struct sp_transport *t);
ssize_t sp_qrexec_call_hear(struct sp_transport *t, void *untrusted,
                            size_t size, struct sp_error *err);
int sp_qrexec_call_ending(struct sp_transport *t, struct sp_error *err);
void sp_qrexec_call_close(struct sp_transport *t);

#endif
