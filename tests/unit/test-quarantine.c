/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The quarantine: made, filled, staged from, gone; each call fails. */
#include "ingest/quarantine.h"

#include <sys/file.h>
#include <time.h>

#include "tests/unit/faults.h"
#include "tests/unit/repository.h"

#define ID "00112233445566778899aabbccddeeff"
#define NAME ID ".UNTRUSTED"

static struct sp_error err;
static struct sp_quarantine q;

static const struct timespec *fake_now; /* NULL: the true time */

int
clock_gettime(clockid_t clock, struct timespec *ret)
{
    CALLS_TRUE(int, "clock_gettime", clockid_t, struct timespec *);

    if (!fake_now)
        return call(clock, ret);
    *ret = *fake_now;
    return 0;
}

int
flock(int fd, int operation)
{
    CALLS_TRUE(int, "flock", int, int);

    FAULTS_CALL("flock", -1, fd, operation);
}

static bool is_stranger; /* nothing here is ours */

uid_t
geteuid(void)
{
    return getuid() + is_stranger;
}

static unsigned
mode_of(int dirfd, const char *path)
{
    struct stat st;

    return fstatat(dirfd, path, &st, AT_SYMLINK_NOFOLLOW) < 0
               ? 0
               : (unsigned)st.st_mode & 07777;
}

static void
must(int status)
{
    if (status < 0)
        tap_ok(false, "preparing: %s", strerror(errno));
}

static void
test_id(void)
{
    char first[33] = "", second[33] = "", now[17];
    unsigned long long before = (unsigned long long)time(NULL) * 1000000;

    tap_ok(sp_quarantine_id(first, &err) == 0, "an id");
    while (strncmp(first, second, 16) == 0 || !second[0])
        (void)sp_quarantine_id(second, &err);
    tap_ok(strlen(first) == 32 && sp_text_is_hex(first, 32), "32 digits");
    (void)snprintf(now, sizeof(now), "%016llx", before);
    tap_ok(strncmp(now, first, 16) <= 0, "the time, in microseconds");
    (void)snprintf(now, sizeof(now), "%016llx", before + 3000000);
    tap_ok(strncmp(first, now, 16) < 0, "and no other");
    tap_ok(strcmp(first, second) < 0, "a later one is greater");
    tap_ok(strcmp(first + 16, second + 16) != 0, "the rest is chance");
    fake_now = &(const struct timespec){.tv_sec = 1000, .tv_nsec = 999999999};
    tap_ok(sp_quarantine_id(first, &err) == 0 &&
               strncmp(first, "000000003baa0c3f", 16) == 0,
           "to the last microsecond of a second: %s", first);
    fake_now = NULL;
    faults_begin("getrandom", 1);
    tap_ok(sp_quarantine_id(first, &err) == -1, "no chance, no id");
    (void)faults_end();
}

static void
test_leftovers(void)
{
    static const char *const others[] = {
        "00112233445566778899aabbccddeef.UNTRUSTED",
        "00112233445566778899aabbccddeeff0.UNTRUSTED",
        "00112233445566778899aabbccddeefg.UNTRUSTED",
        "00112233445566778899aabbccddeeff.UNTRUSTEd", "generations"};
    bool found = true;

    repository_anew();
    for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
        plant(others[i], NULL);
    tap_ok(sp_quarantine_leftover(&state, &found, &err) == 0 && !found,
           "none is left over");
    tap_ok(sp_quarantine_sweep(&state, &err) == 0, "nothing to sweep");
    plant(NAME "/packages/000001.rpm", "bytes");
    plant("ff" ID, NULL);
    plant("11112233445566778899aabbccddeeff.UNTRUSTED", "a file");
    tap_ok(sp_quarantine_leftover(&state, &found, &err) == 0 && found,
           "two are left over");
    tap_ok(sp_quarantine_sweep(&state, &err) == 0, "they are swept");
    tap_ok(sp_quarantine_leftover(&state, &found, &err) == 0 && !found &&
               !is_there(NAME),
           "and gone");
    for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
        tap_ok(is_there(others[i]), "'%s' stays", others[i]);
    faults_begin("fdopendir", 1);
    tap_ok(sp_quarantine_leftover(&state, &found, &err) < 0,
           "who cannot look says so");
    (void)faults_end();
}

static void
test_make(void)
{
    repository_anew();
    plant("11112233445566778899aabbccddeeff.UNTRUSTED/packages/1", "bytes");
    tap_ok(sp_quarantine_make(&state, ID, &q, &err) == 0, "made");
    tap_ok(!is_there("11112233445566778899aabbccddeeff.UNTRUSTED"),
           "that of a dead run is gone");
    tap_is_str(q.id, ID, "id");
    tap_is_str(q.name, NAME, "name");
    tap_ok(strncmp(q.path, state.repo_path, strlen(state.repo_path)) == 0 &&
               strcmp(q.path + strlen(state.repo_path), "/" NAME) == 0,
           "path");
    tap_is_u64(mode_of(state.repo_fd, NAME), 0700, "private");
    tap_is_u64(mode_of(q.fd, "packages"), 0700, "packages");
    tap_is_u64(mode_of(q.fd, "messages"), 0700, "messages");
    tap_is_u64(mode_of(q.fd, "index"), 0700, "index");
    tap_is_u64(mode_of(q.fd, "stage"), 0700, "stage");
    tap_is_u64(mode_of(q.fd, "stage/rpm"), 0755, "what readers will see");
    tap_is_u64(mode_of(q.stage_fd, "rpm"), 0755, "the stage is open");
    (void)mkdirat(q.packages_fd, "x", 0700);
    tap_is_u64(mode_of(q.fd, "packages/x"), 0700, "packages are open");
    sp_quarantine_destroy(&q);
    tap_ok(!is_there(NAME) && q.fd == -1 && q.packages_fd == -1 &&
               q.stage_fd == -1 && q.name[0] == '\0',
           "and gone");
    tap_ok(q.parent_fd == state.repo_fd, "the repository stays open");
    tap_ok(sp_quarantine_make(&state, ID, &q, &err) == 0, "once more");
    faults_begin("fdopendir", 1);
    sp_quarantine_destroy(&q);
    tap_ok(faults_end() && !is_there(NAME),
           "a fault that lasts for a moment does not keep it");
    sp_quarantine_destroy(&q);
}

static void
test_scratch(void)
{
    struct stat st;

    tap_ok(sp_quarantine_scratch(&q, &err) == 0, "a scratch place");
    tap_ok(strncmp(q.path, "/tmp/sallyport-", 15) == 0 &&
               strcmp(q.path + 5, q.name) == 0,
           "below /tmp");
    tap_is_u64(mode_of(AT_FDCWD, q.path), 0700, "private");
    tap_is_u64(mode_of(q.fd, "messages"), 0700, "messages");
    tap_is_u64(mode_of(q.fd, "packages"), 0700, "packages");
    tap_ok(q.stage_fd >= 0 && strlen(q.id) == 32 && q.packages_fd >= 0,
           "as another one");
    tap_ok((fcntl(q.parent_fd, F_GETFD) & FD_CLOEXEC) != 0,
           "no program gets /tmp");
    sp_quarantine_destroy(&q);
    tap_ok(stat(q.path, &st) < 0 && q.parent_fd == -1, "and gone");
}

/* A folder in /tmp that has not been written to for this long. */
static void
make_old(char *path, mode_t mode, time_t seconds)
{
    const struct timespec times[2] = {{.tv_sec = time(NULL) - seconds},
                                      {.tv_sec = time(NULL) - seconds}};

    if (!mkdtemp(path) || chmod(path, mode) < 0 ||
        utimensat(AT_FDCWD, path, times, 0) < 0)
        tap_ok(false, "cannot make '%s'", path);
}

static bool
make_old_file(const char *path)
{
    const struct timespec times[2] = {{.tv_sec = 1}, {.tv_sec = 1}};
    SP_AUTO_FD fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0700);

    return fd >= 0 && fchmod(fd, 0700) == 0 && futimens(fd, times) == 0;
}

static bool
stays(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0;
}

static void
test_tidy(void)
{
    char dead[] = "/tmp/sallyport-XXXXXX", young[] = "/tmp/sallyport-XXXXXX";
    char held[] = "/tmp/sallyport-XXXXXX", open_one[] = "/tmp/sallyport-XXXXXX";
    char other[] = "/tmp/sallyport-x-XXXXXX", link[] = "/tmp/sallyport-XXXXXX";
    char file[] = "/tmp/sallyport-XXXXXX", near[] = "/tmp/sallyport_XXXXXX";
    char entered[] = "/tmp/sallyport-XXXXXX", inside[64];
    int fd;

    make_old(dead, 0700, 61);
    (void)snprintf(inside, sizeof(inside), "%s/stage", dead);
    make_old(young, 0700, 50);
    make_old(held, 0700, 61);
    make_old(open_one, 0755, 61);
    make_old(other, 0700, 61);
    make_old(near, 0700, 61);
    make_old(entered, 0701, 61);
    make_old(link, 0700, 61);
    tap_ok(rmdir(link) == 0 && symlink(other, link) == 0,
           "a link of such a name");
    make_old(file, 0700, 61);
    tap_ok(rmdir(file) == 0 && make_old_file(file), "a file of such a name");
    is_stranger = true;
    sp_quarantine_tidy();
    is_stranger = false;
    tap_ok(stays(dead), "what is somebody else's stays");
    fd = open(held, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    tap_ok(flock(fd, LOCK_EX | LOCK_NB) == 0, "one that is used");
    sp_quarantine_tidy();
    tap_ok(!stays(dead), "what a dead run left is gone");
    faults_begin("opendir", 1);
    sp_quarantine_tidy();
    tap_ok(faults_end(), "who cannot look does not mind");
    tap_ok(stays(held), "what is used stays");
    tap_ok(stays(young), "so does what may be used in a moment");
    tap_ok(stays(open_one) && stays(other) && stays(link) && stays(file) &&
               stays(near) && stays(entered),
           "and what we have not made");
    (void)close(fd);
    sp_quarantine_tidy();
    tap_ok(!stays(held), "once it is not used it goes");
    (void)unlink(link);
    (void)unlink(file);
    (void)rmdir(young);
    (void)rmdir(open_one);
    (void)rmdir(other);
    (void)rmdir(near);
    (void)rmdir(entered);
    tap_ok(sp_quarantine_scratch(&q, &err) == 0, "a scratch place");
    fd = open(q.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    tap_ok(flock(fd, LOCK_EX | LOCK_NB) < 0, "is held");
    (void)close(fd);
    sp_quarantine_destroy(&q);
}

static struct sp_package
package(const char *bytes)
{
    struct sp_package p = {.index = 1,
                           .facts = {.nevra = {.name = "bash",
                                               .version = "5.1",
                                               .release = "2",
                                               .arch = "noarch"},
                                     .build_time = 1234567890,
                                     .file_bytes = strlen(bytes)}};

    return p;
}

/* A quarantine with one package in it. */
static void
fresh(const char *bytes)
{
    sp_quarantine_destroy(&q);
    repository_anew();
    if (sp_quarantine_make(&state, ID, &q, &err) < 0)
        tap_ok(false, "making the quarantine");
    if (bytes)
        plant(NAME "/packages/000001.rpm", bytes);
    memset(&err, 0, sizeof(err));
}

/* The word of the refusal, "ok" when there is none. */
static const char *
stage(const struct sp_package *p)
{
    return sp_quarantine_stage(&q, p, &err) < 0 ? err.detail : "ok";
}

static void
test_stage(void)
{
    struct sp_package p = package("package");
    struct stat st;

    fresh("package");
    must(fchmodat(q.packages_fd, "000001.rpm", 0600, 0));
    tap_is_str(stage(&p), "ok", "staged");
    tap_ok(fstatat(q.stage_fd, "rpm/bash-5.1-2.noarch.rpm", &st,
                   AT_SYMLINK_NOFOLLOW) == 0 &&
               S_ISREG(st.st_mode) && (st.st_mode & 07777) == 0644 &&
               st.st_mtime == 1234567890 && st.st_atime == 1234567890,
           "its name, mode and time");
    tap_ok(sp_quarantine_empty(&q, &err) == 0, "nothing else is there");
    tap_is_str(stage(&p), "disagreement", "not twice");
    fresh("packages");
    tap_is_str(stage(&p), "disagreement", "another size");
    fresh("package");
    must(linkat(q.packages_fd, "000001.rpm", q.packages_fd, "x", 0));
    tap_is_str(stage(&p), "disagreement", "two links");
    tap_ok(sp_quarantine_empty(&q, &err) == -1, "something is left");
    tap_is_str(err.detail, "disagreement", "and the word");
    fresh(NULL);
    must(symlinkat("x", q.packages_fd, "000001.rpm"));
    tap_is_str(stage(&p), "disagreement", "a link");
    fresh(NULL);
    must(mkfifoat(q.packages_fd, "000001.rpm", 0600));
    p.facts.file_bytes = 0;
    tap_is_str(stage(&p), "disagreement", "a pipe");
    fresh("package");
    p = package("package");
    (void)close(openat(q.stage_fd, "rpm/bash-5.1-2.noarch.rpm",
                       O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    tap_is_str(stage(&p), "publish", "two packages of one name");
    fresh("package");
    memset(p.facts.nevra.name, 'x', sizeof(p.facts.nevra.name) - 1);
    memset(p.facts.nevra.version, 'x', sizeof(p.facts.nevra.version) - 1);
    memset(p.facts.nevra.release, 'x', sizeof(p.facts.nevra.release) - 1);
    tap_is_str(stage(&p), "nevra", "too long a name");
}

/* ---- each call fails ---- */

static bool
make(const char *call, unsigned n)
{
    int status;
    bool hit;

    sp_quarantine_destroy(&q);
    repository_anew();
    plant("11112233445566778899aabbccddeeff.UNTRUSTED/packages/1", "bytes");
    memset(&err, 0, sizeof(err));
    faults_begin(call, n);
    status = sp_quarantine_make(&state, ID, &q, &err);
    hit = faults_end();
    if (status < 0 && is_there(NAME))
        tap_ok(false, "%s %u fails, half a quarantine stays", call, n);
    if (status == 0 &&
        (q.fd < 0 || q.packages_fd < 0 || q.stage_fd < 0 ||
         is_there("11112233445566778899aabbccddeeff.UNTRUSTED") ||
         !is_there(NAME "/stage/rpm") || !is_there(NAME "/messages") ||
         !is_there(NAME "/index")))
        tap_ok(false, "%s %u fails and is not told", call, n);
    if (status < 0 && !faults_is_told(call, err.detail, err.sys))
        tap_ok(false, "%s %u fails without a word", call, n);
    return hit;
}

static bool
scratch(const char *call, unsigned n)
{
    struct sp_quarantine s = {.fd = -1, .packages_fd = -1, .stage_fd = -1};
    unsigned open_before = faults_open();
    int status;
    bool hit;

    memset(&err, 0, sizeof(err));
    faults_begin(call, n);
    status = sp_quarantine_scratch(&s, &err);
    hit = faults_end();
    if (status == 0 && hit)
        tap_ok(false, "%s %u fails and is not told", call, n);
    if (status < 0 && !faults_is_told(call, err.detail, err.sys))
        tap_ok(false, "%s %u fails without a word", call, n);
    if (status < 0 && s.name[0])
        tap_ok(false, "%s %u fails, and something is given", call, n);
    if (status == 0)
        sp_quarantine_destroy(&s);
    if (faults_made[0] && stays(faults_made))
        tap_ok(false, "%s %u fails, and the place stays", call, n);
    if (faults_open() != open_before)
        tap_ok(false, "%s %u fails, and something stays open", call, n);
    return hit;
}

static bool
stage_one(const char *call, unsigned n)
{
    struct sp_package p = package("package");
    int status;
    bool hit;

    fresh("package");
    faults_begin(call, n);
    status = sp_quarantine_stage(&q, &p, &err) < 0 ||
             sp_quarantine_empty(&q, &err) < 0 ||
             sp_quarantine_sweep(&state, &err) < 0;
    hit = faults_end();
    if (!status && (is_there(NAME) || strcmp(faults_order, "R") != 0 ||
                    (hit && strcmp(call, "unlinkat") != 0)))
        tap_ok(false, "%s %u fails and is not told", call, n);
    if (status && !faults_is_told(call, err.detail, err.sys))
        tap_ok(false, "%s %u fails without a word", call, n);
    return hit;
}

int
main(void)
{
    q = (struct sp_quarantine){.fd = -1, .packages_fd = -1, .stage_fd = -1};
    test_id();
    test_leftovers();
    test_make();
    test_scratch();
    test_tidy();
    test_stage();
    tap_ok(faults_sweep(make) > 15, "made: each call fails");
    faults_begin("flock", 1);
    tap_ok(sp_quarantine_scratch(&q, &err) < 0 && err.sys == EIO,
           "a place that cannot be held is none");
    (void)faults_end();
    tap_ok(!stays(faults_made), "nothing of it stays");
    tap_ok(faults_sweep(scratch) >= 8, "a scratch place: each call fails");
    tap_ok(faults_sweep(stage_one) > 10, "staged: each call fails");
    sp_quarantine_destroy(&q);
    repository_gone();
    tap_is_str(faults_careless, "", "what is opened is opened with care");
    tap_ok(faults_standard_open(), "standard descriptors are left alone");
    return tap_done();
}
