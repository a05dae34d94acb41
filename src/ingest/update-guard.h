/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What must be right before dnf changes dom0: the boot partitions are where
 * the new kernel must go, and nobody runs on a hypervisor whose tools are
 * about to be replaced.
 */
#ifndef SP_INGEST_UPDATE_GUARD_H
#define SP_INGEST_UPDATE_GUARD_H

#include "base/error.h"
#include "ingest/state.h"
#include "ingest/update.h"

/*
 * "boot-not-mounted" when fstab names /boot or /boot/efi and mountinfo (as
 * proc(5) describes it) does not have it; "io" when one cannot be read. A
 * missing fstab names nothing.
 */
int sp_guard_boot(const char *fstab, const char *mountinfo,
                  struct sp_error *err);

/*
 * "xen-upgrade" when the generation brings xen-libs of another major.minor
 * version than the running hypervisor, qubes are running, and the person
 * does not want that.
 */
int sp_guard_xen(const struct sp_state *state, uint64_t generation,
                 const struct sp_update_hooks *hooks, struct sp_error *err);

/* A package of the generation for which the machine is to be restarted. */
bool sp_guard_restart(const struct sp_state *state, uint64_t generation,
                      char *dst, size_t size);

#endif
