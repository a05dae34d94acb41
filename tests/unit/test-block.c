/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A device that is a file: the kernel's answers about it are made up here, so
 * that each of them can be wrong, and each call can fail.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/path.h"
#include "tests/unit/memory.h"
#include "tests/unit/tap.h"
#include "transports/transport.h"

enum { CHUNK = 4 * 1024 * 1024, DEVICE = 3 * CHUNK };

static char top[] = "/tmp/sp-block.XXXXXX";
static char image[64]; /* the device's bytes */
static ino_t image_ino;

/* What the kernel says; the size stands in sysfs too. */
static uint64_t said_size;
static int said_sector;
/* In place of an errno; with 0 a call returns nothing. */
enum { CORRUPT = -1 };

/* ---- the calls --------------------------------------------------------- */

/* /sys is ours; the device is opened as the file that it is. */
int
open(const char *path, int flags, ...)
{
    char ours[512];
    va_list args;
    mode_t mode;
    CALLS_TRUE(int, "open64", const char *, int, mode_t);

    va_start(args, flags);
    mode = va_arg(args, mode_t);
    va_end(args);
    if (strncmp(path, "/sys/", 5) == 0) {
        (void)snprintf(ours, sizeof(ours), "%s%s", top, path);
        return call(ours, flags, mode);
    }
    if (strncmp(path, "/proc/self/fd/", 14) == 0)
        flags &= ~(O_DIRECT | O_EXCL);
    return call(path, flags, mode);
}

ssize_t
readlink(const char *path, char *dst, size_t size)
{
    char ours[512];
    CALLS_TRUE(ssize_t, "readlink", const char *, char *, size_t);

    (void)snprintf(ours, sizeof(ours), "%s%s",
                   strncmp(path, "/sys/", 5) == 0 ? top : "", path);
    return call(ours, dst, size);
}

static int
disguise(int status, struct stat *st)
{
    if (status == 0 && st->st_ino == image_ino) {
        st->st_mode = S_IFBLK | 0600;
        st->st_rdev = makedev(7, 200);
    }
    return status;
}

int
stat(const char *path, struct stat *ret)
{
    CALLS_TRUE(int, "stat64", const char *, struct stat *);

    return disguise(call(path, ret), ret);
}

int
fstat(int fd, struct stat *ret)
{
    CALLS_TRUE(int, "fstat64", int, struct stat *);

    return calls_hit("fstat") ? -1 : disguise(call(fd, ret), ret);
}

int
ioctl(int fd, unsigned long request, ...)
{
    va_list args;
    void *ret;

    (void)fd;
    va_start(args, request);
    ret = va_arg(args, void *);
    va_end(args);
    if (calls_hit(request == BLKSSZGET ? "sector" : "size"))
        return -1;
    if (request == BLKGETSIZE64)
        *(uint64_t *)ret = said_size;
    else if (request == BLKSSZGET)
        *(int *)ret = said_sector;
    else
        return -1;
    return 0;
}

/* Never more than this at once, as a kernel may. */
static size_t
some(size_t size)
{
    return size > 3 * 1024 * 1024 ? 3 * 1024 * 1024 : size;
}

ssize_t
pwrite(int fd, const void *bytes, size_t size, off_t offset)
{
    CALLS_TRUE(ssize_t, "pwrite64", int, const void *, size_t, off_t);

    if (calls_hit("pwrite"))
        return calls_errno == 0 ? 0 : -1;
    return call(fd, bytes, some(size), offset);
}

ssize_t
pread(int fd, void *bytes, size_t size, off_t offset)
{
    bool is_hit = calls_hit("pread");
    ssize_t n;
    CALLS_TRUE(ssize_t, "pread64", int, void *, size_t, off_t);

    if (is_hit && calls_errno != CORRUPT)
        return calls_errno == 0 ? 0 : -1;
    n = call(fd, bytes, some(size), offset);
    if (is_hit)
        *(uint8_t *)bytes ^= 1;
    return n;
}

int
fsync(int fd)
{
    (void)fd;
    return calls_hit("fsync") ? -1 : 0;
}

int
posix_memalign(void **ret, size_t align, size_t size)
{
    CALLS_TRUE(int, "posix_memalign", void **, size_t, size_t);

    return calls_hit("memalign") ? ENOMEM : call(ret, align, size);
}

/* ---- the machine ------------------------------------------------------- */

static void
put_fact(const char *name, const char *text)
{
    char path[256];
    SP_AUTO_FD fd = -1;

    (void)snprintf(path, sizeof(path), "%s/sys/block/loop200/%s", top, name);
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 || sp_write_full(fd, text, strlen(text)) < 0)
        printf("Bail out! '%s'\n", path);
}

static void
make_machine(void)
{
    char path[256];
    struct stat st;
    SP_AUTO_FD fd = -1;

    if (!mkdtemp(top))
        printf("Bail out! no scratch folder\n");
    (void)snprintf(path, sizeof(path), "%s/sys/dev/block", top);
    (void)sp_path_make_dirs(path, 0700, NULL);
    (void)snprintf(path, sizeof(path), "%s/sys/block/loop200/holders", top);
    (void)sp_path_make_dirs(path, 0700, NULL);
    (void)snprintf(path, sizeof(path), "%s/sys/dev/block/7:200", top);
    (void)!symlink("../../block/loop200", path);
    put_fact("dev", "7:200\n");
    put_fact("size", "24576\n");
    (void)snprintf(image, sizeof(image), "%s/image", top);
    fd = open(image, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || fstat(fd, &st) < 0)
        printf("Bail out! no image\n");
    image_ino = st.st_ino;
}

/* As it was plugged in: with something old on it. */
static void
plug_in(void)
{
    SP_AUTO_FD fd = open(image, O_RDWR | O_TRUNC | O_CLOEXEC);

    calls_fault = NULL;
    said_size = DEVICE;
    said_sector = 512;
    put_fact("ro", "0\n");
    put_fact("diskseq", "7\n");
    if (fd < 0 || sp_write_full(fd, "old", 3) < 0 || ftruncate(fd, DEVICE) < 0)
        printf("Bail out! '%s'\n", image);
}

static bool
begins_with(const char *text)
{
    SP_AUTO_FD fd = open(image, O_RDONLY | O_CLOEXEC);
    char found[8] = "";

    return fd >= 0 && read(fd, found, 3) == 3 && memcmp(found, text, 3) == 0;
}

/* ---- one write --------------------------------------------------------- */

static struct sp_error err;
static const char *refusal; /* of the one who is asked */

static int
confirm(void *data, const struct sp_overwrite *what, struct sp_error *ret)
{
    (void)data;
    if (refusal && strcmp(refusal, "confirm") == 0)
        return sp_fail(ret, "not-confirmed", "no");
    if (!what->never_asked || strcmp(what->phrase, "loop200") != 0)
        return sp_fail(ret, "internal", "asked for '%s'", what->phrase);
    return 0;
}

static int
watch(void *data, const char *phase, uint64_t done, uint64_t total,
      struct sp_error *ret)
{
    (void)data;
    if (refusal && strcmp(refusal, phase) == 0)
        return sp_fail(ret, "interrupted", "at %u of %u", (unsigned)done,
                       (unsigned)total);
    return 0;
}

static const struct sp_transport_user user = {NULL, confirm, watch};
static const struct sp_transport_user blind = {NULL, confirm, NULL};
static const struct sp_transport_user mute = {NULL, NULL, NULL};

/* *ret_harmed: the device may not be what it was. */
static int
write_bytes(const struct sp_transport_user *who, size_t size,
            void (*meanwhile)(void), bool *ret_harmed)
{
    static uint8_t bytes[DEVICE + 1] = "new";
    char address[128];
    struct sp_transport t;
    int status;

    memset(&err, 0, sizeof(err));
    (void)snprintf(address, sizeof(address), "block:%s", image);
    status = sp_transport_open_write(&t, address, who, &err);
    if (status == 0 && meanwhile)
        meanwhile();
    if (status == 0 && size > 0)
        status = sp_transport_write(&t, bytes, size, &err);
    if (status == 0)
        status = sp_transport_finish(&t, &err);
    *ret_harmed = t.harmed;
    sp_transport_close(&t);
    return status;
}

static void
refused(int status, bool harmed, bool may_harm, const char *word,
        const char *part)
{
    tap_ok(status < 0 && strcmp(err.detail, word) == 0 && strstr(err.msg, part),
           "'%s', '%s': %s, %s", word, part, err.detail, err.msg);
    tap_ok(may_harm ? harmed && !begins_with("new")
                    : !harmed && begins_with("old"),
           "%s", may_harm ? "no bundle stands there" : "nothing was harmed");
}

static void
test_good(void)
{
    static const size_t sizes[] = {3, 512, CHUNK, CHUNK + 1, DEVICE};
    bool harmed = false;

    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        plug_in();
        tap_ok(write_bytes(i % 2 ? &user : &blind, sizes[i], NULL, &harmed) ==
                       0 &&
                   harmed && begins_with("new"),
               "%zu bytes %s", sizes[i], err.msg);
    }
    plug_in();
    said_sector = 4096;
    tap_ok(write_bytes(&user, 3, NULL, &harmed) == 0, "large sectors");
}

static void
test_asked(void)
{
    bool harmed = false;
    int status;

    plug_in();
    status = write_bytes(NULL, 3, NULL, &harmed);
    refused(status, harmed, false, "not-confirmed", "nobody can be asked");
    status = write_bytes(&mute, 3, NULL, &harmed);
    refused(status, harmed, false, "not-confirmed", "nobody can be asked");
    refusal = "confirm";
    status = write_bytes(&user, 3, NULL, &harmed);
    refused(status, harmed, false, "not-confirmed", "no");
    refusal = "compare";
    status = write_bytes(&user, CHUNK + 1, NULL, &harmed);
    refused(status, harmed, true, "interrupted", "at 4194304 of 4194816");
    refusal = NULL;
    plug_in();
    status = write_bytes(&user, DEVICE + 1, NULL, &harmed);
    refused(status, harmed, false, "space", "too small");
    status = write_bytes(&user, 0, NULL, &harmed);
    refused(status, harmed, false, "empty", "nothing was written");
}

static void
test_facts(void)
{
    static const int sectors[] = {256, 128 * 1024, 768};
    char path[256], away[256];
    bool harmed = false;
    int status;

    for (size_t i = 0; i < 3; i++) {
        plug_in();
        said_sector = sectors[i];
        status = write_bytes(&user, 3, NULL, &harmed);
        refused(status, harmed, false, "device-unsafe", "has sectors of");
    }
    plug_in();
    said_size = 0;
    status = write_bytes(&user, 3, NULL, &harmed);
    refused(status, harmed, false, "no-medium", "no medium");
    said_size = DEVICE - 512;
    status = write_bytes(&user, 3, NULL, &harmed);
    refused(status, harmed, false, "io", "two sizes");
    plug_in();
    put_fact("ro", "1\n");
    status = write_bytes(&user, 3, NULL, &harmed);
    refused(status, harmed, false, "device-unsafe", "read-only");
    plug_in();
    (void)snprintf(path, sizeof(path), "%s/sys/dev/block/7:200", top);
    (void)snprintf(away, sizeof(away), "%s/sys/dev/block/away", top);
    (void)rename(path, away);
    status = write_bytes(&user, 3, NULL, &harmed);
    refused(status, harmed, false, "not-found", "knows no device");
    (void)rename(away, path);
    (void)snprintf(away, sizeof(away), "%s/image.away", top);
    (void)rename(image, away);
    status = write_bytes(&user, 3, NULL, &harmed);
    (void)rename(away, image);
    refused(status, harmed, false, "not-found", "cannot open");
    memory_end_at(1);
    status = write_bytes(&user, 3, NULL, &harmed);
    refused(status, harmed, false, "no-memory", "no memory");
    memory_end_at(2);
    status = write_bytes(&user, 3, NULL, &harmed);
    refused(status, harmed, false, "no-memory", "no memory to write");
    memory_end_at(0);
}

static void
change_medium(void)
{
    put_fact("diskseq", "8\n");
}

static void
lock_it(void)
{
    put_fact("ro", "1\n");
}

static void
shrink(void)
{
    said_size = 512;
}

/* Between the answer and the first byte. */
static void
test_meanwhile(void)
{
    bool harmed = false;
    int status;

    plug_in();
    status = write_bytes(&user, 3, change_medium, &harmed);
    refused(status, harmed, false, "device-unsafe", "another device now");
    plug_in();
    status = write_bytes(&user, 3, lock_it, &harmed);
    refused(status, harmed, false, "device-unsafe", "read-only");
    plug_in();
    status = write_bytes(&user, CHUNK, shrink, &harmed);
    refused(status, harmed, false, "io", "two sizes");
}

static void
test_calls(void)
{
    static const struct {
        const char *call;
        unsigned n;
        int sys;
        const char *word, *part;
        bool may_harm;
    } cases[] = {
        {"fstat", 1, EIO, "io", "cannot stat", false},
        {"fstat", 2, EIO, "io", "cannot stat", false},
        {"fstat", 3, EIO, "io", "cannot stat", false},
        {"size", 1, EIO, "io", "ask for the size", false},
        {"size", 2, EIO, "io", "ask for the size", false},
        {"sector", 1, EIO, "io", "ask for the sector size", false},
        {"memalign", 1, 0, "no-memory", "no memory to write", false},
        {"memalign", 2, 0, "no-memory", "no memory to write", false},
        {"pwrite", 1, EIO, "write-error", "between bytes 0 and 512", true},
        {"pwrite", 1, 0, "space", "No space left", true},
        {"pwrite", 2, EIO, "write-error", "between bytes 0 and 4194304", true},
        {"pwrite", 3, ENOSPC, "space", "3145728 and 4194304", true},
        {"pwrite", 4, EIO, "write-error", "4194304 and 4194816", true},
        {"pwrite", 5, EIO, "write-error", "between bytes 0 and 512", true},
        {"fsync", 1, EIO, "write-error", "cannot sync", true},
        {"pread", 1, EIO, "read-error", "between bytes 0 and 4194304", true},
        {"pread", 2, 0, "read-back", "ends at byte 3145728", true},
        {"pread", 1, CORRUPT, "read-back", "does not hold", true},
        {"pread", 3, CORRUPT, "read-back", "4194304 and 4194816", true},
    };
    bool harmed = false;
    int status;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        plug_in();
        calls_fail(cases[i].call, cases[i].n);
        calls_errno = cases[i].sys;
        status = write_bytes(&user, CHUNK + 1, NULL, &harmed);
        refused(status, harmed, cases[i].may_harm, cases[i].word,
                cases[i].part);
    }
}

/* The first sector stands there, and nobody may rely on it. */
static void
test_last_calls(void)
{
    static const struct {
        const char *call;
        unsigned n;
        int sys;
        const char *word;
    } cases[] = {
        {"fsync", 2, EIO, "write-error"},
        {"pread", 4, EIO, "read-error"},
        {"pread", 4, CORRUPT, "read-back"},
    };
    bool harmed = false;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        plug_in();
        calls_fail(cases[i].call, cases[i].n);
        calls_errno = cases[i].sys;
        tap_ok(write_bytes(&user, CHUNK + 1, NULL, &harmed) < 0 && harmed,
               "%s %u: %s", cases[i].call, cases[i].n, err.msg);
        tap_is_str(err.detail, cases[i].word, "its word");
    }
}

static void
test_signals(void)
{
    static const char *const calls[] = {"pwrite", "pread"};
    bool harmed = false;

    for (size_t i = 0; i < 2; i++) {
        plug_in();
        calls_fail(calls[i], 1);
        calls_errno = EINTR;
        tap_ok(write_bytes(&user, 3, NULL, &harmed) == 0 && calls_left == 0 &&
                   begins_with("new"),
               "%s goes on behind a signal", calls[i]);
    }
}

int
main(void)
{
    SP_AUTO_FD tmp = -1;

    make_machine();
    test_good();
    test_asked();
    test_facts();
    test_meanwhile();
    test_calls();
    test_last_calls();
    test_signals();
    tmp = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    (void)sp_path_remove_tree(tmp, strrchr(top, '/') + 1, NULL);
    return tap_done();
}
