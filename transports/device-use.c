/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "transports/device-use.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "base/auto.h"
#include "base/path.h"
#include "base/text.h"

/* A disk or one of its partitions, looked for in the kernel's tables. */
struct part {
    const char *name;
    char number[32]; /* "8:1" */
};

static void
found(struct sp_device *device, const struct part *part, enum sp_device_use use,
      const char *user)
{
    device->use = use;
    (void)snprintf(device->used, sizeof(device->used), "%.31s", part->name);
    sp_text_show(device->user, sizeof(device->user), user);
}

/* The kernel writes blanks and backslashes as \ooo, proc(5). */
static void
decode(char *path)
{
    char *to = path;

    for (const char *from = path; *from; to++) {
        if (from[0] == '\\' && strspn(from + 1, "01234567") >= 3) {
            *to = (char)((from[1] - '0') * 64 + (from[2] - '0') * 8 +
                         (from[3] - '0'));
            from += 4;
        } else {
            *to = *from++;
        }
    }
    *to = '\0';
}

/* "/dev/NAME"; the kernel writes the name that it was given. */
static bool
is_node(const char *path, const struct part *part)
{
    return strncmp(path, "/dev/", 5) == 0 && strcmp(path + 5, part->name) == 0;
}

/*
 * One line of mountinfo, proc(5): 36 35 98:0 ROOT MOUNT-POINT OPTIONS
 * [FIELDS]... - TYPE SOURCE. Btrfs has numbers of its own there, so that
 * the source counts as well.
 */
static void
look_at_mount(char *line, const struct part *part, struct sp_device *device)
{
    char *field[5] = {NULL};
    char *rest = line;
    char *source = strstr(line, " - ");

    if (!source)
        return;
    *source = '\0';
    source += 3;
    for (size_t i = 0; i < 5; i++)
        field[i] = strsep(&rest, " ");
    (void)strsep(&source, " ");
    if (!field[4])
        return;
    if (strcmp(field[2], part->number) != 0 &&
        !(source && is_node(strsep(&source, " "), part)))
        return;
    decode(field[4]);
    found(device, part, SP_USE_MOUNTED, field[4]);
}

/* One line of swaps, proc(5): "/dev/sda3  partition  ...". */
static void
look_at_swap(char *line, const struct part *part, struct sp_device *device)
{
    line[strcspn(line, " \t")] = '\0';
    if (is_node(line, part))
        found(device, part, SP_USE_SWAP, line);
}

static int
look_in_table(const char *path, bool must_exist,
              void (*look)(char *, const struct part *, struct sp_device *),
              const struct part *part, struct sp_device *device,
              struct sp_error *err)
{
    SP_AUTO_FILE *table = fopen(path, "re");
    SP_AUTO_FREE char *line = NULL;
    size_t size = 0;

    if (!table && errno == ENOENT && !must_exist)
        return 0;
    if (!table)
        return sp_fail_sys(err, errno, "io", "cannot open '%s'", path);
    while (device->use == SP_USE_NONE && getline(&line, &size, table) > 0) {
        line[strcspn(line, "\n")] = '\0';
        look(line, part, device);
    }
    /* Without memory for a line it is no error of the table. */
    if (device->use == SP_USE_NONE && !feof(table))
        return sp_fail(err, "io", "cannot read '%s'", path);
    return 0;
}

static int
look_at_holders(int dir, const struct part *part, struct sp_device *device,
                struct sp_error *err)
{
    SP_AUTO_DIR *holders = sp_path_list(dir, "holders");
    struct dirent *entry;
    int more;

    if (!holders && errno == ENOENT)
        return 0;
    if (!holders)
        return sp_fail_sys(err, errno, "io", "cannot list the holders of '%s'",
                           part->name);
    while ((more = sp_path_next(holders, &entry, err)) > 0)
        if (entry->d_name[0] != '.')
            found(device, part, SP_USE_HELD, entry->d_name);
    return more;
}

static int
look_at_part(const struct sp_device_tables *tables, int dir, const char *name,
             dev_t number, struct sp_device *device, struct sp_error *err)
{
    struct part part = {.name = name};

    (void)snprintf(part.number, sizeof(part.number), "%u:%u", major(number),
                   minor(number));
    if (look_in_table(tables->mountinfo, true, look_at_mount, &part, device,
                      err) < 0 ||
        /* A kernel without swap has no such table. */
        look_in_table(tables->swaps, false, look_at_swap, &part, device, err) <
            0)
        return -1;
    return device->use == SP_USE_NONE ? look_at_holders(dir, &part, device, err)
                                      : 0;
}

/* A partition is a folder in the disk's, with a file `partition` in it. */
static int
look_at_entry(const struct sp_device_tables *tables, int dir, const char *name,
              struct sp_device *device, struct sp_error *err)
{
    SP_AUTO_FD fd =
        openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    dev_t number = 0;

    if (fd < 0 || faccessat(fd, "partition", F_OK, 0) < 0) {
        /* Files and links are no folders. */
        if (errno != ENOENT && errno != ENOTDIR && errno != ELOOP)
            device->blind = true;
        return 0;
    }
    if (!sp_device_number(fd, &number)) {
        device->blind = true;
        return 0;
    }
    return look_at_part(tables, fd, name, number, device, err);
}

int
sp_device_look_for_use(const struct sp_device_tables *tables, int dir,
                       struct sp_device *device, struct sp_error *err)
{
    SP_AUTO_DIR *entries = sp_path_list(dir, ".");
    struct dirent *entry;
    int more = 0;

    if (!entries)
        return sp_fail_sys(err, errno, "io", "cannot list '%s' in sysfs",
                           device->name);
    if (look_at_part(tables, dir, device->name, device->number, device, err) <
        0)
        return -1;
    while (device->use == SP_USE_NONE &&
           (more = sp_path_next(entries, &entry, err)) > 0)
        if (entry->d_name[0] != '.' &&
            look_at_entry(tables, dir, entry->d_name, device, err) < 0)
            return -1;
    return more;
}
