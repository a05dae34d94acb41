/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel says about a block device, and whether it may be written
 * over. Read from sysfs and /proc alone: no device is opened, no content is
 * looked at. Used by the block carrier and by `sallyport-builder devices`.
 */
#ifndef SP_TRANSPORTS_DEVICE_H
#define SP_TRANSPORTS_DEVICE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

/* Where the kernel's tables are; tests have their own. */
struct sp_device_tables {
    const char *sys;       /* "/sys" */
    const char *mountinfo; /* "/proc/self/mountinfo" */
    const char *swaps;     /* "/proc/swaps" */
};

extern const struct sp_device_tables sp_device_tables;

enum sp_device_bus {
    SP_BUS_OTHER = 0,
    SP_BUS_USB = 1,
    SP_BUS_MMC = 2,
    SP_BUS_LOOP = 3,
};

enum sp_device_use {
    SP_USE_NONE = 0,
    SP_USE_MOUNTED = 1,
    SP_USE_SWAP = 2,
    SP_USE_HELD = 3, /* by LVM, dm-crypt, md and the like */
};

enum {
    SP_DEVICE_NAME_MAX = 32, /* BDEVNAME_SIZE of the kernel */
    SP_DEVICE_TEXT_MAX = 96,
    SP_DEVICE_PHRASE_MAX = SP_DEVICE_TEXT_MAX + 24,
};

/* Serial and model come from the device: made printable, never trusted. */
struct sp_device {
    char name[SP_DEVICE_NAME_MAX]; /* "sda" */
    dev_t number;
    uint64_t size;     /* bytes; 0 = no medium */
    uint64_t sequence; /* new for each medium; 0 = the kernel has none */
    bool is_partition; /* then `name` is the partition's own */
    bool has_hardware; /* not only a thing of the kernel's */
    bool blind;        /* something that is there could not be read */
    bool read_only;
    bool removable;
    bool soldered; /* eMMC */
    bool optical;  /* or another SCSI device that is no disk */
    enum sp_device_bus bus;
    char model[SP_DEVICE_TEXT_MAX];
    char serial[SP_DEVICE_TEXT_MAX];
    enum sp_device_use use;        /* of it or of one of its partitions */
    char used[SP_DEVICE_NAME_MAX]; /* which of them */
    char user[SP_DEVICE_TEXT_MAX]; /* mount point, or name of the holder */
};

/* Facts of a device by the kernel's name ("sda", "sda1") or number. */
int sp_device_read(const struct sp_device_tables *tables, const char *name,
                   struct sp_device *ret, struct sp_error *err);
int sp_device_find(const struct sp_device_tables *tables, dev_t number,
                   struct sp_device *ret, struct sp_error *err);

/*
 * 0 when nothing of value can be lost: a whole medium that one can pull out,
 * writable, and used by nobody. Reasons: device-unsafe, device-in-use,
 * no-medium. Loop devices pass: they are for those who name them.
 */
int sp_device_check(const struct sp_device *device, struct sp_error *err);

/*
 * What a person types, or gives with --yes-really, to mean this device: its
 * serial number; the kernel's name when it has none. Above 256 GB the size
 * is a part of it ("SERIAL-500GB"): that is seldom a stick.
 */
void sp_device_phrase(const struct sp_device *device,
                      char dst[SP_DEVICE_PHRASE_MAX]);

/* The same device with the same medium in it. */
bool sp_device_same(const struct sp_device *a, const struct sp_device *b);

#endif
