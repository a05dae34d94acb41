/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The block devices of this machine, each with the answer to one question:
 * may a bundle be written over it? Nothing is opened.
 */
#ifndef SP_BUILD_DEVICES_H
#define SP_BUILD_DEVICES_H

#include <stddef.h>

#include "transports/device.h"

struct sp_devices_entry {
    struct sp_device device;
    struct sp_error why; /* code SP_OK: it may be written */
};

struct sp_devices {
    struct sp_devices_entry *entries; /* by name */
    size_t n;
};

/*
 * Whole devices alone; not those that exist only in the kernel and hold
 * nothing (a loop device without a file). A device that goes away meanwhile
 * is left out.
 */
int sp_devices_list(const struct sp_device_tables *tables,
                    struct sp_devices *ret, struct sp_error *err);
void sp_devices_release(struct sp_devices *devices);

#endif
