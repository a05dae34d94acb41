/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who uses a block device. For device.c alone. */
#ifndef SP_TRANSPORTS_DEVICE_USE_H
#define SP_TRANSPORTS_DEVICE_USE_H

#include "transports/device.h"

/* The number in a device's folder in sysfs; false when there is none. */
bool sp_device_number(int dir, dev_t *ret);

/* dir: the device's folder in sysfs. Fills use, used and user. */
int sp_device_look_for_use(const struct sp_device_tables *tables, int dir,
                           struct sp_device *device, struct sp_error *err);

#endif
