/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Acts on files: what others own must stay unread and untouched. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "bundle/limits.h"
#include "ingest/escape.h"

/* Above every ceiling of a jail for one file. */
#define TOO_MUCH (40 * SP_MIB)

static int
opens(const char *path, int flags)
{
    return sp_escape_result(open(path, flags | O_CLOEXEC, 0600));
}

static int
read_secret(const struct sp_escape_scene *s)
{
    return opens(s->secret, O_RDONLY);
}

static int
read_shadow(const struct sp_escape_scene *s)
{
    (void)s;
    return opens("/etc/shadow", O_RDONLY);
}

static int
list_folder(const struct sp_escape_scene *s)
{
    return opens(s->folder, O_RDONLY | O_DIRECTORY);
}

static int
create_own(const struct sp_escape_scene *s)
{
    return opens(s->own, O_WRONLY | O_CREAT | O_EXCL);
}

static int
create_outside(const struct sp_escape_scene *s)
{
    char path[sizeof(s->folder) + 8];

    (void)snprintf(path, sizeof(path), "%s/new", s->folder);
    return opens(path, O_WRONLY | O_CREAT | O_EXCL);
}

static int
overwrite(const struct sp_escape_scene *s)
{
    return opens(s->victim, O_WRONLY | O_TRUNC);
}

static int
reopen_package(const struct sp_escape_scene *s)
{
    return opens(s->reopened, O_RDWR);
}

static int
write_keyring(const struct sp_escape_scene *s)
{
    return opens(s->keyring, O_WRONLY);
}

static int
create_in_keyhome(const struct sp_escape_scene *s)
{
    return opens(s->keyhome, O_WRONLY | O_CREAT | O_EXCL);
}

static int
read_keyring(const struct sp_escape_scene *s)
{
    return opens(s->keyring, O_RDONLY);
}

static int
read_package(const struct sp_escape_scene *s)
{
    return opens(s->package, O_RDONLY);
}

static int
write_package(const struct sp_escape_scene *s)
{
    return opens(s->package, O_WRONLY);
}

static int
write_quarantine(const struct sp_escape_scene *s)
{
    return opens(s->reopened, O_WRONLY);
}

static int
remove_file(const struct sp_escape_scene *s)
{
    return sp_escape_result(unlink(s->victim));
}

static int
rename_file(const struct sp_escape_scene *s)
{
    return sp_escape_result(rename(s->victim, s->secret));
}

static int
move_in(const struct sp_escape_scene *s)
{
    return sp_escape_result(rename(s->victim, s->own));
}

static int
move_out(const struct sp_escape_scene *s)
{
    return sp_escape_result(rename(s->tool, s->victim));
}

static int
hard_link(const struct sp_escape_scene *s)
{
    return sp_escape_result(link(s->secret, s->own));
}

static int
symbolic_link(const struct sp_escape_scene *s)
{
    return sp_escape_result(symlink(s->secret, s->own));
}

static int
fifo(const struct sp_escape_scene *s)
{
    return sp_escape_result(mknod(s->own, S_IFIFO | 0600, 0));
}

static int
device_node(const struct sp_escape_scene *s)
{
    return sp_escape_result(mknod(s->own, S_IFCHR | 0600, makedev(1, 3)));
}

static int
make_folder(const struct sp_escape_scene *s)
{
    char path[sizeof(s->folder) + 8];

    (void)snprintf(path, sizeof(path), "%s/made", s->folder);
    (void)rmdir(path);
    return sp_escape_result(mkdir(path, 0700));
}

static int
cut(const struct sp_escape_scene *s)
{
    return sp_escape_result(truncate(s->victim, 0));
}

static int
change_mode(const struct sp_escape_scene *s)
{
    return sp_escape_result(chmod(s->victim, 0666));
}

static int
change_owner(const struct sp_escape_scene *s)
{
    return sp_escape_result(chown(s->victim, s->user, (gid_t)-1));
}

static int
change_times(const struct sp_escape_scene *s)
{
    return sp_escape_result(utimensat(AT_FDCWD, s->victim, NULL, 0));
}

static int
set_attribute(const struct sp_escape_scene *s)
{
    return sp_escape_result(setxattr(s->victim, "user.escape", "1", 1, 0));
}

static int
make_handle(const struct sp_escape_scene *s)
{
    struct {
        struct file_handle head;
        unsigned char room[MAX_HANDLE_SZ];
    } handle = {.head.handle_bytes = MAX_HANDLE_SZ};
    int mount_id;

    return sp_escape_result(
        name_to_handle_at(AT_FDCWD, s->secret, &handle.head, &mount_id, 0));
}

static int
change_root(const struct sp_escape_scene *s)
{
    return sp_escape_result(chroot(s->folder));
}

static int
mount_over(const struct sp_escape_scene *s)
{
    int result =
        sp_escape_result(mount("none", s->folder, "tmpfs", MS_NOSUID, NULL));

    if (result == 0)
        (void)umount2(s->folder, MNT_DETACH);
    return result;
}

/* Writes on until a ceiling holds it. */
static int
fill_disk(const struct sp_escape_scene *s)
{
    static const char block[65536];
    int fd = open(s->own, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    if (fd < 0)
        return errno;
    for (size_t done = 0; done < TOO_MUCH; done += sizeof(block))
        if (write(fd, block, sizeof(block)) < 0)
            return errno;
    return 0;
}

static int
hoard_descriptors(const struct sp_escape_scene *s)
{
    (void)s;
    for (int i = 0; i < 600; i++)
        if (dup(0) < 0)
            return errno;
    return 0;
}

static int
seek_input(const struct sp_escape_scene *s)
{
    (void)s;
    return sp_escape_result(lseek(0, 0, SEEK_SET));
}

static int
write_input(const struct sp_escape_scene *s)
{
    (void)s;
    return sp_escape_result(write(0, "", 1));
}

static int
read_output(const struct sp_escape_scene *s)
{
    char byte;

    (void)s;
    return sp_escape_result(read(1, &byte, 1));
}

#define ABSENT SP_ESCAPE_ABSENT
#define KILL SP_ESCAPE_KILLED
#define NO SP_ESCAPE_REFUSED
#define YES SP_ESCAPE_GRANTED

/* clang-format off */
/* name, what, unpack, check, verify, tool, index, vchan, errno, why, act, preparation */
const struct sp_escape_act sp_escape_files[] = {
    {"read-secret", "read a file outside",
     KILL, KILL, NO, NO, NO, KILL, 0, NULL, read_secret, NULL},
    {"read-shadow", "read /etc/shadow",
     KILL, KILL, NO, NO, NO, KILL, 0, NULL, read_shadow, NULL},
    {"list-folder", "list a folder outside",
     KILL, KILL, NO, NO, NO, KILL, 0, NULL, list_folder, NULL},
    {"create-outside", "create a file outside",
     KILL, NO, NO, NO, NO, KILL, 0, NULL, create_outside, NULL},
    {"create-own", "create a file in its own folder",
     KILL, YES, YES, YES, YES, KILL, 0, "its work", create_own, NULL},
    {"overwrite", "open a file outside for writing",
     KILL, KILL, NO, NO, NO, KILL, 0, NULL, overwrite, NULL},
    {"reopen-package", "open a finished package again",
     KILL, KILL, NO, NO, NO, KILL, 0, NULL, reopen_package, NULL},
    {"write-keyring", "write the keyring",
     KILL, KILL, NO, NO, NO, KILL, 0, NULL, write_keyring, NULL},
    {"create-in-keyhome", "create a file in the key home",
     KILL, NO, NO, NO, NO, KILL, 0, NULL, create_in_keyhome, NULL},
    {"read-keyring", "read the keyring",
     KILL, KILL, YES, NO, NO, KILL, 0, "gpg verifies with it", read_keyring, NULL},
    {"read-package", "read a staged package",
     KILL, KILL, NO, YES, YES, KILL, 0, "createrepo_c describes it", read_package, NULL},
    {"write-package", "change a staged package",
     KILL, KILL, NO, NO, NO, KILL, 0, NULL, write_package, NULL},
    {"write-quarantine", "change a package in the quarantine",
     KILL, KILL, NO, NO, NO, KILL, 0, NULL, write_quarantine, NULL},
    {"unlink", "remove a file outside",
     KILL, KILL, NO, NO, NO, KILL, 0, NULL, remove_file, NULL},
    {"rename", "rename a file outside",
     KILL, KILL, NO, NO, NO, KILL, 0, NULL, rename_file, NULL},
    {"move-in", "move a file from outside into its own folder",
     KILL, KILL, NO, NO, NO, KILL, 0, NULL, move_in, NULL},
    {"move-out", "move its own file over one outside",
     KILL, KILL, NO, NO, NO, KILL, 0, NULL, move_out, NULL},
    {"hard-link", "link a secret into its own folder",
     KILL, KILL, NO, NO, NO, KILL, 0, NULL, hard_link, NULL},
    {"symbolic-link", "make a symbolic link in its own folder",
     KILL, KILL, NO, NO, NO, KILL, 0, NULL, symbolic_link, NULL},
    {"fifo", "make a named pipe in its own folder",
     KILL, KILL, NO, NO, NO, KILL, 0, NULL, fifo, NULL},
    {"device-node", "make a device node in its own folder",
     KILL, KILL, NO, NO, NO, KILL, 0, NULL, device_node, NULL},
    {"mkdir", "make a folder outside",
     KILL, KILL, NO, NO, NO, KILL, 0, NULL, make_folder, NULL},
    {"truncate", "cut a file outside",
     KILL, KILL, NO, NO, NO, KILL, 0, NULL, cut, NULL},
    {"chmod", "change the mode of a file outside",
     KILL, KILL, NO, NO, NO, KILL, 0, NULL, change_mode, NULL},
    {"chown", "change the owner of a file outside",
     KILL, KILL, NO, NO, NO, KILL, 0, NULL, change_owner, NULL},
    {"utimes", "change the times of a file outside",
     KILL, KILL, NO, NO, NO, KILL, 0, NULL, change_times, NULL},
    {"setxattr", "set an attribute of a file outside",
     KILL, KILL, NO, NO, NO, KILL, 0, NULL, set_attribute, NULL},
    {"file-handle", "make a handle of a file outside",
     KILL, KILL, NO, NO, NO, KILL, 0, NULL, make_handle, NULL},
    {"chroot", "change the root",
     KILL, KILL, NO, NO, NO, KILL, 0, NULL, change_root, NULL},
    {"mount", "mount a file system",
     KILL, KILL, NO, NO, NO, KILL, 0, NULL, mount_over, NULL},
    {"fill-disk", "write a file beyond its ceiling",
     KILL, NO, NO, NO, NO, KILL, EFBIG, NULL, fill_disk, NULL},
    {"hoard-descriptors", "take descriptors without end",
     KILL, KILL, NO, NO, NO, KILL, EMFILE, NULL, hoard_descriptors, NULL},
    {"seek-input", "read the carrier a second time",
     KILL, KILL, ABSENT, ABSENT, ABSENT, KILL, 0, NULL, seek_input, NULL},
    {"write-input", "write to its input",
     KILL, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, 0, NULL, write_input, NULL},
    {"read-output", "read from its output",
     KILL, KILL, ABSENT, ABSENT, ABSENT, ABSENT, 0, NULL, read_output, NULL},
    {0},
};
