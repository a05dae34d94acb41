/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which block devices may be written over, in a machine made of files. */
#include <errno.h>
#include <ftw.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "build/devices.h"
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
    (void)nftw(top, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    return tap_done();
}
