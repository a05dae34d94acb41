/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/path.h"

#include <limits.h>

#include "base/auto.h"
#include "base/io.h"
#include "tests/unit/faults.h"
#include "tests/unit/tap.h"

/* A folder of somebody else: it may be removed when it is empty. */
static bool is_foreign;

int
faccessat(int dirfd, const char *path, int mode, int flags)
{
    CALLS_TRUE(int, "faccessat", int, const char *, int, int);

    if (is_foreign) {
        errno = EACCES;
        return -1;
    }
    FAULTS_CALL("faccessat", -1, dirfd, path, mode, flags);
}

static char scratch[] = "/tmp/sp-test-path-XXXXXX";

static bool
is_there(int dirfd, const char *name)
{
    struct stat st;

    return fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static void
plant_link(int dirfd, const char *name, const char *target)
{
    if (symlinkat(target, dirfd, name) < 0)
        tap_ok(false, "planting the link '%s'", name);
}

static void
test_open_dir(int dir)
{
    struct sp_error err = {0};
    SP_AUTO_FD fd = -1;

    tap_ok(mkdirat(dir, "real", 0755) == 0 &&
               symlinkat("real", dir, "link") == 0,
           "a directory and a link to it");
    fd = sp_path_open_dir(dir, "real", &err);
    tap_ok(fd >= 0 && (fcntl(fd, F_GETFD) & FD_CLOEXEC),
           "a directory is opened, close-on-exec");
    tap_ok(sp_path_open_dir(dir, "link", &err) == -1 && err.code == SP_E_IO,
           "a link to a directory is refused");
    tap_ok(sp_path_open_dir(dir, "none", &err) == -1,
           "a missing directory is refused");
    tap_is_str(err.detail, "not-found", "... with the word");
}

static void
test_make(int dir)
{
    static char long_path[PATH_MAX + 1];
    struct sp_error err = {0};
    char path[64];
    struct stat st;
    SP_AUTO_FD first = sp_path_make_dir(dir, "made", 0700, &err);
    SP_AUTO_FD again = sp_path_make_dir(dir, "made", 0700, &err);
    SP_AUTO_FD here = -1;

    tap_ok(first >= 0 && again >= 0, "a directory is made once, opened twice");
    tap_ok(fstat(first, &st) == 0 && (st.st_mode & 07777) == 0700,
           "it has the mode that was asked");
    tap_ok(sp_path_make_dir(dir, "link", 0700, &err) == -1,
           "a link is not taken for the directory");
    (void)snprintf(path, sizeof(path), "%s/a/b/c", scratch);
    tap_ok(sp_path_make_dirs(path, 0755, &err) == 0 && is_there(dir, "a/b/c"),
           "a path of three is made");
    tap_ok(sp_path_make_dirs(path, 0755, &err) == 0, "... and made again");
    here = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (here < 0 || fchdir(dir) < 0)
        tap_ok(false, "going to the scratch directory");
    errno = EIO; /* of a call before */
    tap_ok(sp_path_make_dirs("z/y", 0755, &err) == 0 && is_there(dir, "z/y"),
           "... from where we are");
    if (fchdir(here) < 0)
        tap_ok(false, "going back");
    (void)close(openat(dir, "a/file", O_WRONLY | O_CREAT, 0600));
    (void)snprintf(path, sizeof(path), "%s/a/file", scratch);
    tap_ok(sp_path_make_dirs(path, 0755, &err) == -1 && err.sys == ENOTDIR,
           "a file at the end of the path is refused");
    (void)snprintf(path, sizeof(path), "%s/a/file/b", scratch);
    tap_ok(sp_path_make_dirs(path, 0755, &err) == -1 && err.sys == ENOTDIR,
           "nor can it lie in between");
    plant_link(dir, "dangling", "nowhere");
    (void)snprintf(path, sizeof(path), "%s/dangling", scratch);
    tap_ok(sp_path_make_dirs(path, 0755, &err) == -1 && err.sys == ENOENT,
           "a link to nothing is no folder");
    tap_ok(sp_path_make_dirs("", 0755, &err) == -1 && err.sys == 0,
           "no path is refused");
    memset(long_path, 'x', PATH_MAX);
    for (size_t i = 0; i < PATH_MAX; i += 100)
        long_path[i] = '/';
    long_path[PATH_MAX] = '\0';
    tap_ok(sp_path_make_dirs(long_path, 0755, &err) == -1 && err.sys == 0,
           "a path that is too long is refused");
}

static void
test_remove(int dir)
{
    struct sp_error err = {0};

    (void)close(openat(dir, "keep", O_WRONLY | O_CREAT, 0600));
    (void)mkdirat(dir, "tree", 0700);
    (void)mkdirat(dir, "tree/deep", 0700);
    (void)close(openat(dir, "tree/deep/file", O_WRONLY | O_CREAT, 0600));
    (void)mkdirat(dir, "outside", 0700);
    (void)close(openat(dir, "outside/file", O_WRONLY | O_CREAT, 0600));
    plant_link(dir, "tree/link", "../outside");
    plant_link(dir, "tree/deep/link", "../keep");
    tap_ok(sp_path_remove_tree(dir, "tree", &err) == 0 &&
               !is_there(dir, "tree"),
           "a tree is removed");
    tap_ok(is_there(dir, "outside/file") && is_there(dir, "keep"),
           "what its links point to stays");
    tap_ok(sp_path_remove_tree(dir, "tree", &err) == 0,
           "a missing tree is removed already");
    plant_link(dir, "to-outside", "outside");
    tap_ok(sp_path_remove_tree(dir, "to-outside", &err) == 0 &&
               !is_there(dir, "to-outside") && is_there(dir, "outside/file"),
           "a link is removed, not what it points to");
}

/* Made unreadable to keep it from us: only of interest without root. */
static void
test_remove_locked(int dir)
{
    static const mode_t modes[] = {0, 0100, 0200, 0300, 0400, 0500, 0600, 0700};

    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        struct sp_error err = {0};

        (void)mkdirat(dir, "locked", 0700);
        (void)close(openat(dir, "locked/file", O_WRONLY | O_CREAT, 0600));
        if (fchmodat(dir, "locked", modes[i], 0) < 0)
            tap_ok(false, "setting mode %04o", (unsigned)modes[i]);
        tap_ok(sp_path_remove_tree(dir, "locked", &err) == 0 &&
                   !is_there(dir, "locked"),
               "a folder of mode %04o is removed", (unsigned)modes[i]);
    }
}

static void
test_remove_foreign(int dir)
{
    struct sp_error err = {0};

    (void)mkdirat(dir, "foreign", 0);
    is_foreign = true;
    faults_begin("fchmodat", 1);
    tap_ok(sp_path_remove_tree(dir, "foreign", &err) == 0 &&
               !is_there(dir, "foreign"),
           "an empty folder of somebody else is removed");
    (void)faults_end();
    (void)mkdirat(dir, "foreign", 0700);
    (void)close(openat(dir, "foreign/file", O_WRONLY | O_CREAT, 0600));
    faults_begin("fchmodat", 1);
    tap_ok(sp_path_remove_tree(dir, "foreign", &err) < 0 && err.sys == EIO &&
               is_there(dir, "foreign/file"),
           "one with a file in it is not, and that is told");
    (void)faults_end();
    is_foreign = false;
    tap_ok(sp_path_remove_tree(dir, "foreign", &err) == 0, "until it is ours");
}

/* What may be entered is left as it is. */
static void
test_remove_ours(int dir)
{
    struct sp_error err = {0};

    (void)mkdirat(dir, "ours", 0700);
    (void)close(openat(dir, "ours/file", O_WRONLY | O_CREAT, 0600));
    faults_begin("fchmodat", 1);
    tap_ok(sp_path_remove_tree(dir, "ours", &err) == 0 &&
               !is_there(dir, "ours"),
           "a folder of ours is removed");
    tap_ok(!faults_end(), "with the mode that it has");
}

/* What somebody else removes at the same time, and what is mounted. */
static void
test_remove_others(int dir)
{
    struct sp_error err = {0};
    unsigned open_before = faults_open();

    (void)mkdirat(dir, "other", 0700);
    (void)close(openat(dir, "other/file", O_WRONLY | O_CREAT, 0600));
    faults_begin("fdopendir", 1);
    tap_ok(sp_path_remove_tree(dir, "other", &err) < 0 && err.sys == EIO,
           "a folder that cannot be listed");
    faults_begin("fdopendir", 1);
    tap_ok(!sp_path_list(dir, "other") && faults_end(), "in no way");
    tap_is_u64(faults_open(), open_before, "does not stay open");
    faults_mounted = true;
    tap_ok(sp_path_remove_tree(dir, "other", &err) < 0 && err.sys == EXDEV &&
               is_there(dir, "other/file"),
           "another disk that is mounted there stays as it is");
    faults_mounted = false;
    calls_errno = ENOENT;
    faults_begin("unlinkat", 4); /* the second time, when it is empty */
    tap_ok(sp_path_remove_tree(dir, "other", &err) == 0 && faults_end(),
           "a folder that is gone is removed");
    calls_errno = EIO;
    (void)unlinkat(dir, "other", AT_REMOVEDIR);
}

static void
make_deep(int dir, int levels)
{
    SP_AUTO_FD at = openat(dir, ".", O_RDONLY | O_DIRECTORY);

    for (int i = 0; i < levels; i++) {
        int next = sp_path_make_dir(at, "deep", 0700, NULL);

        (void)close(at);
        at = next;
    }
}

static void
test_remove_deep(int dir)
{
    struct sp_error err = {0};

    make_deep(dir, 32);
    tap_ok(sp_path_remove_tree(dir, "deep", &err) == 0,
           "a tree as deep as may be is removed");
    make_deep(dir, 33);
    tap_ok(sp_path_remove_tree(dir, "deep", &err) == -1 && err.sys == ELOOP,
           "a deeper one is refused, not recursed into");
}

static bool
holds(int dir, const char *name, const char *want)
{
    SP_AUTO_FREE char *got = NULL;
    size_t len;

    return sp_read_file(dir, name, 4096, &got, &len, NULL) == 0 &&
           strcmp(got, want) == 0;
}

/* Who was started without a standard input gets its number for a file. */
static void
test_without_input(int dir)
{
    struct sp_error err = {0};
    int input = fcntl(0, F_DUPFD_CLOEXEC, 3), fd;
    DIR *list;

    make_deep(dir, 3);
    (void)close(0);
    fd = sp_path_open_dir(dir, "deep", &err);
    tap_is_u64((uint64_t)fd, 0, "descriptor 0 is one");
    (void)close(0);
    list = sp_path_list(dir, "deep");
    tap_ok(list != NULL && closedir(list) == 0, "a folder is listed by it");
    tap_ok(sp_path_sync_dir(AT_FDCWD, &err) == 0, "a folder is synced by it");
    tap_ok(sp_path_replace_file(dir, "f", "zero\n", 5, 0600, &err) == 0 &&
               holds(dir, "f", "zero\n"),
           "a file is replaced by it");
    tap_ok(sp_path_remove_tree(dir, "deep", &err) == 0 &&
               !is_there(dir, "deep"),
           "a tree is removed by it");
    if (input >= 0 && dup2(input, 0) < 0)
        tap_ok(false, "opening the standard input again");
    (void)close(input);
}

static void
test_replace(int dir)
{
    struct sp_error err = {0};
    char long_name[256];
    struct stat st;

    (void)umask(077);
    tap_ok(sp_path_replace_file(dir, "f", "one\n", 4, 0644, &err) == 0 &&
               holds(dir, "f", "one\n"),
           "a file is made");
    tap_ok(fstatat(dir, "f", &st, 0) == 0 && (st.st_mode & 07777) == 0644,
           "its mode is exact, whatever the umask");
    (void)umask(022);
    tap_ok(sp_path_replace_file(dir, "f", "second\n", 7, 0600, &err) == 0 &&
               holds(dir, "f", "second\n"),
           "and replaced");
    tap_ok(!is_there(dir, ".f.new"), "no temporary file stays");
    plant_link(dir, ".g.new", "f");
    errno = EIO; /* of a call before */
    tap_ok(sp_path_replace_file(dir, "g", "third\n", 6, 0600, &err) == 0 &&
               holds(dir, "g", "third\n") && holds(dir, "f", "second\n"),
           "a link planted under the temporary name is not followed");
    (void)mkdirat(dir, "folder", 0700);
    tap_ok(sp_path_replace_file(dir, "folder", "x", 1, 0600, &err) == -1 &&
               !is_there(dir, ".folder.new"),
           "a failed replacement leaves nothing");
    memset(long_name, 'n', 255);
    long_name[250] = '\0';
    tap_ok(sp_path_replace_file(dir, long_name, "long\n", 5, 0600, &err) == 0 &&
               holds(dir, long_name, "long\n"),
           "a name as long as may be");
    long_name[250] = 'n';
    long_name[251] = '\0';
    tap_ok(sp_path_replace_file(dir, long_name, "x", 1, 0600, &err) == -1 &&
               err.sys == ENAMETOOLONG,
           "a name without room for the temporary one is refused");
}

static void
test_flip(int dir)
{
    struct sp_error err = {0};
    char target[16] = "", long_name[256] = "";

    plant_link(dir, ".current.new", "f");
    errno = EIO; /* of a call before */
    tap_ok(sp_path_flip_link(dir, "current", "g/1", &err) == 0 &&
               sp_path_flip_link(dir, "current", "g/2", &err) == 0 &&
               readlinkat(dir, "current", target, sizeof(target) - 1) == 3,
           "a link is flipped");
    tap_is_str(target, "g/2", "... to its new target");
    tap_ok(!is_there(dir, ".current.new"), "... and no other link stays");
    tap_ok(sp_path_flip_link(dir, "folder", "g/2", &err) == -1 &&
               !is_there(dir, ".folder.new"),
           "a directory is not replaced by a link");
    memset(long_name, 'n', 255);
    tap_ok(sp_path_flip_link(dir, long_name, "g/2", &err) == -1 &&
               err.sys == ENAMETOOLONG,
           "a name without room for the temporary one is refused");
    tap_ok(sp_path_sync_dir(dir, &err) == 0 &&
               sp_path_sync_dir(AT_FDCWD, &err) == 0,
           "directories are synced");
    tap_ok(sp_path_sync_dir(-1, &err) == -1, "no directory is not");
}

static int
replace(int dir, const char *call, unsigned n, struct sp_error *err)
{
    int status;

    memset(err, 0, sizeof(*err));
    faults_begin(call, n);
    status = sp_path_replace_file(dir, "synced", "x", 1, 0600, err);
    (void)faults_end();
    return status;
}

/* A file is on the disk before its name is, its name before we go on. */
static void
test_syncs(int dir)
{
    struct sp_error err = {0};

    tap_ok(replace(dir, "none", 1, &err) == 0, "a file is replaced");
    tap_is_str(faults_order, "frd", "synced, renamed, its folder synced");
    tap_ok(replace(dir, "fsync", 1, &err) < 0, "a file that cannot be synced");
    tap_is_str(faults_order, "f", "does not get its name");
    tap_ok(!is_there(dir, ".synced.new"), "and is removed");
    tap_ok(replace(dir, "unlinkat", 1, &err) < 0,
           "one that is in the way and cannot be removed");
    tap_ok(replace(dir, "renameat", 1, &err) < 0,
           "a file that cannot be renamed");
    tap_ok(!is_there(dir, ".synced.new"), "is removed");
    tap_ok(replace(dir, "fsync", 2, &err) < 0,
           "a folder that cannot be synced");
    faults_begin("openat", 1);
    tap_ok(sp_path_sync_dir(AT_FDCWD, &err) < 0 && err.sys == EIO,
           "the folder where we are, which cannot be opened");
    faults_begin("openat", 1);
    tap_ok(sp_path_sync_dir(dir, &err) == 0 && !faults_end(),
           "one that is open is not opened");
    faults_begin("none", 1);
    tap_ok(sp_path_sync_dir(AT_FDCWD, &err) == 0, "the folder where we are");
    tap_is_str(faults_order, "d", "is synced too");
    (void)faults_end();
}

int
main(void)
{
    struct sp_error err = {0};
    SP_AUTO_FD dir = -1;

    if (!mkdtemp(scratch))
        return 1;
    dir = sp_path_open_dir(AT_FDCWD, scratch, &err);
    test_open_dir(dir);
    test_make(dir);
    test_remove(dir);
    test_remove_locked(dir);
    test_remove_foreign(dir);
    test_remove_ours(dir);
    test_remove_others(dir);
    test_replace(dir);
    test_flip(dir);
    test_syncs(dir);
    test_without_input(dir);
    tap_ok(sp_path_remove_tree(AT_FDCWD, scratch, &err) == 0,
           "the scratch directory is removed");
    if (mkdir(scratch, 0700) == 0) {
        SP_AUTO_FD again = sp_path_open_dir(AT_FDCWD, scratch, &err);

        test_remove_deep(again);
        /* From below, in two steps, since one is refused. */
        (void)sp_path_remove_tree(again,
                                  "deep/deep/deep/deep/deep/deep/deep/"
                                  "deep/deep/deep",
                                  &err);
        (void)sp_path_remove_tree(AT_FDCWD, scratch, &err);
    }
    tap_is_str(faults_careless, "", "what is opened is opened with care");
    tap_ok(faults_standard_open(), "standard descriptors are left alone");
    return tap_done();
}
