/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which block devices may be written over, in a machine made of files. */
#include <errno.h>
#include <ftw.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "build/devices.h"
#include "tests/unit/memory.h"
#include "tests/unit/tap.h"

static char top[] = "/tmp/sp-devices.XXXXXX";
static char sys[64], mountinfo[64], swaps[64];
static const struct sp_device_tables tables = {sys, mountinfo, swaps};
static struct sp_devices devices;

/* ---- making the machine ---- */

static void
die(const char *what)
{
    perror(what);
    exit(1);
}

static void
make_dirs(const char *path)
{
    char part[512];

    (void)snprintf(part, sizeof(part), "%s/", path);
    for (char *p = part + 1; (p = strchr(p, '/')) != NULL; *p++ = '/') {
        *p = '\0';
        if (mkdir(part, 0755) < 0 && errno != EEXIST)
            die(part);
    }
}

static void
put(const char *path, const char *text)
{
    FILE *f = fopen(path, "we");

    if (!f || fputs(text, f) == EOF || fclose(f) != 0)
        die(path);
}

static void
put_in(const char *dir, const char *name, const char *text)
{
    char path[512];

    (void)snprintf(path, sizeof(path), "%s/%s", dir, name);
    put(path, text);
}

static void
make_link(const char *folder, const char *name, const char *target)
{
    char path[512];

    (void)snprintf(path, sizeof(path), "%s/%s", sys, folder);
    make_dirs(path);
    (void)snprintf(path, sizeof(path), "%s/%s/%s", sys, folder, name);
    if (symlink(target, path) < 0)
        die(path);
}

/* A device of the tree; returns its folder, good for four calls. */
static const char *
hardware(const char *under, const char *subsystem)
{
    static char path[4][512];
    static unsigned turn;
    char *dir = path[turn++ % 4];
    char target[64], link[600];

    (void)snprintf(dir, sizeof(path[0]), "%s/devices/%s", sys, under);
    make_dirs(dir);
    put_in(dir, "uevent", "");
    (void)snprintf(target, sizeof(target), "../../../bus/%s", subsystem);
    (void)snprintf(link, sizeof(link), "%s/subsystem", dir);
    (void)unlink(link);
    if (symlink(target, link) < 0)
        die(link);
    return dir;
}

static void
put_block_files(const char *dir, const char *name, const char *number,
                const char *sectors)
{
    char holders[600];

    make_dirs(dir);
    put_in(dir, "uevent", "");
    put_in(dir, "dev", number);
    put_in(dir, "size", sectors);
    put_in(dir, "ro", "0\n");
    (void)snprintf(holders, sizeof(holders), "%s/holders", dir);
    make_dirs(holders);
    make_link("class/block", name, dir);
    (void)snprintf(holders, sizeof(holders), "%.*s", (int)strcspn(number, "\n"),
                   number);
    make_link("dev/block", holders, dir);
}

/* The disk of some hardware; of none when that is NULL. Returns its folder. */
static const char *
disk(const char *of, const char *name, const char *number, const char *sectors,
     const char *removable)
{
    static char path[4][600];
    static unsigned turn;
    char *dir = path[turn++ % 4];
    char link[700];

    if (of)
        (void)snprintf(dir, sizeof(path[0]), "%s/block/%s", of, name);
    else
        (void)snprintf(dir, sizeof(path[0]), "%s/devices/virtual/block/%s", sys,
                       name);
    put_block_files(dir, name, number, sectors);
    put_in(dir, "removable", removable);
    (void)snprintf(link, sizeof(link), "%s/device", dir);
    if (of && symlink(of, link) < 0)
        die(link);
    make_link("block", name, dir);
    return dir;
}

static void
partition(const char *of, const char *name, const char *number)
{
    char dir[700];

    (void)snprintf(dir, sizeof(dir), "%s/%s", of, name);
    put_block_files(dir, name, number, "2048\n");
    put_in(dir, "partition", "1\n");
}

static void
held_by(const char *dir, const char *part, const char *holder)
{
    char path[700];

    (void)snprintf(path, sizeof(path), "%s/%s/holders/%s", dir, part, holder);
    if (symlink("/nowhere", path) < 0)
        die(path);
}

#define PCI "pci0000:00/0000:00:14.0"

/* A stick at a port of the first hub; serial and model may be NULL. */
static const char *
stick(const char *port, const char *name, const char *number,
      const char *sectors, const char *serial, const char *model)
{
    char path[256];
    const char *usb, *scsi;

    (void)hardware(PCI, "pci");
    usb = hardware(PCI "/usb1", "usb");
    put_in(usb, "idVendor", "1d6b\n");
    put_in(usb, "serial", "0000:00:14.0\n");
    (void)snprintf(path, sizeof(path), PCI "/usb1/%s", port);
    usb = hardware(path, "usb");
    put_in(usb, "idVendor", "0781\n");
    if (serial)
        put_in(usb, "serial", serial);
    (void)snprintf(path, sizeof(path), PCI "/usb1/%s/if/host6/6:0:0:%s", port,
                   port);
    scsi = hardware(path, "scsi");
    put_in(scsi, "vendor", "SanDisk \n");
    if (model)
        put_in(scsi, "model", model);
    put_in(scsi, "type", "0\n");
    put_in(scsi, "scsi_level", "7\n");
    (void)snprintf(path, sizeof(path), PCI "/usb1/%s/if/host6", port);
    (void)hardware(path, "scsi");
    (void)snprintf(path, sizeof(path), PCI "/usb1/%s/if", port);
    (void)hardware(path, "usb");
    return disk(scsi, name, number, sectors, "1\n");
}

static void
make_sticks(void)
{
    const char *dir;

    (void)stick("1-1", "sdb", "8:16\n", "62333952\n", "4C530001\n",
                "Ultra Fit       \n");
    (void)stick("1-2", "sdc", "8:32\n", "62333952\n", NULL, "No Name\n");
    (void)stick("1-3", "sdd", "8:48\n", "62333952\n", "  \x1b[2J\xff\"A B \n",
                "\x01'\\evil\n");
    dir = stick("1-4", "sde", "8:64\n", "62333952\n", "M1\n", "Mounted\n");
    partition(dir, "sde1", "8:65\n");
    dir = stick("1-5", "sdf", "8:80\n", "62333952\n", "R1\n", "Read-only\n");
    put_in(dir, "ro", "1\n");
    (void)stick("1-6", "sdg", "8:96\n", "0\n", "C1\n", "Card reader\n");
    (void)stick("1-7", "sdh", "8:112\n", "976773168\n", "BIG1\n", "Big disk\n");
    dir = stick("1-8", "sdi", "8:128\n", "62333952\n", "H1\n", "Held\n");
    partition(dir, "sdi1", "8:129\n");
    held_by(dir, "sdi1", "dm-1");
    dir = stick("1-9", "sdj", "8:144\n", "62333952\n", "S1\n", "Swap\n");
    partition(dir, "sdj2", "8:146\n");
    (void)stick("1-10", "sdk", "8:160\n", "62333952\n", "B1\n", "Btrfs\n");
}

static void
make_others(void)
{
    const char *dir = hardware("pci0000:00/0000:01:00.0/nvme/nvme0", "nvme");

    put_in(dir, "serial", "NVME7\n");
    put_in(dir, "model", "Fast\n");
    dir = disk(dir, "nvme0n1", "259:0\n", "1000215216\n", "0\n");
    partition(dir, "nvme0n1p1", "259:1\n");
    dir = hardware("pci0000:00/ata1/host0/0:0:0:0", "scsi");
    put_in(dir, "vendor", "ATA\n");
    put_in(dir, "model", "Spare\n");
    (void)disk(dir, "sda", "8:0\n", "1000215216\n", "0\n");
    dir = hardware("platform/mmc_host/mmc0/mmc0:0001", "mmc");
    put_in(dir, "name", "SD32G\n");
    put_in(dir, "serial", "0x0a0b\n");
    put_in(dir, "type", "SD\n");
    (void)disk(dir, "mmcblk0", "179:0\n", "62333952\n", "0\n");
    dir = hardware("platform/mmc_host/mmc1/mmc1:0001", "mmc");
    put_in(dir, "type", "MMC\n");
    (void)disk(dir, "mmcblk1", "179:8\n", "62333952\n", "0\n");
    dir = hardware("pci0000:00/ata2/host1/1:0:0:0", "scsi");
    put_in(dir, "type", "5\n");
    put_in(dir, "scsi_level", "6\n");
    (void)disk(dir, "sr0", "11:0\n", "1000\n", "1\n");
    (void)disk(NULL, "loop0", "7:0\n", "2048\n", "0\n");
    (void)disk(NULL, "loop1", "7:1\n", "0\n", "0\n");
    (void)disk(NULL, "dm-0", "254:0\n", "1000215216\n", "0\n");
}

static void
make_machine(void)
{
    if (!mkdtemp(top))
        die(top);
    (void)snprintf(sys, sizeof(sys), "%s/sys", top);
    (void)snprintf(mountinfo, sizeof(mountinfo), "%s/mountinfo", top);
    (void)snprintf(swaps, sizeof(swaps), "%s/swaps", top);
    make_sticks();
    make_others();
    put(mountinfo,
        "22 1 259:1 / / rw,relatime shared:1 - ext4 /dev/nvme0n1p1 rw\n"
        "30 22 8:65 / /media/my\\040stick rw - vfat /dev/sde1 rw\n"
        "31 22 0:44 /home /btrfs rw shared:7 - btrfs /dev/sdk rw\n"
        "not a line\n\n- - - - - -\n - \n"
        "32 22 0:5 / /proc rw - proc proc rw\n");
    put(swaps, "Filename\t\tType\t\tSize\tUsed\tPriority\n"
               "/dev/sdj2                 partition\t1\t0\t-2\n");
}

/* ---- asking about it ---- */

static const struct sp_devices_entry *
find(const char *name)
{
    for (size_t i = 0; i < devices.n; i++)
        if (strcmp(devices.entries[i].device.name, name) == 0)
            return &devices.entries[i];
    return NULL;
}

static void
is_refused(const char *name, const char *word, const char *part)
{
    const struct sp_devices_entry *entry = find(name);

    if (!tap_ok(entry != NULL, "%s is listed", name))
        return;
    tap_is_str(entry->why.detail, word, "%s: its word", name);
    tap_ok(strstr(entry->why.msg, part) != NULL, "%s: '%s' says '%s'", name,
           entry->why.msg, part);
}

static void
is_safe(const char *name, const char *serial, const char *model,
        const char *phrase)
{
    const struct sp_devices_entry *entry = find(name);
    char words[SP_DEVICE_PHRASE_MAX];

    if (!tap_ok(entry != NULL, "%s is listed", name))
        return;
    tap_is_str(entry->why.detail, "", "%s may be written", name);
    tap_is_str(entry->device.serial, serial, "%s: serial", name);
    tap_is_str(entry->device.model, model, "%s: model", name);
    sp_device_phrase(&entry->device, words);
    tap_is_str(words, phrase, "%s: what must be typed", name);
}

static void
test_safe(void)
{
    is_safe("sdb", "4C530001", "SanDisk Ultra Fit", "4C530001");
    tap_is_u64(find("sdb")->device.size, UINT64_C(62333952) * 512, "its size");
    tap_is_u64(find("sdb")->device.number, makedev(8, 16), "its number");
    is_safe("sdc", "", "SanDisk No Name", "sdc");
    is_safe("sdd", "\\x1b[2J\\xff\"A B", "SanDisk \\x01'\\x5cevil",
            "\\x1b[2J\\xff\"A B");
    is_safe("sdh", "BIG1", "SanDisk Big disk", "BIG1-500GB");
    is_safe("mmcblk0", "0x0a0b", "SD32G", "0x0a0b");
}

static void
test_refused(void)
{
    is_refused("nvme0n1", "device-in-use", "running system");
    is_refused("sda", "device-unsafe", "neither removable");
    is_refused("sde", "device-in-use",
               "'/dev/sde1' is mounted at '/media/my stick'");
    is_refused("sdf", "device-unsafe", "read-only");
    is_refused("sdg", "no-medium", "no medium");
    is_refused("sdi", "device-in-use", "'/dev/sdi1' is held by 'dm-1'");
    is_refused("sdj", "device-in-use", "'/dev/sdj2' is used as swap");
    is_refused("sdk", "device-in-use", "mounted at '/btrfs'");
    is_refused("mmcblk1", "device-unsafe", "eMMC");
    is_refused("sr0", "device-unsafe", "no disk");
    is_refused("dm-0", "device-unsafe", "neither removable");
    is_refused("loop0", "device-unsafe", "--yes-really=loop0");
    tap_ok(!find("loop1"), "a loop device without a file is not listed");
    tap_ok(!find("sde1"), "nor is a partition");
}

static void
test_single(void)
{
    struct sp_device device, again;
    struct sp_error err = {0};

    tap_ok(sp_device_find(&tables, makedev(8, 65), &device, &err) == 0,
           "a partition by its number");
    tap_is_str(device.name, "sde1", "its name");
    device.use = SP_USE_NONE;
    tap_ok(sp_device_check(&device, &err) == -1, "it is never written");
    tap_is_str(err.detail, "device-unsafe", "its word");
    tap_ok(sp_device_find(&tables, makedev(99, 9), &device, &err) == -1,
           "a number that is not there");
    tap_is_str(err.detail, "not-found", "its word");
    tap_ok(sp_device_read(&tables, "loop0", &device, &err) == 0 &&
               sp_device_check(&device, &err) == 0,
           "a loop device passes for who names it");

    (void)sp_device_read(&tables, "sdb", &device, &err);
    again = device;
    tap_ok(sp_device_same(&device, &again), "the same device");
    again.sequence++;
    tap_ok(!sp_device_same(&device, &again), "another medium in it");
    again = device;
    again.size -= 512;
    tap_ok(!sp_device_same(&device, &again), "another size");
    again = device;
    again.model[0] = 'x';
    tap_ok(!sp_device_same(&device, &again), "another model");
    again = device;
    again.name[0] = 'x';
    tap_ok(!sp_device_same(&device, &again), "another name");
    again = device;
    again.number++;
    tap_ok(!sp_device_same(&device, &again), "another number");
    again = device;
    again.serial[0] = 'x';
    tap_ok(!sp_device_same(&device, &again), "another serial number");
}

static void
test_blind(void)
{
    struct sp_device_tables blind = tables;
    struct sp_devices none = {0};
    struct sp_error err = {0};
    struct sp_device device;
    char path[512];

    (void)snprintf(path, sizeof(path), "%s/class/block/sdb/ro", tables.sys);
    tap_ok(unlink(path) == 0 && mkdir(path, 0700) == 0 &&
               sp_device_read(&tables, "sdb", &device, &err) == 0 &&
               sp_device_check(&device, &err) == -1,
           "what cannot be read is not called safe");
    tap_is_str(err.detail, "device-unsafe", "its word");
    (void)rmdir(path);
    blind.swaps = "/nowhere/swaps";
    tap_ok(sp_devices_list(&blind, &none, &err) == 0, "a kernel without swap");
    sp_devices_release(&none);
    blind.mountinfo = "/nowhere/mountinfo";
    tap_ok(sp_devices_list(&blind, &none, &err) == -1,
           "without a table of mounts nothing is called safe");
    blind.sys = "/nowhere";
    tap_ok(sp_devices_list(&blind, &none, &err) == -1, "no sysfs");
    tap_is_str(err.detail, "io", "its word");
}

static void
test_order(void)
{
    char order[256] = "";
    size_t used = 0;

    for (size_t i = 0; i < devices.n; i++)
        used += (size_t)snprintf(order + used, sizeof(order) - used, "%s ",
                                 devices.entries[i].device.name);
    tap_is_str(order,
               "dm-0 loop0 mmcblk0 mmcblk1 nvme0n1 sda sdb sdc sdd sde sdf sdg "
               "sdh sdi sdj sdk sr0 ",
               "in the order of their names");
}

/* ---- what no kernel says ---- */

static void
reads(const char *name, struct sp_device *ret)
{
    struct sp_error err = {0};

    memset(ret, 0, sizeof(*ret));
    tap_ok(sp_device_read(&tables, name, ret, &err) == 0, "%s is read%s", name,
           err.msg);
}

static void
judged(const struct sp_device *device, const char *word, const char *what)
{
    struct sp_error err = {0};

    (void)sp_device_check(device, &err);
    tap_is_str(err.detail, word, "%s %s", what, err.msg);
}

static void
test_odd_facts(void)
{
    struct sp_device device;
    const char *dir = stick("2-1", "sdl", "8:176\n", " \t\n", "\n", "\n");

    reads("sdl", &device);
    judged(&device, "no-medium", "a size of blanks");
    tap_is_str(device.model, "SanDisk", "a model of none");
    tap_is_str(device.serial, "", "no serial number");
    put_in(dir, "size", "12x\n");
    reads("sdl", &device);
    judged(&device, "no-medium", "a size that is none");
    put_in(dir, "size", "18446744073709551615\n");
    reads("sdl", &device);
    judged(&device, "no-medium", "a size beyond all numbers");
    put_in(dir, "size", "2048\n");
    put_in(dir, "removable", "0\n");
    reads("sdl", &device);
    judged(&device, "", "USB need not be removable");
    device.use = (enum sp_device_use)99;
    judged(&device, "device-in-use", "a use that nobody knows");
}

static void
test_odd_numbers(void)
{
    static const char *const numbers[] = {"8\n", "x:1\n", "8:\n", "8:1:2\n",
                                          "\n"};
    struct sp_error err = {0};
    struct sp_device device;
    char path[512];
    const char *dir = stick("2-2", "sdm", "8:192\n", "2048\n", "1\n", "M\n");

    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        put_in(dir, "dev", numbers[i]);
        tap_ok(sp_device_read(&tables, "sdm", &device, &err) == -1 &&
                   strcmp(err.detail, "io") == 0,
               "no number: %s", err.msg);
    }
    put_in(dir, "dev", "8:192\n");
    partition(dir, "sdm1", "8:193\n");
    (void)snprintf(path, sizeof(path), "%s/sdm1", dir);
    put_in(path, "dev", "nonsense\n");
    reads("sdm", &device);
    judged(&device, "device-unsafe", "a partition without a number");
    make_link("class/block", "nowhere", "sdm");
    (void)snprintf(path, sizeof(path), "%s/class/block/nowhere", sys);
    (void)unlink(path);
    if (symlink("sdm", path) < 0)
        die(path);
    tap_ok(sp_device_read(&tables, "nowhere", &device, &err) == -1 &&
               strcmp(err.detail, "io") == 0,
           "a link to no folder: %s", err.msg);
    (void)disk(hardware("pci0000:00/odd", "pci"),
               "a-device-whose-name-has-no-end-at-all", "8:208\n", "1\n",
               "1\n");
    tap_ok(sp_device_read(&tables, "a-device-whose-name-has-no-end-at-all",
                          &device, &err) == -1,
           "a name that is too long: %s", err.msg);
}

/* What the way up from a device to the machine may look like. */
static void
test_odd_places(void)
{
    struct sp_device device;
    char deep[512] = "pci0000:00", link[600];
    const char *dir = hardware("pci0000:00/0000:02:00.0", "pci");

    put_in(dir, "serial", "OF-THE-BUS\n");
    dir = hardware("pci0000:00/0000:02:00.0/ata3", "pci");
    (void)disk(dir, "sdn", "8:224\n", "2048\n", "1\n");
    reads("sdn", &device);
    tap_is_str(device.serial, "", "no serial number beyond the bus");
    dir = hardware("platform/mmc_host/mmc2", "mmc_host");
    dir = hardware("platform/mmc_host/mmc2/mmc2:0001", "sd");
    (void)disk(dir, "mmcblk2", "179:16\n", "2048\n", "0\n");
    reads("mmcblk2", &device);
    judged(&device, "", "a card by its host, of no type");
    dir = hardware("pci0000:00/virtio0", "virtio");
    put_in(dir, "type", "9\n");
    (void)disk(dir, "sdo", "8:240\n", "2048\n", "1\n");
    reads("sdo", &device);
    judged(&device, "", "a type that is not of SCSI");
    dir = hardware("pci0000:00/plain", "usb");
    (void)snprintf(link, sizeof(link), "%s/subsystem", dir);
    (void)unlink(link);
    if (symlink("usb", link) < 0)
        die(link);
    (void)disk(dir, "sdp", "65:0\n", "2048\n", "0\n");
    reads("sdp", &device);
    judged(&device, "", "a subsystem without a path");
    for (unsigned i = 0; i < 40; i++) {
        (void)snprintf(deep + strlen(deep), 4, "/d");
        dir = hardware(deep, i == 0 ? "usb" : "none");
    }
    (void)disk(dir, "sdq", "65:16\n", "2048\n", "0\n");
    reads("sdq", &device);
    judged(&device, "device-unsafe", "a bus that is too far up");
}

static void
test_odd_uses(void)
{
    struct sp_device device;
    char path[700];
    const char *dir = stick("2-3", "sdr", "65:32\n", "2048\n", "U\n", "U\n");

    held_by(dir, ".", ".hidden");
    (void)snprintf(path, sizeof(path), "%s/.hidden", dir);
    make_dirs(path);
    put_in(path, "partition", "1\n");
    reads("sdr", &device);
    judged(&device, "", "what is hidden is no holder and no partition");
    (void)snprintf(path, sizeof(path), "%s/holders/.hidden", dir);
    (void)unlink(path);
    (void)snprintf(path, sizeof(path), "%s/holders", dir);
    (void)rmdir(path);
    reads("sdr", &device);
    judged(&device, "", "nor is there a folder of them");
    put(mountinfo, "1 2 0:1 / /x rw - ext4\n"
                   "1 2 65:32 / /a\\04z\\134b\\ rw - ext4 none rw\n");
    reads("sdr", &device);
    tap_is_str(device.user, "/a\\x5c04z\\x5cb\\x5c", "a place that is escaped");
    judged(&device, "device-in-use", "it is mounted");
}

/* sda before sdb, sdz before sdaa, loop2 before loop10. */
static void
test_odd_names(void)
{
    static const char *const names[] = {"sdz",   "sdaa",   "sdab",
                                        "loop2", "loop10", "sd"};
    char order[512] = "", path[512], number[16];
    struct sp_devices all;
    struct sp_error err = {0};
    size_t used = 0;

    put(mountinfo, "");
    for (unsigned i = 0; i < 6; i++) {
        (void)snprintf(number, sizeof(number), "66:%u\n", i);
        (void)disk(NULL, names[i], number, "2048\n", "0\n");
    }
    (void)snprintf(path, sizeof(path), "%s/block/gone", sys);
    make_dirs(path);
    (void)snprintf(path, sizeof(path), "%s/block/.hidden", sys);
    make_dirs(path);
    memory_end_at(1);
    tap_ok(sp_devices_list(&tables, &all, &err) == -1, "no memory");
    memory_end_at(0);
    tap_is_str(err.detail, "no-memory", "its word");
    tap_ok(sp_devices_list(&tables, &all, &err) == -1 &&
               strcmp(err.detail, "io") == 0,
           "one that cannot be read is a fault: %s", err.msg);
    (void)snprintf(path, sizeof(path),
                   "%s/block/a-device-whose-name-has-no-end-at-all", sys);
    (void)unlink(path);
    if (!tap_ok(sp_devices_list(&tables, &all, &err) == 0, "a list: %s",
                err.msg))
        return;
    for (size_t i = 0; i < all.n; i++)
        if (major(all.entries[i].device.number) == 66)
            used += (size_t)snprintf(order + used, sizeof(order) - used, "%s ",
                                     all.entries[i].device.name);
    tap_is_str(order, "loop2 loop10 sd sdz sdaa sdab ", "in their order");
    sp_devices_release(&all);
}

static int
remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)st;
    (void)kind;
    (void)ftw;
    return remove(path);
}

int
main(void)
{
    struct sp_error err = {0};

    make_machine();
    tap_ok(sp_devices_list(&tables, &devices, &err) == 0, "the list%s%s",
           err.msg[0] ? ": " : "", err.msg);
    test_safe();
    test_refused();
    test_single();
    test_blind();
    test_order();
    sp_devices_release(&devices);
    test_odd_facts();
    test_odd_numbers();
    test_odd_places();
    test_odd_uses();
    test_odd_names();
    (void)nftw(top, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    return tap_done();
}
