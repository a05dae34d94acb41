/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses, the file carrier, the standard streams, ceilings. */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"
#include "tests/unit/tap.h"
#include "transports/transport.h"

static struct sp_error err;
static char dir[] = "/tmp/sp-transport.XXXXXX";

static const char *
in_dir(const char *name)
{
    static char path[4][256];
    static unsigned turn;
    char *dst = path[turn++ % 4];

    (void)snprintf(dst, sizeof(path[0]), "%s/%s", dir, name);
    return dst;
}

static unsigned
count_entries(void)
{
    SP_AUTO_DIR *d = opendir(dir);
    unsigned n = 0;

    while (d && readdir(d))
        n++;
    return n - 2;
}

static void
put_file(const char *name, const char *text)
{
    SP_AUTO_FD fd =
        open(in_dir(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    (void)sp_write_full(fd, text, strlen(text));
}

static void
is_content(const char *name, const char *want, const char *what)
{
    char *buf = NULL;
    size_t len = 0;

    if (sp_read_file(AT_FDCWD, in_dir(name), 1000, &buf, &len, &err) < 0) {
        tap_is_str(NULL, want, "%s", what);
        return;
    }
    tap_is_str(buf, want, "%s", what);
    free(buf);
}

static void
test_addresses(void)
{
    static const struct {
        const char *text, *scheme, *rest;
    } good[] = {
        {"a.bundle", "file", "a.bundle"},
        {"file:a", "file", "a"},
        {"file:/a:b", "file", "/a:b"},
        {"./a:b", "file", "./a:b"},
        {"/x/a:b", "file", "/x/a:b"},
        {"-", "-", ""},
        {"-x", "file", "-x"},
    };
    static const struct {
        const char *text, *detail;
    } bad[] = {
        {"", "usage"},
        {"nowhere:x", "no-transport"},
        {":x", "no-transport"},
        {"-:x", "no-transport"},
        {"a-scheme-that-is-too-long:x", "no-transport"},
        {"FILE:x", "no-transport"},
        {"http://host/x", "no-transport"},
    };
    struct sp_address address;
    char path[5000];

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        memset(&address, 0, sizeof(address));
        tap_ok(sp_address_parse(good[i].text, &address, &err) == 0 &&
                   strcmp(address.scheme, good[i].scheme) == 0 &&
                   strcmp(address.rest, good[i].rest) == 0,
               "address '%s'", good[i].text);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        tap_ok(sp_address_parse(bad[i].text, &address, &err) == -1,
               "no address '%s'", bad[i].text);
        tap_is_str(err.detail, bad[i].detail, "its word");
    }
    (void)sp_address_parse("nowhere:x", &address, &err);
    tap_ok(strstr(err.msg, "file:") != NULL, "the known schemes are listed");
    memset(path, 'a', sizeof(path));
    path[4095] = '\0';
    tap_ok(sp_address_parse(path, &address, &err) == 0, "4095 bytes");
    path[4095] = 'a';
    path[4096] = '\0';
    tap_ok(sp_address_parse(path, &address, &err) == -1, "4096 bytes");
}

static void
test_read(void)
{
    struct sp_transport t;
    char buf[16] = "";

    put_file("in", "0123456789");
    tap_ok(sp_transport_open(&t, in_dir("in"), SP_DIR_READ, 10, &err) == 0,
           "open");
    tap_is_u64(t.known_size, 10, "known size");
    tap_ok(t.fd >= 0 && (t.ops->caps & SP_CAP_PLAIN_FD), "plain descriptor");
    tap_is_u64((uint64_t)sp_transport_read(&t, buf, sizeof(buf), &err), 10,
               "exactly the ceiling");
    tap_ok(sp_transport_read(&t, buf, sizeof(buf), &err) == 0, "the end");
    tap_ok(sp_transport_read(&t, buf, sizeof(buf), &err) == 0, "and again");
    sp_transport_close(&t);
    sp_transport_close(&t);

    tap_ok(sp_transport_open(&t, in_dir("in"), SP_DIR_READ, 9, &err) == -1,
           "a file above the ceiling");
    tap_is_str(err.detail, "too-long", "its word");
}

static void
test_read_grows(void)
{
    struct sp_transport t;
    char buf[16] = "";

    put_file("grows", "0123");
    (void)sp_transport_open(&t, in_dir("grows"), SP_DIR_READ, 6, &err);
    put_file("grows", "0123456789");
    tap_ok(sp_transport_read(&t, buf, 4, &err) == 4, "within the ceiling");
    tap_ok(sp_transport_read(&t, buf, sizeof(buf), &err) == -1, "beyond it");
    tap_is_str(err.detail, "too-long", "its word");
    tap_ok(sp_transport_read(&t, buf, sizeof(buf), &err) == -1, "for good");
    sp_transport_close(&t);
}

static void
test_refused(enum sp_direction direction)
{
    static const struct {
        const char *name, *detail, *hint;
        enum sp_direction only;
    } cases[] = {
        {"missing", "not-found", "cannot open", SP_DIR_READ},
        {"missing/x", "not-found", "directory", SP_DIR_WRITE},
        {"folder", "io", "is a directory", 0},
        {"fifo", "io", "'-'", 0},
        {"link", "io", "symbolic link", SP_DIR_WRITE},
        {"folder/", "usage", "names no file", SP_DIR_WRITE},
        {"folder/..", "usage", "names no file", SP_DIR_WRITE},
    };
    unsigned before = count_entries();
    struct sp_transport t;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (cases[i].only && cases[i].only != direction)
            continue;
        tap_ok(sp_transport_open(&t, in_dir(cases[i].name), direction, 0,
                                 &err) == -1,
               "%s: %s", cases[i].name,
               direction == SP_DIR_READ ? "read" : "write");
        tap_is_str(err.detail, cases[i].detail, "its word");
        tap_ok(strstr(err.msg, cases[i].hint) != NULL, "%s", err.msg);
        sp_transport_close(&t);
    }
    tap_ok(sp_transport_open(&t, "/dev/zero", direction, 0, &err) == -1,
           "a device");
    tap_is_u64(count_entries(), before, "nothing was made");
}

static void
test_write(void)
{
    struct sp_transport t;
    struct stat st;

    (void)umask(027);
    put_file("out", "old");
    (void)sp_transport_open(&t, in_dir("out"), SP_DIR_WRITE, 5, &err);
    tap_ok(sp_transport_write(&t, "new", 3, &err) == 0, "write");
    is_content("out", "old", "the old one stays until finish");
    tap_ok(sp_transport_finish(&t, &err) == 0, "finish");
    is_content("out", "new", "then it is the new one");
    (void)stat(in_dir("out"), &st);
    tap_is_u64(st.st_mode & 0777, 0640, "mode as the umask wants");
    sp_transport_close(&t);
    is_content("out", "new", "close keeps what was finished");

    (void)sp_transport_open(&t, in_dir("out"), SP_DIR_WRITE, 5, &err);
    tap_ok(sp_transport_write(&t, "12345", 5, &err) == 0, "the ceiling");
    tap_ok(sp_transport_write(&t, "6", 1, &err) == -1, "one byte more");
    tap_is_str(err.detail, "too-long", "its word");
    tap_ok(sp_transport_finish(&t, &err) == -1, "then it cannot be finished");
    sp_transport_close(&t);
    sp_transport_close(&t);
    is_content("out", "new", "and the old one stays");
}

/* From where the file stands, and no more than there is. */
static void
test_write_file(void)
{
    SP_AUTO_FD file = -1;
    struct sp_transport t;

    put_file("from", "0123456789");
    file = open(in_dir("from"), O_RDONLY | O_CLOEXEC);
    (void)sp_transport_open(&t, in_dir("out"), SP_DIR_WRITE, 9, &err);
    (void)lseek(file, 2, SEEK_SET);
    tap_ok(sp_transport_write(&t, "a", 1, &err) == 0 &&
               sp_transport_write_file(&t, file, 3, &err) == 3 &&
               sp_transport_write(&t, "b", 1, &err) == 0,
           "a piece of a file");
    tap_ok(sp_transport_write_file(&t, file, 5, &err) == -1,
           "a piece beyond the ceiling");
    tap_is_str(err.detail, "too-long", "its word");
    sp_transport_close(&t);

    (void)lseek(file, 2, SEEK_SET);
    (void)sp_transport_open(&t, in_dir("out"), SP_DIR_WRITE, 0, &err);
    tap_ok(sp_transport_write_file(&t, file, 100, &err) == 8, "its rest");
    tap_ok(sp_transport_write_file(&t, file, 100, &err) == 0, "its end");
    tap_is_u64(t.bytes, 8, "bytes are counted");
    tap_ok(sp_transport_finish(&t, &err) == 0, "finish");
    sp_transport_close(&t);
    is_content("out", "23456789", "and nothing but it");
    (void)sp_transport_open(&t, in_dir("out"), SP_DIR_WRITE, 0, &err);
    tap_ok(sp_transport_write_file(&t, -1, 1, &err) == -1, "no file");
    tap_is_str(err.detail, "io", "its word");
    sp_transport_close(&t);
}

/* Runs with descriptor `fd` replaced by `with`. */
static void
test_stdio(void)
{
    struct sp_transport t;
    char buf[8] = "";
    int ends[2];
    int old_in = fcntl(0, F_DUPFD_CLOEXEC, 10);
    int old_out = fcntl(1, F_DUPFD_CLOEXEC, 10);
    bool read_good, write_good;
    int at_end, gone;

    (void)signal(SIGPIPE, SIG_IGN);
    (void)!pipe2(ends, O_CLOEXEC);
    (void)dup2(ends[0], 0);
    (void)dup2(ends[1], 1);
    (void)close(ends[0]);
    (void)close(ends[1]);
    write_good = sp_transport_open(&t, "-", SP_DIR_WRITE, 0, &err) == 0 &&
                 sp_transport_write(&t, "abc", 3, &err) == 0 &&
                 sp_transport_finish(&t, &err) == 0;
    sp_transport_close(&t);
    (void)dup2(old_out, 1);
    read_good = sp_transport_open(&t, "-", SP_DIR_READ, 0, &err) == 0 &&
                sp_transport_read(&t, buf, sizeof(buf), &err) == 3;
    at_end = (int)sp_transport_read(&t, buf, sizeof(buf), &err);
    sp_transport_close(&t);

    (void)!pipe2(ends, O_CLOEXEC);
    (void)dup2(ends[1], 1);
    (void)close(ends[0]);
    (void)close(ends[1]);
    (void)sp_transport_open(&t, "-", SP_DIR_WRITE, 0, &err);
    gone = sp_transport_write(&t, "abc", 3, &err);
    sp_transport_close(&t);
    (void)dup2(old_out, 1);
    (void)dup2(old_in, 0);
    (void)close(old_in);
    (void)close(old_out);
    tap_ok(write_good, "standard output");
    tap_ok(read_good && at_end == 0, "standard input and its end");
    tap_ok(gone == -1, "a reader that is gone");
    tap_is_str(err.detail, "peer-gone", "its word");
}

/* With `out` as standard output, which is closed. */
static ssize_t
move_to_stdout(int out)
{
    SP_AUTO_FD file = open(in_dir("from"), O_RDONLY | O_CLOEXEC);
    SP_AUTO_FD old = fcntl(1, F_DUPFD_CLOEXEC, 10);
    struct sp_transport t;
    ssize_t n;

    (void)dup2(out, 1);
    (void)close(out);
    (void)sp_transport_open(&t, "-", SP_DIR_WRITE, 0, &err);
    n = sp_transport_write_file(&t, file, 4, &err);
    sp_transport_close(&t);
    (void)dup2(old, 1);
    return n;
}

static void
test_stdio_file(void)
{
    char buf[8] = "";
    int ends[2];

    (void)!pipe2(ends, O_CLOEXEC);
    tap_ok(move_to_stdout(ends[1]) == 4, "a file to a pipe");
    tap_ok(read(ends[0], buf, sizeof(buf)) == 4 && strcmp(buf, "0123") == 0,
           "its bytes");
    (void)close(ends[0]);
    tap_ok(move_to_stdout(
               open(in_dir("out"), O_WRONLY | O_APPEND | O_CLOEXEC)) == 0,
           "to a file that is open for appending it is read and written");
    (void)!pipe2(ends, O_CLOEXEC);
    (void)close(ends[0]);
    tap_ok(move_to_stdout(ends[1]) == -1, "to nobody");
    tap_is_str(err.detail, "peer-gone", "its word");
}

int
main(void)
{
    if (!mkdtemp(dir))
        return 1;
    (void)mkdir(in_dir("folder"), 0700);
    (void)mkfifo(in_dir("fifo"), 0600);
    (void)!symlink("fifo", in_dir("link"));
    test_addresses();
    test_read();
    test_read_grows();
    test_refused(SP_DIR_READ);
    test_refused(SP_DIR_WRITE);
    test_write();
    test_write_file();
    test_stdio();
    test_stdio_file();
    tap_is_u64(count_entries(), 7, "no temporary file is left");
    (void)unlink(in_dir("in"));
    (void)unlink(in_dir("grows"));
    (void)unlink(in_dir("out"));
    (void)unlink(in_dir("from"));
    (void)unlink(in_dir("fifo"));
    (void)unlink(in_dir("link"));
    (void)rmdir(in_dir("folder"));
    (void)rmdir(dir);
    return tap_done();
}
