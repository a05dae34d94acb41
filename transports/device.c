/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "transports/device.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/major.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/text.h"
#include "transports/device-use.h"

/* `size` in sysfs counts these, whatever the device's own sectors are. */
enum { SYSFS_SECTOR = 512, MAX_DEPTH = 32 };

const struct sp_device_tables sp_device_tables = {
    "/sys", "/proc/self/mountinfo", "/proc/swaps"};

/*
 * An attribute without blanks, line ends and NULs around it. False when it is
 * missing, empty, or, for a dying device, cannot be read: that sets
 * *ret_blind.
 */
static bool
read_attribute(int dir, const char *name, char *untrusted, size_t size,
               size_t *ret_len, bool *ret_blind)
{
    SP_AUTO_FD fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    size_t start = 0, len;
    ssize_t n;

    if (fd < 0) {
        *ret_blind = *ret_blind || errno != ENOENT;
        return false;
    }
    n = sp_read_full(fd, untrusted, size);
    *ret_blind = *ret_blind || n < 0;
    if (n <= 0)
        return false;
    len = (size_t)n;
    while (len > 0 && strchr(" \t\n", untrusted[len - 1]))
        len--;
    while (start < len && strchr(" \t", untrusted[start]))
        start++;
    memmove(untrusted, untrusted + start, len - start);
    *ret_len = len - start;
    return len > start;
}

static uint64_t
read_number(int dir, const char *name, struct sp_device *device)
{
    char text[32];
    size_t len = 0;
    uint64_t value = 0;

    if (!read_attribute(dir, name, text, sizeof(text), &len, &device->blind) ||
        !sp_text_u64_len(text, len, UINT64_MAX, &value))
        return 0;
    return value;
}

static bool
read_text(int dir, const char *name, struct sp_device *device,
          char dst[SP_DEVICE_TEXT_MAX])
{
    char untrusted[256];
    size_t len = 0;

    if (!read_attribute(dir, name, untrusted, sizeof(untrusted), &len,
                        &device->blind))
        return false;
    sp_text_show_bytes(dst, SP_DEVICE_TEXT_MAX, untrusted, len);
    return true;
}

static bool
is_word(int dir, const char *name, const char *want, struct sp_device *device)
{
    char text[32];
    size_t len = 0;

    return read_attribute(dir, name, text, sizeof(text), &len,
                          &device->blind) &&
           len == strlen(want) && memcmp(text, want, len) == 0;
}

static bool
exists(int dir, const char *name, struct sp_device *device)
{
    if (faccessat(dir, name, F_OK, 0) == 0)
        return true;
    device->blind = device->blind || errno != ENOENT;
    return false;
}

bool
sp_device_number(int dir, dev_t *ret)
{
    char text[32];
    size_t len = 0;
    uint64_t major_number = 0, minor_number = 0;
    const char *colon;
    bool blind = false; /* who has no number is not looked at further */

    if (!read_attribute(dir, "dev", text, sizeof(text), &len, &blind))
        return false;
    colon = memchr(text, ':', len);
    if (!colon ||
        !sp_text_u64_len(text, (size_t)(colon - text), UINT32_MAX,
                         &major_number) ||
        !sp_text_u64_len(colon + 1, len - (size_t)(colon + 1 - text),
                         UINT32_MAX, &minor_number))
        return false;
    *ret = makedev((unsigned)major_number, (unsigned)minor_number);
    return true;
}

/* The last component of the link `subsystem`: "usb", "mmc", "scsi". */
static void
read_subsystem(int dir, struct sp_device *device, char dst[SP_DEVICE_NAME_MAX])
{
    char link[1024];
    ssize_t n = readlinkat(dir, "subsystem", link, sizeof(link) - 1);
    const char *slash;

    dst[0] = '\0';
    if (n < 0 && errno != ENOENT)
        device->blind = true;
    if (n <= 0)
        return;
    link[n] = '\0';
    slash = strrchr(link, '/');
    (void)snprintf(dst, SP_DEVICE_NAME_MAX, "%.31s", slash ? slash + 1 : link);
}

/*
 * Goes up from the device to the machine. The serial number is that of the
 * first thing that can have one: never the hub's behind which a stick
 * without a serial number is.
 */
static void
look_upwards(int from, struct sp_device *device)
{
    SP_AUTO_FD dir = openat(from, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    char subsystem[SP_DEVICE_NAME_MAX];
    bool searching = device->serial[0] == '\0';

    device->blind = device->blind || dir < 0;
    for (int depth = 0;
         dir >= 0 && depth < MAX_DEPTH && exists(dir, "uevent", device);
         depth++) {
        int up;

        read_subsystem(dir, device, subsystem);
        if (strcmp(subsystem, "usb") == 0)
            device->bus = SP_BUS_USB;
        else if (strcmp(subsystem, "mmc") == 0 ||
                 strcmp(subsystem, "mmc_host") == 0)
            device->bus = SP_BUS_MMC;
        if (searching &&
            (read_text(dir, "serial", device, device->serial) ||
             exists(dir, "idVendor", device) || strcmp(subsystem, "pci") == 0))
            searching = false;
        up = openat(dir, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
        device->blind = device->blind || up < 0;
        sp_close_fd(&dir);
        dir = up;
    }
}

static void
read_hardware(int dir, struct sp_device *device)
{
    SP_AUTO_FD hardware =
        openat(dir, "device", O_PATH | O_DIRECTORY | O_CLOEXEC);
    char vendor[SP_DEVICE_TEXT_MAX] = "", model[SP_DEVICE_TEXT_MAX] = "";

    if (hardware < 0) {
        device->blind = device->blind || errno != ENOENT;
        return;
    }
    device->has_hardware = true;
    look_upwards(hardware, device);
    (void)read_text(hardware, "vendor", device, vendor);
    if (!read_text(hardware, "model", device, model))
        (void)read_text(hardware, "name", device, model);
    /* A PCI number in place of a name tells nobody anything. */
    if (strncmp(vendor, "0x", 2) == 0)
        vendor[0] = '\0';
    (void)snprintf(device->model, sizeof(device->model), "%.40s%s%.50s", vendor,
                   *vendor && *model ? " " : "", model);
    if (device->bus == SP_BUS_MMC)
        device->soldered = is_word(hardware, "type", "MMC", device);
    else /* SCSI peripheral device type 0: direct access (SPC-4, 6.4.2) */
        device->optical = exists(hardware, "type", device) &&
                          exists(hardware, "scsi_level", device) &&
                          !is_word(hardware, "type", "0", device);
}

/* dir: /sys/block/NAME, or that of a partition. */
static int
read_facts(int dir, const char *name, struct sp_device *device,
           struct sp_error *err)
{
    char shown[SP_SHOWN_MAX];

    sp_text_show(shown, sizeof(shown), name);
    if (strlen(name) >= sizeof(device->name))
        return sp_fail(err, "io", "'%s' is no name of a device", shown);
    (void)snprintf(device->name, sizeof(device->name), "%s", name);
    if (!sp_device_number(dir, &device->number))
        return sp_fail(err, "io", "'%s' has no device number in sysfs", shown);
    device->size = read_number(dir, "size", device);
    device->size = device->size > UINT64_MAX / SYSFS_SECTOR
                       ? 0
                       : device->size * SYSFS_SECTOR;
    device->sequence = read_number(dir, "diskseq", device);
    device->is_partition = exists(dir, "partition", device);
    device->read_only = read_number(dir, "ro", device) != 0;
    device->removable = read_number(dir, "removable", device) != 0;
    if (major(device->number) == LOOP_MAJOR)
        device->bus = SP_BUS_LOOP;
    (void)read_text(dir, "serial", device, device->serial);
    read_hardware(dir, device);
    return 0;
}

static int
read_at(const struct sp_device_tables *tables, const char *path,
        struct sp_device *ret, struct sp_error *err)
{
    SP_AUTO_FD dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct sp_device device = {0};
    char shown[SP_SHOWN_MAX], real[1024];
    const char *name;
    ssize_t n;

    sp_text_show(shown, sizeof(shown), path);
    if (dir < 0)
        return sp_fail_sys(err, errno, errno == ENOENT ? "not-found" : "io",
                           "the kernel knows no device '%s'", shown);
    n = readlink(path, real, sizeof(real) - 1);
    if (n > 0)
        real[n] = '\0';
    name = strrchr(n > 0 ? real : path, '/');
    if (!name)
        return sp_fail(err, "io", "'%s' is no name of a device", shown);
    if (read_facts(dir, name + 1, &device, err) < 0 ||
        sp_device_look_for_use(tables, dir, &device, err) < 0)
        return -1;
    *ret = device;
    return 0;
}

int
sp_device_read(const struct sp_device_tables *tables, const char *name,
               struct sp_device *ret, struct sp_error *err)
{
    char path[512];

    (void)snprintf(path, sizeof(path), "%s/class/block/%s", tables->sys, name);
    return read_at(tables, path, ret, err);
}

int
sp_device_find(const struct sp_device_tables *tables, dev_t number,
               struct sp_device *ret, struct sp_error *err)
{
    char path[512];

    (void)snprintf(path, sizeof(path), "%s/dev/block/%u:%u", tables->sys,
                   major(number), minor(number));
    return read_at(tables, path, ret, err);
}
