/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Directories and names beneath them. Nothing here follows a symbolic link
 * in the last component unless it says so.
 */
#ifndef SP_BASE_PATH_H
#define SP_BASE_PATH_H

#include <dirent.h>
#include <sys/types.h>

#include "base/error.h"

/*
 * The next entry but "." and "..": 1, 0 at the end, -1 on a fault. A fault
 * that passes for the end would hide what lies there.
 */
int sp_path_next(DIR *dir, struct dirent **ret, struct sp_error *err);

/* Opens a directory for *at() calls. Returns the descriptor or -1. */
int sp_path_open_dir(int dirfd, const char *name, struct sp_error *err);

/*
 * Opens a directory to be listed; "." for dirfd itself, which keeps its place.
 * NULL with errno: the caller says what it was about.
 */
DIR *sp_path_list(int dirfd, const char *name);

/* As sp_path_open_dir, made first when missing (mode as given, umask apart). */
int sp_path_make_dir(int dirfd, const char *name, mode_t mode,
                     struct sp_error *err);

/* mkdir -p on a path of our own, mode for each new component. */
int sp_path_make_dirs(const char *path, mode_t mode, struct sp_error *err);

/*
 * Removes name and all beneath it, never leaving the file system of dirfd
 * nor following links; a missing name is success.
 */
int sp_path_remove_tree(int dirfd, const char *name, struct sp_error *err);

/*
 * Replaces dirfd/name by a file with this content: temporary name, fsync,
 * rename, fsync of the directory. Old or new, never half.
 */
int sp_path_replace_file(int dirfd, const char *name, const void *data,
                         size_t len, mode_t mode, struct sp_error *err);

/* Points the symbolic link dirfd/name to `target` in one rename. */
int sp_path_flip_link(int dirfd, const char *name, const char *target,
                      struct sp_error *err);

int sp_path_sync_dir(int dirfd, struct sp_error *err);

#endif
