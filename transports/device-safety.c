/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether a block device may be written over. */
#include <inttypes.h>
#include <string.h>

#include "transports/device.h"

/* Larger ones are seldom sticks; some are somebody's backup. */
#define LARGE_BYTES UINT64_C(256000000000)
#define GIGABYTE UINT64_C(1000000000)

static int
check_use(const struct sp_device *device, struct sp_error *err)
{
    switch (device->use) {
    case SP_USE_NONE: return 0;
    case SP_USE_MOUNTED:
        if (strcmp(device->user, "/") == 0)
            return sp_fail(err, "device-in-use",
                           "'/dev/%s' holds the running system", device->used);
        return sp_fail(err, "device-in-use", "'/dev/%s' is mounted at '%s'",
                       device->used, device->user);
    case SP_USE_SWAP:
        return sp_fail(err, "device-in-use", "'/dev/%s' is used as swap",
                       device->used);
    case SP_USE_HELD:
        return sp_fail(err, "device-in-use", "'/dev/%s' is held by '%s'",
                       device->used, device->user);
    }
    return sp_fail(err, "device-in-use", "'/dev/%s' is in use", device->name);
}

int
sp_device_check(const struct sp_device *device, struct sp_error *err)
{
    const char *name = device->name;
    bool pluggable = device->removable || device->bus == SP_BUS_USB ||
                     device->bus == SP_BUS_MMC;

    if (device->blind)
        return sp_fail(err, "device-unsafe",
                       "what '/dev/%s' is cannot be read from the kernel",
                       name);
    if (check_use(device, err) < 0)
        return -1;
    if (device->is_partition)
        return sp_fail(err, "device-unsafe",
                       "'/dev/%s' is a partition: a bundle takes a whole "
                       "device",
                       name);
    if (device->optical)
        return sp_fail(err, "device-unsafe", "'/dev/%s' is no disk", name);
    if (device->soldered)
        return sp_fail(err, "device-unsafe", "'/dev/%s' is built in (eMMC)",
                       name);
    if (!pluggable && device->bus != SP_BUS_LOOP)
        return sp_fail(err, "device-unsafe",
                       "'/dev/%s' is neither removable nor behind USB or a "
                       "card reader",
                       name);
    if (device->size == 0)
        return sp_fail(err, "no-medium", "no medium is in '/dev/%s'", name);
    if (device->read_only)
        return sp_fail(err, "device-unsafe",
                       "'/dev/%s' is read-only (has it a switch?)", name);
    return 0;
}

void
sp_device_phrase(const struct sp_device *device, char dst[SP_DEVICE_PHRASE_MAX])
{
    const char *who = *device->serial ? device->serial : device->name;

    if (device->size > LARGE_BYTES)
        (void)snprintf(dst, SP_DEVICE_PHRASE_MAX, "%s-%" PRIu64 "GB", who,
                       device->size / GIGABYTE);
    else
        (void)snprintf(dst, SP_DEVICE_PHRASE_MAX, "%s", who);
}

bool
sp_device_same(const struct sp_device *a, const struct sp_device *b)
{
    return a->number == b->number && a->size == b->size &&
           a->sequence == b->sequence && strcmp(a->name, b->name) == 0 &&
           strcmp(a->model, b->model) == 0 && strcmp(a->serial, b->serial) == 0;
}
