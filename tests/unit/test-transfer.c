/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One download without a network: what the server answers, and what libcurl
 * makes of it, is said here. The cache is a true folder, which may be full.
 */
#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/path.h"
#include "base/sha256.h"
#include "build/answer.h"
#include "build/part.h"
#include "bundle/limits.h"
#include "tests/unit/aborts.h"
#include "tests/unit/memory.h"
#include "tests/unit/tap.h"

enum { LIMIT = 64 * 1024 * 1024 };

static char top[] = "/tmp/sp-transfer.XXXXXX";
static struct sp_cache cache;
static struct sp_error err;

/* ---- the server, the library and the disk ------------------------------ */

static struct {
    long status, verify;
    curl_off_t announced, retry_after, connected;
    const char *type;
} server;

static struct {
    CURLoption option; /* that the library refuses */
    bool no_handle, no_list;
    bool no_statvfs, other_user;
    uint64_t room; /* without what is kept back; 0: as it is */
    bool no_buffer, no_multi, no_share, no_sharing, no_library;
    int flock_sys, write_sys, read_sys, ftruncate_sys;
} machine;

#undef curl_easy_getinfo
#undef curl_easy_setopt
CURLcode
curl_easy_getinfo(CURL *easy, CURLINFO info, ...)
{
    va_list args;

    (void)easy;
    va_start(args, info);
    if (info == CURLINFO_RESPONSE_CODE)
        *va_arg(args, long *) = server.status;
    else if (info == CURLINFO_SSL_VERIFYRESULT)
        *va_arg(args, long *) = server.verify;
    else if (info == CURLINFO_CONTENT_LENGTH_DOWNLOAD_T)
        *va_arg(args, curl_off_t *) = server.announced;
    else if (info == CURLINFO_RETRY_AFTER)
        *va_arg(args, curl_off_t *) = server.retry_after;
    else if (info == CURLINFO_CONNECT_TIME_T)
        *va_arg(args, curl_off_t *) = server.connected;
    else if (info == CURLINFO_CONTENT_TYPE)
        *va_arg(args, const char **) = server.type;
    va_end(args);
    return CURLE_OK;
}

CURLcode
curl_easy_setopt(CURL *easy, CURLoption option, ...)
{
    (void)easy;
    return machine.option && option == machine.option ? CURLE_UNKNOWN_OPTION
                                                      : CURLE_OK;
}

CURL *
curl_easy_init(void)
{
    CALLS_TRUE(CURL *, "curl_easy_init", void);

    return machine.no_handle ? NULL : call();
}

struct curl_slist *
curl_slist_append(struct curl_slist *list, const char *line)
{
    CALLS_TRUE(struct curl_slist *, "curl_slist_append", struct curl_slist *,
               const char *);

    return machine.no_list ? NULL : call(list, line);
}

int
fstatvfs(int fd, struct statvfs *ret)
{
    CALLS_TRUE(int, "fstatvfs64", int, struct statvfs *);
    int status = machine.no_statvfs ? -1 : call(fd, ret);

    if (machine.room) {
        ret->f_frsize = 1;
        ret->f_bavail = machine.room;
    }
    return status;
}

uid_t
geteuid(void)
{
    CALLS_TRUE(uid_t, "geteuid", void);

    return call() + machine.other_user;
}

int
flock(int fd, int how)
{
    CALLS_TRUE(int, "flock", int, int);

    errno = machine.flock_sys;
    return machine.flock_sys ? -1 : call(fd, how);
}

ssize_t
write(int fd, const void *bytes, size_t size)
{
    CALLS_TRUE(ssize_t, "write", int, const void *, size_t);

    errno = machine.write_sys;
    return machine.write_sys ? -1 : call(fd, bytes, size);
}

ssize_t
read(int fd, void *bytes, size_t size)
{
    CALLS_TRUE(ssize_t, "read", int, void *, size_t);

    errno = machine.read_sys;
    return machine.read_sys ? -1 : call(fd, bytes, size);
}

void *
aligned_alloc(size_t align, size_t size)
{
    CALLS_TRUE(void *, "aligned_alloc", size_t, size_t);

    return machine.no_buffer ? NULL : call(align, size);
}

CURLcode
curl_global_init(long flags)
{
    CALLS_TRUE(CURLcode, "curl_global_init", long);

    return machine.no_library ? CURLE_FAILED_INIT : call(flags);
}

CURLM *
curl_multi_init(void)
{
    CALLS_TRUE(CURLM *, "curl_multi_init", void);

    return machine.no_multi ? NULL : call();
}

CURLSH *
curl_share_init(void)
{
    CALLS_TRUE(CURLSH *, "curl_share_init", void);

    return machine.no_share ? NULL : call();
}

#undef curl_share_setopt
CURLSHcode
curl_share_setopt(CURLSH *share, CURLSHoption option, ...)
{
    (void)share;
    (void)option;
    return machine.no_sharing ? CURLSHE_BAD_OPTION : CURLSHE_OK;
}

int
ftruncate(int fd, off_t size)
{
    CALLS_TRUE(int, "ftruncate64", int, off_t);

    errno = machine.ftruncate_sys;
    return machine.ftruncate_sys ? -1 : call(fd, size);
}

/* ---- one transfer ------------------------------------------------------ */

static struct sp_fetch_policy policy;
static struct sp_fetch_item item;
static struct sp_transfer t;
static bool stopped;

static int
is_stopped(void *data, struct sp_error *ret)
{
    (void)data;
    return stopped ? sp_fail(ret, "interrupted", "stopped") : 0;
}

static const struct sp_build_hooks hooks = {.stopped = is_stopped};

static bool
is_there(const char *suffix)
{
    char name[2 * SP_CACHE_NAME_MAX];
    struct stat st;

    (void)snprintf(name, sizeof(name), "%s%s", item.name, suffix);
    return fstatat(cache.dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

/* A file of the item's name, with an ending behind it. */
static void
put(const char *suffix, const char *text, off_t size)
{
    char name[2 * SP_CACHE_NAME_MAX];
    SP_AUTO_FD fd = -1;

    (void)snprintf(name, sizeof(name), "%s%s", item.name, suffix);
    fd = openat(cache.dirfd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
                0600);
    if (fd < 0 || sp_write_full(fd, text, strlen(text)) < 0 ||
        (size > 0 && ftruncate(fd, size) < 0))
        tap_ok(false, "writing '%s'", name);
}

/* A new one, of a file that nobody has heard of. */
static void
anew(void)
{
    static unsigned turn;
    static char url[64];

    sp_transfer_release(&t);
    (void)snprintf(url, sizeof(url), "https://h.example/%u", turn++);
    item = (struct sp_fetch_item){.url = url};
    policy = (struct sp_fetch_policy){.tries = 3, .max_file_bytes = LIMIT};
    memset(&server, 0, sizeof(server));
    memset(&machine, 0, sizeof(machine));
    memset(&err, 0, sizeof(err));
    server.status = 200;
    server.announced = -1;
    stopped = false;
}

static int
start(void)
{
    sp_transfer_release(&t);
    sp_transfer_init(&t, &cache, &policy, &item, &hooks);
    return sp_transfer_start(&t, &err);
}

static void
digest_of(const char *text, size_t size)
{
    uint8_t bytes[SP_SHA256_BYTES];

    sp_sha256(text, size, bytes);
    item.digest = sp_digest_sha256(bytes);
}

static void
header(const char *line)
{
    char copy[512];

    (void)snprintf(copy, sizeof(copy), "%s", line);
    if (sp_answer_header(copy, 1, strlen(line), &t) != strlen(line))
        tap_ok(false, "'%s' is taken", line);
}

static bool
body(const char *text)
{
    char copy[512];
    size_t len = strlen(text);

    memcpy(copy, text, len);
    return sp_answer_body(copy, 1, len, &t) == len;
}

static void
word(int status, const char *want, const char *part, const char *what)
{
    const struct sp_error *why = t.fault.code != SP_OK ? &t.fault : &err;

    tap_ok(status < 0 && strcmp(why->detail, want) == 0 &&
               strstr(why->msg, part),
           "%s: '%s' %s", what, why->detail, why->msg);
}

/* ---- headers ----------------------------------------------------------- */

static void
test_headers(void)
{
    char line[300] = "ETag: ";

    anew();
    tap_ok(start() == 0 && t.easy, "a try %s", err.msg);
    header("HTTP/1.1 200 OK\r\n");
    header("ETag:\t \"a\" \r\n");
    header("ETagged: \"b\"\r\n");
    header("X: y");
    tap_is_str(t.untrusted_etag, "\"a\"", "an ETag without its blanks");
    header("etag:\r\n");
    tap_is_str(t.untrusted_etag, "", "an empty one");
    header("ETag:");
    header("Last-Modified: today\r\n");
    tap_is_str(t.untrusted_modified, "today", "a date");
    memset(line + 6, 'x', 200);
    header(line);
    tap_is_str(t.untrusted_etag, "", "one that is too long is none");
    header("Content-Range: lines 5-9/10\r\n");
    header("Content-Range: bytes */10\r\n");
    tap_ok(!t.has_range, "no range of bytes");
    header("content-range: Bytes 5-9/10\r\n");
    tap_ok(t.has_range && t.range_start == 5, "a range");
    header("HTTP/1.1 206 Partial Content\r\n");
    tap_ok(!t.has_range && !t.untrusted_modified[0], "of another answer");
}

static void
test_validators(void)
{
    static const struct {
        const char *etag, *modified, *want;
    } cases[] = {
        {"ETag: \"a\"\r\n", "Last-Modified: x\r\n", "\"a\""},
        {"ETag: W/\"a\"\r\n", "Last-Modified: x\r\n", "x"},
        {"ETag: \"\x01\"\r\n", "Last-Modified: x\r\n", ""},
        {"ETag: \"\x7f\"\r\n", "Last-Modified: x\r\n", ""},
        {"X: y\r\n", "X: y\r\n", ""},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        anew();
        (void)start();
        header(cases[i].etag);
        header(cases[i].modified);
        tap_ok(sp_answer_judge(&t, &err) == 0, "judged");
        tap_is_str(t.validator, cases[i].want, "what the rest depends on");
    }
}

/* ---- status, length, range --------------------------------------------- */

/* A try that asks for the rest of "kept". */
static void
start_with_part(void)
{
    anew();
    item.size = 10;
    digest_of("kept012345", 10);
    sp_transfer_init(&t, &cache, &policy, &item, &hooks);
    put(".part", "kept", 0);
    tap_ok(start() == 0 && t.start == 4, "a part is kept: %s", err.msg);
}

static void
test_judge(void)
{
    anew();
    (void)start();
    server.status = 204;
    word(sp_answer_judge(&t, &err), "http-status", "does not fit", "no body");
    server.status = 206;
    header("Content-Range: bytes 0-9/10\r\n");
    word(sp_answer_judge(&t, &err), "http-status", "206", "no range was asked");
    start_with_part();
    server.status = 206;
    word(sp_answer_judge(&t, &err), "http-status", "206", "no range is told");
    header("Content-Range: bytes 5-9/10\r\n");
    word(sp_answer_judge(&t, &err), "http-status", "206", "another range");
    header("Content-Range: bytes 4-9/10\r\n");
    server.announced = 6;
    tap_ok(sp_answer_judge(&t, &err) == 0 && t.resumed && t.expected == 10,
           "the right range: %s", err.msg);
    server.announced = 7;
    word(sp_answer_judge(&t, &err), "download", "11 bytes instead of 10",
         "too much of it");
    server.type = "text/plain";
    word(sp_answer_judge(&t, &err), "download", "instead of 10", "plain text");
    tap_ok(!strstr(err.msg, "log-in"), "which is no page");
    server.type = "Text/HTML; charset=x";
    word(sp_answer_judge(&t, &err), "download", "log-in page", "a page");
    server.status = 200;
    server.announced = 10;
    tap_ok(sp_answer_judge(&t, &err) == 0 && t.offset == 0 && !t.resumed,
           "all of it: the part goes");
    start_with_part();
    server.announced = 10;
    machine.ftruncate_sys = EIO;
    word(sp_answer_judge(&t, &err), "io", "cache", "but it cannot");
    anew();
    (void)start();
    server.announced = LIMIT + 1;
    word(sp_answer_judge(&t, &err), "file-too-large", "at most", "too large");
    server.announced = 1000;
    machine.room = SP_RESERVE_BYTES + 999;
    word(sp_answer_judge(&t, &err), "space", "no space in cache", "no room");
    machine.room = 1;
    word(sp_answer_judge(&t, &err), "space", "0 B free", "none at all");
    machine.room = SP_RESERVE_BYTES + 1000;
    tap_ok(sp_answer_judge(&t, &err) == 0, "just enough");
    machine.no_statvfs = true;
    tap_ok(sp_answer_judge(&t, &err) == 0 &&
               sp_cache_check_room(&cache, LIMIT, &err) == 0,
           "what cannot be asked is no fault");
    machine.no_statvfs = false;
    word(sp_cache_check_room(&cache, 1001, &err), "space", "to download",
         "before a download");
}

/* ---- the body ---------------------------------------------------------- */

static void
test_body(void)
{
    static char large[200 * 1024];

    anew();
    item.expect_rpm = true;
    (void)start();
    tap_ok(body("") && body("\xed\xab") && !t.begins_like_rpm &&
               body("\xee\xdbrest") && t.begins_like_rpm && body("<"),
           "a package in pieces");
    anew();
    item.expect_rpm = true;
    (void)start();
    word(body("<html>") ? 0 : -1, "not-rpm", "log-in page", "a page");
    tap_ok(sp_transfer_end(&t, CURLE_WRITE_ERROR, &err) == SP_TRANSFER_FAILED &&
               !is_there(".part"),
           "of which nothing is kept");
    anew();
    item.expect_rpm = true;
    (void)start();
    word(body("MZ") ? 0 : -1, "not-rpm", "is not a package", "a program");
    anew();
    item.size = 3;
    (void)start();
    word(body("abcd") ? 0 : -1, "file-too-large", "more than 3", "too much");
    anew();
    item.size = 3;
    (void)start();
    tap_ok(body("ab"), "not yet");
    word(body("cd") ? 0 : -1, "file-too-large", "more than 3", "too much");
    anew();
    (void)start();
    server.status = 404;
    word(body("x") ? 0 : -1, "http-status", "404", "of another status");
    anew();
    (void)start();
    machine.write_sys = EIO;
    word(sp_answer_body(large, 1, sizeof(large), &t) == sizeof(large) ? 0 : -1,
         "io", "cannot write to cache", "a disk that fails");
    anew();
    (void)start();
    machine.write_sys = ENOSPC;
    word(sp_answer_body(large, 1, sizeof(large), &t) == sizeof(large) ? 0 : -1,
         "space", "is kept", "a disk that is full");
}

/* ---- how a try ends ---------------------------------------------------- */

static void
ends(CURLcode code, enum sp_transfer_result want, const char *detail,
     const char *what)
{
    enum sp_transfer_result got = sp_transfer_end(&t, code, &err);

    tap_ok(got == want && (!detail || strcmp(err.detail, detail) == 0),
           "%s: '%s' %s", what, err.detail, err.msg);
    tap_ok(!t.easy && (want == SP_TRANSFER_RETRY) == (t.fd >= 0),
           "what it used is gone");
}

static void
test_whole(void)
{
    anew();
    (void)start();
    tap_ok(body("abc"), "a body");
    ends(CURLE_OK, SP_TRANSFER_COMPLETE, NULL, "a file");
    tap_ok(is_there("") && !is_there(".part"), "it has its name");
    anew();
    (void)start();
    ends(CURLE_OK, SP_TRANSFER_RETRY, "truncated", "nothing came");
    anew();
    item.size = 4;
    (void)start();
    tap_ok(body("abc"), "a body");
    ends(CURLE_OK, SP_TRANSFER_RETRY, "truncated", "too little came");
    anew();
    digest_of("abd", 3);
    (void)start();
    tap_ok(body("abc"), "a body");
    ends(CURLE_OK, SP_TRANSFER_FAILED, "list-digest", "another file");
    tap_ok(!is_there("") && !is_there(".part"), "it is gone");
    anew();
    item.digest.algo = SP_DIGEST_SHA512;
    (void)start();
    tap_ok(body("abc"), "a body");
    ends(CURLE_OK, SP_TRANSFER_FAILED, "list-digest", "by SHA-512");
    tap_ok(strstr(err.msg, "...") != NULL, "not all digits are told");
    start_with_part();
    server.status = 206;
    header("Content-Range: bytes 4-9/10\r\n");
    tap_ok(body("543210"), "another rest");
    ends(CURLE_OK, SP_TRANSFER_RETRY, "list-digest", "a part may be to blame");
    tap_ok(t.offset == 0 && t.wait_ms == 0, "once more, at once");
    start_with_part();
    server.status = 206;
    header("Content-Range: bytes 4-9/10\r\n");
    tap_ok(body("543210"), "another rest");
    machine.ftruncate_sys = EIO;
    ends(CURLE_OK, SP_TRANSFER_FAILED, "io", "that cannot be emptied");
    anew();
    (void)start();
    server.status = 500;
    ends(CURLE_OK, SP_TRANSFER_FAILED, "http-status", "a status and no body");
    anew();
    (void)start();
    tap_ok(body("abc"), "a body");
    machine.write_sys = ENOSPC;
    ends(CURLE_OK, SP_TRANSFER_FAILED, "space", "the last bytes find no room");
}

static void
test_statuses(void)
{
    static const struct {
        long status;
        curl_off_t after;
        enum sp_transfer_result want;
        uint64_t wait; /* 0: by itself */
    } cases[] = {
        {403, 0, SP_TRANSFER_FAILED, 0},
        {404, 9, SP_TRANSFER_FAILED, 0},
        {408, 5, SP_TRANSFER_RETRY, 5000},
        {429, 0, SP_TRANSFER_RETRY, 0},
        {500, 0, SP_TRANSFER_RETRY, 0},
        {503, 3600, SP_TRANSFER_RETRY, 60000},
        {416, 0, SP_TRANSFER_FAILED, 0},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        anew();
        (void)start();
        server.status = cases[i].status;
        server.retry_after = cases[i].after;
        ends(CURLE_HTTP_RETURNED_ERROR, cases[i].want, "http-status", "status");
        if (cases[i].wait)
            tap_is_u64(t.wait_ms, cases[i].wait, "as the server asks");
    }
    start_with_part();
    server.status = 416;
    ends(CURLE_HTTP_RETURNED_ERROR, SP_TRANSFER_RETRY, "http-status",
         "a part that is too long there");
    tap_ok(t.offset == 0 && t.wait_ms == 0, "from the begin, at once");
    start_with_part();
    server.status = 416;
    machine.ftruncate_sys = EIO;
    ends(CURLE_HTTP_RETURNED_ERROR, SP_TRANSFER_FAILED, "io", "nor emptied");
}

static void
test_faults(void)
{
    anew();
    (void)start();
    ends(CURLE_OPERATION_TIMEDOUT, SP_TRANSFER_RETRY, "unreachable", "silence");
    anew();
    (void)start();
    server.connected = 1;
    ends(CURLE_OPERATION_TIMEDOUT, SP_TRANSFER_RETRY, "too-slow", "connected");
    anew();
    (void)start();
    tap_ok(body("x"), "a byte");
    ends(CURLE_OPERATION_TIMEDOUT, SP_TRANSFER_RETRY, "too-slow", "a byte");
    anew();
    (void)start();
    ends(CURLE_FTP_ACCEPT_FAILED, SP_TRANSFER_FAILED, "download", "another");
    for (long verify = 8; verify < 12; verify++) {
        anew();
        (void)start();
        server.verify = verify;
        (void)snprintf(t.problem, sizeof(t.problem), "bad \x1b certificate");
        ends(CURLE_PEER_FAILED_VERIFICATION, SP_TRANSFER_FAILED, "tls", "tls");
        tap_ok(!strstr(err.msg, "clock") == (verify == 8 || verify == 11),
               "the clock: %s", err.msg);
    }
    anew();
    (void)start();
    t.tries = 3;
    ends(CURLE_GOT_NOTHING, SP_TRANSFER_FAILED, "truncated", "the last try");
    anew();
    policy.tries = 20;
    (void)start();
    t.tries = 12;
    ends(CURLE_GOT_NOTHING, SP_TRANSFER_RETRY, "truncated", "one of many");
    tap_ok(t.wait_ms >= 8000 && t.wait_ms <= 16000, "no wait is too long");
}

static void
test_mirrors(void)
{
    static struct sp_mirrors mirrors;
    char base[32];

    anew();
    digest_of("abc", 3);
    item.mirrors = &mirrors;
    item.location = "x/y.rpm";
    word(start(), "unreachable", "no mirror to ask", "no mirrors");
    for (unsigned i = 0; i < 30; i++) {
        (void)snprintf(base, sizeof(base), "http://h%u/", i);
        (void)sp_mirrors_add(&mirrors, base, &err);
    }
    memory_end_at(1);
    word(start(), "no-memory", "download", "no address");
    memory_end_at(0);
    tap_ok(start() == 0, "a mirror %s", err.msg);
    tap_is_str(t.url, "http://h0/x/y.rpm", "the first");
    server.status = 404;
    ends(CURLE_HTTP_RETURNED_ERROR, SP_TRANSFER_RETRY, "http-status", "turn");
    tap_ok(t.wait_ms == 0 && sp_transfer_start(&t, &err) == 0, "at once");
    tap_is_str(t.url, "http://h1/x/y.rpm", "at the next");
    t.tries = 3 + 16 - 1;
    ends(CURLE_GOT_NOTHING, SP_TRANSFER_RETRY, "truncated",
         "many may be asked");
    (void)sp_transfer_start(&t, &err);
    tap_is_u64(t.tries, 3 + 16, "so many");
    ends(CURLE_GOT_NOTHING, SP_TRANSFER_FAILED, "truncated", "and no more");
    t.tries = 1;
    server.status = 200;
    tap_ok(sp_transfer_start(&t, &err) == 0 && body("abc"), "a body");
    machine.no_buffer = true;
    tap_ok(sp_transfer_end(&t, CURLE_GOT_NOTHING, &err) == SP_TRANSFER_RETRY,
           "it breaks off");
    server.status = 206;
    header("Content-Range: bytes 3-9/10\r\n");
    tap_ok(sp_transfer_start(&t, &err) == 0 && !body("def"), "no buffer");
    machine.no_buffer = false;
    ends(CURLE_WRITE_ERROR, SP_TRANSFER_FAILED, "no-memory",
         "no mirror mends that");
    t.tries = 1;
    server.status = 200;
    tap_ok(sp_transfer_start(&t, &err) == 0 && body("abc"), "a body");
    machine.write_sys = EIO;
    ends(CURLE_OK, SP_TRANSFER_FAILED, "io", "no mirror mends a disk");
    anew();
    digest_of("xyz", 3);
    item.mirrors = &mirrors;
    item.location = "x/y.rpm";
    tap_ok(start() == 0 && body("xyz"), "a mirror that has it");
    t.answered = 1;
    tap_ok(!sp_transfer_is_overdue(&t, 50001), "it takes its time");
    sp_mirrors_sent(&mirrors, t.mirror == 9 ? 8 : 9, 100000000, 1000);
    tap_ok(sp_transfer_is_overdue(&t, 50001) && strstr(t.problem, "faster"),
           "which another one would not");
    ends(CURLE_OK, SP_TRANSFER_COMPLETE, NULL, "all of it");
    sp_transfer_release(&t);
    sp_mirrors_release(&mirrors);
}

/* ---- how a try begins -------------------------------------------------- */

static void
test_options(void)
{
    static const CURLoption options[] = {
        CURLOPT_PROTOCOLS_STR, CURLOPT_REDIR_PROTOCOLS_STR,
        CURLOPT_URL,           CURLOPT_CAINFO,
        CURLOPT_CAPATH,        CURLOPT_PROXY,
        CURLOPT_NOPROXY,       CURLOPT_HTTPHEADER,
        CURLOPT_USERAGENT,
    };

    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
        anew();
        item.url = "http://x.onion/";
        item.no_cache = true;
        policy.proxy = "socks5h://127.0.0.1:9050";
        policy.cacert = "/certs";
        machine.option = options[i];
        word(start(), "internal", "libcurl refuses an option", "a wall");
    }
    anew();
    item.url = "http://x.onion/";
    word(start(), "unreachable", "Tor", "no proxy");
    anew();
    item.no_cache = true;
    machine.no_list = true;
    word(start(), "internal", "memory", "no header");
    anew();
    machine.no_handle = true;
    word(start(), "no-memory", "download", "no handle");
    start_with_part();
    tap_ok(body("x") && t.start == 0, "all of it begins anew");
    header("ETag: \"a\"\r\n");
}

/* What arrived without a digest goes on where its validator says so. */
static void
test_rest(void)
{
    static const CURLoption options[] = {CURLOPT_HTTPHEADER, CURLOPT_RANGE};

    for (size_t i = 0; i < 3; i++) {
        anew();
        (void)start();
        header("ETag: \"a\"\r\n");
        tap_ok(body("abc"), "a piece");
        ends(CURLE_GOT_NOTHING, SP_TRANSFER_RETRY, "truncated",
             "it breaks off");
        machine.option = i < 2 ? options[i] : 0;
        if (i < 2)
            word(sp_transfer_start(&t, &err), "internal", "refuses", "no rest");
        else
            tap_ok(sp_transfer_start(&t, &err) == 0 && t.start == 3,
                   "the rest");
    }
    anew();
    (void)start();
    tap_ok(body("abc"), "a piece without a validator");
    ends(CURLE_GOT_NOTHING, SP_TRANSFER_RETRY, "truncated", "it breaks off");
    tap_ok(sp_transfer_start(&t, &err) == 0 && t.start == 0, "from the begin");
}

static void
test_parts(void)
{
    anew();
    item.size = 3;
    digest_of("abc", 3);
    sp_transfer_init(&t, &cache, &policy, &item, &hooks);
    put(".part", "abc", 0);
    tap_ok(start() == 0 && t.state == SP_TRANSFER_DONE && is_there(""),
           "a part that is whole");
    tap_ok(start() == 0 && item.from_cache, "then it is in the cache");
    put("", "abd", 0);
    put(".part", "abcd", 0);
    tap_ok(start() == 0 && !t.resumed && t.start == 0, "too long a part");
    sp_transfer_stop(&t);
    policy.max_file_bytes = 2;
    item.size = 0;
    put(".part", "abcd", 0);
    tap_ok(start() == 0 && t.start == 0, "longer than any may be");
    sp_transfer_stop(&t);
    policy.max_file_bytes = LIMIT;
    put(".part", "abcd", 16 * 1024 * 1024);
    stopped = true;
    word(start(), "interrupted", "", "somebody stops it meanwhile");
    put("", "abcd", 16 * 1024 * 1024);
    word(start(), "interrupted", "", "and while the cache is looked at");
    stopped = false;
    (void)unlinkat(cache.dirfd, item.name, 0);
    tap_ok(start() == 0 && t.start == 16 * 1024 * 1024, "the same unstopped");
    sp_transfer_stop(&t);
    memory_end_at(1);
    (void)start();
    memory_end_at(0);
    sp_transfer_stop(&t);
}

static void
test_bad_places(void)
{
    char name[2 * SP_CACHE_NAME_MAX];
    int dirfd = cache.dirfd;

    anew();
    digest_of("places", 6);
    sp_transfer_init(&t, &cache, &policy, &item, &hooks);
    (void)snprintf(name, sizeof(name), "%s.part", item.name);
    (void)mkdirat(cache.dirfd, name, 0700);
    word(start(), "io", "cannot use a file in cache", "a folder");
    (void)unlinkat(cache.dirfd, name, AT_REMOVEDIR);
    (void)!symlinkat("/etc/passwd", cache.dirfd, name);
    word(start(), "io", "cannot use a file in cache", "a link");
    (void)unlinkat(cache.dirfd, name, 0);
    (void)mkfifoat(cache.dirfd, name, 0600);
    word(start(), "io", "cannot use a file in cache", "a pipe");
    (void)unlinkat(cache.dirfd, name, 0);
    put(".part", "pla", 0);
    machine.read_sys = EIO;
    word(start(), "io", "cannot use a file in cache", "a disk that fails");
    machine.read_sys = 0;
    machine.no_buffer = true;
    word(start(), "io", "cannot use a file in cache", "no buffer");
    machine.no_buffer = false;
    cache.dirfd = -1;
    word(start(), "io", "cannot use a file in cache", "no cache");
    cache.dirfd = dirfd;
    anew();
    (void)start();
    tap_ok(body("abc"), "a body");
    cache.dirfd = -1;
    ends(CURLE_OK, SP_TRANSFER_FAILED, "io", "it cannot get its name");
    cache.dirfd = dirfd;
}

/* What an earlier step of the run has found out. */
static void
test_notes(void)
{
    struct sp_error gone = {0};

    anew();
    policy.session = sp_session_open(&err);
    (void)start();
    sp_session_note(policy.session, item.name, NULL);
    tap_ok(start() == 0 && t.state == SP_TRANSFER_RUNNING,
           "not there any more");
    sp_transfer_stop(&t);
    put("", "abc", 0);
    sp_session_note(policy.session, item.name, NULL);
    tap_ok(start() == 0 && t.state == SP_TRANSFER_DONE, "it is there");
    policy.max_file_bytes = 2;
    sp_session_note(policy.session, item.name, NULL);
    tap_ok(start() == 0 && t.state == SP_TRANSFER_RUNNING, "too large by now");
    sp_transfer_stop(&t);
    (void)sp_fail(&gone, "http-status", "gone");
    sp_session_note(policy.session, item.name, &gone);
    word(start(), "http-status", "gone", "it was told that it is not there");
    memory_end_at(1);
    sp_session_note(policy.session, item.name, NULL);
    memory_end_at(0);
    tap_ok(!sp_session_take(policy.session, item.name, &gone),
           "without memory nothing is noted");
    for (unsigned i = 0; i < 2000; i++) {
        (void)snprintf(item.name, sizeof(item.name), "%u", i);
        sp_session_note(policy.session, item.name, NULL);
    }
    tap_ok(!sp_session_take(policy.session, "1999", &gone) &&
               sp_session_take(policy.session, "7", &gone),
           "nor is everything");
    sp_session_close(policy.session);
    policy.session = NULL;
    sp_session_close(NULL);
}

static void
no_session(const char *want, const char *what)
{
    memset(&err, 0, sizeof(err));
    tap_ok(!sp_session_open(&err) && strcmp(err.detail, want) == 0,
           "no session without %s: %s", what, err.msg);
    memset(&machine, 0, sizeof(machine));
    memory_end_at(0);
}

static void
test_sessions(void)
{
    anew();
    machine.no_library = true;
    no_session("internal", "libcurl");
    memory_end_at(1);
    no_session("no-memory", "memory");
    machine.no_multi = true;
    no_session("no-memory", "its handles");
    machine.no_share = true;
    no_session("no-memory", "what is shared");
    machine.no_sharing = true;
    no_session("no-memory", "sharing it");
}

/* ---- the cache --------------------------------------------------------- */

static void
opens(const char *xdg, const char *home, const char *want, const char *part)
{
    struct sp_cache other;
    int status;

    memset(&err, 0, sizeof(err));
    (void)(xdg ? setenv("XDG_CACHE_HOME", xdg, 1) : unsetenv("XDG_CACHE_HOME"));
    (void)(home ? setenv("HOME", home, 1) : unsetenv("HOME"));
    status = sp_cache_open(&other, NULL, &err);
    tap_ok(want ? status < 0 && strcmp(err.detail, want) == 0 &&
                      strstr(err.msg, part)
                : status == 0 && strstr(other.shown, part),
           "%s: '%s' %s", part, err.detail, err.msg);
    if (status == 0)
        sp_cache_close(&other);
}

static void
test_cache(void)
{
    static const char *const names[] = {"lock",  "other",    "averylongword-1",
                                        "url-1", "sha256-1", "md5-1"};
    const struct timespec old[2] = {{1, 0}, {1, 0}};
    static char deep[5000];
    char place[128];
    struct sp_cache other;

    (void)snprintf(place, sizeof(place), "%s/home", top);
    opens(place, NULL, NULL, "/home/sallyport");
    opens("relative", place, NULL, "/home/.cache/sallyport");
    opens(NULL, NULL, "usage", "set HOME");
    opens(NULL, "relative", "usage", "set HOME");
    memset(deep, 'x', sizeof(deep) - 1);
    deep[0] = '/';
    opens(deep, NULL, "usage", "too long");
    machine.other_user = true;
    opens(place, NULL, "io", "belongs to another user");
    machine.other_user = false;
    machine.flock_sys = EIO;
    opens(place, NULL, "io", "cannot lock");
    machine.flock_sys = EWOULDBLOCK;
    opens(place, NULL, "busy", "another builder");
    machine.flock_sys = 0;
    (void)snprintf(place, sizeof(place), "%s/home/sallyport", top);
    tap_ok(sp_cache_open(&other, place, &err) == 0, "by its path");
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        SP_AUTO_FD fd =
            openat(other.dirfd, names[i], O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

        (void)futimens(fd, old);
    }
    sp_cache_close(&other);
    tap_ok(sp_cache_open(&other, place, &err) == 0, "once more");
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        tap_ok((faccessat(other.dirfd, names[i], F_OK, 0) == 0) ==
                   (i != 3 && i != 4),
               "old and %s ours: %s", i == 3 || i == 4 ? "" : "not", names[i]);
    (void)unlinkat(other.dirfd, "lock", 0);
    (void)!symlinkat("elsewhere", other.dirfd, "lock");
    sp_cache_close(&other);
    tap_ok(sp_cache_open(&other, place, &err) < 0 &&
               strcmp(err.detail, "io") == 0,
           "a lock that is a link: %s", err.msg);
}

static void
name_without_end(void)
{
    char long_name[200], part[SP_CACHE_NAME_MAX];

    memset(long_name, 'x', sizeof(long_name));
    long_name[sizeof(long_name) - 1] = '\0';
    sp_cache_name_part(part, long_name);
}

static void
mirrors_without_digest(void)
{
    static struct sp_mirrors mirrors;

    item = (struct sp_fetch_item){.mirrors = &mirrors, .location = "x"};
    (void)start();
}

int
main(void)
{
    SP_AUTO_FD tmp = -1;
    char place[64];

    if (!mkdtemp(top))
        return 1;
    (void)snprintf(place, sizeof(place), "%s/cache", top);
    t.fd = -1;
    if (!tap_ok(sp_cache_open(&cache, place, &err) == 0, "a cache %s", err.msg))
        return 1;
    test_headers();
    test_validators();
    test_judge();
    test_body();
    test_whole();
    test_statuses();
    test_faults();
    test_mirrors();
    test_options();
    test_rest();
    test_parts();
    test_bad_places();
    test_notes();
    test_sessions();
    tap_aborts(name_without_end, "no name in the cache is so long");
    tap_aborts(mirrors_without_digest, "a digest says what mirrors have");
    anew();
    sp_cache_close(&cache);
    test_cache();
    tmp = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    (void)sp_path_remove_tree(tmp, strrchr(top, '/') + 1, NULL);
    return tap_done();
}
