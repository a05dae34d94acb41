/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build/devices.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"

static int
is_entry(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/* sda before sdb, sdz before sdaa, loop2 before loop10. */
static int
compare_names(const struct dirent **a, const struct dirent **b)
{
    size_t x = strcspn((*a)->d_name, "0123456789");
    size_t y = strcspn((*b)->d_name, "0123456789");

    if (x != y && strncmp((*a)->d_name, (*b)->d_name, 2) == 0)
        return x < y ? -1 : 1;
    return strverscmp((*a)->d_name, (*b)->d_name);
}

/* Such a loop device passes the check, but only for those who name it. */
static void
judge(struct sp_devices_entry *entry)
{
    char phrase[SP_DEVICE_PHRASE_MAX];

    if (sp_device_check(&entry->device, &entry->why) < 0 ||
        entry->device.bus != SP_BUS_LOOP)
        return;
    sp_device_phrase(&entry->device, phrase);
    (void)sp_fail(&entry->why, "device-unsafe",
                  "'/dev/%s' is no stick: it is written only with "
                  "--yes-really=%s",
                  entry->device.name, phrase);
}

static int
list_names(struct dirent **names, size_t n,
           const struct sp_device_tables *tables, struct sp_devices *devices,
           struct sp_error *err)
{
    for (size_t i = 0; i < n; i++) {
        struct sp_devices_entry *entry = &devices->entries[devices->n];
        struct sp_error fault = {0};

        if (sp_device_read(tables, names[i]->d_name, &entry->device, &fault) <
            0) {
            if (strcmp(fault.detail, "not-found") == 0)
                continue;
            *err = fault;
            return -1;
        }
        if (entry->device.size == 0 && !entry->device.has_hardware)
            continue;
        judge(entry);
        devices->n++;
    }
    return 0;
}

int
sp_devices_list(const struct sp_device_tables *tables, struct sp_devices *ret,
                struct sp_error *err)
{
    struct sp_devices devices = {0};
    struct dirent **names = NULL;
    char path[512];
    int n, status;

    (void)snprintf(path, sizeof(path), "%s/block", tables->sys);
    n = scandir(path, &names, is_entry, compare_names);
    if (n < 0)
        return sp_fail_sys(err, errno, "io", "cannot list '%s'", path);
    devices.entries = calloc((size_t)n + 1, sizeof(*devices.entries));
    status = devices.entries
                 ? list_names(names, (size_t)n, tables, &devices, err)
                 : sp_fail(err, "no-memory", "no memory for %d devices", n);
    for (int i = 0; i < n; i++)
        free(names[i]);
    free(names);
    if (status < 0)
        sp_devices_release(&devices);
    else
        *ret = devices;
    return status;
}

void
sp_devices_release(struct sp_devices *devices)
{
    free(devices->entries);
    memset(devices, 0, sizeof(*devices));
}
